/* SPDX-License-Identifier: MIT
 *
 * Products of several operands, and the order in which they are best computed. */
#ifndef GPFC_PASS_PRODUCT_H
#define GPFC_PASS_PRODUCT_H

#include "pass/pass_internal.h"

enum { PRODUCT_SEARCHED = 10 }; /* operands; the search looks at 3^n splits */

struct factor {
    const struct ir_node *node;
    unsigned char labels[IR_MAX_RANK];
    unsigned set; /* of labels, a bit each */
};

struct product {
    struct ir_graph *graph;
    const struct ir_node *ein; /* the whole product: extents, result */
    unsigned out;              /* labels of the result */
    int n;
    struct factor *factors;
};

struct product product_of(struct ir_graph *graph, const struct ir_node *ein);
double product_extent(const struct ir_node *ein, unsigned set);
unsigned product_labels(const struct ir_node *node, const unsigned char *labels);
/* Labels that something other than the chosen factors (a bit each) has: the result, or another factor. */
unsigned product_needed_beside(const struct product *p, unsigned chosen);
/* `last`: its result is the whole product, whose rank is legal. DBL_MAX: the result has too many axes. */
double product_pair_cost(const struct product *p, unsigned labels, unsigned result, bool varying, bool last);

struct plan { /* by set of factors */
    double cost;
    unsigned split; /* one half; 0: a single factor */
    unsigned labels;
    bool varying;
};

/* For at most PRODUCT_SEARCHED factors. The cost of the last plan is DBL_MAX where no order keeps to the largest rank. */
struct plan *product_plan(const struct product *p);

#endif
