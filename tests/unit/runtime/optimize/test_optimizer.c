/* SPDX-License-Identifier: MIT
 *
 * What every optimizer shares: weight decay apart from the gradient, and the average of weights, against
 * numbers computed by hand. */
#include "check.h"
#include "optimize/average.h"
#include "optimize/optimizer.h"
#include "optimize/shrink.h"
#include "unit/runtime/kernels/fake_bundle.h"

#include <math.h>

/* ---- weight decay -------------------------------------------------------------------------------------- */

enum { D = 3, N = D * D + D /* W, then b */ };

static const double rate = 0.02;

/* One step by the bundle's optimizer from weights 1, 2, ... */
static void step_once(const struct fake *fake, bool pulled, double theta[N])
{
    struct optimizer *optimizer;
    struct fault fault = {0};
    double gradient[N] = {0}, mean[N] = {0}, square[N] = {0};
    CU_ASSERT_TRUE_FATAL(optimizer_new(&optimizer, &fake->bundle, &fault));
    for (int i = 0; i < N; i++) {
        theta[i] = i + 1;
        gradient[i] = pulled ? 1.5 - i % 4 : 0;
    }
    const struct adam_arrays arrays = {.n = N,
                                       .precision = 8,
                                       .theta = theta,
                                       .gradient = gradient,
                                       .mean = mean,
                                       .square = square,
                                       .threads = 1};
    CU_ASSERT_TRUE(optimizer_step(optimizer, &arrays, 1, rate, 1));
    optimizer_free(optimizer);
}

static void decay_of(struct fake *fake, const char *optimizer, const char *kind, const char *decay)
{
    fake_make(fake, FAKE_DOUBLE3);
    fake_set(fake, "train.optimizer", optimizer);
    fake_set(fake, "train.weight_decay", decay);
    fake_set(fake, "train.weight_decay_kind", kind);
}

/* Without a gradient nothing else moves: weights lose rate * 0.25 of themselves, biases nothing. With one,
 * the loss is the same, whatever the gradient. */
static void decoupled_decay_is_no_part_of_the_gradient(void)
{
    static const char *const optimizers[] = {"adam", "soap"};
    static struct fake fake;
    double still[N], plain[N], decayed[N];
    for (size_t k = 0; k < CHECK_COUNT(optimizers); k++) {
        decay_of(&fake, optimizers[k], "decoupled", "0.25");
        step_once(&fake, false, still);
        step_once(&fake, true, decayed);
        decay_of(&fake, optimizers[k], "decoupled", "0");
        step_once(&fake, true, plain);
        for (int i = 0; i < N; i++) {
            const double loss = i < D * D ? 0.005 * (i + 1) : 0;
            CU_ASSERT_DOUBLE_EQUAL(still[i], i + 1 - loss, 1e-14);
            CU_ASSERT_DOUBLE_EQUAL(decayed[i], plain[i] - loss, 1e-12);
            CU_ASSERT_TRUE(fabs(plain[i] - (i + 1)) > 1e-4);
        }
    }
}

/* Adam's first step is rate * sign(g), and g = weight_decay * theta is all that there is. */
static void decay_in_the_gradient_is_adams(void)
{
    static struct fake fake;
    double theta[N];
    decay_of(&fake, "adam", "gradient", "0.25");
    step_once(&fake, false, theta);
    for (int i = 0; i < N; i++)
        CU_ASSERT_DOUBLE_EQUAL(theta[i], i + 1 - rate, 1e-8);
}

/* By itself it grows with the dimension, to an end; another kind has none by itself. */
static void decay_follows_the_dimension(void)
{
    static const struct {
        int64_t d;
        double decay;
    } rows[] = {{1, 0.01}, {4, 0.08}, {9, 0.27}, {14, 0.5}, {91, 0.5}};
    static struct fake fake;
    decay_of(&fake, "adam", "decoupled", "auto");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        fake.bundle.dimension = rows[i].d;
        CU_ASSERT_DOUBLE_EQUAL(shrink_from_settings(&fake.bundle), rows[i].decay, 1e-15);
    }
    fake_set(&fake, "train.weight_decay_kind", "gradient");
    CU_ASSERT_EQUAL(shrink_from_settings(&fake.bundle), 0);
    CU_ASSERT_EQUAL(adam_from_settings(&fake.bundle).weight_decay, 0);
}

/* ---- the average --------------------------------------------------------------------------------------- */

enum { STEPS = 40 };

static double weights_of(int step, int i)
{
    return cos(0.3 * step * (i + 1)) + step;
}

/* The factors that the steps' weights have in the end: w_t and then 1 - w of every later step. */
static double mean_of(double share, int i)
{
    double sum = 0, left = 1, total = 0;
    for (int t = STEPS; t >= 1; t--) {
        const double weight = fmin(1, 1 / (share * t));
        sum += left * weight * weights_of(t, i);
        total += left * weight;
        left *= 1 - weight;
    }
    CU_ASSERT_DOUBLE_EQUAL(total, 1, 1e-14);
    return sum;
}

static void averages_in(int64_t precision, double share, double within)
{
    double mean[2] = {0};
    float mean_single[2] = {0};
    for (int t = 1; t <= STEPS; t++) {
        const double theta[2] = {weights_of(t, 0), weights_of(t, 1)};
        const float single[2] = {(float)theta[0], (float)theta[1]};
        const bool twice = precision == 8;
        average_step(&(struct average_arrays){.n = 2,
                                              .precision = precision,
                                              .theta = twice ? (const void *)theta : single,
                                              .mean = twice ? (void *)mean : mean_single},
                     share, t);
    }
    for (int i = 0; i < 2; i++)
        CU_ASSERT_DOUBLE_EQUAL(precision == 8 ? mean[i] : (double)mean_single[i], mean_of(share, i), within);
}

static void the_average_has_a_closed_form(void)
{
    static const double shares[] = {0.05, 0.1, 0.5, 1};
    for (size_t k = 0; k < CHECK_COUNT(shares); k++) {
        averages_in(8, shares[k], 1e-12);
        averages_in(4, shares[k], 2e-4);
    }
}

/* Over all steps it is the arithmetic mean; over none the weights of now, bit for bit. */
static void shares_of_one_and_nothing(void)
{
    double sum = 0;
    for (int t = 1; t <= STEPS; t++)
        sum += weights_of(t, 1) / STEPS;
    CU_ASSERT_DOUBLE_EQUAL(mean_of(1, 1), sum, 1e-12);
    averages_in(8, 1, 1e-12);
    const double theta[2] = {0.1, 1e-300};
    double mean[2] = {1e300, 3};
    average_step(&(struct average_arrays){.n = 2, .precision = 8, .theta = theta, .mean = mean}, 0, 1000);
    CU_ASSERT_EQUAL(memcmp(mean, theta, sizeof mean), 0);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"decoupled decay is no part of the gradient", decoupled_decay_is_no_part_of_the_gradient},
        {"decay in the gradient is Adam's", decay_in_the_gradient_is_adams},
        {"decay follows the dimension", decay_follows_the_dimension},
        {"the average has a closed form", the_average_has_a_closed_form},
        {"shares of one and nothing", shares_of_one_and_nothing},
    };
    return check_main("optimizer", cases, CHECK_COUNT(cases));
}
