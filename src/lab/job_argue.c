/* job_argue.c - a language model that writes, of every example and for every class, why it should
 * be that class; of several drawn arguments the one after which it itself holds the class most
 * probable. */
#include "lab/debate.h"
#include "lab/desk.h"
#include "lab/prompting.h"
#include "core/mem.h"
#include "train/words.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct advocate {
    struct desk *d;
    struct prompter prompter;
    struct words words;
    struct token_ids prefix; /* of the question that a choice asks: what a text begins with */
    bool *ends;              /* [V] tokens with a line break: an argument is a line */
    uint64_t seed;
};

/* argues - the parts about which there have to be arguments: all that a judge learns from and
 * predicts. */
static bool argues(const struct plan *p, const struct job *j, enum task_part part)
{
    return p->data[j->repetition].n[part] && (part != PART_SUPERVISE || j->part == PART_SUPERVISE);
}

int spec_argue(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    const struct debate_settings *s = &j->side->debate;
    struct js w;
    struct asking a;
    job_asking(p, j, &a);
    js_init(&w, out);
    spec_begin(&w, p, j);
    js_key(&w, "ask"), js_str(&w, a.ask);
    js_key(&w, "words"), js_open(&w, '[');
    for (size_t k = 0; k < a.n_words; k++)
        js_str(&w, a.words[k]);
    js_close(&w, ']');
    js_key(&w, "behind"), js_str(&w, s->argue);
    js_key(&w, "turns"), js_int(&w, (int64_t)s->turns);
    js_key(&w, "argument_tokens"), js_int(&w, (int64_t)s->tokens);
    js_key(&w, "samples"), js_int(&w, (int64_t)s->samples);
    if (s->samples > 1)
        js_key(&w, "temperature"), js_real(&w, s->temperature);
    if (s->samples > 1 || s->turns > 1) /* drawn, or in an order that is */
        js_key(&w, "seed_order"),
            js_int(&w, (int64_t)study_seed(p->study, SEED_ORDER, j->repetition));
    if (s->samples > 1) /* a choice is asked with it */
        js_key(&w, "instruction"), js_str(&w, a.instruction);
    js_key(&w, "data"), js_open(&w, '{');
    for (int part = 0; part < PART_COUNT; part++)
        if (argues(p, j, (enum task_part)part))
            js_key(&w, lab_part_names[part]), js_str(&w, p->data[j->repetition].part_hash[part]);
    js_close(&w, '}');
    js_close(&w, '}');
    return str_check(out, e);
}

static int ends_make(struct advocate *a, struct err *e)
{
    const struct tokenizer *tok = a->d->job->model->tokenizer;
    size_t V = job_config(a->d->job).vocab, n = tokenizer_vocab(tok);
    struct str text = STR_INIT;
    int rc = OK;
    a->ends = mem_zalloc(V, sizeof *a->ends, e);
    if (!a->ends)
        return e->code;
    for (size_t i = 0; !rc && i < V && i < n; i++) {
        str_reset(&text);
        rc = tokenizer_decode(tok, (int32_t)i, false, &text, e);
        a->ends[i] = !rc && text.len && strchr(text.s, '\n');
    }
    str_release(&text);
    return rc;
}

/* argument_keep - of ids their line, without white space around it. */
static int argument_keep(const struct advocate *a, struct arguments *to,
                         const struct token_ids *ids, struct str *text, const char **out,
                         struct err *e)
{
    str_reset(text);
    int rc = OK;
    for (size_t i = 0; !rc && i < ids->n; i++)
        rc = tokenizer_decode(a->d->job->model->tokenizer, ids->ids[i], true, text, e);
    const char *s = text->len ? text->s : "";
    size_t n = strcspn(s, "\n");
    while (n && isspace((unsigned char)*s))
        s++, n--;
    while (n && isspace((unsigned char)s[n - 1]))
        n--;
    *out = rc ? NULL : arena_strndup(&to->arena, s, n, e);
    return rc || *out ? rc : e->code;
}

/* A part of one class and turn: drafts [n*samples], of which one an example is kept. */
struct drafts_of {
    struct example *x;     /* [n*samples] prompts */
    const char **text;     /* [n*samples] */
    struct token_ids *ids; /* [n*samples] */
    size_t n, samples;
    struct arguments store; /* whose arena the texts are in */
};

static void drafts_release(struct drafts_of *t)
{
    for (size_t i = 0; t->ids && i < t->n * t->samples; i++)
        token_ids_release(&t->ids[i]);
    mem_free(t->ids);
    mem_free(t->text);
    mem_free(t->x);
    arguments_release(&t->store);
}

/* prompts_make - what its author reads: the text, what was said so far, the class it is to argue
 * for. */
static int prompts_make(struct advocate *a, struct drafts_of *t, const struct arguments *said,
                        enum task_part part, size_t turn, size_t k, struct err *e)
{
    const struct desk *d = a->d;
    const struct asking *q = &a->prompter.asking;
    struct str text = STR_INIT;
    int rc = OK;
    for (size_t i = 0; !rc && i < t->n; i++) {
        const struct example *x = &d->data->part[part][i];
        str_reset(&text);
        str_catn(&text, x->text, x->len);
        transcript_add(said, i, turn, x->id, -1, q->words, a->seed, &text);
        str_addf(&text, "\n%s%s%s", q->ask, q->words[k], d->job->side->debate.argue);
        rc = str_check(&text, e);
        const char *kept = rc ? NULL : arena_strndup(&t->store.arena, text.s, text.len, e);
        rc = rc || kept ? rc : e->code;
        for (size_t s = 0; !rc && s < t->samples; s++) {
            struct example *y = &t->x[i * t->samples + s];
            *y = *x;
            y->text = kept;
            y->len = text.len;
        }
    }
    str_release(&text);
    return rc;
}

static int drafts_write(struct advocate *a, struct drafts_of *t, size_t turn, size_t k,
                        const char *what, struct err *e)
{
    struct desk *d = a->d;
    const struct debate_settings *s = &d->job->side->debate;
    const struct sampling sampling = {s->temperature, 1};
    const struct write_settings w = {.end = tokenizer_eos(d->job->model->tokenizer),
                                     .most = s->tokens,
                                     .sampling = t->samples > 1 ? &sampling : NULL,
                                     .seed = a->seed + 1000003 * (turn * d->K + k),
                                     .ends = a->ends};
    struct token_set set;
    struct progress progress;
    struct str text = STR_INIT;
    size_t n = t->n * t->samples;
    double written = 0;
    int rc = token_set_make(&set, t->x, n, d->job->model->tokenizer, e);
    if (rc)
        return rc;
    progress_begin(&progress, d->plan->lab->log, what, (double)n, "tokens");
    rc = write_run(d->model, &set, &w, t->ids, &progress, e);
    progress_end(&progress, rc);
    for (size_t i = 0; !rc && i < n; i++) {
        written += (double)t->ids[i].n;
        rc = argument_keep(a, &t->store, &t->ids[i], &text, &t->text[i], e);
    }
    desk_spoken(d, (double)token_set_total(&set) + written, (double)n, written);
    token_set_release(&set);
    str_release(&text);
    return rc;
}

/* drafts_choose - of each example's drafts the one after which the model itself holds the class
 * most probable, the first among equals: best [n]. */
static int drafts_choose(struct advocate *a, struct drafts_of *t, enum task_part part, size_t k,
                         size_t *best, struct err *e)
{
    struct desk *d = a->d;
    const struct asking *q = &a->prompter.asking;
    size_t n = t->n * t->samples, tokens = 0;
    struct str text = STR_INIT;
    struct token_set set = {.per = 1};
    double *p = mem_alloc(n, d->K * sizeof *p, e);
    int rc = p ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++) {
        const struct example *x = &d->data->part[part][i / t->samples];
        str_reset(&text);
        str_catn(&text, x->text, x->len);
        str_addf(&text, "\nArgument for%s: %s", q->words[k], t->text[i]);
        rc = str_check(&text, e);
        t->x[i].text = rc ? NULL : arena_strndup(&t->store.arena, text.s, text.len, e);
        t->x[i].len = text.len;
        rc = rc || t->x[i].text ? rc : e->code;
    }
    if (!rc)
        rc = prompter_texts(&a->prompter, t->x, n, &set, e);
    if (!rc)
        rc = words_run(d->model, a->prefix.ids, a->prefix.n, &set, &a->words, p, &tokens, NULL, e);
    if (!rc) { /* of a word of several tokens all but the last are read as well */
        double own = (double)(tokens - a->prefix.n);
        desk_spoken(d, (double)a->prefix.n, 1, 1);
        desk_spoken(d, own, (double)n, (double)n + own - (double)token_set_total(&set));
    }
    for (size_t i = 0; !rc && i < t->n; i++)
        best[i] = argument_best(p + i * t->samples * d->K, t->samples, d->K, k);
    token_set_release(&set);
    str_release(&text);
    mem_free(p);
    return rc;
}

/* turn_argue - what is argued for class k of every example of a part in a turn. */
static int turn_argue(struct advocate *a, struct arguments *said, enum task_part part, size_t turn,
                      size_t k, struct err *e)
{
    struct desk *d = a->d;
    struct drafts_of t = {.n = d->data->n[part], .samples = d->job->side->debate.samples};
    size_t n = t.n * t.samples;
    char what[120];
    snprintf(what, sizeof what, "arguing for%s about %s", a->prompter.asking.words[k],
             lab_part_names[part]);
    size_t *best = mem_zalloc(t.n, sizeof *best, e);
    t.x = best ? mem_zalloc(n, sizeof *t.x, e) : NULL;
    t.text = t.x ? mem_zalloc(n, sizeof *t.text, e) : NULL;
    t.ids = t.text ? mem_zalloc(n, sizeof *t.ids, e) : NULL;
    int rc = t.ids ? prompts_make(a, &t, said, part, turn, k, e) : e->code;
    if (!rc)
        rc = drafts_write(a, &t, turn, k, what, e);
    if (!rc && t.samples > 1)
        rc = drafts_choose(a, &t, part, k, best, e);
    for (size_t i = 0; !rc && i < t.n; i++) {
        const char *text = arena_strdup(&said->arena, t.text[i * t.samples + best[i]], e);
        *arguments_at(said, i, turn, k) = text;
        rc = text ? OK : e->code;
    }
    mem_free(best);
    drafts_release(&t);
    return rc;
}

static int part_argue(struct advocate *a, enum task_part part, struct err *e)
{
    struct desk *d = a->d;
    struct arguments said = {.n = 0};
    struct str name = STR_INIT, path = STR_INIT;
    size_t turns = d->job->side->debate.turns;
    int rc = arguments_init(&said, d->data->n[part], turns, d->K, e);
    /* within a turn nobody has heard the other */
    for (size_t turn = 0; !rc && turn < turns; turn++)
        for (size_t k = 0; !rc && k < d->K; k++)
            rc = turn_argue(a, &said, part, turn, k, e);
    str_addf(&name, "%s.jsonl", lab_part_names[part]);
    if (!rc)
        rc = str_check(&name, e);
    if (!rc)
        rc = desk_path(d, name.s, &path, e);
    if (!rc)
        rc = arguments_write(&said, d->data->part[part], path.s, e);
    str_release(&name);
    str_release(&path);
    arguments_release(&said);
    return rc;
}

int run_argue(struct desk *d, struct err *e)
{
    struct advocate a = {.d = d};
    struct asking q;
    job_asking(d->plan, d->job, &q);
    d->accuracy = (double)NAN;
    a.seed = study_seed(d->plan->study, SEED_ORDER, d->job->repetition);
    int rc = prompter_init(&a.prompter, &q, d->K, d->job->model->tokenizer, e);
    if (!rc)
        rc = prompter_prefix(&a.prompter, NULL, 0, &a.prefix, e);
    a.words = (struct words){d->K, a.prompter.word_tokens.ids, a.prompter.word_starts};
    if (!rc)
        rc = ends_make(&a, e);
    if (!rc)
        rc = desk_model(d, e);
    for (int part = 0; !rc && part < PART_COUNT; part++)
        if (argues(d->plan, d->job, (enum task_part)part))
            rc = part_argue(&a, (enum task_part)part, e);
    prompter_release(&a.prompter);
    token_ids_release(&a.prefix);
    mem_free(a.ends);
    return rc;
}
