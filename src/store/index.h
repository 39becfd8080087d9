/* index.h - inside the store room: the SQLite index of a runs folder. The folders are the truth;
 * every reading begins with index_sync, so nothing else has to keep it up to date, and processes
 * that compute never open it. */
#ifndef W2S_STORE_INDEX_H
#define W2S_STORE_INDEX_H

#include "store/store.h"

bool store_hash_valid(const char *hash);
/* store_job_advise - behind the sentence of what is wrong with a finished job in dir: how to go on.
 */
void store_job_advise(const char *dir, struct err *e);

struct index;
int index_open(struct index **out, const char *runs, struct err *e); /* opens no file yet */
void index_close(struct index *x);                                   /* accepts NULL */
int index_sync(struct index *x, struct err *e);
int index_rebuild(struct index *x, size_t *rows, struct err *e);
int index_list(struct index *x, const char *match,
               int (*each)(void *ctx, const struct store_row *r, struct err *e), void *ctx,
               struct err *e);
int index_find(struct index *x, const char *prefix, char hash[HASH_HEX], struct err *e);

#endif
