/* SPDX-License-Identifier: MIT */
#include "tune/tune_run.h"

#include <stdlib.h>
#include <string.h>

bool tune_port_varies(const struct gpfc_port *port)
{
    return port->role == GPFC_IN_SAMPLE || port->role == GPFC_IN_NOISE || port->role == GPFC_OUT_SAMPLE;
}

void tune_put(const struct tune_run *run, void *array, long i, double value)
{
    if (run->real == REAL_8)
        ((double *)array)[i] = value;
    else
        ((float *)array)[i] = (float)value;
}

double tune_get(const struct tune_run *run, const void *array, long i)
{
    return run->real == REAL_8 ? ((const double *)array)[i] : (double)((const float *)array)[i];
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static size_t real_bytes(const struct tune_run *run)
{
    return (size_t)run->real;
}

static void *block_new(struct arena *arena, size_t bytes)
{
    struct owned *place = arena_own(arena, free);
    const size_t rounded = (bytes + GPFC_ALIGNMENT) / GPFC_ALIGNMENT * GPFC_ALIGNMENT;
    place->object = aligned_alloc(GPFC_ALIGNMENT, rounded);
    if (!place->object)
        arena_fail(arena);
    memset(place->object, 0xff, rounded); /* all ones: a NaN */
    return place->object;
}

static void **ports_new(struct arena *arena, const struct tune_run *run, const struct gpfc_port *ports,
                        int64_t n)
{
    void **list = ARENA_ARRAY(arena, void *, (size_t)n + 1);
    for (int64_t i = 0; i < n; i++) {
        const size_t copies = tune_port_varies(&ports[i]) ? (size_t)run->lanes : 1;
        list[i] = block_new(arena, (size_t)ports[i].elements * copies * real_bytes(run));
    }
    return list;
}

struct tune_run *tune_run_new(struct arena *arena, const struct gpfc_kernel *kernel, int lanes,
                              enum real real)
{
    struct tune_run *run = ARENA_NEW(arena, struct tune_run);
    *run = (struct tune_run){.kernel = kernel, .lanes = lanes, .real = real};
    run->in = ports_new(arena, run, kernel->in, kernel->n_in);
    run->out = ports_new(arena, run, kernel->out, kernel->n_out);
    run->uniform = block_new(arena, (size_t)kernel->uniform_bytes);
    run->scratch = block_new(arena, (size_t)kernel->scratch_bytes);
    run->sums = block_new(arena, (size_t)kernel->sum_elements * real_bytes(run));
    return run;
}

/* ---- calls --------------------------------------------------------------------------------------------- */

void tune_run_begin(const struct tune_run *run)
{
    run->kernel->before((const void *const *)run->in, run->uniform);
    memset(run->sums, 0, (size_t)run->kernel->sum_elements * real_bytes(run));
}

void tune_run_tile(const struct tune_run *run)
{
    tune_run_tile_in(run, run->scratch, run->sums);
}

void tune_run_tile_in(const struct tune_run *run, void *scratch, void *sums)
{
    run->kernel->tile((const void *const *)run->in, run->out, run->uniform, scratch, sums);
}

void tune_run_end(const struct tune_run *run)
{
    run->kernel->after((const void *const *)run->in, run->out, run->uniform, run->sums);
}
