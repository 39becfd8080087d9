/* ops.h - the table of operations. A device is one filled table; model and train call nothing else.
 *
 * The table exists for two number types from one list (ops_list.h): `struct ops` in f32, which
 * every device fills, and `struct ops64`, which only the scalar reference fills: the yardstick of
 * tests and of central differences. To add an operation: a row here, its reference in ref.inc.h,
 * its CPU kernel, its wrapper in profile.c, a row in tests/unit/tensor_ops.c.
 *
 * Common contract. Matrices are row-major; `ld` is the distance of two rows in elements. All
 * pointers are the device's. Sums that decide results are made in a fixed order: the same call
 * gives the same bits, with any number of threads. Outputs do not alias inputs unless said. Nothing
 * here fails: shapes that disagree are BUGs, scratch is taken when the device is opened or grown
 * with dev_alloc's error path at `reserve`. */
#ifndef W2S_TENSOR_OPS_H
#define W2S_TENSOR_OPS_H

#include "core/err.h"
#include <stddef.h>
#include <stdint.h>

enum act { ACT_GELU_TANH, ACT_GELU_ERF, ACT_SILU, ACT_RELU };

/* attn_shape - which rows belong together and how heads lie in a row.
 * Sequence s has queries q_starts[s]..q_starts[s+1] and keys kv_starts[s]..kv_starts[s+1]; its
 * queries are its LAST rows: with nq queries and nk keys, query i sees keys 0..nk-nq+i (and, with
 * window > 0, only the last `window` of those). nq == nk in training; nq == 1 where only a last
 * token is read, or when decoding with a cache. Head h of a query row is at q + h*D; it reads
 * key/value head h/(H/Hkv). */
struct attn_shape {
    size_t S, H, Hkv, D;
    const int32_t *q_starts, *kv_starts; /* host, [S+1] */
    size_t ldq, ldk, ldv, ldy;
    double scale;  /* of q.k, before the softmax */
    size_t window; /* 0: all */
};

/* rope_shape - rotary embedding on the first `rotary` of D values of each of H heads of a row.
 * interleaved false: pairs (i, i + rotary/2), as Llama and GPT-NeoX of Hugging Face. */
struct rope_shape {
    size_t N, H, D, rotary, ld;
    double theta;
    const int32_t *pos; /* host, [N]: position of each row in its sequence */
    const double *freq; /* host, [rotary/2] or NULL: theta^(-2i/rotary) */
    const float
        *table; /* NULL; a device may put its own cosines and sines here, [positions][rotary] */
};

/* norm_shape - N rows of H parts of C values; rows are ld apart, every part is normed by itself. */
struct norm_shape {
    size_t N, H, C, ld;
};

struct adamw {
    double lr, beta1, beta2, eps,
        weight_decay;  /* decoupled, lr * weight_decay, as PyTorch's AdamW */
    double grad_scale; /* gradient is multiplied by this first (clipping) */
    uint64_t step;     /* 1-based, for the bias correction */
};

struct dev;

#define OPS_REAL float
#define OPS_NAME ops
#include "tensor/ops_list.h"
#undef OPS_REAL
#undef OPS_NAME
#define OPS_REAL double
#define OPS_NAME ops64
#include "tensor/ops_list.h"
#undef OPS_REAL
#undef OPS_NAME

/* dev - an open device. ops_of(dev)->matmul(dev, ...). Not for two threads at once. */
struct dev {
    const struct ops *ops;
    const char *name; /* "cpu", "reference", later "cuda:0" */
    void *priv;
    struct profile *profile; /* NULL, or what counts its operations (profile.h) */
};

/* dev_open - "cpu" (oneDNN or OpenBLAS products, the best instruction set), "reference" (scalar,
 * one thread). A device that is not there is ERR_INPUT that says which are. */
int dev_open(struct dev *d, const char *name, struct err *e);
void dev_close(struct dev *d);
/* dev_precision_set - how large matrix products are made from now on: f32, as a device is opened;
 * bf16, operands rounded to bf16 and sums f32, ERR_INPUT where this device cannot; auto, bf16 where
 * the processor has it, else f32. Everything else, and products with a side shorter than 16, stay
 * f32. dev_precision - which of the two it is. */
enum precision { PRECISION_AUTO, PRECISION_F32, PRECISION_BF16 };
int dev_precision_set(struct dev *d, enum precision p, struct err *e);
enum precision dev_precision(const struct dev *d);
/* dev_machine - what the CPU device is made from, without opening it: "AVX-512, bf16; oneDNN 2.6.3
 * avx512_core_bf16, OpenBLAS 0.3.21 ...", libraries in the order in which they are tried. */
void dev_machine(char *buf, size_t n);
/* dev_describe - e.g. "cpu: oneDNN 2.6.3 avx512_core, AVX-512, 2 threads, f32". */
void dev_describe(const struct dev *d, char *buf, size_t n);
/* dev_threads_set - with how many threads it computes from now on; at most as many as when it was
 * opened. */
void dev_threads_set(struct dev *d, int threads);
/* dev_numerics - a short text of all that can change result bits on this device (library, version,
 * instruction set, compiler) when it computes with so many threads: part of a job's identity. */
void dev_numerics(const struct dev *d, int threads, char *buf, size_t n);

/* dev_bounds - what nothing made of products or memory can pass, measured now: operations a second
 * of one large product in the device's precision, bytes a second read and written over arrays
 * larger than any cache; the best of several. About half a second. */
struct dev_bounds {
    double product, memory;
};
int dev_bounds(struct dev *d, struct dev_bounds *b, struct err *e);

float *dev_alloc(struct dev *d, size_t n,
                 struct err *e); /* n floats, zeroed; ERR_NOMEM; owner: caller, dev_free */
/* dev_alloc_lazy - the same, for what is large and hardly written: memory is taken as it is
 * touched, where the device can. */
float *dev_alloc_lazy(struct dev *d, size_t n, struct err *e);
/* dev_reserve - the same for what is written before it is read: the numbers are not set. */
float *dev_reserve(struct dev *d, size_t n, struct err *e);
void dev_free(struct dev *d, float *p);
void dev_upload(struct dev *d, float *dst, const float *host, size_t n);
void dev_download(struct dev *d, float *host, const float *src, size_t n);
void dev_sync(struct dev *d);

extern const struct ops ops_reference;
extern const struct ops64 ops64_reference;

#endif
