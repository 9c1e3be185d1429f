/* SPDX-License-Identifier: MIT */
#include "numbers/row_weights.h"

double row_weights_sum(const double *weights, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; weights && i < n; i++)
        sum += weights[i];
    return weights ? sum : (double)n;
}

double row_weights_effective(const double *weights, int64_t n)
{
    double squares = 0;
    const double sum = row_weights_sum(weights, n);
    for (int64_t i = 0; i < n; i++)
        squares += row_weight(weights, i) * row_weight(weights, i);
    return n > 0 ? sum * sum / squares : 0;
}

void row_weights_draw(const double *weights, int64_t n, double shift, int64_t count, uint32_t *drawn)
{
    const double step = row_weights_sum(weights, n) / (double)count;
    int64_t row = 0;
    double so_far = weights[0];
    for (int64_t i = 0; i < count; i++) {
        while (row < n - 1 && so_far <= ((double)i + shift) * step)
            so_far += weights[++row];
        drawn[i] = (uint32_t)row;
    }
}
