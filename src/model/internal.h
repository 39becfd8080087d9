/* internal.h - what model.c, pass.c, backward.c and decode.c share. Inside model only. */
#ifndef W2S_MODEL_INTERNAL_H
#define W2S_MODEL_INTERNAL_H

#include "model/model.h"

/* model_param_at - the parameter of a role in a layer (-1: before the first, L: after the last); NULL where the family has none. */
struct model_param *model_param_at(const struct model *m, int layer, enum param_role role);
/* model_unembed - what an LM head multiplies with: unembed, or the embedding where tied. model_head_param - of any head. */
struct model_param *model_unembed(const struct model *m);
struct model_param *model_head_param(const struct model *m);

/* Widths of the program's own layout. */
struct widths {
    size_t C, Q, KV, W, M, UP; /* channels; query, key or value, query+key+value; MLP inner; gate and up */
};
struct widths model_widths(const struct model_config *c);

/* kept - what the backward needs of one block. Query rows are the R read rows in a trimmed last block, else all N. */
struct kept {
    float *x;                        /* [N,C] its input */
    float *mean1, *rstd1;            /* [N] */
    float *q, *k, *v;                /* after rotary; rows ldq, ldkv apart */
    size_t ldq, ldkv;
    float *y, *lse;                  /* [R,Q], [R,H] attention's output */
    float *mid;                      /* [R,C] the MLP's residual input; of a parallel block: its input's read rows */
    float *mean2, *rstd2;            /* [R] */
    float *gu;                       /* [R,UP] before the activation */
};

struct pass {
    struct model *m;
    float *base; /* all activations */
    size_t cap;
    struct kept *blocks; /* [L] */
    float *last;         /* [R,C] after the last block */
    float *normed;       /* [R,C] after the final norm */
    float *mean, *rstd;  /* [R] of the final norm */
    float *logits;       /* [R,outputs] */
    float *xn, *act, *tmp;                      /* scratch: [N,C], [N,M], [N,C] */
    float *d, *d2, *dqkv, *dgu, *dact;          /* scratch of the backward; NULL where nothing is kept */
    /* of the last forward */
    struct batch batch;
    int32_t *tokens, *starts;   /* own copies for the backward */
    int32_t *pos;               /* [N] */
    int32_t *read_rows;         /* [R] rows of N that the head reads */
    int32_t *read_starts;       /* [S+1] */
    int32_t *read_pos;          /* [R] */
    size_t cap_tokens, cap_seqs;
    size_t N, R;
    bool trimmed; /* R < N: the last block works on read rows */
    bool keep, from_features;
};

/* block_rows - rows on which block l has queries: R in a trimmed last block, else N. */
size_t pass_rows(const struct pass *p, size_t layer);
void pass_attn_shape(const struct pass *p, size_t layer, struct attn_shape *s);
void pass_rope(const struct pass *p, size_t rows, const int32_t *pos, size_t heads, size_t ld, bool inverse, float *x);
void norm_fwd(const struct pass *p, int layer, enum param_role gain, size_t N, const float *x, float *y, float *mean, float *rstd);
void linear_bias(const struct pass *p, int layer, enum param_role bias, size_t at, size_t rows, size_t cols, float *y, size_t ld);

#endif
