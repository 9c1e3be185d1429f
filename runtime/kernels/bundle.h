/* SPDX-License-Identifier: MIT
 *
 * Examines a bundle: can this runtime and this machine run it, and where are its kernels and ports? */
#ifndef GPFC_BUNDLE_H
#define GPFC_BUNDLE_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

/* ABI version, sizes, presence of the kernels and of all settings: what it says may be read. */
bool bundle_whole(const struct gpfc_bundle *bundle, struct fault *fault) MUST_CHECK;

/* And the processor's features: its kernels may be called. */
bool bundle_check(const struct gpfc_bundle *bundle, struct fault *fault) MUST_CHECK;

/* Does this processor have all of them? `features` is a bundle's list; the fault names the missing ones. */
bool bundle_cpu_fits(const char *features, const char *compiled_for, struct fault *fault) MUST_CHECK;

const struct gpfc_kernel *bundle_kernel(const struct gpfc_bundle *bundle, const char *name); /* NULL: none */

/* Place of a port, -1 where the kernel has none of that name. */
int bundle_input(const struct gpfc_kernel *kernel, const char *name);
int bundle_output(const struct gpfc_kernel *kernel, const char *name);

/* Is the number of time steps an input of the kernels (flow.steps: auto)? */
bool bundle_steps_vary(const struct gpfc_bundle *bundle);

/* NULL: none */
const struct gpfc_parameter *bundle_parameter(const struct gpfc_bundle *bundle, const char *name);
/* Elements of one array of bundle->parameters. */
int64_t bundle_parameter_elements(const struct gpfc_parameter *parameter);

#endif
