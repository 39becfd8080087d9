/* spec.c - what a job's hash is made of: what is not in its spec cannot change its result. */
#include "lab/desk.h"

/* spec_votes - of a job that only writes down what others say: of which examples, and what. */
int spec_votes(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    char votes[HASH_HEX];
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "votes");
    js_key(&w, "votes"), js_str(&w, j->votes);
    js_key(&w, "data"), js_open(&w, '{');
    for (int part = 0; part < PART_COUNT; part++) {
        if (part == PART_SUPERVISE)
            continue;
        int rc = dataset_votes_hash(d, (enum task_part)part, j->vote, votes, e);
        if (rc)
            return rc;
        js_key(&w, lab_part_names[part]), js_str(&w, votes);
    }
    js_close(&w, '}');
    js_close(&w, '}');
    return str_check(out, e);
}

/* spec_labels - of a job that only writes down what a file says. */
int spec_labels(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "kind"), js_str(&w, "labels");
    js_key(&w, "file"), js_str(&w, given_hash(j->given));
    js_key(&w, "repetition"), js_int(&w, (int64_t)j->repetition); /* rows may be of one alone */
    js_key(&w, "data"), js_open(&w, '{');
    for (int part = 0; part < PART_COUNT; part++)
        if (part != PART_SUPERVISE)
            js_key(&w, lab_part_names[part]), js_str(&w, p->data[j->repetition].part_hash[part]);
    js_close(&w, '}');
    js_close(&w, '}');
    return str_check(out, e);
}

void spec_model(struct js *w, const struct plan *p, const struct job *j, int threads)
{
    char numerics[256];
    dev_numerics(p->lab->dev, threads, numerics, sizeof numerics);
    js_open(w, '{');
    js_key(w, "kind"), js_str(w, job_kind(p, j)->name);
    js_key(w, "numerics"), js_int(w, LAB_NUMERICS);
    js_key(w, "device"), js_str(w, numerics);
    js_key(w, "model"), js_str(w, j->model->hash);
    js_key(w, "tokenizer"), js_str(w, j->model->tokenizer_hash);
}

void spec_begin(struct js *w, const struct plan *p, const struct job *j)
{
    spec_model(w, p, j, j->threads);
    js_key(w, "layers"), js_int(w, (int64_t)j->layers);
    if (j->base)
        js_key(w, "start"), js_str(w, j->base->hash);
}

/* head_json - what its head starts from. */
static void head_json(struct js *w, const struct plan *p)
{
    js_key(w, task_alternatives(p->task) ? "reward" : "head"), js_open(w, '[');
    for (size_t k = 0; k < job_outputs(p); k++)
        js_str(w, job_head_word(p, k) ? job_head_word(p, k) : "");
    js_close(w, ']');
}

/* written_json - how answers are written. The longest is that of all parts, whichever the job
 * reads. */
static void written_json(struct js *w, const struct plan *p, const struct job *j)
{
    js_key(w, "answer_tokens"), js_int(w, (int64_t)p->data[j->repetition].answer_tokens);
    js_key(w, "decoding"), js_str(w, decoding_names[p->study->decoding]);
    if (j->supervisor) /* an answer is learnt as far as the model has room */
        js_key(w, "answers"), js_str(w, "whole");
}

/* loss_json - what of a loss changes the result. */
static void loss_json(struct js *w, const struct loss_settings *l)
{
    js_key(w, "loss"), js_str(w, loss_names[l->kind]);
    if (loss_mixes(l->kind)) {
        js_key(w, "alpha_max"), js_real(w, l->alpha_max);
        js_key(w, "ramp"), js_real(w, l->ramp);
    }
    if (l->kind == LOSS_CONFIDENCE)
        js_key(w, "threshold"), js_int(w, l->threshold);
    if (l->kind == LOSS_FOCAL)
        js_key(w, "gamma"), js_real(w, l->gamma);
    if (l->kind == LOSS_KL)
        js_key(w, "temperature"), js_real(w, l->temperature);
}

/* choice_spec - which of its supervisor's labels it learns; what these are is in the supervisor's
 * own hash. Of a supervisor, which of the train part it learns beside its own. */
static void choice_spec(struct js *w, const struct plan *p, const struct job *j)
{
    const struct choice *c = j->taught ? j->taught : job_choice(p, j);
    if (!choice_keys(c->kind) || (c->kind == CHOICE_SUPERVISOR && !j->taught))
        return;
    js_key(w, j->taught ? "taught" : "choice"), js_open(w, '{');
    choice_json(c, w);
    if (c->kind == CHOICE_HUMAN)
        js_key(w, "alone"), js_bool(w, c->alone);
    if (c->kind == CHOICE_HUMAN || j->taught) /* are drawn */
        js_key(w, "seed_label"),
            js_int(w, (int64_t)study_seed(p->study, SEED_LABEL, j->repetition));
    js_close(w, '}');
}

/* end_json - and what follows its head: data, whose labels, settings. draws: the head starts from
 * random numbers. */
static void end_json(struct js *w, const struct plan *p, const struct job *j, bool draws)
{
    struct train_settings t;
    struct study_side side = *j->side;
    job_settings(p, j, &t);
    side.trainable = j->trainable;
    if (draws || side.random || j->trainable.kind == TRAIN_LORA) /* else nothing is drawn */
        js_key(w, "seed_init"), js_int(w, (int64_t)study_seed(p->study, SEED_INIT, j->repetition));
    js_key(w, "data"), js_open(w, '{');
    for (int part = 0; part < PART_COUNT; part++)
        if (job_reads(j, (enum task_part)part))
            js_key(w, lab_part_names[part]), js_str(w, p->data[j->repetition].part_hash[part]);
    js_close(w, '}');
    js_key(w, "part"), js_str(w, lab_part_names[j->part]);
    member_json(w, j);
    js_key(w, "max_tokens"), js_int(w, (int64_t)p->study->max_tokens);
    job_judge_json(w, p, j);
    js_key(w, "targets"), js_str(w, j->repair       ? j->repair->hash
                                    : j->supervisor ? j->supervisor->hash
                                                    : "ground truth");
    side_settings_json(w, &side);
    js_key(w, "seed_order"), js_int(w, (int64_t)t.seed_order);
    loss_json(w, &t.loss);
    if (j->slices > 1) {
        js_key(w, "slice"), js_int(w, (int64_t)j->slice);
        js_key(w, "slices"), js_int(w, (int64_t)j->slices);
    }
    if (j->labels)
        js_key(w, "labels"), js_bool(w, true);
    if (j->points)
        js_key(w, "points"), js_bool(w, true);
    if (j->train_points)
        js_key(w, "train_points"), js_bool(w, true);
    if (j->states)
        js_key(w, "states"), js_bool(w, true);
    choice_spec(w, p, j);
    js_key(w, "save"), js_bool(w, p->study->save);
}

int spec_train(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    int32_t rows[16];
    struct js w;
    js_init(&w, out);
    spec_begin(&w, p, j);
    head_json(&w, p);
    end_json(&w, p, j, !job_head(p, j, rows));
    if (p->study->save) { /* the saved model's config names its classes */
        js_key(&w, "classes"), js_open(&w, '[');
        for (size_t k = 0; k < task_classes(p->task); k++)
            js_str(&w, task_class_name(p->task, k));
        js_close(&w, ']');
    }
    js_close(&w, '}');
    return str_check(out, e);
}

int spec_write(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    struct js w;
    js_init(&w, out);
    spec_begin(&w, p, j);
    written_json(&w, p, j);
    end_json(&w, p, j, false);
    js_close(&w, '}');
    return str_check(out, e);
}

/* spec_untrained - of a student as it starts: nothing of how it would learn. */
int spec_untrained(const struct plan *p, const struct job *j, struct str *out, struct err *e)
{
    int32_t rows[16];
    bool writes = task_writes(p->task), draws = !writes && !job_head(p, j, rows);
    struct js w;
    js_init(&w, out);
    spec_begin(&w, p, j);
    if (writes)
        written_json(&w, p, j);
    else
        head_json(&w, p);
    if (draws || j->side->random)
        js_key(&w, "seed_init"),
            js_int(&w, (int64_t)study_seed(p->study, SEED_INIT, j->repetition));
    js_key(&w, "random"), js_bool(&w, j->side->random);
    js_key(&w, "data"), js_open(&w, '{');
    for (int part = 0; part < PART_COUNT; part++)
        if (job_reads(j, (enum task_part)part))
            js_key(&w, lab_part_names[part]), js_str(&w, p->data[j->repetition].part_hash[part]);
    js_close(&w, '}');
    js_key(&w, "max_tokens"), js_int(&w, (int64_t)p->study->max_tokens);
    js_key(&w, "micro_tokens"), js_int(&w, (int64_t)j->side->training.micro_tokens);
    js_close(&w, '}');
    return str_check(out, e);
}
