/* SPDX-License-Identifier: MIT
 *
 * What runners of all devices do alike: they keep in mind what a kernel's ports are bound to, and fill and
 * empty tiles in host memory. Uniform inputs and totals are the device's own affair, except for noise that is
 * drawn once a step. */
#ifndef GPFC_RUNNER_PORTS_H
#define GPFC_RUNNER_PORTS_H

#include "kernels/runner.h"

struct runner_ports {
    const struct gpfc_bundle *bundle;
    const struct gpfc_kernel *kernel;
    int64_t lanes; /* of a tile */
    int weight;    /* the input that is filled here; -1: none */
    int steps;     /* the input that says how many time steps are run; -1: none */
    int64_t steps_run;
    double steps_room; /* room for the same as a REAL */

    const char *in[GPFC_MAX_PORTS];         /* rows of the varying inputs */
    const double *rotation[GPFC_MAX_PORTS]; /* of them; NULL: none */
    void *out[GPFC_MAX_PORTS];              /* rows of the varying outputs; NULL: not wanted */
    const uint32_t *order;
    int64_t first; /* row of the inputs that a call begins with, where there is no order */
    uint64_t noise_seed, noise_stream, noise_first;

    char *step_noise; /* the NOISE_STEP ports' values, port by port */
    size_t step_noise_at[GPFC_MAX_PORTS];
};

/* Fault: no such kernel, or no memory. In any case runner_ports_free is to follow. */
bool runner_ports_init(struct runner_ports *out, const struct gpfc_bundle *bundle, const char *kernel,
                       int64_t lanes, struct fault *fault) MUST_CHECK;
void runner_ports_free(struct runner_ports *ports); /* what is in it; a zeroed one is allowed */

/* The input or output of that name, if it has that role; else -1. */
int runner_port_in(const struct runner_ports *ports, const char *name, enum gpfc_role role);
int runner_port_out(const struct runner_ports *ports, const char *name, enum gpfc_role role);

/* See the functions of runner.h. */
void runner_ports_steps(struct runner_ports *ports, int64_t steps);
void runner_ports_input(struct runner_ports *ports, const char *name, const struct runner_rows *rows);
void runner_ports_output(struct runner_ports *ports, const char *name, void *rows);
void runner_ports_order(struct runner_ports *ports, const uint32_t *order, int64_t first);
void runner_ports_noise(struct runner_ports *ports, uint64_t seed, uint64_t stream, uint64_t first);
double runner_ports_flop(const struct runner_ports *ports);
double runner_ports_useful_flop(const struct runner_ports *ports);

/* ---- tiles of a call of n rows ------------------------------------------------------------------------- */

int64_t runner_ports_tiles(const struct runner_ports *ports, int64_t n);

/* A tile of each varying input, [elements][lanes]. Empty lanes repeat the last row, with weight 0; beyond the
 * last tile all lanes are such. */
void runner_ports_fill(const struct runner_ports *ports, int64_t n, int64_t tile, void *const in[]);
/* The rows of that tile will be read soon. */
void runner_ports_expect(const struct runner_ports *ports, int64_t n, int64_t tile);
/* Those of the varying outputs that are wanted go to their rows. */
void runner_ports_spread(const struct runner_ports *ports, int64_t n, int64_t tile, void *const out[]);
/* Numbers of the NOISE_STEP ports, for the next call. */
void runner_ports_draw(const struct runner_ports *ports);

#endif
