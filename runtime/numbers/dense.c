/* SPDX-License-Identifier: MIT */
#include "numbers/dense.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline)) /* into both variants */

/* ---- products ------------------------------------------------------------------------------------------ */

/* A block of c stays in registers while a sum goes by: ROWS x COLUMNS of them, eight vectors of four. */
enum { ROWS = 4, LANES = 4, COLUMNS = 2 * LANES };

struct product {
    int64_t rows, inner, columns;
    const double *a, *b;
    double *c;
};

/* A vector of numbers that lie anywhere. */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

/* c[i .. i + rows - 1][j .. j + COLUMNS - 1] */
INLINE void block(const struct product *p, int64_t i, int64_t j, int rows)
{
    lanes sum[ROWS][2] = {0};
    for (int64_t k = 0; k < p->inner; k++) {
        const lanes *from = (const lanes *)(p->b + k * p->columns + j);
#pragma GCC unroll 4
        for (int row = 0; row < rows; row++) {
            const double factor = p->a[(i + row) * p->inner + k];
            sum[row][0] += factor * from[0];
            sum[row][1] += factor * from[1];
        }
    }
#pragma GCC unroll 4
    for (int row = 0; row < rows; row++) {
        lanes *to = (lanes *)(p->c + (i + row) * p->columns + j);
        to[0] = sum[row][0];
        to[1] = sum[row][1];
    }
}

/* c[i .. i + rows - 1][j] */
INLINE void column(const struct product *p, int64_t i, int64_t j, int rows)
{
    double sum[ROWS] = {0};
    for (int64_t k = 0; k < p->inner; k++)
#pragma GCC unroll 4
        for (int row = 0; row < rows; row++)
            sum[row] += p->a[(i + row) * p->inner + k] * p->b[k * p->columns + j];
#pragma GCC unroll 4
    for (int row = 0; row < rows; row++)
        p->c[(i + row) * p->columns + j] = sum[row];
}

INLINE void some_rows(const struct product *p, int64_t i, int rows)
{
    int64_t j = 0;
    for (; j + COLUMNS <= p->columns; j += COLUMNS)
        block(p, i, j, rows);
    for (; j < p->columns; j++)
        column(p, i, j, rows);
}

INLINE void multiply(const struct product *p)
{
    int64_t i = 0;
    for (; i + ROWS <= p->rows; i += ROWS)
        some_rows(p, i, ROWS);
    for (; i < p->rows; i++)
        some_rows(p, i, 1);
}

static void multiply_anywhere(const struct product *p)
{
    multiply(p);
}

#if defined __x86_64__
/* The same for what nearly every processor has, but x86-64 does not guarantee. */
__attribute__((target("avx2,fma"))) static void multiply_avx2(const struct product *p)
{
    multiply(p);
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
#define multiply_avx2 multiply_anywhere

static bool has_avx2(void)
{
    return false;
}
#endif

void dense_multiply(int64_t rows, int64_t inner, int64_t columns, const double *a, const double *b, double *c)
{
    const struct product product = {rows, inner, columns, a, b, c};
    (has_avx2() ? multiply_avx2 : multiply_anywhere)(&product);
}

/* ---- bases --------------------------------------------------------------------------------------------- */

void dense_transpose(int64_t rows, int64_t columns, const double *from, double *to)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            to[j * rows + i] = from[i * columns + j];
}

static double dot(int64_t n, const double *a, const double *b)
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
    const double twice = 2 * dot(n, v, x);
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
    x[0] += sign * sqrt(dot(n, x, x));
    const double length = sqrt(dot(n, x, x));
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
