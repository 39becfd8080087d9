/* store_hub - any bytes as the hub's answer to what a repository holds: no crash, a sentence that
 * is the network's where it is refused, and where it is read a commit, and names that become files
 * within one folder and nowhere else. */
#include "store/hub.h"
#include "core/mem.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct err e = ERR_INIT;
    char *text = mem_strndup((const char *)data, n, &e);
    BUG_ON(!text);
    int rc = hub_answer_read(&t, text, n, "https://hub/api", &e);
    BUG_ON(rc && (rc != ERR_NETWORK || !str_starts(e.msg, "https://hub/api: the answer is not") ||
                  strchr(e.msg, '\n')));
    if (!rc) {
        const char *commit = doc_get(t.root, "sha")->s;
        BUG_ON(strspn(commit, "0123456789abcdef") != 40 || commit[40]);
        for (const struct doc *f = doc_get(t.root, "siblings")->child; f; f = f->next) {
            const char *name = hub_answer_wanted(f);
            if (!name)
                continue;
            BUG_ON(!*name || strpbrk(name, "/\\") || *name == '.');
            for (const char *s = name; *s; s++)
                BUG_ON((unsigned char)*s < ' ' || *s == 127);
        }
    }
    doc_tree_release(&t);
    mem_free(text);
    return 0;
}
