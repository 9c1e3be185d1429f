/* SPDX-License-Identifier: MIT
 *
 * Converts a point to the logarithm of a probability, and back. */
#include "numbers/normal.h"

#include "numbers/rows.h"

#include <math.h>

static const double SQRT_HALF = 0.70710678118654752440;

double normal_log_density(const void *y, int64_t n, int64_t precision)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const double at = rows_number(y, i, precision);
        sum -= 0.5 * at * at + NORMAL_HALF_LOG_2PI;
    }
    return sum;
}

/* log Phi(-a) for a >= 0: by erfc while that is a normal number with room to spare, then by its asymptotic
 * series phi(a)/a * (1 - 1/a^2 + 3/a^4 - 15/a^6 ...), whose eighth term is below 1e-17 from a = 30 on. */
static double log_tail(double a)
{
    if (a < 30)
        return log(0.5 * erfc(a * SQRT_HALF));
    const double q = -1 / (a * a);
    double sum = 0;
    for (int odd = 15; odd >= 1; odd -= 2)
        sum = odd * q * (1 + sum);
    return -0.5 * a * a - NORMAL_HALF_LOG_2PI - log(a) + log1p(sum);
}

struct normal_logs normal_log_probabilities(double a)
{
    const double tail = log_tail(fabs(a)), body = log1p(-exp(tail));
    return a < 0 ? (struct normal_logs){.below = tail, .above = body}
                 : (struct normal_logs){.below = body, .above = tail};
}

/* Abramowitz and Stegun 26.2.23, to 4.5e-4. */
static double rough_quantile(double log_p)
{
    const double t = sqrt(-2 * log_p);
    return (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) -
           t;
}

/* Halley's method on g(y) = log Phi(y) - log_p: g' = h = phi/Phi, g'' = -h (y + h). Each step cubes the
 * error. */
double normal_lower_quantile(double log_p)
{
    if (isinf(log_p))
        return log_p;
    double y = rough_quantile(log_p);
    for (int i = 0; i < 2; i++) {
        const double log_cdf = normal_log_probabilities(y).below;
        const double h = exp(-0.5 * y * y - NORMAL_HALF_LOG_2PI - log_cdf);
        const double newton = (log_cdf - log_p) / h;
        y -= newton / (1 + 0.5 * newton * (y + h));
    }
    return y;
}
