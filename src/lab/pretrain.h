/* pretrain.h - a ladder at work, for the files that make it up. Inside lab only. */
#ifndef W2S_LAB_PRETRAIN_H
#define W2S_LAB_PRETRAIN_H

#include "data/corpus.h"
#include "lab/ladder.h"
#include "lab/plan.h"

enum held_set { HELD_DOCUMENTS, HELD_MOVES, HELD_POSITIONS, HELD_COUNT };

struct rung { /* a model of the ladder, as a job */
    const struct ladder_model *model;
    struct model_config config;
    char label[2 * STUDY_NAME + 4], hash[HASH_HEX];
    char *spec; /* the JSON that was hashed; heap */
    enum job_state state;
    struct err why; /* of a failure */
};

struct pretraining {
    const struct lab *lab;
    const struct ladder *ladder;
    struct corpus corpus;
    size_t *order;  /* [corpus.n] the first ladder->valid are held out */
    struct str dir; /* runs/ladders/<name> */
    char **words;   /* of a tokenizer of its own */
    size_t n_words;
    struct lab_model given; /* else whose tokenizer it is */
    struct tokenizer *own;
    const struct tokenizer *tokenizer; /* one of both */
    struct answer_writer writer;
    struct token_set held[HELD_COUNT];
    struct rung rungs[LADDER_MODELS];
};

/* pretraining_open - documents read, held out, tokenized; the jobs named. Undone by
 * pretraining_close, after an error too. */
int pretraining_open(struct pretraining *p, const struct lab *lab, const struct ladder *l,
                     struct err *e);
void pretraining_close(struct pretraining *p);
struct corpus_plan pretraining_plan(const struct pretraining *p, size_t tokens);
bool pretraining_own(const struct ladder *l); /* whether the tokenizer is made here */

/* rung_run - compute one into the store; *busy as store_begin. */
int rung_run(const struct pretraining *p, struct rung *r, bool *busy, struct err *e);

/* rung_bytes - of memory that it takes, as estimated; SIZE_MAX: more than can be counted. */
size_t rung_bytes(const struct pretraining *p, const struct rung *r);

/* ladder_table - of all that are done: ladder.csv in p->dir, and out. */
int ladder_table(const struct pretraining *p, bool json, struct str *out, struct err *e);

#endif
