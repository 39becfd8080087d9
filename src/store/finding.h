/* finding.h - inside the store room: what a job's files say of it, for its row of the index. */
#ifndef W2S_STORE_FINDING_H
#define W2S_STORE_FINDING_H

#include "store/store.h"

struct finding {
    struct str dir; /* of the job, or the file under failed/ */
    char hash[HASH_HEX];
    const char *state;
    struct doc_tree job, result;
    struct store_row row; /* its strings are of the trees, or constant */
    int64_t stamp;        /* of a finished job, finding_stamp */
};

void finding_init(struct finding *f, const char *hash, const char *state);
void finding_release(struct finding *f);
/* finding_read - job.json or its like: name within dir ("" : dir is the file), from which rows take
 * what they name. A file that is not there or broken leaves a row with the reason as its error.
 * What a file says of its time goes before the file's own, which a copy does not keep. */
int finding_read(struct finding *f, struct doc_tree *t, const char *name, struct err *e);
/* finding_size - add the bytes of all files below path; what vanishes meanwhile counts nothing. */
int finding_size(const char *path, size_t *bytes, struct err *e);
/* finding_held - whether a process is at the job; to see that, its lock is tried for a moment. A
 * lock that cannot be tried is nobody's: the folder has just gone, or belongs to another user. */
int finding_held(const char *dir, bool *held, struct err *e);
/* finding_stamp - a number that is another as soon as a finished job's folder, job.json or
 * result.json is written, replaced or taken away. Opens nothing. */
int finding_stamp(const char *dir, int64_t *stamp, struct err *e);

#endif
