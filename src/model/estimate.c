/* estimate.c - what a training will take, before there is a model: memory and products. */
#include "model/internal.h"
#include "core/mem.h"

#define CLASSES          2  /* of the head that is counted with */
#define TOKENS_PER_READ  25 /* a short text; what is read moves the last block alone */
#define NUMBERS_LEARNING 3  /* gradient and AdamW's two moments */

/* learning - numbers of the blocks' and embeddings' parameters that have a gradient. */
static size_t learning(const struct param_spec *specs, size_t n, const struct model_config *c,
                       const struct trainable *t)
{
    size_t sum = 0, cut = model_cut(c, t);
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

/* training_bytes - of a pass of this extent; head: numbers of a head beside the language model's,
 * or (0) of that, which learns where it is a matrix of its own. */
static size_t training_bytes(const struct model_config *c, const struct trainable *t,
                             const struct extent *x, size_t head, bool lend)
{
    struct err ignored = ERR_INIT;
    struct activations a = {0};
    struct param_spec *specs = NULL;
    size_t n, floats, placed, bytes = 0;
    bool lora = t->kind == TRAIN_LORA;
    if (config_check(c, "model", &ignored) || family_params(c, &specs, &n, &ignored))
        return 0;
    if (pass_floats(&a, c, x, &placed)) {
        size_t own = head ? head : c->tied ? 0 : c->vocab * c->channels;
        floats = config_params(c) + head + NUMBERS_LEARNING * (own + learning(specs, n, c, t));
        floats += lora ? lora_params(&t->lora, c) : 0;
        if (lend && !lora)
            floats -= lent(specs, n, &a, c, x->cut);
        bytes = bytes_of(floats, placed);
    }
    mem_free(a.blocks);
    mem_free(specs);
    return bytes;
}

size_t model_bytes(const struct model_config *c, const struct trainable *t, size_t batch_tokens,
                   bool lend)
{
    struct extent x = extent_of(c, batch_tokens, model_cut(c, t), true);
    x.rank = t->kind == TRAIN_LORA ? t->lora.rank : 0;
    return training_bytes(c, t, &x, CLASSES * c->channels, lend);
}

size_t model_bytes_lm(const struct model_config *c, size_t batch_tokens, bool lend)
{
    static const struct trainable all = {TRAIN_ALL, 0, true, {0}};
    struct extent x = extent_of(c, batch_tokens, 0, true);
    x.R = batch_tokens;
    x.outputs = c->vocab;
    return training_bytes(c, &all, &x, 0, lend);
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

/* training_flops - of a forward and backward over S texts of N tokens together, of which R, the
 * last of each, have `outputs` logits. */
static double training_flops(const struct model_config *c, const struct trainable *t, double N,
                             double S, double R, double outputs, bool features_given)
{
    struct widths w = model_widths(c);
    double C = (double)w.C, Q = (double)w.Q, n = N / S, r = R / S;
    size_t cut = model_cut(c, t), L = c->layers;
    /* the gradient of the head's input is wanted where a block learns */
    double total = (cut < L ? 3 : 2) * R * C * outputs;
    for (size_t l = features_given ? cut : 0; l < L; l++) {
        bool last = l + 1 == L;
        double q = last ? r : n; /* rows of a text with queries */
        double weights = C * (S * q * (Q + Q + (double)w.UP + (double)w.M) + N * 2 * (double)w.KV);
        double pairs = S * (q * (n - q) + q * (q + 1) / 2); /* of a query and a key it sees */
        if (t->kind == TRAIN_LORA) {
            total += 2 * weights + (2 + 5) * pairs * Q + lora_work(c, &t->lora, S * q, N);
            continue;
        }
        total += l < cut ? weights + 2 * pairs * Q : 3 * weights + (2 + 5) * pairs * Q;
    }
    return 2 * total;
}

double model_flops(const struct model_config *c, const struct trainable *t, size_t tokens,
                   size_t seqs, bool features_given)
{
    double S = (double)seqs;
    return tokens && seqs
               ? training_flops(c, t, (double)tokens, S, S, (double)CLASSES, features_given)
               : 0;
}

double model_flops_lm(const struct model_config *c, const struct trainable *t, double tokens,
                      double seqs, double read)
{
    return tokens > 0 && seqs > 0
               ? training_flops(c, t, tokens, seqs, read, (double)c->vocab, false)
               : 0;
}
