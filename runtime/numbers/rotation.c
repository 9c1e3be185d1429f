/* SPDX-License-Identifier: MIT
 *
 * The nearest rotation comes from the singular value decomposition, by one-sided Jacobi rotations (Hestenes
 * 1958). */
#include "numbers/rotation.h"

#include "numbers/dense.h"
#include "numbers/rows.h"

#include <math.h>
#include <string.h>

enum { MOST_SWEEPS = 60 };

static const double parallel = 1e-13; /* cosine of columns that count as orthogonal */

static double product(int64_t d, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
        sum += a[i] * b[i];
    return sum;
}

static void turn(int64_t d, double *a, double *b, double c, double s)
{
    for (int64_t i = 0; i < d; i++) {
        const double from = a[i];
        a[i] = c * from - s * b[i];
        b[i] = s * from + c * b[i];
    }
}

/* Makes two rows orthogonal, and turns those of v with them; false where they are. */
static bool separate(int64_t d, double *rows, double *v, int64_t p, int64_t q)
{
    double *const a = rows + p * d, *const b = rows + q * d;
    const double aa = product(d, a, a), bb = product(d, b, b), ab = product(d, a, b);
    if (!(fabs(ab) > parallel * sqrt(aa) * sqrt(bb)))
        return false;
    const double ratio = (bb - aa) / (2 * ab);
    const double tangent = copysign(1 / (fabs(ratio) + hypot(1, ratio)), ratio);
    const double c = 1 / hypot(1, tangent);
    turn(d, a, b, c, c * tangent);
    turn(d, v + p * d, v + q * d, c, c * tangent);
    return true;
}

/* The rows become orthogonal, of any lengths; v is the rotation that made them so. */
static void make_orthogonal(int64_t d, double *rows, double *v)
{
    bool moved = true;
    memset(v, 0, (size_t)(d * d) * sizeof *v);
    for (int64_t i = 0; i < d; i++)
        v[i * d + i] = 1;
    for (int sweep = 0; moved && sweep < MOST_SWEEPS; sweep++) {
        moved = false;
        for (int64_t p = 0; p < d; p++)
            for (int64_t q = p + 1; q < d; q++)
                moved |= separate(d, rows, v, p, q);
    }
}

/* Longest first, as dense_orthonormal takes the directions of the shortest rows from what is left. */
static void sort_rows(int64_t d, double *rows, double *v)
{
    for (int64_t at = 0; at < d; at++) {
        int64_t longest = at;
        for (int64_t i = at + 1; i < d; i++)
            if (product(d, rows + i * d, rows + i * d) > product(d, rows + longest * d, rows + longest * d))
                longest = i;
        for (int64_t k = 0; longest != at && k < d; k++) {
            const double row = rows[at * d + k], other = v[at * d + k];
            rows[at * d + k] = rows[longest * d + k];
            v[at * d + k] = v[longest * d + k];
            rows[longest * d + k] = row;
            v[longest * d + k] = other;
        }
    }
}

/* Of an orthogonal matrix, by elimination with pivots; a is overwritten. */
static double sign_of_determinant(int64_t d, double *a)
{
    double sign = 1;
    for (int64_t k = 0; k < d; k++) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < d; i++)
            if (fabs(a[i * d + k]) > fabs(a[pivot * d + k]))
                pivot = i;
        sign *= pivot == k ? 1 : -1;
        for (int64_t j = k; pivot != k && j < d; j++) {
            const double other = a[k * d + j];
            a[k * d + j] = a[pivot * d + j];
            a[pivot * d + j] = other;
        }
        sign = copysign(sign, sign * a[k * d + k]);
        for (int64_t i = k + 1; i < d; i++) {
            const double factor = a[i * d + k] / a[k * d + k];
            for (int64_t j = k; j < d; j++)
                a[i * d + j] -= factor * a[k * d + j];
        }
    }
    return sign;
}

/* With m^T = V^T S U, rows of U orthonormal: R = U^T D V, where D changes the sign of the smallest singular
 * value's direction if U^T V is a reflection. */
void rotation_nearest(int64_t d, const double *m, double *rotation, double *room)
{
    const int64_t n = d * d;
    double *const rows = room, *const v = room + n, *const u = room + 2 * n, *const work = room + 3 * n;
    dense_transpose(d, d, m, rows);
    make_orthogonal(d, rows, v);
    sort_rows(d, rows, v);
    dense_orthonormal(d, rows, u);
    for (int last = 0; last < 2; last++) {
        dense_transpose(d, d, u, rows);
        dense_multiply(d, d, d, rows, v, rotation);
        memcpy(work, rotation, (size_t)n * sizeof *work);
        if (sign_of_determinant(d, work) > 0)
            break;
        for (int64_t i = n - d; i < n; i++)
            u[i] = -u[i];
    }
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

/* The sum of coefficients, `across` apart, times the numbers of a row. */
static inline double turned_number(int64_t d, const double *coefficients, int64_t across, const void *rows,
                                   int64_t first, int64_t precision)
{
    double sum = 0;
    for (int64_t j = 0; j < d; j++)
        sum += coefficients[j * across] * rows_number(rows, first + j, precision);
    return sum;
}

double rotation_number(int64_t d, const double *rotation, int64_t i, const void *y, int64_t precision)
{
    return turned_number(d, rotation + i * d, 1, y, 0, precision);
}

void rotation_turn(int64_t d, const double *rotation, bool back, const void *from, void *to, int64_t n,
                   int64_t precision)
{
    const int64_t across = back ? d : 1, down = back ? 1 : d;
    for (int64_t row = 0; row < n; row++)
        for (int64_t i = 0; i < d; i++)
            rows_put(turned_number(d, rotation + i * down, across, from, row * d, precision), to, row * d + i,
                     precision);
}
