/* SPDX-License-Identifier: MIT
 *
 * Counts the operations of a nest as emit_llvm/ makes them: loops, blocks of registers, values computed in
 * place. */
#include "sched/sched_work.h"

#include <math.h>

struct counting {
    const struct plan *plan;
    const struct plan_region *region;
    const struct plan_nest *nest;
    const struct sched_how *how;
    const struct machine *machine;
    int vectors, groups; /* vectors that are computed at once, and how often; 1 for uniform work */
    enum real real;
    bool is_wide;
};

/* ---- sums of work -------------------------------------------------------------------------------------- */

static void add_work(struct work *sum, const struct work *part, double times)
{
    sum->madds += times * part->madds;
    sum->arithmetic += times * part->arithmetic;
    sum->loads += times * part->loads;
    sum->stores += times * part->stores;
    sum->shuffles += times * part->shuffles;
    sum->divisions += times * part->divisions;
    sum->other += times * part->other;
}

static double operations(const struct work *work)
{
    return work->madds + work->arithmetic + work->loads + work->stores + work->shuffles + work->divisions +
           work->other;
}

static void add_chain(struct nest_work *out, double blocks, double length, double ops, double spilled)
{
    if (out->n_chains < WORK_MOST_CHAINS)
        out->chains[out->n_chains++] = (struct chain){blocks, length, ops, spilled};
}

/* Sums beyond the registers, `operands` of which hold something else, are loaded and stored at each step.
 * Gives how many of the steps wait for that. */
static double spill(const struct counting *c, int sums, int operands, struct work *step)
{
    const int spilled = sums + operands - c->machine->registers;
    if (spilled <= 0)
        return 0;
    step->loads += spilled;
    step->stores += spilled;
    return 1;
}

/* One vector a row: LLVM takes each number of a row into the register that then holds its sum, and with
 * several steps a round runs out of them where they are few. */
static double spill_of_round(const struct counting *c, int rows, struct work *step)
{
    enum { FEW = 16, FREE = 5 };
    const int steps = c->how->sum_unroll;
    if (steps == 1 || c->vectors > 1 || c->machine->registers > FEW || rows <= FREE)
        return 0;
    step->loads += (double)(rows - FREE) / steps;
    step->stores += (double)(rows - FREE) / steps;
    return 1.0 / steps;
}

/* ---- functions ----------------------------------------------------------------------------------------- */

/* Of the code in emit_llvm/math/: operations beside divisions, for float and double. */
struct function_work {
    double single, double_, divisions;
};
static const struct function_work work_TANH = {13, 31, 1};
static const struct function_work work_EXP = {15, 25, 0};
static const struct function_work work_LOG = {38, 48, 0};
static const struct function_work work_SQRT = {1, 1, 1.5};
static const struct function_work work_RECIP = {0, 0, 1};
static const struct function_work work_SIN = {19, 27, 0};
static const struct function_work work_COS = {20, 28, 0};
static const struct function_work work_ERF = {34, 76, 0};
static const struct function_work work_ERFINV = {62, 100, 1};
static const struct function_work work_SOFTPLUS = {30, 46, 1};
static const struct function_work work_SIGMOID = {17, 22, 1};
static const struct function_work work_CLAMP = {2, 2, 0};
static const struct function_work work_INSIDE = {3, 3, 0};
static const struct function_work work_BFLOAT = {6, 8, 0};
static const struct function_work work_HOLD = {0, 0, 0};
/* An operation that lacks one does not compile. */
static const struct function_work *const functions[IR_OP_COUNT] = {
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = &work_##name,
#include "ir/ops.def"
};

/* In place of a division, see math_quotient: 3 or 6 multiply-adds for the reciprocal, 2 for the quotient. */
static double newton_operations(const struct counting *c)
{
    const double multiply_adds = c->real == REAL_8 ? 8 : 5, apart = c->machine->has_fma ? 1 : 2;
    return 2 + apart * multiply_adds;
}

static bool divides_by_newton(const struct counting *c, enum ir_op op)
{
    const bool follows = op == IR_TANH || op == IR_SOFTPLUS || op == IR_SIGMOID;
    return follows && c->is_wide && c->plan->schedule->cpu.tanh == SCHED_TANH_NEWTON;
}

static void add_function(const struct counting *c, enum ir_op op, struct work *out)
{
    const struct function_work *function = functions[op];
    const bool newton = divides_by_newton(c, op);
    out->arithmetic += c->real == REAL_8 ? function->double_ : function->single;
    out->arithmetic += newton ? newton_operations(c) : 0;
    out->divisions += newton ? 0 : function->divisions;
}

/* ---- values -------------------------------------------------------------------------------------------- */

static void add_value(const struct counting *c, const struct ir_node *node, struct work *out);

static void add_expression(const struct counting *c, const struct ir_node *node, struct work *out)
{
    struct plan_slice slice;
    if (node->op == IR_EIN)
        out->arithmetic +=
            (node->n_args > 0 ? node->n_args - 1 : 0) + (node->ein.coefficient != 1 && node->n_args > 0);
    else if (node->op == IR_ADD)
        out->arithmetic += node->n_args - 1;
    else if (node->op == IR_SELECT)
        out->arithmetic += plan_is_slice(node, &slice) && slice.value != 1;
    else
        add_function(c, node->op, out);
    if (node->op == IR_ADD) /* products are fused onto sums */
        for (int i = 0; i < node->n_args; i++)
            if (c->region->value[node->args[i]->id].inlined && node->args[i]->op == IR_EIN &&
                node->args[i]->n_args > 1)
                out->arithmetic -= 1;
    for (int i = 0; i < node->n_args; i++)
        add_value(c, node->args[i], out);
}

/* One vector of a value: in a register, loaded or computed. */
static void add_value(const struct counting *c, const struct ir_node *node, struct work *out)
{
    if (plan_is_member(c->nest, node))
        return;
    if (c->region->value[node->id].inlined)
        add_expression(c, node, out);
    else if (c->region->value[node->id].space != PLAN_CONST)
        out->loads++;
}

static void add_store(const struct counting *c, const struct plan_store *store, struct work *out)
{
    if (store->node)
        add_value(c, store->node, out);
    out->loads += (!store->node && store->from >= 0) + store->add;
    out->arithmetic += store->add;
    out->stores++;
}

/* One vector of one element: what follows a contraction, and all of a map without one. */
static struct work element_work(const struct counting *c)
{
    struct work work = {0};
    for (int i = 0; i < c->nest->n_members; i++) {
        const struct ir_node *node = c->nest->members[i].node;
        if (i == 0 && c->nest->n_summed > 0)
            work.arithmetic += node->ein.coefficient != 1;
        else
            add_expression(c, node, &work);
    }
    for (int i = 0; i < c->nest->n_sums; i++)
        add_expression(c, c->nest->sums[i].node, &work);
    for (int i = 0; i < c->nest->n_stores; i++)
        add_store(c, &c->nest->stores[i], &work);
    return work;
}

/* ---- contractions -------------------------------------------------------------------------------------- */

static bool operand_has_row(const struct counting *c, const struct ir_node *root, int i)
{
    for (int axis = 0; axis < root->args[i]->shape.rank; axis++) {
        const int label = root->ein.labels[i][axis];
        if (label < root->shape.rank && c->nest->members[0].axis[label] == 0)
            return true;
    }
    return false;
}

static bool is_narrow(const struct counting *c, const struct ir_node *x)
{
    return c->is_wide && !c->region->value[x->id].wide && !c->region->value[x->id].inlined;
}

/* Half of what two steps take whose numbers come in pairs: `operands` pairs are made, and a pair of weights
 * is read at once. */
static void pair_step(const struct counting *c, struct work *step, double products, double operands)
{
    const double pairs = c->machine->pairs;
    step->madds += 0.5 * products * (pairs > 0 ? c->machine->multiply_adds / pairs : 2);
    step->arithmetic += operands + (pairs > 0 ? 0 : 2 * products);
    step->loads -= 0.5 * products / c->vectors;
}

/* One step of the sum for `rows` rows. */
static struct work step_work(const struct counting *c, const struct ir_node *root, int rows)
{
    struct work work = {0};
    int of[2][2] = {{0}}; /* operands, by row and narrow */
    for (int i = 0; i < root->n_args; i++) {
        const bool row = operand_has_row(c, root, i), narrow = is_narrow(c, root->args[i]);
        struct work one = {0};
        add_value(c, root->args[i], &one);
        add_work(&work, &one, (row ? rows : 1) * (narrow ? 1 : c->vectors));
        of[row][narrow]++;
    }
    for (int row = 0; row < 2; row++) {
        const int wide = of[row][0], narrow = of[row][1], times = row ? rows : 1;
        work.arithmetic +=
            (wide > 1 ? wide - 1 : 0) * times * c->vectors + (narrow > 1 ? narrow - 1 : 0) * times;
        work.arithmetic += wide && narrow ? times * c->vectors : 0;
    }
    if (c->how->paired >= 0 && c->real == REAL_4)
        pair_step(c, &work, rows * c->vectors, c->vectors);
    else
        work.madds += rows * c->vectors;
    return work;
}

/* ---- maps ---------------------------------------------------------------------------------------------- */

enum { LOOP = 2, BLOCK = 6 /* operations of a loop's step, and of a block's addresses */ };

static void add_block(const struct counting *c, int rows, double times, struct nest_work *out)
{
    const struct plan_nest *nest = c->nest;
    struct work block = {.other = BLOCK}, element = element_work(c);
    double steps = 1, spilled = 0;
    for (int i = 0; i < nest->n_summed; i++)
        steps *= nest->members[0].node->ein.size[nest->summed[i]];
    if (nest->n_summed > 0) {
        struct work step = step_work(c, nest->members[0].node, rows);
        step.other += c->how->unroll ? 0 : (double)LOOP / c->how->sum_unroll;
        /* a column, a row's number */
        spilled = spill(c, rows * c->vectors, rows > 1 ? c->vectors + 1 : 1, &step);
        spilled += spill_of_round(c, rows, &step);
        add_work(&block, &step, steps);
        out->code_operations += (c->how->unroll ? steps * times : c->how->sum_unroll) * operations(&step);
    }
    add_work(&block, &element, rows * c->vectors);
    if (c->how->apart) {
        block.loads += 2 * rows * c->vectors;
        block.stores += 2 * rows * c->vectors;
    }
    out->code_operations +=
        (c->how->unroll ? times : 1) * (c->how->apart ? 1 : rows) * c->vectors * operations(&element);
    add_work(&out->all, &block, times);
    if (nest->n_summed > 0)
        add_chain(out, times, steps, operations(&block), spilled);
}

static void count_map(const struct counting *c, struct nest_work *out)
{
    const struct plan_nest *nest = c->nest;
    const int rows = nest->n_axes ? nest->size[0] : 1, whole = rows / c->how->block,
              rest = rows % c->how->block;
    double outer = c->groups;
    for (int axis = 1; axis < nest->n_axes; axis++)
        outer *= nest->size[axis];
    if (whole)
        add_block(c, c->how->block, outer * whole, out);
    if (rest)
        add_block(c, rest, outer, out);
}

/* ---- totals -------------------------------------------------------------------------------------------- */

/* Adds up the lanes of m x k sums in pieces of powers of two, an addition taking a blend and a shuffle, and
 * adds them to memory. */
static struct work reduction_work(const struct counting *c, int m, int k)
{
    struct work work = {0};
    const int vector = c->plan->schedule->cpu.vector;
    for (int j = 0, columns; j < k; j += columns) {
        columns = sched_power_of_two(k - j, vector);
        for (int i = 0, rows; i < m; i += rows) {
            rows = sched_power_of_two(m - i, vector / columns);
            double pairs = rows * columns - 1;
            for (int lanes = vector; lanes > rows * columns; lanes /= 2)
                pairs++;
            work.shuffles += pairs + rows - 1;
            work.arithmetic += pairs + rows;
            work.other += pairs;
            work.loads += rows;
            work.stores += rows;
        }
    }
    return work;
}

/* So many sums go on where they were left, or are added to memory. */
static struct work partial_work(const struct counting *c, int sums)
{
    return (struct work){.arithmetic = c->how->far ? sums : 0, .loads = sums, .stores = sums};
}

static struct work term_work(const struct counting *c, const struct plan_term *term, int m, int k)
{
    struct work work = {.madds = m * k, .other = 1};
    for (int i = 0; i < term->n_factors; i++) {
        const bool a = plan_factor_has(&term->factor[i], c->how->axis_a);
        const bool b = plan_factor_has(&term->factor[i], c->how->axis_b);
        struct work one = {0};
        add_value(c, term->factor[i].node, &one);
        add_work(&work, &one, (a ? m : 1) * (b ? k : 1));
    }
    if (term->how == TERM_PAIRED && c->real == REAL_4) {
        work.madds = 0;
        pair_step(c, &work, m * k, m + k);
        work.loads += 0.5 * m * k / c->vectors; /* nothing is read at once here */
    }
    if (term->n_factors > 2)
        work.arithmetic += (term->n_factors - 2) * (m < k ? m : k);
    work.arithmetic += term->coefficient != 1 ? 1 + (m < k ? m : k) : 0;
    return work;
}

static void add_total_block(const struct counting *c, int m, int k, double times, struct nest_work *out)
{
    struct work block = c->nest->partial ? partial_work(c, m * k) : reduction_work(c, m, k);
    double length = 0, spilled = 0;
    out->code_operations += operations(&block);
    for (int t = 0; t < c->nest->n_terms; t++) {
        const struct plan_term *term = &c->nest->terms[t];
        struct work step = term_work(c, term, m, k);
        double steps = c->vectors * c->groups;
        step.other += (double)LOOP / c->vectors;
        spilled = spill(c, m * k, (m < k ? m : k) + 1, &step);
        for (int label = c->nest->total->shape.rank; label < term->n_labels; label++)
            steps *= term->size[label];
        add_work(&block, &step, steps);
        length += steps;
        out->code_operations += c->vectors * operations(&step);
    }
    block.other += BLOCK;
    add_work(&out->all, &block, times);
    add_chain(out, times, length, operations(&block), spilled);
}

/* Blocks of rows x vectors, each lane a step, with operands that were turned before. */
static void count_packed(const struct counting *c, struct nest_work *out)
{
    const struct plan_nest *nest = c->nest;
    const struct schedule *schedule = c->plan->schedule;
    const struct ir_shape shape = nest->total->shape;
    const double columns = sched_packed_columns(schedule, shape.size[c->how->axis_b]),
                 rows = shape.size[c->how->axis_a], m = c->how->block_a, n = c->how->block_b,
                 results = (double)ir_elements(shape), width = schedule->cpu.vector;
    const double times = results / rows / shape.size[c->how->axis_b],
                 steps = (double)sched_total_steps(schedule, nest);
    const double blocks = ceil(rows / m) * ceil(columns / n) * times, squares = steps * columns * times;
    const double lanes = steps * width, products = rows * columns * times * lanes;
    out->all.madds = results * steps;
    out->all.arithmetic = products - out->all.madds;
    out->all.loads = products / n + products / m + squares * width + rows * columns * times;
    out->all.stores = squares * width + rows * columns * times;
    out->all.shuffles = squares * width * 0.5 * log2(width);
    out->all.other = blocks * (lanes * LOOP + BLOCK);
    out->code_operations = 6 * m * n + 4 * width * width;
    add_chain(out, blocks, lanes, lanes * (m * n + m + n + LOOP), 0);
}

static void count_total(const struct counting *c, struct nest_work *out)
{
    if (c->how->packed) {
        count_packed(c, out);
        return;
    }
    const struct plan_nest *nest = c->nest;
    const struct ir_shape shape = nest->total->shape;
    const int a = c->how->axis_a < 0 ? 1 : shape.size[c->how->axis_a],
              b = c->how->axis_b < 0 ? 1 : shape.size[c->how->axis_b];
    double outer = 1;
    for (int axis = 0; axis < shape.rank; axis++)
        outer *= axis == c->how->axis_a || axis == c->how->axis_b ? 1 : shape.size[axis];
    const int m = c->how->axis_a < 0 ? 1 : c->how->block_a, k = c->how->axis_b < 0 ? 1 : c->how->block_b;
    const int rows[2] = {m, a % m}, columns[2] = {k, b % k};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            if (rows[i] && columns[j])
                add_total_block(c, rows[i], columns[j], outer * (i ? 1 : a / m) * (j ? 1 : b / k), out);
}

static void count_lanes(const struct counting *c, struct nest_work *out)
{
    const double elements = (double)ir_elements(c->nest->partial->shape),
                 vector = c->plan->schedule->cpu.vector;
    const struct work sums = reduction_work(c, 1, c->plan->schedule->cpu.vector);
    out->code_operations = 64;
    if (c->nest->n_stores == 0)
        out->all.stores = elements;
    else
        add_work(&out->all, &sums, elements / vector);
}

/* ---- selections, matrices ------------------------------------------------------------------------------ */

static void count_select(const struct counting *c, struct nest_work *out)
{
    const double elements = (double)ir_elements(c->nest->node->shape) * c->vectors * c->groups;
    out->all = (struct work){
        .arithmetic = elements, .loads = 2 * elements, .stores = elements, .other = 4 * elements};
    out->code_operations = 64;
}

/* n^3/6 multiply-adds of Cholesky's factor, and n^3/2 of an inverse from it. */
static void count_matrix(const struct counting *c, struct nest_work *out)
{
    const double n = c->nest->node->args[0]->shape.size[0], vectors = c->vectors * c->groups;
    const double cubes = n * n * n * (c->nest->node->op == IR_INVERSE ? 2.0 / 3 : 1.0 / 6) * vectors;
    out->all = (struct work){.madds = cubes,
                             .arithmetic = n * n * vectors,
                             .loads = cubes * (1 + 1.0 / c->how->block),
                             .stores = n * n * vectors,
                             .divisions = 2 * n * vectors,
                             .other = cubes / 2};
    out->code_operations = 256;
}

struct nest_work work_of(const struct plan *plan, const struct plan_region *region,
                         const struct plan_nest *nest, const struct machine *machine, enum real real)
{
    struct nest_work out = {.n_chains = 0};
    const struct counting c = {.plan = plan,
                               .region = region,
                               .nest = nest,
                               .how = sched_how(nest),
                               .machine = machine,
                               .real = real,
                               .is_wide = region->wide,
                               .vectors = region->wide ? sched_group(plan->schedule) : 1,
                               .groups = region->wide ? sched_groups(plan->schedule) : 1};
    switch (nest->kind) {
    case PLAN_MAP:
        count_map(&c, &out);
        break;
    case PLAN_TOTAL:
        count_total(&c, &out);
        break;
    case PLAN_LANES:
        count_lanes(&c, &out);
        break;
    case PLAN_SELECT:
        count_select(&c, &out);
        break;
    case PLAN_MATRIX:
        count_matrix(&c, &out);
        break;
    }
    return out;
}
