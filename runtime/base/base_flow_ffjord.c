/* SPDX-License-Identifier: MIT
 *
 * FFJORD: every CNF is the path dx/dt = v(t, x), d logdet/dt = div v for t = 0 .. 1, from x to y; back along
 * it from y to x. The state of a row is x followed by the log-determinant, so that the step size is
 * controlled for both. */
#include "base/base_flow_parts.h"
#include "numbers/ode_dopri5.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 5000 };

struct cnf {
    const struct base_compiled *flow;
    int thread, which;
};

static int64_t ffjord_room(int64_t d)
{
    return d + 1 + ode_room(d + 1);
}

static void velocity(void *data, const uint32_t *order, int64_t n, const double *t, const double *x,
                     double *v)
{
    const struct cnf *cnf = data;
    const int64_t d = cnf->flow->d;
    kernel_rows_go(cnf->flow->block[cnf->which], cnf->thread, order, n,
                   (struct kernel_rows_in[]){{x, d + 1}, {t, 1}},
                   (struct kernel_rows_out[]){{v, d + 1}, {v + d, d + 1}});
}

static void take_rows(const struct ode_problem *problem, struct base_chunk *chunk, const double *state)
{
    const struct ode_row *ode = chunk->state;
    const int64_t m = problem->m;
    for (int64_t i = 0; i < chunk->n; i++) {
        struct base_row *row = &chunk->row[i];
        const double change = state[i * m + m - 1];
        memcpy(chunk->x + i * (m - 1), state + i * m, (size_t)(m - 1) * sizeof *state);
        row->logdet += problem->end > problem->start ? change : -change;
        row->error += ode[i].error;
        row->evaluations += ode[i].evaluations;
        if (ode[i].failed)
            base_note(row, ROW_NOT_CONVERGED);
    }
}

static void walk_cnf(const struct base_compiled *flow, struct base_chunk *chunk, int which, bool forward)
{
    struct cnf cnf = {.flow = flow, .thread = chunk->thread, .which = which};
    const struct ode_problem problem = {.m = flow->d + 1,
                                        .start = forward ? 0 : 1,
                                        .end = forward ? 1 : 0,
                                        .tolerance = flow->tolerance,
                                        .most_steps = MOST_STEPS,
                                        .velocity = velocity,
                                        .data = &cnf};
    double *state = chunk->room;
    for (int64_t i = 0; i < chunk->n; i++) {
        memcpy(state + i * problem.m, chunk->x + i * flow->d, (size_t)flow->d * sizeof *state);
        state[i * problem.m + flow->d] = 0;
    }
    ode_dopri5(&problem, state, chunk->n, chunk->state, chunk->order, state + chunk->n * problem.m);
    take_rows(&problem, chunk, state);
}

static void ffjord_forward(const struct base_compiled *flow, struct base_chunk *chunk)
{
    for (int i = 0; i < flow->blocks; i++)
        walk_cnf(flow, chunk, i, true);
    for (int64_t row = 0; row < chunk->n; row++) /* where it stopped is no image */
        if (chunk->row[row].reason != ROW_GOOD)
            chunk->row[row].logdet = -INFINITY;
}

static void ffjord_inverse(const struct base_compiled *flow, struct base_chunk *chunk)
{
    for (int i = flow->blocks - 1; i >= 0; i--)
        walk_cnf(flow, chunk, i, false);
}

const struct base_kind base_kind_ffjord = {
    .word = WORD_base_ffjord,
    .kernel = "velocity",
    .names = {.in = {"x", "t"}, .out = {"v", "divergence"}},
    .room = ffjord_room,
    .state_bytes = sizeof(struct ode_row),
    .single_tolerance = 1e-7,
    .leeway = 100, /* the errors of a path's steps add up */
    .forward = ffjord_forward,
    .inverse = ffjord_inverse,
};
