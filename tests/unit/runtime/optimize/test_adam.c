/* SPDX-License-Identifier: MIT
 *
 * The optimiser against numbers computed independently, in both precisions. */
#include "check.h"
#include "numbers/random.h"
#include "optimize/adam.h"
#include "unit/runtime/kernels/fake_bundle.h"

#include <float.h>
#include <math.h>

enum { N = 3, STEPS = 3 };

static const double start[N] = {0.5, -1.25, 2.0};
static const double gradients[STEPS][N] = {{0.1, -0.2, 3.0}, {0.3, 0.25, -1.0}, {-0.05, 0.0, 0.5}};

/* After three steps of rate 0.01: beta 0.9, 0.999, epsilon 1e-8; and beta 0.8, 0.99, epsilon 1e-6, weight
 * decay 0.1. */
static const double plain[N] = {0.4748130569978651, -1.242885248075945, 1.981943560318633};
static const double decayed[N] = {0.47333667241245964, -1.2325279136099994, 1.9813488584584606};

static void run_double(const struct adam *adam, double theta[N])
{
    double mean[N] = {0}, square[N] = {0};
    memcpy(theta, start, sizeof start);
    for (int step = 1; step <= STEPS; step++) {
        const struct adam_arrays arrays = {.n = N,
                                           .precision = 8,
                                           .theta = theta,
                                           .gradient = gradients[step - 1],
                                           .mean = mean,
                                           .square = square,
                                           .threads = 1};
        CU_ASSERT_TRUE(adam_step(adam, &arrays, step, 0.01, adam_norm(gradients[step - 1], N, 8)));
    }
}

static void agrees(const double *theta, const double *wanted, double within)
{
    for (int i = 0; i < N; i++)
        CU_ASSERT_DOUBLE_EQUAL(theta[i], wanted[i], within);
}

static void three_steps_in_double(void)
{
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    const struct adam other = {.beta1 = 0.8, .beta2 = 0.99, .epsilon = 1e-6, .weight_decay = 0.1};
    double theta[N];
    run_double(&adam, theta);
    agrees(theta, plain, 1e-14);
    run_double(&other, theta);
    agrees(theta, decayed, 1e-14);
}

static void three_steps_in_single(void)
{
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    float theta[N], gradient[N], mean[N] = {0}, square[N] = {0};
    for (int i = 0; i < N; i++)
        theta[i] = (float)start[i];
    for (int step = 1; step <= STEPS; step++) {
        for (int i = 0; i < N; i++)
            gradient[i] = (float)gradients[step - 1][i];
        const struct adam_arrays arrays = {.n = N,
                                           .precision = 4,
                                           .theta = theta,
                                           .gradient = gradient,
                                           .mean = mean,
                                           .square = square,
                                           .threads = 1};
        CU_ASSERT_TRUE(adam_step(&adam, &arrays, step, 0.01, 1));
    }
    for (int i = 0; i < N; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)theta[i], plain[i], 1e-6);
}

/* A step with a clipped gradient is one with the gradient scaled by hand. */
static void clipping_scales_the_gradient(void)
{
    const struct adam clipped = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 0.5, .clip = 1};
    const struct adam free_of_it = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 0.5};
    const double gradient[N] = {3, 4, 12};
    double scaled[N], a[N], b[N], mean_a[N] = {0}, mean_b[N] = {0}, square_a[N] = {0}, square_b[N] = {0};
    for (int i = 0; i < N; i++)
        scaled[i] = gradient[i] / (13 + 1e-6);
    memcpy(a, start, sizeof start);
    memcpy(b, start, sizeof start);
    CU_ASSERT_DOUBLE_EQUAL(adam_norm(gradient, N, 8), 13, 1e-15);
    const struct adam_arrays to_clip = {.n = N,
                                        .precision = 8,
                                        .theta = a,
                                        .gradient = gradient,
                                        .mean = mean_a,
                                        .square = square_a,
                                        .threads = 1};
    const struct adam_arrays by_hand = {.n = N,
                                        .precision = 8,
                                        .theta = b,
                                        .gradient = scaled,
                                        .mean = mean_b,
                                        .square = square_b,
                                        .threads = 1};
    CU_ASSERT_TRUE(adam_step(&clipped, &to_clip, 1, 0.1, 13));
    CU_ASSERT_TRUE(adam_step(&free_of_it, &by_hand, 1, 0.1, 1));
    agrees(a, b, 1e-15);
    CU_ASSERT_TRUE(fabs(a[0] - start[0]) > 1e-3);
    CU_ASSERT_TRUE(adam_step(&clipped, &by_hand, 2, 0.1, 0.999)); /* short enough: not clipped */
    CU_ASSERT_TRUE(adam_step(&free_of_it, &to_clip, 2, 0.1, 0.999));
    CU_ASSERT_TRUE(fabs(a[0] - b[0]) > 1e-6);
}

/* ---- many elements ------------------------------------------------------------------------------------- */

enum { MANY = 40003, FLOATS = 0, DOUBLES = 1 };

struct many {
    double theta[MANY], mean[MANY], square[MANY], gradient[MANY];
    float single[4][MANY];
};

static void make_many(struct many *m)
{
    random_fill_normal(1, 1, 0, MANY, 8, m->theta);
    random_fill_normal(1, 2, 0, MANY, 8, m->gradient);
    random_fill_normal(1, 3, 0, MANY, 8, m->mean);
    for (int i = 0; i < MANY; i++) {
        m->square[i] = 0.1 + m->mean[i] * m->mean[i];
        m->single[0][i] = (float)m->theta[i];
        m->single[1][i] = (float)m->mean[i];
        m->single[2][i] = (float)m->square[i];
        m->single[3][i] = (float)m->gradient[i];
    }
}

static struct adam_arrays arrays_of(struct many *m, int which, int64_t n, int threads)
{
    const bool twice = which == DOUBLES;
    return (struct adam_arrays){.n = n,
                                .precision = twice ? 8 : 4,
                                .theta = twice ? (void *)m->theta : m->single[0],
                                .gradient = twice ? (void *)m->gradient : m->single[3],
                                .mean = twice ? (void *)m->mean : m->single[1],
                                .square = twice ? (void *)m->square : m->single[2],
                                .threads = threads};
}

/* Every element as if it were the only one, whatever the number of elements and threads. */
static void each_element_is_independent(void)
{
    static struct many first, all, one;
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-3, .weight_decay = 0.01, .clip = 2};
    static const int64_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 16384, 16385, MANY};
    make_many(&first);
    for (size_t k = 0; k < CHECK_COUNT(counts); k++)
        for (int which = FLOATS; which <= DOUBLES; which++) {
            const int64_t n = counts[k];
            all = one = first;
            const struct adam_arrays arrays = arrays_of(&all, which, n, 1 + (int)k % 3);
            CU_ASSERT_TRUE(adam_step(&adam, &arrays, 7, 0.1, 3));
            struct adam_arrays alone = arrays_of(&one, which, 1, 1);
            for (int64_t i = 0; i < n; i++) {
                CU_ASSERT_TRUE(adam_step(&adam, &alone, 7, 0.1, 3));
                alone.theta = (char *)alone.theta + alone.precision;
                alone.mean = (char *)alone.mean + alone.precision;
                alone.square = (char *)alone.square + alone.precision;
                alone.gradient = (const char *)alone.gradient + alone.precision;
            }
            CU_ASSERT_EQUAL(memcmp(&all, &one, sizeof all), 0);
        }
}

static void the_norm_covers_all_arrays(void)
{
    static struct many m;
    make_many(&m);
    for (int64_t n = 1; n < MANY; n = 3 * n + 1) {
        double sum = 0, sum_single = 0;
        for (int64_t i = 0; i < n; i++) {
            sum += m.gradient[i] * m.gradient[i];
            sum_single += pow((double)m.single[3][i], 2);
        }
        CU_ASSERT_DOUBLE_EQUAL(adam_norm(m.gradient, n, 8), sqrt(sum), 1e-13 * sqrt(sum));
        CU_ASSERT_DOUBLE_EQUAL(adam_norm(m.single[3], n, 4), sqrt(sum_single), 1e-13 * sqrt(sum_single));
    }
}

/* The gradient is finite; its square is not, or the step that follows from it. */
static void step_reports_what_is_not_finite(void)
{
    static struct many m;
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
    for (int64_t i = 0; i < MANY; i += 4999) {
        make_many(&m);
        m.single[3][i] = 1e30F;
        const struct adam_arrays single = arrays_of(&m, FLOATS, MANY, 2);
        CU_ASSERT_FALSE(adam_step(&adam, &single, 1, 0.1, 1));
        m.theta[i] = DBL_MAX;
        m.mean[i] = -DBL_MAX;
        const struct adam_arrays twice = arrays_of(&m, DOUBLES, MANY, 1);
        CU_ASSERT_FALSE(adam_step(&adam, &twice, 1, 1e10, 1));
    }
}

static void norm_reports_what_is_not_finite(void)
{
    const double bad[N] = {1, NAN, 1};
    const float infinite[N] = {1, 1, INFINITY};
    CU_ASSERT_FALSE(isfinite(adam_norm(bad, N, 8)));
    CU_ASSERT_FALSE(isfinite(adam_norm(infinite, N, 4)));
}

static void settings_are_read(void)
{
    static struct fake fake;
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.beta1", "0.75");
    fake_set(&fake, "train.beta2", "0.875");
    fake_set(&fake, "train.epsilon", "1e-3");
    fake_set(&fake, "train.weight_decay", "1e-4");
    CU_ASSERT_EQUAL(adam_from_settings(&fake.bundle).weight_decay,
                    0); /* decoupled: no part of the gradient */
    fake_set(&fake, "train.weight_decay_kind", "gradient");
    fake_set(&fake, "train.clip", "5");
    const struct adam adam = adam_from_settings(&fake.bundle);
    CU_ASSERT_EQUAL(adam.beta1, 0.75);
    CU_ASSERT_EQUAL(adam.beta2, 0.875);
    CU_ASSERT_EQUAL(adam.epsilon, 1e-3);
    CU_ASSERT_EQUAL(adam.weight_decay, 1e-4);
    CU_ASSERT_EQUAL(adam.clip, 5);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"three steps in double", three_steps_in_double},
        {"three steps in single", three_steps_in_single},
        {"clipping scales the gradient", clipping_scales_the_gradient},
        {"each element is independent", each_element_is_independent},
        {"the norm covers all arrays", the_norm_covers_all_arrays},
        {"step reports what is not finite", step_reports_what_is_not_finite},
        {"norm reports what is not finite", norm_reports_what_is_not_finite},
        {"settings are read", settings_are_read},
    };
    return check_main("adam", cases, CHECK_COUNT(cases));
}
