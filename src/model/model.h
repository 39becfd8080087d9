/* model.h - one forward and one backward for every family, over the table of operations.
 *
 *     tokens -> embed -> [norm1 -> qkv -> rope -> attention -> out -> + -> norm2 -> mlp -> +] x L
 *            -> norm -> head
 *
 * A model is its parameters; a `pass` is the activations of one forward over one packed batch. A
 * head reads the last rows of each sequence: one row for a classifier or a reward, any number for a
 * language model. The last block works out queries, output projection and MLP, and the final norm
 * and the head, for the rows that are read alone. Blocks below the first one that learns (the cut)
 * keep nothing for a backward; what they make of a batch, the features, can be computed once and
 * given to later passes.
 *
 * Reading order: model.c (parameters), block.c (one block forward), activations.c (where its
 * numbers lie), pass.c (a whole forward), backward.c, decode.c, estimate.c (what it costs). */
#ifndef W2S_MODEL_MODEL_H
#define W2S_MODEL_MODEL_H

#include "core/batch.h"
#include "core/log.h"
#include "model/family.h"
#include "model/lora.h"

enum head_kind { HEAD_LM, HEAD_CLASSIFIER, HEAD_REWARD };

struct head_spec {
    enum head_kind kind;
    size_t classes;           /* K; 1 for a reward; ignored for LM (V) */
    const int32_t *init_rows; /* [K] unembedding rows that the head starts as a copy of, or NULL:
                               * normal(0, 0.02) from seed; the caller's, not kept */
    uint64_t seed;
};

enum trainable_kind { TRAIN_ALL, TRAIN_TOP, TRAIN_HEAD, TRAIN_LORA };
struct trainable {
    enum trainable_kind kind;
    size_t top;       /* blocks from the end, with the final norm and the head */
    bool embeddings;  /* with ALL: embedding and positions too; a tied unembedding under an LM head
                       * then learns from both its uses */
    struct lora lora; /* with LORA: adapters and the head learn, in all blocks */
};

struct model_param {
    struct param_spec spec; /* head: name "head.weight", kind MATRIX, role ROLE_COUNT, layer L */
    float *w;               /* device, rows*cols */
    float *g;               /* gradient, device; NULL where frozen */
    float *own;             /* where g lies, but between a backward that lent it a place in the
                             * pass and the end of that loan */
    unsigned char *touched; /* [rows] of an embedding that learns: whether a token has had this row
                             * since; NULL: all rows count */
};

struct model {
    struct model_config cfg;
    struct dev *dev;
    struct model_param *params;
    size_t n_params; /* adapters behind the family's; the head, where it is a classifier's or a
                      * reward's, is the last */
    struct head_spec head;
    struct trainable trainable;
    struct lora lora;          /* adapters that are there; rank 0: none */
    size_t lora_at, lora_each; /* the first one in params, how many params a layer has of them */
    size_t cut; /* first block with a trainable parameter (L: none); blocks below are frozen */
    double *rope_freq; /* [rotary/2], where they are scaled; NULL: theta alone */
    bool fresh; /* gradients of matrices count as zero, whatever they hold: the next backward writes
                 * them, later ones add */
};

struct model_options {
    size_t layers;   /* keep the first so many (0: all); the final norm stays */
    struct log *log; /* progress of loading; may be NULL */
};

/* model_load - of an open checkpoint; the weights may be closed after. Nothing is trainable, the
 * head is LM. More layers than the checkpoint has: ERR_INPUT.
 * model_random - normal(0, 0.02), output projections scaled by 1/sqrt(2L) as GPT-2 does, gains 1,
 * biases 0. The same seed gives the same weights, each parameter from a stream of its own.
 * Owner: caller, model_free; dev outlives it. */
int model_load(struct model **out, struct dev *dev, const struct weights *w,
               const struct model_options *o, struct err *e);
int model_random(struct model **out, struct dev *dev, const struct model_config *c, uint64_t seed,
                 struct err *e);
void model_free(struct model *m);

/* model_head_set - replace the head; its parameter is new, and learns where anything does. A row
 * outside the unembedding: ERR_INPUT; after an error the head is LM.
 * model_trainable_set - gradients (zero) for what learns, none for what does not; sets cut. A
 * classifier's or reward's head always learns; an untied unembedding where it is the head. More
 * blocks than there are: ERR_INPUT; after ERR_NOMEM nothing learns. With LORA adapters are added
 * where there are none yet; others than are there: ERR_INPUT.
 * model_grad_zero - the next backward begins every gradient anew. Those of matrices are not cleared
 * but overwritten by it, so they mean something after a backward alone. */
int model_head_set(struct model *m, const struct head_spec *h, struct err *e);
int model_trainable_set(struct model *m, const struct trainable *t, struct err *e);
void model_trainable_none(struct model *m);
void model_grad_zero(struct model *m);
/* model_param_run - the next rows from `row` on whose gradient has ever been anything: *n of them,
 * 0 where there are no more. The other rows' gradients, and so an optimizer's moments of them, are
 * 0, and a step without decay leaves them as they are: who goes by runs gets what all rows would
 * give. For a parameter that is no embedding all rows are one run. */
size_t model_param_run(const struct model_param *p, size_t row, size_t *n);
size_t model_outputs(const struct model *m); /* columns of the logits: K, 1 or V */
/* model_cut - the first block that learns under t; L: none. */
size_t model_cut(const struct model_config *c, const struct trainable *t);

/* model_bytes - estimate of the memory that training takes, for --dry-run: weights, gradients, two
 * moments, activations of one pass over batch_tokens (with lend: gradients that find a place among
 * them count once), with a classifier of two classes; exact where it reads one token in 25 (see
 * tests/unit/model_cost.c). 0 where the config does not hold together, SIZE_MAX where it cannot be
 * counted. model_flops - 2 x the multiply-adds of the matrix products of one forward and backward
 * over `seqs` sequences of equal length, with a classifier of two classes; exact (ibid.): the last
 * block's rows that are not read, frozen blocks' gradients and, where features are given, all
 * blocks below the cut are not counted since they are not computed. Attention's products count by
 * the pairs that the causal mask leaves: two forward, five backward; what is worked out again does
 * not count. model_bytes_predicting - as model_bytes, for a forward alone.
 *
 * model_bytes_lm, model_flops_lm - the same of a language model, memory where it learns whole,
 * embeddings too, and every token has logits, products where the last `read` of all texts' tokens
 * have. A forward alone is a third of the products, or less. */
size_t model_bytes_predicting(const struct model_config *c, size_t batch_tokens);
size_t model_bytes(const struct model_config *c, const struct trainable *t, size_t batch_tokens,
                   bool lend);
double model_flops(const struct model_config *c, const struct trainable *t, size_t tokens,
                   size_t seqs, bool features_given);
size_t model_bytes_lm(const struct model_config *c, size_t batch_tokens, bool lend);
double model_flops_lm(const struct model_config *c, const struct trainable *t, double tokens,
                      double seqs, double read);

/* model_save - a Hugging Face folder, without a tokenizer's files. A classifier's or reward's head
 * is score.weight of the family's ...ForSequenceClassification, labels (may be NULL) its classes'
 * names in config.json. model_load reads the folder as it reads any other: with an LM head.
 * Adapters are merged into what is written. */
int model_save(const struct model *m, const char *const *labels, const char *dir, struct err *e);

struct pass;
int pass_new(struct pass **out, struct model *m, struct err *e);
void pass_free(struct pass *p);

struct pass_input {
    const struct batch *batch;
    const int32_t *reads;  /* [S] how many last rows of each sequence the head reads, 0 to its
                            * length; NULL: one each for classifier and reward, all for LM */
    const float *features; /* host [N,C] (or [S,C], the last rows, where cut == L: one read each):
                            * the output of the blocks below the cut; NULL: computed from tokens */
    bool keep;             /* a backward will follow */
    bool lend;             /* and it will be the only one before gradients are read: it may write
                            * those of blocks over activations that it has done with */
};
/* pass_forward - logits [R,outputs] on the device, R = sum of reads, valid until the next call on
 * this pass. The same input gives the same bits; what else is in the batch moves a sequence's
 * logits by the rounding of differently blocked products at most; in bf16, where products of fewer
 * than 16 rows are f32, by the rounding of their operands. A token id outside [0,V) or a
 * sequence longer than cfg.positions: ERR_INPUT. Activations that do not fit: ERR_NOMEM; the pass
 * stays usable. */
int pass_forward(struct pass *p, const struct pass_input *in, const float **logits, size_t *R,
                 struct err *e);
/* pass_logits - the same logits [R,outputs], to be written over, as by their own gradient. */
float *pass_logits(struct pass *p);
/* pass_backward - after a forward with keep, once: adds to every g, or writes it where it is fresh.
 * dlogits [R,outputs], device, not changed. Where the forward was told to lend, gradients are fresh
 * (BUG else), and what they hold is gone with the next forward on this pass, model_grad_zero or
 * pass_free. */
void pass_backward(struct pass *p, const float *dlogits);
/* pass_features - blocks below the cut only: host out [N,C], or the last rows [S,C] where
 * cut == L. */
int pass_features(struct pass *p, const struct batch *b, float *out, struct err *e);
/* pass_hidden - the last row of each sequence behind several blocks, of one forward through the
 * deepest of them: depths [n] rise, 1..L; normed: each through the final norm, as the head of a
 * model that is cut there reads it. Host out [S,n,C]. The last block is no exception, all its rows
 * are worked out: what a depth gives has the same bits whichever others are asked for, and however
 * many blocks the model has above it. */
int pass_hidden(struct pass *p, const struct batch *b, const size_t *depths, size_t n, bool normed,
                float *out, struct err *e);

/* decode - n sequences, token by token, with a key/value cache of max_tokens for each. The model
 * has an LM head and outlives it. decode_feed - the next tokens of some: the i-th of the batch goes
 * to sequence seq[i] (rising; NULL: to the i-th); logits: host [b->n_seqs,V], of the last token of
 * each, valid until the next call. More tokens than max_tokens or cfg.positions, or an id outside
 * the vocabulary: ERR_INPUT, nothing was fed. What else is fed with a sequence moves its logits by
 * the rounding of differently blocked products at most. decode_bytes - of a cache.
 *
 * A text that many go on from is worked out once: decode_copy - sequence `to` has been fed what
 * `from` has, and nothing else; BUG where they are one. decode_rewind - sequence s has been fed its
 * first n tokens alone; BUG on more than it was. */
struct decode;
int decode_new(struct decode **out, struct model *m, size_t n, size_t max_tokens, struct err *e);
int decode_feed(struct decode *d, const struct batch *b, const size_t *seq, const float **logits,
                struct err *e);
void decode_copy(struct decode *d, size_t from, size_t to);
void decode_rewind(struct decode *d, size_t s, size_t n);
void decode_free(struct decode *d);
size_t decode_bytes(const struct model_config *c, size_t n, size_t max_tokens);

struct rng;
struct sampling {
    double temperature; /* 0: greedy */
    double top_p;       /* 1: all; else the fewest most probable tokens that reach it */
};
/* sample_token - draws one number of r unless greedy. Ties go to the lowest id. BUG on V == 0. */
int32_t sample_token(const float *logits, size_t V, const struct sampling *s, struct rng *r);

#endif
