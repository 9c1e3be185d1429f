/* SPDX-License-Identifier: MIT
 *
 * Processors as the table has them, and what plans cost on them: more work costs more, schedules that are
 * known to be bad come last, the same question gets the same answer. */
#include "sched/sched_cost.h"
#include "sched/sched_cpu.h"
#include "sched/sched_nest.h"

#include "drive/backend.h"
#include "flow/flow.h"
#include "pass/pass.h"
#include "sched/sched_space.h"
#include "sched/sched_work.h"
#include "spec_fixture.h"

#include "check_arena.h" /* last: its `arena` would hide parameters of that name */

static struct machine machine_of(const char *name)
{
    struct target target;
    const char *fault;
    CU_ASSERT_TRUE_FATAL(backend_target(arena, name, &target, &fault));
    return target.cpu.machine;
}

static struct schedule first_of(const struct machine *machine)
{
    return sched_choose(machine->vector_bits, machine->registers, 4, 0);
}

/* The training program of a flow with these keys. */
static const struct ir_graph *training(const char *keys, enum diff_keep keep)
{
    const char *fault = NULL;
    const char *text = arena_printf(arena, "data: {pairs: p.npz}\n%s", keys);
    struct source *source = ARENA_NEW(arena, struct source);
    struct spec *spec = ARENA_NEW(arena, struct spec);
    struct model *model = ARENA_NEW(arena, struct model);
    struct diag diag;
    *source = (struct source){.name = "t.yaml", .text = text, .length = strlen(text)};
    diag_init(&diag, arena);
    CU_ASSERT_TRUE_FATAL(spec_read(arena, source, &diag, spec) && model_from_spec(arena, spec, &diag, model));
    const struct ir_graph *graph = pass_run(flow_train(arena, model, keep), false, &fault, NULL, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(graph);
    return graph;
}

static const char small[] = "dimension: 2\nflow: {hidden: [15, 15], steps: 15}\n";
static const char large[] = "dimension: 10\nflow: {hidden: [50, 50, 50], steps: 15}\n";

/* Seconds of a sample by a schedule that differs from the first one as `fields` says. */
static double seconds_of(const struct ir_graph *graph, const struct machine *machine, const char *fields)
{
    struct schedule schedule = first_of(machine);
    const char *fault = NULL;
    CU_ASSERT_TRUE_FATAL(sched_parse(arena, fields, &schedule, NULL, &fault));
    const struct plan *plan = sched_plan(arena, graph, schedule, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return sched_cost(plan, machine, 4) / schedule.lanes;
}

/* ---- processors ---------------------------------------------------------------------------------------- */

static void check_machine(const struct machine *m)
{
    CU_ASSERT_TRUE(m->hertz >= 1e9 && m->hertz <= 6e9);
    CU_ASSERT_TRUE(m->multiply_adds >= 0.5 && m->multiply_adds <= 4 && m->latency >= 2 && m->latency <= 12);
    CU_ASSERT_TRUE(m->loads >= 0.5 && m->loads <= 4 && m->stores >= 0.5 && m->stores <= 4);
    CU_ASSERT_TRUE(m->shuffles >= 0.5 && m->issue >= 2 && m->issue <= 12 && m->window >= 8 && m->divide >= 1);
    CU_ASSERT_TRUE(m->l1_bytes >= 16 << 10 && m->l1_bytes < m->l2_bytes && m->l2_bytes <= m->l3_bytes);
    CU_ASSERT_TRUE(m->l3_cores >= 1 && machine_l3_share(m) >= m->l2_bytes);
    CU_ASSERT_TRUE(m->l2_bandwidth >= m->l3_bandwidth && m->l3_bandwidth >= m->memory_bandwidth);
    CU_ASSERT_TRUE(m->memory_bandwidth > 0);
}

/* To a generator of the future, which knows all of them. */
static struct target target_of(const char *name, const char *features)
{
    const struct host host = {"x86_64-pc-linux-gnu", "abacus", features, 1000};
    struct target target;
    const char *fault;
    CU_ASSERT_TRUE_FATAL(target_find(arena, &host, name, &target, &fault));
    return target;
}

static void every_processor_has_numbers(void)
{
    static const char *const names[] = {
#define CPU(name, ...) name,
#include "target/target_cpu.def"
    };
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        const struct machine machine = target_of(names[i], "").cpu.machine;
        check_machine(&machine);
    }
}

static void known_processors_have_rows(void)
{
    static const char *const known[] = {"haswell", "skylake-avx512", "znver3", "apple-m1", "neoverse-n1"};
    for (size_t i = 0; i < CHECK_COUNT(known); i++)
        CU_ASSERT_TRUE(machine_of(known[i]).is_known);
    CU_ASSERT_FALSE(machine_of("x86-64").is_known);
    CU_ASSERT_TRUE(machine_of("apple-m1").multiply_adds > machine_of("cortex-a53").multiply_adds);
}

/* By its whole name; a processor without a row has the numbers of its kind. */
static void unknown_processors_are_of_a_kind(void)
{
    const struct machine sse = target_of("native", "").cpu.machine,
                         avx = target_of("native", "+avx").cpu.machine,
                         avx2 = target_of("native", "+avx,+avx2,+fma").cpu.machine,
                         neon = target_of("generic-aarch64", "").cpu.machine,
                         avx512 = target_of("x86-64-v4", "").cpu.machine;
    CU_ASSERT_FALSE(avx2.is_known);
    CU_ASSERT_TRUE(machine_of("znver4").l2_bytes == 2 * machine_of("znver3").l2_bytes);
    CU_ASSERT_TRUE(avx2.multiply_adds > avx.multiply_adds); /* as all without FMA, one port */
    CU_ASSERT_TRUE(neon.shuffles > sse.shuffles);
    CU_ASSERT_TRUE(avx512.issue > sse.issue);
}

/* Half of the cores that share a cache are taken to work. */
static void shares_of_a_cache(void)
{
    const struct machine m = {.l2_bytes = 512 << 10, .l3_bytes = 32 << 20, .l3_cores = 8};
    CU_ASSERT_EQUAL(machine_l3_share(&m), 8 << 20);
    const struct machine alone = {.l2_bytes = 512 << 10, .l3_bytes = 4 << 20, .l3_cores = 1};
    CU_ASSERT_EQUAL(machine_l3_share(&alone), 4 << 20);
}

static void the_host_is_always_the_same(void)
{
    const struct machine first = machine_of(NULL), second = machine_of("native");
    check_machine(&first);
    CU_ASSERT_TRUE(first.l1_bytes == second.l1_bytes && first.l2_bytes == second.l2_bytes);
    CU_ASSERT_TRUE(first.l3_bytes == second.l3_bytes && first.l3_cores == second.l3_cores);
    CU_ASSERT_STRING_EQUAL(first.name, second.name);
}

/* ---- work ---------------------------------------------------------------------------------------------- */

/* y = W x and the sum over the batch of x y^T, as a training has them. */
static const struct plan *products(const struct machine *machine, int rows, int columns)
{
    struct ir_graph *graph = ir_graph_new(arena, "t");
    const char *fault = NULL;
    const struct ir_node *w =
        ir_input(graph, "w", IR_PARAMETER, IR_UNIFORM, (struct ir_shape){2, {rows, columns}});
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, (struct ir_shape){1, {columns}});
    const struct ir_node *y = ir_ein(graph, 1, "ij,j->i", w, x);
    ir_output_add(graph, "y", y);
    ir_output_add(graph, "g", ir_bsum(graph, ir_ein(graph, 1, "i,j->ij", y, x)));
    const struct plan *plan = sched_plan(arena, graph, first_of(machine), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

/* Each product counts once a vector of lanes, whatever the blocks of registers. */
static void products_are_counted(void)
{
    static const char *const names[] = {"x86-64", "haswell", "skylake-avx512", "apple-m1"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++)
        for (int rows = 1; rows < 40; rows += 6) {
            const struct machine machine = machine_of(names[i]);
            const struct plan *plan = products(&machine, rows, 23);
            const int vectors = plan->schedule->lanes / plan->schedule->cpu.vector;
            double madds = 0;
            for (int item = 0; item < plan->tile->n_items; item++)
                madds += work_of(plan, plan->tile, plan->tile->items[item].nest, &machine, REAL_4).all.madds;
            CU_ASSERT_DOUBLE_EQUAL(madds, 2.0 * rows * 23 * vectors, 1e-9);
        }
}

/* Registers that a block needs beyond those there are go through memory. */
static void sums_without_registers_are_seen(void)
{
    const struct machine avx2 = machine_of("haswell");
    const struct ir_graph *graph = training(large, DIFF_KEEP_ALL);
    CU_ASSERT_TRUE(seconds_of(graph, &avx2, "lanes=32 group=4 accumulators=16") >
                   1.2 * seconds_of(graph, &avx2, "lanes=16"));
}

/* Strides in memory of the first value of the tile that has columns: x W^T for three x at once. */
static const long *strides_of_columns(const char *fields)
{
    const struct machine machine = machine_of("haswell");
    struct ir_graph *graph = ir_graph_new(arena, "t");
    struct schedule schedule = first_of(&machine);
    const char *fault = NULL;
    const struct ir_node *w = ir_input(graph, "w", IR_PARAMETER, IR_UNIFORM, (struct ir_shape){2, {5, 7}});
    const struct ir_node *v = ir_input(graph, "v", IR_PARAMETER, IR_UNIFORM, (struct ir_shape){2, {4, 5}});
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, (struct ir_shape){2, {3, 7}});
    const struct ir_node *y = ir_ein(graph, 1, "ij,cj->ci", w, x);
    ir_output_add(graph, "z", ir_ein(graph, 1, "ij,cj->ci", v, y));
    CU_ASSERT_TRUE_FATAL(sched_parse(arena, fields, &schedule, NULL, &fault));
    const struct plan *plan = sched_plan(arena, graph, schedule, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan->tile->value[y->id].stride;
}

static void columns_or_rows_lie_side_by_side(void)
{
    const long *columns = strides_of_columns("lanes=16"), *rows = strides_of_columns("lanes=16 layout=rows");
    CU_ASSERT_TRUE(columns[1] == 16 && columns[0] == 5 * 16);
    CU_ASSERT_TRUE(rows[0] == 16 && rows[1] == 3 * 16);
}

/* ---- costs --------------------------------------------------------------------------------------------- */

static void more_work_costs_more(void)
{
    static const char *const rows[] = {
        "dimension: 2\nflow: {hidden: [15, 15], steps: 15}\n",
        "dimension: 2\nflow: {hidden: [15, 15], steps: 30}\n",
        "dimension: 2\nflow: {hidden: [30, 30], steps: 30}\n",
        "dimension: 2\nflow: {hidden: [30, 30, 30], steps: 30}\n",
        "dimension: 2\nflow: {hidden: [40, 40, 40], steps: 30}\n",
        "dimension: 6\nflow: {hidden: [40, 40, 40], steps: 30}\n",
        "dimension: 6\nflow: {hidden: [40, 40, 40], steps: 30}\npenalty: {kind: euler, weight: 0.1}\n",
    };
    static const char *const names[] = {"x86-64", "haswell", "skylake-avx512", "apple-m1"};
    for (size_t m = 0; m < CHECK_COUNT(names); m++) {
        const struct machine machine = machine_of(names[m]);
        double before = 0;
        for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
            const double seconds = seconds_of(training(rows[i], DIFF_KEEP_STATE), &machine, "");
            CU_ASSERT_TRUE(seconds > 1.05 * before);
            before = seconds;
        }
    }
}

static void parts_make_the_whole(void)
{
    const struct machine machine = machine_of("haswell");
    const char *fault = NULL;
    const struct plan *plan = sched_plan(arena, training(large, DIFF_KEEP_ALL), first_of(&machine), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    const struct sched_cost cost = sched_cost_parts(plan, &machine, 4);
    CU_ASSERT_DOUBLE_EQUAL(cost.core + cost.waiting + cost.memory + cost.calls, cost.cycles,
                           1e-6 * cost.cycles);
    CU_ASSERT_TRUE(cost.arithmetic > 0.5 * cost.core && cost.arithmetic <= cost.core);
    CU_ASSERT_EQUAL(sched_cost(plan, &machine, 4), cost.cycles / machine.hertz);
    CU_ASSERT_EQUAL(sched_cost_parts(plan, &machine, 4).cycles, cost.cycles);
}

static void a_better_processor_is_not_slower(void)
{
    const struct ir_graph *graph = training(large, DIFF_KEEP_ALL);
    const struct machine plain = machine_of("haswell");
    struct machine better = plain;
    const double before = seconds_of(graph, &plain, "");
    better.l2_bytes *= 4;
    better.l3_bytes *= 4;
    CU_ASSERT_TRUE(seconds_of(graph, &better, "") < before);
    better = plain;
    better.multiply_adds *= 2;
    better.loads *= 2;
    better.issue *= 2;
    CU_ASSERT_TRUE(seconds_of(graph, &better, "") < before);
    const struct machine wide = machine_of("skylake-avx512"), narrow = machine_of("x86-64");
    CU_ASSERT_TRUE(seconds_of(graph, &wide, "") < before && before < seconds_of(graph, &narrow, ""));
}

static void bad_schedules_come_last(void)
{
    static const struct {
        const char *flow, *cpu, *bad;
    } rows[] = {
        {large, "haswell", "lanes=256"},
        {large, "haswell", "lanes=32 registers=64 accumulators=64"},
        {large, "haswell", "unroll=100000"},
        {large, "haswell", "accumulators=1"},
        {large, "skylake-avx512", "lanes=256"},
        {large, "skylake-avx512", "accumulators=1"},
        {large, "skylake-avx512", "vector=4 lanes=8"},
        {large, "apple-m1", "accumulators=1"},
        {small, "haswell", "accumulators=1"},
        {small, "haswell", "vector=4 lanes=4"},
        {small, "apple-m1", "vector=2 lanes=2"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const struct machine machine = machine_of(rows[i].cpu);
        const struct ir_graph *graph = training(rows[i].flow, DIFF_KEEP_ALL);
        const double first = seconds_of(graph, &machine, ""), bad = seconds_of(graph, &machine, rows[i].bad);
        if (bad <= 1.1 * first)
            printf("  %s %s: %g, not above %g\n", rows[i].cpu, rows[i].bad, bad, first);
        CU_ASSERT_TRUE(bad > 1.1 * first);
    }
}

/* What is computed again costs more than what a cache holds, and less than what none does. */
static void keeping_depends_on_caches(void)
{
    const struct ir_graph *all = training(large, DIFF_KEEP_ALL), *state = training(large, DIFF_KEEP_STATE);
    struct machine machine = machine_of("znver3");
    CU_ASSERT_TRUE(seconds_of(all, &machine, "") < seconds_of(state, &machine, ""));
    machine.l3_bytes = 0;
    machine.memory_bandwidth = 0.5;
    CU_ASSERT_TRUE(seconds_of(all, &machine, "") > seconds_of(state, &machine, ""));
}

/* Cycles that are lost on memory, on a machine whose memory and caches move so many bytes a cycle. */
static double lost_on_memory(const struct plan *plan, double bandwidth)
{
    struct machine machine = machine_of("haswell");
    machine.l2_bandwidth = machine.l3_bandwidth = machine.memory_bandwidth = bandwidth;
    return sched_cost_parts(plan, &machine, 4).memory;
}

/* Where arithmetic takes longer, it hides most of memory's time, but not all. How long memory takes is seen
 * where it is so slow that arithmetic does not count. */
static void most_of_memory_is_hidden(void)
{
    const struct machine avx2 = machine_of("haswell");
    const char *fault = NULL;
    const struct plan *plan = sched_plan(arena, training(large, DIFF_KEEP_ALL), first_of(&avx2), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    const double slow = 1e-3, fast = 1e6;
    const double bytes =
        (lost_on_memory(plan, slow) - lost_on_memory(plan, 2 * slow)) / (1 / slow - 0.5 / slow);
    CU_ASSERT_TRUE(bytes > 1e5);
    const double seen = lost_on_memory(plan, fast) / (bytes / fast);
    CU_ASSERT_TRUE(seen > 0.05 && seen < 0.3);
}

/* What is hardly cheaper is not taken for better; what cannot be planned never is. */
static void the_cheapest_is_picked(void)
{
    CU_ASSERT_EQUAL(sched_pick(3, (const double[]){1, 0.98, 0.99}), 0);
    CU_ASSERT_EQUAL(sched_pick(3, (const double[]){1, 0.9, 0.8}), 2);
    CU_ASSERT_EQUAL(sched_pick(3, (const double[]){-1, 2, -1}), 1);
    CU_ASSERT_EQUAL(sched_pick(2, (const double[]){1, -1}), 0);
    CU_ASSERT_EQUAL(sched_pick(1, (const double[]){3}), 0);
}

/* Multiply-adds in place of divisions pay where divisions are slow, and nowhere else. */
static void slow_divisions_are_left_out(void)
{
    const struct ir_graph *graph = training(small, DIFF_KEEP_ALL);
    struct machine machine = machine_of("znver3");
    CU_ASSERT_TRUE(seconds_of(graph, &machine, "tanh=newton") > 1.02 * seconds_of(graph, &machine, ""));
    machine.divide = 60;
    CU_ASSERT_TRUE(seconds_of(graph, &machine, "tanh=newton") < 0.9 * seconds_of(graph, &machine, ""));
    machine.has_fma = false;
    CU_ASSERT_TRUE(seconds_of(graph, &machine, "tanh=newton") < 0.9 * seconds_of(graph, &machine, ""));
}

static void fused_operations_are_cheaper(void)
{
    struct machine machine = machine_of("haswell");
    const struct ir_graph *graph = training(large, DIFF_KEEP_ALL);
    const double fused = seconds_of(graph, &machine, "");
    machine.has_fma = false;
    CU_ASSERT_TRUE(seconds_of(graph, &machine, "") > 1.05 * fused);
}

/* Nests that clear partial sums or add up their lanes. */
static int count_lanes_nests(const struct ir_graph *graph, const char *fields)
{
    const struct machine avx2 = machine_of("haswell");
    struct schedule schedule = first_of(&avx2);
    const char *fault = NULL;
    CU_ASSERT_TRUE_FATAL(sched_parse(arena, fields, &schedule, NULL, &fault));
    const struct plan *plan = sched_plan(arena, graph, schedule, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    int n = 0;
    for (int i = 0; i < plan->tile->n_items; i++)
        n += plan->tile->items[i].nest && plan->tile->items[i].nest->kind == PLAN_LANES;
    return n;
}

/* Weights of 2x15 and 15x15, biases of 15 and 1; the bias of the first layer is a sum for each time. */
static void lanes_of_small_sums_wait(void)
{
    const struct ir_graph *graph = training(small, DIFF_KEEP_ALL);
    const struct machine avx2 = machine_of("haswell");
    const int all = count_lanes_nests(graph, "");
    CU_ASSERT_EQUAL(count_lanes_nests(graph, "partial=0"), 0);
    CU_ASSERT_TRUE(all >= 8 && all % 2 == 0);
    CU_ASSERT_EQUAL(count_lanes_nests(graph, "partial=224"), all - 2);
    CU_ASSERT_EQUAL(count_lanes_nests(graph, "partial=225"), all);
    CU_ASSERT_TRUE(seconds_of(graph, &avx2, "") < 0.97 * seconds_of(graph, &avx2, "partial=0 packed=0"));
}

/* Two weights of 50x50, sums of 22 steps, or 44 in wider tiles: memory takes no longer than lanes where steps
 * are few. */
static void lanes_of_short_sums_wait(void)
{
    const struct ir_graph *graph = training(large, DIFF_KEEP_ALL);
    const struct machine milan = machine_of("znver3");
    CU_ASSERT_TRUE(sched_first(&milan, 4).cpu.partial >= 50 * 50);
    CU_ASSERT_EQUAL(count_lanes_nests(graph, "partial=2499"), count_lanes_nests(graph, "partial=1000"));
    CU_ASSERT_EQUAL(count_lanes_nests(graph, "partial=2500"), count_lanes_nests(graph, "partial=2499") + 4);
    CU_ASSERT_EQUAL(count_lanes_nests(graph, "partial=2500 lanes=32"),
                    count_lanes_nests(graph, "partial=1000 lanes=32"));
}

/* x and y of 48: each result is the sum of two vectors, less than adding up its lanes. */
static void operands_of_short_sums_are_turned(void)
{
    const struct machine avx2 = machine_of("haswell");
    const struct plan *plan = products(&avx2, 48, 48);
    int packed = 0;
    for (int i = 0; i < plan->tile->n_items; i++)
        packed += sched_how(plan->tile->items[i].nest)->packed;
    CU_ASSERT_EQUAL(packed, 1);
    const struct ir_graph *graph =
        training("dimension: 24\nflow: {hidden: [32, 32], steps: 5}\n", DIFF_KEEP_ALL);
    CU_ASSERT_TRUE(seconds_of(graph, &avx2, "") < 0.97 * seconds_of(graph, &avx2, "packed=0"));
}

/* ---- the cases, each with an arena --------------------------------------------------------------------- */

#define CASES(CASE)                                                                                          \
    CASE(every_processor_has_numbers)                                                                        \
    CASE(known_processors_have_rows)                                                                         \
    CASE(the_host_is_always_the_same)                                                                        \
    CASE(unknown_processors_are_of_a_kind)                                                                   \
    CASE(shares_of_a_cache)                                                                                  \
    CASE(most_of_memory_is_hidden)                                                                           \
    CASE(the_cheapest_is_picked)                                                                             \
    CASE(fused_operations_are_cheaper)                                                                       \
    CASE(slow_divisions_are_left_out)                                                                        \
    CASE(columns_or_rows_lie_side_by_side)                                                                   \
    CASE(products_are_counted)                                                                               \
    CASE(sums_without_registers_are_seen)                                                                    \
    CASE(more_work_costs_more)                                                                               \
    CASE(parts_make_the_whole)                                                                               \
    CASE(a_better_processor_is_not_slower)                                                                   \
    CASE(bad_schedules_come_last)                                                                            \
    CASE(keeping_depends_on_caches)                                                                          \
    CASE(lanes_of_small_sums_wait)                                                                           \
    CASE(lanes_of_short_sums_wait)                                                                           \
    CASE(operands_of_short_sums_are_turned)

CASES(CHECK_WITH_ARENA)

static const struct check_case cases[] = {CASES(CHECK_ARENA_ROW)};

int main(void)
{
    return check_main("sched cost", cases, CHECK_COUNT(cases));
}
