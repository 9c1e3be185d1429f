/* SPDX-License-Identifier: MIT
 *
 * The programs of a compile, from a model or from text: built, simplified, planned. Those of a family stand
 * together, its training first. */
#include "drive/programs.h"

#include "pass/pass.h"

#include <string.h>

static void count_before(struct compile *c, const struct ir_graph *graph)
{
    struct ir_count count = ir_count(graph);
    c->report->nodes_before = count.nodes;
    c->report->flop_before = count.flops;
}

static enum gpfc_status simplify(struct compile *c, int k, const struct ir_graph *graph, bool mixed)
{
    const char *fault = NULL;
    if (k == 0)
        count_before(c, graph);
    compile_dump_graph(c, "flow", graph);
    c->programs.graphs[k] = pass_run(graph, mixed, &fault, compile_dump_graph, c);
    if (!c->programs.graphs[k])
        return compile_fail(c, GPFC_FAILED, fault);
    if (k == 0) {
        struct ir_count count = ir_count(c->programs.graphs[k]);
        c->report->nodes_after = count.nodes;
        c->report->flop_after = count.flops;
    }
    return GPFC_OK;
}

static void make_room(struct compile *c, int n)
{
    c->programs.n = n;
    c->programs.graphs = ARENA_ARRAY(c->arena, const struct ir_graph *, (size_t)n + 1);
    c->programs.kernels = ARENA_ARRAY(c->arena, struct bundle_kernel, (size_t)n + 1);
}

/* ---- training programs --------------------------------------------------------------------------------- */

static struct ir_graph *named(struct arena *arena, const struct family *f, struct ir_graph *graph)
{
    graph->name = arena_printf(arena, "%s%s", f->kind->prefix, graph->name);
    return graph;
}

struct ir_graph *programs_train(const struct compile *c, struct arena *arena, const struct family *f,
                                const struct schedule *schedule)
{
    const enum diff_keep keep = (enum diff_keep)schedule->keep; /* the same numbers */
    return named(arena, f, f->kind->train(arena, &c->front.model, keep));
}

const struct ir_graph *programs_simple_train(const struct compile *c, struct arena *arena,
                                             const struct family *f, const struct schedule *schedule,
                                             const char **fault)
{
    return pass_run(programs_train(c, arena, f, schedule), f->is_mixed, fault, NULL, NULL);
}

const struct plan *programs_plan_train(const struct compile *c, struct arena *arena, const struct family *f,
                                       const struct schedule *schedule, const char **fault)
{
    const struct ir_graph *graph = programs_simple_train(c, arena, f, schedule, fault);
    return graph ? backend_planner(c->backend)->plan(arena, graph, *schedule, fault) : NULL;
}

/* ---- from a model -------------------------------------------------------------------------------------- */

static enum gpfc_status build_family(struct compile *c, const struct family *f)
{
    enum gpfc_status status = GPFC_OK;
    for (int k = f->kernels.first; k < f->kernels.end && status == GPFC_OK; k++) {
        const bool is_training = k == f->kernels.first;
        const struct ir_graph *graph =
            is_training ? programs_train(c, c->arena, f, &f->schedule)
                        : named(c->arena, f, f->kind->build(c->arena, &c->front.model, k - f->kernels.first));
        status = simplify(c, k, graph, is_training && f->is_mixed);
    }
    return status;
}

enum gpfc_status programs_build(struct compile *c)
{
    enum gpfc_status status = GPFC_OK;
    int n = 0;
    for (int i = 0; i < c->choices.n; i++) {
        struct family *f = &c->choices.family[i];
        f->kernels = (struct bundle_part){n, n + f->kind->count(&c->front.model)};
        n = f->kernels.end;
    }
    make_room(c, n);
    for (int i = 0; i < c->choices.n && status == GPFC_OK; i++)
        status = build_family(c, &c->choices.family[i]);
    return status;
}

/* ---- from text ----------------------------------------------------------------------------------------- */

enum gpfc_status programs_read(struct compile *c)
{
    int n = 0;
    struct ir_graph **graphs = ir_parse(c->arena, &c->front.source, &c->diag, &n);
    if (!graphs)
        return GPFC_FAULTY;
    make_room(c, n);
    for (int k = 0; k < n; k++) {
        enum gpfc_status status = simplify(c, k, graphs[k], false);
        if (status != GPFC_OK)
            return status;
    }
    struct family *f = &c->choices.family[0];
    f->kernels.end = n;
    f->report->description =
        compile_keep(c, arena_printf(c->arena, "%d program%s from text", n, n == 1 ? "" : "s"));
    c->report->n_families = 1;
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

static const struct family *family_of(const struct compile *c, int k)
{
    const struct family *f = c->choices.family;
    while (k >= f->kernels.end)
        f++;
    return f;
}

static bool is_clocked(const struct compile *c, const char *kernel)
{
    return c->options->clocked && strcmp(c->options->clocked, kernel) == 0;
}

/* What a sample would cost if the backward pass found all it reads; negative: a pass failed. */
static double useful_flop(struct compile *c, int k, const char **fault)
{
    const struct family *f = family_of(c, k);
    const bool is_training = f->kind->train && k == f->kernels.first;
    struct schedule keeps_all = f->schedule;
    if (!is_training || keeps_all.keep == SCHED_KEEP_ALL)
        return ir_count(c->programs.graphs[k]).flops;
    keeps_all.keep = SCHED_KEEP_ALL;
    const struct ir_graph *graph =
        pass_run(programs_train(c, c->arena, f, &keeps_all), false, fault, NULL, NULL);
    return graph ? ir_count(graph).flops : -1;
}

/* False: *fault. */
static bool plan_kernel(struct compile *c, int k, const char **fault)
{
    const struct ir_graph *graph = c->programs.graphs[k];
    const struct plan *plan = NULL;
    if (c->backend->planner || compile_is_dumped(c, "sched")) {
        plan = backend_planner(c->backend)->plan(c->arena, graph, family_of(c, k)->schedule, fault);
        if (!plan)
            return false;
        dump_plan(c, plan);
    }
    const double useful = useful_flop(c, k, fault);
    c->programs.kernels[k] = (struct bundle_kernel){.name = graph->name,
                                                    .graph = graph,
                                                    .plan = plan,
                                                    .flop_per_sample = ir_count(graph).flops,
                                                    .useful_flop_per_sample = useful,
                                                    .clocked = is_clocked(c, graph->name)};
    return useful >= 0;
}

enum gpfc_status programs_plan(struct compile *c)
{
    for (int k = 0; k < c->programs.n; k++) {
        const char *fault = NULL;
        if (!plan_kernel(c, k, &fault))
            return compile_fail(c, GPFC_FAULTY, fault);
    }
    return GPFC_OK;
}
