/* SPDX-License-Identifier: MIT
 *
 * A sum over the batch (weight gradients) on a CPU: the block of registers that accumulates its products. */
#include "sched/sched_nest.h"

/* ---- the register block -------------------------------------------------------------------------------- */

int sched_power_of_two(int n, int most)
{
    while (most > n)
        most /= 2;
    return most;
}

/* a and b are worth a block if no factor depends on both and each has one of its own: an outer product. */
static bool is_outer(const struct plan_term *term, int a, int b)
{
    bool only_a = false, only_b = false;
    for (int i = 0; i < term->n_factors; i++) {
        bool has_a = plan_factor_has(&term->factor[i], a), has_b = plan_factor_has(&term->factor[i], b);
        if (has_a && has_b)
            return false;
        only_a |= has_a;
        only_b |= has_b;
    }
    return only_a && only_b;
}

enum { SHORT = 8 }; /* steps among which the processor finds work of the next block */

/* Operations that add up the lanes of m x k sums in groups of powers of two, as many as a vector has lanes,
 * and add them to memory, k of a row at once: an addition of two vectors takes a shuffle and a blend. */
static double reduction_cost(const struct schedule *schedule, int m, int k)
{
    double cost = 0;
    for (int j = 0, columns; j < k; j += columns) {
        columns = sched_power_of_two(k - j, schedule->cpu.vector);
        for (int i = 0, rows; i < m; i += rows) {
            rows = sched_power_of_two(m - i, schedule->cpu.vector / columns);
            cost += 3 * (rows * columns - 1) + 5 * rows + 2 * (rows > 1) + 4;
            for (int lanes = schedule->cpu.vector; lanes > rows * columns; lanes /= 2)
                cost += 2;
        }
    }
    return cost;
}

/* What becomes of a block's sums: their lanes are added up, or they go to partial sums. */
enum total_end { ADDS_UP, IS_NEAR, IS_FAR };

/* Cycles to cover a x b results in blocks of m x k: every step loads m + k vectors and multiplies m * k
 * times, two of either a cycle, and takes as long as a multiplication at least (four cycles); then comes the
 * reduction, at two or three operations a cycle, or loads and stores of partial sums, which wait for each row
 * that comes from the second cache. */
static double block_cost(const struct schedule *schedule, long steps, enum total_end ending, int a, int b,
                         int m, int k)
{
    enum { ROW = 7 }; /* operations, while a row comes */
    double cost = 0;
    for (int i = 0; i < a; i += m)
        for (int j = 0; j < b; j += k) {
            int rows = a - i < m ? a - i : m, columns = b - j < k ? b - j : k;
            double loads = rows + columns, products = rows * columns;
            double step = loads > products ? loads : products;
            if (steps > SHORT && step < 8)
                step = 8;
            const double end = ending == ADDS_UP ? reduction_cost(schedule, rows, columns)
                                                 : products + (ending == IS_FAR ? ROW * rows : 0);
            cost += (double)steps * (0.5 * step + 0.1 * loads) + end / 2.5 + 2;
        }
    return cost;
}

/* Beside its sums a step holds the operands of the shorter side and some of the other: one where registers
 * are few, while with many LLVM loads a handful early, and all where loads come in pairs, which have second
 * halves as well. */
static bool block_fits(const struct schedule *schedule, int m, int k)
{
    enum { MANY = 24, HANDFUL = 6 };
    int held = m < k ? m : k, moving = m + k - held;
    if (schedule->cpu.registers <= MANY)
        moving = 1;
    else if (schedule->cpu.in_flight == 1 && moving > HANDFUL)
        moving = HANDFUL;
    return m * k <= schedule->cpu.accumulators &&
           m * k + schedule->cpu.in_flight * (held + moving) <= schedule->cpu.registers;
}

long sched_total_steps(const struct schedule *schedule, const struct plan_nest *nest)
{
    long steps = 0;
    for (int t = 0; t < nest->n_terms; t++) {
        long product = schedule->lanes / schedule->cpu.vector;
        for (int label = nest->total->shape.rank; label < nest->terms[t].n_labels; label++)
            product *= nest->terms[t].size[label];
        steps += product;
    }
    return steps;
}

/* Gives its cycles. */
static double choose_block(const struct schedule *schedule, const struct plan_nest *nest,
                           struct sched_how *how)
{
    const long steps = sched_total_steps(schedule, nest);
    const enum total_end ending = !nest->partial ? ADDS_UP : how->far ? IS_FAR : IS_NEAR;
    int most = schedule->cpu.accumulators;
    int a = how->axis_a < 0 ? 1 : nest->total->shape.size[how->axis_a];
    int b = how->axis_b < 0 ? 1 : nest->total->shape.size[how->axis_b];
    double least = 0;
    for (int m = 1; m <= most && m <= a; m++)
        for (int k = 1; k <= b && block_fits(schedule, m, k); k++) {
            double cost = block_cost(schedule, steps, ending, a, b, m, k);
            if (least == 0 || cost < least) {
                least = cost;
                how->block_a = m;
                how->block_b = k;
            }
        }
    return least;
}

/* Along axis_b so many blocks that what all steps read for them stays in the schedule's share of the first
 * cache: without, every block along axis_a would fetch them anew. */
static void choose_window(const struct schedule *schedule, const struct plan_nest *nest,
                          struct sched_how *how)
{
    const long block = sched_total_steps(schedule, nest) * how->block_b;
    const int blocks = (how->axis_b < 0 ? 1 : nest->total->shape.size[how->axis_b]) / how->block_b;
    how->window_b = block < schedule->cpu.window ? (int)(schedule->cpu.window / block) : 1;
    if (how->window_b > blocks)
        how->window_b = blocks;
}

/* Terms with sums of their own first: LLVM keeps a loop's registers where it begins with zeros. */
static void order_terms(struct arena *arena, struct plan_nest *nest)
{
    struct plan_term *ordered = ARENA_ARRAY(arena, struct plan_term, (size_t)nest->n_terms + 1);
    int n = 0;
    for (int summed = 0; summed < 2; summed++)
        for (int t = 0; t < nest->n_terms; t++)
            if ((nest->terms[t].n_labels > nest->total->shape.rank) == (summed == 0))
                ordered[n++] = nest->terms[t];
    nest->terms = ordered;
}

static void choose_axes(const struct plan_nest *nest, struct sched_how *how)
{
    struct ir_shape shape = nest->total->shape;
    long largest = 0;
    how->axis_a = -1;
    how->axis_b = shape.rank - 1;
    for (int t = 0; t < nest->n_terms; t++)
        for (int a = 0; a < shape.rank; a++)
            for (int b = 0; b < shape.rank; b++) {
                /* results contiguous along b go to memory as vectors: worth more than a few more of them */
                long size = (long)shape.size[a] * shape.size[b] * (b == shape.rank - 1 ? 3 : 1);
                if (a != b && size > largest && is_outer(&nest->terms[t], a, b)) {
                    largest = size;
                    how->axis_a = a;
                    how->axis_b = b;
                }
            }
}

/* How often a block's loops run for other axes. */
static double outer_count(const struct plan_nest *nest, const struct sched_how *how)
{
    double count = 1;
    for (int axis = 0; axis < nest->total->shape.rank; axis++)
        if (axis != how->axis_a && axis != how->axis_b)
            count *= nest->total->shape.size[axis];
    return count;
}

static bool is_far(const struct schedule *schedule, const struct plan_nest *nest)
{
    return ir_elements(nest->total->shape) > schedule->cpu.window;
}

void sched_total(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                 struct plan_nest *nest)
{
    struct sched_how *how = sched_how_new(arena, nest);
    how->far = nest->partial && is_far(schedule, nest);
    order_terms(arena, nest);
    choose_axes(nest, how);
    const double cost = choose_block(schedule, nest, how);
    choose_window(schedule, nest, how);
    if (!nest->partial)
        sched_pack(schedule, region, nest, cost * outer_count(nest, how));
}

/* Since each block of registers is then added to memory instead of having its lanes added up, sums of few
 * elements gain; far ones only where blocks are so short that adding up lanes takes much of their time. */
bool sched_keeps_lanes(const struct schedule *schedule, const struct plan_nest *nest)
{
    enum { LONG = 30 }; /* steps, of six cycles or so, beside the twenty that lanes take */
    return ir_elements(nest->total->shape) <= schedule->cpu.partial &&
           (!is_far(schedule, nest) || sched_total_steps(schedule, nest) <= LONG);
}
