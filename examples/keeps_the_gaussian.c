/* SPDX-License-Identifier: MIT
 *
 * A C program with a compiled flow of dimension 2 in it, and nothing else but libm:
 *
 *     gpfc specs/eight_gaussians.yaml --emit=library
 *     cc -I. examples/keeps_the_gaussian.c eight_gaussians.a -lm -o keeps_the_gaussian
 *     ./keeps_the_gaussian
 *
 * Shows the point of these flows: whatever the weights are, s keeps N(0, I), that is
 *     log|det ds/dy| = (|s|^2 - |y|^2) / 2
 * but for the time steps' error. Exit 1 where that does not hold, or where the inverse does not lead back. */
#include "eight_gaussians.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 8, PARAMETERS = eight_gaussians_PARAMETERS };

typedef eight_gaussians_real real;

static const double allowed = 1e-3; /* of single precision and 15 steps; both errors are far below */

/* Weights that nobody trained, of about the size of trained ones. */
static void make_weights(real *theta)
{
    unsigned state = 1;
    for (size_t i = 0; i < PARAMETERS; i++) {
        state = state * 1664525u + 1013904223u;
        theta[i] = (real)0.6 * ((real)(state >> 8) / (1 << 24) - (real)0.5);
    }
}

static double density_error(const real *y, const real *s, const real *jacobian)
{
    const double determinant = (double)jacobian[0] * jacobian[3] - (double)jacobian[1] * jacobian[2];
    const double s_squared = (double)s[0] * s[0] + (double)s[1] * s[1];
    const double y_squared = (double)y[0] * y[0] + (double)y[1] * y[1];
    return log(fabs(determinant)) - (s_squared - y_squared) / 2;
}

int main(void)
{
    static real theta[PARAMETERS];
    static real y[POINTS * 2], s[POINTS * 2], back[POINTS * 2], jacobian[POINTS * 4];
    const size_t bytes = eight_gaussians_workspace_bytes();
    void *workspace = aligned_alloc(64, (bytes + 63) / 64 * 64); /* it wants a multiple */
    if (!workspace)
        return EXIT_FAILURE;
    make_weights(theta);
    for (int i = 0; i < POINTS; i++) {
        y[2 * i] = (real)(2 * cos(i));
        y[2 * i + 1] = (real)(0.3 * i - 1);
    }
    eight_gaussians_apply_jacobian(theta, POINTS, y, s, jacobian, workspace);
    eight_gaussians_invert(theta, POINTS, s, back, workspace);
    free(workspace);

    double worst = 0, farthest = 0;
    for (int i = 0; i < POINTS; i++) {
        const double delta = density_error(&y[2 * i], &s[2 * i], &jacobian[4 * i]);
        const double gap = hypot((double)(back[2 * i] - y[2 * i]), (double)(back[2 * i + 1] - y[2 * i + 1]));
        printf("y (%6.3f, %6.3f) -> s (%6.3f, %6.3f)   density error %8.1e   way back %7.1e\n",
               (double)y[2 * i], (double)y[2 * i + 1], (double)s[2 * i], (double)s[2 * i + 1], delta, gap);
        worst = fmax(worst, isfinite(delta) ? fabs(delta) : INFINITY);
        farthest = fmax(farthest, isfinite(gap) ? gap : INFINITY);
    }
    return worst < allowed && farthest < allowed ? EXIT_SUCCESS : EXIT_FAILURE;
}
