/* SPDX-License-Identifier: MIT
 *
 * The optimiser against numbers computed apart from it, in both precisions. */
#include "adam.h"
#include "check.h"
#include "fake_bundle.h"

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
                                           .square = square};
        adam_step(adam, &arrays, step, 0.01, adam_norm(gradients[step - 1], N, 8));
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
        const struct adam_arrays arrays = {
            .n = N, .precision = 4, .theta = theta, .gradient = gradient, .mean = mean, .square = square};
        adam_step(&adam, &arrays, step, 0.01, 1);
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
    const struct adam_arrays to_clip = {
        .n = N, .precision = 8, .theta = a, .gradient = gradient, .mean = mean_a, .square = square_a};
    const struct adam_arrays by_hand = {
        .n = N, .precision = 8, .theta = b, .gradient = scaled, .mean = mean_b, .square = square_b};
    adam_step(&clipped, &to_clip, 1, 0.1, 13);
    adam_step(&free_of_it, &by_hand, 1, 0.1, 1);
    agrees(a, b, 1e-15);
    CU_ASSERT_TRUE(fabs(a[0] - start[0]) > 1e-3);
    adam_step(&clipped, &by_hand, 2, 0.1, 0.999); /* short enough: not clipped */
    adam_step(&free_of_it, &to_clip, 2, 0.1, 0.999);
    CU_ASSERT_TRUE(fabs(a[0] - b[0]) > 1e-6);
}

static void norm_tells_what_is_not_finite(void)
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
    fake_set(&fake, "train.weight_decay", "1e-4");
    fake_set(&fake, "train.clip", "5");
    const struct adam adam = adam_from_settings(&fake.bundle);
    CU_ASSERT_EQUAL(adam.beta1, 0.9);
    CU_ASSERT_EQUAL(adam.beta2, 0.999);
    CU_ASSERT_EQUAL(adam.epsilon, 1e-8);
    CU_ASSERT_EQUAL(adam.weight_decay, 1e-4);
    CU_ASSERT_EQUAL(adam.clip, 5);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"three steps in double", three_steps_in_double},
        {"three steps in single", three_steps_in_single},
        {"clipping scales the gradient", clipping_scales_the_gradient},
        {"norm tells what is not finite", norm_tells_what_is_not_finite},
        {"settings are read", settings_are_read},
    };
    return check_main("adam", cases, CHECK_COUNT(cases));
}
