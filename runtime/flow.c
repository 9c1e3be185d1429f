/* SPDX-License-Identifier: MIT */
#include "flow.h"

#include "kernel_run.h"
#include "parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOW_BLOCK = 4096 /* rows */ };

int flow_threads(int wanted)
{
    return wanted > 0 ? wanted : parallel_threads();
}

static bool flow_init(struct gpfc_flow *flow, const char *model, struct fault *fault)
{
    const struct gpfc_bundle *bundle = flow->bundle;
    size_t bytes = (size_t)(flow->block * bundle->dimension) * sizeof(double);
    if (!bundle_check(bundle, fault) || !weights_read(&flow->weights, bundle, model, fault) ||
        !kernel_run_new(&flow->apply, bundle, "apply", flow->block, flow->threads, fault) ||
        !kernel_run_new(&flow->invert, bundle, "invert", flow->block, flow->threads, fault))
        return false;
    kernel_run_parameters(flow->apply, flow->weights.theta);
    kernel_run_parameters(flow->invert, flow->weights.theta);
    if (flow->weights.base == NULL)
        return true;
    flow->doubles = malloc(bytes);
    return flow->doubles != NULL || fault_memory(fault, bytes, "the base flow's numbers");
}

bool flow_open(struct gpfc_flow **out, const struct gpfc_bundle *bundle, const char *model, int threads,
               struct fault *fault)
{
    struct gpfc_flow *flow = calloc(1, sizeof *flow);
    *out = NULL;
    if (flow == NULL)
        return fault_memory(fault, sizeof *flow, "a flow");
    *flow = (struct gpfc_flow){.bundle = bundle, .threads = flow_threads(threads), .block = FLOW_BLOCK};
    if (!flow_init(flow, model, fault)) {
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
    if (!flow_open(&flow, bundle, model, threads, &fault) && message != NULL)
        (void)snprintf(message, room, "%s", fault.text);
    return flow;
}

void gpfc_flow_close(struct gpfc_flow *flow)
{
    if (flow == NULL)
        return;
    kernel_run_free(flow->apply);
    kernel_run_free(flow->invert);
    weights_free(&flow->weights);
    free(flow->doubles);
    free(flow);
}

/* ---- rows --------------------------------------------------------------------------------------------- */

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
static void run_rows(const struct gpfc_flow *flow, struct kernel_run *run, const char *in, const char *out,
                     const void *from, void *to, int64_t n)
{
    for (int64_t first = 0; first < n; first += flow->block) {
        size_t skip = (size_t)first * row_bytes(flow);
        kernel_run_input(run, in, (const char *)from + skip);
        kernel_run_output(run, out, (char *)to + skip);
        kernel_run_go(run, block_at(flow, first, n));
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

/* ---- the base flow, which computes in double ---------------------------------------------------------- */

static void to_doubles(const struct gpfc_flow *flow, const void *from, int64_t rows)
{
    for (int64_t i = 0; i < rows * flow->bundle->dimension; i++)
        flow->doubles[i] =
            flow->bundle->precision == 4 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

static void from_doubles(const struct gpfc_flow *flow, void *to, int64_t rows)
{
    for (int64_t i = 0; i < rows * flow->bundle->dimension; i++)
        if (flow->bundle->precision == 4)
            ((float *)to)[i] = (float)flow->doubles[i];
        else
            ((double *)to)[i] = flow->doubles[i];
}

typedef bool base_map(const struct mixture *, const double *, int64_t, double *, double *, int,
                      struct fault *);

static bool base_rows(const struct gpfc_flow *flow, base_map *map, const void *from, void *to, int64_t n,
                      struct fault *fault)
{
    for (int64_t first = 0; first < n; first += flow->block) {
        int64_t rows = block_at(flow, first, n);
        size_t skip = (size_t)first * row_bytes(flow);
        to_doubles(flow, (const char *)from + skip, rows);
        if (!map(flow->weights.base, flow->doubles, rows, flow->doubles, NULL, flow->threads, fault))
            return false;
        from_doubles(flow, (char *)to + skip, rows);
    }
    return true;
}

bool flow_apply_from_data(struct gpfc_flow *flow, const void *x, void *s, int64_t n, struct fault *fault)
{
    if (!base_rows(flow, mixture_forward, x, s, n, fault))
        return false;
    gpfc_flow_apply(flow, s, s, n);
    return true;
}

bool flow_invert_to_data(struct gpfc_flow *flow, const void *s, void *x, int64_t n, struct fault *fault)
{
    gpfc_flow_invert(flow, s, x, n);
    return base_rows(flow, mixture_inverse, x, x, n, fault);
}
