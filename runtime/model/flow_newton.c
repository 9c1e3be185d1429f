/* SPDX-License-Identifier: MIT
 *
 * Newton's method for the rows of an inverse that their time steps, taken backwards, leave too far off: y
 * moves by the step that the Jacobian of s says, or by a part of it where that does not come nearer. A round
 * costs as much as some d applications of s. A row that more rounds do not bring there has most likely no
 * inverse: a time step may be so long that it folds the space far out. */
#include "model/flow_parts.h"
#include "numbers/factors.h"
#include "numbers/rows.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 48, MOST_HALVED = 8 };

/* The next y to be tried. */
static void take_step(const struct gpfc_flow *flow, const void *y, int64_t row)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    for (int64_t i = row * d; i < (row + 1) * d; i++)
        rows_put(rows_number(y, i, precision) + rows_number(flow->room.step, i, precision), flow->room.tried,
                 i, precision);
}

/* (ds/dy)^-1 (s - s(y)), by the matrix and the image `at`. */
static bool make_step(const struct gpfc_flow *flow, int64_t row, int64_t at)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    double *const side = flow->jacobian.side;
    for (int64_t i = 0; i < d; i++)
        side[i] = rows_number(flow->room.asked, row * d + i, precision) -
                  rows_number(flow->room.image, at * d + i, precision);
    if (!solve_equations(flow_jacobian_of(flow, at), d, side))
        return false;
    flow->room.halved[row] = 0;
    for (int64_t i = 0; i < d; i++)
        rows_put(side[i], flow->room.step, row * d + i, precision);
    return true;
}

static bool halve_step(const struct gpfc_flow *flow, int64_t row)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    for (int64_t i = row * d; i < (row + 1) * d; i++)
        rows_put(rows_number(flow->room.step, i, precision) / 2, flow->room.step, i, precision);
    return ++flow->room.halved[row] <= MOST_HALVED;
}

/* Judges what was tried for a row; true: it has another round. */
static bool advance(struct gpfc_flow *flow, void *y, int64_t row, int64_t at)
{
    const size_t bytes = (size_t)(flow->bundle->dimension * flow->bundle->precision);
    const double error = flow_inverse_error(flow, row, at);
    if (error < flow->outcome.error[row]) {
        flow->outcome.error[row] = error;
        memcpy((char *)y + (size_t)row * bytes, (char *)flow->room.tried + (size_t)row * bytes, bytes);
        if (error <= flow_inverse_bound(flow, row) || !make_step(flow, row, at))
            return false;
    } else if (!halve_step(flow, row))
        return false;
    take_step(flow, y, row);
    return true;
}

static int64_t one_round(struct gpfc_flow *flow, void *y, int64_t rows)
{
    int64_t left = 0;
    for (int64_t first = 0; first < rows; first += flow->jacobian.rows) {
        const int64_t n = rows - first < flow->jacobian.rows ? rows - first : flow->jacobian.rows;
        runner_order(flow->jacobian.runner, flow->room.order, first);
        flow_jacobian_go(flow, flow->room.tried, flow->room.image, n);
        for (int64_t at = 0; at < n; at++)
            if (advance(flow, y, flow->room.order[first + at], at))
                flow->room.order[left++] = flow->room.order[first + at];
    }
    runner_order(flow->jacobian.runner, NULL, 0);
    return left;
}

/* The first try is y itself. */
static void start(const struct gpfc_flow *flow, const void *y, int64_t row)
{
    const size_t bytes = (size_t)(flow->bundle->dimension * flow->bundle->precision);
    memcpy((char *)flow->room.tried + (size_t)row * bytes, (const char *)y + (size_t)row * bytes, bytes);
    memset((char *)flow->room.step + (size_t)row * bytes, 0, bytes);
    flow->room.halved[row] = 0;
    flow->outcome.error[row] = INFINITY;
}

void flow_newton(struct gpfc_flow *flow, void *y, int64_t rows)
{
    for (int64_t at = 0; at < rows; at++)
        start(flow, y, flow->room.order[at]);
    for (int round = 0; rows > 0 && round < MOST_ROUNDS; round++)
        rows = one_round(flow, y, rows);
}
