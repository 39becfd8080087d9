/* ops_list.h - the list of operations, once for each number type (OPS_REAL, OPS_NAME). No include
 * guard: tensor/ops.h includes it twice. Here `real` stands for OPS_REAL.
 *
 * N rows, C columns. d<x> is the gradient of x. "+=" marks what is added to, "=" what is written.
 */
struct OPS_NAME {
    /* matmul - c [M,N] = op(a) [M,K] . op(b) [K,N] (+ c where accumulate).
     * ta: a is stored [K,M]; tb: b is stored [N,K]. K == 0 gives zeros. */
    void (*matmul)(struct dev *, bool ta, bool tb, size_t M, size_t N, size_t K, const OPS_REAL *a,
                   size_t lda, const OPS_REAL *b, size_t ldb, bool accumulate, OPS_REAL *c,
                   size_t ldc);
    /* bias_add - y[i,:] += b.   bias_grad - db[c] += sum_i dy[i,c], f64 sums. */
    void (*bias_add)(struct dev *, size_t N, size_t C, OPS_REAL *y, size_t ldy, const OPS_REAL *b);
    void (*bias_grad)(struct dev *, size_t N, size_t C, const OPS_REAL *dy, size_t ldy,
                      OPS_REAL *db);
    /* embedding_fwd - y[i,:] (+)= table[ids[i],:]; ids host. embedding_bwd - dtable[ids[i],:] +=
     * dy[i,:], in the order of i. */
    void (*embedding_fwd)(struct dev *, size_t N, size_t C, const int32_t *ids,
                          const OPS_REAL *table, bool accumulate, OPS_REAL *y);
    void (*embedding_bwd)(struct dev *, size_t N, size_t C, const int32_t *ids, const OPS_REAL *dy,
                          OPS_REAL *dtable);
    /* layernorm - y = gain*(x-mean)*rstd + bias; mean, rstd [N] kept for the backward; y may be x
     * in fwd. bwd: dx = (or += where accumulate); dgain, dbias += (may both be NULL: frozen); f64
     * column sums. dx may be dy. */
    void (*layernorm_fwd)(struct dev *, size_t N, size_t C, const OPS_REAL *x, const OPS_REAL *gain,
                          const OPS_REAL *bias, double eps, OPS_REAL *y, OPS_REAL *mean,
                          OPS_REAL *rstd);
    void (*layernorm_bwd)(struct dev *, size_t N, size_t C, const OPS_REAL *x, const OPS_REAL *gain,
                          const OPS_REAL *mean, const OPS_REAL *rstd, const OPS_REAL *dy,
                          bool accumulate, OPS_REAL *dx, OPS_REAL *dgain, OPS_REAL *dbias);
    /* rmsnorm - of each part y = gain * x * rstd, rstd = 1/sqrt(mean(x^2) + eps); gain [C], rstd
     * [N,H]. y may be x in fwd. bwd as layernorm's. */
    void (*rmsnorm_fwd)(struct dev *, const struct norm_shape *, const OPS_REAL *x,
                        const OPS_REAL *gain, double eps, OPS_REAL *y, OPS_REAL *rstd);
    void (*rmsnorm_bwd)(struct dev *, const struct norm_shape *, const OPS_REAL *x,
                        const OPS_REAL *gain, const OPS_REAL *rstd, const OPS_REAL *dy,
                        bool accumulate, OPS_REAL *dx, OPS_REAL *dgain);
    /* rope - rotate in place; inverse true rotates back (the backward). */
    void (*rope)(struct dev *, const struct rope_shape *, bool inverse, OPS_REAL *x);
    /* attention - y = softmax(scale q k^T, causal as attn_shape says) v; lse [NQ,H] = log of the
     * sum of exponentials, kept for the backward. bwd: dq, dk, dv = (same ld as q, k, v; rows of no
     * sequence untouched). */
    void (*attention_fwd)(struct dev *, const struct attn_shape *, const OPS_REAL *q,
                          const OPS_REAL *k, const OPS_REAL *v, OPS_REAL *y, OPS_REAL *lse);
    void (*attention_bwd)(struct dev *, const struct attn_shape *, const OPS_REAL *q,
                          const OPS_REAL *k, const OPS_REAL *v, const OPS_REAL *y,
                          const OPS_REAL *lse, const OPS_REAL *dy, OPS_REAL *dq, OPS_REAL *dk,
                          OPS_REAL *dv);
    /* act - y = f(x), y may be x where x is not needed again. bwd: dx = dy * f'(x), and y = f(x)
     * once more for who needs it there; dx may be x, y may be dy. n elements. */
    void (*act_fwd)(struct dev *, enum act, size_t n, const OPS_REAL *x, OPS_REAL *y);
    void (*act_bwd)(struct dev *, enum act, size_t n, const OPS_REAL *x, const OPS_REAL *dy,
                    OPS_REAL *dx, OPS_REAL *y);
    /* gated - y[i,c] = f(gu[i,c]) * gu[i,C+c]; gu [N,2C] gate then up. bwd: dgu, and y once more;
     * dgu may be gu, y may be dy. */
    void (*gated_fwd)(struct dev *, enum act, size_t N, size_t C, const OPS_REAL *gu, OPS_REAL *y);
    void (*gated_bwd)(struct dev *, enum act, size_t N, size_t C, const OPS_REAL *gu,
                      const OPS_REAL *dy, OPS_REAL *dgu, OPS_REAL *y);
    /* matmul_gated - gu [N,2C] = x [N,K] . w [2C,K] transposed, and y [N,C] of it as gated_fwd.
     * Where gu is not to be kept its numbers mean nothing afterwards. */
    void (*matmul_gated)(struct dev *, enum act, size_t N, size_t C, size_t K, const OPS_REAL *x,
                         const OPS_REAL *w, bool keep, OPS_REAL *gu, OPS_REAL *y);
    /* add - y += x.  scale - y *= a.  fill - y = a.  copy - y = x. n elements. */
    void (*add)(struct dev *, size_t n, const OPS_REAL *x, OPS_REAL *y);
    void (*scale)(struct dev *, size_t n, double a, OPS_REAL *y);
    void (*fill)(struct dev *, size_t n, double a, OPS_REAL *y);
    void (*copy)(struct dev *, size_t n, const OPS_REAL *x, OPS_REAL *y);
    /* rows_gather - y[i,:] = x[rows[i],:].  rows_scatter - y[rows[i],:] += x[i,:], rows distinct.
     * rows host. */
    void (*rows_gather)(struct dev *, size_t N, size_t C, const int32_t *rows, const OPS_REAL *x,
                        size_t ldx, OPS_REAL *y);
    void (*rows_scatter)(struct dev *, size_t N, size_t C, const int32_t *rows, const OPS_REAL *x,
                         OPS_REAL *y, size_t ldy);
    /* lm_xent - next-token loss over logits [N,V]: loss[i] = -log softmax(logits[i])[target[i]]
     * (f64, host; 0 where target < 0); dlogits (may be NULL, may be logits) = weight[i] * (softmax
     * - onehot), weight host (NULL: 1). */
    void (*lm_xent)(struct dev *, size_t N, size_t V, const OPS_REAL *logits, const int32_t *target,
                    const double *weight, double *loss, OPS_REAL *dlogits);
    /* rows_argmax - of each row of x [N,V] the place of its largest, the lowest of equals; at host.
     * rows_add_at - y[i,at[i]] += a[i]; at, a host. */
    void (*rows_argmax)(struct dev *, size_t N, size_t V, const OPS_REAL *x, int32_t *at);
    void (*rows_add_at)(struct dev *, size_t N, size_t V, const int32_t *at, const double *a,
                        OPS_REAL *y);
    /* adamw - one decoupled-weight-decay Adam step on n elements. */
    void (*adamw)(struct dev *, const struct adamw *, size_t n, OPS_REAL *w, const OPS_REAL *g,
                  OPS_REAL *m, OPS_REAL *v);
    /* sumsq - sum of squares, f64, in an order that n alone decides. Not-finite in gives not-finite
     * out. */
    double (*sumsq)(struct dev *, size_t n, const OPS_REAL *x);
};
