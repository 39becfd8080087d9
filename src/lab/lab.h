/* lab.h - run a study: study file -> jobs -> predictions -> results.json.
 *
 *     study --plan_make--> jobs, in an order where supervisors come first
 *     job   --job_run----> runs/jobs/<hash>/ (predictions, curve, result), or a failure that the
 * study survives jobs  --results_write--> runs/studies/<name>/results.json, which is all that the
 * report reads
 */
#ifndef W2S_LAB_LAB_H
#define W2S_LAB_LAB_H

#include "lab/samples.h"
#include "lab/study.h"
#include "model/model.h"
#include "store/asset.h"
#include "store/store.h"

struct pace;

/* What a run stands on; borrowed. */
struct lab {
    const char *share; /* folder with tasks/, studies/, assets.yaml */
    const char *runs;  /* the runs folder: whose ladders "ladder:" names */
    struct store *store;
    struct assets *assets;
    struct dev *dev;
    struct log *log;
    const char *offline; /* as in struct asset_options */
    int threads;         /* of a job that can use them; 0: par_threads() */
    /* Small jobs at once; 0: as many as threads. Workers are started by `worker`, a command line
     * (ends with NULL) that comes to lab_work with the same study; NULL: none are. */
    size_t jobs;
    const char *const *worker;
    struct pace *pace; /* what estimates measured, kept (lab/pace.h); NULL: each measures anew */
    struct samples *samples; /* what the bootstrap draws of each pair is added to; NULL: not kept */
    const char *version;     /* of the program, for the results */
    const char *command;     /* the command line, for the results */
};

/* lab_model - a checkpoint by name, opened once: its weights, tokenizer and identity. */
struct lab_model {
    const char *name;  /* as the study has it */
    const char *shown; /* as people read it: shown_name; NULL outside a plan */
    struct weights *weights;
    struct tokenizer *tokenizer;
    char hash[HASH_HEX], tokenizer_hash[HASH_HEX];
};
/* lab_model_place - where a model that a study names lies: ladder:LADDER/MODEL is one that `w2s
 * pretrain LADDER` left in lab->runs, all else is asset_path's. ERR_INPUT with what makes it.
 * lab_ladder_model - whether the name is such a one, of that ladder (NULL: of any). */
int lab_model_place(const struct lab *lab, const char *name, struct str *path, struct err *e);
bool lab_ladder_model(const char *name, const char *ladder);
/* lab_study_of_ladder - whether a model that a study names is of that ladder. */
bool lab_study_of_ladder(const struct study *s, const char *ladder);
/* lab_weights_open - a model's weights alone, with the adapters whose folder name is; path: where
 * the weights are. Owner: caller, weights_close. */
int lab_weights_open(struct weights **w, const struct lab *lab, const char *name, struct str *path,
                     struct err *e);
int lab_model_open(struct lab_model *m, const struct lab *lab, const char *name, struct err *e);
/* lab_tokenizer_open - the same with the tokenizer alone: a folder without weights will do. weights
 * is NULL unless it is a GGUF file, hashes are empty. */
int lab_tokenizer_open(struct lab_model *m, const struct lab *lab, const char *name, struct err *e);
/* lab_tokenizer_save - its tokenizer's files into a folder that is there, so that the folder is a
 * whole model. */
int lab_tokenizer_save(const struct lab_model *m, const char *dir, struct err *e);
void lab_model_close(struct lab_model *m);

/* lab_is_path - whether a task's or study's name is a path: it has a slash or ends in .yaml,
 * @SOURCE aside. */
bool lab_is_path(const char *name);
/* lab_task_source - of NAME@SOURCE the latter; NULL where there is none. */
const char *lab_task_source(const char *name);
/* lab_task_read - a task's file, by name as below; its data is not looked at. */
int lab_task_read(struct task **t, const char *share, const char *name, struct err *e);
/* lab_task_open - a task by name (share/tasks/NAME.yaml) or by a path that ends in .yaml; *dir:
 * where its data lies, fetched where needed. Of several sources the one that @SOURCE behind the
 * name asks for, else the first whose files are there, else the first that can be fetched. */
int lab_task_open(struct task **t, struct str *dir, const struct lab *lab, const char *name,
                  struct err *e);
/* lab_task_passed - of a task that lab_task_open took without @SOURCE (name is what it was given):
 * the names of the sources that were looked for before the one in use and were not there, appended.
 */
void lab_task_passed(const struct task *t, const char *name, struct str *out);
/* lab_duckdb - DuckDB's program, for Parquet and SQL: the asset where it is fetched already, else
 * that of PATH (1.2 or newer), else the asset, fetched. */
int lab_duckdb(const struct lab *lab, struct str *path, struct err *e);
/* lab_study_path - a study by path, or by name (share/studies/NAME.yaml); lab_ladder_path - a
 * ladder of models (share/ladders/NAME.yaml); lab_finding_path - a finding
 * (share/findings/NAME.yaml).
 */
int lab_finding_path(const char *share, const char *name, struct str *path, struct err *e);
int lab_ladder_path(const char *share, const char *name, struct str *path, struct err *e);
int lab_study_path(const char *share, const char *name, struct str *path, struct err *e);

struct lab_summary {
    size_t jobs, found, ran, failed; /* found: done by an earlier run */
    double seconds;
    struct str dir; /* runs/studies/<name>, with results.json in it */
    /* After OK: dir is held (store_study_hold), so that what is read there is what this run
     * computed; the caller's, file_unlock. Else -1. */
    int hold;
};

/* lab_run - every job that is not there yet, then the results. A failed job is counted and the rest
 * goes on. ERR_INTERRUPTED where the user stopped it; what was done stays. */
int lab_run(const struct lab *lab, const struct study *s, struct lab_summary *out, struct err *e);

/* lab_import - predictions that other programs made, as the import file at path says
 * (docs/import.md; overrides as study_read's), into results as lab_run's. */
int lab_import(const struct lab *lab, const char *path, const char *const *overrides, size_t n,
               struct lab_summary *out, struct err *e);

/* lab_work - be a worker of lab_run: compute the jobs whose hashes come, one a line, on standard
 * input, until it ends; say what became of each on standard output. The device has one thread. */
int lab_work(const struct lab *lab, const struct study *s, struct err *e);

/* lab_labels_print - what the study's supervisors say of every example that students learn from, as
 * CSV or (json) an object a line (docs/result-files.md); one that is not computed yet: ERR_INPUT.
 */
int lab_labels_print(const struct lab *lab, const struct study *s, bool json, struct str *out,
                     struct err *e);

/* lab_examples_print - the study's examples, as CSV or (json) an object a line: seed, part, id,
 * question, source, truth (the class's number), text as models read it. Nothing needs to be
 * computed. */
int lab_examples_print(const struct lab *lab, const struct study *s, bool json, struct str *out,
                       struct err *e);

/* lab_plan_print - the jobs with their state, estimated time and memory, as a table (or JSON);
 * nothing is computed but a short measurement of the machine's product rate. */
int lab_plan_print(const struct lab *lab, const struct study *s, bool json, struct str *out,
                   struct err *e);

#endif
