/* tensor_bounds - what the machine gives at this moment: operations a second of a large matrix
 * product, bytes a second read and written (dev_bounds).
 *
 *     bench_tensor_bounds [--bf16] [--times N]
 *
 * A measurement is a line  took SECONDS 1  after the lines  product RATE  and  memory RATE. */
#include "bench.h"
#include "core/par.h"
#include "tensor/ops.h"

int main(int argc, char **argv)
{
    struct bench_option o[] = {{"--bf16", NULL, true, false}, {"--times", "0", false, false}, {0}};
    struct err e = ERR_INIT;
    struct dev_bounds b;
    struct dev dev;
    char what[128];
    par_restart(argv);
    if (!bench_options(o, argc, argv))
        return 2;
    size_t times = bench_count(&o[1]);
    int rc = dev_open(&dev, "cpu", &e);
    if (rc)
        goto out;
    rc = dev_precision_set(&dev, o[0].given ? PRECISION_BF16 : PRECISION_F32, &e);
    dev_describe(&dev, what, sizeof what);
    printf("device %s\n", what);
    while (!rc && bench_turn(o[1].given ? &times : NULL)) {
        double began = clock_now();
        rc = dev_bounds(&dev, &b, &e);
        printf("product %.6g\nmemory %.6g\n", b.product, b.memory);
        bench_took(clock_now() - began, 1);
    }
    dev_close(&dev);
out:
    if (rc)
        fprintf(stderr, "%s\n", e.msg);
    return rc ? 1 : 0;
}
