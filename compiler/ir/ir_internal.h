/* SPDX-License-Identifier: MIT
 *
 * Internal to this folder: the table that makes equal nodes one node, the rules for rates, and the evaluation
 * of a single node, which the constructors use to fold constants. */
#ifndef GPFC_IR_INTERNAL_H
#define GPFC_IR_INTERNAL_H

#include "ir/ir.h"

enum {
    IR_FOLD_ELEMENTS = 4096, /* constants up to this size are computed when they are built */
    IR_FOLD_WORK = 1 << 20,  /* and so long as it takes at most so many multiplications     */
};

/* The node of the graph that equals the draft, made if there is none. The draft and all it points to may lie
 * on the stack: a new node gets copies in the arena. The id of the draft is ignored; its shape, and for
 * inputs, steps and results its rate, must be set. */
const struct ir_node *ir_intern(struct ir_graph *graph, const struct ir_node *draft);

/* Equal but for the coefficient. Both are `ein`. */
bool ir_same_form(const struct ir_node *a, const struct ir_node *b);

/* The rate that follows from the operands (inputs: their own). */
enum ir_rate ir_rate_rule(const struct ir_node *node);
bool ir_shape_is_legal(struct ir_shape shape);

/* What is wrong with a node, or a draft of one whose shape, rate and attributes are set; NULL: nothing. */
const char *ir_node_fault(const struct ir_node *node);
const char *ir_form_fault(const struct ir_node *node); /* the same but for the rate, which need not be set */
/* The node of the graph that equals the draft; NULL: none. */
const struct ir_node *ir_find(const struct ir_graph *graph, const struct ir_node *draft);

/* What result `which` of a loop is made of: the output of the body, and the kind of result. */
enum ir_result_kind { IR_RESULT_CARRY, IR_RESULT_STACK, IR_RESULT_SUM };
enum ir_result_kind ir_result_kind(const struct ir_steps *steps, int which);
int ir_steps_results(const struct ir_steps *steps);

/* The two operands of a product that are cheapest to multiply first. */
struct ir_factor {
    unsigned labels; /* bit l: has label l */
    bool varying;
};
void ir_cheapest_pair(const struct ir_ein *ein, int batch, int n, const struct ir_factor *factors, int *first,
                      int *second);
double ir_extent(const struct ir_ein *ein, unsigned labels); /* product of the labels' extents */

/* One operand or the result of an evaluation: uniform: [elements]; varying: [batch][elements]. */
struct ir_array {
    const double *data;
    bool varying;
};

/* Evaluates a node other than INPUT, STEPS, RESULT, which need not be in a graph. False: out of memory. */
bool ir_evaluate_node(const struct ir_node *node, int batch, const struct ir_array *args,
                      double *out) MUST_CHECK;
bool ir_evaluate_ein(const struct ir_node *node, int batch, const struct ir_array *args,
                     double *out) MUST_CHECK;
/* LOGDET and INVERSE of so many matrices. False: out of memory. */
bool ir_evaluate_matrix(const struct ir_node *node, long count, const double *x, double *out) MUST_CHECK;

/* The elementwise functions, over n numbers. */
void ir_evaluate_function(const struct ir_node *node, long n, const double *x, double *y);

/* The constant that a node (not necessarily in the graph) over constants stands for; NULL where it has an
 * operand that is none, or where it is too large. */
const struct ir_node *ir_fold(struct ir_graph *graph, const struct ir_node *draft);

#endif
