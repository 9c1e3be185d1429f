/* SPDX-License-Identifier: MIT
 *
 * The choice of a number of time steps, on errors that are formulas; and a check of a flow that is known. */
#include "check.h"
#include "model/weights.h"
#include "train/time_check.h"
#include "unit/runtime/kernels/fake_bundle.h"

#include <math.h>

/* Errors factor * steps^-order, but no smaller than a floor. */
struct law {
    double density, roundtrip, floor;
    int order, asked, most;
};

static bool errors_of(void *data, int64_t steps, struct time_errors *out, struct fault *fault)
{
    struct law *law = data;
    (void)fault;
    const double falls = pow((double)steps, -law->order);
    law->asked++;
    CU_ASSERT_TRUE(steps >= 1 && steps <= law->most);
    *out = (struct time_errors){fmax(law->density * falls, law->floor),
                                fmax(law->roundtrip * falls, law->floor)};
    return true;
}

static struct time_choice follow(const struct time_rule *rule, int64_t now, struct law *law)
{
    struct time_choice choice = {.steps = -1};
    CU_ASSERT_TRUE(time_steps_follow(&choice, rule, now, errors_of, law, NULL));
    return choice;
}

static struct time_choice settle(const struct time_rule *rule, int64_t now, struct law *law)
{
    struct time_choice choice = {.steps = -1};
    CU_ASSERT_TRUE(time_steps_settle(&choice, rule, now, errors_of, law, NULL));
    return choice;
}

static struct time_rule rule_of(int order, int64_t most)
{
    return (struct time_rule){.automatic = true, .most = most, .order = order, .bound = {1e-4, 1e-3}};
}

/* The first number whose larger error, in its bound, is no more than `share`; else the most. */
static int64_t first_within(const struct time_rule *rule, struct law law, double share)
{
    for (int64_t steps = 1; steps < rule->most; steps++) {
        struct time_errors e;
        CU_ASSERT_TRUE(errors_of(&law, steps, &e, NULL));
        if (e.density <= share * rule->bound.density && e.roundtrip <= share * rule->bound.roundtrip)
            return steps;
    }
    return rule->most;
}

static void the_fewest_are_found(void)
{
    static const int orders[] = {1, 2, 4};
    for (int o = 0; o < 3; o++)
        for (double size = 1e-6; size < 1e3; size *= 3)
            for (int64_t from = 1; from <= 40; from += 13) {
                const struct time_rule rule = rule_of(orders[o], 40);
                struct law law = {.density = size, .roundtrip = 2 * size, .order = orders[o], .most = 40};
                const struct time_choice settled = settle(&rule, from, &law);
                CU_ASSERT_EQUAL(settled.steps, first_within(&rule, law, 0.8));
                struct time_errors there;
                CU_ASSERT_TRUE(errors_of(&law, settled.steps, &there, NULL));
                CU_ASSERT_DOUBLE_EQUAL(settled.errors.density, there.density, 0);
                const struct time_choice followed = follow(&rule, from, &law);
                CU_ASSERT_TRUE(followed.steps >= settled.steps);
                CU_ASSERT_TRUE(followed.steps <= first_within(&rule, law, 0.6) + 1 || followed.steps == from);
            }
}

/* From 1 to 8 steps, and from 15 to 8, with few questions; and at 8 with one. */
static void few_checks_are_made(void)
{
    const struct time_rule rule = rule_of(4, 15);
    struct law law = {.density = 0.2, .order = 4, .most = 15};
    CU_ASSERT_EQUAL(follow(&rule, 1, &law).steps, 8);
    CU_ASSERT_TRUE(law.asked <= 3);
    law.asked = 0;
    CU_ASSERT_EQUAL(follow(&rule, 8, &law).steps, 8);
    CU_ASSERT_TRUE(law.asked <= 2);
}

/* Errors that waver by a fifth around a threshold change the number once at most. */
static void wavering_errors_do_not_mislead(void)
{
    for (double size = 0.01; size < 1; size *= 1.1) {
        const struct time_rule rule = rule_of(4, 15);
        struct law law = {.density = size, .order = 4, .most = 15};
        int64_t now = follow(&rule, 1, &law).steps;
        int changes = 0;
        for (int i = 0; i < 20; i++) {
            law.density = size * (i % 2 ? 0.9 : 1.1);
            const int64_t next = follow(&rule, now, &law).steps;
            changes += next != now;
            now = next;
        }
        CU_ASSERT_TRUE(changes <= 1);
    }
}

static void bounds_that_cannot_be_met_take_the_maximum(void)
{
    const struct time_rule rule = rule_of(4, 15);
    struct law law = {.density = 1, .roundtrip = 1, .floor = 1e-2, .order = 4, .most = 15};
    CU_ASSERT_EQUAL(follow(&rule, 3, &law).steps, 15);
    const struct time_choice choice = settle(&rule, 3, &law);
    CU_ASSERT_EQUAL(choice.steps, 15);
    CU_ASSERT_FALSE(time_errors_within(&rule, &choice.errors));
    law.density = NAN;
    law.floor = NAN;
    CU_ASSERT_EQUAL(follow(&rule, 3, &law).steps, 15);
}

static void either_bound_can_decide(void)
{
    const struct time_rule rule = rule_of(4, 15);
    struct law density = {.density = 0.05, .order = 4, .most = 15},
               trip = {.roundtrip = 0.5, .order = 4, .most = 15};
    CU_ASSERT_EQUAL(follow(&rule, 1, &density).steps, follow(&rule, 1, &trip).steps);
    CU_ASSERT_TRUE(follow(&rule, 1, &trip).steps > 1);
}

static void the_rule_follows_the_bundle(void)
{
    static struct fake fake;
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "flow.density_error", "0.25");
    fake_set(&fake, "flow.roundtrip", "0.125");
    fake.bundle.order = 2;
    const struct time_rule rule = time_rule_of(&fake.bundle);
    CU_ASSERT_EQUAL(rule.order, 2);
    CU_ASSERT_EQUAL(rule.bound.density, 0.25);
    CU_ASSERT_EQUAL(rule.bound.roundtrip, 0.125);
}

static void a_fixed_number_is_not_changed(void)
{
    struct fake fake;
    fake_make(&fake, FAKE_DOUBLE2);
    const struct time_rule rule = time_rule_of(&fake.bundle);
    CU_ASSERT_FALSE(rule.automatic);
    CU_ASSERT_EQUAL(rule.most, FAKE_STEPS);
    CU_ASSERT_EQUAL(weights_time_steps(&fake.bundle, 1), FAKE_STEPS);
    CU_ASSERT_EQUAL(weights_time_steps(&fake.bundle, 0), FAKE_STEPS);
}

/* s(y) = y + W y + b keeps no Gaussian: delta = log det(1 + W) - (|s|^2 - |y|^2) / 2; it is inverted
 * exactly. */
static void errors_are_measured(void)
{
    static const double theta[] = {0.5, 0, 0, -0.25, 0, 0};
    static double y[] = {1, 0, 0, 2, -1, 1};
    const double logdet = log(1.5 * 0.75);
    const double grown[] = {1.5 * 1.5 - 1, 1.5 * 1.5 - 4, 1.5 * 1.5 + 0.75 * 0.75 - 2};
    struct fake fake;
    struct fault fault = {0};
    struct time_check *check = NULL;
    double mean = 0;
    fake_make(&fake, FAKE_DOUBLE2);
    for (int i = 0; i < 3; i++)
        mean += fabs(logdet - grown[i] / 2) / 3;
    const struct device device = device_cpu(2);
    CU_ASSERT_TRUE_FATAL(
        time_check_new(&check, &fake.bundle, &(struct part){.n = 3, .y = y}, 3, &device, &fault));
    time_check_parameters(check, theta);
    struct time_errors errors;
    CU_ASSERT_TRUE_FATAL(time_check_at(check, FAKE_STEPS, &errors, &fault));
    CU_ASSERT_DOUBLE_EQUAL(errors.density, mean, 1e-14);
    CU_ASSERT_TRUE(errors.roundtrip < 1e-14);
    time_check_free(check);
}

static const struct check_case cases[] = {
    {"the fewest are found", the_fewest_are_found},
    {"few checks are made", few_checks_are_made},
    {"wavering errors do not mislead", wavering_errors_do_not_mislead},
    {"bounds that cannot be met take the maximum", bounds_that_cannot_be_met_take_the_maximum},
    {"either bound can decide", either_bound_can_decide},
    {"the rule follows the bundle", the_rule_follows_the_bundle},
    {"a fixed number is not changed", a_fixed_number_is_not_changed},
    {"errors are measured", errors_are_measured},
};

int main(void)
{
    return check_main("time steps", cases, CHECK_COUNT(cases));
}
