/* SPDX-License-Identifier: MIT
 *
 * The inverse of BNAF. A block's Jacobian is lower triangular with a positive diagonal, so y_i, given x_1 ..
 * x_(i-1), is an increasing function of x_i only: coordinates are solved for one after another by Newton's
 * method, kept between bounds found on the way. Rows do not wait for each other: in one call of the kernel
 * each is at a coordinate of its own.
 *
 * With base.tail: linear every y has an x. A last block with a bounded tail has a bounded range. */
#include "base/base_flow_parts.h"

#include <math.h>
#include <string.h>

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
};

static int64_t bnaf_room(int64_t d)
{
    return 3 * d;
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
                          .log_diagonal = room + 2 * size};
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
static double search_next(const struct base_compiled *flow, struct search *s, double x, double newton)
{
    const double length = fabs(newton);
    const bool shorter = length <= 0.5 * s->step;
    if (isfinite(s->low) && isfinite(s->high))
        return shorter && x + newton > s->low && x + newton < s->high ? x + newton : 0.5 * (s->low + s->high);
    const double from = isfinite(s->low) ? s->low : s->high, side = isfinite(s->low) ? 1 : -1;
    const double to = from + side * (shorter ? fmin(length, s->reach) : s->reach);
    s->reach *= 2;
    return fmax(-flow->farthest, fmin(flow->farthest, to));
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
    const double next = base_round(flow, search_next(flow, s, here, newton));
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

/* Of a coordinate whose search is over: what keeps it from the target. */
static enum row_reason what_ended(const struct search *s, double noise)
{
    if (s->residual <= noise)
        return ROW_GOOD;
    if (s->turns >= MOST_TURNS)
        return ROW_NOT_CONVERGED;
    return isfinite(s->low) && isfinite(s->high) ? ROW_PRECISION : ROW_OUT_OF_RANGE;
}

/* True: the row's last coordinate is done, and y and log_diagonal belong to its x. */
static bool advance(void *data, int64_t row)
{
    const struct block *block = data;
    const struct base_compiled *flow = block->flow;
    const int64_t d = flow->d, at = row * d;
    struct search *s = &block->search[row];
    for (;;) {
        const int64_t i = at + s->coordinate;
        const double noise = base_noise(flow, block->target[i]);
        if (!search_turn(flow, s, &block->chunk->x[i], block->y[i] - block->target[i], block->log_diagonal[i],
                         noise))
            return false;
        base_note(&block->chunk->row[row], what_ended(s, noise));
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
    for (block.which = flow->blocks - 1; block.which >= 0; block.which--) {
        if (block.which + 1 < flow->blocks)
            flip(chunk->x, chunk->n, d);
        solve_rows(&block);
        for (int64_t i = 0; i < chunk->n * d; i++)
            chunk->row[i / d].logdet += block.log_diagonal[i];
    }
}

const struct base_kind base_kind_bnaf = {
    .word = WORD_base_bnaf,
    .kernel = "block",
    .names = {.in = {"x"}, .out = {"y", "log_diagonal"}},
    .room = bnaf_room,
    .state_bytes = sizeof(struct search),
    .single_tolerance = 1e-5,
    .leeway = 1,
    .forward = base_apply,
    .inverse = bnaf_inverse,
};
