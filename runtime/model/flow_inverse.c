/* SPDX-License-Identifier: MIT
 *
 * The inverse of s. Its kernel G goes the time steps backwards, which inverts s up to the error of the steps
 * only: far out that is large. So s is applied to what was found. Where s(G(t)), t = s at first, is not the s
 * that was asked for, t moves by the difference: s(G) is close to the identity, and t becomes a fixed point.
 * Each row costs one application of s, and one that misses the tolerance two kernels more for each round. The
 * few rows whose error does not fall that way are left to Newton's method. */
#include "kernels/settings.h"
#include "model/flow_parts.h"
#include "numbers/rotation.h"
#include "numbers/rows.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 16 };

static const double LEAST_FALL = 0.5; /* of the error, in a round */

static bool run_rows(struct runner *run, const char *in, const void *from, const char *out, void *to,
                     int64_t n, struct fault *fault)
{
    runner_input(run, in, &(struct runner_rows){.rows = from, .n = n});
    runner_output(run, out, to);
    return runner_go(run, n, fault);
}

double flow_inverse_error(const struct gpfc_flow *flow, int64_t row, int64_t at)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    double error = 0;
    for (int64_t i = 0; i < d; i++) {
        const double s = rows_number(flow->room.asked, row * d + i, precision);
        const double gap = fabs(rows_number(flow->room.image, at * d + i, precision) - s);
        error = isnan(gap) ? INFINITY : fmax(error, gap);
    }
    return error;
}

double flow_inverse_bound(const struct gpfc_flow *flow, int64_t row)
{
    const int64_t d = flow->bundle->dimension;
    double size = 1;
    for (int64_t i = row * d; i < (row + 1) * d; i++)
        size = fmax(size, fabs(rows_number(flow->room.asked, i, flow->bundle->precision)));
    return size * setting_number(flow->bundle, SETTING_flow_roundtrip);
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
    const size_t bytes = (size_t)(flow->bundle->dimension * flow->bundle->precision);
    double *const best = &flow->outcome.error[row];
    const double error = flow_inverse_error(flow, row, at), before = is_first ? INFINITY : *best;
    if (!is_first && !(error < before))
        return false;
    *best = error;
    memcpy((char *)y + (size_t)row * bytes, (char *)flow->room.tried + (size_t)at * bytes, bytes);
    if (!isfinite(error) || error > LEAST_FALL * before || error <= flow_inverse_bound(flow, row))
        return false;
    move_target(flow, row, at);
    return true;
}

static bool find_fixed_points(struct gpfc_flow *flow, void *y, int64_t n, struct fault *fault)
{
    int64_t left = n;
    for (int64_t row = 0; row < n; row++)
        flow->room.order[row] = (uint32_t)row;
    for (int round = 0; left > 0 && round < MOST_ROUNDS; round++) {
        const int64_t rows = left;
        runner_order(flow->invert, flow->room.order, 0);
        if (!run_rows(flow->invert, "s", flow->room.target, "y", flow->room.tried, rows, fault) ||
            !run_rows(flow->apply, "y", flow->room.tried, "s", flow->room.image, rows, fault))
            return false;
        left = 0;
        for (int64_t at = 0; at < rows; at++)
            if (judge(flow, flow->room.order[at], at, y, round == 0))
                flow->room.order[left++] = flow->room.order[at];
    }
    return true;
}

/* To room.order; returns how many. */
static int64_t find_missed(struct gpfc_flow *flow, int64_t n)
{
    int64_t missed = 0;
    for (int64_t row = 0; row < n; row++)
        if (isfinite(flow->outcome.error[row]) && flow->outcome.error[row] > flow_inverse_bound(flow, row))
            flow->room.order[missed++] = (uint32_t)row;
    return missed;
}

static void mark_missed(struct gpfc_flow *flow, int64_t n)
{
    for (int64_t row = 0; row < n; row++) {
        const double error = flow->outcome.error[row];
        if (!(error <= flow_inverse_bound(flow, row)))
            flow_note(flow, row, isinf(error) ? ROW_OVERFLOW : ROW_NOT_CONVERGED);
    }
}

static void turn_back(const struct gpfc_flow *flow, void *y, int64_t n)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    if (!flow->weights.rotation)
        return;
    memcpy(flow->room.image, y, (size_t)(n * d * precision));
    rotation_turn(d, flow->weights.rotation, true, flow->room.image, y, n, precision);
}

bool flow_invert_block(struct gpfc_flow *flow, const void *s, void *y, int64_t n, struct fault *fault)
{
    const size_t bytes = (size_t)(n * flow->bundle->dimension * flow->bundle->precision);
    memcpy(flow->room.asked, s, bytes);
    memcpy(flow->room.target, s, bytes);
    if (!find_fixed_points(flow, y, n, fault) || !flow_newton(flow, y, find_missed(flow, n), fault))
        return false;
    mark_missed(flow, n);
    turn_back(flow, y, n);
    return true;
}
