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
/* The labels of an operand as a set, a bit each. */
unsigned product_labels(const struct ir_node *node, const unsigned char *labels);

struct plan { /* by set of factors */
    double cost;
    double multiplies; /* of varying values */
    unsigned split;    /* one half; 0: a single factor */
    unsigned labels;
    bool varying;
};

/* For at most PRODUCT_SEARCHED factors. The cost of the last plan is DBL_MAX where no order keeps to the
 * largest rank. */
struct plan *product_plan(const struct product *p);

/* Sums labels that only factor i has, before anything else. */
void product_sum_private(struct product *p, int i);
/* Products of two in the cheapest order. The product is used up. */
const struct ir_node *product_split(struct product *p);

#endif
