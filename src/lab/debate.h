/* debate.h - supervisors that read what others argue before they label: the settings of a study,
 * who argues, what a judge reads. The arguments are a job of their own (job_argue.c): for every
 * example and every class what the debaters' model writes when it is to argue for that class; the
 * forms differ in which of them a judge reads.
 *
 * docs/debate.md is the user's manual. Inside lab only. */
#ifndef W2S_LAB_DEBATE_H
#define W2S_LAB_DEBATE_H

#include "core/arena.h"
#include "core/doc.h"
#include "data/task.h"

/* What a judge reads: the example alone; one argument, for a class that is drawn or is right; two
 * copies of a strong model against each other, one for each class; the same by the judge's own
 * model. */
enum debate_form { DEBATE_ALONE, DEBATE_ADVISER, DEBATE_DEBATE, DEBATE_CONSULTANCY, DEBATE_FORMS };
extern const char *const debate_forms[]; /* ends with NULL */

struct debate_settings {
    enum debate_form forms[DEBATE_FORMS];
    size_t n_forms;    /* 0: a side without a debate */
    const char *model; /* who argues, whole; NULL: the students' one */
    size_t turns;      /* after the first each side has read what was said */
    size_t tokens;     /* at most, of an argument */
    size_t samples;    /* of which its author's own choice is taken; 1: the most probable words */
    double temperature;
    bool right;        /* an adviser argues for the right class, not for one that is drawn */
    const char *argue; /* stands behind the class that is argued for, before the argument */
};

struct assets;
struct study_side;
struct plan;
struct job;
struct study;
struct bench;
struct pair;
struct trio_seed;
struct trio_settings;

/* debate_read - of a side's map m (NULL: nothing), "debate". debate_json - as it stands in a study
 * file, with assets, else NULL, a local path from the root; nothing of a side without one. */
int debate_read(struct study_side *side, const struct doc *m, const char *name, struct err *e);
void debate_json(struct js *j, const struct study_side *side, const struct assets *assets);

/* debate_check - a debate fits its task and its models, after plan_models_open and plan_data_draw.
 * debate_model - the name of the model that argues. */
int debate_check(const struct plan *p, struct err *e);
const char *debate_model(const struct study *s);
/* debate_prepare - a judge's job, whose form is set, from now on stands on the arguments it reads.
 */
int debate_prepare(struct plan *p, struct job *judge, struct err *e);
/* job_argues - whether a job writes arguments. job_judge_json - what of a debate can change a
 * judge's result, as a member of an open object; nothing of others. job_judge_id - appended to the
 * name of its model, "/debate". job_judge_words - the same for people. job_told - whether it reads
 * an adviser who is always right, and so the truth: an upper bound. job_judge_form - as results
 * call it. */
bool job_told(const struct job *j);
const char *job_judge_form(const struct job *j);
bool job_argues(const struct job *j);
void job_judge_json(struct js *w, const struct plan *p, const struct job *j);
void job_judge_id(const struct job *j, struct str *out);
void job_judge_words(const struct job *j, struct str *out);

/* arguing_tokens - that writing arguments works out, where a part's texts have so many: those that
 * are read, whole texts at a time, and *written, one after the other, all as long as they may be.
 */
double arguing_tokens(const struct plan *p, const struct job *j, const size_t tokens[PART_COUNT],
                      double *written);
/* heard_tokens - that a judge reads behind each text, where all are as long; 0 of who is none. */
double heard_tokens(const struct plan *p, const struct job *j);

/* arguments - of a part: for each example of each turn what was argued for each class. */
struct arguments {
    struct arena arena;
    const char **text; /* [n*turns*K] */
    size_t n, turns, K;
};
int arguments_init(struct arguments *a, size_t n, size_t turns, size_t K, struct err *e);
void arguments_release(struct arguments *a);
const char **arguments_at(const struct arguments *a, size_t i, size_t turn, size_t k);
/* arguments_write - as JSON lines with the examples' ids. job_arguments - what a finished job left.
 */
int arguments_write(const struct arguments *a, const struct example *x, const char *path,
                    struct err *e);
int job_arguments(const struct plan *p, const struct job *j, enum task_part part,
                  struct arguments *out, struct err *e);

/* transcript_add - appended: lines of the first `turns` turns of example i, "Argument for positive:
 * ...", the classes in an order that seed and the example's id draw; of an adviser (one not
 * negative) that class's first argument alone. words: of each class. transcript_adviser - the class
 * that an adviser argues for. */
void transcript_add(const struct arguments *a, size_t i, size_t turns, const char *id, int one,
                    const char *const *words, uint64_t seed, struct str *out);
int transcript_adviser(const struct example *x, size_t K, bool right, uint64_t seed);

/* argument_best - of n drafts for class k, whose scores [n,K] are log p of the classes' words with
 * each, the one with which class k has the largest share; the first of equals. */
size_t argument_best(const double *scores, size_t n, size_t K, size_t k);

/* heard - examples of a part with what was argued about them behind each text. */
struct heard {
    struct arena arena;
    struct example *x; /* [n] */
};
int heard_make(struct heard *h, const struct plan *p, const struct job *judge, enum task_part part,
               struct err *e);
void heard_release(struct heard *h);

/* judge_json - "judge" of a pair whose supervisor is one: its form, and its accuracy minus that of
 * the same judge alone, with its interval, where the study has that (results_judge.c). */
int judge_json(struct js *w, const struct bench *b, const struct pair *q, const struct trio_seed *t,
               const size_t *alive, size_t n, const struct trio_settings *set, struct err *e);

#endif
