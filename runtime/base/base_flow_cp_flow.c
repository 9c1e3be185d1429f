/* SPDX-License-Identifier: MIT
 *
 * CP-Flow: y = grad F(x) of a strictly convex F for each block, with ActNorm, y = (x + shift) (exp(log_scale)
 * + 0.001), before every block and, of several, after the last. The inverse of a block is Newton's method for
 * grad F(x) = y with the Hessian H that its kernel computes: |grad F(x) - y| falls along Newton's direction
 * wherever H is positive definite, so a step is shortened until it does. The logarithm of det H is the
 * block's log-determinant.
 */
#include "base/base_flow_parts.h"
#include "kernels/bundle.h"
#include "numbers/factors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_TURNS = 200, MOST_RIDGES = 16 };

struct descent {     /* of one row */
    double residual; /* |grad F - y| where it steps from; infinite: nowhere yet */
    double part;     /* of Newton's step that is tried */
    int turns;
};

struct block { /* one block's work on a chunk, arrays [n] of these */
    const struct base_compiled *flow;
    struct base_chunk *chunk;
    int which;
    struct descent *descent;
    double *target, *y, *hessian; /* [d], [d], [d][d]; y and hessian at x */
    double *from, *step;          /* [d]; chunk->x is from + part * step */
    double *factor;               /* [d][d] lower Cholesky factor of the Hessian at `from` */
};

static int64_t newton_room(int64_t d)
{
    return 4 * d + 2 * d * d;
}

static struct block block_in(const struct base_compiled *flow, struct base_chunk *chunk)
{
    const int64_t size = chunk->n * flow->d;
    double *room = chunk->room;
    return (struct block){.flow = flow,
                          .chunk = chunk,
                          .descent = chunk->state,
                          .target = room,
                          .y = room + size,
                          .from = room + 2 * size,
                          .step = room + 3 * size,
                          .hessian = room + 4 * size,
                          .factor = room + (4 + flow->d) * size};
}

/* ---- Hessians ------------------------------------------------------------------------------------------ */

/* A Hessian that rounding has made indefinite gets a ridge; false where none helps. */
static bool factorise(const double *hessian, int64_t d, double epsilon, double *L)
{
    double size = 0;
    for (int64_t i = 0; i < d; i++)
        size = fmax(size, fabs(hessian[i * d + i]));
    if (cholesky_factor(hessian, d, 0, L))
        return true;
    double ridge = epsilon * size;
    for (int i = 0; i < MOST_RIDGES && isfinite(size) && ridge <= size; i++, ridge *= 16)
        if (cholesky_factor(hessian, d, ridge, L))
            return true;
    return false;
}

static double length(const double *x, const double *y, int64_t d)
{
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
        sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sqrt(sum);
}

/* ---- one row ------------------------------------------------------------------------------------------- */

static double row_noise(const struct block *block, int64_t row)
{
    double noise = 0;
    for (int64_t i = 0; i < block->flow->d; i++)
        noise = fmax(noise, base_noise(block->flow, block->target[row * block->flow->d + i]));
    return noise;
}

/* The point just evaluated becomes the one to step from. False: there is no step to take. */
static bool step_from(const struct block *block, int64_t row, double residual)
{
    const int64_t d = block->flow->d, at = row * d;
    struct descent *s = &block->descent[row];
    memcpy(block->from + at, block->chunk->x + at, (size_t)d * sizeof(double));
    s->residual = residual;
    s->part = 1;
    if (!factorise(block->hessian + at * d, d, block->flow->epsilon, block->factor + at * d))
        return false;
    for (int64_t i = at; i < at + d; i++)
        block->step[i] = block->target[i] - block->y[i];
    cholesky_solve(block->factor + at * d, d, 0, block->step + at);
    return residual > row_noise(block, row);
}

/* Where x is to be evaluated next; false where that is `from` again. */
static bool place(const struct block *block, int64_t row)
{
    const int64_t d = block->flow->d;
    bool moved = false;
    for (int64_t i = row * d; i < (row + 1) * d; i++) {
        const double to = base_round(block->flow, block->from[i] + block->descent[row].part * block->step[i]);
        if (!isfinite(to))
            return false;
        moved = moved || to != block->from[i];
        block->chunk->x[i] = to;
    }
    return moved;
}

/* True: the search ends at `from`. A residual near the noise that does not fall is as small as it gets. */
static bool advance(void *data, int64_t row)
{
    const struct block *block = data;
    const int64_t d = block->flow->d;
    struct descent *s = &block->descent[row];
    const double residual = length(block->y + row * d, block->target + row * d, d);
    bool going = true;
    if (s->turns == 0 || residual <= (1 - 1e-4 * s->part) * s->residual)
        going = step_from(block, row, residual);
    else if (s->residual <= 16 * row_noise(block, row))
        going = false;
    else
        s->part *= s->part == 1 ? 0.5 : 0.25;
    if (going && ++s->turns < MOST_TURNS && place(block, row))
        return false;
    memcpy(block->chunk->x + row * d, block->from + row * d, (size_t)d * sizeof(double));
    if (s->residual > row_noise(block, row))
        base_note(&block->chunk->row[row], s->turns >= MOST_TURNS ? ROW_NOT_CONVERGED : ROW_PRECISION);
    return true;
}

/* ---- a block ------------------------------------------------------------------------------------------- */

/* Starts from x = y: far out, where the network is straight, H is near the identity. */
static void solve_rows(struct block *block)
{
    struct base_chunk *chunk = block->chunk;
    const int64_t d = block->flow->d;
    memcpy(block->target, chunk->x, (size_t)(chunk->n * d) * sizeof *chunk->x);
    for (int64_t i = 0; i < chunk->n * d; i++)
        chunk->x[i] = base_round(block->flow, chunk->x[i]);
    for (int64_t row = 0; row < chunk->n; row++)
        block->descent[row] = (struct descent){.residual = INFINITY};
    base_search(block->flow, chunk,
                &(struct base_search){.block = block->which,
                                      .out = {{block->y, d}, {block->hessian, d * d}},
                                      .advance = advance,
                                      .data = block});
}

static void finish_rows(const struct block *block)
{
    const int64_t d = block->flow->d;
    for (int64_t row = 0; row < block->chunk->n; row++)
        for (int64_t i = 0; i < d; i++)
            block->chunk->row[row].logdet += 2 * log(block->factor[(row * d + i) * d + i]);
}

/* ---- ActNorm ------------------------------------------------------------------------------------------- */

static const struct gpfc_parameter *norm_parameter(const struct gpfc_bundle *bundle, int norm,
                                                   const char *part)
{
    char name[64];
    (void)snprintf(name, sizeof name, "base.norm%d.%s", norm, part);
    return bundle_parameter(bundle, name);
}

static double theta_at(const struct base_compiled *flow, int64_t i)
{
    return rows_number(flow->theta, i, flow->bundle->precision);
}

/* x = y / scale - shift of ActNorm `norm`; nothing where there is none of that number. */
static void undo_norm(const struct block *block, int norm)
{
    const struct base_compiled *flow = block->flow;
    const struct gpfc_parameter *shift = norm_parameter(flow->bundle, norm, "shift");
    const struct gpfc_parameter *log_scale = norm_parameter(flow->bundle, norm, "log_scale");
    for (int64_t i = 0; shift && log_scale && i < flow->d; i++) {
        const double scale = exp(theta_at(flow, log_scale->offset + i)) + 0.001;
        const double back = theta_at(flow, shift->offset + i), log_rate = log(scale);
        for (int64_t row = 0; row < block->chunk->n; row++) {
            const int64_t at = row * flow->d + i;
            block->chunk->x[at] = block->chunk->x[at] / scale - back;
            block->chunk->row[row].logdet += log_rate;
        }
    }
}

/* ---- all blocks ---------------------------------------------------------------------------------------- */

static void cp_flow_inverse(const struct base_compiled *flow, struct base_chunk *chunk)
{
    struct block block = block_in(flow, chunk);
    undo_norm(&block, flow->blocks);
    for (block.which = flow->blocks - 1; block.which >= 0; block.which--) {
        solve_rows(&block);
        finish_rows(&block);
        undo_norm(&block, block.which);
    }
}

const struct base_kind base_kind_cp_flow = {
    .word = WORD_base_cp_flow,
    .kernel = "block",
    .names = {.in = {"x"}, .out = {"y", "jacobian"}},
    .room = newton_room,
    .state_bytes = sizeof(struct descent),
    .single_tolerance = 1e-5,
    .leeway = 1,
    .forward = base_apply,
    .inverse = cp_flow_inverse,
};
