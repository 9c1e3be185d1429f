/* SPDX-License-Identifier: MIT
 *
 * Ordinary differential equations by explicit Runge-Kutta steps, as programs: dx/dt = v(x, t), and integrals
 * along the way. Takes the velocity as a function that builds IR, gives loops over time steps and stages.
 * Knows no flow. */
#ifndef GPFC_ODE_H
#define GPFC_ODE_H

#include "ir/ir.h"
#include "model/model.h"

/* ---- a loop that is being put together ----------------------------------------------------------------- */

enum { ODE_MAX_OPERANDS = 192 };
struct ode_loop {
    struct ir_steps steps; /* n_stack and n_sum are counted by who adds the body's outputs */
    int n;
    const struct ir_node *operands[ODE_MAX_OPERANDS]; /* in the order that ir_steps wants */
};

struct ode_loop ode_loop_new(struct arena *arena, const char *name, int count);
/* Carries first, then sequences, then captures. Gives the input of the loop's body. */
const struct ir_node *ode_loop_input(struct ode_loop *loop, const char *name, enum ir_role role,
                                     enum ir_rate rate, const struct ir_node *operand);
const struct ir_node *ode_loop_close(struct ir_graph *graph, const struct ode_loop *loop);

/* ---- velocities and steps ------------------------------------------------------------------------------ */

enum { ODE_MAX_INTEGRANDS = 4 };
struct ode_rates {
    const struct ir_node *v; /* [d] dx/dt */
    int n;
    const struct ir_node *integrand[ODE_MAX_INTEGRANDS]; /* [] each, integrated over t */
};

/* A velocity and the arrays that it reads, so that loops can capture them. */
struct ode_field {
    struct ode_rates (*evaluate)(struct ir_graph *graph, const struct ode_field *field,
                                 const struct ir_node *x, const struct ir_node *t);
    const void *data; /* the maker's own */
    int n;
    const struct ir_node *const *array;
    const char *const *name; /* of the captures */
};

/* The same field within the loop's body. */
struct ode_field ode_capture(struct ode_loop *loop, const struct ode_field *field);

/* factor * unit: a step's length. */
struct ode_length {
    double factor;
    const struct ir_node *unit; /* [] uniform; NULL: 1 */
};

/* The error of a walk falls with this power of the number of steps. */
int ode_order(enum model_integrator integrator);

/* One step of length dt from x [d] at t []: what is added to x, in `v`, and to the integrals. A loop over the
 * stages, so that the velocity's program stands once in the text, however many they are. */
struct ode_rates ode_step(struct ir_graph *graph, enum model_integrator integrator, struct ode_length dt,
                          const struct ode_field *field, const struct ir_node *x, const struct ir_node *t);

/* The same step where the rates at its start, `first`, are wanted for something else too: the first stage
 * stands before the loop over the others, so that both are one computation. */
struct ode_rates ode_step_after(struct ir_graph *graph, enum model_integrator integrator,
                                struct ode_length dt, const struct ode_field *field, const struct ir_node *x,
                                const struct ir_node *t, const struct ode_rates *first);

/* t_k [K], the starts of K steps through [0,1]: k/K, or 1 - k/K backwards */
const struct ir_node *ode_times(struct ir_graph *graph, int K, bool inverse);
/* The starts of the first K steps of length dt []: k dt, or 1 - k dt */
const struct ir_node *ode_times_by(struct ir_graph *graph, int K, const struct ir_node *dt, bool inverse);

/* From t = 0 to 1 in K steps: x at the end, in `v`, and the integrals. */
struct ode_rates ode_solve(struct ir_graph *graph, enum model_integrator integrator, int K,
                           const struct ode_field *field, const struct ir_node *x);

#endif
