/* SPDX-License-Identifier: MIT
 *
 * The midpoint rule; for smooth densities that vanish at the edges it is exact to many digits as soon as the
 * grid resolves them. */
#include "model/density_grid.h"

#include "kernels/runner.h"
#include "numbers/factors.h"
#include "numbers/normal.h"
#include "numbers/rotation.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdlib.h>

enum { D = 2, GRID = 256 /* points a side */, BLOCK = 4096 /* rows */ };

struct grid {
    const struct gpfc_bundle *bundle;
    struct base_flow *base;
    const double *rotation; /* NULL: none */
    struct runner *jacobian;
    double low[D], step[D];
    double *x, *y, *logdet, *s, *matrix; /* [BLOCK] of 2, 2, 1, 2, 4 */
    void *real;                          /* REAL [BLOCK] of y, s and matrix, 2, 2, 4 */
    double before, after;
};

static bool grid_init(struct grid *grid, const void *theta, const struct device *device, struct fault *fault)
{
    const size_t bytes = (size_t)BLOCK * (2 + 2 + 1 + 2 + 4 + 8) * sizeof(double);
    grid->x = malloc(bytes);
    if (!grid->x)
        return fault_memory(fault, bytes, "the grid");
    grid->y = grid->x + BLOCK * D;
    grid->logdet = grid->y + BLOCK * D;
    grid->s = grid->logdet + BLOCK;
    grid->matrix = grid->s + BLOCK * D;
    char *const real = (char *)(grid->matrix + BLOCK * D * D);
    const size_t each = BLOCK * (size_t)grid->bundle->precision;
    grid->real = real;
    if (!runner_new(&grid->jacobian, device, grid->bundle, "jacobian", BLOCK, fault))
        return false;
    runner_parameters(grid->jacobian, theta);
    runner_input(grid->jacobian, "y", &(struct runner_rows){.rows = real, .n = BLOCK});
    runner_output(grid->jacobian, "s", real + D * each);
    runner_output(grid->jacobian, "jacobian", real + 2 * D * each);
    return true;
}

static void find_box(struct grid *grid, const void *x, int64_t n)
{
    for (int k = 0; k < D; k++) {
        double low = INFINITY, high = -INFINITY, value;
        for (int64_t i = 0; i < n; i++) {
            const char *at = (const char *)x + (i * D + k) * grid->bundle->precision;
            rows_to_double(at, 1, grid->bundle->precision, &value);
            low = fmin(low, value);
            high = fmax(high, value);
        }
        const double extent = high > low ? high - low : 1;
        grid->low[k] = low - extent / 2;
        grid->step[k] = 2 * extent / GRID;
    }
}

static void place_points(struct grid *grid, int64_t first)
{
    for (int64_t i = 0; i < BLOCK; i++) {
        grid->x[i * D] = grid->low[0] + ((double)((first + i) / GRID) + 0.5) * grid->step[0];
        grid->x[i * D + 1] = grid->low[1] + ((double)((first + i) % GRID) + 0.5) * grid->step[1];
    }
}

/* y, s and the Jacobian of s of the block, in double. */
static bool map_points(struct grid *grid, struct fault *fault)
{
    const int64_t precision = grid->bundle->precision;
    const size_t each = BLOCK * (size_t)precision;
    if (!base_flow_forward(grid->base, grid->x, BLOCK, grid->y, grid->logdet, NULL, fault))
        return false;
    const double *start = grid->y;
    if (grid->rotation) {
        rotation_turn(D, grid->rotation, false, grid->y, grid->s, BLOCK, sizeof(double));
        start = grid->s;
    }
    rows_from_double(start, BLOCK * D, precision, grid->real);
    if (!runner_go(grid->jacobian, BLOCK, fault))
        return false;
    rows_to_double((char *)grid->real + D * each, BLOCK * D, precision, grid->s);
    rows_to_double((char *)grid->real + 2 * D * each, BLOCK * D * D, precision, grid->matrix);
    return true;
}

static double density(const double *y, double logdet)
{
    return exp(logdet - 0.5 * (y[0] * y[0] + y[1] * y[1]) - 2 * NORMAL_HALF_LOG_2PI);
}

static void add_points(struct grid *grid)
{
    const double area = grid->step[0] * grid->step[1];
    for (int64_t i = 0; i < BLOCK; i++) {
        const double logdet = grid->logdet[i];
        if (isinf(logdet)) /* where f left the numbers: far out, where there is no density */
            continue;
        grid->before += area * density(grid->y + i * D, logdet);
        grid->after += area * density(grid->s + i * D, logdet + log_abs_det(grid->matrix + i * D * D, D));
    }
}

bool density_integrals(double *before, double *after, const struct gpfc_bundle *bundle, const void *theta,
                       const double *rotation, int64_t time_steps, struct base_flow *base, const void *x,
                       int64_t n, const struct device *device, struct fault *fault)
{
    struct grid grid = {.bundle = bundle, .base = base, .rotation = rotation};
    bool good = grid_init(&grid, theta, device, fault);
    if (good) {
        runner_steps(grid.jacobian, time_steps);
        find_box(&grid, x, n);
    }
    for (int64_t first = 0; good && first < GRID * GRID; first += BLOCK) {
        place_points(&grid, first);
        good = map_points(&grid, fault);
        if (good)
            add_points(&grid);
    }
    *before = grid.before;
    *after = grid.after;
    runner_free(grid.jacobian);
    free(grid.x);
    return good;
}
