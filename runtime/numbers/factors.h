/* SPDX-License-Identifier: MIT
 *
 * Factors of small dense matrices [d][d] of doubles, and what follows from them: densities, solutions. */
#ifndef GPFC_FACTORS_H
#define GPFC_FACTORS_H

#include <stdbool.h>
#include <stdint.h>

/* log |det a|, by elimination with pivots; a is overwritten. -inf for a singular one. */
double log_abs_det(double *a, int64_t d);
/* a^-1 b in place of b, likewise. False for a singular a; b is then of no use. */
bool solve_equations(double *a, int64_t d, double *b);

/* a + ridge I = L L^T, by the lower triangle. False where that is not positive definite, or holds a NaN. */
bool cholesky_factor(const double *a, int64_t d, double ridge, double *L);
/* (L L^T)^-1 b in place; b's first `zeros` elements are 0. */
void cholesky_solve(const double *L, int64_t d, int64_t zeros, double *b);

#endif
