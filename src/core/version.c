/* version.c - the libraries behind core's door. */
#include "core/version.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <yaml.h>

void core_libraries(struct str *out)
{
    str_addf(out, "jansson %s, libyaml %s, %s", jansson_version_str(), yaml_get_version_string(),
             OpenSSL_version(OPENSSL_VERSION));
}
