/* study.h - a study file: what is compared with what, and every setting that can change a result.
 *
 * docs/studies.md is the user's manual of the file. */
#ifndef W2S_LAB_STUDY_H
#define W2S_LAB_STUDY_H

#include "core/doc.h"
#include "data/prompt.h"
#include "data/task.h"
#include "lab/ensemble.h"
#include "lab/method.h"
#include "lab/debate.h"
#include "lab/simulate.h"
#include "lab/probe.h"
#include "store/asset.h"
#include "train/train.h"

#define STUDY_LIST 32  /* entries a list of layers, models or methods may have */
#define STUDY_NAME 200 /* bytes of a name: it is a folder's */

/* How a model comes to answer: it is trained, or asked with examples before the question
 * (lab/prompting.h), or a probe is fitted on its features (lab/probe.h). */
enum learner { LEARNER_FINETUNE, LEARNER_PROMPT, LEARNER_PROBE };
extern const char *const learner_names[]; /* ends with NULL */

struct prompt_settings {
    size_t shots;         /* labelled examples before the one that is asked about */
    bool calibrate;       /* by what the prompt says of no content */
    struct asking asking; /* what the study says otherwise than its task */
};

/* A side of the experiment: the models that play it, and how they learn. */
struct study_side {
    /* Of a supervisor: what others say, in the place of models: names of the task's votes
     * (task_votes), or paths of files with labels (lab/given.h), or of what is simulated. */
    const char *votes[STUDY_LIST];
    size_t n_votes;
    bool labels;    /* they are paths */
    bool simulates; /* they are made of ground truth, each as said here */
    struct simulation simulated[STUDY_LIST];
    /* Of supervisors that are several models each, how and, in the order of model and layers, as
     * what; of combine one name alone. */
    struct ensemble ensemble;
    const char **together;
    const char *models[STUDY_LIST]; /* asset names or paths; none with votes */
    size_t n_models;
    size_t layers[STUDY_LIST]; /* 0: all of them */
    size_t n_layers;
    bool random; /* every model starts from random weights of the repetition's init seed, not from
                    the checkpoint's */
    enum learner learner;
    struct prompt_settings prompt; /* of LEARNER_PROMPT */
    struct debate_settings debate; /* of supervisors that are judges */
    struct trainable trainable;
    struct train_settings training; /* loss and seed are filled in for each job */
};

/* How answers are written: the most probable token, or the most probable of those that spell a
 * legal move. */
enum decoding { DECODING_GREEDY, DECODING_LEGAL };
extern const char *const decoding_names[]; /* ends with NULL */

enum study_seed { SEED_SPLIT, SEED_LABEL, SEED_INIT, SEED_ORDER, SEED_COUNT };

struct study {
    struct doc_tree tree; /* the file with its overrides: strings below live in it */
    const char *name, *title, *task;
    char titled[400];         /* the title with what was overridden */
    char own[STUDY_NAME + 1]; /* the name of a study with overrides: the file's and the hash of the
                                 settings, so that one does not write over the other's results */
    struct task_sizes sizes;  /* its bands are set when the task is there (plan_data.c) */
    const char *bands[PART_COUNT][STUDY_LIST]; /* names of the task's bands that a part is of */
    size_t n_bands[PART_COUNT];                /* 0: of all */
    size_t max_tokens;
    struct study_side supervisor, student;
    struct study_side generative; /* how every model learns the task's texts first, */
    bool generates;               /* if it does; no models of its own */
    /* n_named that it names, then those that are run beside them (baselines.c) */
    const struct method *methods[STUDY_LIST];
    size_t n_methods, n_named;
    struct method_settings settings;
    struct probe_settings probe;
    enum precision precision; /* of large products, as asked for; the device says what it is */
    enum decoding decoding;   /* of tasks that are answered by writing */
    bool baselines;           /* beside methods that are told labels, unless it names them */
    bool controls;            /* add ground truth as weak label: PGR must be 1 */
    bool untrained;           /* add every student as it is before it learns anything */
    bool imported;            /* of predictions that another program made (lab/import.c) */
    bool recited;    /* add how much of the test part every student's model knows by heart */
    bool test_curve; /* curves of students and ceilings are of the test part too */
    bool save;       /* keep every trained model as a Hugging Face folder in its job */
    size_t seeds;    /* repetitions */
    uint64_t seed[SEED_COUNT]; /* of the first repetition; the r-th has + r, but for those held */
    bool held[SEED_COUNT];
    size_t bootstrap; /* replicates */
    double level;
};

/* study_read - path: a study file; overrides: "key=value", dotted keys. Unknown keys, methods,
 * wrong values: ERR_INPUT with file and line. */
int study_read(struct study *s, const char *path, const char *const *overrides, size_t n,
               struct err *e);
/* study_read_from - the same of overrides that stand elsewhere than on the command line: from [n]
 * is where each does, "finding.yaml:12", NULL of one of the command line. */
int study_read_from(struct study *s, const char *path, const char *const *overrides,
                    const char *const *from, size_t n, struct err *e);
void study_release(struct study *s);

/* What other files share that say how models learn: training_read - those of training_keys that m
 * (NULL: none) has, over what t is; keys are not checked. precision_names: enum precision's, ending
 * with NULL as training_keys does. */
extern const char *const training_keys[], *const precision_names[];
int training_read(struct train_settings *t, const struct doc *m, struct err *e);
/* trainable_read - the value of a key "trainable". */
int trainable_read(struct trainable *t, const struct doc *d, struct err *e);
uint64_t study_seed(const struct study *s, enum study_seed which, size_t repetition);

/* study_tree - the file at path with its overrides, a map; study_name - its name, which is a
 * folder's.
 */
int study_tree(struct doc_tree *t, const char *path, const char *const *overrides, size_t n,
               struct err *e);
int study_name(const struct doc *root, const char **name, struct err *e);

/* study_resolved - every setting, defaults included, as YAML that study_read takes and that gives
 * the same jobs under the same name. With assets (else NULL) local paths are absolute, so that it
 * can be run from any folder. source: the one of the task's that is in use (else NULL): the file
 * asks for it, and is the same experiment wherever it is run, or is refused. */
int study_resolved(const struct study *s, const struct assets *assets, const char *source,
                   struct str *yaml, struct err *e);

/* study_names - a study that was read with overrides has a name and a title of its own, unless they
 * were given there: used by study_read. */
int study_names(struct study *s, const char *const *overrides, size_t n, struct err *e);

/* study_same - whether two studies are one but for what they are called (study_idle.c). study_idle
 * - s was read of path with n overrides; where it is the same study without the k-th of them, why
 * is appended: "focal.gamma=1 changes nothing in this study: focal is none of its methods"; else
 * nothing. */
int study_same(const struct study *a, const struct study *b, bool *same, struct err *e);
int study_idle(const struct study *s, const char *path, const char *const *overrides, size_t n,
               size_t k, struct str *why, struct err *e);

/* side_untuned - what keeps the models of a side from being one fine-tuned model each, as "are
 * simulated" goes on from "the supervisors"; NULL: nothing does. Judges of arguments are such. */
const char *side_untuned(const struct study_side *side);

/* ensemble_name - of the i-th supervisor of a side with an ensemble, in a: "bagging-5-2"
 * (job_ensemble.c).
 */
int ensemble_name(const struct study_side *side, size_t i, const char **name, struct arena *a,
                  struct err *e);
/* study_probe.c: probing_read - the map m of a side (NULL: none) whose learner is set. probing_json
 * - its keys as they stand in a study file, and in results. probe_read - "probe", and whether what
 * a study asks of probes can be had. probe_json - the settings, where anything is a probe. */
int probing_read(const struct study_side *side, const struct doc *m, struct err *e);
void probing_json(struct js *j, const struct study_side *side);
int probe_read(struct study *s, struct err *e);
void probe_json(const struct study *s, struct js *j);

/* baselines.c: baselines_read - "baselines", and the methods that are run beside a charged one
 * (method.h), which have its share: ERR_INPUT where charged methods differ in theirs, or where
 * supervisors would have to learn labels and learn none. baselines_run - whether a method of the
 * study is one that it does not name. baselines_say - one sentence, appended: what is run so;
 * nothing where nothing is. baselines_json - "baselines" of results: the charged methods, what is
 * run beside them, what is left out, and why; nothing where no method is charged. */
int baselines_read(struct study *s, struct err *e);
bool baselines_run(const struct study *s, const struct method *m);
void baselines_say(const struct study *s, struct str *out);
void baselines_json(const struct study *s, struct js *j);

/* The words of a study file, each list ends with NULL: used by study_read and study_resolved. */
extern const char *const study_part_names[],
    *const study_seed_names[], *const study_weights_names[], *const schedule_names[],
                                                                 *const probe_keys[];

/* side_settings_json - what of a side's training can change a result, as members of an open JSON
 * object: enters job hashes. */
void side_settings_json(struct js *j, const struct study_side *side);

#endif
