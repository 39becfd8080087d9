/* job_prompt.c - a language model that is asked which class each example has, a few labelled ones
 * before it, and whose words' probabilities are its answer. */
#include "lab/desk.h"
#include "lab/metrics.h"
#include "lab/prompting.h"
#include "core/file.h"
#include "core/mem.h"
#include "train/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What stands in the place of every field to learn what a prompt says of nothing (Zhao et al. 2021,
 * section 5). */
static const char *const nothing[] = {"N/A", "[MASK]", ""};
enum { NOTHINGS = sizeof nothing / sizeof *nothing };

struct asker {
    struct desk *d;
    struct prompter prompter;
    struct words words;
    struct token_ids prefix;
    double prior[16];
};

/* predicts - what a job of this role says something of (desk_predicts). */
static bool predicts(const struct plan *p, const struct job *j, enum task_part part)
{
    const struct desk d = {.plan = p, .job = j, .data = &p->data[j->repetition]};
    return desk_predicts(&d, part);
}

int spec_prompt(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    struct asking a;
    struct str blank = STR_INIT;
    size_t shots = job_shots(j);
    job_asking(p, j, &a);
    js_init(&w, out);
    spec_begin(&w, p, j);
    js_key(&w, "random"), js_bool(&w, j->side->random);
    if (j->side->random)
        js_key(&w, "seed_init"),
            js_int(&w, (int64_t)study_seed(p->study, SEED_INIT, j->repetition));
    js_key(&w, "instruction"), js_str(&w, a.instruction);
    js_key(&w, "ask"), js_str(&w, a.ask);
    js_key(&w, "words"), js_open(&w, '[');
    for (size_t k = 0; k < a.n_words; k++)
        js_str(&w, a.words[k]);
    js_close(&w, ']');
    js_key(&w, "shots"), js_int(&w, (int64_t)shots);
    if (shots) {
        js_key(&w, "targets"), js_str(&w, j->supervisor ? j->supervisor->hash : "ground truth");
        js_key(&w, "part"), js_str(&w, lab_part_names[j->part]);
        js_key(&w, "seed_order"),
            js_int(&w, (int64_t)study_seed(p->study, SEED_ORDER, j->repetition));
    }
    if (j->side->prompt.calibrate) {
        js_key(&w, "calibrate"), js_open(&w, '[');
        for (size_t i = 0; i < NOTHINGS; i++) {
            str_reset(&blank);
            task_blank(p->task, nothing[i], &blank);
            js_str(&w, blank.len ? blank.s : "");
        }
        js_close(&w, ']');
    }
    job_judge_json(&w, p, j);
    js_key(&w, "data"), js_open(&w, '{');
    for (int k = 0; k < PART_COUNT; k++) {
        enum task_part part = (enum task_part)k;
        if (predicts(p, j, part) || (shots && part == j->part))
            js_key(&w, lab_part_names[k]), js_str(&w, p->data[j->repetition].part_hash[k]);
    }
    js_close(&w, '}');
    js_close(&w, '}');
    int rc = str_check(&blank, e);
    str_release(&blank);
    return rc ? rc : str_check(out, e);
}

/* shot_labels - of the part that it learns from: the truth, or what its supervisor holds most
 * likely. */
static int shot_labels(const struct desk *d, int **labels, struct err *e)
{
    const struct job *j = d->job;
    size_t n = d->data->n[j->part];
    double *probs = NULL;
    int rc = j->supervisor ? job_probs(d->plan, j->supervisor, j->part, &probs, e) : OK;
    *labels = rc ? NULL : mem_alloc(n, sizeof **labels, e);
    for (size_t i = 0; *labels && i < n; i++)
        (*labels)[i] =
            probs ? (int)metrics_argmax(probs + i * d->K, d->K) : d->data->part[j->part][i].label;
    mem_free(probs);
    return rc || *labels ? rc : e->code;
}

/* prompt_keep - what every prompt begins with, for people. */
static int prompt_keep(struct asker *a, const struct shot *shots, size_t n, struct err *e)
{
    const struct asking *q = &a->prompter.asking;
    struct str text = STR_INIT;
    if (*q->instruction)
        str_addf(&text, "%s\n\n", q->instruction);
    for (size_t i = 0; i < n; i++) {
        str_catn(&text, shots[i].text, shots[i].len);
        str_addf(&text, "\n%s%s\n\n", q->ask, q->words[shots[i].label]);
    }
    str_addf(&text, "...\n%s", q->ask);
    for (size_t k = 0; k < q->n_words; k++)
        str_addf(&text, "%s%s", k ? " |" : "", q->words[k]);
    str_addc(&text, '\n');
    int rc = file_write_in(a->d->work.dir.s, "prompt.txt", &text, e);
    str_release(&text);
    return rc;
}

static int prefix_make(struct asker *a, struct err *e)
{
    struct desk *d = a->d;
    const struct job *j = d->job;
    size_t want = job_shots(j), n = 0, *index = NULL;
    struct shot *shots = NULL;
    const struct example *x = NULL;
    int *labels = NULL, rc = OK;
    bool balanced = true;
    if (want) {
        index = mem_alloc(want, sizeof *index, e);
        shots = index ? mem_alloc(want, sizeof *shots, e) : NULL;
        rc = shots ? shot_labels(d, &labels, e) : e->code;
    }
    if (!rc && want) {
        n = shots_choose(labels, d->data->n[j->part], d->K, want,
                         study_seed(d->plan->study, SEED_ORDER, j->repetition), index, &balanced,
                         e);
        rc = n ? OK : e->code;
    }
    if (!rc && (!balanced || n < want))
        log_warn(d->plan->lab->log, "%s: %s", j->label,
                 n < want ? "there are fewer examples than shots"
                          : "the labels have too few of a class: its shots are not balanced");
    if (!rc && n)
        rc = desk_examples(d, j->part, &x, e);
    for (size_t i = 0; !rc && i < n; i++)
        shots[i] = (struct shot){x[index[i]].text, x[index[i]].len, (size_t)labels[index[i]]};
    if (!rc)
        rc = prompter_prefix(&a->prompter, shots, n, &a->prefix, e);
    if (!rc)
        rc = prompt_keep(a, shots, n, e);
    mem_free(labels);
    mem_free(shots);
    mem_free(index);
    return rc;
}

/* set_probs - of every text of a set, from the words' log-probabilities. */
static int set_probs(struct asker *a, const struct token_set *t, double *probs,
                     struct progress *progress, struct err *e)
{
    struct desk *d = a->d;
    size_t tokens;
    int rc =
        words_run(d->model, a->prefix.ids, a->prefix.n, t, &a->words, probs, &tokens, progress, e);
    for (size_t i = 0; !rc && i < t->n; i++) {
        double *p = probs + i * d->K, most = p[0], sum = 0;
        for (size_t k = 0; k < d->K; k++)
            most = p[k] > most ? p[k] : most;
        for (size_t k = 0; k < d->K; k++)
            sum += p[k] = exp(p[k] - most);
        for (size_t k = 0; k < d->K; k++)
            p[k] /= sum;
    }
    if (!rc) { /* beside the texts' own: what stands before all of them, words of several tokens */
        double words = (double)(tokens - a->prefix.n - token_set_total(t));
        desk_spoken(d, (double)a->prefix.n, 1, 1);
        desk_spoken(d, words, (double)t->n, words);
    }
    return rc;
}

/* prior_measure - the mean of what the prompt says of texts without content. */
static int prior_measure(struct asker *a, struct err *e)
{
    struct desk *d = a->d;
    struct str blank = STR_INIT;
    double p[16];
    int rc = OK;
    memset(a->prior, 0, sizeof a->prior);
    for (size_t i = 0; !rc && i < NOTHINGS; i++) {
        struct token_set t;
        str_reset(&blank);
        task_blank(d->plan->task, nothing[i], &blank);
        rc = str_check(&blank, e);
        if (!rc)
            rc = prompter_text(&a->prompter, blank.len ? blank.s : "", &t, e);
        if (rc)
            break;
        rc = set_probs(a, &t, p, NULL, e);
        desk_spoken(d, (double)token_set_total(&t), 1, 1);
        for (size_t k = 0; !rc && k < d->K; k++)
            a->prior[k] += p[k] / NOTHINGS;
        token_set_release(&t);
    }
    str_release(&blank);
    return rc;
}

static int part_ask(struct asker *a, enum task_part part, struct err *e)
{
    struct desk *d = a->d;
    struct progress progress;
    char what[96];
    size_t n = d->data->n[part];
    double *probs = d->probs[part] = mem_alloc(n, d->K * sizeof *probs, e);
    const struct example *x;
    int rc = probs ? desk_examples(d, part, &x, e) : e->code;
    if (!rc)
        rc = prompter_texts(&a->prompter, x, n, &d->sets[part], e);
    if (rc)
        return rc;
    snprintf(what, sizeof what, "asking about %s", lab_part_names[part]);
    progress_begin(&progress, d->plan->lab->log, what, (double)n, "tokens");
    rc = set_probs(a, &d->sets[part], probs, &progress, e);
    progress_end(&progress, rc);
    if (!rc && d->job->side->prompt.calibrate)
        prompt_calibrate(probs, n, d->K, a->prior);
    return rc ? rc : array_keep(d, part, NULL, probs, e);
}

int run_prompt(struct desk *d, struct err *e)
{
    struct asker a = {.d = d};
    struct asking q;
    job_asking(d->plan, d->job, &q);
    int rc = prompter_init(&a.prompter, &q, d->K, d->job->model->tokenizer, e);
    if (!rc)
        rc = prefix_make(&a, e);
    if (!rc)
        rc = desk_model(d, e);
    a.words = (struct words){d->K, a.prompter.word_tokens.ids, a.prompter.word_starts};
    if (!rc && d->job->side->prompt.calibrate)
        rc = prior_measure(&a, e);
    for (int part = 0; !rc && part < PART_COUNT; part++)
        if (desk_predicts(d, (enum task_part)part))
            rc = part_ask(&a, (enum task_part)part, e);
    if (!rc)
        rc = probs_accuracy(d, PART_TEST, d->probs[PART_TEST], &d->accuracy, e);
    prompter_release(&a.prompter);
    token_ids_release(&a.prefix);
    return rc;
}
