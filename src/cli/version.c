/* version.c - what this program is and what it was built with. */
#include "cli/command.h"
#include "core/par.h"
#include "core/version.h"
#include "data/version.h"
#include "store/version.h"
#include "tensor/ops.h"
#include "tokenizer/version.h"

#include <sys/utsname.h>

const char version_string[] = "w2s " W2S_VERSION " (" W2S_BUILD ")";

void version_print(struct str *out)
{
    struct utsname u;
    char text[256];
    str_addf(out, "%s\n", version_string);
    if (uname(&u) == 0)
        str_addf(out, "system:    %s %s, %s\n", u.sysname, u.release, u.machine);
    str_addf(out, "compiler:  %s, C %ld\n", __VERSION__, __STDC_VERSION__);
    dev_machine(text, sizeof text);
    str_addf(out, "device:    cpu: %s\n", text);
    str_addf(out, "threads:   %d\n", par_threads());
    str_cat(out, "libraries: ");
    core_libraries(out), str_cat(out, ", ");
    tokenizer_libraries(out), str_cat(out, ", ");
    data_libraries(out), str_cat(out, ", ");
    store_libraries(out), str_addc(out, '\n');
}
