/* gunzip.h - gzip undone by zlib, which looks at each member's sum and length at its end; what
 * libarchive undoes is not looked at. Inside data only. */
#ifndef W2S_DATA_GUNZIP_H
#define W2S_DATA_GUNZIP_H

#include "core/err.h"

struct gunzip;
/* gunzip_open - of data, which outlives it; NULL: of the file at path. */
int gunzip_open(struct gunzip **g, const void *data, size_t n, const char *path, struct err *e);
/* gunzip_next - the next bytes, valid until the next call; *n is 0 at the end. NULL, else why not:
 * "truncated gzip input". */
const char *gunzip_next(struct gunzip *g, const void **bytes, size_t *n);
void gunzip_close(struct gunzip *g); /* accepts NULL */

#endif
