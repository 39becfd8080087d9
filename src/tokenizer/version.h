/* version.h - which libraries stand behind the door of tokenizer, "name version", appended. */
#ifndef W2S_TOKENIZER_VERSION_H
#define W2S_TOKENIZER_VERSION_H

#include "core/str.h"

void tokenizer_libraries(struct str *out);

#endif
