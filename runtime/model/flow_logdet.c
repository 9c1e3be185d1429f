/* SPDX-License-Identifier: MIT
 *
 * log |det ds/dy| of rows, by the Jacobian of s as its time steps make it. */
#include "model/flow.h"
#include "numbers/factors.h"
#include "numbers/rows.h"

enum { MATRIX_ELEMENTS = 1 << 20 };

bool flow_want_logdet(struct gpfc_flow *flow, enum flow_part part, struct fault *fault)
{
    const int64_t d = flow->bundle->dimension, most = MATRIX_ELEMENTS / (d * d);
    const struct device device = device_cpu(flow->threads);
    if (part == FLOW_PART_BASE) /* f's are there anyway */
        return true;
    flow->jacobian_rows = most < 1 ? 1 : most > flow->block ? flow->block : most;
    if (!runner_new(&flow->jacobian, &device, flow->bundle, "jacobian", flow->jacobian_rows, fault) ||
        !fault_calloc(fault, &flow->matrix, (size_t)(flow->jacobian_rows * d * d),
                      (size_t)flow->bundle->precision, "a flow") ||
        !fault_calloc(fault, (void **)&flow->work, (size_t)(d * d), sizeof *flow->work, "a flow"))
        return false;
    runner_steps(flow->jacobian, weights_time_steps(flow->bundle, flow->weights.time_steps));
    runner_parameters(flow->jacobian, flow->weights.theta);
    runner_output(flow->jacobian, "jacobian", flow->matrix);
    return true;
}

void flow_add_logdet(struct gpfc_flow *flow, const void *y, int64_t n)
{
    const int64_t d = flow->bundle->dimension, precision = flow->bundle->precision;
    for (int64_t first = 0; first < n; first += flow->jacobian_rows) {
        const int64_t rows = n - first < flow->jacobian_rows ? n - first : flow->jacobian_rows;
        const char *const from = (const char *)y + first * d * precision;
        runner_input(flow->jacobian, "y", &(struct runner_rows){.rows = from, .n = rows});
        runner_output(flow->jacobian, "s", NULL);
        runner_go(flow->jacobian, rows);
        for (int64_t row = 0; row < rows; row++) {
            rows_to_double((const char *)flow->matrix + row * d * d * precision, d * d, precision,
                           flow->work);
            flow->outcome.logdet[first + row] += log_abs_det(flow->work, d);
        }
    }
}
