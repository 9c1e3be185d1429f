/* SPDX-License-Identifier: MIT
 *
 * The inverse of s. Its kernel G goes the time steps backwards, which inverts s up to the error of the steps
 * only: far out that is large. So s is applied to what was found. Where s(G(t)), t = s at first, is not the s
 * that was asked for, t moves by the difference: s(G) is close to the identity, and t becomes a fixed point.
 * Each row costs one application of s, and one that misses the tolerance two kernels more for each round. */
#include "kernels/settings.h"
#include "model/flow.h"
#include "numbers/rows.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 16 };

static void run_rows(struct runner *run, const char *in, const void *from, const char *out, void *to,
                     int64_t n)
{
    runner_input(run, in, &(struct runner_rows){.rows = from, .n = n});
    runner_output(run, out, to);
    runner_go(run, n);
}

/* Largest |s(y) - s| of row `row`, whose image is row `at`; *size: that of s, at least 1. */
static double error_of(const struct gpfc_flow *flow, int64_t row, int64_t at, double *size)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    double error = 0;
    *size = 1;
    for (int64_t i = 0; i < d; i++) {
        const double s = rows_number(flow->room.asked, row * d + i, precision);
        const double gap = fabs(rows_number(flow->room.image, at * d + i, precision) - s);
        *size = fmax(*size, fabs(s));
        error = isnan(gap) ? INFINITY : fmax(error, gap);
    }
    return error;
}

static void move_target(const struct gpfc_flow *flow, int64_t row, int64_t at)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    for (int64_t i = 0; i < d; i++) {
        const double t = rows_number(flow->room.target, row * d + i, precision);
        const double s = rows_number(flow->room.asked, row * d + i, precision);
        const double image = rows_number(flow->room.image, at * d + i, precision);
        rows_put(t + s - image, flow->room.target, row * d + i, precision);
    }
}

/* What was tried for a row becomes its y where it is nearer. True: the row has another round. */
static bool judge(struct gpfc_flow *flow, int64_t row, int64_t at, void *y, bool is_first)
{
    const double tolerance = setting_number(flow->bundle, SETTING_flow_roundtrip);
    const size_t bytes = (size_t)(flow->bundle->dimension * flow->bundle->precision);
    double size, *best = &flow->outcome.error[row];
    const double error = error_of(flow, row, at, &size);
    if (!is_first && !(error < *best))
        return false;
    *best = error;
    memcpy((char *)y + (size_t)row * bytes, (char *)flow->room.tried + (size_t)at * bytes, bytes);
    if (!isfinite(error) || error <= tolerance * size)
        return false;
    move_target(flow, row, at);
    return true;
}

static void mark_missed(struct gpfc_flow *flow, int64_t n)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    const double tolerance = setting_number(flow->bundle, SETTING_flow_roundtrip);
    for (int64_t row = 0; row < n; row++) {
        double size = 1;
        for (int64_t i = row * d; i < (row + 1) * d; i++)
            size = fmax(size, fabs(rows_number(flow->room.asked, i, precision)));
        if (!(flow->outcome.error[row] <= tolerance * size))
            flow_note(flow, row, isinf(flow->outcome.error[row]) ? ROW_OVERFLOW : ROW_NOT_CONVERGED);
    }
}

void flow_invert_block(struct gpfc_flow *flow, const void *s, void *y, int64_t n)
{
    const size_t bytes = (size_t)(n * flow->bundle->dimension * flow->bundle->precision);
    int64_t left = n;
    memcpy(flow->room.asked, s, bytes);
    memcpy(flow->room.target, s, bytes);
    for (int64_t row = 0; row < n; row++)
        flow->room.order[row] = (uint32_t)row;
    for (int round = 0; left > 0 && round < MOST_ROUNDS; round++) {
        const int64_t rows = left;
        runner_order(flow->invert, flow->room.order, 0);
        run_rows(flow->invert, "s", flow->room.target, "y", flow->room.tried, rows);
        run_rows(flow->apply, "y", flow->room.tried, "s", flow->room.image, rows);
        left = 0;
        for (int64_t at = 0; at < rows; at++)
            if (judge(flow, flow->room.order[at], at, y, round == 0))
                flow->room.order[left++] = flow->room.order[at];
    }
    mark_missed(flow, n);
}
