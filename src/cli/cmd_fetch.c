/* cmd_fetch.c - get models and data into the cache. */
#include "cli/session.h"

#include <stdio.h>

static const struct option_row options[] = {
    {"offline", NULL, "only say where it is; what is missing is an error", 0},
    {NULL, NULL, NULL, 0},
};

static int fetch_list(struct session *s, bool json, struct err *e)
{
    struct str out = STR_INIT;
    struct js w;
    js_init(&w, &out);
    if (json)
        js_open(&w, '[');
    for (size_t i = 0; i < assets_count(s->lab.assets); i++) {
        const struct asset *x = assets_at(s->lab.assets, i);
        bool ready = asset_ready(s->lab.assets, x->name);
        if (json) {
            js_open(&w, '{');
            js_key(&w, "name"), js_str(&w, x->name);
            js_key(&w, "kind"), js_str(&w, x->kind);
            js_key(&w, "ready"), js_bool(&w, ready);
            js_key(&w, "bytes"), js_int(&w, (int64_t)x->bytes);
            js_key(&w, "licence"), js_str(&w, x->licence);
            js_key(&w, "title"), js_str(&w, x->title);
            js_close(&w, '}');
            continue;
        }
        struct str size = STR_INIT;
        if (x->bytes)
            str_bytes(&size, (double)x->bytes);
        str_addf(&out, "%-20s %-8s %-7s %10s  %-16s %s\n", x->name, x->kind, ready ? "ready" : "",
                 size.s, x->licence, x->title);
        str_release(&size);
    }
    if (json) {
        js_close(&w, ']');
        str_addc(&out, '\n');
    }
    int rc = str_check(&out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    str_release(&out);
    return rc;
}

/* fetch_names - each name's path on its line as soon as it is there; as JSON, a list when all are.
 */
static int fetch_names(struct session *s, const struct args *a, bool json, struct err *e)
{
    struct asset_options o = {s->lab.offline, s->lab.log};
    struct str path = STR_INIT, out = STR_INIT;
    struct js w;
    int rc = OK;
    js_init(&w, &out);
    js_open(&w, '[');
    for (size_t i = 0; i < a->n_rest && !rc; i++) {
        rc = asset_verify(s->lab.assets, a->rest[i], &o, e);
        if (!rc)
            rc = asset_path(s->lab.assets, a->rest[i], &o, &path, e);
        if (rc)
            break;
        js_open(&w, '{');
        js_key(&w, "name"), js_str(&w, a->rest[i]);
        js_key(&w, "path"), js_str(&w, path.s);
        js_close(&w, '}');
        if (!json)
            printf("%s\n", path.s);
    }
    js_close(&w, ']');
    if (!rc)
        rc = str_check(&out, e);
    if (!rc && json)
        printf("%s\n", out.s);
    str_release(&path);
    str_release(&out);
    return rc;
}

static int fetch_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    int rc = session_open(&s, app, "", "", args_option(&cmd_fetch, a, "offline") != NULL, e);
    if (rc)
        return command_exit(rc);
    rc = a->n_rest ? fetch_names(&s, a, app->json, e) : fetch_list(&s, app->json, e);
    session_close(&s);
    return command_exit(rc);
}

const struct command cmd_fetch = {
    .name = "fetch",
    .operands = "[NAME ...]",
    .line = "fetch models and data by name, print where they are; without NAME list them",
    .help =
        "Names are rows of assets.yaml (docs/assets.md), or hub:owner/name for any repository "
        "of the Hugging\n"
        "Face hub (HF_ENDPOINT, HF_HOME and HF_TOKEN are honoured). What is there already is "
        "not fetched again,\nbut checked, and what was damaged is.\n"
        "A fetch that fails (no network, a host that refuses, a file with another sum) ends with "
        "1; a name that is\n"
        "none, and what is missing with --offline, with 2. --json: a list of {\"name\", "
        "\"path\"}.\n"
        "\n"
        "    w2s fetch smollm2-135m movie-sentiment\n",
    .options = options,
    .completes = "assets",
    .run = fetch_run,
};
