/* SPDX-License-Identifier: MIT
 *
 * The standard normal distribution on logarithms, accurate however far out. */
#ifndef GPFC_NORMAL_H
#define GPFC_NORMAL_H

#include <stdint.h>

#define NORMAL_HALF_LOG_2PI 0.91893853320467274178

/* Of N(0, I) at n numbers of precision 4 or 8. */
double normal_log_density(const void *y, int64_t n, int64_t precision);

struct normal_logs {
    double below; /* log Phi(a)      */
    double above; /* log (1 - Phi(a)) */
};

/* Both to a few ulp of the larger of 1 and themselves, for any finite a of less than 1e150. */
struct normal_logs normal_log_probabilities(double a);

/* The y with log Phi(y) = log_p; for log_p <= log(1/2), that is y <= 0 (above, use the other tail and the
 * other sign). */
double normal_lower_quantile(double log_p);

#endif
