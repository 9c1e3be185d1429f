/* SPDX-License-Identifier: MIT
 *
 * How many time steps a flow needs: the fewest that meet the bounds of its spec (flow.steps: auto). The
 * caller supplies the errors of a number of steps. Kernels, weights and pairs are left to time_check.h. */
#ifndef GPFC_TIME_STEPS_H
#define GPFC_TIME_STEPS_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

#include <stdbool.h>

/* How far the discrete map is from one that keeps N(0, I), and from its inverse, on some rows. */
struct time_errors {
    double density;   /* mean of |delta| (evaluate.h) */
    double roundtrip; /* largest |s^-1(s(y)) - y|, over coordinates */
};

struct time_rule {
    bool automatic; /* else there is nothing to choose: the most are run */
    int64_t most;
    int order; /* of the integrator: errors fall like steps^-order */
    struct time_errors bound;
};

/* Of a flow's bundle. */
struct time_rule time_rule_of(const struct gpfc_bundle *bundle);

struct time_choice {
    int64_t steps;
    struct time_errors errors; /* with these */
};

typedef bool time_probe(void *data, int64_t steps, struct time_errors *out, struct fault *fault);

/* While weights change: stays at `now` as long as its errors are well within the bounds, else goes up to
 * errors with room to grow, or down to as many as have that room. So errors that waver by less than a quarter
 * change nothing. Gives the most where no number is enough. False: the probe failed. */
bool time_steps_follow(struct time_choice *out, const struct time_rule *rule, int64_t now, time_probe *probe,
                       void *data, struct fault *fault) MUST_CHECK;

/* For weights that stay: the fewest, found from `now` on, but for a margin for rows that were not looked
 * at. */
bool time_steps_settle(struct time_choice *out, const struct time_rule *rule, int64_t now, time_probe *probe,
                       void *data, struct fault *fault) MUST_CHECK;

/* Are errors within the bounds? Not if they are no numbers. */
bool time_errors_within(const struct time_rule *rule, const struct time_errors *errors);

#endif
