/* SPDX-License-Identifier: MIT
 *
 * Nests that share a function: written each for itself they must be the same code. Programs are random ones
 * and the kernels of flows, compiled by several schedules; a field of a nest that decides code but is missing
 * from the record by which nests are compared is detected here.
 *
 *   test_nests [SEED [COUNT]]   random programs of only those seeds */
#include "check.h"
#include "drive/backend.h"
#include "emit_llvm/emitter.h"
#include "pass/pass.h"
#include "property/flow_fixture.h"
#include "property/random_program.h"
#include "sched/sched_cpu.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_KERNELS = 64, SEEDS_AT_ONCE = 12 };

static uint64_t first_seed = 1;
static int seed_count = 48;

struct list {
    struct arena *arena;
    struct target target;
    enum real real;
    int n;
    struct bundle_kernel kernel[MOST_KERNELS];
};

static void open_list(struct list *list, const char *cpu, enum real real)
{
    const char *fault = NULL;
    *list = (struct list){.arena = arena_new(), .real = real};
    bool found = backend_target(list->arena, cpu, &list->target, &fault);
    CU_ASSERT_FATAL(found);
}

/* A program that has been through the passes; one that cannot be computed tile by tile is passed over. */
static void add_passed(struct list *list, const struct ir_graph *graph, struct schedule schedule)
{
    const char *fault = NULL;
    const struct plan *plan = graph ? sched_plan(list->arena, graph, schedule, &fault) : NULL;
    if (plan && list->n < MOST_KERNELS) {
        const char *name = arena_printf(list->arena, "k%d", list->n);
        list->kernel[list->n++] = (struct bundle_kernel){.name = name, .graph = plan->graph, .plan = plan};
    }
}

static void add(struct list *list, const struct ir_graph *graph, struct schedule schedule)
{
    const char *fault = NULL;
    add_passed(list, pass_run(graph, false, &fault, NULL, NULL), schedule);
}

static struct schedule schedule_of(const struct list *list, int lanes, int unroll)
{
    struct schedule schedule = sched_choose(list->target.cpu.machine.vector_bits,
                                            list->target.cpu.machine.registers, list->real, lanes);
    schedule.cpu.unroll = unroll;
    return schedule;
}

/* ---- every nest by itself ------------------------------------------------------------------------------ */

/* The same nests, none of them shared. */
static struct emit_nests all_apart(struct arena *arena, const struct emit_nests *nests)
{
    struct emit_nests apart = {.n_parts = 1, .n_distinct = nests->n_uses, .n_uses = nests->n_uses};
    apart.distinct = ARENA_ARRAY(arena, struct distinct_nest, (size_t)nests->n_uses + 1);
    apart.uses = ARENA_ARRAY(arena, struct nest_use, (size_t)nests->n_uses + 1);
    for (int i = 0; i < nests->n_uses; i++) {
        const struct nest_use *use = &nests->uses[i];
        apart.distinct[i] = (struct distinct_nest){
            .schedule = use->schedule, .nest = use->nest, .name = arena_printf(arena, "nest%d", i)};
        apart.uses[i] = *use;
        apart.uses[i].which = i;
    }
    return apart;
}

/* The text of a function without its name, followed by the next one's: they come in the order of nests.
 * Constant arrays that it reads stand there with their numbers. */
static const char *next_code(struct arena *arena, LLVMModuleRef module, const char **text, int nest)
{
    struct strbuf code;
    strbuf_init(&code, arena);
    const char *name = arena_printf(arena, "define hidden void @nest%d(", nest);
    const char *at = strstr(*text, name);
    CU_ASSERT_FATAL(at != NULL);
    for (at += strlen(name); strncmp(at, "\n}\n", 3) != 0;) {
        if (strncmp(at, "@constant", 9) != 0) {
            strbuf_addn(&code, at++, 1);
            continue;
        }
        const size_t length = 1 + strcspn(at + 1, " ,)\n");
        LLVMValueRef global = LLVMGetNamedGlobal(module, arena_strndup(arena, at + 1, length - 1));
        char *numbers = LLVMPrintValueToString(LLVMGetInitializer(global));
        strbuf_add(&code, numbers);
        LLVMDisposeMessage(numbers);
        at += length;
    }
    *text = at;
    return strbuf_text(&code);
}

static int compare(struct list *list, const struct emit_nests *nests, LLVMModuleRef module)
{
    const char **code = ARENA_ARRAY(list->arena, const char *, (size_t)nests->n_distinct + 1);
    const char *text = module_text(list->arena, module);
    int shared = 0;
    for (int i = 0; i < nests->n_uses; i++) {
        const int which = nests->uses[i].which;
        const char *mine = next_code(list->arena, module, &text, i);
        if (!code[which]) {
            code[which] = mine;
            continue;
        }
        shared++;
        if (strcmp(code[which], mine) != 0)
            printf("\n    %s is not the code of nest %d:\n%s\n%s", nests->distinct[which].name, i,
                   code[which], mine);
        CU_ASSERT_STRING_EQUAL(code[which], mine);
    }
    return shared;
}

/* How many nests have another's function. */
static int check_list(struct list *list)
{
    const struct emit_nests *nests = emit_nests_new(list->arena, list->n, list->kernel, 3);
    const struct emit_nests apart = all_apart(list->arena, nests);
    const struct emit_share share = {.nests = &apart, .part = 0};
    const char *fault = NULL;
    const struct emit_module *module =
        emit_build(list->arena, &list->target, list->real, list->n, list->kernel, &share, NULL, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(module);
    return compare(list, nests, module->module);
}

/* ---- programs ------------------------------------------------------------------------------------------ */

static void random_nests_that_share_code_are_equal(void)
{
    int shared = 0;
    for (int first = 0; first < seed_count; first += SEEDS_AT_ONCE) {
        struct list list;
        open_list(&list, first % 2 ? "skylake-avx512" : "haswell", first % 3 ? REAL_4 : REAL_8);
        for (int i = 0; i < SEEDS_AT_ONCE && first + i < seed_count; i++) {
            const uint64_t seed = first_seed + (uint64_t)(first + i);
            const struct random_options options = {.nodes = 24, .loops = seed % 2};
            const struct ir_graph *graph = random_program(list.arena, seed, &options);
            add(&list, graph, schedule_of(&list, 0, seed % 3 ? 48 : 0));
            add(&list, graph, schedule_of(&list, 64, 48));
        }
        shared += check_list(&list);
        arena_free(list.arena);
    }
    CU_ASSERT(seed_count < 48 || shared > 50);
}

static const struct ir_graph *program(const struct list *list, const struct model *model, int k)
{
    return k == FLOW_LOSS ? flow_train(list->arena, model, DIFF_KEEP_ALL)
                          : flow_build(list->arena, model, (enum flow_kernel)k);
}

static void check_flow(const char *cpu, enum model_field field, int d, bool penalty)
{
    const int hidden[] = {9, 7};
    struct list list;
    struct flow_fixture flow = fixture_new(d, field, MODEL_FOLDED, 2, hidden, 1, 3);
    flow.model.penalised = penalty;
    open_list(&list, cpu, REAL_4);
    for (int k = 0; k < FLOW_KERNEL_COUNT; k++) {
        const struct ir_graph *graph = program(&list, &flow.model, k);
        add(&list, graph, schedule_of(&list, 0, 48));
        add(&list, graph, schedule_of(&list, 0, 0));
        add(&list, graph, schedule_of(&list, 32, 48));
    }
    CU_ASSERT(check_list(&list) > 20);
    arena_free(list.arena);
    fixture_free(&flow);
}

static void nests_of_flows_that_share_code_are_equal(void)
{
    check_flow("haswell", MODEL_GAUSSIAN, 3, false);
    check_flow("haswell", MODEL_CUBE, 2, true);
    check_flow("generic-aarch64", MODEL_GAUSSIAN, 5, true);
}

/* The same products of numbers in single precision and of pairs of bfloat16 numbers, in one list: what is
 * stored in 16 bits must not share the code of what is stored in 32. */
static void check_mixed(const char *cpu)
{
    struct list list;
    struct flow_fixture flow = fixture_new(4, MODEL_GAUSSIAN, MODEL_FOLDED, 2, (const int[]){16, 16}, 1, 3);
    const char *fault = NULL;
    int mixed = 0;
    open_list(&list, cpu, REAL_4);
    for (int k = 0; k < FLOW_KERNEL_COUNT; k++) {
        const struct ir_graph *graph = program(&list, &flow.model, k);
        for (int lanes = 0; lanes <= 32; lanes += 32) {
            add(&list, graph, schedule_of(&list, lanes, 48));
            add_passed(&list, pass_run(graph, true, &fault, NULL, NULL), schedule_of(&list, lanes, 48));
        }
    }
    for (int i = 0; i < list.n; i++)
        for (int v = 0; v < list.kernel[i].plan->graph->n_nodes; v++)
            mixed += list.kernel[i].plan->before->value[v].bfloat;
    CU_ASSERT(mixed > 10);
    CU_ASSERT(check_list(&list) > 20);
    arena_free(list.arena);
    fixture_free(&flow);
}

/* Programs that read a function of weights, which is kept for all tiles: for bfloat16 in 16 bits. */
static const struct ir_graph *reader(struct list *list, enum ir_op function)
{
    struct ir_graph *g = ir_graph_new(list->arena, "reader");
    const struct ir_node *w = ir_input(g, "w", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 3, 5));
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 5));
    ir_output_add(g, "y", ir_ein(g, 1, "ij,j->i", ir_unary(g, function, w), x));
    return g;
}

static void what_is_read_in_16_bits_has_code_of_its_own(void)
{
    struct list list;
    open_list(&list, "haswell", REAL_4);
    add(&list, reader(&list, IR_TANH), schedule_of(&list, 0, 48));
    add(&list, reader(&list, IR_BFLOAT), schedule_of(&list, 0, 48));
    add(&list, reader(&list, IR_TANH), schedule_of(&list, 0, 48));
    CU_ASSERT(check_list(&list) >= 2);
    arena_free(list.arena);
}

static void nests_of_mixed_precision_that_share_code_are_equal(void)
{
    check_mixed("sapphirerapids");
    check_mixed("skylake-avx512");
    check_mixed("haswell");
}

/* ---- parts --------------------------------------------------------------------------------------------- */

static void parts_have_about_equal_loads(void)
{
    struct list list;
    struct flow_fixture flow = fixture_new(3, MODEL_GAUSSIAN, MODEL_FOLDED, 2, (const int[]){9, 7}, 1, 3);
    long load[4] = {0}, all = 0, heaviest = 0;
    open_list(&list, "haswell", REAL_4);
    for (int k = 0; k < FLOW_KERNEL_COUNT; k++)
        add(&list, program(&list, &flow.model, k), schedule_of(&list, 0, 48));
    const struct emit_nests *nests = emit_nests_new(list.arena, list.n, list.kernel, 4);
    for (int i = 0; i < nests->n_distinct; i++) {
        const struct distinct_nest *nest = &nests->distinct[i];
        CU_ASSERT_FATAL(nest->part >= 0 && nest->part < 4 && nest->weight > 0);
        load[nest->part] += nest->weight;
        all += nest->weight;
        heaviest = nest->weight > heaviest ? nest->weight : heaviest;
    }
    for (int part = 1; part < 4; part++)
        CU_ASSERT(load[part] <= all / 4 + heaviest && load[part] >= all / 4 - heaviest);
    arena_free(list.arena);
    fixture_free(&flow);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"random nests that share code are equal", random_nests_that_share_code_are_equal},
        {"nests of flows that share code are equal", nests_of_flows_that_share_code_are_equal},
        {"what is read in 16 bits has code of its own", what_is_read_in_16_bits_has_code_of_its_own},
        {"nests of mixed precision that share code are equal",
         nests_of_mixed_precision_that_share_code_are_equal},
        {"parts have about equal loads", parts_have_about_equal_loads},
    };
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        seed_count = argc > 2 ? atoi(argv[2]) : 1;
    }
    return check_main("nests", cases, CHECK_COUNT(cases));
}
