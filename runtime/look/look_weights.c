/* SPDX-License-Identifier: MIT */
#include "look/look_weights.h"

#include <math.h>
#include <stdlib.h>

bool look_weights_new(struct look_weights *out, int64_t width, struct fault *fault)
{
    *out = (struct look_weights){.width = width};
    if (!fault_calloc(fault, (void **)&out->means, 2 * (size_t)width, sizeof *out->means, "weighted means"))
        return false;
    out->m2 = out->means + width;
    return true;
}

void look_weights_free(struct look_weights *weights)
{
    free(weights->means); /* m2 follows it */
}

/* By Welford's way (West 1979). */
static void add_row(struct look_weights *to, const double *row, double weight)
{
    to->sum += weight;
    to->squares += weight * weight;
    for (int64_t i = 0; i < to->width; i++) {
        const double off = row[i] - to->means[i];
        to->means[i] += off * weight / to->sum;
        to->m2[i] += weight * off * (row[i] - to->means[i]);
    }
}

void look_weights_add(struct look_weights *to, const double *rows, const double *weights, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        add_row(to, rows + i * to->width, weights[i]);
}

bool look_is_weighted(const struct look_weights *weights)
{
    return weights->sum > 0;
}

double look_weights_effective(const struct look_weights *weights)
{
    return weights->sum > 0 ? weights->sum * weights->sum / weights->squares : 0;
}

double look_weights_deviation(const struct look_weights *weights, int64_t column)
{
    return sqrt(weights->m2[column] / weights->sum);
}
