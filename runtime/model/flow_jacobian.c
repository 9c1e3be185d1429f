/* SPDX-License-Identifier: MIT
 *
 * The Jacobian ds/dy of rows, as the time steps of s make it, and its log |det|. */
#include "model/flow_parts.h"
#include "numbers/factors.h"
#include "numbers/rows.h"

enum { MATRIX_ELEMENTS = 1 << 20 };

bool flow_jacobian_open(struct gpfc_flow *flow, struct fault *fault)
{
    struct flow_jacobian *const jacobian = &flow->jacobian;
    const int64_t d = flow->bundle->dimension, most = MATRIX_ELEMENTS / (d * d);
    jacobian->rows = most < 1 ? 1 : most > flow->block ? flow->block : most;
    if (!runner_new(&jacobian->runner, &flow->device, flow->bundle, "jacobian", jacobian->rows, fault) ||
        !fault_calloc(fault, &jacobian->matrix, (size_t)(jacobian->rows * d * d),
                      (size_t)flow->bundle->precision, "a flow") ||
        !fault_calloc(fault, (void **)&jacobian->work, (size_t)(d * d), sizeof *jacobian->work, "a flow") ||
        !fault_calloc(fault, (void **)&jacobian->side, (size_t)d, sizeof *jacobian->side, "a flow"))
        return false;
    runner_steps(jacobian->runner, weights_time_steps(flow->bundle, flow->weights.time_steps));
    runner_parameters(jacobian->runner, flow->weights.theta);
    runner_output(jacobian->runner, "jacobian", jacobian->matrix);
    return true;
}

void flow_jacobian_close(struct gpfc_flow *flow)
{
    runner_free(flow->jacobian.runner);
    free(flow->jacobian.matrix);
    free(flow->jacobian.work);
    free(flow->jacobian.side);
}

bool flow_jacobian_go(struct gpfc_flow *flow, const void *y, void *s, int64_t n, struct fault *fault)
{
    runner_input(flow->jacobian.runner, "y", &(struct runner_rows){.rows = y, .n = n});
    runner_output(flow->jacobian.runner, "s", s);
    return runner_go(flow->jacobian.runner, n, fault);
}

double *flow_jacobian_of(const struct gpfc_flow *flow, int64_t row)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    rows_to_double((const char *)flow->jacobian.matrix + row * d * d * precision, d * d, precision,
                   flow->jacobian.work);
    return flow->jacobian.work;
}

bool flow_add_logdet(struct gpfc_flow *flow, const void *y, int64_t n, struct fault *fault)
{
    const int64_t d = flow->bundle->dimension, most = flow->jacobian.rows;
    for (int64_t first = 0; first < n; first += most) {
        const int64_t rows = n - first < most ? n - first : most;
        const void *const from = (const char *)y + first * d * flow->bundle->precision;
        if (!flow_jacobian_go(flow, from, NULL, rows, fault))
            return false;
        for (int64_t row = 0; row < rows; row++)
            flow->outcome.logdet[first + row] += log_abs_det(flow_jacobian_of(flow, row), d);
    }
    return true;
}
