/* SPDX-License-Identifier: MIT
 *
 * How likely a statistic is to be as large as it was, if the hypothesis holds: logarithms, so that a bound
 * far below the smallest double still says something. */
#ifndef GPFC_CHANCES_H
#define GPFC_CHANCES_H

#include <stdint.h>

/* log P(|Z| >= |z|), Z standard normal. */
double log_chance_normal(double z);

/* log P(X >= x), X chi-square with k degrees of freedom; by Wilson and Hilferty's cube root: to a few percent
 * of the logarithm. */
double log_chance_chi_square(double x, double k);

/* log of a bound of P(D >= distance) for n rows, D the largest distance between an empirical and its true
 * distribution function (Dvoretzky, Kiefer, Wolfowitz, with Massart's constant). */
double log_chance_distance(double distance, int64_t n);

/* P(X <= x), X chi-square with k degrees of freedom, to 1e-12. */
double chi_square_below(double x, double k);

#endif
