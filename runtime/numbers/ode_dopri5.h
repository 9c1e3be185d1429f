/* SPDX-License-Identifier: MIT
 *
 * dx/dt = v(t, x) for many rows x at once by the pair of orders 5 and 4 of Dormand and Prince (1980): every
 * row has its own time and its own steps, so that its result depends only on itself, and rows that have
 * arrived cost nothing more. Knows no flows. */
#ifndef GPFC_ODE_DOPRI5_H
#define GPFC_ODE_DOPRI5_H

#include <stdbool.h>
#include <stdint.h>

/* The velocity of rows order[0] .. order[n-1]: t [row], x [row][m] -> v [row][m]. */
typedef void ode_velocity(void *data, const uint32_t *order, int64_t n, const double *t, const double *x,
                          double *v);

struct ode_problem {
    int64_t m;         /* numbers of a row */
    double start, end; /* end may be before start */
    double tolerance;  /* of a step's error in x_i, times 1 + |x_i| */
    int64_t most_steps;
    ode_velocity *velocity;
    void *data;
};

struct ode_row { /* of one row; the caller reads the last three */
    double t, h, scaled_before;
    double error;        /* the steps' estimated errors, the largest of each, added up */
    int64_t evaluations; /* of the velocity */
    bool
        failed; /* stopped before the end: too many steps, too small ones, or a velocity that is not finite */
};

/* Doubles a row that ode_dopri5 needs in `room`. */
int64_t ode_room(int64_t m);

/* x [n][m] becomes x at the end; where a row failed, the last that was reached, which is finite. rows [n] is
 * written whole. order [n], room [n * ode_room(m)]: work space. */
void ode_dopri5(const struct ode_problem *problem, double *x, int64_t n, struct ode_row *rows,
                uint32_t *order, double *room);

#endif
