/* ref_f32.c - the scalar reference in f32: a whole device, and what the fast kernels are held
 * against. */
#include "tensor/ops.h"

#define OPS_REAL  float
#define OPS_NAME  ops
#define OPS_TABLE ops_reference
#include "tensor/ref.inc.h"
