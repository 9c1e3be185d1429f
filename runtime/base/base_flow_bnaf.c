/* SPDX-License-Identifier: MIT
 *
 * The inverse of BNAF. A block's Jacobian is lower triangular with a positive diagonal, so y_i, given x_1 ..
 * x_(i-1), is an increasing function of x_i only: coordinates are solved for one after another by Newton's
 * method, kept between bounds found on the way. Rows do not wait for each other: in one call of the kernel
 * each is at a coordinate of its own.
 *
 * The last block is bounded, and flat far out: there y may be out of reach, or what the kernel computes of it
 * may say little about x. So x is given with an error |J^-1| (|f(x) - y| + rounding + error of y), which goes
 * on from block to block, J the Jacobian; its part below the diagonal by differences. */
#include "base/base_flow_parts.h"

#include <math.h>
#include <string.h>

static const double farthest = 1e6; /* data is of order one */
enum { MOST_TURNS = 200 };

struct search { /* of one row */
    int64_t coordinate;
    double low, high;      /* y_i(low) < target < y_i(high); infinite: not met yet */
    double reach;          /* of the next step while one side is not met */
    double step;           /* the last one's length */
    double best, residual; /* the point nearest to the target so far */
    int turns;
    bool last; /* the point tried now ends this coordinate */
};

struct block { /* one block's work on a chunk, arrays [n] of these */
    const struct base_compiled *flow;
    struct base_chunk *chunk;
    int which;
    struct search *search;
    double *target, *y, *log_diagonal; /* [d]; target: what y is to be */
    double *error;                     /* [d] of the target; then of x */
    double *jacobian;                  /* [d][d] below the diagonal */
    double *moved;                     /* [d] y of a point nearby; then a column of the inverse */
};

static int64_t bnaf_room(int64_t d)
{
    return 5 * d + d * d;
}

static struct block block_in(const struct base_compiled *flow, struct base_chunk *chunk)
{
    const int64_t size = chunk->n * flow->d;
    double *room = chunk->room;
    return (struct block){.flow = flow,
                          .chunk = chunk,
                          .search = chunk->state,
                          .target = room,
                          .y = room + size,
                          .log_diagonal = room + 2 * size,
                          .error = room + 3 * size,
                          .moved = room + 4 * size,
                          .jacobian = room + 5 * size};
}

/* ---- one coordinate ------------------------------------------------------------------------------------ */

static void search_start(struct search *s, int64_t coordinate)
{
    *s = (struct search){.coordinate = coordinate,
                         .low = -INFINITY,
                         .high = INFINITY,
                         .reach = 1,
                         .step = INFINITY,
                         .residual = INFINITY};
}

/* The point and its residual y_i(x) - target become part of what is known. What is smaller than the noise
 * does not make a point better, so that where f is flat the first of many equal ones stays. A residual that
 * is no number bounds the side it is on. */
static void search_learn(struct search *s, double x, double residual, double noise)
{
    const double size = fabs(residual);
    if (s->turns++ == 0)
        s->best = x;
    if (size < s->residual - noise || size <= noise) {
        s->best = x;
        s->residual = size;
    }
    if (residual > 0 || (isnan(residual) && x > s->best))
        s->high = x;
    else
        s->low = x;
}

/* Newton's step where it stays between the bounds and halves the last one, else the middle. While one side is
 * open, a step into it of at most the reach, and of all of it where Newton's steps do not get shorter. */
static double search_next(struct search *s, double x, double newton)
{
    const double length = fabs(newton);
    const bool shorter = length <= 0.5 * s->step;
    if (isfinite(s->low) && isfinite(s->high))
        return shorter && x + newton > s->low && x + newton < s->high ? x + newton : 0.5 * (s->low + s->high);
    const double from = isfinite(s->low) ? s->low : s->high, side = isfinite(s->low) ? 1 : -1;
    const double to = from + side * (shorter ? fmin(length, s->reach) : s->reach);
    s->reach *= 2;
    return fmax(-farthest, fmin(farthest, to));
}

/* From y_i at x to the next x. True: this coordinate ends with *x as it is, which was evaluated just now. */
static bool search_turn(const struct base_compiled *flow, struct search *s, double *x, double residual,
                        double log_slope, double noise)
{
    const double here = *x;
    if (s->last)
        return true;
    search_learn(s, here, residual, noise);
    if (fabs(residual) <= noise)
        return true;
    const double newton = -residual * exp(fmin(-log_slope, 600));
    const double next = base_round(flow, search_next(s, here, newton));
    s->step = fabs(next - here);
    if (next != here && next > s->low && next < s->high && s->turns < MOST_TURNS) {
        *x = next;
        return false;
    }
    s->last = true;
    *x = s->best;
    return s->best == here;
}

/* ---- all coordinates of a block ------------------------------------------------------------------------ */

/* True: the row's last coordinate is done, and y and log_diagonal belong to its x. */
static bool advance(void *data, int64_t row)
{
    const struct block *block = data;
    const struct base_compiled *flow = block->flow;
    const int64_t d = flow->d, at = row * d;
    struct search *s = &block->search[row];
    for (;;) {
        const int64_t i = at + s->coordinate;
        if (!search_turn(flow, s, &block->chunk->x[i], block->y[i] - block->target[i], block->log_diagonal[i],
                         base_noise(flow, block->target[i])))
            return false;
        if (s->coordinate + 1 == d)
            return true;
        search_start(s, s->coordinate + 1); /* whose first point was in the same evaluation */
    }
}

/* Starts with x about the target: both are of order one. */
static void solve_rows(struct block *block)
{
    struct base_chunk *chunk = block->chunk;
    const int64_t d = block->flow->d;
    memcpy(block->target, chunk->x, (size_t)(chunk->n * d) * sizeof *chunk->x);
    for (int64_t i = 0; i < chunk->n * d; i++)
        chunk->x[i] = base_round(block->flow, fmax(-3, fmin(3, chunk->x[i])));
    for (int64_t row = 0; row < chunk->n; row++)
        search_start(&block->search[row], 0);
    base_search(block->flow, chunk,
                &(struct base_search){.block = block->which,
                                      .out = {{block->y, d}, {block->log_diagonal, d}},
                                      .advance = advance,
                                      .data = block});
}

/* ---- errors -------------------------------------------------------------------------------------------- */

/* Columns of the Jacobian below the diagonal, one evaluation each. */
static void find_jacobian(struct block *block)
{
    struct base_chunk *chunk = block->chunk;
    const struct base_compiled *flow = block->flow;
    const int64_t d = flow->d;
    base_all_rows(chunk);
    for (int64_t j = 0; j + 1 < d; j++) {
        for (int64_t row = 0; row < chunk->n; row++) {
            double *x = chunk->x + row * d + j;
            block->target[row * d] = *x; /* the target has served */
            *x = base_round(flow, *x + sqrt(flow->epsilon) * fmax(1, fabs(*x)));
        }
        base_evaluate(flow, chunk, block->which, chunk->n,
                      (struct kernel_rows_out[]){{block->moved, d}, {NULL, 0}});
        for (int64_t row = 0; row < chunk->n; row++) {
            double *x = chunk->x + row * d + j;
            const double h = *x - block->target[row * d];
            *x = block->target[row * d];
            for (int64_t i = j + 1; i < d; i++)
                block->jacobian[(row * d + i) * d + j] =
                    (block->moved[row * d + i] - block->y[row * d + i]) / h;
        }
    }
}

/* |J^-1| e for one row: column k of J^-1, times e_k, at a time. */
static void solve_errors(const struct block *block, int64_t row, double *error)
{
    const int64_t d = block->flow->d;
    const double *J = block->jacobian + row * d * d, *log_diagonal = block->log_diagonal + row * d;
    double *column = block->moved + row * d;
    for (int64_t k = d - 1; k >= 0; k--) { /* e_k is read for the last time when it gets its result */
        column[k] = error[k] * exp(-log_diagonal[k]);
        error[k] = fabs(column[k]);
        for (int64_t i = k + 1; i < d; i++) {
            double sum = 0;
            for (int64_t j = k; j < i; j++)
                sum += J[i * d + j] * column[j];
            column[i] = -sum * exp(-log_diagonal[i]);
            error[i] += fabs(column[i]);
        }
    }
}

static void estimate_errors(struct block *block)
{
    const int64_t d = block->flow->d;
    for (int64_t i = 0; i < block->chunk->n * d; i++) /* the target is still there */
        block->error[i] += fabs(block->y[i] - block->target[i]) + base_noise(block->flow, block->target[i]);
    find_jacobian(block);
    for (int64_t row = 0; row < block->chunk->n; row++)
        solve_errors(block, row, block->error + row * d);
}

/* ---- all blocks ---------------------------------------------------------------------------------------- */

static void flip(double *values, int64_t n, int64_t d)
{
    for (int64_t row = 0; row < n; row++)
        for (int64_t i = 0; i < d / 2; i++) {
            const double value = values[row * d + i];
            values[row * d + i] = values[row * d + d - 1 - i];
            values[row * d + d - 1 - i] = value;
        }
}

static void bnaf_inverse(const struct base_compiled *flow, struct base_chunk *chunk)
{
    struct block block = block_in(flow, chunk);
    const int64_t d = flow->d;
    memset(block.error, 0, (size_t)(chunk->n * d) * sizeof *block.error);
    for (block.which = flow->blocks - 1; block.which >= 0; block.which--) {
        if (block.which + 1 < flow->blocks) {
            flip(chunk->x, chunk->n, d);
            flip(block.error, chunk->n, d);
        }
        solve_rows(&block);
        estimate_errors(&block);
        for (int64_t i = 0; i < chunk->n * d; i++)
            chunk->row[i / d].logdet += block.log_diagonal[i];
    }
    base_judge(flow, chunk, block.error);
}

const struct base_kind base_kind_bnaf = {
    .word = WORD_base_bnaf,
    .kernel = "block",
    .names = {.in = {"x"}, .out = {"y", "log_diagonal"}},
    .room = bnaf_room,
    .state_bytes = sizeof(struct search),
    .single_tolerance = 1e-5,
    .forward = base_apply,
    .inverse = bnaf_inverse,
};
