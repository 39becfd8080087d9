/* ref_f64.c - the scalar reference in f64: what central differences are taken of. */
#include "tensor/ops.h"

#define OPS_REAL  double
#define OPS_NAME  ops64
#define OPS_TABLE ops64_reference
#include "tensor/ref.inc.h"
