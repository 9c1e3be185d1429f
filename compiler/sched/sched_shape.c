/* SPDX-License-Identifier: MIT
 *
 * The loops of a nest over rows and columns on a CPU: blocks of rows, steps of sums, what is unrolled.
 * Changes no value except through the order of sums. */
#include "sched/sched_nest.h"

/* Each result reads a vector of its own, beside the ones that a column's results share. */
static bool reads_vectors_by_row(const struct plan_region *region, const struct ir_node *root)
{
    for (int i = 0; i < root->n_args && region->wide; i++)
        for (int axis = 0; axis < root->args[i]->shape.rank; axis++)
            if (root->args[i]->rate == IR_VARYING && root->ein.labels[i][axis] == plan_row(region, root))
                return true;
    return false;
}

/* What a step of a contraction costs in blocks of so many rows: each row loads a weight and multiplies
 * `vectors` times; fewer than IN_FLIGHT products wait for each other. A last block that is smaller costs
 * code. */
static int rows_cost(int rows, int block, int vectors)
{
    enum { IN_FLIGHT = 10 };
    int cost = 0;
    for (int first = 0; first < rows; first += block) {
        int n = rows - first < block ? rows - first : block;
        int products = n * vectors, loads = n + vectors;
        int step = products > loads ? products : loads;
        cost += (step > IN_FLIGHT ? step : IN_FLIGHT) + 1 + (n < block);
    }
    return cost;
}

static int row_block(const struct schedule *schedule, const struct plan_region *region,
                     const struct ir_node *root, int rows)
{
    enum { FEW = 4 }; /* uniform work is little: less code is worth more */
    int vectors = region->wide ? sched_group(schedule) : 1;
    int most = schedule->cpu.accumulators / vectors;
    bool few = !plan_is_contraction(root) || !region->wide;
    if (few)
        most = FEW;
    else if (reads_vectors_by_row(region, root))
        most /= schedule->cpu.in_flight;
    int best = 1;
    for (int block = 2; block <= most && block <= rows; block++)
        if (rows_cost(rows, block, vectors) <= rows_cost(rows, best, vectors))
            best = block;
    return best;
}

/* One where LLVM vectorises the loop itself; where it is short, as without it what follows would join what
 * comes next, and spill; where an operand serves a single product, as LLVM then keeps the sums of both
 * steps. */
static int steps_a_round(const struct schedule *schedule, const struct plan_region *region,
                         const struct plan_nest *nest, const struct ir_node *root)
{
    enum { SHORT = 8 };
    if (!region->wide || sched_group(schedule) == 1 || !nest->n_summed ||
        root->ein.size[nest->summed[nest->n_summed - 1]] < SHORT)
        return 1;
    return schedule->cpu.sum_unroll;
}

/* A long sum goes by in pieces whose operands stay in the first cache for all blocks of rows: as many as the
 * window has vectors. */
static int piece_of_sum(const struct schedule *schedule, const struct plan_region *region,
                        const struct plan_nest *nest, const struct ir_node *root, int block)
{
    enum { CACHE = 2 }; /* windows: less than that stays there anyway */
    long step = schedule->lanes / schedule->cpu.vector;
    if (!region->wide || nest->n_summed < 2 || nest->size[0] <= block || nest->n_sums ||
        reads_vectors_by_row(region, root))
        return 0;
    for (int i = 1; i < nest->n_summed; i++)
        step *= root->ein.size[nest->summed[i]];
    if (step * root->ein.size[nest->summed[0]] <= CACHE * schedule->cpu.window)
        return 0;
    return step < schedule->cpu.window ? (int)(schedule->cpu.window / step) : 1;
}

static long map_operations(const struct schedule *schedule, const struct plan_nest *nest,
                           const struct ir_node *root)
{
    long operations = schedule->lanes / schedule->cpu.vector;
    for (int axis = 0; axis < nest->n_axes; axis++)
        operations *= nest->size[axis];
    for (int i = 0; i < nest->n_summed; i++)
        operations *= root->ein.size[nest->summed[i]];
    return operations;
}

/* Operations of one element, with those of values that are computed in it. */
static int element_operations(const struct plan_region *region, const struct ir_node *node)
{
    enum { FUNCTION = 16, ROUNDING = 6 };
    int operations = node->op == IR_BFLOAT ? ROUNDING : FUNCTION;
    if (node->op == IR_EIN || node->op == IR_ADD || node->op == IR_SELECT)
        operations = node->n_args - 1;
    for (int i = 0; i < node->n_args; i++)
        if (region->value[node->args[i]->id].inlined)
            operations += element_operations(region, node->args[i]);
    return operations;
}

/* Functions of functions, as layers of a monotone network have: hundreds of instructions that no row
 * shares. */
static bool is_heavy(const struct plan_region *region, const struct plan_nest *nest)
{
    enum { HEAVY = 30 };
    int operations = 0;
    for (int i = plan_is_contraction(nest->members[0].node); i < nest->n_members; i++)
        operations += element_operations(region, nest->members[i].node);
    return operations > HEAVY;
}

static void shape_contraction(const struct schedule *schedule, const struct plan_region *region,
                              struct plan_nest *nest, struct sched_how *how)
{
    if (!how->unroll)
        how->piece = piece_of_sum(schedule, region, nest, nest->members[0].node, how->block);
    if (how->piece)
        nest->work_shape = ir_shape_of(1, nest->size[0]);
}

void sched_map(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
               struct plan_nest *nest)
{
    struct sched_how *how = sched_how_new(arena, nest);
    how->block = 1;
    how->paired = -1;
    if (!nest->n_members)
        return;
    const struct ir_node *root = nest->members[0].node;
    how->sum_unroll = steps_a_round(schedule, region, nest, root);
    how->block = root->shape.rank ? row_block(schedule, region, root, nest->size[0]) : 1;
    how->unroll = map_operations(schedule, nest, root) <= schedule->cpu.unroll;
    shape_contraction(schedule, region, nest, how);
    if (is_heavy(region, nest)) {
        how->apart = plan_is_contraction(root) && how->block > 1;
        how->block = how->apart ? how->block : 1;
        how->unroll = false;
    }
}

/* Each row reads vectors of its own, and a block of rows ends with a triangle: more than four gain little. */
static int matrix_block(const struct schedule *schedule, const struct plan_region *region, int rows)
{
    enum { MOST = 4 };
    int vectors = region->wide ? sched_group(schedule) : 1;
    int block = schedule->cpu.accumulators / vectors / schedule->cpu.in_flight;
    if (block > (rows + 1) / 2)
        block = (rows + 1) / 2;
    return block < 1 ? 1 : block > MOST ? MOST : block;
}

void sched_matrix(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                  struct plan_nest *nest)
{
    const struct ir_shape shape = nest->node->args[0]->shape;
    sched_how_new(arena, nest)->block = matrix_block(schedule, region, shape.size[0]);
    nest->work_shape = shape;
}
