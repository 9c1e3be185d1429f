/* SPDX-License-Identifier: MIT */
#include "numbers/factors.h"

#include <math.h>

/* ---- LU factors with row pivots ------------------------------------------------------------------------ */

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

double log_abs_det(double *a, int64_t d)
{
    double sum = 0;
    for (int64_t k = 0; k < d; k++) {
        int64_t pivot = pivot_row(a, d, k);
        if (pivot != k)
            swap_rows(a + pivot * d, a + k * d, d);
        sum += log(fabs(a[k * d + k]));
        if (a[k * d + k] == 0)
            return sum;
        for (int64_t i = k + 1; i < d; i++) {
            double factor = a[i * d + k] / a[k * d + k];
            for (int64_t j = k; j < d; j++)
                a[i * d + j] -= factor * a[k * d + j];
        }
    }
    return sum;
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
