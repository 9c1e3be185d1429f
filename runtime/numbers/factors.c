/* SPDX-License-Identifier: MIT */
#include "numbers/factors.h"

#include <math.h>
#include <stddef.h>

/* ---- elimination with row pivots ----------------------------------------------------------------------- */

static void swap_rows(double *a, double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

static int64_t pivot_row(const double *a, int64_t d, int64_t k)
{
    int64_t best = k;
    for (int64_t i = k + 1; i < d; i++)
        if (fabs(a[i * d + k]) > fabs(a[best * d + k]))
            best = i;
    return best;
}

/* Column k becomes 0 below the diagonal; the same for the right-hand side b, where that is not NULL. Returns
 * the pivot; where it is 0 nothing was done but the exchange. */
static double eliminate(double *a, double *b, int64_t d, int64_t k)
{
    const int64_t pivot = pivot_row(a, d, k);
    if (pivot != k) {
        swap_rows(a + pivot * d, a + k * d, d);
        if (b)
            swap_rows(b + pivot, b + k, 1);
    }
    for (int64_t i = k + 1; a[k * d + k] != 0 && i < d; i++) {
        double factor = a[i * d + k] / a[k * d + k];
        for (int64_t j = k; j < d; j++)
            a[i * d + j] -= factor * a[k * d + j];
        if (b)
            b[i] -= factor * b[k];
    }
    return a[k * d + k];
}

double log_abs_det(double *a, int64_t d)
{
    double sum = 0;
    for (int64_t k = 0; k < d; k++) {
        const double pivot = eliminate(a, NULL, d, k);
        sum += log(fabs(pivot));
        if (pivot == 0)
            return sum;
    }
    return sum;
}

bool solve_equations(double *a, int64_t d, double *b)
{
    for (int64_t k = 0; k < d; k++)
        if (eliminate(a, b, d, k) == 0)
            return false;
    for (int64_t i = d - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < d; j++)
            b[i] -= a[i * d + j] * b[j];
        b[i] /= a[i * d + i];
    }
    return true;
}

/* ---- Cholesky's factor --------------------------------------------------------------------------------- */

bool cholesky_factor(const double *a, int64_t d, double ridge, double *L)
{
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = a[i * d + j] + (i == j ? ridge : 0);
            for (int64_t k = 0; k < j; k++)
                sum -= L[i * d + k] * L[j * d + k];
            if (i == j && !(sum > 0 && isfinite(sum)))
                return false;
            L[i * d + j] = i == j ? sqrt(sum) : sum / L[j * d + j];
        }
    return true;
}

void cholesky_solve(const double *L, int64_t d, int64_t zeros, double *b)
{
    for (int64_t i = zeros; i < d; i++) {
        for (int64_t j = zeros; j < i; j++)
            b[i] -= L[i * d + j] * b[j];
        b[i] /= L[i * d + i];
    }
    for (int64_t i = d - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < d; j++)
            b[i] -= L[j * d + i] * b[j];
        b[i] /= L[i * d + i];
    }
}
