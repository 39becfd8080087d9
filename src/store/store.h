/* store.h - the runs folder: what has been computed, by the hash of everything that can change it.
 *
 *   runs/jobs/<hash>/          a finished job: job.json (settings, inputs), result.json, its files;
 *                              appears by one rename
 *   runs/work/<hash>/          a job under way: lock, checkpoint, curve; continued when run again
 *   runs/failed/<hash>.json    why it failed; tried again by the next run
 *   runs/studies/<name>/       study.yaml (resolved), results.json, results.csv, report.html,
 * figures runs/ladders/<name>/       models of a ladder (lab/ladder.h), links to their jobs' files
 *   runs/index.sqlite          an index of the above, brought up to date when it is read, made anew
 * by `w2s index`; never the truth
 *
 * Invariants, kept where their numbers stand in store.c: (1) a folder under jobs/ is whole; (2)
 * nothing in jobs/ changes; (3) two processes never work on one job; (4) the index can be deleted
 * at any time. */
#ifndef W2S_STORE_STORE_H
#define W2S_STORE_STORE_H

#include "core/doc.h"
#include "core/hash.h"

struct store;
/* store_open - the folder is made where absent; no permission: a sentence. Owner: caller,
 * store_close. */
int store_open(struct store **out, const char *runs, struct err *e);
/* store_view - the same to read from: nothing is made, and a folder that is not there has no jobs.
 */
int store_view(struct store **out, const char *runs, struct err *e);
void store_close(struct store *s); /* accepts NULL */
const char *store_dir(const struct store *s);

/* A hash is 64 lower-case hexadecimal digits everywhere here; anything else is a BUG. */
bool store_has(const struct store *s, const char *hash);
/* store_job_path - "runs/jobs/<hash>[/name]" appended to out. */
void store_job_path(const struct store *s, const char *hash, const char *name, struct str *out);

/* A job that this process has taken. Zeroed it holds nothing. */
struct store_work {
    char hash[HASH_HEX];
    struct str dir; /* runs/work/<hash> */
    int lock;
};
/* store_begin - take the job: makes or reopens its work folder, locks it. *busy true (and OK, w
 * zeroed) where another process has it or has just finished it: ask store_has, wait, ask again. A
 * job that was killed between its last file and its rename is finished here, and is busy in this
 * sense. kind, label and study are what a listing says of it until it is finished. */
int store_begin(struct store *s, const char *hash, const char *kind, const char *label,
                const char *study, struct store_work *w, bool *busy, struct err *e);
/* store_finish - job.json and result.json are written, the checkpoint removed, the folder renamed
 * into jobs/. On OK w is zeroed; on an error it still holds the job, for store_fail or store_leave.
 */
int store_finish(struct store *s, struct store_work *w, const char *job_json,
                 const char *result_json, struct err *e);
/* store_fail - write failed/<hash>.json; the work folder is kept, w is zeroed whatever comes. */
int store_fail(struct store *s, struct store_work *w, const struct err *why, struct err *e);
/* store_leave - stop without finishing; the work folder is kept; accepts a zeroed w. */
void store_leave(struct store *s, struct store_work *w);

/* store_job_broken - what is wrong with a finished job's files, in e, and how to go on; e->code. */
int store_job_broken(const struct store *s, const char *hash, struct err *e);
/* store_result - result.json of a finished job; the tree is the caller's, doc_tree_release. */
int store_result(const struct store *s, const char *hash, struct doc_tree *t, struct err *e);

/* A study's folder, runs/studies/<name>; processes may end one study together.
 * store_study_hold - waits until no other process writes its results or its report; file_unlock.
 * store_study_clear - take away what was made beside results.json and from it (the report first),
 * before other results take its place. */
int store_study_hold(const char *dir, int *fd, struct err *e);
int store_study_clear(const char *dir, struct err *e);

/* Arrays of doubles as a job's files: a 16-byte header (magic "W2SF64\0\1", count as 64-bit
 * integer), then the numbers, all little-endian. store_array_read: exactly n, else ERR_INPUT;
 * owner: caller, mem_free. */
int store_array_write(const char *path, const double *x, size_t n, struct err *e);
int store_array_read(const char *path, double **x, size_t n, struct err *e);

/* The index. Where index.sqlite is broken it is made anew, where it cannot be written (a read-only
 * runs folder) one in memory takes its place. */
struct store_row {
    char hash[HASH_HEX];
    /* "" where unknown; state: done, damaged (error says what of it cannot be read), failed, under
     * way, stopped */
    const char *kind, *label, *state, *study, *error;
    double seconds, accuracy; /* NAN where the result has none */
    int64_t
        when; /* unix seconds: "finished" of the result where it has it, else of the last change */
    size_t bytes;
};
/* store_index - rebuild from the folders; *jobs: rows in it, of any state. */
int store_index(struct store *s, size_t *jobs, struct err *e);
/* store_list - match: NULL, or part of a label (case of ASCII letters ignored), or the beginning of
 * a hash; newest last. Strings of a row live for the call of each; its first non-zero return ends
 * the list and is returned. */
int store_list(struct store *s, const char *match,
               int (*each)(void *ctx, const struct store_row *r, struct err *e), void *ctx,
               struct err *e);
/* store_find - by the unique beginning of a hash, or a whole label; else a sentence that names the
 * candidates or the nearest label. */
int store_find(struct store *s, const char *prefix, char hash[HASH_HEX], struct err *e);

#endif
