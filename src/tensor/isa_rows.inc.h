/* isa_rows.inc.h - everything row by row, column by column or element by element. Part of
 * isa_kernels.c. */

static void bias_add(struct dev *d, size_t N, size_t C, float *y, size_t ldy, const float *b)
{
    (void)d;
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c++)
            y[i * ldy + c] += b[c];
}

static void bias_grad(struct dev *d, size_t N, size_t C, const float *dy, size_t ldy, float *db)
{
    (void)d;
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t c0 = 0; c0 < C; c0 += STRIP) {
        double sum[STRIP] = {0};
        size_t n = C - c0 < STRIP ? C - c0 : STRIP;
        for (size_t i = 0; i < N; i++)
            for (size_t c = 0; c < n; c++)
                sum[c] += (double)dy[i * ldy + c0 + c];
        for (size_t c = 0; c < n; c++)
            db[c0 + c] = (float)((double)db[c0 + c] + sum[c]);
    }
}

static void embedding_fwd(struct dev *d, size_t N, size_t C, const int32_t *ids, const float *table,
                          bool accumulate, float *y)
{
    (void)d;
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t i = 0; i < N; i++) {
        const float *row = table + (size_t)ids[i] * C;
        if (accumulate)
            for (size_t c = 0; c < C; c++)
                y[i * C + c] += row[c];
        else
            memcpy(y + i * C, row, C * sizeof *y);
    }
}

static void embedding_bwd(struct dev *d, size_t N, size_t C, const int32_t *ids, const float *dy,
                          float *dtable)
{
    (void)d;
/* A thread has columns, not rows: an id that comes twice is added to in the order of its rows. */
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t c0 = 0; c0 < C; c0 += STRIP) {
        size_t n = C - c0 < STRIP ? C - c0 : STRIP;
        for (size_t i = 0; i < N; i++)
            axpy(1.0f, dy + i * C + c0, dtable + (size_t)ids[i] * C + c0, n);
    }
}

static void layernorm_fwd(struct dev *d, size_t N, size_t C, const float *x, const float *gain,
                          const float *bias, double eps, float *y, float *mean, float *rstd)
{
    (void)d;
    BUG_ON(C == 0);
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t i = 0; i < N; i++) {
        const float *xi = x + i * C;
        double sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t c = 0; c < C; c++)
            sum += (double)xi[c];
        double m = sum / (double)C;
#pragma omp simd reduction(+ : squares)
        for (size_t c = 0; c < C; c++)
            squares += ((double)xi[c] - m) * ((double)xi[c] - m);
        float mf = (float)m, r = (float)(1 / sqrt(squares / (double)C + eps));
        for (size_t c = 0; c < C; c++)
            y[i * C + c] = (xi[c] - mf) * r * gain[c] + (bias ? bias[c] : 0.0f);
        mean[i] = mf;
        rstd[i] = r;
    }
}

static void layernorm_bwd(struct dev *d, size_t N, size_t C, const float *x, const float *gain,
                          const float *mean, const float *rstd, const float *dy, bool accumulate,
                          float *dx, float *dgain, float *dbias)
{
    (void)d;
/* columns first: dx may be dy */
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t c0 = 0; c0 < (dgain || dbias ? C : 0); c0 += STRIP) {
        double g[STRIP] = {0}, b[STRIP] = {0};
        size_t n = C - c0 < STRIP ? C - c0 : STRIP;
        for (size_t i = 0; i < N; i++)
            for (size_t c = 0; c < n; c++) {
                double dd = (double)dy[i * C + c0 + c];
                g[c] += dd * (double)((x[i * C + c0 + c] - mean[i]) * rstd[i]);
                b[c] += dd;
            }
        for (size_t c = 0; c < n; c++) {
            if (dgain)
                dgain[c0 + c] = (float)((double)dgain[c0 + c] + g[c]);
            if (dbias)
                dbias[c0 + c] = (float)((double)dbias[c0 + c] + b[c]);
        }
    }
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t i = 0; i < N; i++) {
        const float *xi = x + i * C, *dyi = dy + i * C;
        float *dxi = dx + i * C, m = mean[i], r = rstd[i];
        double sum = 0, along = 0;
#pragma omp simd reduction(+ : sum, along)
        for (size_t c = 0; c < C; c++) {
            double g = (double)dyi[c] * (double)gain[c];
            sum += g;
            along += g * (double)((xi[c] - m) * r);
        }
        float s = (float)(sum / (double)C), t = (float)(along / (double)C);
        for (size_t c = 0; c < C; c++) {
            float v = r * (dyi[c] * gain[c] - s - (xi[c] - m) * r * t);
            dxi[c] = accumulate ? dxi[c] + v : v;
        }
    }
}

/* part_at - where the i-th part begins, counted through all rows. */
static inline size_t part_at(const struct norm_shape *s, size_t i)
{
    return i / s->H * s->ld + i % s->H * s->C;
}

static void rmsnorm_fwd(struct dev *d, const struct norm_shape *s, const float *x,
                        const float *gain, double eps, float *y, float *rstd)
{
    (void)d;
    size_t parts = s->N * s->H, C = s->C;
    BUG_ON(C == 0);
#pragma omp parallel for if (parts * C > WORTH_THREADS)
    for (size_t i = 0; i < parts; i++) {
        const float *xi = x + part_at(s, i);
        float *yi = y + part_at(s, i);
        double squares = 0;
#pragma omp simd reduction(+ : squares)
        for (size_t c = 0; c < C; c++)
            squares += (double)xi[c] * (double)xi[c];
        float r = (float)(1 / sqrt(squares / (double)C + eps));
        for (size_t c = 0; c < C; c++)
            yi[c] = xi[c] * r * gain[c];
        rstd[i] = r;
    }
}

static void rmsnorm_bwd(struct dev *d, const struct norm_shape *s, const float *x,
                        const float *gain, const float *rstd, const float *dy, bool accumulate,
                        float *dx, float *dgain)
{
    (void)d;
    size_t parts = s->N * s->H, C = s->C;
#pragma omp parallel for if (parts * C > WORTH_THREADS)
    for (size_t c0 = 0; c0 < (dgain ? C : 0); c0 += STRIP) {
        double g[STRIP] = {0};
        size_t n = C - c0 < STRIP ? C - c0 : STRIP;
        for (size_t i = 0; i < parts; i++) {
            const float *xi = x + part_at(s, i) + c0, *dyi = dy + part_at(s, i) + c0;
            for (size_t c = 0; c < n; c++)
                g[c] += (double)dyi[c] * (double)(xi[c] * rstd[i]);
        }
        for (size_t c = 0; c < n; c++)
            dgain[c0 + c] = (float)((double)dgain[c0 + c] + g[c]);
    }
#pragma omp parallel for if (parts * C > WORTH_THREADS)
    for (size_t i = 0; i < parts; i++) {
        const float *xi = x + part_at(s, i), *dyi = dy + part_at(s, i);
        float *dxi = dx + part_at(s, i), r = rstd[i];
        double along = 0;
#pragma omp simd reduction(+ : along)
        for (size_t c = 0; c < C; c++)
            along += (double)dyi[c] * (double)gain[c] * (double)(xi[c] * r);
        float t = (float)(along / (double)C);
        for (size_t c = 0; c < C; c++) {
            float v = r * (dyi[c] * gain[c] - xi[c] * r * t);
            dxi[c] = accumulate ? dxi[c] + v : v;
        }
    }
}

static void rope(struct dev *d, const struct rope_shape *s, bool inverse, float *x)
{
    (void)d;
    enum { MOST = 1024 };
    size_t half = s->rotary / 2;
    BUG_ON(s->rotary > MOST || s->rotary > s->D);
#pragma omp parallel for if (s->N * s->H * s->rotary > WORTH_THREADS)
    for (size_t i = 0; i < s->N; i++) {
        float made[MOST];
        const float *cosine = s->table ? s->table + (size_t)s->pos[i] * s->rotary : made,
                    *sine = cosine + half;
        float sign = inverse ? -1.0f : 1.0f;
        if (!s->table)
            rope_angles(s->theta, s->freq, s->rotary, (size_t)s->pos[i], made);
        for (size_t h = 0; h < s->H; h++) {
            float *u = x + i * s->ld + h * s->D, *v = u + half;
#pragma omp simd
            for (size_t k = 0; k < half; k++) {
                float a = u[k], b = v[k], turn = sign * sine[k];
                u[k] = a * cosine[k] - b * turn;
                v[k] = b * cosine[k] + a * turn;
            }
        }
    }
}

static void act_row(enum act a, size_t n, const float *x, float *y)
{
#define LOOP(A)                                                                                    \
    for (size_t i = 0; i < n; i++)                                                                 \
        y[i] = act_value(A, x[i]);
    BY_ACT(a, LOOP)
#undef LOOP
}

static void act_row_bwd(enum act a, size_t n, const float *x, const float *dy, float *dx, float *y)
{
#define LOOP(A)                                                                                    \
    _Pragma("omp simd") for (size_t i = 0; i < n; i++)                                             \
    {                                                                                              \
        float at = x[i], down = dy[i];                                                             \
        dx[i] = down * act_slope(A, at);                                                           \
        y[i] = act_value(A, at);                                                                   \
    }
    BY_ACT(a, LOOP)
#undef LOOP
}

#define PIECE 4096 /* elements of a long vector that a thread takes at a time */

#define PIECES(n) (((n) + PIECE - 1) / PIECE)

static inline size_t piece_len(size_t n, size_t i)
{
    return n - i * PIECE < PIECE ? n - i * PIECE : PIECE;
}

static void act_fwd(struct dev *d, enum act a, size_t n, const float *x, float *y)
{
    (void)d;
#pragma omp parallel for if (n > WORTH_THREADS)
    for (size_t i = 0; i < PIECES(n); i++)
        act_row(a, piece_len(n, i), x + i * PIECE, y + i * PIECE);
}

static void act_bwd(struct dev *d, enum act a, size_t n, const float *x, const float *dy, float *dx,
                    float *y)
{
    (void)d;
#pragma omp parallel for if (n > WORTH_THREADS)
    for (size_t i = 0; i < PIECES(n); i++)
        act_row_bwd(a, piece_len(n, i), x + i * PIECE, dy + i * PIECE, dx + i * PIECE,
                    y + i * PIECE);
}

#define AHEAD                                                                                      \
    256 /* columns that are fetched of a row while those of the row before are at work             \
         */

static void gated_row(enum act a, size_t n, const float *g, const float *u, float *o)
{
#define LOOP(A)                                                                                    \
    for (size_t c = 0; c < n; c++)                                                                 \
        o[c] = act_value(A, g[c]) * u[c];
    BY_ACT(a, LOOP)
#undef LOOP
}

static void gated_fwd(struct dev *d, enum act a, size_t N, size_t C, const float *gu, float *y)
{
    (void)d;
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c += AHEAD) {
            const float *g = gu + i * 2 * C + c, *u = g + C;
            size_t n = C - c < AHEAD ? C - c : AHEAD;
            if (i + 1 < N) {
                ahead(g + 2 * C, n);
                ahead(u + 2 * C, n);
            }
            gated_row(a, n, g, u, y + i * C + c);
        }
}

static void gated_row_bwd(enum act a, size_t n, const float *g, const float *u, const float *down,
                          float *dg, float *du, float *o)
{
#define LOOP(A)                                                                                    \
    _Pragma("omp simd") for (size_t c = 0; c < n; c++)                                             \
    {                                                                                              \
        float gate = g[c], up = u[c], dd = down[c];                                                \
        float value = act_value(A, gate);                                                          \
        dg[c] = dd * up * act_slope(A, gate);                                                      \
        du[c] = dd * value;                                                                        \
        o[c] = value * up;                                                                         \
    }
    BY_ACT(a, LOOP)
#undef LOOP
}

static void gated_bwd(struct dev *d, enum act a, size_t N, size_t C, const float *gu,
                      const float *dy, float *dgu, float *y)
{
    (void)d;
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < C; c += AHEAD) {
            const float *g = gu + i * 2 * C + c, *u = g + C, *down = dy + i * C + c;
            float *dg = dgu + i * 2 * C + c, *du = dg + C;
            size_t n = C - c < AHEAD ? C - c : AHEAD;
            if (i + 1 < N) {
                ahead(g + 2 * C, n);
                ahead(u + 2 * C, n);
                ahead(down + C, n);
            }
            gated_row_bwd(a, n, g, u, down, dg, du, y + i * C + c);
        }
}

static void add(struct dev *d, size_t n, const float *x, float *y)
{
    (void)d;
#pragma omp parallel for if (n > WORTH_THREADS)
    for (size_t i = 0; i < PIECES(n); i++)
        axpy(1.0f, x + i * PIECE, y + i * PIECE, piece_len(n, i));
}

static void scale(struct dev *d, size_t n, double a, float *y)
{
    (void)d;
    float by = (float)a;
#pragma omp parallel for if (n > WORTH_THREADS)
    for (size_t i = 0; i < n; i++)
        y[i] *= by;
}

static void fill(struct dev *d, size_t n, double a, float *y)
{
    (void)d;
    float with = (float)a;
#pragma omp parallel for if (n > WORTH_THREADS)
    for (size_t i = 0; i < n; i++)
        y[i] = with;
}

static void copy(struct dev *d, size_t n, const float *x, float *y)
{
    (void)d;
#pragma omp parallel for if (n > WORTH_THREADS)
    for (size_t i = 0; i < PIECES(n); i++)
        memcpy(y + i * PIECE, x + i * PIECE, piece_len(n, i) * sizeof *y);
}

static void rows_gather(struct dev *d, size_t N, size_t C, const int32_t *rows, const float *x,
                        size_t ldx, float *y)
{
    (void)d;
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t i = 0; i < N; i++)
        memcpy(y + i * C, x + (size_t)rows[i] * ldx, C * sizeof *y);
}

static void rows_scatter(struct dev *d, size_t N, size_t C, const int32_t *rows, const float *x,
                         float *y, size_t ldy)
{
    (void)d;
#pragma omp parallel for if (N * C > WORTH_THREADS)
    for (size_t i = 0; i < N; i++)
        axpy(1.0f, x + i * C, y + (size_t)rows[i] * ldy, C);
}

/* exp_sum - sum of exp(z - most), in f32 within a piece, f64 between pieces. Without AVX-512 gcc
 * sums a piece in order, as it did when it took exponentials one by one: bits stay (LAB_NUMERICS).
 */
static double exp_sum(const float *z, size_t V, float most)
{
    double sum = 0;
    for (size_t v0 = 0; v0 < V; v0 += 1024) {
        size_t n = V - v0 < 1024 ? V - v0 : 1024;
        float part = 0;
#if defined __AVX512F__ || defined __clang__
#pragma omp simd reduction(+ : part)
#endif
        for (size_t v = 0; v < n; v++)
            part += exp_f32(z[v0 + v] - most);
        sum += (double)part;
    }
    return sum;
}

static void lm_xent(struct dev *d, size_t N, size_t V, const float *logits, const int32_t *target,
                    const double *weight, double *loss, float *dlogits)
{
    (void)d;
#pragma omp parallel for if (N * V > WORTH_THREADS)
    for (size_t i = 0; i < N; i++) {
        const float *z = logits + i * V;
        float most = -INFINITY;
        loss[i] = 0;
        if (target[i] < 0) {
            if (dlogits)
                memset(dlogits + i * V, 0, V * sizeof *dlogits);
            continue;
        }
#pragma omp simd reduction(max : most)
        for (size_t v = 0; v < V; v++)
            most = z[v] > most ? z[v] : most;
        double sum = exp_sum(z, V, most), lse = (double)most + log(sum);
        loss[i] = lse - (double)z[target[i]];
        if (!dlogits)
            continue;
        float w = weight ? (float)weight[i] : 1.0f, share = (float)(1 / sum) * w;
        for (size_t v = 0; v < V; v++)
            dlogits[i * V + v] = exp_f32(z[v] - most) * share;
        dlogits[i * V + (size_t)target[i]] -= w;
    }
}

static void rows_argmax(struct dev *d, size_t N, size_t V, const float *x, int32_t *at)
{
    (void)d;
#pragma omp parallel for if (N * V > WORTH_THREADS)
    for (size_t i = 0; i < N; i++) {
        const float *z = x + i * V;
        float most = -INFINITY;
        size_t best = 0;
#pragma omp simd reduction(max : most)
        for (size_t v = 0; v < V; v++)
            most = z[v] > most ? z[v] : most;
        while (best + 1 < V && !(z[best] >= most))
            best++;
        at[i] = (int32_t)best;
    }
}

static void rows_add_at(struct dev *d, size_t N, size_t V, const int32_t *at, const double *a,
                        float *y)
{
    (void)d;
    for (size_t i = 0; i < N; i++)
        y[i * V + (size_t)at[i]] = (float)((double)y[i * V + (size_t)at[i]] + a[i]);
}

static void adamw_step(struct dev *d, const struct adamw *a, size_t n, float *w, const float *g,
                       float *m, float *v)
{
    (void)d;
    float b1 = (float)a->beta1, b2 = (float)a->beta2, o1 = (float)(1 - a->beta1),
          o2 = (float)(1 - a->beta2), eps = (float)a->eps;
    float by = (float)a->grad_scale, keep = (float)(1 - a->lr * a->weight_decay);
    float rate = (float)(a->lr / (1 - pow(a->beta1, (double)a->step)));
    float root = (float)(1 / sqrt(1 - pow(a->beta2, (double)a->step)));
#pragma omp parallel for if (n > WORTH_THREADS)
    for (size_t p = 0; p < PIECES(n); p++) {
        size_t len = piece_len(n, p), at = p * PIECE;
        float *wp = w + at, *mp = m + at, *vp = v + at;
        const float *gp = g + at;
#pragma omp simd
        for (size_t i = 0; i < len; i++) {
            float gi = gp[i] * by;
            float mi = b1 * mp[i] + o1 * gi, vi = b2 * vp[i] + o2 * gi * gi;
            mp[i] = mi;
            vp[i] = vi;
            wp[i] = wp[i] * keep - rate * mi / (sqrtf(vi) * root + eps);
        }
    }
}

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef double eight_f64 __attribute__((vector_size(64)));

/* squares - sum of the squares of n numbers in f64: 32 running sums, enough that none waits for the
 * one before it. */
static double squares(size_t n, const float *x)
{
    enum { SUMS = 4, EACH = 8 };
    eight_f64 s[SUMS] = {{0}};
    double sum = 0;
    size_t k = 0;
    for (; k + SUMS * EACH <= n; k += SUMS * EACH)
        for (size_t j = 0; j < SUMS; j++) {
            eight_f64 v = __builtin_convertvector(*(const eight *)(x + k + j * EACH), eight_f64);
            s[j] += v * v;
        }
    for (; k < n; k++)
        s[0][0] += (double)x[k] * (double)x[k];
    for (size_t j = 0; j < SUMS; j++)
        for (size_t i = 0; i < EACH; i++)
            sum += s[j][i];
    return sum;
}

static double sumsq(struct dev *d, size_t n, const float *x)
{
    (void)d;
    enum { CHUNKS = 256 };
    double part[CHUNKS] = {0}, sum = 0;
    size_t chunk = (PIECES(n) + CHUNKS - 1) / CHUNKS * PIECE;
#pragma omp parallel for if (n > WORTH_THREADS)
    for (size_t i = 0; i < CHUNKS; i++)
        if (i * chunk < n)
            part[i] = squares(n - i * chunk < chunk ? n - i * chunk : chunk, x + i * chunk);
    for (size_t i = 0; i < CHUNKS; i++)
        sum += part[i];
    return sum;
}

/* matmul_few - products of few rows with a matrix stored [N,K], as decoding makes them: memory sets
 * the pace, so the matrix is read once, as it lies. The table's matmul for these shapes (dev.c);
 * BUG for others. */
static void matmul_few(struct dev *d, bool ta, bool tb, size_t M, size_t N, size_t K,
                       const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                       float *c, size_t ldc)
{
    (void)d;
    BUG_ON(ta || !tb);
#pragma omp parallel for if (N * K > WORTH_THREADS)
    for (size_t j = 0; j < N; j++)
        for (size_t i = 0; i < M; i++) {
            float v = dot(a + i * lda, b + j * ldb, K);
            c[i * ldc + j] = accumulate ? c[i * ldc + j] + v : v;
        }
}
