/* cmd_score.c - log probabilities of texts. */
#include "cli/session.h"
#include "cli/texts.h"
#include "core/mem.h"
#include "core/stop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct option_row options[] = {
    {"layers", "N", "use the first N layers only", 0},
    {"device", "NAME", "cpu (default) or reference", 0},
    {"offline", NULL, "fetch nothing; what is missing is an error", 0},
    {NULL, NULL, NULL, 0},
};

struct scorer {
    struct model *model;
    struct pass *pass;
    const struct tokenizer *tokenizer;
    struct token_ids ids;
    struct str out;
    bool table;
    const char *file;
    double sum; /* over all texts */
    size_t tokens;
};

/* score_table - a line of the terminal's table: tokens, perplexity, the text's beginning. */
static void score_table(struct scorer *s, const char *text, size_t n, size_t tokens, double sum)
{
    enum { SHOWN = 60 };
    size_t at = 0, columns = 0;
    if (tokens)
        str_addf(&s->out, "%7zu %12.4f %12.4f  ", tokens, sum, exp(-sum / (double)tokens));
    else /* nothing came after its first token */
        str_addf(&s->out, "%7zu %12s %12s  ", tokens, "-", "-");
    while (at < n && columns < SHOWN) {
        unsigned cp;
        char utf8[4];
        at += utf8_next(text + at, n - at, &cp);
        str_catn(&s->out, utf8, utf8_put(utf8, cp < 32 ? ' ' : cp));
        columns++;
    }
    str_cat(&s->out, at < n ? "...\n" : "\n");
}

static void score_json(struct scorer *s, const char *text, size_t n, const double *loss, double sum)
{
    struct js w;
    js_init(&w, &s->out);
    js_open(&w, '{');
    js_key(&w, "text"), js_strn(&w, text, n);
    js_key(&w, "ids"), js_open(&w, '[');
    for (size_t i = 0; i < s->ids.n; i++)
        js_int(&w, s->ids.ids[i]);
    js_close(&w, ']');
    js_key(&w, "logprobs"), js_open(&w, '[');
    for (size_t i = 0; i + 1 < s->ids.n; i++)
        js_real(&w, -loss[i]);
    js_close(&w, ']');
    js_key(&w, "sum"), js_real(&w, sum);
    js_close(&w, '}');
    str_addc(&s->out, '\n');
}

/* ids_loss - loss[i] = -log p(ids[i+1] | ids[0..i]). */
static int ids_loss(struct scorer *s, double *loss, struct err *e)
{
    size_t n = s->ids.n, R;
    const float *logits;
    int32_t starts[2] = {0, (int32_t)n};
    struct batch b = {n, 1, s->ids.ids, starts};
    struct pass_input in = {.batch = &b};
    int32_t *target = mem_alloc(n, sizeof *target, e);
    if (!target)
        return e->code;
    for (size_t i = 0; i < n; i++)
        target[i] = i + 1 < n ? s->ids.ids[i + 1] : -1;
    int rc = pass_forward(s->pass, &in, &logits, &R, e);
    if (!rc)
        s->model->dev->ops->lm_xent(s->model->dev, n, s->model->cfg.vocab, logits, target, NULL,
                                    loss, NULL);
    mem_free(target);
    return rc;
}

static int score_one(void *ctx, const char *text, size_t n, size_t line, struct err *e)
{
    struct scorer *s = ctx;
    double *loss = NULL, sum = 0;
    s->ids.n = 0;
    int rc = stop_check(e);
    if (!rc)
        rc = tokenizer_encode_model(s->tokenizer, text, n, &s->ids, e);
    if (!rc && s->ids.n > s->model->cfg.positions)
        rc = err_set(e, ERR_INPUT, "%s:%zu: the text has %zu tokens, the model takes %zu", s->file,
                     line, s->ids.n, s->model->cfg.positions);
    if (!rc && s->ids.n > 1) {
        loss = mem_alloc(s->ids.n, sizeof *loss, e);
        rc = loss ? ids_loss(s, loss, e) : e->code;
    }
    if (rc)
        goto out;
    size_t scored = s->ids.n ? s->ids.n - 1 : 0;
    for (size_t i = 0; i < scored; i++)
        sum -= loss[i];
    s->sum += sum;
    s->tokens += scored;
    str_reset(&s->out);
    if (s->table)
        score_table(s, text, n, scored, sum);
    else
        score_json(s, text, n, loss, sum);
    rc = str_check(&s->out, e);
    if (!rc && fwrite(s->out.s, 1, s->out.len, stdout) != s->out.len)
        rc = err_sys(e, "standard output");
out:
    mem_free(loss);
    return rc;
}

static int score_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct lab_model lm = {0};
    struct scorer scorer = {.out = STR_INIT, .table = !app->json && isatty(STDOUT_FILENO)};
    size_t layers = 0;
    if (a->n_rest != 2) {
        err_set(
            e, ERR_INPUT,
            "score wants a model and a file of texts (- for standard input); see w2s help score");
        return EXIT_USAGE;
    }
    int rc = args_count("layers", args_option(&cmd_score, a, "layers"), 1, 100000, &layers, e);
    if (!rc)
        rc = session_open(&s, app, "", args_option(&cmd_score, a, "device"),
                          args_option(&cmd_score, a, "offline") != NULL, e);
    if (rc)
        return command_exit(rc);
    struct model_options o = {layers, s.lab.log};
    scorer.file = strcmp(a->rest[1], "-") == 0 ? "standard input" : a->rest[1];
    if ((rc = lab_model_open(&lm, &s.lab, a->rest[0], e)) ||
        (rc = model_load(&scorer.model, s.lab.dev, lm.weights, &o, e)) ||
        (rc = pass_new(&scorer.pass, scorer.model, e)))
        goto out;
    scorer.tokenizer = lm.tokenizer;
    if (scorer.table)
        printf("%7s %12s %12s  %s\n", "tokens", "log prob", "perplexity", "text");
    rc = texts_read(a->rest[1], score_one, &scorer, e);
    if (!rc && scorer.table)
        printf("%7zu %12.4f %12.4f  all\n", scorer.tokens, scorer.sum,
               scorer.tokens ? exp(-scorer.sum / (double)scorer.tokens) : (double)NAN);
out:
    pass_free(scorer.pass);
    model_free(scorer.model);
    token_ids_release(&scorer.ids);
    str_release(&scorer.out);
    lab_model_close(&lm);
    session_close(&s);
    return command_exit(rc);
}

const struct command cmd_score = {
    .name = "score",
    .operands = "MODEL FILE",
    .line = "print the log probability of texts",
    .help = "One JSON object a line: {\"text\", \"ids\", \"logprobs\" (one for each token after "
            "the first), \"sum\"}; on a\n"
            "terminal a table with perplexities. FILE holds a text a line, or JSONL with \"text\"; "
            "- is standard input.\n"
            "Where the tokenizer puts a token before texts (BOS) it is the first of ids; w2s "
            "tokenize leaves it out.\n"
            "\n"
            "    w2s score smollm2-135m texts.txt > scores.jsonl\n",
    .options = options,
    .completes = "assets",
    .computes = true,
    .run = score_run,
};
