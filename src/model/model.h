/* model.h - one forward and one backward for every family, over the operation table.
 *
 *     tokens -> embed -> [norm1 -> qkv -> rope -> attention -> out -> + -> norm2 -> mlp -> +] x L -> norm -> head
 *
 * A model is its parameters; a `pass` is the activations of one forward over one packed batch. Heads read the last rows of
 * each sequence: one row for a classifier or a reward, any number for a language model; the last block computes its query, output projection
 * and MLP, and the final norm and head, on the read rows only. Blocks below the first trainable one keep nothing for a backward, and
 * their output (the features) can be computed once and given to later passes. */
#ifndef W2S_MODEL_MODEL_H
#define W2S_MODEL_MODEL_H

#include "core/batch.h"
#include "core/log.h"
#include "model/family.h"

enum head_kind { HEAD_LM, HEAD_CLASSIFIER, HEAD_REWARD };

struct head_spec {
    enum head_kind kind;
    size_t classes;            /* K; 1 for a reward; ignored for LM (V) */
    const int32_t *init_rows;  /* [K] unembedding rows that the head starts as a copy of, or NULL: normal(0, 0.02) from seed */
    uint64_t seed;
};

enum trainable_kind { TRAIN_ALL, TRAIN_TOP, TRAIN_HEAD };
struct trainable {
    enum trainable_kind kind;
    size_t top;      /* blocks from the end, with the final norm and the head */
    bool embeddings; /* with ALL: the embedding (and positions) too; a tied unembedding used as LM head then learns with it */
};

struct model_param {
    struct param_spec spec; /* head: name "head.weight", kind MATRIX, layer L */
    float *w;               /* device, rows*cols */
    float *g;               /* gradient, device; NULL where frozen */
};

struct model {
    struct model_config cfg;
    struct dev *dev;
    struct model_param *params;
    size_t n_params; /* the head, where it is a classifier's or a reward's, is the last */
    struct head_spec head;
    struct trainable trainable;
    size_t cut; /* first block with a trainable parameter (L: none); blocks below are frozen */
};

struct model_options {
    size_t layers;    /* keep the first so many (0: all); the final norm stays */
    struct log *log;  /* progress of loading; may be NULL */
};

/* model_load - of an open checkpoint; the weights may be closed after. Nothing is trainable, head LM.
 * `layers` beyond the checkpoint's is ERR_INPUT. model_random - normal(0, 0.02), output projections scaled by 1/sqrt(2L)
 * as GPT-2, norms 1 and 0. Owner: caller, model_free; dev outlives it. */
int model_load(struct model **out, struct dev *dev, const struct weights *w, const struct model_options *o, struct err *e);
int model_random(struct model **out, struct dev *dev, const struct model_config *c, uint64_t seed, struct err *e);
void model_free(struct model *m);

/* model_head_set - replace the head; its parameter is new. model_trainable_set - gradients are allocated for what learns and
 * freed for what does not; sets cut. The head of a classifier or reward always learns unless nothing does. */
int model_head_set(struct model *m, const struct head_spec *h, struct err *e);
int model_trainable_set(struct model *m, const struct trainable *t, struct err *e);
void model_trainable_none(struct model *m);
void model_grad_zero(struct model *m);
size_t model_outputs(const struct model *m); /* columns of the logits: K, 1 or V */
size_t model_bytes(const struct model_config *c, const struct trainable *t, size_t batch_tokens); /* estimate for training, for --dry-run */
double model_flops(const struct model_config *c, const struct trainable *t, size_t tokens, size_t seqs, bool features_given); /* of one fwd+bwd */

int model_save(const struct model *m, const char *dir, struct err *e); /* Hugging Face folder; a classifier head as score.weight of ...ForSequenceClassification where transformers has that class, beside it w2s_head.json */

struct pass;
int pass_new(struct pass **out, struct model *m, struct err *e);
void pass_free(struct pass *p);

struct pass_input {
    const struct batch *batch;
    const int32_t *reads;   /* [S] how many last rows of each sequence the head reads; NULL: one each for classifier/reward, all for LM */
    const float *features;  /* host [N,C] (or [S,C] of the last rows where cut == L): the output of blocks below cut; NULL: computed from tokens */
    bool keep;              /* a backward will follow */
};
/* pass_forward - logits [R,outputs] on the device, R = sum of reads, valid until the next call. Same input, same bits, whatever else is in
 * the batch (to the tolerance of matmul's own blocking: see tests). A token id outside [0,V) or a sequence longer than
 * cfg.positions is ERR_INPUT. ERR_NOMEM where activations do not fit. */
int pass_forward(struct pass *p, const struct pass_input *in, const float **logits, size_t *R, struct err *e);
/* pass_backward - after a forward with keep: adds to every g. dlogits [R,outputs], device; may be overwritten. */
void pass_backward(struct pass *p, float *dlogits);
/* pass_features - blocks below cut only: host out [N,C], or the last rows [S,C] where cut == L. */
int pass_features(struct pass *p, const struct batch *b, float *out, struct err *e);
/* pass_hidden - as forward, but ends before the final norm: the last row of each sequence [S,C] after block `layer` (1..L), host; for probes. */
int pass_hidden(struct pass *p, const struct batch *b, size_t layer, float *out, struct err *e);

/* decode - one sequence, token by token, with a key/value cache. */
struct decode;
int decode_new(struct decode **out, struct model *m, size_t max_tokens, struct err *e); /* model with LM head */
int decode_feed(struct decode *d, const int32_t *tokens, size_t n, const float **logits, struct err *e); /* host [V], of the last token */
void decode_free(struct decode *d);

struct rng;
struct sampling {
    double temperature; /* 0: greedy */
    double top_p;       /* 1: all */
};
int32_t sample_token(const float *logits, size_t V, const struct sampling *s, struct rng *r); /* ties: lowest id */

#endif
