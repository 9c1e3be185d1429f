/* SPDX-License-Identifier: MIT */
#include "numbers/chances.h"

#include "numbers/normal.h"

#include <math.h>

static const double LOG_2 = 0.69314718055994530942;

double log_chance_normal(double z)
{
    return LOG_2 + normal_log_probabilities(fabs(z)).above;
}

double log_chance_chi_square(double x, double k)
{
    const double variance = 2 / (9 * k);
    return normal_log_probabilities((cbrt(x / k) - (1 - variance)) / sqrt(variance)).above;
}

double log_chance_distance(double distance, int64_t n)
{
    return fmin(0, LOG_2 - 2 * (double)n * distance * distance);
}

enum { MOST_TERMS = 10000 };

/* ---- the incomplete gamma function P(a, x) ------------------------------------------------------------- */

/* x^a e^-x / Gamma(a) times a sum of positive terms; few of them where x < a + 1. */
static double gamma_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int n = 1; term > 1e-16 * sum && n < MOST_TERMS; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return sum;
}

/* The continued fraction of 1 - P, by Lentz's method, for x >= a + 1. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1e300, d = 1 / b, result = d, change = 2;
    for (int i = 1; fabs(change - 1) > 1e-15 && i < MOST_TERMS; i++) {
        const double factor = -i * (i - a);
        b += 2;
        d = 1 / (b + factor * d);
        c = b + factor / c;
        change = c * d;
        result *= change;
    }
    return result;
}

/* log Gamma(k/2), k whole or half, without lgamma, which writes to a variable of the whole process. */
static double log_gamma(double a)
{
    double shift = 0;
    for (; a < 10; a++)
        shift += log(a);
    const double q = 1 / (a * a);
    return (a - 0.5) * log(a) - a + NORMAL_HALF_LOG_2PI +
           (1.0 / 12 - q * (1.0 / 360 - q * (1.0 / 1260 - q * (1.0 / 1680 - q / 1188)))) / a - shift;
}

double chi_square_below(double x, double k)
{
    const double a = k / 2, half = x / 2;
    if (!(half > 0))
        return 0;
    const double factor = exp(a * log(half) - half - log_gamma(a));
    return half < a + 1 ? factor * gamma_series(a, half) : 1 - factor * gamma_fraction(a, half);
}
