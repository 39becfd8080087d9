/* texts.h - texts out of a file: a line each, or JSONL with "text". */
#ifndef W2S_CLI_TEXTS_H
#define W2S_CLI_TEXTS_H

#include "core/doc.h"

/* texts_read - calls each for every text, in order. path "-": standard input. JSONL where the name
 * ends in .jsonl, or where the first line is a JSON object; a JSONL line without a "text" string is
 * ERR_INPUT with its line. A final newline ends the last line and begins none. */
int texts_read(const char *path,
               int (*each)(void *ctx, const char *text, size_t n, size_t line, struct err *e),
               void *ctx, struct err *e);

#endif
