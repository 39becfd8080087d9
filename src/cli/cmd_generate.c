/* cmd_generate.c - continue a text: the quickest way to see that a model was loaded right. */
#include "cli/session.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/stop.h"

#include <stdio.h>
#include <string.h>

static const struct option_row options[] = {
    {"tokens", "N", "at most so many new tokens (default: 64)", 'n'},
    {"temperature", "T", "0 (default): always the most probable token", 't'},
    {"top-p", "P", "sample from the smallest set of tokens of this probability (default: 1)", 'p'},
    {"seed", "S", "of the sampling (default: 0)", 0},
    {"layers", "N", "use the first N layers only", 0},
    {"device", "NAME", "cpu (default) or reference", 0},
    {"offline", NULL, "fetch nothing; what is missing is an error", 0},
    {NULL, NULL, NULL, 0},
};

struct wanted {
    size_t tokens, layers, seed;
    struct sampling sampling;
};

static int wanted_read(struct wanted *w, const struct args *a, struct err *e)
{
    const struct command *c = &cmd_generate;
    int rc;
    *w = (struct wanted){64, 0, 0, {0, 1}};
    if ((rc = args_count("tokens", args_option(c, a, "tokens"), 1, 1u << 20, &w->tokens, e)) ||
        (rc = args_count("layers", args_option(c, a, "layers"), 1, 100000, &w->layers, e)) ||
        (rc = args_count("seed", args_option(c, a, "seed"), 0, 1u << 30, &w->seed, e)) ||
        (rc = args_real("temperature", args_option(c, a, "temperature"), 0, 100,
                        &w->sampling.temperature, e)) ||
        (rc = args_real("top-p", args_option(c, a, "top-p"), 1e-9, 1, &w->sampling.top_p, e)))
        return rc;
    return OK;
}

/* continue_text - feed the prompt, then one token after the other; text is printed as it comes
 * where json is NULL. */
static int continue_text(struct model *m, const struct tokenizer *t, struct token_ids *ids,
                         const struct wanted *w, struct str *text, bool print, struct err *e)
{
    struct decode *d = NULL;
    struct rng r;
    const float *logits = NULL;
    size_t limit = m->cfg.positions, prompt = ids->n, fed = 0;
    if (prompt >= limit)
        return err_set(e, ERR_INPUT, "the text has %zu tokens, the model takes %zu", prompt, limit);
    rng_init(&r, w->seed, "generate");
    int rc = decode_new(&d, m, 1, limit < prompt + w->tokens ? limit : prompt + w->tokens, e);
    for (size_t i = 0; !rc && i < w->tokens && ids->n < limit; i++) {
        const int32_t starts[2] = {0, (int32_t)(ids->n - fed)};
        const struct batch next_of = {ids->n - fed, 1, ids->ids + fed, starts};
        if ((rc = stop_check(e)) || (rc = decode_feed(d, &next_of, NULL, &logits, e)))
            break;
        fed = ids->n;
        int32_t next = sample_token(logits, m->cfg.vocab, &w->sampling, &r);
        if (next == m->cfg.eos || next == tokenizer_eos(t))
            break;
        size_t before = text->len;
        if ((rc = mem_grow(&ids->ids, &ids->cap, ids->n + 1, sizeof *ids->ids, e)) ||
            (rc = tokenizer_decode(t, next, true, text, e)))
            break;
        ids->ids[ids->n++] = next;
        if (print) {
            fwrite(text->s + before, 1, text->len - before, stdout);
            if (fflush(stdout) && (rc = err_sys(e, "standard output")))
                break;
        }
    }
    decode_free(d);
    return rc;
}

static int generate_print(const struct app *app, const char *prompt, size_t n_prompt,
                          const struct token_ids *ids, const struct str *text, struct err *e)
{
    struct str out = STR_INIT;
    struct js w;
    if (!app->json) {
        putchar('\n');
        return OK;
    }
    js_init(&w, &out);
    js_open(&w, '{');
    js_key(&w, "prompt"), js_str(&w, prompt);
    js_key(&w, "text"), js_strn(&w, text->s, text->len);
    js_key(&w, "ids"), js_open(&w, '[');
    for (size_t i = n_prompt; i < ids->n; i++)
        js_int(&w, ids->ids[i]);
    js_close(&w, ']');
    js_close(&w, '}');
    int rc = str_check(&out, e);
    if (!rc)
        puts(out.s);
    str_release(&out);
    return rc;
}

static int generate_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct lab_model lm = {0};
    struct model *m = NULL;
    struct token_ids ids = {0};
    struct str text = STR_INIT;
    struct wanted w;
    if (a->n_rest != 2) {
        err_set(e, ERR_INPUT, "generate wants a model and a text; see w2s help generate");
        return EXIT_USAGE;
    }
    int rc = wanted_read(&w, a, e);
    if (rc)
        return command_exit(rc);
    rc = session_open(&s, app, "", args_option(&cmd_generate, a, "device"),
                      args_option(&cmd_generate, a, "offline") != NULL, e);
    if (rc)
        return command_exit(rc);
    struct model_options o = {w.layers, s.lab.log};
    if ((rc = lab_model_open(&lm, &s.lab, a->rest[0], e)) ||
        (rc = model_load(&m, s.lab.dev, lm.weights, &o, e)) ||
        (rc = tokenizer_encode_model(lm.tokenizer, a->rest[1], strlen(a->rest[1]), &ids, e)))
        goto out;
    size_t prompt = ids.n;
    if (!prompt) {
        rc = err_set(e, ERR_INPUT, "the text is empty: nothing to continue");
        goto out;
    }
    if (!app->json)
        fputs(a->rest[1], stdout);
    rc = continue_text(m, lm.tokenizer, &ids, &w, &text, !app->json, e);
    if (!rc)
        rc = generate_print(app, a->rest[1], prompt, &ids, &text, e);
out:
    str_release(&text);
    token_ids_release(&ids);
    model_free(m);
    lab_model_close(&lm);
    session_close(&s);
    return command_exit(rc);
}

const struct command cmd_generate = {
    .name = "generate",
    .operands = "MODEL TEXT",
    .line = "continue a text",
    .help =
        "    w2s generate smollm2-135m \"The capital of France is\"\n"
        "    w2s generate smollm2-135m \"Once upon a time\" -n 100 -t 0.8 --top-p 0.95 --seed 1\n",
    .options = options,
    .completes = "assets",
    .computes = true,
    .run = generate_run,
};
