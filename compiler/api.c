/* SPDX-License-Identifier: MIT
 *
 * The stages as one list of calls: spec -> model -> flow -> derivatives -> passes -> plans -> code -> file. Reads no
 * arguments and prints nothing. */
#include "compile.h"

#include "diff/diff.h"
#include "flow/flow.h"
#include "gpfc/kernel_abi.h"
#include "pass/pass.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MOST_SPEC_BYTES = 1 << 20,
    MOST_IR_BYTES = 1 << 28,
    MOST_KEPT_BYTES = 1 << 19, /* scratch memory of a tile: what second-level caches of today hold at least */
};

/* ---- faults and dumps ---------------------------------------------------------------------------------------------- */

enum gpfc_status compile_fail(struct compile *c, enum gpfc_status status, const char *fault)
{
    diag_error(&c->diag, (struct place){.line = 0}, "%s", fault);
    return status;
}

static bool is_dumped(const struct compile *c, const char *stage)
{
    const char *list = c->options->dump;
    size_t length = strlen(stage);
    if (!list || !c->options->dumped)
        return false;
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
        size_t word = strcspn(at, ",");
        if ((word == length && memcmp(at, stage, word) == 0) || (word == 3 && memcmp(at, "all", 3) == 0))
            return true;
    }
    return false;
}

static void dump_graph(void *data, const char *stage, const struct ir_graph *graph)
{
    struct compile *c = data;
    if (!is_dumped(c, stage))
        return;
    struct strbuf text;
    strbuf_init(&text, c->arena);
    ir_print(graph, &text);
    c->options->dumped(c->options->data, stage, strbuf_text(&text));
}

const char *gpfc_stages(void)
{
#define PASS(name, function, help) name ","
    return "flow,"
#include "pass/pass_list.def"
           "sched,llvm";
}

const char *gpfc_version(void)
{
    return PACKAGE_VERSION;
}

/* ---- input --------------------------------------------------------------------------------------------------------- */

static enum gpfc_status read_input(struct compile *c)
{
    const char *why = NULL;
    size_t limit = c->options->from_ir ? MOST_IR_BYTES : MOST_SPEC_BYTES;
    enum source_status status = source_read(c->arena, c->options->input, limit, &c->source, &why);
    if (status == SOURCE_OK)
        return GPFC_OK;
    return compile_fail(c, status == SOURCE_TOO_LARGE ? GPFC_FAULTY : GPFC_FAILED, why);
}

static void describe_flow(struct compile *c)
{
    static const char *const field[] = {[MODEL_GAUSSIAN] = "gaussian", [MODEL_CUBE] = "cube"};
    static const char *const potential[] = {[MODEL_FOLDED] = "folded", [MODEL_BLOCKS] = "blocks"};
    static const char *const activation[] = {[MODEL_TANH] = "tanh", [MODEL_SOFTPLUS] = "softplus",
                                             [MODEL_SIN] = "sin", [MODEL_SILU] = "silu"};
    static const char *const integrator[] = {[MODEL_EULER] = "euler", [MODEL_MIDPOINT] = "midpoint",
                                             [MODEL_RK4] = "rk4"};
    const struct model *m = &c->model;
    struct strbuf text;
    strbuf_init(&text, c->arena);
    strbuf_addf(&text, "%s, %s, %d ->", field[m->field], potential[m->potential], m->layer[0].in);
    for (int i = 0; i < m->n_layers; i++)
        strbuf_addf(&text, "%s %d", i + 1 == m->n_layers ? " ->" : "", m->layer[i].out);
    strbuf_addf(&text, ", %s, %s x %d%s", activation[m->activation], integrator[m->integrator], m->steps,
                m->penalised ? ", Euler penalty" : "");
    (void)snprintf(c->report->flow, sizeof c->report->flow, "%s", strbuf_text(&text));
    c->report->parameters = m->n_parameters;
}

static enum gpfc_status read_spec(struct compile *c)
{
    bool read = spec_read(c->arena, &c->source, &c->diag, &c->spec);
    if (!model_from_spec(c->arena, &c->spec, &c->diag, &c->model) || !read)
        return GPFC_FAULTY;
    c->is_double = c->model.precision == MODEL_DOUBLE;
    describe_flow(c);
    return GPFC_OK;
}

static enum gpfc_status find_cpu(struct compile *c)
{
    const char *fault = NULL;
    const char *name = c->options->cpu;
    struct place at = {.line = 0};
    if (!name && !c->options->from_ir) {
        name = c->spec.target_cpu.value;
        at = c->spec.target_cpu.at;
    }
    if (!target_cpu_find(c->arena, name, &c->cpu, &fault)) {
        diag_error(&c->diag, at, "%s", fault);
        return GPFC_FAULTY;
    }
    int lanes = c->options->from_ir ? 0 : (int)c->spec.target_lanes.value;
    c->schedule = sched_choose(c->cpu.vector_bits, c->cpu.registers, c->is_double ? 8 : 4, lanes);
    if (!c->options->from_ir && c->spec.target_unroll.value > 0)
        c->schedule.unroll = (int)c->spec.target_unroll.value;
    (void)snprintf(c->report->cpu, sizeof c->report->cpu, "%s", c->cpu.name);
    c->report->vector_bits = c->cpu.vector_bits;
    c->report->lanes = c->schedule.lanes;
    return GPFC_OK;
}

/* ---- programs ------------------------------------------------------------------------------------------------------ */

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
    dump_graph(c, "flow", graph);
    c->graphs[k] = pass_run_all(graph, &fault, dump_graph, c);
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
    c->kernels = ARENA_ARRAY(c->arena, struct emit_kernel, (size_t)n + 1);
}

/* The backward pass reads stored values faster than it computes them again as long as they stay in a core's own cache. */
static bool fits_in_cache(struct compile *c, const struct ir_graph *train)
{
    const char *fault = NULL;
    const struct ir_graph *graph = pass_run_all(train, &fault, NULL, NULL);
    const struct plan *plan = graph ? sched_plan(c->arena, graph, c->schedule, &fault) : NULL;
    return plan && plan->scratch_elements * (c->is_double ? 8 : 4) <= MOST_KEPT_BYTES;
}

static const struct ir_graph *build_train(struct compile *c)
{
    int keep = (int)c->spec.target_keep.value;
    if (keep == SPEC_keep_state)
        return flow_train(c->arena, &c->model, false);
    const struct ir_graph *train = flow_train(c->arena, &c->model, true);
    if (keep == SPEC_keep_all || fits_in_cache(c, train))
        return train;
    return flow_train(c->arena, &c->model, false);
}

static enum gpfc_status build_flow(struct compile *c)
{
    make_room(c, FLOW_KERNEL_COUNT);
    for (int k = 0; k < FLOW_KERNEL_COUNT; k++) {
        const struct ir_graph *graph = k == FLOW_LOSS ? build_train(c)
                                                      : flow_build(c->arena, &c->model, (enum flow_kernel)k);
        enum gpfc_status status = simplify(c, k, graph);
        if (status != GPFC_OK)
            return status;
    }
    return GPFC_OK;
}

static enum gpfc_status read_programs(struct compile *c)
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

static enum gpfc_status make_plans(struct compile *c)
{
    for (int k = 0; k < c->n_kernels; k++) {
        const char *fault = NULL;
        const struct plan *plan = sched_plan(c->arena, c->graphs[k], c->schedule, &fault);
        if (!plan)
            return compile_fail(c, GPFC_FAULTY, fault);
        c->kernels[k] = (struct emit_kernel){.name = c->graphs[k]->name, .plan = plan,
                                             .flop_per_sample = ir_count(c->graphs[k]).flops};
        if (!is_dumped(c, "sched"))
            continue;
        struct strbuf text;
        strbuf_init(&text, c->arena);
        sched_print(plan, &text);
        c->options->dumped(c->options->data, "sched", strbuf_text(&text));
    }
    return GPFC_OK;
}

/* ---- code ---------------------------------------------------------------------------------------------------------- */

static void list_parameters(struct compile *c, struct emit_bundle *bundle)
{
    const struct model *m = &c->model;
    struct emit_parameter *rows = ARENA_ARRAY(c->arena, struct emit_parameter, (size_t)m->n_layers * 2);
    for (int i = 0; i < m->n_layers; i++) {
        const struct model_layer *layer = &m->layer[i];
        int init = i + 1 == m->n_layers ? GPFC_INIT_LAST : GPFC_INIT_HIDDEN;
        rows[2 * i] = (struct emit_parameter){layer->weight_name, layer->weight_offset, 2,
                                              {layer->out, layer->in}, layer->in, init, 0};
        rows[2 * i + 1] =
            (struct emit_parameter){layer->bias_name, layer->bias_offset, 1, {layer->out, 0}, layer->in, init, 0};
    }
    bundle->parameters = rows;
    bundle->n_parameters = 2 * m->n_layers;
}

static void list_settings(struct compile *c, struct emit_bundle *bundle)
{
    struct spec_value *values;
    bundle->n_settings = spec_values(c->arena, &c->spec, false, &values);
    struct emit_setting *rows = ARENA_ARRAY(c->arena, struct emit_setting, (size_t)bundle->n_settings + 1);
    for (int i = 0; i < bundle->n_settings; i++)
        rows[i] = (struct emit_setting){values[i].key, values[i].text, values[i].number};
    bundle->settings = rows;
}

/* Equal for two specs whose models mean the same. */
static uint64_t model_hash(struct compile *c)
{
    struct spec_value *values;
    int n = spec_values(c->arena, &c->spec, true, &values);
    uint64_t hash = 0;
    for (int i = 0; i < n; i++) {
        hash = hash_bytes(values[i].key, strlen(values[i].key), hash);
        hash = hash_bytes(values[i].text, strlen(values[i].text), hash);
    }
    return hash;
}

static struct emit_bundle describe_bundle(struct compile *c)
{
    struct emit_bundle bundle = {.symbol = "gpfc_bundle", .name = c->model.name, .version = gpfc_version(),
                                 .spec_text = c->source.text, .spec_hash = model_hash(c),
                                 .dimension = c->model.d, .steps = c->model.steps, .lanes = c->report->lanes,
                                 .is_double = c->is_double, .theta_elements = c->model.n_parameters};
    list_parameters(c, &bundle);
    list_settings(c, &bundle);
    return bundle;
}

/* A library's kernels are symbols of their own; a trainer's stand in its bundle. */
static enum gpfc_status build_module(struct compile *c)
{
    const char *fault = NULL;
    bool bundled = !c->options->from_ir && c->options->emit != GPFC_EMIT_LIBRARY;
    struct emit_bundle bundle;
    if (bundled)
        bundle = describe_bundle(c);
    if (c->options->emit == GPFC_EMIT_EXECUTABLE && !is_dumped(c, "llvm"))
        return objects_make(c, &bundle);
    if (!emit_build(c->arena, &c->cpu, c->is_double, c->n_kernels, c->kernels, NULL, bundled ? &bundle : NULL,
                    &c->module, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    if (is_dumped(c, "llvm"))
        c->options->dumped(c->options->data, "llvm", module_text(c->arena, c->module.module));
    if (!emit_optimize(c->arena, &c->module, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    return GPFC_OK;
}

/* ---- the list ------------------------------------------------------------------------------------------------------ */

static enum gpfc_status check_options(struct compile *c)
{
    enum gpfc_emit emit = c->options->emit;
    bool needs_spec = emit == GPFC_EMIT_HEADER || emit == GPFC_EMIT_LIBRARY || emit == GPFC_EMIT_EXECUTABLE;
    if (c->options->from_ir && needs_spec)
        return compile_fail(c, GPFC_FAULTY, "from IR text come ir, llvm, asm or object (--emit=...); the rest needs a spec");
    return GPFC_OK;
}

static enum gpfc_status compile(struct compile *c)
{
    enum gpfc_status status = check_options(c);
    if (status == GPFC_OK)
        status = read_input(c);
    if (status == GPFC_OK && !c->options->from_ir)
        status = read_spec(c);
    if (status == GPFC_OK)
        status = find_cpu(c);
    if (status == GPFC_OK)
        status = c->options->from_ir ? read_programs(c) : build_flow(c);
    if (status == GPFC_OK)
        status = make_plans(c);
    bool needs_module = c->options->emit != GPFC_EMIT_IR && c->options->emit != GPFC_EMIT_HEADER;
    if (status == GPFC_OK && needs_module)
        status = build_module(c);
    if (status != GPFC_OK)
        return status;
    const char *path = artifact_path(c);
    status = artifact_write(c, path);
    if (status == GPFC_OK)
        c->report->output = strdup(path);
    return status;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum gpfc_status gpfc_compile(const struct gpfc_options *options, struct gpfc_report *report)
{
    double start = now();
    jmp_buf no_memory;
    *report = (struct gpfc_report){.messages = NULL};
    struct arena *arena = arena_new();
    if (!arena)
        return GPFC_FAILED;
    volatile enum gpfc_status status = GPFC_FAILED;
    if (!setjmp(no_memory)) {
        arena_on_failure(arena, &no_memory);
        struct compile *c = ARENA_NEW(arena, struct compile);
        *c = (struct compile){.options = options, .report = report, .arena = arena};
        diag_init(&c->diag, arena);
        status = compile(c);
        report->messages = strdup(diag_text(&c->diag));
    }
    arena_free(arena);
    report->seconds = now() - start;
    return status;
}

void gpfc_report_free(struct gpfc_report *report)
{
    free(report->messages);
    free(report->output);
    *report = (struct gpfc_report){.messages = NULL};
}
