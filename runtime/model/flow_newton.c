/* SPDX-License-Identifier: MIT
 *
 * Newton's method for the rows of an inverse that their time steps, taken backwards, leave too far off: y
 * moves by the step that the Jacobian of s says, or by a part of it where that does not come nearer. A
 * Jacobian costs as much as some d applications of s, so steps are tried by applications only. A row that
 * more rounds do not bring there has most likely no inverse: a time step may be so long that it folds the
 * space far out. */
#include "model/flow_parts.h"
#include "numbers/factors.h"
#include "numbers/rows.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 47, MOST_HALVED = 8 };

enum verdict { ENDED, NEARER, HALVED };

struct rows_left { /* of room.order */
    int64_t all, nearer;
};

/* The next y to be tried. */
static void take_step(const struct gpfc_flow *flow, const void *y, int64_t row)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    for (int64_t i = row * d; i < (row + 1) * d; i++)
        rows_put(rows_number(y, i, precision) + rows_number(flow->room.step, i, precision), flow->room.tried,
                 i, precision);
}

/* (ds/dy)^-1 (s - s(y)), by matrix and image `at`. Where there is none: no step, and none to halve. */
static void make_step(const struct gpfc_flow *flow, int64_t row, int64_t at)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    double *const side = flow->jacobian.side;
    for (int64_t i = 0; i < d; i++)
        side[i] = rows_number(flow->room.asked, row * d + i, precision) -
                  rows_number(flow->room.image, at * d + i, precision);
    const bool solved = solve_equations(flow_jacobian_of(flow, at), d, side);
    flow->room.halved[row] = solved ? 0 : MOST_HALVED;
    for (int64_t i = 0; i < d; i++)
        rows_put(solved ? side[i] : 0, flow->room.step, row * d + i, precision);
}

static bool halve_step(const struct gpfc_flow *flow, int64_t row)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    for (int64_t i = row * d; i < (row + 1) * d; i++)
        rows_put(rows_number(flow->room.step, i, precision) / 2, flow->room.step, i, precision);
    return ++flow->room.halved[row] <= MOST_HALVED;
}

/* The Jacobians and the steps of the first `rows` rows of room.order, at y. A row without a step is tried
 * where it is, which is no nearer. */
static bool make_steps(struct gpfc_flow *flow, const void *y, int64_t rows, struct fault *fault)
{
    for (int64_t first = 0; first < rows; first += flow->jacobian.rows) {
        const int64_t n = rows - first < flow->jacobian.rows ? rows - first : flow->jacobian.rows;
        runner_order(flow->jacobian.runner, flow->room.order, first);
        if (!flow_jacobian_go(flow, y, flow->room.image, n, fault))
            return false;
        for (int64_t at = 0; at < n; at++)
            make_step(flow, flow->room.order[first + at], at);
    }
    runner_order(flow->jacobian.runner, NULL, 0);
    return true;
}

static bool try_steps(struct gpfc_flow *flow, const void *y, int64_t rows, struct fault *fault)
{
    for (int64_t at = 0; at < rows; at++)
        take_step(flow, y, flow->room.order[at]);
    runner_order(flow->apply, flow->room.order, 0);
    runner_input(flow->apply, "y", &(struct runner_rows){.rows = flow->room.tried, .n = rows});
    runner_output(flow->apply, "s", flow->room.image);
    const bool good = runner_go(flow->apply, rows, fault);
    runner_order(flow->apply, NULL, 0);
    return good;
}

/* What was tried for a row becomes its y where it is nearer. */
static enum verdict judge(struct gpfc_flow *flow, void *y, int64_t row, int64_t at)
{
    const size_t bytes = (size_t)(flow->bundle->dimension * flow->bundle->precision);
    const double error = flow_inverse_error(flow, row, at);
    if (!(error < flow->outcome.error[row]))
        return halve_step(flow, row) ? HALVED : ENDED;
    flow->outcome.error[row] = error;
    memcpy((char *)y + (size_t)row * bytes, (char *)flow->room.tried + (size_t)row * bytes, bytes);
    return error <= flow_inverse_bound(flow, row) ? ENDED : NEARER;
}

/* Leaves in room.order the rows that go on, those that came nearer first. */
static struct rows_left judge_rows(struct gpfc_flow *flow, void *y, int64_t rows)
{
    uint32_t *const order = flow->room.order;
    struct rows_left left = {0};
    for (int64_t at = 0; at < rows; at++) {
        const uint32_t row = order[at];
        const enum verdict verdict = judge(flow, y, row, at);
        if (verdict == ENDED)
            continue;
        order[left.all] = verdict == NEARER ? order[left.nearer] : row;
        if (verdict == NEARER)
            order[left.nearer++] = row;
        left.all++;
    }
    return left;
}

bool flow_newton(struct gpfc_flow *flow, void *y, int64_t rows, struct fault *fault)
{
    struct rows_left left = {.all = rows, .nearer = rows};
    for (int round = 0; left.all > 0 && round < MOST_ROUNDS; round++) {
        if (!make_steps(flow, y, left.nearer, fault) || !try_steps(flow, y, left.all, fault))
            return false;
        left = judge_rows(flow, y, left.all);
    }
    return true;
}
