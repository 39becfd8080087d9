/* estimate.c - what a training will take, before there is a model: memory and products. */
#include "model/internal.h"
#include "core/mem.h"

#define CLASSES          2  /* of the head that is counted with */
#define TOKENS_PER_READ  25 /* a short text; what is read moves the last block alone */
#define NUMBERS_LEARNING 3  /* gradient and AdamW's two moments */

/* learning - numbers of the parameters that have a gradient under a classifier. */
static size_t learning(const struct param_spec *specs, size_t n, const struct model_config *c,
                       const struct trainable *t)
{
    size_t sum = CLASSES * c->channels, cut = model_cut(c, t);
    if (t->kind == TRAIN_LORA)
        return sum + lora_params(&t->lora, c);
    for (size_t i = 0; i < n; i++) {
        bool embed = specs[i].kind == PARAM_EMBED || specs[i].kind == PARAM_POSITIONS;
        bool learns = embed ? t->kind == TRAIN_ALL && t->embeddings
                            : t->kind != TRAIN_HEAD && specs[i].layer >= (int)cut;
        if (learns && specs[i].kind != PARAM_UNEMBED)
            sum += specs[i].rows * specs[i].cols;
    }
    return sum;
}

/* lent - numbers of gradients that lie among the activations a once the backward is done. */
static size_t lent(const struct param_spec *specs, size_t n, const struct activations *a,
                   const struct model_config *c, size_t cut)
{
    struct lease lease = lease_begin(a);
    size_t sum = 0;
    for (size_t l = c->layers; l-- > cut;)
        for (size_t i = 0; i < n; i++) {
            size_t numbers = specs[i].rows * specs[i].cols;
            if (specs[i].layer == (int)l && param_leases(&specs[i], c) &&
                lease_take(&lease, a, c, l, numbers) != SIZE_MAX)
                sum += numbers;
        }
    return sum;
}

/* pass_floats - of the activations of a pass; a's blocks are taken here. SIZE_MAX: too many. */
static bool pass_floats(struct activations *a, const struct model_config *c, const struct extent *x,
                        size_t *floats)
{
    struct err ignored = ERR_INIT;
    *a = (struct activations){.blocks = mem_zalloc(c->layers, sizeof *a->blocks, &ignored)};
    if (a->blocks)
        *floats = activations_place(a, c, x, NULL);
    return a->blocks != NULL;
}

static struct extent extent_of(const struct model_config *c, size_t batch_tokens, size_t cut,
                               bool keep)
{
    return (struct extent){.N = batch_tokens,
                           .R = (batch_tokens + TOKENS_PER_READ - 1) / TOKENS_PER_READ,
                           .to = c->layers,
                           .cut = cut,
                           .outputs = CLASSES,
                           .keep = keep};
}

/* bytes_of - all floats together; SIZE_MAX: too many. */
static size_t bytes_of(size_t floats, size_t placed)
{
    size_t bytes;
    return size_add(floats, placed, &floats) && size_mul(floats, sizeof(float), &bytes) ? bytes
                                                                                        : SIZE_MAX;
}

size_t model_bytes(const struct model_config *c, const struct trainable *t, size_t batch_tokens,
                   bool lend)
{
    struct err ignored = ERR_INIT;
    struct activations a = {0};
    struct param_spec *specs = NULL;
    size_t n, floats, placed, bytes = 0;
    bool lora = t->kind == TRAIN_LORA;
    struct extent x = extent_of(c, batch_tokens, model_cut(c, t), true);
    x.rank = lora ? t->lora.rank : 0;
    if (config_check(c, "model", &ignored) || family_params(c, &specs, &n, &ignored))
        return 0;
    if (pass_floats(&a, c, &x, &placed)) {
        floats =
            config_params(c) + CLASSES * c->channels + NUMBERS_LEARNING * learning(specs, n, c, t);
        floats += lora ? lora_params(&t->lora, c) : 0;
        if (lend && !lora)
            floats -= lent(specs, n, &a, c, x.cut);
        bytes = bytes_of(floats, placed);
    }
    mem_free(a.blocks);
    mem_free(specs);
    return bytes;
}

size_t model_bytes_predicting(const struct model_config *c, size_t batch_tokens)
{
    struct err ignored = ERR_INIT;
    struct activations a = {0};
    struct extent x = extent_of(c, batch_tokens, c->layers, false);
    size_t placed, bytes = 0;
    if (config_check(c, "model", &ignored))
        return 0;
    if (pass_floats(&a, c, &x, &placed))
        bytes = bytes_of(config_params(c) + CLASSES * c->channels, placed);
    mem_free(a.blocks);
    return bytes;
}

/* lora_work - multiply-adds of a block's adapters, forward and backward: the inner rows are made
 * twice, and their gradient, once for the weights and once for the input. Keys and values are of N
 * rows, all others of R; an adapter of query, key and value together does its inner part for both.
 */
static double lora_work(const struct model_config *c, const struct lora *l, double R, double N)
{
    struct widths w = model_widths(c);
    struct lora_span s;
    double sum = 0;
    for (size_t t = 0; t < LORA_TARGETS; t++) {
        if (!(l->targets >> t & 1) || !lora_span(c, (enum lora_target)t, &s))
            continue;
        bool kv = t == LORA_K || t == LORA_V, both = s.out == w.W && s.role == ROLE_QKV;
        double in = (double)s.in, out = (double)s.out, kv_out = 2 * (double)w.KV;
        double rows_in = kv || (both && !(R < N)) ? N * in : both ? (R + N) * in : R * in;
        double rows_out = kv || (both && !(R < N)) ? N * out
                          : both                   ? R * (out - kv_out) + N * kv_out
                                                   : R * out;
        sum += 4 * (double)l->rank * (rows_in + rows_out);
    }
    return sum;
}

double model_flops(const struct model_config *c, const struct trainable *t, size_t tokens,
                   size_t seqs, bool features_given)
{
    struct widths w = model_widths(c);
    double N = (double)tokens, S = (double)seqs, C = (double)w.C, Q = (double)w.Q;
    double head = S * C * CLASSES, total;
    size_t cut = model_cut(c, t), L = c->layers;
    if (!tokens || !seqs)
        return 0;
    total = (cut < L ? 3 : 2) * head; /* its input's gradient is wanted where a block learns */
    for (size_t l = features_given ? cut : 0; l < L; l++) {
        bool trimmed = l + 1 == L;
        double R = trimmed ? S : N; /* rows with queries */
        double weights = C * (R * (Q + Q + (double)w.UP + (double)w.M) + N * 2 * (double)w.KV);
        double pairs = trimmed ? N : N * (N / S + 1) / 2; /* of a query and a key it sees */
        if (t->kind == TRAIN_LORA) {
            total += 2 * weights + (2 + 5) * pairs * Q + lora_work(c, &t->lora, R, N);
            continue;
        }
        total += l < cut ? weights + 2 * pairs * Q : 3 * weights + (2 + 5) * pairs * Q;
    }
    return 2 * total;
}
