/* internal.h - what the files of a model's computation share. Inside model only. */
#ifndef W2S_MODEL_INTERNAL_H
#define W2S_MODEL_INTERNAL_H

#include "model/model.h"

/* model_param_at - the parameter of a role in a layer (-1: before the first, L: after the last);
 * NULL where the family has none. model_weight_at - its values, or NULL.
 * model_unembed - what an LM head multiplies with: unembed, or the embedding where tied.
 * model_head_param - of any head. */
struct model_param *model_param_at(const struct model *m, int layer, enum param_role role);
const float *model_weight_at(const struct model *m, int layer, enum param_role role);
struct model_param *model_unembed(const struct model *m);
struct model_param *model_head_param(const struct model *m);

/* Widths of the program's own layout. */
struct widths {
    size_t C, Q, KV, W, M, UP; /* channels; query, key or value, query+key+value; MLP inner; what
                                * the MLP's first product gives: inner, or gate and up */
};
struct widths model_widths(const struct model_config *c);

/* rows - which rows a block works on: keys and values of N, queries and all that follows of R.
 * Fewer queries than rows: a last block of which few rows are read. Keys that are older than the
 * rows: a cache, in which these rows take their places before attention reads it. */
struct rows {
    size_t N, R, S;
    const int32_t *read;      /* [R] the rows with queries; NULL: all */
    const int32_t *pos;       /* [N] */
    const int32_t *read_pos;  /* [R]; unused where read is NULL */
    const int32_t *q_starts;  /* [S+1] */
    const int32_t *kv_starts; /* [S+1], counting the keys before */
    const int32_t *cached;    /* [N] their rows of the block's cache; NULL: it has none */
};

/* kept - the numbers of one block. With a backward to follow each block has its own; else they are
 * shared, and x, mid and the output are one place. */
struct kept {
    size_t begin;         /* of a block's own numbers, in floats from the buffer's beginning */
    float *x;             /* [N,C] its input */
    float *mean1, *rstd1; /* [N] */
    float *q, *k, *v;     /* after rotary; before their norms where they have some and a scratch
                           * for normed ones is there; rows ldq, ldkv apart */
    size_t ldq, ldkv;
    float *cache;         /* keys, then values, of all rows so far, ldkv apart */
    float *y, *lse;       /* [R,Q], [R,H] attention's output */
    float *mid;           /* [R,C] what the MLP's norm reads: x and attention's part; of a
                           * parallel block the read rows of x, x itself where all are */
    float *mean2, *rstd2; /* [R] */
    float *part1, *part2; /* [R,C] what attention and MLP give, before the norms behind them; NULL:
                           * it passes through scratch */
    float *rstd3, *rstd4; /* [R] of these norms */
    float *gu;            /* [R,UP] before the activation; its own gradient after the backward */
    bool own;             /* a backward follows: gu is read again */
};

/* scratch - of the block at work; no meaning between blocks but d. */
struct scratch {
    float *xn;  /* [N,C] normed rows */
    float *act; /* [N,max(M,C,Q)] inner rows of the MLP, their gradient, gathered rows, the gradient
                 * of attention's output */
    float *tmp; /* [N,C] backward: gradient of a norm's output */
    float *d; /* [N,C] backward: gradient of what lies above, of a block's input when it is done */
    float *dqkv;    /* [N,W] backward */
    float *qk;      /* [N,W] queries and keys normed and rotated, laid as dqkv; NULL: in place */
    float *lora;    /* [N,rank] of adapters */
    float *qk_rstd; /* [N,H+Hkv] or [N,2] of their norms: queries', then keys' */
};

/* block_fwd - one block: b->x to out [R,C]. out may be b->x where R == N and nothing is kept.
 * block_bwd - t->d in: gradient of out [R,C]; t->d out: of b->x [N,C]. Parameters with a gradient
 * are added to. Overwrites b->gu; swaps t's pointers. */
void block_fwd(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
               const struct scratch *t, float *out);
void block_bwd(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
               struct scratch *t);
void block_attn_shape(const struct model *m, size_t layer, const struct rows *r,
                      const struct kept *b, struct attn_shape *s);
/* block_rope - queries and keys of the block's rows rotated, or back. block_qk - what attention
 * reads: q and k of the block, or where they have norms what these make of them, rotated, in t->qk.
 * block_normed - what a product behind a norm reads: rows normed to xn, or x where there is no such
 * norm. qk_norms - the shapes of the norms of queries and keys. */
void block_rope(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
                bool inverse, float *q, float *k);
void block_qk(const struct model *m, size_t layer, const struct rows *r, const struct kept *b,
              const struct scratch *t, float **q, float **k);
const float *block_normed(const struct model *m, size_t layer, enum param_role gain, size_t N,
                          const float *x, float *xn, float *mean, float *rstd);
void qk_norms(const struct model *m, const struct rows *r, const struct kept *b,
              struct norm_shape *q, struct norm_shape *k);
/* norm_fwd, norm_bwd - of the norm whose gain has this role, as the config's kind of norm. */
void norm_fwd(const struct model *m, int layer, enum param_role gain, size_t N, const float *x,
              float *y, float *mean, float *rstd);
void norm_bwd(const struct model *m, int layer, enum param_role gain, size_t N, const float *x,
              const float *mean, const float *rstd, const float *dy, bool accumulate, float *dx);

/* lora_fwd - y [N,out] += what the adapters of rows [at, at + out) of a weight of `in` columns make
 * of x. lora_bwd_weight - their gradients are added to. lora_bwd_input - dx += theirs. t->lora is
 * overwritten. Nothing where there are no adapters. */
void lora_fwd(const struct model *m, size_t layer, enum param_role role, size_t at, size_t out,
              size_t in, size_t N, const float *x, const struct scratch *t, float *y, size_t ldy);
void lora_bwd_weight(const struct model *m, size_t layer, enum param_role role, size_t at,
                     size_t out, size_t in, size_t N, const float *dy, size_t ldy, const float *x,
                     const struct scratch *t);
void lora_bwd_input(const struct model *m, size_t layer, enum param_role role, size_t at,
                    size_t out, size_t in, size_t N, const float *dy, size_t ldy,
                    const struct scratch *t, float *dx);
/* lora_span - of which rows of which role a target is; false where the family has none.
 * lora_param - A (b false) or B of a target in a layer; NULL where there is none. lora_add -
 * adapters, values set. lora_drop - none any more. lora_apply - values [rows,cols] of a parameter
 * of the family += its adapters' products. */
struct lora_span {
    enum param_role role;
    size_t part, at, out, in;
};
bool lora_span(const struct model_config *c, enum lora_target t, struct lora_span *s);
struct model_param *lora_param(const struct model *m, int layer, enum lora_target t, bool b);
int lora_add(struct model *m, const struct lora *l, struct err *e);
void lora_drop(struct model *m);
int lora_apply(const struct model *m, const struct param_spec *s, float *values, struct err *e);

/* extent - of which blocks, and of how many rows, a pass has numbers. */
struct extent {
    size_t N, R;     /* rows; rows that the head reads (R < N: a trimmed last block) */
    size_t from, to; /* blocks that are worked out */
    size_t cut;      /* blocks from here keep theirs where keep is set */
    size_t outputs;  /* of the head; 0: no final norm and head */
    bool keep;
    bool whole;  /* the last block works on all rows, whatever is read */
    size_t rank; /* of adapters */
};

struct activations {
    struct kept *blocks; /* [L]; those in [from, to) are placed */
    size_t end;          /* of the last block's numbers, in floats from the buffer's beginning */
    float *x;            /* [N,C] input of block `from`, and output of frozen blocks */
    float *last;         /* [R,C] after the last block */
    float *normed;       /* [R,C] after the final norm */
    float *mean, *rstd;  /* [R] of the final norm */
    float *logits;       /* [R,outputs] */
    struct scratch scratch;
};

/* activations_place - every pointer of a, in one buffer from base on (NULL: none, only counted).
 * Returns the floats that the buffer needs; SIZE_MAX where they are more than can be counted. */
size_t activations_place(struct activations *a, const struct model_config *c,
                         const struct extent *x, float *base);

/* lease - the numbers of blocks that a backward has done with, from the last block down, as room
 * for the gradients of the blocks below. lease_begin, before the last block; lease_take - a place
 * of n floats for a gradient of `layer`, the block at work, whose own numbers stay: floats from the
 * buffer's beginning, SIZE_MAX where there is no room. */
struct lease {
    size_t end; /* what lies above is lent or was never a block's */
};
struct lease lease_begin(const struct activations *a);
size_t lease_take(struct lease *l, const struct activations *a, const struct model_config *c,
                  size_t layer, size_t n);
/* param_leases - whether a gradient may be lent a place: a block's matrix, which a backward writes
 * and does not add to. */
bool param_leases(const struct param_spec *s, const struct model_config *c);

struct pass {
    struct model *m;
    float *base; /* all activations */
    size_t cap;  /* floats there */
    size_t most; /* floats that a batch has wanted */
    struct activations a;
    struct extent extent; /* of the last forward */
    bool backward_due;
    bool lend;                     /* as the last forward was told */
    struct batch batch;            /* of the last forward, own copies */
    int32_t *tokens, *pos;         /* [N] */
    int32_t *read_rows, *read_pos; /* [R] */
    int32_t *starts, *read_starts; /* [S+1] */
    size_t cap_tokens, cap_seqs;
};

/* pass_rows - the rows on which a block works. */
struct rows pass_rows(const struct pass *p, size_t layer);

#endif
