/* SPDX-License-Identifier: MIT
 *
 * The programs of a compile, from a model or from text: built, simplified, planned. A trainer's come in the
 * order flow's training, flow's others, base's training, base's others. */
#include "drive/compile.h"

#include "baseflow/baseflow.h"
#include "diff/diff.h"
#include "flow/flow.h"
#include "model/base_model.h"
#include "pass/pass.h"
#include "sched/sched_cpu.h"

#include <string.h>

static void count_before(struct compile *c, const struct ir_graph *graph)
{
    struct ir_count count = ir_count(graph);
    c->report->nodes_before = count.nodes;
    c->report->flop_before = count.flops;
}

static enum gpfc_status simplify(struct compile *c, int k, const struct ir_graph *graph)
{
    const char *fault = NULL;
    if (k == 0)
        count_before(c, graph);
    compile_dump_graph(c, "flow", graph);
    const bool mixed = c->is_mixed && k == FLOW_LOSS;
    c->graphs[k] = (mixed ? pass_run_mixed : pass_run_all)(graph, &fault, compile_dump_graph, c);
    if (!c->graphs[k])
        return compile_fail(c, GPFC_FAILED, fault);
    if (k == 0) {
        struct ir_count count = ir_count(c->graphs[k]);
        c->report->nodes_after = count.nodes;
        c->report->flop_after = count.flops;
    }
    return GPFC_OK;
}

static void make_room(struct compile *c, int n)
{
    c->n_kernels = n;
    c->graphs = ARENA_ARRAY(c->arena, const struct ir_graph *, (size_t)n + 1);
    c->kernels = ARENA_ARRAY(c->arena, struct bundle_kernel, (size_t)n + 1);
}

/* ---- training programs --------------------------------------------------------------------------------- */

struct ir_graph *programs_train(const struct compile *c, struct arena *arena, enum compile_half half,
                                const struct schedule *schedule)
{
    const enum diff_keep keep = (enum diff_keep)schedule->keep; /* the same numbers */
    if (half == COMPILE_OF_FLOW)
        return flow_train(arena, &c->model, keep);
    struct ir_graph *graph = baseflow_train(arena, c->model.base, keep);
    graph->name = arena_printf(arena, "%s%s", COMPILE_BASE_PREFIX, graph->name);
    return graph;
}

const struct ir_graph *programs_simple_train(const struct compile *c, struct arena *arena,
                                             enum compile_half half, const struct schedule *schedule,
                                             const char **fault)
{
    const bool mixed = c->is_mixed && half == COMPILE_OF_FLOW;
    return (mixed ? pass_run_mixed : pass_run_all)(programs_train(c, arena, half, schedule), fault, NULL,
                                                   NULL);
}

const struct plan *programs_plan_train(const struct compile *c, struct arena *arena, enum compile_half half,
                                       const struct schedule *schedule, const char **fault)
{
    const struct ir_graph *graph = programs_simple_train(c, arena, half, schedule, fault);
    return graph ? sched_plan(arena, graph, *schedule, fault) : NULL;
}

static struct ir_graph *build_train(struct compile *c, enum compile_half half)
{
    schedules_settle(c, half);
    return programs_train(c, c->arena, half, &c->schedule[half]);
}

/* ---- from a model -------------------------------------------------------------------------------------- */

static enum gpfc_status build_flow(struct compile *c)
{
    for (int k = 0; k < FLOW_KERNEL_COUNT; k++) {
        const struct ir_graph *graph = k == FLOW_LOSS ? build_train(c, COMPILE_OF_FLOW)
                                                      : flow_build(c->arena, &c->model, (enum flow_kernel)k);
        enum gpfc_status status = simplify(c, k, graph);
        if (status != GPFC_OK)
            return status;
    }
    return GPFC_OK;
}

static enum gpfc_status build_base(struct compile *c, int n)
{
    for (int k = 0; k < n; k++) {
        struct ir_graph *graph =
            k == 0 ? build_train(c, COMPILE_OF_BASE) : baseflow_build(c->arena, c->model.base, k);
        if (k > 0)
            graph->name = arena_printf(c->arena, "%s%s", COMPILE_BASE_PREFIX, graph->name);
        enum gpfc_status status = simplify(c, FLOW_KERNEL_COUNT + k, graph);
        if (status != GPFC_OK)
            return status;
    }
    return GPFC_OK;
}

/* A library is the flow s alone. */
enum gpfc_status programs_build(struct compile *c)
{
    bool compiled = base_is_compiled(c->model.base) && c->options->emit != GPFC_EMIT_LIBRARY;
    int n_base = compiled ? baseflow_kernel_count(c->model.base) : 0;
    make_room(c, FLOW_KERNEL_COUNT + n_base);
    c->part[COMPILE_FLOW_TRAIN] = (struct bundle_part){0, 1};
    c->part[COMPILE_FLOW] = (struct bundle_part){1, FLOW_KERNEL_COUNT};
    c->part[COMPILE_BASE_TRAIN] = (struct bundle_part){FLOW_KERNEL_COUNT, FLOW_KERNEL_COUNT + (n_base > 0)};
    c->part[COMPILE_BASE] = (struct bundle_part){FLOW_KERNEL_COUNT + (n_base > 0), c->n_kernels};
    enum gpfc_status status = build_flow(c);
    return status == GPFC_OK ? build_base(c, n_base) : status;
}

/* ---- from text ----------------------------------------------------------------------------------------- */

enum gpfc_status programs_read(struct compile *c)
{
    int n = 0;
    struct ir_graph **graphs = ir_parse(c->arena, &c->source, &c->diag, &n);
    if (!graphs)
        return GPFC_FAULTY;
    make_room(c, n);
    for (int k = 0; k < n; k++) {
        enum gpfc_status status = simplify(c, k, graphs[k]);
        if (status != GPFC_OK)
            return status;
    }
    (void)snprintf(c->report->flow, sizeof c->report->flow, "%d program%s from text", n, n == 1 ? "" : "s");
    return GPFC_OK;
}

/* ---- plans --------------------------------------------------------------------------------------------- */

static void dump_plan(struct compile *c, const struct plan *plan)
{
    struct strbuf text;
    if (!compile_is_dumped(c, "sched"))
        return;
    strbuf_init(&text, c->arena);
    plan_print(plan, &text);
    c->options->dumped(c->options->data, "sched", strbuf_text(&text));
}

static enum compile_half half_of(const struct compile *c, int k)
{
    const struct bundle_part base = {c->part[COMPILE_BASE_TRAIN].first, c->part[COMPILE_BASE].end};
    return k >= base.first && k < base.end ? COMPILE_OF_BASE : COMPILE_OF_FLOW;
}

static bool is_clocked(const struct compile *c, const char *kernel)
{
    return c->options->clocked && strcmp(c->options->clocked, kernel) == 0;
}

static bool is_training(const struct compile *c, int k)
{
    return (k >= c->part[COMPILE_FLOW_TRAIN].first && k < c->part[COMPILE_FLOW_TRAIN].end) ||
           (k >= c->part[COMPILE_BASE_TRAIN].first && k < c->part[COMPILE_BASE_TRAIN].end);
}

/* What a sample would cost if the backward pass found all it reads; negative: a pass failed. */
static double useful_flop(struct compile *c, int k, const char **fault)
{
    const enum compile_half half = half_of(c, k);
    struct schedule keeps_all = c->schedule[half];
    if (!is_training(c, k) || keeps_all.keep == SCHED_KEEP_ALL)
        return ir_count(c->graphs[k]).flops;
    keeps_all.keep = SCHED_KEEP_ALL;
    const struct ir_graph *graph =
        pass_run_all(programs_train(c, c->arena, half, &keeps_all), fault, NULL, NULL);
    return graph ? ir_count(graph).flops : -1;
}

/* False: *fault. */
static bool plan_kernel(struct compile *c, int k, const char **fault)
{
    const struct ir_graph *graph = c->graphs[k];
    const struct plan *plan = NULL;
    if (c->backend->plan) {
        plan = c->backend->plan(c->arena, graph, c->schedule[half_of(c, k)], fault);
        if (!plan)
            return false;
        dump_plan(c, plan);
    }
    const double useful = useful_flop(c, k, fault);
    c->kernels[k] = (struct bundle_kernel){.name = graph->name,
                                           .graph = graph,
                                           .plan = plan,
                                           .flop_per_sample = ir_count(graph).flops,
                                           .useful_flop_per_sample = useful,
                                           .clocked = is_clocked(c, graph->name)};
    return useful >= 0;
}

enum gpfc_status programs_plan(struct compile *c)
{
    for (int k = 0; k < c->n_kernels; k++) {
        const char *fault = NULL;
        if (!plan_kernel(c, k, &fault))
            return compile_fail(c, GPFC_FAULTY, fault);
    }
    return GPFC_OK;
}
