/* version.h - which libraries stand behind the door of store, "name version", appended. */
#ifndef W2S_STORE_VERSION_H
#define W2S_STORE_VERSION_H

#include "core/str.h"

void store_libraries(struct str *out);

#endif
