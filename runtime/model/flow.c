/* SPDX-License-Identifier: MIT */
#include "model/flow.h"

#include "ground/parallel.h"
#include "kernels/bundle.h"
#include "kernels/runner.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOW_BLOCK = 4096 /* rows */ };

int flow_threads(int wanted)
{
    return wanted > 0 ? wanted : parallel_threads();
}

static bool make_kernels(struct gpfc_flow *flow, struct fault *fault)
{
    const struct gpfc_bundle *bundle = flow->bundle;
    const struct device device = device_cpu(flow->threads);
    if (!runner_new(&flow->apply, &device, bundle, "apply", flow->block, fault) ||
        !runner_new(&flow->invert, &device, bundle, "invert", flow->block, fault))
        return false;
    const int64_t steps = weights_time_steps(bundle, flow->weights.time_steps);
    runner_steps(flow->apply, steps);
    runner_steps(flow->invert, steps);
    runner_parameters(flow->apply, flow->weights.theta);
    runner_parameters(flow->invert, flow->weights.theta);
    return true;
}

static bool read_weights(struct gpfc_flow *flow, const char *model, enum flow_part part, struct fault *fault)
{
    if (part == FLOW_PART_BASE)
        return weights_read_base(&flow->weights, flow->bundle, model, flow->threads, fault);
    if (!weights_read(&flow->weights, flow->bundle, model, flow->threads, fault))
        return false;
    return part == FLOW_PART_FLOW || flow->weights.base ||
           fault_set(fault, FAULT_INPUT, "%s: expected a model with a base flow; this one has none", model);
}

static bool flow_init(struct gpfc_flow *flow, const char *model, enum flow_part part, struct fault *fault)
{
    const struct gpfc_bundle *bundle = flow->bundle;
    size_t bytes = (size_t)(flow->block * bundle->dimension) * sizeof(double);
    if (!bundle_check(bundle, fault) || !read_weights(flow, model, part, fault) ||
        (part != FLOW_PART_BASE && !make_kernels(flow, fault)))
        return false;
    if (part == FLOW_PART_FLOW)
        return true;
    flow->doubles = malloc(bytes);
    return flow->doubles || fault_memory(fault, bytes, "the base flow's numbers");
}

bool flow_open(struct gpfc_flow **out, const struct gpfc_bundle *bundle, const char *model,
               enum flow_part part, int threads, struct fault *fault)
{
    struct gpfc_flow *flow = calloc(1, sizeof *flow);
    *out = NULL;
    if (!flow)
        return fault_memory(fault, sizeof *flow, "a flow");
    *flow = (struct gpfc_flow){.bundle = bundle, .threads = flow_threads(threads), .block = FLOW_BLOCK};
    if (!flow_init(flow, model, part, fault)) {
        gpfc_flow_close(flow);
        return false;
    }
    *out = flow;
    return true;
}

struct gpfc_flow *gpfc_flow_open(const struct gpfc_bundle *bundle, const char *model, int threads,
                                 char *message, size_t room)
{
    struct fault fault = {0};
    struct gpfc_flow *flow;
    if (!flow_open(&flow, bundle, model, FLOW_PART_FLOW, threads, &fault) && message)
        (void)snprintf(message, room, "%s", fault.text);
    return flow;
}

void gpfc_flow_close(struct gpfc_flow *flow)
{
    if (!flow)
        return;
    runner_free(flow->apply);
    runner_free(flow->invert);
    weights_free(&flow->weights);
    free(flow->doubles);
    free(flow);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static size_t row_bytes(const struct gpfc_flow *flow)
{
    return (size_t)(flow->bundle->dimension * flow->bundle->precision);
}

static int64_t block_at(const struct gpfc_flow *flow, int64_t first, int64_t n)
{
    return n - first < flow->block ? n - first : flow->block;
}

/* A tile is read before it is written, and no tile's outputs are another's inputs: from and to may be the
 * same. */
static void run_rows(const struct gpfc_flow *flow, struct runner *run, const char *in, const char *out,
                     const void *from, void *to, int64_t n)
{
    for (int64_t first = 0; first < n; first += flow->block) {
        const size_t skip = (size_t)first * row_bytes(flow);
        const int64_t rows = block_at(flow, first, n);
        runner_input(run, in, &(struct runner_rows){.rows = (const char *)from + skip, .n = rows});
        runner_output(run, out, (char *)to + skip);
        runner_go(run, rows);
    }
}

void gpfc_flow_apply(struct gpfc_flow *flow, const void *y, void *s, int64_t n)
{
    run_rows(flow, flow->apply, "y", "s", y, s, n);
}

void gpfc_flow_invert(struct gpfc_flow *flow, const void *s, void *y, int64_t n)
{
    run_rows(flow, flow->invert, "s", "y", s, y, n);
}

/* A number too large for float, or for double in units of the data, makes its row zeros, and one that failed.
 * each: bytes of a number. */
static void mend(struct gpfc_flow *flow, void *to, size_t each, int64_t rows)
{
    const int64_t d = flow->bundle->dimension;
    for (int64_t row = 0; row < rows; row++) {
        bool finite = true;
        for (int64_t i = row * d; i < (row + 1) * d; i++)
            finite = finite && isfinite(rows_number(to, i, (int)each));
        if (finite)
            continue;
        memset((char *)to + (size_t)(row * d) * each, 0, (size_t)d * each);
        flow->report.failed++;
    }
}

/* ---- the base flow, which computes in double, on standardised data ------------------------------------- */

typedef bool base_map(struct base_flow *, const double *, int64_t, double *, double *,
                      struct base_flow_report *, struct fault *);

size_t flow_data_bytes(const struct gpfc_flow *flow, enum flow_part part)
{
    const bool standardised = part != FLOW_PART_FLOW && flow->weights.standard.d > 0;
    return standardised ? sizeof(double) : (size_t)flow->bundle->precision;
}

/* from_each, to_each: bytes of a number. */
static bool base_block(struct gpfc_flow *flow, bool forward, const void *from, size_t from_each, void *to,
                       size_t to_each, int64_t rows, struct fault *fault)
{
    const int64_t n = rows * flow->bundle->dimension;
    base_map *const map = forward ? base_flow_forward : base_flow_inverse;
    rows_to_double(from, n, (int)from_each, flow->doubles);
    if (forward)
        standard_apply(&flow->weights.standard, flow->doubles, rows, sizeof(double));
    if (!map(flow->weights.base, flow->doubles, rows, flow->doubles, NULL, &flow->report, fault))
        return false;
    if (!forward)
        standard_undo(&flow->weights.standard, flow->doubles, rows, sizeof(double));
    rows_from_double(flow->doubles, n, (int)to_each, to);
    mend(flow, to, to_each, rows);
    return true;
}

/* Block by block; where the arrays are one and numbers become larger, the last block comes first, so that
 * what was not read is not written on. */
static bool base_rows(struct gpfc_flow *flow, bool forward, const void *from, void *to, int64_t n,
                      struct fault *fault)
{
    const size_t data = flow_data_bytes(flow, FLOW_PART_BASE), real = (size_t)flow->bundle->precision;
    const size_t from_each = forward ? data : real, to_each = forward ? real : data;
    const int64_t blocks = (n + flow->block - 1) / flow->block;
    for (int64_t i = 0; i < blocks; i++) {
        const int64_t first = flow->block * (to_each > from_each ? blocks - 1 - i : i);
        const size_t before = (size_t)(first * flow->bundle->dimension);
        if (!base_block(flow, forward, (const char *)from + before * from_each, from_each,
                        (char *)to + before * to_each, to_each, block_at(flow, first, n), fault))
            return false;
    }
    return true;
}

bool flow_forward(struct gpfc_flow *flow, enum flow_part part, const void *from, void *to, int64_t n,
                  struct fault *fault)
{
    if (part != FLOW_PART_FLOW && !base_rows(flow, true, from, to, n, fault))
        return false;
    if (part == FLOW_PART_BASE)
        return true;
    gpfc_flow_apply(flow, part == FLOW_PART_BOTH ? to : from, to, n);
    flow->report.rows += part == FLOW_PART_FLOW ? n : 0;
    mend(flow, to, (size_t)flow->bundle->precision, n);
    return true;
}

bool flow_backward(struct gpfc_flow *flow, enum flow_part part, const void *from, void *to, int64_t n,
                   struct fault *fault)
{
    if (part != FLOW_PART_BASE)
        gpfc_flow_invert(flow, from, to, n);
    if (part != FLOW_PART_FLOW)
        return base_rows(flow, false, part == FLOW_PART_BOTH ? to : from, to, n, fault);
    flow->report.rows += n;
    mend(flow, to, (size_t)flow->bundle->precision, n);
    return true;
}
