/* SPDX-License-Identifier: MIT
 *
 * What is known of the processor that kernels are compiled for: plain data, the same for the same processor whenever it is
 * asked. Knows no programs and no code generator. */
#ifndef GPFC_MACHINE_H
#define GPFC_MACHINE_H

#include "base/base.h"

struct machine {
    char name[64];   /* as LLVM knows it: "znver3" */
    int vector_bits; /* of one vector register: 512, 256 or 128 */
    int registers;   /* vector registers */
    bool has_fma;
};

#endif
