/* SPDX-License-Identifier: MIT */
#include "train/time_steps.h"

#include "kernels/bundle.h"
#include "kernels/settings.h"

#include <math.h>

/* Shares of the bounds. At order 4 one step fewer than 15, 8, 5 raises errors by 1.3, 1.7, 2.4, so between
 * these two there is seldom more than one number. */
static const double keep = 0.8, goal = 0.6;

struct time_rule time_rule_of(const struct gpfc_bundle *bundle)
{
    return (struct time_rule){
        .automatic = bundle_steps_vary(bundle),
        .most = bundle->steps,
        .order = (int)bundle->order,
        .bound = {.density = setting_number(bundle, SETTING_flow_density_error),
                  .roundtrip = setting_number(bundle, SETTING_flow_roundtrip)},
    };
}

/* The larger error, in its bound. */
static double excess(const struct time_rule *rule, const struct time_errors *errors)
{
    const double density = errors->density / rule->bound.density,
                 roundtrip = errors->roundtrip / rule->bound.roundtrip;
    if (!isfinite(density) || !isfinite(roundtrip))
        return INFINITY;
    return density > roundtrip ? density : roundtrip;
}

bool time_errors_within(const struct time_rule *rule, const struct time_errors *errors)
{
    return excess(rule, errors) <= 1;
}

/* Who measures the errors. */
struct probing {
    time_probe *probe;
    void *data;
    struct fault *fault;
};

static bool look(struct time_choice *out, const struct probing *by, int64_t steps)
{
    out->steps = steps;
    return by->probe(by->data, steps, &out->errors, by->fault);
}

/* The first number above this choice's that may be enough. */
static int64_t next_above(const struct time_rule *rule, const struct time_choice *choice, double wanted)
{
    const double ratio = excess(rule, &choice->errors) / wanted;
    const double guess = ceil((double)choice->steps * pow(ratio, 1.0 / rule->order));
    if (!(guess < (double)rule->most))
        return rule->most;
    return guess > (double)choice->steps ? (int64_t)guess : choice->steps + 1;
}

/* Is it worth a look whether one step fewer is enough? By the order, with some allowance. */
static bool may_go_down(const struct time_rule *rule, const struct time_choice *choice, double wanted)
{
    if (choice->steps <= 1)
        return false;
    const double grows = pow((double)choice->steps / (double)(choice->steps - 1), rule->order);
    return excess(rule, &choice->errors) * grows <= 1.25 * wanted;
}

static bool go_up(struct time_choice *choice, const struct time_rule *rule, double wanted,
                  const struct probing *by)
{
    while (excess(rule, &choice->errors) > wanted && choice->steps < rule->most)
        if (!look(choice, by, next_above(rule, choice, wanted)))
            return false;
    return true;
}

static bool go_down(struct time_choice *choice, const struct time_rule *rule, double wanted,
                    const struct probing *by)
{
    while (may_go_down(rule, choice, wanted)) {
        struct time_choice fewer;
        if (!look(&fewer, by, choice->steps - 1))
            return false;
        if (excess(rule, &fewer.errors) > wanted)
            break;
        *choice = fewer;
    }
    return true;
}

static bool choose(struct time_choice *out, const struct time_rule *rule, int64_t now, double kept,
                   double wanted, const struct probing *by)
{
    if (!look(out, by, now))
        return false;
    return excess(rule, &out->errors) > kept ? go_up(out, rule, wanted, by) : go_down(out, rule, wanted, by);
}

bool time_steps_follow(struct time_choice *out, const struct time_rule *rule, int64_t now, time_probe *probe,
                       void *data, struct fault *fault)
{
    const struct probing by = {.probe = probe, .data = data, .fault = fault};
    return choose(out, rule, now, keep, goal, &by);
}

/* A guess may have gone past the fewest, so down it goes in any case. */
bool time_steps_settle(struct time_choice *out, const struct time_rule *rule, int64_t now, time_probe *probe,
                       void *data, struct fault *fault)
{
    const struct probing by = {.probe = probe, .data = data, .fault = fault};
    struct time_choice enough;
    return choose(&enough, rule, now, keep, keep, &by) && choose(out, rule, enough.steps, keep, keep, &by);
}
