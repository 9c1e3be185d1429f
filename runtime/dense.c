/* SPDX-License-Identifier: MIT */
#include "dense.h"

#include <math.h>
#include <string.h>

void dense_multiply(int64_t rows, int64_t inner, int64_t columns, const double *a, const double *b, double *c)
{
    for (int64_t i = 0; i < rows; i++) {
        double *restrict to = c + i * columns;
        memset(to, 0, (size_t)columns * sizeof *to);
        for (int64_t k = 0; k < inner; k++) {
            const double factor = a[i * inner + k];
            const double *restrict from = b + k * columns;
#pragma omp simd
            for (int64_t j = 0; j < columns; j++)
                to[j] += factor * from[j];
        }
    }
}

void dense_transpose(int64_t rows, int64_t columns, const double *from, double *to)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            to[j * rows + i] = from[i * columns + j];
}

static double product(int64_t n, const double *a, const double *b)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* x less 2 (v x) v, where |v| = 1 */
static void reflect(int64_t n, const double *restrict v, double *restrict x)
{
    const double twice = 2 * product(n, v, x);
#pragma omp simd
    for (int64_t i = 0; i < n; i++)
        x[i] -= twice * v[i];
}

/* Makes x[n] the unit vector whose reflection takes x to a multiple of (1, 0, ..); all zeros where x is that
 * already. The result is the multiple's sign. */
static double reflector(int64_t n, double *x)
{
    double largest = 0;
    for (int64_t i = 1; i < n; i++)
        largest = fmax(largest, fabs(x[i]));
    const double sign = x[0] < 0 ? -1 : 1;
    if (largest == 0) {
        x[0] = 0;
        return sign;
    }
    largest = fmax(largest, fabs(x[0]));
    for (int64_t i = 0; i < n; i++) /* so that squares neither overflow nor vanish */
        x[i] /= largest;
    x[0] += sign * sqrt(product(n, x, x));
    const double length = sqrt(product(n, x, x));
    for (int64_t i = 0; i < n; i++)
        x[i] /= length;
    return -sign;
}

void dense_orthonormal(int64_t n, double *a, double *out)
{
    memset(out, 0, (size_t)(n * n) * sizeof *out);
    for (int64_t k = 0; k < n; k++) {
        double *v = a + k * n + k;
        out[k * n + k] = reflector(n - k, v);
        for (int64_t i = k + 1; i < n; i++)
            reflect(n - k, v, a + i * n + k);
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = i; k >= 0; k--)
            reflect(n - k, a + k * n + k, out + i * n + k);
}
