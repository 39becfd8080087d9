/* debate.c - see debate.h: what a study asks for, and who argues. */
#include "lab/debate.h"
#include "lab/desk.h"
#include "lab/prompting.h"
#include "core/mem.h"

#include <string.h>

const char *const debate_forms[] = {"alone", "adviser", "debate", "consultancy", NULL};
static const char *const debate_keys[] = {"form",        "model",   "turns", "tokens", "samples",
                                          "temperature", "adviser", "argue", NULL};
static const char *const adviser_names[] = {"random", "right", NULL};

static int form_read(struct debate_settings *s, const struct doc *x, struct err *e)
{
    size_t form = 0;
    if (x->type != DOC_STRING)
        return doc_fail(x, e, "\"form\" holds a %s, wanted names", doc_type_name(x->type));
    while (form < DEBATE_FORMS && strcmp(debate_forms[form], x->s) != 0)
        form++;
    if (form == DEBATE_FORMS)
        return doc_fail(x, e,
                        "\"form\" is \"%s\", wanted one of alone, adviser, debate, consultancy, or "
                        "a list of them",
                        x->s);
    for (size_t i = 0; i < s->n_forms; i++)
        if (s->forms[i] == (enum debate_form)form)
            return doc_fail(x, e, "\"form\" has %s twice", x->s);
    s->forms[s->n_forms++] = (enum debate_form)form;
    return OK;
}

int debate_read(struct study_side *side, const struct doc *m, const char *name, struct err *e)
{
    struct debate_settings *s = &side->debate;
    const struct doc *map = doc_get(m, "debate"), *form = doc_get(map, "form");
    int adviser = 0, rc = OK;
    if (!map)
        return OK;
    if (strcmp(name, "supervisor") != 0)
        return doc_fail(map, e,
                        "\"debate\" is what a supervisor reads before it labels; the %s has "
                        "none",
                        name);
    if (side->random)
        return doc_fail(map, e, "\"debate\" is read by a judge, and \"weights\" is random");
    *s = (struct debate_settings){
        .turns = 1, .tokens = 32, .samples = 1, .temperature = 0.8, .argue = ", because"};
    rc = doc_check_keys(map, debate_keys, e);
    if (!rc && form && form->type == DOC_LIST && !form->n)
        rc = doc_fail(form, e, "\"form\" is empty");
    if (!rc && form && form->type == DOC_LIST)
        for (const struct doc *x = form->child; !rc && x; x = x->next)
            rc = form_read(s, x, e);
    else if (!rc && form)
        rc = form_read(s, form, e);
    if (!form) {
        s->forms[s->n_forms++] = DEBATE_ALONE;
        s->forms[s->n_forms++] = DEBATE_DEBATE;
    }
    if (rc || (rc = doc_opt_str(map, "model", &s->model, e)) ||
        (rc = doc_opt_size(map, "turns", 1, 8, &s->turns, e)) ||
        (rc = doc_opt_size(map, "tokens", 1, 1000, &s->tokens, e)) ||
        (rc = doc_opt_size(map, "samples", 1, 64, &s->samples, e)) ||
        (rc = doc_opt_real(map, "temperature", 0.01, 100, &s->temperature, e)) ||
        (rc = doc_opt_str(map, "argue", &s->argue, e)) ||
        (rc = doc_opt_enum(map, "adviser", adviser_names, &adviser, e)))
        return rc;
    s->right = adviser == 1;
    return OK;
}

void debate_json(struct js *j, const struct study_side *side, const struct assets *assets)
{
    const struct debate_settings *s = &side->debate;
    if (!s->n_forms)
        return;
    js_key(j, "debate"), js_open(j, '{');
    js_key(j, "form"), js_open(j, '[');
    for (size_t i = 0; i < s->n_forms; i++)
        js_str(j, debate_forms[s->forms[i]]);
    js_close(j, ']');
    if (s->model)
        js_key(j, "model"),
            study_place_json(j, s->model, assets && asset_is_path(assets, s->model));
    js_key(j, "turns"), js_int(j, (int64_t)s->turns);
    js_key(j, "tokens"), js_int(j, (int64_t)s->tokens);
    js_key(j, "samples"), js_int(j, (int64_t)s->samples);
    js_key(j, "temperature"), js_real(j, s->temperature);
    js_key(j, "adviser"), js_str(j, adviser_names[s->right]);
    js_key(j, "argue"), js_str(j, s->argue);
    js_close(j, '}');
}

const char *debate_model(const struct study *s)
{
    const struct debate_settings *d = &s->supervisor.debate;
    return d->model ? d->model : s->student.models[0];
}

static bool debate_has(const struct debate_settings *s, enum debate_form form)
{
    for (size_t i = 0; i < s->n_forms; i++)
        if (s->forms[i] == form)
            return true;
    return false;
}

/* Tokens of a line of a transcript beside its argument: "Argument for positive: ". */
#define LINE_TOKENS 16

/* room_check - text and transcript fit a model that reads them; where another tokenizer wrote the
 * arguments they may be twice as long in its tokens. */
static int room_check(const struct plan *p, const struct lab_model *m, struct err *e)
{
    const struct debate_settings *s = &p->study->supervisor.debate;
    const struct lab_model *by = plan_model(p, debate_model(p->study));
    size_t most = weights_config(m->weights)->positions,
           longer = strcmp(m->tokenizer_hash, by->tokenizer_hash) == 0 ? 1 : 2;
    size_t lines = s->turns * task_classes(p->task) * (longer * s->tokens + LINE_TOKENS);
    size_t wanted = p->study->max_tokens + lines + s->tokens + 2 * LINE_TOKENS;
    if (p->study->supervisor.learner == LEARNER_PROMPT)
        wanted += p->study->supervisor.prompt.shots * wanted;
    return wanted <= most ? OK
                          : err_set(e, ERR_INPUT,
                                    "a text of %zu tokens and what is argued about it may have %zu "
                                    "tokens, and model %s takes %zu: wanted fewer turns, tokens or "
                                    "shots",
                                    p->study->max_tokens, wanted, m->name, most);
}

int debate_check(const struct plan *p, struct err *e)
{
    const struct study *s = p->study;
    const struct study_side *side = &s->supervisor;
    const struct debate_settings *d = &side->debate;
    int rc = OK;
    if (!d->n_forms || (d->n_forms == 1 && d->forms[0] == DEBATE_ALONE))
        return OK;
    if (task_writes(p->task) || task_alternatives(p->task))
        return err_set(e, ERR_INPUT,
                       "a debate is about which class a text has, and the examples of task %s %s",
                       task_name(p->task),
                       task_writes(p->task) ? "are answered by writing"
                                            : "are several texts with a reward each");
    if (side->ensemble.kind != ENSEMBLE_NONE)
        return err_set(e, ERR_INPUT,
                       "an ensemble reads the examples alone: wanted \"debate\" or several models "
                       "as one supervisor, not both");
    if (!d->model && s->student.n_models > 1)
        return err_set(e, ERR_INPUT,
                       "who argues? The students are of several models: wanted debate.model");
    if (side->trainable.kind != TRAIN_ALL && side->learner == LEARNER_FINETUNE &&
        side->trainable.kind != TRAIN_LORA && !p->worker)
        log_info(p->lab->log, "judges read texts of their own: what the frozen layers make of them "
                              "is not shared");
    for (size_t i = 0; !rc && i < side->n_models; i++) {
        const struct lab_model *m = plan_model(p, side->models[i]);
        for (size_t k = 0; !rc && k < side->n_layers; k++)
            if (debate_has(d, DEBATE_CONSULTANCY) && debate_has(d, DEBATE_DEBATE) &&
                m == plan_model(p, debate_model(s)) &&
                (!side->layers[k] || side->layers[k] == weights_config(m->weights)->layers))
                rc = err_set(e, ERR_INPUT,
                             "the judge %s is the model that argues: its consultancy is the debate",
                             m->name);
        if (!rc)
            rc = room_check(p, m, e);
    }
    return rc ? rc : room_check(p, plan_model(p, debate_model(s)), e);
}

int debate_prepare(struct plan *p, struct job *judge, struct err *e)
{
    struct job j = {.role = JOB_DEBATER,
                    .repetition = judge->repetition,
                    .side = judge->side,
                    .part = judge->part,
                    .trainable = {.kind = TRAIN_ALL}};
    struct job *arguments;
    if (judge->form == DEBATE_ALONE)
        return OK;
    bool own = judge->form == DEBATE_CONSULTANCY;
    j.model = own ? judge->model : plan_model(p, debate_model(p->study));
    j.layers = own ? judge->layers : weights_config(j.model->weights)->layers;
    int rc = plan_add(p, &j, &arguments, e);
    if (rc)
        return rc;
    judge->arguments = arguments;
    job_need(judge, arguments);
    return OK;
}

bool job_argues(const struct job *j)
{
    return j->role == JOB_DEBATER;
}

void job_judge_json(struct js *w, const struct plan *p, const struct job *j)
{
    if (!j->arguments)
        return;
    js_key(w, "reads"), js_open(w, '{');
    js_key(w, "form"), js_str(w, j->form == DEBATE_ADVISER ? "adviser" : "debate");
    js_key(w, "arguments"), js_str(w, j->arguments->hash);
    if (j->form == DEBATE_ADVISER)
        js_key(w, "adviser"), js_str(w, adviser_names[j->side->debate.right]);
    if (j->form != DEBATE_ADVISER || !j->side->debate.right)
        js_key(w, "seed_order"),
            js_int(w, (int64_t)study_seed(p->study, SEED_ORDER, j->repetition));
    js_close(w, '}');
}

bool job_told(const struct job *j)
{
    return j->arguments && j->form == DEBATE_ADVISER && j->side->debate.right;
}

const char *job_judge_form(const struct job *j)
{
    return job_told(j) ? "adviser-right" : debate_forms[j->form];
}

void job_judge_id(const struct job *j, struct str *out)
{
    if (j->arguments)
        str_addf(out, "/%s", job_judge_form(j));
}

void job_judge_words(const struct job *j, struct str *out)
{
    static const char *const words[] = {"", "one adviser", "two debaters", "its own arguments"};
    if (j->arguments)
        str_cat(out, job_told(j) ? "an adviser who is always right" : words[j->form]);
}

/* words_tokens - of a text that stands behind others, by a job's tokenizer; 0 where that fails,
 * which is said when it is computed. */
static double words_tokens(const struct job *j, const char *a, const char *b, const char *c)
{
    struct token_ids ids = {.n = 0};
    struct str text = STR_INIT;
    struct err ignored = ERR_INIT;
    double n = 0;
    str_addf(&text, "\n%s%s%s", a, b, c);
    if (!str_check(&text, &ignored) &&
        !tokenizer_encode(j->model->tokenizer, text.s, text.len, false, &ids, &ignored))
        n = (double)ids.n;
    token_ids_release(&ids);
    str_release(&text);
    return n;
}

/* lines_tokens - of a line for each class, whose arguments are as long as they may be. */
static double lines_tokens(const struct plan *p, const struct job *j)
{
    double sum = 0;
    struct asking q;
    job_asking(p, j, &q);
    for (size_t k = 0; k < task_classes(p->task); k++)
        sum += words_tokens(j, "Argument for", q.words[k], ": ") + (double)j->side->debate.tokens;
    return sum;
}

double arguing_tokens(const struct plan *p, const struct job *j, const size_t tokens[PART_COUNT],
                      double *written)
{
    const struct debate_settings *s = &j->side->debate;
    struct asking q;
    size_t K = task_classes(p->task);
    double read = 0, texts = 0, own = 0, drafts = (double)(K * s->samples), asked = 0;
    double lines = lines_tokens(p, j);
    job_asking(p, j, &q);
    for (size_t k = 0; k < K; k++)
        asked += words_tokens(j, q.ask, q.words[k], s->argue);
    for (int part = 0; part < PART_COUNT; part++) {
        texts += (double)p->data[j->repetition].n[part];
        own += (double)tokens[part];
    }
    for (size_t turn = 0; turn < s->turns; turn++) {
        read += drafts * (own + texts * (double)turn * lines) + (double)s->samples * texts * asked;
        if (s->samples > 1) /* and asked about a choice */
            read += drafts * (own + texts * words_tokens(j, q.ask, "", "")) +
                    (double)s->samples * texts * lines;
    }
    *written = (double)s->turns * drafts * texts * (double)s->tokens;
    return read;
}

double heard_tokens(const struct plan *p, const struct job *j)
{
    const struct debate_settings *s = &j->side->debate;
    size_t K = task_classes(p->task);
    if (!j->arguments)
        return 0;
    double lines = lines_tokens(p, j);
    return j->form == DEBATE_ADVISER ? lines / (double)K : lines * (double)s->turns;
}
