/* SPDX-License-Identifier: MIT
 *
 * Learning rates and the penalty's decay over a training. */
#include "check.h"
#include "optimize/rate.h"
#include "unit/runtime/kernels/fake_bundle.h"

#include <math.h>

static const struct rate base = {
    .start = 0.1, .decay = 0.5, .decays = 4, .warmup_steps = 0, .epochs = 10, .epoch_steps = 7};

static void a_constant_rate_stays(void)
{
    struct rate rate = base;
    rate.schedule = RATE_CONSTANT;
    CU_ASSERT_EQUAL(rate_at(&rate, 0, 0), 0.1);
    CU_ASSERT_EQUAL(rate_at(&rate, 69, 0), 0.1);
}

/* Decays at epochs 2, 4, 6, 8 of 10. */
static void decays_come_at_even_intervals(void)
{
    struct rate rate = base;
    rate.schedule = RATE_STEP;
    const int passed[10] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4};
    for (int epoch = 0; epoch < 10; epoch++)
        for (int step = 0; step < 7; step++)
            CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, epoch * 7 + step, 0), 0.1 * pow(0.5, passed[epoch]), 1e-16);
}

static void cosine_falls_to_zero(void)
{
    struct rate rate = base;
    rate.schedule = RATE_COSINE;
    CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, 0, 0), 0.1, 1e-16);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, 35, 0), 0.05, 1e-16);
    for (int step = 1; step < 70; step++)
        CU_ASSERT_TRUE(rate_at(&rate, step, 0) < rate_at(&rate, step - 1, 0) && rate_at(&rate, step, 0) > 0);
    CU_ASSERT_EQUAL(rate_at(&rate, 70, 0), 0);
    CU_ASSERT_EQUAL(rate_at(&rate, 1000, 0), 0);
}

/* The fall is a share of the whole training, from where it begins, and has ended by the last step. */
static void the_plateau_falls_where_it_is_told(void)
{
    struct rate rate = base;
    rate.schedule = RATE_PLATEAU;
    rate.fall = 0.25;
    CU_ASSERT_EQUAL(rate_at(&rate, 69, 0), 0.1);
    CU_ASSERT_EQUAL(rate_fall_steps(&rate, 30), 10);
    CU_ASSERT_EQUAL(rate_at(&rate, 30, 30), 0.1);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, 35, 30), 0.05, 1e-16);
    CU_ASSERT_EQUAL(rate_at(&rate, 40, 30), 0);
    CU_ASSERT_EQUAL(rate_latest_fall(&rate), 52);
    CU_ASSERT_TRUE(52 + rate_fall_steps(&rate, 52) <= 70);
    rate.fall = 0;
    CU_ASSERT_EQUAL(rate_fall_steps(&rate, 30), 1);
    rate.epochs = rate.epoch_steps = 1;
    CU_ASSERT_EQUAL(rate_latest_fall(&rate), 1);
}

/* Out of patience before its time, the cosine falls from where it is, and has its share of steps for that. */
static void a_cosine_falls_before_its_time(void)
{
    struct rate rate = base;
    rate.schedule = RATE_COSINE;
    rate.fall = 0.25;
    CU_ASSERT_TRUE(rate_falls(&rate));
    const double top = rate_at(&rate, 30, 0);
    CU_ASSERT_TRUE(top < 0.1 && top > 0.05);
    CU_ASSERT_EQUAL(rate_at(&rate, 30, 30), top);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, 35, 30), top / 2, 1e-16);
    CU_ASSERT_EQUAL(rate_at(&rate, 40, 30), 0);
    rate.schedule = RATE_CONSTANT;
    CU_ASSERT_FALSE(rate_falls(&rate));
    rate.schedule = RATE_STEP;
    CU_ASSERT_FALSE(rate_falls(&rate));
}

static void warm_up_rises_then_the_schedule_follows(void)
{
    struct rate rate = base;
    rate.schedule = RATE_COSINE;
    rate.warmup_steps = 10;
    for (int step = 0; step < 10; step++)
        CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, step, 0), 0.01 * (step + 1), 1e-16);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, 10, 0), 0.1, 1e-16);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, 40, 0), 0.05, 1e-16);
    rate.warmup_steps = 1000; /* longer than the training */
    CU_ASSERT_DOUBLE_EQUAL(rate_at(&rate, 69, 0), 0.007, 1e-16);
}

static void any_number_of_decays(void)
{
    CU_ASSERT_EQUAL(rate_decayed(2, 0.5, 0, 9, 10), 2);
    CU_ASSERT_EQUAL(rate_decayed(2, 0.5, 1, 4, 10), 2);
    CU_ASSERT_EQUAL(rate_decayed(2, 0.5, 1, 5, 10), 1);
    CU_ASSERT_EQUAL(rate_decayed(2, 0.5, 5, 0, 1), 2);
    CU_ASSERT_EQUAL(rate_decayed(2, 0, 1, 9, 10), 0);
    CU_ASSERT_DOUBLE_EQUAL(rate_decayed(1, 0.5, 100, 9, 10), pow(0.5, 90), 1e-40);
    CU_ASSERT_EQUAL(rate_decayed(1, 1, 1000000, 99999999, 100000000), 1);
}

static void settings_are_read(void)
{
    static struct fake fake;
    static const enum rate_schedule wanted[] = {RATE_CONSTANT, RATE_STEP, RATE_COSINE, RATE_PLATEAU};
    static const char *const words[] = {"constant", "step", "cosine", "plateau"};
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.rate", "0.25");
    fake_set(&fake, "train.warmup_steps", "12");
    for (int i = 0; i < 4; i++) {
        fake_set(&fake, "train.schedule", words[i]);
        const struct rate rate = rate_from_settings(&fake.bundle, 3, 4);
        CU_ASSERT_EQUAL(rate.schedule, wanted[i]);
        CU_ASSERT_EQUAL(rate.start, 0.25);
        CU_ASSERT_EQUAL(rate.warmup_steps, 12);
        CU_ASSERT_EQUAL(rate.epochs, 3);
        CU_ASSERT_EQUAL(rate.epoch_steps, 4);
    }
}

/* As many steps as are needed, but no row is seen less than three times; pairs not more than 28 times, unless
 * there are so few that this is too little to learn from. */
static void epochs_give_the_steps_needed(void)
{
    static struct fake fake;
    fake_make(&fake, FAKE_SINGLE2);
    CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 1, false), 3000);
    CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 7, false), 429); /* 3,003 steps */
    for (int by_heart = 0; by_heart < 2; by_heart++) {
        CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 300, by_heart), 10);
        CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 1000, by_heart), 3);
        CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 5000, by_heart), 3);
    }
    CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 1, true), 600);
    CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 7, true), 86); /* 602 steps */
    CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 34, true), 28);
    CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 107, true), 28);
    CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 108, true), 28); /* 3,000 steps, rounded up */
    CU_ASSERT_EQUAL(rate_epochs(&fake.bundle, 120, true), 25);
    CU_ASSERT_EQUAL(rate_epochs(&fake.base, 10, false), 600);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a constant rate stays", a_constant_rate_stays},
        {"decays come at even intervals", decays_come_at_even_intervals},
        {"cosine falls to zero", cosine_falls_to_zero},
        {"the plateau falls where it is told", the_plateau_falls_where_it_is_told},
        {"a cosine falls before its time", a_cosine_falls_before_its_time},
        {"warm-up rises, then the schedule follows", warm_up_rises_then_the_schedule_follows},
        {"any number of decays", any_number_of_decays},
        {"settings are read", settings_are_read},
        {"epochs give the steps needed", epochs_give_the_steps_needed},
    };
    return check_main("rate", cases, CHECK_COUNT(cases));
}
