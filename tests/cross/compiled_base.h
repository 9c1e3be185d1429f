/* SPDX-License-Identifier: MIT
 *
 * A base flow of an oracle file, compiled for this machine in this process, as a trainer's bundle has it. */
#ifndef GPFC_TESTS_COMPILED_BASE_H
#define GPFC_TESTS_COMPILED_BASE_H

#include "cross/compiled.h"
#include "oracle/oracle_file.h"
#include "unit/runtime/kernels/fake_settings.h"

enum { COMPILED_BASE_KERNELS = 16 };

struct compiled_base {
    struct arena *arena;
    struct compiled *compiled[COMPILED_BASE_KERNELS];
    struct gpfc_kernel kernels[COMPILED_BASE_KERNELS];
    struct fake_settings settings;
    struct gpfc_bundle bundle; /* all kernels that use f, none that trains it */
    void *theta;               /* of the file, REAL */
};

/* False: said to stderr. */
bool compiled_base_make(struct compiled_base *out, struct oracle_file *file, enum real real);
void compiled_base_free(struct compiled_base *base); /* what is in it */

#endif
