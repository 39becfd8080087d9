/* core_yaml - any bytes as YAML: a tree or a sentence that names the file; a tree that is written
 * as YAML reads back as the same JSON. */
#include "core/doc.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct doc_tree t = DOC_TREE_INIT, again = DOC_TREE_INIT;
    struct str yaml = STR_INIT, json = STR_INIT, json_again = STR_INIT;
    struct err e = ERR_INIT;
    int rc = doc_parse_yaml(&t, (const char *)data, n, "fuzz", &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, "fuzz:", 5) != 0));
    if (rc || !t.root)
        goto out;
    doc_write_json(&json, t.root);
    doc_write_yaml(&yaml, t.root);
    BUG_ON(str_check(&json, &e) || str_check(&yaml, &e));
    rc = doc_parse_yaml(&again, yaml.s, yaml.len, "again", &e);
    if (rc)
        BUG("%s, in:\n%s", e.msg, yaml.s);
    doc_write_json(&json_again, again.root);
    if (strcmp(json.s, json_again.s) != 0)
        BUG("%s became %s by:\n%s", json.s, json_again.s, yaml.s);
out:
    doc_tree_release(&t);
    doc_tree_release(&again);
    str_release(&yaml);
    str_release(&json);
    str_release(&json_again);
    return 0;
}
