/* cmd_tokenize.c - token ids of texts. */
#include "cli/session.h"
#include "cli/texts.h"
#include "core/mem.h"

#include <stdio.h>

static const struct option_row options[] = {
    {"special", NULL, "added tokens written in the text (<|endoftext|>) become their ids", 's'},
    {"offline", NULL, "fetch nothing; what is missing is an error", 0},
    {NULL, NULL, NULL, 0},
};

struct sink {
    const struct tokenizer *tokenizer;
    bool special;
    struct token_ids ids;
    struct str out;
};

static int tokenize_one(void *ctx, const char *text, size_t n, size_t line, struct err *e)
{
    struct sink *s = ctx;
    struct js w;
    (void)line;
    s->ids.n = 0;
    int rc = tokenizer_encode(s->tokenizer, text, n, s->special, &s->ids, e);
    if (rc)
        return rc;
    str_reset(&s->out);
    js_init(&w, &s->out);
    js_open(&w, '{');
    js_key(&w, "text"), js_strn(&w, text, n);
    js_key(&w, "ids"), js_open(&w, '[');
    for (size_t i = 0; i < s->ids.n; i++)
        js_int(&w, s->ids.ids[i]);
    js_close(&w, ']');
    js_close(&w, '}');
    str_addc(&s->out, '\n');
    rc = str_check(&s->out, e);
    if (!rc && fwrite(s->out.s, 1, s->out.len, stdout) != s->out.len)
        rc = err_sys(e, "standard output");
    return rc;
}

static int tokenize_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct lab_model m = {0};
    if (a->n_rest != 2) {
        err_set(e, ERR_INPUT,
                "tokenize wants a model and a file of texts (- for standard input); see w2s help "
                "tokenize");
        return EXIT_USAGE;
    }
    int rc = session_open(&s, app, "", "", args_option(&cmd_tokenize, a, "offline") != NULL, e);
    if (rc)
        return command_exit(rc);
    struct sink sink = {.special = args_option(&cmd_tokenize, a, "special") != NULL,
                        .out = STR_INIT};
    rc = lab_tokenizer_open(&m, &s.lab, a->rest[0], e);
    sink.tokenizer = m.tokenizer;
    if (!rc)
        rc = texts_read(a->rest[1], tokenize_one, &sink, e);
    token_ids_release(&sink.ids);
    str_release(&sink.out);
    lab_model_close(&m);
    session_close(&s);
    return command_exit(rc);
}

const struct command cmd_tokenize = {
    .name = "tokenize",
    .operands = "MODEL FILE",
    .line = "print the token ids of texts, one JSON object a line",
    .help = "MODEL is a name (w2s fetch lists them), a Hugging Face folder, a tokenizer folder or "
            "a .gguf file. FILE\n"
            "holds a text a line, or JSONL with \"text\"; - is standard input. No token is put "
            "before or behind the\n"
            "text; w2s score reads it behind the token that the model puts before texts (BOS), "
            "where it has one.\n"
            "\n"
            "    echo 'Hello world' | w2s tokenize smollm2-135m -\n",
    .options = options,
    .completes = "assets",
    .run = tokenize_run,
};
