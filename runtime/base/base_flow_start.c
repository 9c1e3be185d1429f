/* SPDX-License-Identifier: MIT
 *
 * ActNorm's first values: shift = -mean, log_scale = log(1 / (standard deviation + 1e-6)) of what reaches
 * each, one after another, since each changes what reaches the next. */
#include "base/base_flow.h"
#include "base/base_flow_parts.h"
#include "kernels/bundle.h"
#include "kernels/runner.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096 /* rows */ };

struct start {
    const struct gpfc_bundle *bundle;
    void *theta;
    const uint32_t *order;
    int64_t n, block;
    struct runner *run;
    void *values;                 /* REAL [block][width] */
    double *pivot, *sum, *square; /* [width]: of the first row; sums of (value - pivot) and its square */
};

static double real_at(const struct gpfc_bundle *bundle, const void *reals, int64_t i)
{
    return rows_number(reals, i, bundle->precision);
}

static void add_block(struct start *start, int64_t width, int64_t first, int64_t n)
{
    for (int64_t i = 0; first == 0 && i < width; i++)
        start->pivot[i] = real_at(start->bundle, start->values, i);
    for (int64_t row = 0; row < n; row++)
        for (int64_t i = 0; i < width; i++) {
            const double value = real_at(start->bundle, start->values, row * width + i) - start->pivot[i];
            start->sum[i] += value;
            start->square[i] += value * value;
        }
}

/* Sums of the values that reach this ActNorm, with theta as it is now. */
static bool add_rows(struct start *start, const struct gpfc_port *port, struct fault *fault)
{
    bool good = true;
    memset(start->sum, 0, (size_t)port->elements * sizeof *start->sum);
    memset(start->square, 0, (size_t)port->elements * sizeof *start->square);
    runner_parameters(start->run, start->theta);
    runner_output(start->run, port->name, start->values);
    for (int64_t first = 0; good && first < start->n; first += start->block) {
        const int64_t n = start->n - first < start->block ? start->n - first : start->block;
        runner_order(start->run, start->order, first);
        good = runner_go(start->run, n, fault);
        if (good)
            add_block(start, port->elements, first, n);
    }
    runner_output(start->run, port->name, NULL);
    return good;
}

const struct gpfc_parameter *base_parameter_at(const struct gpfc_bundle *bundle, const struct gpfc_port *port,
                                               const char *part)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s.%s", port->name, part);
    return bundle_parameter(bundle, name);
}

static void put(struct start *start, const struct gpfc_parameter *parameter, int64_t i, double value)
{
    if (parameter)
        rows_put(value, start->theta, parameter->offset + i, start->bundle->precision);
}

static bool set_norm(struct start *start, const struct gpfc_port *port, struct fault *fault)
{
    const struct gpfc_parameter *shift = base_parameter_at(start->bundle, port, "shift");
    const struct gpfc_parameter *log_scale = base_parameter_at(start->bundle, port, "log_scale");
    for (int64_t i = 0; i < port->elements; i++) {
        const double off = start->sum[i] / (double)start->n;
        const double variance = fmax(0, start->square[i] / (double)start->n - off * off);
        if (!isfinite(start->pivot[i] + off) || !isfinite(start->square[i]))
            return fault_set(fault, FAULT_DIVERGED, "the values that reach %s are not finite", port->name);
        put(start, shift, i, -(start->pivot[i] + off));
        put(start, log_scale, i, -log(sqrt(variance) + 1e-6));
    }
    return true;
}

static bool set_norms(struct start *start, const struct gpfc_kernel *kernel, struct fault *fault)
{
    for (int64_t o = 0; o < kernel->n_out; o++) {
        if (kernel->out[o].role != GPFC_OUT_SAMPLE)
            continue;
        if (!add_rows(start, &kernel->out[o], fault) || !set_norm(start, &kernel->out[o], fault))
            return false;
    }
    return true;
}

static bool take_memory(struct start *start, const struct gpfc_kernel *kernel, struct fault *fault)
{
    int64_t width = 1;
    for (int64_t o = 0; o < kernel->n_out; o++)
        width = kernel->out[o].elements > width ? kernel->out[o].elements : width;
    const size_t bytes = (size_t)(start->block * width * start->bundle->precision);
    start->values = malloc(bytes);
    start->pivot = calloc(3 * (size_t)width, sizeof *start->pivot);
    if (!start->values || !start->pivot)
        return fault_memory(fault, bytes, "the base flow's start");
    start->sum = start->pivot + width;
    start->square = start->pivot + 2 * width;
    return true;
}

bool base_flow_start(const struct gpfc_bundle *bundle, void *theta, const struct part *part,
                     const uint32_t *order, int64_t n, const struct device *device, struct fault *fault)
{
    const struct gpfc_kernel *kernel = bundle_kernel(bundle, "statistics");
    struct start start = {
        .bundle = bundle, .theta = theta, .order = order, .n = n, .block = n < BLOCK ? n : BLOCK};
    if (!kernel || n < 1)
        return true;
    const struct runner_rows x = {.rows = part->x, .n = part->n, .stays = true};
    bool good = runner_new(&start.run, device, bundle, "statistics", start.block, fault) &&
                take_memory(&start, kernel, fault);
    if (good)
        runner_input(start.run, "x", &x);
    good = good && set_norms(&start, kernel, fault);
    runner_free(start.run);
    free(start.values);
    free(start.pivot);
    return good;
}
