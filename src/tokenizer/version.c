/* version.c - the libraries behind the door of tokenizer. */
#include "tokenizer/version.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

void tokenizer_libraries(struct str *out)
{
    char version[64];
    pcre2_config(PCRE2_CONFIG_VERSION, version);
    str_addf(out, "PCRE2 %s", version);
}
