/* SPDX-License-Identifier: MIT
 *
 * The first values of BNAF's arms. An arm begins where a thousandth of the training rows lie farther out, and
 * its slope is that of the normal distribution's quantiles over those of the rows: it goes on as the data
 * do. */
#include "base/base_flow.h"
#include "base/base_flow_parts.h"
#include "kernels/bundle.h"
#include "kernels/runner.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_VALUES = 1 << 22, LEAST_ROWS = 4096 };

static const double outer = 0.001, inner = 0.01;                        /* shares of the rows */
static const double outer_normal = 3.0902323, inner_normal = 2.3263479; /* N(0, 1) has them beyond these */
static const double steepest = 20; /* times that of a normal distribution of the rows' width */

struct arms { /* of one coordinate: below, above */
    double edge[2], slope[2];
};

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int64_t n, double share)
{
    const double at = share * (double)(n - 1);
    const int64_t i = (int64_t)at, next = i + 1 < n ? i + 1 : i;
    return sorted[i] + (at - (double)i) * (sorted[next] - sorted[i]);
}

/* Equal rows have no width, and get the slope of N(0, 1). */
static struct arms arms_of(const double *sorted, int64_t n)
{
    const double low = quantile(sorted, n, inner), high = quantile(sorted, n, 1 - inner);
    const double edge[2] = {quantile(sorted, n, outer), quantile(sorted, n, 1 - outer)};
    const double width = (high - low) / (2 * inner_normal), step[2] = {low - edge[0], edge[1] - high};
    struct arms arms = {.edge = {-edge[0], edge[1]}};
    for (int side = 0; side < 2; side++) {
        const double least = width / steepest * (outer_normal - inner_normal);
        arms.slope[side] = width > 0 ? (outer_normal - inner_normal) / fmax(step[side], least) : 1;
    }
    return arms;
}

/* ---- from the rows that reach the last block ----------------------------------------------------------- */

struct start {
    const struct gpfc_bundle *bundle;
    const struct gpfc_port *port; /* [d], named as the arms' parameters without their last part */
    int64_t n, d;
    void *reached;   /* REAL [n][d] */
    double *columns; /* [d][n] */
};

static bool take_memory(struct start *start, struct fault *fault)
{
    const size_t values = (size_t)(start->n * start->d);
    start->reached = malloc(values * (size_t)start->bundle->precision);
    start->columns = malloc(values * sizeof *start->columns);
    return (start->reached && start->columns) ||
           fault_memory(fault, values * sizeof *start->columns, "the base flow's start");
}

static bool sort_columns(const struct start *start, struct fault *fault)
{
    for (int64_t i = 0; i < start->n * start->d; i++) {
        const double value = rows_number(start->reached, i, start->bundle->precision);
        if (!isfinite(value))
            return fault_set(fault, FAULT_DIVERGED, "the values that reach %s are not finite",
                             start->port->name);
        start->columns[i % start->d * start->n + i / start->d] = value;
    }
    for (int64_t i = 0; i < start->d; i++)
        qsort(start->columns + i * start->n, (size_t)start->n, sizeof *start->columns, ascending);
    return true;
}

static void put_arms(const struct start *start, void *theta)
{
    const struct gpfc_bundle *bundle = start->bundle;
    const struct gpfc_parameter *edge = base_parameter_at(bundle, start->port, "edge"),
                                *log_scale = base_parameter_at(bundle, start->port, "log_scale");
    for (int64_t i = 0; i < start->d; i++) {
        const struct arms arms = arms_of(start->columns + i * start->n, start->n);
        for (int64_t side = 0; side < 2; side++) {
            const int64_t at = side * start->d + i;
            rows_put(arms.edge[side], theta, edge->offset + at, bundle->precision);
            rows_put(log(arms.slope[side]), theta, log_scale->offset + at, bundle->precision);
        }
    }
}

static int64_t rows_for(int64_t n, int64_t d)
{
    const int64_t most = MOST_VALUES / d > LEAST_ROWS ? MOST_VALUES / d : LEAST_ROWS;
    return n < most ? n : most;
}

bool base_tail_start(const struct gpfc_bundle *bundle, void *theta, const struct part *part,
                     const uint32_t *order, int64_t n, const struct device *device, struct fault *fault)
{
    const struct gpfc_kernel *kernel = bundle_kernel(bundle, "tail");
    if (!kernel || n < 1)
        return true;
    struct start start = {.bundle = bundle,
                          .port = &kernel->out[0],
                          .n = rows_for(n, bundle->dimension),
                          .d = bundle->dimension};
    const struct runner_rows x = {.rows = part->x, .n = part->n, .stays = true};
    struct runner *run = NULL;
    bool good = take_memory(&start, fault) && runner_new(&run, device, bundle, "tail", start.n, fault);
    if (good) {
        runner_parameters(run, theta);
        runner_input(run, "x", &x);
        runner_output(run, start.port->name, start.reached);
        runner_order(run, order, 0);
        good = runner_go(run, start.n, fault) && sort_columns(&start, fault);
    }
    if (good)
        put_arms(&start, theta);
    runner_free(run);
    free(start.reached);
    free(start.columns);
    return good;
}
