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

static struct time_choice look(time_probe *probe, void *data, int64_t steps)
{
    return (struct time_choice){.steps = steps, .errors = probe(data, steps)};
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

static struct time_choice choose(const struct time_rule *rule, int64_t now, double kept, double wanted,
                                 time_probe *probe, void *data)
{
    struct time_choice choice = look(probe, data, now);
    if (excess(rule, &choice.errors) > kept) {
        while (excess(rule, &choice.errors) > wanted && choice.steps < rule->most)
            choice = look(probe, data, next_above(rule, &choice, wanted));
        return choice;
    }
    while (may_go_down(rule, &choice, wanted)) {
        const struct time_choice fewer = look(probe, data, choice.steps - 1);
        if (excess(rule, &fewer.errors) > wanted)
            break;
        choice = fewer;
    }
    return choice;
}

struct time_choice time_steps_follow(const struct time_rule *rule, int64_t now, time_probe *probe, void *data)
{
    return choose(rule, now, keep, goal, probe, data);
}

/* A guess may have gone past the fewest, so down it goes in any case. */
struct time_choice time_steps_settle(const struct time_rule *rule, int64_t now, time_probe *probe, void *data)
{
    const struct time_choice enough = choose(rule, now, keep, keep, probe, data);
    return choose(rule, enough.steps, keep, keep, probe, data);
}
