/* SPDX-License-Identifier: MIT
 *
 * Base flows written by hand, as bundles that obey kernel_abi.h: maps whose inverse, log-determinant or
 * limits are known, for tests of the runtime without the compiler. */
#ifndef GPFC_FAKE_BASE_H
#define GPFC_FAKE_BASE_H

#include "unit/runtime/kernels/fake_settings.h"

enum fake_base_kind {
    FAKE_BNAF_SMOOTH,     /* d = 3, two blocks with the flip between; unbounded */
    FAKE_BNAF_FLAT,       /* d = 2, y_1 = 4 tanh x_1, y_2 = 4 tanh(x_2 + x_1): flat far out, and bounded */
    FAKE_BNAF_STEPS,      /* d = 2, nearly flat, then steep: plain Newton's method does not converge */
    FAKE_BNAF_LINEAR,     /* d = 2, log_diagonal is the same for all rows, a total of the kernel */
    FAKE_BNAF_BROKEN,     /* d = 2, no number where x_1 > 0.5 */
    FAKE_BNAF_TAIL,       /* d = 2, as FLAT; (x_1, 3 - 5 x_2) reaches the arms, which are not there */
    FAKE_FFJORD_PLAIN,    /* d = 2, two CNFs: a rotation that grows, then dx/dt = 2 t x */
    FAKE_FFJORD_BLOWS_UP, /* d = 2, one CNF: dx_i/dt = x_i^2, which is infinite at t = 1/x */
    FAKE_CP_FLOW_EXTENT, /* d = 2, y = x; (x_1, 2 x_2) reaches the block, which has made (3 x_1, x_2) of it */
    FAKE_CP_FLOW,        /* d = 2, two blocks, three ActNorms: x + 3 sum_k sg(w_k x) w_k, some w_k large */
    FAKE_BNAF_OVERFLOWS, /* these three: what finite but too large weights do; no result is finite */
    FAKE_FFJORD_OVERFLOWS,
    FAKE_CP_FLOW_OVERFLOWS, /* y = x with an infinite Hessian */
    FAKE_BASES
};

enum { FAKE_BASE_D = 3, FAKE_BASE_PORTS = 16, FAKE_BASE_KERNELS = 4, FAKE_BASE_THETA = 24 };

struct fake_base {
    struct gpfc_bundle bundle;
    struct gpfc_parameter parameters[FAKE_BASE_PORTS];
    struct gpfc_kernel kernels[FAKE_BASE_KERNELS];
    struct gpfc_port in[FAKE_BASE_KERNELS][FAKE_BASE_PORTS], out[FAKE_BASE_KERNELS][FAKE_BASE_PORTS];
    struct fake_settings settings;
    double theta_double[FAKE_BASE_THETA];
    float theta_single[FAKE_BASE_THETA];
    void *theta; /* one of them, as the precision is */
};

/* The bundle points into *fake. precision: 4 or 8. */
void fake_base_make(struct fake_base *fake, enum fake_base_kind kind, int precision);

#endif
