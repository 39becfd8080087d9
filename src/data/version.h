/* version.h - which libraries stand behind the door of data, "name version", appended. */
#ifndef W2S_DATA_VERSION_H
#define W2S_DATA_VERSION_H

#include "core/str.h"

void data_libraries(struct str *out);

#endif
