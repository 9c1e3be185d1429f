/* SPDX-License-Identifier: MIT
 *
 *   g = scale * gradient + weight_decay * theta
 *   m = beta1 m + (1 - beta1) g,  q = beta2 q + (1 - beta2) g^2
 *   theta = theta - rate / (1 - beta1^step) * m / (sqrt(q / (1 - beta2^step)) + epsilon) */
#include "optimize/adam.h"

#include "ground/parallel.h"
#include "kernels/settings.h"
#include "numbers/rows.h"
#include "optimize/shrink.h"

#include <math.h>
#include <stdatomic.h>

enum { PART_ELEMENTS = 16384 /* 20 us or so: longer than it takes a thread that waits to go on */ };

struct adam adam_from_settings(const struct gpfc_bundle *bundle)
{
    return (struct adam){
        .beta1 = setting_number(bundle, SETTING_train_beta1),
        .beta2 = setting_number(bundle, SETTING_train_beta2),
        .epsilon = setting_number(bundle, SETTING_train_epsilon),
        .weight_decay = shrink_is_decoupled(bundle) ? 0 : setting_number(bundle, SETTING_train_weight_decay),
        .clip = setting_number(bundle, SETTING_train_clip),
    };
}

#define SQUARES_OF(REAL)                                                                                     \
    static double squares_##REAL(const REAL *a, int64_t n)                                                   \
    {                                                                                                        \
        double sum = 0;                                                                                      \
        _Pragma("omp simd reduction(+ : sum)") for (int64_t i = 0; i < n; i++) sum +=                        \
            (double)a[i] * (double)a[i];                                                                     \
        return sum;                                                                                          \
    }
SQUARES_OF(float)
SQUARES_OF(double)
#undef SQUARES_OF

double adam_norm(const void *array, int64_t n, int64_t precision)
{
    return sqrt(is_single(precision) ? squares_float(array, n) : squares_double(array, n));
}

struct factors { /* of one step, the same for every element */
    double scale, weight_decay;
    double beta1, beta2, new1, new2; /* new1 = 1 - beta1 */
    double rate;                     /* with the mean's bias correction */
    double root;                     /* sqrt(1 - beta2^step), the square's */
    double epsilon;
};

/* Elements first .. end - 1; 0 where all that was written is finite, else NaN. */
#define STEP_OF(REAL, SQRT)                                                                                  \
    static REAL step_##REAL(const struct factors *f, const struct adam_arrays *a, int64_t first,             \
                            int64_t end)                                                                     \
    {                                                                                                        \
        const REAL scale = (REAL)f->scale, decay = (REAL)f->weight_decay, rate = (REAL)f->rate;              \
        const REAL beta1 = (REAL)f->beta1, beta2 = (REAL)f->beta2, root = (REAL)f->root;                     \
        const REAL new1 = (REAL)f->new1, new2 = (REAL)f->new2, epsilon = (REAL)f->epsilon;                   \
        REAL *restrict theta = a->theta, *restrict mean = a->mean, *restrict square = a->square;             \
        const REAL *restrict gradient = a->gradient;                                                         \
        REAL bad = 0;                                                                                        \
        _Pragma("omp simd reduction(+ : bad)") for (int64_t i = first; i < end; i++)                         \
        {                                                                                                    \
            const REAL g = scale * gradient[i] + decay * theta[i];                                           \
            const REAL m = beta1 * mean[i] + new1 * g, q = beta2 * square[i] + new2 * g * g;                 \
            const REAL t = theta[i] - rate * m / (SQRT(q) / root + epsilon);                                 \
            mean[i] = m;                                                                                     \
            square[i] = q;                                                                                   \
            theta[i] = t;                                                                                    \
            bad += (m - m) + (q - q) + (t - t);                                                              \
        }                                                                                                    \
        return bad;                                                                                          \
    }
STEP_OF(float, sqrtf)
STEP_OF(double, sqrt)
#undef STEP_OF

struct step { /* one call of adam_step */
    struct factors factors;
    const struct adam_arrays *arrays;
    atomic_bool bad;
};

static void step_part(void *data, int64_t part, int thread)
{
    struct step *step = data;
    const struct adam_arrays *arrays = step->arrays;
    const int64_t first = part * PART_ELEMENTS;
    const int64_t end = arrays->n - first < PART_ELEMENTS ? arrays->n : first + PART_ELEMENTS;
    const double bad = is_single(arrays->precision) ? (double)step_float(&step->factors, arrays, first, end)
                                                    : step_double(&step->factors, arrays, first, end);
    (void)thread;
    if (isnan(bad))
        atomic_store(&step->bad, true);
}

bool adam_step(const struct adam *adam, const struct adam_arrays *arrays, int64_t step, double rate,
               double norm)
{
    struct step all = {.arrays = arrays};
    all.factors = (struct factors){
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
    parallel_for(arrays->threads, (arrays->n + PART_ELEMENTS - 1) / PART_ELEMENTS, step_part, &all);
    return !atomic_load(&all.bad);
}
