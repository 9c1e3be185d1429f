/* SPDX-License-Identifier: MIT
 *
 * What a trainer carries besides its code, as every backend prints it: the rows of kernel_abi.h themselves,
 * with what only a backend knows left empty. The order of their fields stands in bundle_fields.def, from
 * which each printer writes a row. */
#ifndef GPFC_BUNDLE_ROWS_H
#define GPFC_BUNDLE_ROWS_H

#include "gpfc/kernel_abi.h"
#include "ir/ir.h"

struct plan;

/* A kernel on its way to code, named as its program. */
struct bundle_kernel {
    const char *name;
    const struct ir_graph *graph; /* after the passes; its inputs and outputs are the kernel's ports */
    const struct plan *plan;      /* of the same graph; NULL for a backend that plans nothing */
    double flop_per_sample, useful_flop_per_sample;
    bool clocked;                        /* it counts the time of its nests */
    const struct gpfc_cuda_kernel *cuda; /* the same for GPUs; NULL: none */
};

/* Kernels first .. end-1 of a list. */
struct bundle_part {
    int first, end;
};

struct bundle {
    struct gpfc_bundle row;     /* without kernels and base */
    struct bundle_part kernels; /* its own, of the list that a backend gets */
    const char *prefix;         /* of their names there, which their names in the bundle lack: "", "base_" */
    const struct bundle *base;  /* NULL: none */
};

/* ---- rows that follow from programs -------------------------------------------------------------------- */

/* enum gpfc_role of a kernel's input. */
int bundle_input_role(const struct ir_node *input);

struct gpfc_port bundle_input_port(const struct ir_graph *graph, int i);
struct gpfc_port bundle_output_port(const struct ir_graph *graph, int o);

/* Without what a backend makes of it: ports, memory and functions. */
struct gpfc_kernel bundle_kernel_row(const struct bundle_kernel *kernel, const char *prefix);

/* Complete but for the table of kernels. */
struct gpfc_bundle bundle_row(const struct bundle *bundle);

#endif
