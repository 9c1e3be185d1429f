/* SPDX-License-Identifier: MIT
 *
 * Sums over the batch with so few steps that the horizontal sum would dominate: one side's operands are
 * transposed, so that vectors run along it and each lane is a step of its own; the other side's are scalars.
 * No horizontal sum is left, and results go to memory as they are. */
#include "sched/sched_nest.h"

/* A row's operand is a number that memory holds; all of a column's are made before, whatever they are. */
static bool is_packable_term(const struct plan_region *region, const struct plan_term *term, int axis_a,
                             int axis_b)
{
    int n_rows = 0;
    for (int i = 0; i < term->n_factors; i++) {
        const struct ir_node *node = term->factor[i].node;
        const bool a = plan_factor_has(&term->factor[i], axis_a),
                   b = plan_factor_has(&term->factor[i], axis_b);
        if (a && (b || node->rate != IR_VARYING || region->value[node->id].inlined))
            return false;
        n_rows += a;
    }
    return n_rows == 1;
}

/* The longest axis that can be that of rows, where vectors run along the last, in which memory is contiguous;
 * -1: none. */
static int axis_of_rows(const struct schedule *schedule, const struct plan_region *region,
                        const struct plan_nest *nest)
{
    const struct ir_shape shape = nest->total->shape;
    int rows = -1;
    if (!schedule->cpu.packed || shape.rank < 2 || shape.size[shape.rank - 1] < schedule->cpu.vector)
        return -1;
    for (int axis = 0; axis < shape.rank - 1; axis++) {
        bool ok = rows < 0 || shape.size[axis] > shape.size[rows];
        for (int t = 0; t < nest->n_terms; t++)
            ok = ok && is_packable_term(region, &nest->terms[t], axis, shape.rank - 1);
        if (ok)
            rows = axis;
    }
    return rows;
}

/* Cycles to turn the columns' operands: of `vectors` times as many lanes as a vector has. Loads, shuffles by
 * halves, stores. */
static double packing_cost(const struct schedule *schedule, long vectors, int columns)
{
    int rounds = 0;
    while (schedule->cpu.vector >> rounds > 1)
        rounds++;
    return (double)vectors * columns * schedule->cpu.vector * (0.5 * rounds + 1.5);
}

/* Cycles of all blocks of m rows and n vectors: a step loads m + n and multiplies m * n times, two of either
 * a cycle, and takes as long as a multiplication at least. */
static double blocks_cost(long lanes, int rows, int columns, int m, int n)
{
    double cost = 0;
    for (int i = 0; i < rows; i += m)
        for (int j = 0; j < columns; j += n) {
            const int a = rows - i < m ? rows - i : m, b = columns - j < n ? columns - j : n;
            const double products = a * b, loads = a + b, step = products > loads ? products : loads;
            cost += (double)lanes * (0.5 * (step > 8 ? step : 8) + 0.05 * loads) + 1.5 * products + 6;
        }
    return cost;
}

int sched_packed_columns(const struct schedule *schedule, int results)
{
    return (results + schedule->cpu.vector - 1) / schedule->cpu.vector;
}

void sched_pack(const struct schedule *schedule, const struct plan_region *region, struct plan_nest *nest,
                double cycles)
{
    enum { FAR = 16 << 10 }; /* results, which are more than a first cache holds */
    struct sched_how *how = nest->how;
    const struct ir_shape shape = nest->total->shape;
    const int axis = axis_of_rows(schedule, region, nest);
    if (axis < 0)
        return;
    const int rows = shape.size[axis], columns = sched_packed_columns(schedule, shape.size[shape.rank - 1]);
    const long steps = sched_total_steps(schedule, nest),
               summed = steps / (schedule->lanes / schedule->cpu.vector);
    const double times = (double)ir_elements(shape) / rows / shape.size[shape.rank - 1];
    const double packing = packing_cost(schedule, steps, columns);
    for (int m = 1; m <= rows && m <= schedule->cpu.accumulators; m++)
        for (int n = 1; n <= columns && m * n <= schedule->cpu.accumulators; n++) {
            const double all =
                times * (packing + blocks_cost(steps * schedule->cpu.vector, rows, columns, m, n));
            if (m * n + n + 1 > schedule->cpu.registers || all >= cycles)
                continue;
            cycles = all;
            how->packed = true;
            how->axis_a = axis;
            how->axis_b = shape.rank - 1;
            how->block_a = m;
            how->block_b = n;
        }
    how->ahead = how->packed && ir_elements(shape) > FAR;
    if (how->packed)
        nest->work_shape = ir_shape_of(1, (int)summed * columns * schedule->cpu.vector);
}
