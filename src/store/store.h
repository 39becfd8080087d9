/* store.h - the runs folder: what has been computed, by the hash of everything that can change it.
 *
 *   runs/jobs/<hash>/          a finished job: job.json (settings, inputs), result.json, its files; appears by one rename
 *   runs/work/<hash>/          a job under way: lock, checkpoint, event lines; continued when run again
 *   runs/failed/<hash>.json    why it failed; tried again by the next run
 *   runs/studies/<name>/       study.yaml (resolved), results.json, results.csv, report.html, figures
 *   runs/index.sqlite          an index of the above, made anew by `w2s index`; never the truth
 *
 * Invariants, kept where their numbers stand in store.c: (1) a folder under jobs/ is whole; (2) nothing in jobs/ changes; (3) two processes
 * never work on one job; (4) the index can be deleted at any time. */
#ifndef W2S_STORE_STORE_H
#define W2S_STORE_STORE_H

#include "core/doc.h"
#include "core/hash.h"

struct store;
int store_open(struct store **out, const char *runs, struct err *e); /* folder made where absent; no permission: a sentence */
void store_close(struct store *s);
const char *store_dir(const struct store *s);

bool store_has(const struct store *s, const char *hash);
/* store_job_dir - "runs/jobs/<hash>[/name]" appended to out. */
void store_job_path(const struct store *s, const char *hash, const char *name, struct str *out);

struct store_work {
    char hash[HASH_HEX];
    struct str dir; /* runs/work/<hash> */
    int lock;
};
/* store_begin - take the job: makes or reopens its work folder, locks it. *busy true (and OK) where another process has it. */
int store_begin(struct store *s, const char *hash, const char *kind, const char *label, struct store_work *w, bool *busy, struct err *e);
/* store_finish - job.json and result.json are written, the checkpoint removed, the folder renamed into jobs/, the index told. */
int store_finish(struct store *s, struct store_work *w, const char *job_json, const char *result_json, struct err *e);
int store_fail(struct store *s, struct store_work *w, const struct err *why, struct err *e); /* work folder kept */
void store_leave(struct store *s, struct store_work *w); /* stop without finishing; work folder kept; accepts a zeroed w */

int store_result(const struct store *s, const char *hash, struct doc_tree *t, struct err *e); /* result.json */

/* Arrays of doubles/floats as a job's files: little-endian, with a 16-byte header (magic, count). */
int store_array_write(const char *path, const double *x, size_t n, struct err *e);
int store_array_read(const char *path, double **x, size_t n, struct err *e); /* exactly n, else ERR_INPUT */

/* The index. */
struct store_row {
    char hash[HASH_HEX];
    const char *kind, *label, *state, *study, *error; /* state: done, failed, under way */
    double seconds, accuracy;
    int64_t when; /* unix seconds */
    size_t bytes;
};
int store_index(struct store *s, size_t *jobs, struct err *e); /* rebuild from the folders */
int store_list(struct store *s, const char *match, int (*each)(void *ctx, const struct store_row *r, struct err *e), void *ctx,
               struct err *e); /* match: NULL or part of label or beginning of hash; newest last */
int store_find(struct store *s, const char *prefix, char hash[HASH_HEX], struct err *e); /* unique beginning of a hash, or a label; else a sentence */

#endif
