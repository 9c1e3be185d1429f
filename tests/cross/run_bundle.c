/* SPDX-License-Identifier: MIT
 *
 * Runs the kernels of the bundle it is linked with on one tile of made-up numbers, and prints what comes out:
 * a number a line, after its kernel and port. The same numbers go in on every machine. */
#include "gpfc/kernel_abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double next_number(uint64_t *state) /* in (-1, 1) */
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)*state * 0x1p-63;
}

static int is_varying(const struct gpfc_port *port)
{
    return port->role == GPFC_IN_SAMPLE || port->role == GPFC_IN_NOISE || port->role == GPFC_OUT_SAMPLE;
}

static long count(const struct gpfc_port *port)
{
    return (long)(port->elements * (is_varying(port) ? gpfc_bundle.lanes : 1));
}

/* All ones, NaNs: nobody may count on what is in there. */
static void *memory(int64_t bytes, int fill)
{
    size_t size = ((size_t)bytes + GPFC_ALIGNMENT) / GPFC_ALIGNMENT * GPFC_ALIGNMENT;
    void *block = aligned_alloc(GPFC_ALIGNMENT, size);
    if (!block)
        exit(1);
    return memset(block, fill, size);
}

static void put(void *array, long i, double x)
{
    if (gpfc_bundle.precision == 8)
        ((double *)array)[i] = x;
    else
        ((float *)array)[i] = (float)x;
}

static double get(const void *array, long i)
{
    return gpfc_bundle.precision == 8 ? ((const double *)array)[i] : (double)((const float *)array)[i];
}

static void run(const struct gpfc_kernel *kernel)
{
    void *in[GPFC_MAX_PORTS], *out[GPFC_MAX_PORTS];
    uint64_t state = 1;
    for (int64_t i = 0; i < kernel->n_in; i++) {
        in[i] = memory(count(&kernel->in[i]) * gpfc_bundle.precision, 0);
        for (long e = 0; e < count(&kernel->in[i]); e++)
            put(in[i], e, next_number(&state));
    }
    for (int64_t o = 0; o < kernel->n_out; o++)
        out[o] = memory(count(&kernel->out[o]) * gpfc_bundle.precision, 0xff);
    void *uniform = memory(kernel->uniform_bytes, 0xff), *scratch = memory(kernel->scratch_bytes, 0xff);
    void *sums = memory(kernel->sum_elements * gpfc_bundle.precision, 0);
    kernel->before((const void *const *)in, uniform);
    kernel->tile((const void *const *)in, out, uniform, scratch, sums);
    kernel->after((const void *const *)in, out, uniform, sums);
    for (int64_t o = 0; o < kernel->n_out; o++)
        for (long e = 0; e < count(&kernel->out[o]); e++)
            printf("%s %s %.9g\n", kernel->name, kernel->out[o].name, get(out[o], e));
    for (int64_t i = 0; i < kernel->n_in; i++)
        free(in[i]);
    for (int64_t o = 0; o < kernel->n_out; o++)
        free(out[o]);
    free(uniform);
    free(scratch);
    free(sums);
}

int main(void)
{
    for (int64_t k = 0; k < gpfc_bundle.n_kernels; k++)
        run(&gpfc_bundle.kernels[k]);
    return 0;
}
