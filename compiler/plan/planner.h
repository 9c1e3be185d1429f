/* SPDX-License-Identifier: MIT
 *
 * Internal to the planner's files. */
#ifndef GPFC_PLAN_PLANNER_H
#define GPFC_PLAN_PLANNER_H

#include "plan/plan.h"

struct node_facts {             /* of each node of a region's graph */
    bool wanted;                /* computed in this region */
    bool forced;                /* must have a place of its own: a loop or another part reads it */
    bool placed;                /* has one */
    bool done;                  /* can be read: computed by an earlier item, or given */
    bool gathers;               /* a sum of selections that are made by its nest, nowhere else */
    bool gathered;              /* one of those */
    int users;                  /* uses by wanted nodes and outputs */
    const struct ir_node *user; /* the last of them; NULL for an output */
    int nest;                   /* item that computes it; -1: none */
    int row;                    /* axis that runs fastest */
    int output;                 /* output whose place serves as its own; -1: none */
    long offset;                /* of its own place in the region's frame */
    int first, last;            /* items that define and last read it */
};

struct planner {
    struct plan *plan;
    const struct plan_choices *choices; /* the plan's */
    struct arena *arena;
    const char *fault; /* set by the first file that gives up */
};

/* An `ein` of one operand without sums: scaling, transpose, broadcast, diagonal. A fill counts too. */
bool plan_is_view(const struct ir_node *node);
/* One of its operands is an array of uniform values, as weights are. */
bool plan_has_narrow_array(const struct ir_node *node);
/* The determinant or inverse of a matrix. */
bool plan_is_matrix(const struct ir_node *node);
/* Elementwise, and may stand in a nest with others. */
bool plan_may_join(const struct plan_region *region, const struct ir_node *node);
/* The axis of every node that runs along rows: contracted with uniform matrices or made by them. Found by
 * votes of contractions and spread through elementwise nodes. */
void plan_rows(struct plan_region *region);

/* Which values are computed where they are used; users must be counted. */
void plan_inline(struct plan_region *region);

/* Groups the wanted nodes into nests and loops, in an order in which operands come first. */
bool plan_group(struct planner *planner, struct plan_region *region);

/* The nest of one bsum; NULL: planner->fault. */
struct plan_nest *plan_total(struct planner *planner, struct plan_region *region, const struct ir_node *bsum);

/* Partial sums of what a planned loop adds up: decides which, and appends what goes before and after the
 * loop. */
void plan_partial_begin(struct planner *planner, struct plan_region *region, struct plan_loop *loop);
void plan_partial_end(struct planner *planner, struct plan_region *region, struct plan_loop *loop);

/* Says why there is no plan; always false. */
bool plan_fail(struct planner *planner, const struct plan_region *region, const struct ir_node *node,
               const char *what);

/* A region in which nothing is wanted yet. */
struct plan_region *plan_region_new(struct planner *planner, const struct ir_graph *graph, bool wide,
                                    int depth);
void plan_want(struct plan_region *region, const struct ir_node *node);
/* Plans what of the graph is wanted; region->value is known where it is given or inlined by the caller. */
bool plan_region(struct planner *planner, struct plan_region *region);

bool plan_is_given(const struct ir_node *node);
/* A loop or a function of a matrix reads its operands from memory. */
bool plan_reads_memory(const struct ir_node *user, int operand);
/* Fails where a sample's value reads a total (plan_totals). */
bool plan_reads_no_total(struct planner *planner, const struct plan_region *region, const bool *total);

void plan_append(struct planner *planner, struct plan_region *region, struct plan_nest *nest,
                 struct plan_loop *loop);
void plan_store_add(struct planner *planner, struct plan_nest *nest, struct plan_store store);
/* Appends a nest that copies: a value, zero, or a temporary -> where `store` says. */
void plan_copy(struct planner *planner, struct plan_region *region, struct ir_shape shape, int row,
               struct plan_store store);
int plan_temporary_new(struct planner *planner, struct plan_region *region, struct ir_shape shape);

/* What becomes of an output of a body or graph. */
enum fate {
    FATE_NONE,  /* another part's, or there already */
    FATE_WRITE, /* written as soon as it is known: a result of the kernel, a loop's stack */
    FATE_ADD,   /* added to a loop's sum */
    FATE_CARRY, /* handed to the next iteration when everything else is done */
    FATE_TOTAL, /* sums over the batch add to it themselves */
};
/* Of a planned region: one fate for each output. */
bool plan_outputs(struct planner *planner, struct plan_region *region, const enum fate *fates);

/* Plans a loop with its body and appends it, as item *item, with what sets up its state before and hands it
 * on after. */
bool plan_loop_append(struct planner *planner, struct plan_region *region, const struct ir_node *steps,
                      int *item);

struct ir_shape plan_result_shape(const struct ir_node *steps, int result);
/* A result that is a sum over the batch: it lies among the kernel's sums, not in the region's memory. */
bool plan_is_total_result(const struct plan_region *region, const struct ir_node *steps, int result);

/* Sizes the frames of a region and of the loops in it, bottom up: offsets within each frame. */
void plan_size(struct planner *planner, struct plan_region *region);
/* Gives every value its place, top down: region->graph's inputs and the places of its outputs are known. */
void plan_settle(struct planner *planner, struct plan_region *region, const long base[PLAN_FRAMES],
                 const struct plan_value *outputs);

/* Strides of a shape whose axis `row` runs fastest (the others keep their order), in units of `unit`. */
void plan_strides(struct ir_shape shape, int row, long unit, long stride[IR_MAX_RANK]);

#endif
