/* SPDX-License-Identifier: MIT
 *
 * A product on its way to a node: what ir_ein.c reads and simplifies, and ir_ein_order.c brings into
 * canonical order. */
#ifndef GPFC_IR_EIN_H
#define GPFC_IR_EIN_H

#include "ir/ir_internal.h"

enum {
    EIN_LABELS = 2 * IR_MAX_LABELS, /* that a caller may use */
    EIN_NO_LABEL = 255,
};

struct ein_draft {
    double coefficient;
    int n_args;
    const struct ir_node *args[IR_MAX_OPERANDS];
    unsigned char labels[IR_MAX_OPERANDS][IR_MAX_RANK];
    int size[EIN_LABELS]; /* 0: label not in use */
    int n_out;
    unsigned char out[IR_MAX_RANK];
};

/* The final numbers of the draft's labels: those of the result in order, then the others as they appear. */
struct ein_numbering {
    unsigned char number[EIN_LABELS]; /* EIN_NO_LABEL: none */
    int count;
};

/* Reorders the operands and numbers the labels. Equal products come out equal however they were written;
 * doing it again changes nothing; only the order of ids counts, not their values. */
void ein_order(struct ein_draft *draft, struct ein_numbering *numbering);

#endif
