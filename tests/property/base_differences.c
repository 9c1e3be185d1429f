/* SPDX-License-Identifier: MIT
 *
 * Derivatives of a base flow by central differences of its kernels, through the interpreter. */
#include "property/base_differences.h"

#include "check.h"

#include <math.h>

/* Output "y" of the kernel at x + delta e_j for each j, then at x - delta e_j: [2d][d]. */
static const double *shifted(struct base_fixture *fixture, const struct ir_graph *graph, const double *x,
                             double delta)
{
    const int d = fixture->base.d;
    double *points = base_fixture_filled(fixture, 2L * d * d, 0.0);
    for (int j = 0; j < 2 * d; j++) {
        for (int i = 0; i < d; i++)
            points[j * d + i] = x[i] + (i == j % d ? (j < d ? delta : -delta) : 0.0);
    }
    struct bindings bindings = base_fixture_inputs(fixture, 2 * d);
    bind(&bindings, "x", points);
    return output_of(graph, base_fixture_run(graph, 2 * d, &bindings), "y");
}

double *base_jacobian(struct base_fixture *fixture, const struct ir_graph *graph, const double *x)
{
    const int d = fixture->base.d;
    const double delta = 1e-5, *y = shifted(fixture, graph, x, delta);
    double *jacobian = base_fixture_filled(fixture, (long)d * d, 0.0);
    for (int i = 0; i < d; i++) {
        for (int j = 0; j < d; j++)
            jacobian[i * d + j] = (y[j * d + i] - y[(d + j) * d + i]) / (2.0 * delta);
    }
    return jacobian;
}

void base_compare_gradients(struct base_model base, uint64_t seed)
{
    struct base_fixture fixture = base_fixture_new(base, seed);
    const int batch = 3;
    const struct bindings bindings = base_fixture_inputs(&fixture, batch);
    const struct ir_graph *loss = base_fixture_kernel(&fixture, "loss");
    const struct ir_graph *train =
        baseflow_train(fixture.arena, &fixture.base, seed % 2 ? DIFF_KEEP_STATE : DIFF_KEEP_ALL);
    double *const *out = base_fixture_run(train, batch, &bindings);
    for (int p = 0; p < fixture.base.n_parameters; p++) {
        const struct base_parameter *row = &fixture.base.parameters[p];
        const long n = (long)row->shape[0] * (row->rank == 2 ? row->shape[1] : 1);
        const double *gradient = output_of(train, out, arena_printf(fixture.arena, "grad.%s", row->name));
        const double *direction = base_fixture_normal(&fixture, n), delta = 1e-5;
        double want[2], slope = 0.0, size = 1.0;
        for (int side = 0; side < 2; side++) {
            for (long i = 0; i < n; i++)
                fixture.theta[row->offset + i] += (side ? -2.0 : 1.0) * delta * direction[i];
            want[side] = *output_of(loss, base_fixture_run(loss, batch, &bindings), "loss");
        }
        for (long i = 0; i < n; i++) {
            fixture.theta[row->offset + i] += delta * direction[i];
            slope += gradient[i] * direction[i];
            size += fabs(gradient[i] * direction[i]);
        }
        CU_ASSERT_DOUBLE_EQUAL(slope, (want[0] - want[1]) / (2.0 * delta), 1e-7 * size);
    }
    base_fixture_free(&fixture);
}
