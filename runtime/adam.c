/* SPDX-License-Identifier: MIT
 *
 *   g = scale * gradient + weight_decay * theta
 *   m = beta1 m + (1 - beta1) g,  q = beta2 q + (1 - beta2) g^2
 *   theta = theta - rate / (1 - beta1^step) * m / (sqrt(q / (1 - beta2^step)) + epsilon) */
#include "adam.h"

#include "settings.h"

#include <math.h>

struct adam adam_from_settings(const struct gpfc_bundle *bundle)
{
    return (struct adam){
        .beta1 = setting_number(bundle, "train.beta1", 0.9),
        .beta2 = setting_number(bundle, "train.beta2", 0.999),
        .epsilon = setting_number(bundle, "train.epsilon", 1e-8),
        .weight_decay = setting_number(bundle, "train.weight_decay", 0),
        .clip = setting_number(bundle, "train.clip", 0),
    };
}

double adam_norm(const void *array, int64_t n, int64_t precision)
{
    double sum = 0;
    if (precision == sizeof(float))
        for (const float *a = array; a < (const float *)array + n; a++)
            sum += (double)*a * (double)*a;
    else
        for (const double *a = array; a < (const double *)array + n; a++)
            sum += *a * *a;
    return sqrt(sum);
}

struct factors { /* of one step, the same for every element */
    double scale, weight_decay;
    double beta1, beta2, new1, new2; /* new1 = 1 - beta1 */
    double rate;                     /* with the mean's bias correction */
    double root;                     /* sqrt(1 - beta2^step), the square's */
    double epsilon;
};

#define STEP_OF(REAL, SQRT)                                                                                  \
    static void step_##REAL(const struct factors *f, const struct adam_arrays *a)                            \
    {                                                                                                        \
        const REAL scale = (REAL)f->scale, decay = (REAL)f->weight_decay, rate = (REAL)f->rate;              \
        const REAL beta1 = (REAL)f->beta1, beta2 = (REAL)f->beta2, root = (REAL)f->root;                     \
        const REAL new1 = (REAL)f->new1, new2 = (REAL)f->new2, epsilon = (REAL)f->epsilon;                   \
        REAL *theta = a->theta, *mean = a->mean, *square = a->square;                                        \
        const REAL *gradient = a->gradient;                                                                  \
        for (int64_t i = 0; i < a->n; i++) {                                                                 \
            REAL g = scale * gradient[i] + decay * theta[i];                                                 \
            mean[i] = beta1 * mean[i] + new1 * g;                                                            \
            square[i] = beta2 * square[i] + new2 * g * g;                                                    \
            theta[i] -= rate * mean[i] / (SQRT(square[i]) / root + epsilon);                                 \
        }                                                                                                    \
    }
STEP_OF(float, sqrtf)
STEP_OF(double, sqrt)
#undef STEP_OF

void adam_step(const struct adam *adam, const struct adam_arrays *arrays, int64_t step, double rate,
               double norm)
{
    const struct factors factors = {
        .scale = adam->clip > 0 && norm > adam->clip ? adam->clip / (norm + 1e-6) : 1,
        .weight_decay = adam->weight_decay,
        .beta1 = adam->beta1,
        .beta2 = adam->beta2,
        .new1 = 1 - adam->beta1,
        .new2 = 1 - adam->beta2,
        .rate = rate / (1 - pow(adam->beta1, (double)step)),
        .root = sqrt(1 - pow(adam->beta2, (double)step)),
        .epsilon = adam->epsilon,
    };
    if (arrays->precision == sizeof(float))
        step_float(&factors, arrays);
    else
        step_double(&factors, arrays);
}
