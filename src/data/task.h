/* task.h - a task: from a YAML file (tasks/NAME.yaml) to labelled, rendered examples and their
 * splits.
 *
 * docs/tasks.md is the user's manual of the file. To add a task: write that file; nothing is
 * compiled. */
#ifndef W2S_DATA_TASK_H
#define W2S_DATA_TASK_H

#include "core/arena.h"
#include "core/log.h"
#include "data/table.h"

enum task_part { PART_SUPERVISE, PART_TRAIN, PART_VALID, PART_TEST, PART_COUNT };

/* reading - a text that a model reads. */
struct reading {
    const char *text; /* rendered by the template, UTF-8, NUL-terminated */
    size_t len;
    /* Bytes of the long field within text: what truncation shortens, from its left. */
    size_t long_begin, long_end;
    double rating; /* people's, of this text; NAN where the task has none */
};

/* An example is one text, or alternatives of which one is right, each read on its own and given a
 * reward: then the label is the place of the right one, and text is what people read, the lines
 * that all begin with once. */
struct example {
    const char *text;
    size_t len;
    size_t long_begin, long_end;  /* as a reading's; unused with alternatives */
    const int *votes;             /* [task_votes] the class that each says, -1 none; NULL */
    struct reading *alternatives; /* [n_alternatives]; NULL: the text itself is read */
    size_t n_alternatives;        /* task_alternatives of its task */
    int label;                    /* 0..classes-1 */
    /* Of a task that is answered by writing: the answer; with a position (FEN) it is a move there.
     * Else NULL. */
    const char *answer, *position;
    double level; /* what task_band tells examples apart by; NAN where the task has none */
    /* Its question, by 64 bits of the sum of what makes it one: the same in every draw. Examples of
     * one question never straddle a split. */
    uint64_t question;
    /* The task's own strength of the label (|mean rating|), NAN where it has none. */
    double confidence;
    const char *source; /* "train.json:118": path below dir, line */
    /* Of a choice the candidate; the fields that the task calls "alone". NULL: none. What is looked
     * at by data/lint.h, no part of what is learnt from. */
    const char *candidate, *alone;
    char id[17]; /* 16 hex digits of question and text: stable across runs and models */
};

struct task; /* a task file, read and checked */

/* task_read - ERR_INPUT, "path:line: ...", for whatever is wrong with the file; no data is looked
 * at. Owner: caller, task_free. What the others return lives as long as the task. */
int task_read(struct task **out, const char *path, struct err *e);
/* task_named - one without a file, which nothing can be drawn of: what predictions that were made
 * elsewhere are of. */
int task_named(struct task **out, const char *name, const char *title, const char *citation,
               const char *licence, const char *const *classes, size_t n, struct err *e);
void task_free(struct task *t);
const char *task_name(const struct task *t);
const char *task_title(const struct task *t);
const char *task_citation(const struct task *t);
const char *task_licence(const struct task *t);
size_t task_classes(const struct task *t);
const char *task_class_name(const struct task *t, size_t k);
/* task_label_word - whose unembedding row the head starts from. */
const char *task_label_word(const struct task *t, size_t k);
/* task_alternatives - texts of an example that are given a reward each, as many as it has classes;
 * 0: an example is one text. task_reward_word - whose unembedding row a reward starts from, or
 * NULL.
 */
size_t task_alternatives(const struct task *t);
/* task_votes - how many others (a person's ratings, a heuristic) say a class of every row, by name.
 */
size_t task_votes(const struct task *t);
const char *task_vote_name(const struct task *t, size_t i);
const char *task_reward_word(const struct task *t);
/* task_writes - whether examples are answered by writing text: then there is one class, whose label
 * all have, and data/answer.h says what is right. task_moves - whether this is a move of chess, so
 * that it can be legal or not. */
bool task_writes(const struct task *t);
bool task_moves(const struct task *t);
/* task_bands - into how many bands examples fall by their level, in rising order; 0: none.
 * task_band - which one. task_band_name - appended: "below 1200", "1200 to 1600", "1600 and more".
 */
#define TASK_BANDS 16
size_t task_bands(const struct task *t);
size_t task_band(const struct task *t, double level);
void task_band_name(const struct task *t, size_t k, struct str *out);
const char *task_file(const struct task *t);
/* task_asset - name of the asset the task's files are in, NULL where it names plain paths. */
const char *task_asset(const struct task *t);

/* A task may have several sources, its own files each; what the functions here say and what is read
 * is of the one in use, at first the first. task_source_name - NULL where the file gives none. */
size_t task_sources(const struct task *t);
const char *task_source_name(const struct task *t);
/* task_source_at - the i-th one's name, by order in the file; NULL where it has none. */
const char *task_source_at(const struct task *t, size_t i);
int task_source_use(struct task *t, size_t i, struct err *e);
/* task_wants_duckdb - whether DuckDB's program reads one of its files; task_duckdb - which program,
 * for the source in use. */
bool task_wants_duckdb(const struct task *t);
int task_duckdb(struct task *t, const char *program, struct err *e);
/* task_source_missing - the first of its files that is not below dir, by its name in the task file;
 * of one in an archive the archive alone is looked for. NULL: all are there. */
const char *task_source_missing(const struct task *t, const char *dir);

struct task_sizes { /* examples wanted of each part; 0: none */
    size_t n[PART_COUNT];
    uint32_t bands[PART_COUNT]; /* bit k: examples of band k (task_band); 0: of all */
};
struct task_seeds { /* separate, protocol.md section 5 */
    uint64_t split; /* which questions go where, and balancing */
    uint64_t label; /* multiple choice: right answer or which distractor */
};

/* dataset - the parts of one draw. What it holds depends on the task file, its data, sizes and
 * seeds alone, never on a tokenizer or model; how much of a long text is kept is decided once for
 * all tokenizers of a study (dataset_cut, data/pack.h). As it is drawn, no text is in it twice:
 * equal ones are dropped while they are whole, and a cut can make others equal, which are kept and
 * counted. No question is in two parts; the classes of the test part are equal in number (the lower
 * ones have one more where they do not divide). How the parts are cut: data/split.h and
 * docs/tasks.md. */
struct dataset {
    struct arena arena;
    size_t classes, alternatives, votes; /* as task_classes, task_alternatives, task_votes */
    bool writes;                         /* as task_writes */
    struct example *part[PART_COUNT];
    size_t n[PART_COUNT];
    /* Of the source: rows read, left out by the label rule, examples made of the others. */
    size_t rows_read, rows_left_out, examples;
    /* Of all examples less those dropped, before and after balancing. */
    size_t class_before[16], class_after[16];
    size_t duplicates_dropped;     /* equal texts, all but the first */
    size_t duplicates_in_conflict; /* of those: with another label than the first */
    size_t straddlers_dropped; /* examples whose question is also in a test or validation file */
    size_t shortened;          /* texts whose long field was cut to max_chars */
    /* Of dataset_cut: the limit (0: not cut), what of it is kept for an answer that is to be
     * written (the most tokens of any, and its end), how many examples lost characters, how many
     * these. */
    size_t max_tokens, answer_tokens, cut[PART_COUNT], cut_chars[PART_COUNT];
    /* Of dataset_cut: examples whose text, as it is read now, another of their part has; one of
     * another part has. An example may be both. */
    size_t repeated[PART_COUNT], shared[PART_COUNT];
    char hash[65]; /* of all parts */
    /* Of a part's ids, labels, texts and long fields: enters the hashes of the jobs that read it.
     */
    char part_hash[PART_COUNT][65];
};

/* dataset_draw - dir: the asset's folder (or the task file's folder) where the task's paths are
 * looked up. A field that is not there, a label outside its range, a class without an example, more
 * examples asked for than there are: ERR_INPUT, "task NAME: ..." with the place. log may be NULL.
 * After an error d is released. */
int dataset_draw(struct dataset *d, const struct task *t, const char *dir,
                 const struct task_sizes *sizes, const struct task_seeds *seeds, struct log *log,
                 struct err *e);
/* source - a task's files for many draws: read once. source_draw - as dataset_draw. Owner: caller,
 * source_free; t outlives it. */
struct source;
int source_new(struct source **out, const struct task *t, const char *dir, struct err *e);
int source_draw(struct source *s, struct dataset *d, const struct task_sizes *sizes,
                const struct task_seeds *seeds, struct log *log, struct err *e);
/* source_short - whether the last draw failed because more examples were asked for than there are.
 */
bool source_short(const struct source *s);
void source_free(struct source *s); /* accepts NULL */
/* examples_questions - how many different questions n examples are of. */
int examples_questions(const struct example *x, size_t n, size_t *count, struct err *e);
/* dataset_hash - d->hash and part_hash, from what the parts hold now. */
int dataset_hash(struct dataset *d, struct err *e);
/* dataset_votes_hash - of what the vote-th says of the examples of a part, and of which they are.
 */
int dataset_votes_hash(const struct dataset *d, enum task_part part, size_t vote, char hex[65],
                       struct err *e);
void dataset_release(struct dataset *d);

#endif
