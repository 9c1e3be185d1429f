/* SPDX-License-Identifier: MIT
 *
 * Rows of the ABI that follow from a program: its ports with their roles, and the kernel around them. */
#include "bundle/bundle.h"

#include <string.h>

int bundle_input_role(const struct ir_node *input)
{
    switch (input->input.role) {
    case IR_PARAMETER:
        return GPFC_IN_PARAMETER;
    case IR_NOISE:
        return input->rate == IR_VARYING ? GPFC_IN_NOISE : GPFC_IN_NOISE_STEP;
    case IR_SETTING:
    case IR_SAMPLE:
    case IR_CARRY:
    case IR_SEQUENCE:
    case IR_CAPTURE:
    case IR_ROLE_COUNT:
        break;
    }
    return input->rate == IR_VARYING ? GPFC_IN_SAMPLE : GPFC_IN_SETTING;
}

static struct gpfc_port port(const char *name, int role, struct ir_shape shape)
{
    struct gpfc_port row = {.name = name, .role = role, .elements = ir_elements(shape), .rank = shape.rank};
    for (int axis = 0; axis < shape.rank; axis++)
        row.shape[axis] = shape.size[axis];
    return row;
}

struct gpfc_port bundle_input_port(const struct ir_graph *graph, int i)
{
    const struct ir_node *input = graph->inputs[i];
    return port(input->input.name, bundle_input_role(input), input->shape);
}

struct gpfc_port bundle_output_port(const struct ir_graph *graph, int o)
{
    const struct ir_node *value = graph->outputs[o].value;
    return port(graph->outputs[o].name, value->rate == IR_VARYING ? GPFC_OUT_SAMPLE : GPFC_OUT_TOTAL,
                value->shape);
}

struct gpfc_kernel bundle_kernel_row(const struct bundle_kernel *kernel, const char *prefix)
{
    return (struct gpfc_kernel){.name = kernel->name + strlen(prefix),
                                .n_in = kernel->graph->n_inputs,
                                .n_out = kernel->graph->n_outputs,
                                .flop_per_sample = kernel->flop_per_sample,
                                .useful_flop_per_sample = kernel->useful_flop_per_sample,
                                .cuda = kernel->cuda};
}

struct gpfc_bundle bundle_row(const struct bundle *bundle)
{
    struct gpfc_bundle row = bundle->row;
    row.n_kernels = bundle->kernels.end - bundle->kernels.first;
    row.base = bundle->base ? &bundle->base->row : NULL;
    return row;
}
