/* isa_kernels.c - the operations that live in registers, written for a vectorising compiler and
 * compiled once for each instruction set (CMakeLists.txt): W2S_ISA names it. Each result is a
 * function of its inputs alone: rows, or columns, are shared out to threads, sums are never split
 * between them. ref.inc.h says what each operation means. */
#include "tensor/kernels.h"

#include <math.h>
#include <string.h>

#define PASTE2(a, b) a##b
#define PASTE(a, b)  PASTE2(a, b)

/* Work (elements) below which a team of threads costs more than it saves. */
#define WORTH_THREADS 16384
/* Columns that one thread sums over all rows; their f64 sums stay on its stack. */
#define STRIP 64

#include "tensor/isa_math.inc.h"
#include "tensor/isa_attention.inc.h"
#include "tensor/isa_rows.inc.h"

const struct ops PASTE(w2s_kernels_, W2S_ISA) = {
    .matmul = matmul_few,
    .bias_add = bias_add,
    .bias_grad = bias_grad,
    .embedding_fwd = embedding_fwd,
    .embedding_bwd = embedding_bwd,
    .layernorm_fwd = layernorm_fwd,
    .layernorm_bwd = layernorm_bwd,
    .rmsnorm_fwd = rmsnorm_fwd,
    .rmsnorm_bwd = rmsnorm_bwd,
    .rope = rope,
    .attention_fwd = attention_fwd,
    .attention_bwd = attention_bwd,
    .act_fwd = act_fwd,
    .act_bwd = act_bwd,
    .gated_fwd = gated_fwd,
    .gated_bwd = gated_bwd,
    .add = add,
    .scale = scale,
    .fill = fill,
    .copy = copy,
    .rows_gather = rows_gather,
    .rows_scatter = rows_scatter,
    .lm_xent = lm_xent,
    .rows_argmax = rows_argmax,
    .rows_add_at = rows_add_at,
    .adamw = adamw_step,
    .sumsq = sumsq,
};
