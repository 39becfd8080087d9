/* version.c - the libraries behind the door of store. */
#include "store/version.h"

#include <curl/curl.h>
#include <sqlite3.h>

void store_libraries(struct str *out)
{
    str_addf(out, "SQLite %s, libcurl %s", sqlite3_libversion(),
             curl_version_info(CURLVERSION_NOW)->version);
}
