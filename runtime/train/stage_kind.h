/* SPDX-License-Identifier: MIT
 *
 * What is trained one after another: the base flow f on samples x, then the flow s on pairs (x, y = f(x)). A
 * stage is a row that says where it differs from the other; code that serves both asks the row. */
#ifndef GPFC_STAGE_KIND_H
#define GPFC_STAGE_KIND_H

#include "gpfc/kernel_abi.h"

#include <stdbool.h>

enum stage_number { STAGE_BASE, STAGE_FLOW, STAGES }; /* in the order in which they are trained */

struct stage_kind {
    enum stage_number number;
    const char *name;               /* in files: "base" */
    const char *title;              /* in texts: "base flow" */
    const char *key;                /* what its settings' keys in a spec begin with: "base", for base.rate */
    const char *cost;               /* what its cost is called */
    const char *rows;               /* what it is trained on: "samples" */
    const char *model, *checkpoint; /* names of its files */
    bool after_base;                /* its checkpoints hold the base flow that it comes after */
    bool cost_is_nll;               /* of the standardised data, in nats; else a transport cost */
    bool model_has_steps;           /* its model file says for how many time steps */
    bool by_heart;                  /* it can come to know its rows without learning the rule */
    bool weighs_penalty;            /* its penalty's weight is for users to choose */
    const char *const *steered_by;  /* what keys of settings begin with that steer it; NULL ends them */
};

extern const struct stage_kind stage_kinds[STAGES];

/* Of a flow's or base flow's own bundle: a base flow's training takes no y. */
const struct stage_kind *stage_kind_of(const struct gpfc_bundle *bundle);

/* By the name in a file; the flow's where that has none (NULL). */
const struct stage_kind *stage_kind_named(const char *name);

#endif
