/* SPDX-License-Identifier: MIT
 *
 * Small base flows with random parameters. */
#include "property/base_fixture.h"

#include "property/flow_fixture.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct base_fixture base_fixture_new(struct base_model base, uint64_t seed)
{
    struct base_fixture fixture = {.arena = arena_new(), .base = base, .seed = seed};
    assert(fixture.arena);
    base_model_parameters(fixture.arena, &fixture.base);
    fixture.theta = ARENA_ARRAY(fixture.arena, double, (size_t)fixture.base.n_elements);
    for (int i = 0; i < fixture.base.n_parameters; i++) {
        const struct base_parameter *p = &fixture.base.parameters[i];
        const double scale = p->rank == 2 ? 1.0 / sqrt(p->fan_in) : 0.5;
        for (long e = 0; e < (long)p->shape[0] * (p->rank == 2 ? p->shape[1] : 1); e++)
            fixture.theta[p->offset + e] = scale * draw_normal(&fixture.seed);
    }
    return fixture;
}

void base_fixture_free(struct base_fixture *fixture)
{
    arena_free(fixture->arena);
}

double *base_fixture_normal(struct base_fixture *fixture, long n)
{
    return drawn_array(fixture->arena, &fixture->seed, n);
}

double *base_fixture_filled(struct base_fixture *fixture, long n, double value)
{
    return filled_array(fixture->arena, n, value);
}

struct ir_graph *base_fixture_kernel(const struct base_fixture *fixture, const char *name)
{
    for (int k = 0; k < baseflow_kernel_count(&fixture->base); k++) {
        struct ir_graph *graph = baseflow_build(fixture->arena, &fixture->base, k);
        if (strcmp(graph->name, name) == 0)
            return graph;
    }
    assert(!"no such kernel");
    return NULL;
}

struct bindings base_fixture_bindings(const struct base_fixture *fixture, const double *theta)
{
    struct bindings bindings = {.n = 0};
    for (int i = 0; i < fixture->base.n_parameters; i++)
        bind(&bindings, fixture->base.parameters[i].name, theta + fixture->base.parameters[i].offset);
    return bindings;
}

struct bindings base_fixture_inputs(struct base_fixture *fixture, int batch)
{
    const long d = fixture->base.d, blocks = fixture->base.blocks;
    struct bindings bindings = base_fixture_bindings(fixture, fixture->theta);
    bind(&bindings, "x", base_fixture_normal(fixture, batch * d));
    bind(&bindings, "t", base_fixture_filled(fixture, batch, 0.4));
    bind(&bindings, "lambda", base_fixture_filled(fixture, 1, 0.7));
    bind(&bindings, "weight", base_fixture_filled(fixture, batch, 1.0 / batch));
    bind(&bindings, "noise", base_fixture_normal(fixture, batch * blocks * d));
    return bindings;
}

struct bindings base_fixture_all_signs(struct base_fixture *fixture)
{
    const int d = fixture->base.d, batch = 1 << d;
    const double *x = base_fixture_normal(fixture, d);
    double *points = base_fixture_filled(fixture, (long)batch * d, 0.0);
    double *noise = base_fixture_filled(fixture, (long)batch * d, 0.0);
    for (int i = 0; i < batch * d; i++) {
        points[i] = x[i % d];
        noise[i] = (i / d >> i % d & 1) ? 0.3 + i : -0.2 * (1 + i); /* only the sign counts */
    }
    struct bindings bindings = base_fixture_inputs(fixture, batch);
    bind(&bindings, "x", points);
    bind(&bindings, "noise", noise);
    return bindings;
}

double **base_fixture_run(const struct ir_graph *graph, int batch, const struct bindings *bindings)
{
    double **out = evaluate_bound(graph, batch, bindings, evaluate_by_interpreter, NULL);
    assert(out);
    return out;
}
