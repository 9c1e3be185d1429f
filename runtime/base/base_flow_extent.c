/* SPDX-License-Identifier: MIT
 *
 * CP-Flow's arms, at the end of its training. Those of a block begin where the rows end that reach it, so
 * that f is as it was trained at all of them. From there on the block gets, together with its own least
 * slope, a little more than the slope that takes the width of what reaches it to the width of what it makes
 * of that: outside the data f rises at least as the linear map does that takes the data to N(0, I). */
#include "base/base_flow.h"
#include "base/base_flow_parts.h"
#include "kernels/bundle.h"
#include "kernels/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 1024 /* rows */ };

static const double steeper = 1.25;     /* than that map: what is beyond the data stays near them */
static const double least_slope = 1e-3; /* of an arm, as a part of that of the linear map */

struct column { /* what one coordinate of a port has been */
    double low, high;
    double sum, square; /* of value - first, and its square */
    double first;
};

struct extent {
    const struct gpfc_bundle *bundle;
    const struct gpfc_kernel *kernel;
    int64_t d, ports; /* sample outputs: two a block */
    const struct gpfc_port **port;
    struct runner *run;
    char *values;           /* REAL [ports][BLOCK][d] */
    struct column *columns; /* [ports][d] */
    int64_t n;
};

static int64_t plane(const struct extent *extent)
{
    return BLOCK * extent->d;
}

static void *values_of(const struct extent *extent, int64_t port)
{
    return extent->values + port * plane(extent) * extent->bundle->precision;
}

static bool take_memory(struct extent *extent, struct fault *fault)
{
    const size_t ports = (size_t)extent->kernel->n_out;
    const size_t bytes = ports * (size_t)(plane(extent) * extent->bundle->precision);
    extent->port = calloc(ports, sizeof *extent->port);
    extent->values = malloc(bytes);
    extent->columns = calloc(ports * (size_t)extent->d, sizeof *extent->columns);
    return (extent->port && extent->values && extent->columns) ||
           fault_memory(fault, bytes, "the base flow's arms");
}

static void list_ports(struct extent *extent)
{
    for (int64_t o = 0; o < extent->kernel->n_out; o++)
        if (extent->kernel->out[o].role == GPFC_OUT_SAMPLE)
            extent->port[extent->ports++] = &extent->kernel->out[o];
    for (int64_t port = 0; port < extent->ports; port++)
        runner_output(extent->run, extent->port[port]->name, values_of(extent, port));
}

/* ---- what the rows are --------------------------------------------------------------------------------- */

static void column_add(struct column *column, double value, bool first)
{
    if (first)
        *column = (struct column){.low = value, .high = value, .first = value};
    const double off = value - column->first;
    column->low = fmin(column->low, value);
    column->high = fmax(column->high, value);
    column->sum += off;
    column->square += off * off;
}

static double width_of(const struct column *column, int64_t n)
{
    const double mean = column->sum / (double)n;
    return sqrt(fmax(0, column->square / (double)n - mean * mean));
}

static void add_block(struct extent *extent, int64_t first, int64_t n)
{
    for (int64_t port = 0; port < extent->ports; port++)
        for (int64_t i = 0; i < n * extent->d; i++)
            column_add(&extent->columns[port * extent->d + i % extent->d],
                       rows_number(values_of(extent, port), i, extent->bundle->precision),
                       first == 0 && i < extent->d);
}

static bool add_rows(struct extent *extent, struct fault *fault)
{
    for (int64_t first = 0; first < extent->n; first += BLOCK) {
        const int64_t n = extent->n - first < BLOCK ? extent->n - first : BLOCK;
        runner_order(extent->run, NULL, first);
        if (!runner_go(extent->run, n, fault))
            return false;
        add_block(extent, first, n);
    }
    return true;
}

static bool check_finite(const struct extent *extent, struct fault *fault)
{
    for (int64_t i = 0; i < extent->ports * extent->d; i++)
        if (!isfinite(extent->columns[i].square))
            return fault_set(fault, FAULT_DIVERGED, "the values that reach %s are not finite",
                             extent->port[i / extent->d]->name);
    return true;
}

/* ---- arms ---------------------------------------------------------------------------------------------- */

/* sp(w0), the least slope of the potential's gradient */
static double own_slope(const struct extent *extent, int64_t block, const void *theta)
{
    char name[64];
    (void)snprintf(name, sizeof name, "base.convex%lld.quadratic", (long long)block);
    const struct gpfc_parameter *quadratic = bundle_parameter(extent->bundle, name);
    return quadratic ? log1p(exp(rows_number(theta, quadratic->offset, extent->bundle->precision))) : 0;
}

/* Rows without a width get the slope of N(0, 1). */
static double arm_slope(const struct extent *extent, const struct column *in, const struct column *out,
                        double own)
{
    const double from = width_of(in, extent->n), to = width_of(out, extent->n);
    const double wanted = from > 0 && to > 0 ? steeper * to / from : 1;
    return fmax(wanted - own, least_slope * wanted);
}

static void put_arms(const struct extent *extent, int64_t block, void *theta)
{
    const int64_t d = extent->d, precision = extent->bundle->precision;
    const struct gpfc_port *port = extent->port[2 * block];
    const struct gpfc_parameter *edge = base_parameter_at(extent->bundle, port, "edge"),
                                *log_scale = base_parameter_at(extent->bundle, port, "log_scale");
    const struct column *in = extent->columns + 2 * block * d, *out = in + d;
    const double own = own_slope(extent, block, theta);
    for (int64_t i = 0; i < d; i++) {
        const double log_slope = log(arm_slope(extent, &in[i], &out[i], own));
        rows_put(-in[i].low, theta, edge->offset + i, precision);
        rows_put(in[i].high, theta, edge->offset + d + i, precision);
        rows_put(log_slope, theta, log_scale->offset + i, precision);
        rows_put(log_slope, theta, log_scale->offset + d + i, precision);
    }
}

static bool run_rows(struct extent *extent, const void *theta, const struct part *part,
                     const struct device *device, struct fault *fault)
{
    const struct runner_rows x = {.rows = part->x, .n = part->n, .stays = true};
    if (!take_memory(extent, fault) ||
        !runner_new(&extent->run, device, extent->bundle, "extent", BLOCK, fault))
        return false;
    runner_parameters(extent->run, theta);
    runner_input(extent->run, "x", &x);
    list_ports(extent);
    return add_rows(extent, fault) && check_finite(extent, fault);
}

bool base_flow_end(const struct gpfc_bundle *bundle, void *theta, const struct part *part,
                   const struct device *device, struct fault *fault)
{
    struct extent extent = {
        .bundle = bundle, .kernel = bundle_kernel(bundle, "extent"), .d = bundle->dimension, .n = part->n};
    if (!extent.kernel || part->n < 1)
        return true;
    const bool good = run_rows(&extent, theta, part, device, fault);
    for (int64_t block = 0; good && 2 * block < extent.ports; block++)
        put_arms(&extent, block, theta);
    runner_free(extent.run);
    free(extent.port);
    free(extent.values);
    free(extent.columns);
    return good;
}
