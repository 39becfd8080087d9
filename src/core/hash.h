/* hash.h - SHA-256 by libcrypto; git's names of files. */
#ifndef W2S_CORE_HASH_H
#define W2S_CORE_HASH_H

#include "core/err.h"

#define HASH_HEX 65 /* 64 digits and NUL */

struct hash;
struct hash *hash_new(struct err *e);
void hash_add(struct hash *h, const void *data, size_t n);
void hash_end(struct hash *h, char hex[HASH_HEX]); /* the sum so far; h may be added to no more */
void hash_free(struct hash *h);

int hash_bytes(const void *data, size_t n, char hex[HASH_HEX], struct err *e);
int hash_file(const char *path, char hex[HASH_HEX], struct err *e);

#define HASH_GIT 41 /* 40 digits and NUL */
/* hash_git - the name that git gives to a file's content: SHA-1 of "blob <length>", NUL, content.
 */
int hash_git(const char *path, char hex[HASH_GIT], struct err *e);

#endif
