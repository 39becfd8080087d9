/* ladder.h - a ladder of models from random weights: language models of several sizes that learn to
 * predict the same documents.
 *
 * docs/pretrain.md is the user's manual of the file. A model of it is a job of the store (store.h),
 * named by the hash of all that can change its bits; it can be stopped at any moment, and goes on.
 */
#ifndef W2S_LAB_LADDER_H
#define W2S_LAB_LADDER_H

#include "lab/lab.h"

#define LADDER_MODELS 32
#define LADDER_FILES  64

struct ladder_model {
    const char *name;
    size_t layers, width, heads, kv_heads, mlp; /* kv_heads, mlp 0: by the others */
    size_t tokens;                              /* to learn from */
    struct train_settings training;
};

struct ladder {
    struct doc_tree tree; /* strings below live in it */
    const char *name, *title;
    bool games;                      /* files are of games (pgn), not texts */
    const char *files[LADDER_FILES]; /* assets, folders, files */
    size_t n_files;
    const char *field;     /* of texts in tables */
    size_t valid;          /* documents held out */
    double positions;      /* corpus_plan's */
    const char *tokenizer; /* "moves", "bytes", or a model's name */
    size_t vocabulary;     /* of moves */
    size_t context;
    const char *family;
    enum precision precision;
    uint64_t seed;
    struct ladder_model models[LADDER_MODELS];
    size_t n;
};

/* ladder_read - path: a ladder's file; overrides as study_read's. Unknown keys, wrong values:
 * ERR_INPUT with file and line. */
int ladder_read(struct ladder *l, const char *path, const char *const *overrides, size_t n,
                struct err *e);
void ladder_release(struct ladder *l);
/* ladder_config - the model's numbers; vocab and eos are the tokenizer's. ERR_INPUT where they do
 * not fit together, naming the model. */
int ladder_config(const struct ladder *l, const struct ladder_model *m, size_t vocab, int64_t eos,
                  struct model_config *c, struct err *e);

/* ladder_run - every model that is not there yet, then a whole Hugging Face folder of each at
 * runs/ladders/<name>/<model>, and ladder.csv there; out: a table for people, or (json) the same as
 * one object. A model that fails is counted in *failed and the rest goes on. ERR_INTERRUPTED where
 * the user stopped it; what was done stays. */
int ladder_run(const struct lab *lab, const struct ladder *l, bool json, struct str *out,
               size_t *failed, struct err *e);

/* ladder_whole - whether every model of it lies at runs/ladders/<name>/<model>, whatever settings
 * made it: what a study that names them reads. */
int ladder_whole(const struct lab *lab, const struct ladder *l, bool *whole, struct err *e);

/* ladder_plan_print - for each model whether it is there, and what it would take: memory as it is
 * counted, time by a few steps that are timed on what is held out. A table, or (json) a list of
 * objects. Nothing is kept but the tokenizer that is made for the ladder. */
int ladder_plan_print(const struct lab *lab, const struct ladder *l, bool json, struct str *out,
                      struct err *e);

#endif
