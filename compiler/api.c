/* SPDX-License-Identifier: MIT
 *
 * The stages as one list of calls: spec -> model -> flow -> derivatives -> passes -> plans -> code -> file.
 * Reads no arguments and prints nothing. */
#include "drive/compile.h"

#include "base/clock.h"
#include "drive/library.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_SPEC_BYTES = 1 << 20,
    MOST_IR_BYTES = 1 << 28,
};

/* ---- faults and dumps ---------------------------------------------------------------------------------- */

enum gpfc_status compile_fail(struct compile *c, enum gpfc_status status, const char *fault)
{
    diag_error(&c->diag, (struct place){.line = 0}, "%s", fault);
    return status;
}

bool compile_is_dumped(const struct compile *c, const char *stage)
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

void compile_dump_graph(void *data, const char *stage, const struct ir_graph *graph)
{
    struct compile *c = data;
    if (!compile_is_dumped(c, stage))
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

/* ---- input --------------------------------------------------------------------------------------------- */

static enum gpfc_status read_input(struct compile *c)
{
    const char *why = NULL;
    size_t limit = c->options->from_ir ? MOST_IR_BYTES : MOST_SPEC_BYTES;
    enum source_status status = source_read(c->arena, c->options->input, limit, &c->source, &why);
    if (status == SOURCE_OK)
        return GPFC_OK;
    return compile_fail(c, GPFC_FAULTY, why);
}

static enum gpfc_status read_spec(struct compile *c)
{
    bool read = spec_read(c->arena, &c->source, &c->diag, &c->spec);
    bool legal = model_from_spec(c->arena, &c->spec, &c->diag, &c->model);
    if (schedules_read(c) != GPFC_OK || !legal || !read)
        return GPFC_FAULTY;
    c->is_double = c->model.precision == MODEL_DOUBLE;
    if (c->options->emit == GPFC_EMIT_LIBRARY || c->options->emit == GPFC_EMIT_HEADER)
        c->model.automatic_steps = false; /* nothing is trained that could choose: the most */
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
    if (!backend_target(c->arena, name, &c->target, &fault)) {
        diag_error(&c->diag, at, "%s", fault);
        return GPFC_FAULTY;
    }
    if (schedules_choose(c) != GPFC_OK || schedules_mix(c) != GPFC_OK)
        return GPFC_FAULTY;
    (void)snprintf(c->report->cpu, sizeof c->report->cpu, "%s", c->target.name);
    c->report->vector_bits = c->target.cpu.vector_bits;
    return GPFC_OK;
}

/* ---- code ---------------------------------------------------------------------------------------------- */

/* The text of this kind, as the code is now, for dumps. */
static enum gpfc_status dump_code(struct compile *c)
{
    const char *fault = NULL;
    struct backend_bytes text;
    if (!compile_is_dumped(c, "llvm") || !backend_makes(c->backend, GPFC_EMIT_LLVM))
        return GPFC_OK;
    if (!c->backend->print(c->arena, c->code, GPFC_EMIT_LLVM, &text, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    c->options->dumped(c->options->data, "llvm", text.bytes);
    return GPFC_OK;
}

/* A library's kernels are symbols of their own; a trainer's stand in its bundle. */
static enum gpfc_status build_code(struct compile *c)
{
    const char *fault = NULL;
    const bool is_library = c->options->emit == GPFC_EMIT_LIBRARY,
               bundled = !c->options->from_ir && !is_library;
    const struct backend_task task = {.target = &c->target,
                                      .is_double = c->is_double,
                                      .lanes = c->schedule[COMPILE_OF_FLOW].lanes,
                                      .n_kernels = c->n_kernels,
                                      .kernels = c->kernels,
                                      .bundle = bundled ? describe_bundle(c) : NULL,
                                      .prefix = is_library ? library_prefix(c->arena, c->model.name) : NULL};
    if (c->options->emit == GPFC_EMIT_EXECUTABLE && !compile_is_dumped(c, "llvm"))
        return objects_make(c, &task);
    c->code = c->backend->build(c->arena, &task, NULL, 0, &fault);
    if (!c->code)
        return compile_fail(c, c->backend->plan ? GPFC_FAILED : GPFC_FAULTY, fault);
    if (dump_code(c) != GPFC_OK)
        return GPFC_FAILED;
    if (c->backend->optimize && !c->backend->optimize(c->arena, c->code, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    return GPFC_OK;
}

/* ---- the list ------------------------------------------------------------------------------------------ */

static enum gpfc_status check_options(struct compile *c)
{
    enum gpfc_emit emit = c->options->emit;
    bool needs_spec = emit == GPFC_EMIT_HEADER || emit == GPFC_EMIT_LIBRARY || emit == GPFC_EMIT_EXECUTABLE;
    if (c->options->from_ir && c->options->tune != GPFC_TUNE_NONE)
        return compile_fail(c, GPFC_FAULTY, "only a spec can be tuned, not the text of a program");
    if (c->options->from_ir && needs_spec && !c->options->dump_alone)
        return compile_fail(
            c, GPFC_FAULTY,
            "IR text compiles only to ir, c, llvm, asm or object (--emit=...); everything else needs a spec");
    return GPFC_OK;
}

static bool needs_code(const struct compile *c)
{
    return c->options->dump_alone ? compile_is_dumped(c, "llvm")
                                  : backend_makes(c->backend, c->options->emit);
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
        status = artifact_check(c);
    if (status == GPFC_OK && !c->options->from_ir)
        status = tuning_choose(c);
    if (status == GPFC_OK)
        status = c->options->from_ir ? programs_read(c) : programs_build(c);
    if (status == GPFC_OK)
        status = programs_plan(c);
    if (status == GPFC_OK && needs_code(c))
        status = build_code(c);
    if (status != GPFC_OK || c->options->dump_alone)
        return status;
    const char *path = artifact_path(c);
    status = artifact_write(c, path);
    if (status == GPFC_OK)
        c->report->output = strdup(path);
    return status;
}

enum gpfc_status gpfc_compile(const struct gpfc_options *options, struct gpfc_report *report)
{
    double start = wall_seconds();
    jmp_buf no_memory;
    *report = (struct gpfc_report){.messages = NULL};
    struct arena *arena = arena_new();
    if (!arena)
        return GPFC_FAILED;
    volatile enum gpfc_status status = GPFC_FAILED;
    if (!setjmp(no_memory)) {
        arena_on_failure(arena, &no_memory);
        struct compile *c = ARENA_NEW(arena, struct compile);
        *c = (struct compile){
            .options = options, .report = report, .arena = arena, .backend = backend_for(options->emit)};
        diag_init(&c->diag, arena);
        status = compile(c);
        describe_choices(c);
        report->messages = strdup(diag_text(&c->diag));
    }
    arena_free(arena);
    report->seconds = wall_seconds() - start;
    return status;
}

void gpfc_report_free(struct gpfc_report *report)
{
    free(report->messages);
    free(report->output);
    for (int half = 0; half < 2; half++)
        free(report->choice[half].table);
    *report = (struct gpfc_report){.messages = NULL};
}
