/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder share: derivative rules, and the state of one backward pass. */
#ifndef GPFC_DIFF_INTERNAL_H
#define GPFC_DIFF_INTERNAL_H

#include "diff/diff.h"

/* ---- diff_rules.c -------------------------------------------------------------------------------------- */

/* f'(x) as IR, where y = f(x) is `node` rebuilt over x; node gives the attributes. */
typedef const struct ir_node *derivative_rule(struct ir_graph *graph, const struct ir_node *node,
                                              const struct ir_node *x, const struct ir_node *y);

const struct ir_node *diff_derivative(struct ir_graph *graph, const struct ir_node *node,
                                      const struct ir_node *x, const struct ir_node *y);

/* "prefix.name", or the first of "prefix2.name", "prefix3.name", ... that is free in the graph and in `also`,
 * the graph that it is made from (NULL: none). */
const char *diff_input_name(const struct ir_graph *graph, const struct ir_graph *also, const char *prefix,
                            const char *name);
const char *diff_output_name(const struct ir_graph *graph, const struct ir_graph *also, const char *prefix,
                             const char *name);

/* ---- diff_active.c: which values take part, found before anything is built ----------------------------- */

/* An operation that derivatives do not go through. */
bool diff_stops(const struct ir_node *node);
/* active[id]: depends on an input i with in[i]. */
void diff_mark_active(const struct ir_graph *graph, const bool *in, bool *active);
/* useful[id]: an output k with out[k] depends on it; result_useful(graph, useful, ...) below reads loops'
 * results. */
void diff_mark_useful(const struct ir_graph *graph, const bool *out, bool *useful);
/* Closes over a loop's carries: in[]/out[] by the body's inputs and outputs; a carry becomes active when its
 * next value is, and its next value useful when the carry is. */
void diff_close_active(const struct ir_steps *steps, bool *in);
void diff_close_useful(const struct ir_steps *steps, bool *out);

/* ---- diff_keep.c: what a loop stores for its backward loop --------------------------------------------- */

/* Of the first n_forward values of a loop's body, read[id] where what follows reads it, late[id] where the
 * forward loop does not compute it: kept[id]. */
void diff_choose_kept(const struct ir_graph *graph, int n_forward, const bool *read, const bool *late,
                      enum diff_keep keep, bool *kept);

/* ---- diff_reuse.c: what the backward part of a loop's body reads of the forward part ------------------- */

/* The first n_forward nodes are the forward part. Rewrites the backward part so that it reads fewer values of
 * that, for no more operations; roots[] (NULL: none) are replaced. */
void diff_reuse_products(struct ir_graph *graph, int n_forward, int n_roots, const struct ir_node **roots);

/* ---- diff_reverse.c: one backward pass from a graph to a graph ----------------------------------------- */

struct cotangent_term {
    const struct ir_node *value;
    struct cotangent_term *next;
};

struct reverse {
    struct arena *arena;
    const struct ir_graph *from;
    struct ir_graph *to;
    enum diff_keep keep;
    bool *needed;                /* by id of `from`, like all below: the outputs need it */
    bool *active;                /* it depends on what is differentiated by */
    bool *useful;                /* what is differentiated depends on it */
    bool is_whole;               /* `from` is no loop's body */
    const struct ir_node **map;  /* the node of `to` with the same value */
    struct cotangent_term **cot; /* terms of its cotangent so far, nodes of `to` */
    struct loop_tape **tape;     /* of an active and useful `steps` */
};

/* needed, active, useful and an empty map; in[] by inputs, out[] by outputs of `from`. */
struct reverse *reverse_new(const struct ir_graph *from, struct ir_graph *to, enum diff_keep keep,
                            const bool *in, const bool *out);
/* Copies everything needed into `to`, loops that take part as loops that also store what the way back
 * reads. */
void reverse_replay(struct reverse *rev);
/* Adds `term` to the cotangent of `node`. per_sample: the term stands for one value a sample. */
void reverse_give(struct reverse *rev, const struct ir_node *node, const struct ir_node *term,
                  bool per_sample);
/* From the last node to the first. */
void reverse_run(struct reverse *rev);
/* The cotangent of a node of `from`; NULL where it is structurally zero. */
const struct ir_node *reverse_cotangent(const struct reverse *rev, const struct ir_node *node);

/* ---- diff_reverse_steps.c: loops ----------------------------------------------------------------------- */

struct loop_tape;

/* Builds the loop that also stores, in rev->to, and keeps what reverse_loop needs. */
struct loop_tape *tape_build(struct reverse *rev, const struct ir_node *steps);
/* The node of rev->to that is result `which` of the loop. */
const struct ir_node *tape_result(const struct reverse *rev, const struct loop_tape *tape, int which);
/* The cotangent of result `which` is known. */
void tape_give(struct loop_tape *tape, int which, const struct ir_node *cotangent);
/* Builds the loop that runs the other way and gives its results to the operands' cotangents. */
void tape_reverse(struct reverse *rev, struct loop_tape *tape);
/* Result `which` of the loop as the one that runs the other way finds it; NULL: it does not. */
const struct ir_node *tape_late_result(const struct loop_tape *tape, int which);

/* ---- diff_late.c: sums that the backward loop adds up -------------------------------------------------- */

/* The way back does not need this sum of a loop: no cotangent depends on it. */
bool diff_can_wait(const struct reverse *rev, const struct ir_node *result);
/* When the way back is built: what depends on such sums follows from those of backward loops. */
void diff_take_late(struct reverse *rev);

#endif
