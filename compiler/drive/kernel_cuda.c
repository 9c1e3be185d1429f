/* SPDX-License-Identifier: MIT
 *
 * The programs of a compile as kernels for GPUs. They are the ones that CPUs get: what a backward pass keeps
 * is decided for both. */
#include "drive/kernel_cuda.h"

#include "emit_cuda/emit_cuda.h"
#include "sched/sched_cuda.h"

struct gpfc_cuda_kernel *kernel_cuda_new(struct arena *arena, const struct bundle_kernel *kernel,
                                         enum real real, const char **fault)
{
    struct gpfc_cuda_kernel *row = ARENA_NEW(arena, struct gpfc_cuda_kernel);
    const struct plan *plan = sched_cuda_plan(arena, kernel->graph, sched_cuda_first(real), real, fault);
    if (!plan)
        return NULL;
    *row = emit_cuda_kernel(arena, kernel->name, plan, real);
    return row;
}

/* Texts that go into a bundle. */
static bool are_carried(const struct compile *c)
{
    return !c->options->from_ir && !c->options->dump_alone &&
           (c->options->emit == GPFC_EMIT_EXECUTABLE || c->options->emit == GPFC_EMIT_OBJECT);
}

enum gpfc_status kernels_cuda_make(struct compile *c)
{
    const char *header = emit_cuda_header(c->arena, c->front.real), *fault = NULL;
    for (int k = 0; k < c->programs.n && are_carried(c); k++) {
        struct gpfc_cuda_kernel *row =
            kernel_cuda_new(c->arena, &c->programs.kernels[k], c->front.real, &fault);
        if (!row)
            return compile_fail(c, GPFC_FAULTY, fault);
        row->text = arena_printf(c->arena, "%s%s", header, row->text);
        c->programs.kernels[k].cuda = row;
    }
    return GPFC_OK;
}
