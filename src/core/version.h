/* version.h - which libraries stand behind core's door, "name version, name version", appended. */
#ifndef W2S_CORE_VERSION_H
#define W2S_CORE_VERSION_H

#include "core/str.h"

void core_libraries(struct str *out);

#endif
