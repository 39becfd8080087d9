/* version.c - the libraries behind the door of data. */
#include "data/version.h"

#include <archive.h>
#include <zlib.h>

void data_libraries(struct str *out)
{
    str_addf(out, "%s, zlib %s", archive_version_string(), zlibVersion());
}
