/* SPDX-License-Identifier: MIT
 *
 * Weights and rows of a case: of the sizes that training has, the same numbers for every backend, and, but
 * for rounding, for both precisions. */
#include "bench.h"

#include "kernels/bundle.h"
#include "numbers/random.h"

#include <math.h>

static void *in_precision(struct arena *arena, const double *from, int64_t n, int64_t precision)
{
    void *to = arena_array(arena, (size_t)n + 1, (size_t)precision);
    for (int64_t i = 0; i < n; i++) {
        if (precision == sizeof(float))
            ((float *)to)[i] = (float)from[i];
        else
            ((double *)to)[i] = from[i];
    }
    return to;
}

/* What is left of the numbers in single precision: both precisions start from the same. */
static double *normals(struct arena *arena, uint64_t number, int64_t n)
{
    double *out = ARENA_ARRAY(arena, double, (size_t)n + 1);
    random_fill_normal(7, random_stream(RANDOM_DATA, number), 0, n, sizeof(double), out);
    for (int64_t i = 0; i < n; i++)
        out[i] = (double)(float)out[i];
    return out;
}

static double *weights(struct arena *arena, const struct gpfc_bundle *bundle)
{
    double *theta = normals(arena, 0, bundle->theta_elements);
    for (int64_t k = 0; k < bundle->n_parameters; k++) {
        const struct gpfc_parameter *p = &bundle->parameters[k];
        const double spread = (p->init == GPFC_INIT_LAST ? 0.3 : 1) / sqrt((double)p->fan_in);
        for (int64_t i = 0; i < bundle_parameter_elements(p); i++)
            theta[p->offset + i] = (double)(float)(spread * theta[p->offset + i]);
    }
    return theta;
}

void bench_data_make(struct arena *arena, const struct gpfc_bundle *bundle, int64_t rows,
                     struct bench_data *out)
{
    const int64_t n = rows * bundle->dimension;
    *out = (struct bench_data){.rows = rows};
    out->theta64 = weights(arena, bundle);
    out->x64 = normals(arena, 1, n);
    out->y64 = normals(arena, 2, n);
    out->theta = in_precision(arena, out->theta64, bundle->theta_elements, bundle->precision);
    out->x = in_precision(arena, out->x64, n, bundle->precision);
    out->y = in_precision(arena, out->y64, n, bundle->precision);
}
