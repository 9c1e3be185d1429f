/* SPDX-License-Identifier: MIT
 *
 * The stages as one list: spec -> model -> flow -> derivatives -> passes -> plans -> code -> file. Reads no
 * command line and prints nothing. */
#include "gpfc.h"

#include "base/clock.h"
#include "base/plain_locale.h"
#include "drive/artifact.h"
#include "drive/describe.h"
#include "drive/kernel_cuda.h"
#include "drive/library.h"
#include "drive/objects.h"
#include "drive/programs.h"
#include "drive/schedules.h"
#include "drive/tuning.h"

#include <stdlib.h>

/* ---- input --------------------------------------------------------------------------------------------- */

static enum gpfc_status check_options(struct compile *c)
{
    enum gpfc_emit emit = c->options->emit;
    bool needs_spec = emit == GPFC_EMIT_HEADER || emit == GPFC_EMIT_LIBRARY || emit == GPFC_EMIT_EXECUTABLE;
    if (c->options->from_ir && c->options->tune != GPFC_TUNE_NONE)
        return compile_fail(c, GPFC_FAULTY, "only a spec can be tuned, not the text of a program");
    if (c->options->from_ir && needs_spec && !c->options->dump_alone)
        return compile_fail(c, GPFC_FAULTY,
                            "IR text compiles only to ir, c, cuda, llvm, asm or object (--emit=...); "
                            "everything else needs a spec");
    return GPFC_OK;
}

static enum gpfc_status read_input(struct compile *c)
{
    const size_t limit = c->options->from_ir ? FRONT_IR_BYTES : FRONT_SPEC_BYTES;
    switch (front_source(c->arena, &c->diag, c->options->input, limit, &c->front)) {
    case SOURCE_OK:
        return GPFC_OK;
    case SOURCE_FAILED:
        return GPFC_FAILED;
    case SOURCE_UNREADABLE:
    case SOURCE_TOO_LARGE:
        break;
    }
    return GPFC_FAULTY;
}

static void open_families(struct compile *c)
{
    for (int i = 0; i < c->choices.n; i++)
        c->choices.family[i].report = &c->report->family[i];
}

static enum gpfc_status read_spec(struct compile *c)
{
    const enum gpfc_emit emit = c->options->emit;
    const bool good = front_spec(c->arena, &c->diag, &c->front);
    if (schedules_read(c) != GPFC_OK || !good)
        return GPFC_FAULTY;
    front_find_data(c->arena, &c->front, c->options->input, c->options->data_folder);
    if (emit == GPFC_EMIT_LIBRARY || emit == GPFC_EMIT_HEADER)
        c->front.model.automatic_steps = false; /* nothing is trained that could choose: the most */
    c->choices.n = family_list(&c->front.model, emit == GPFC_EMIT_LIBRARY, c->choices.family);
    open_families(c);
    describe_families(c);
    return GPFC_OK;
}

static enum gpfc_status list_text(struct compile *c)
{
    c->choices.n = 1;
    c->choices.family[0] = (struct family){.kind = &family_text};
    open_families(c);
    return GPFC_OK;
}

static enum gpfc_status find_target(struct compile *c)
{
    if (!front_target(c->arena, &c->diag, c->options->cpu, &c->front))
        return GPFC_FAULTY;
    c->report->cpu = compile_keep(c, c->front.target.name);
    c->report->vector_bits = target_cpu(&c->front.target)->machine.vector_bits;
    return GPFC_OK;
}

/* ---- code ---------------------------------------------------------------------------------------------- */

static bool needs_code(const struct compile *c)
{
    return c->options->dump_alone ? compile_is_dumped(c, "llvm")
                                  : backend_makes(c->backend, c->options->emit);
}

/* The text of this kind, as the code is now, for dumps. */
static enum gpfc_status dump_code(struct compile *c)
{
    const char *fault = NULL;
    struct backend_bytes text;
    if (!compile_is_dumped(c, "llvm") || !backend_makes(c->backend, GPFC_EMIT_LLVM))
        return GPFC_OK;
    if (!c->backend->print(c->arena, c->code.whole, GPFC_EMIT_LLVM, &text, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    c->options->dumped(c->options->data, "llvm", text.bytes);
    return GPFC_OK;
}

/* A library's kernels are symbols of their own; a trainer's stand in its bundle. */
static enum gpfc_status build_code(struct compile *c)
{
    if (!needs_code(c))
        return GPFC_OK;
    const char *fault = NULL;
    const bool is_library = c->options->emit == GPFC_EMIT_LIBRARY,
               bundled = !c->options->from_ir && !is_library;
    const struct backend_task task = {.target = &c->front.target,
                                      .real = c->front.real,
                                      .lanes = c->choices.family[0].schedule.lanes,
                                      .n_kernels = c->programs.n,
                                      .kernels = c->programs.kernels,
                                      .bundle = bundled ? describe_bundle(c) : NULL,
                                      .prefix =
                                          is_library ? library_prefix(c->arena, c->front.model.name) : NULL};
    if (c->options->emit == GPFC_EMIT_EXECUTABLE && !compile_is_dumped(c, "llvm"))
        return objects_make(c, &task);
    c->code.whole = c->backend->build(c->arena, &task, NULL, 0, &fault);
    if (!c->code.whole)
        return compile_fail(c, c->backend->planner ? GPFC_FAILED : GPFC_FAULTY, fault);
    if (dump_code(c) != GPFC_OK)
        return GPFC_FAILED;
    if (c->backend->optimize && !c->backend->optimize(c->arena, c->code.whole, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    return GPFC_OK;
}

static enum gpfc_status write_output(struct compile *c)
{
    return c->options->dump_alone ? GPFC_OK : artifact_write(c);
}

/* ---- the list ------------------------------------------------------------------------------------------ */

enum stage_input { EITHER, SPEC, TEXT };

static const struct stage {
    enum stage_input input;
    enum gpfc_status (*run)(struct compile *c);
} stages[] = {
#define STAGE(input, run, dumps) {input, run},
#include "stage_list.def"
};

const char *gpfc_stages(void)
{
    static const char names[] = ""
#define STAGE(input, run, dumps) dumps
#define PASS(name, function, mixed) "," name
#include "stage_list.def"
        ;
    return names + 1;
}

static enum gpfc_status compile(struct compile *c)
{
    const enum stage_input other = c->options->from_ir ? SPEC : TEXT;
    enum gpfc_status status = GPFC_OK;
    for (size_t i = 0; i < sizeof stages / sizeof stages[0] && status == GPFC_OK; i++)
        if (stages[i].input != other)
            status = stages[i].run(c);
    return status;
}

enum gpfc_status gpfc_compile(const struct gpfc_options *options, struct gpfc_report *report)
{
    const struct plain_locale locale = plain_locale_enter();
    double start = wall_seconds();
    jmp_buf no_memory;
    *report = (struct gpfc_report){.messages = NULL};
    struct arena *arena = arena_new();
    if (!arena) {
        plain_locale_leave(locale);
        return GPFC_FAILED;
    }
    volatile enum gpfc_status status = GPFC_FAILED;
    if (!setjmp(no_memory)) {
        arena_on_failure(arena, &no_memory);
        struct compile *c = ARENA_NEW(arena, struct compile);
        *c = (struct compile){
            .options = options, .report = report, .arena = arena, .backend = backend_for(options->emit)};
        diag_init(&c->diag, arena);
        status = compile(c);
        describe_choices(c);
        report->messages = compile_keep(c, diag_text(&c->diag));
    } else {
        status = GPFC_FAILED;
    }
    arena_free(arena);
    plain_locale_leave(locale);
    report->seconds = wall_seconds() - start;
    return status;
}

void gpfc_report_free(struct gpfc_report *report)
{
    free(report->messages);
    free(report->output);
    free(report->functions);
    free(report->cpu);
    for (int i = 0; i < GPFC_FAMILIES; i++) {
        free(report->family[i].description);
        free(report->family[i].choice.schedule);
        free(report->family[i].choice.table);
    }
    *report = (struct gpfc_report){.messages = NULL};
}
