/* SPDX-License-Identifier: MIT
 *
 * The caches of the machine at hand. */
#ifndef GPFC_MACHINE_CACHES_H
#define GPFC_MACHINE_CACHES_H

#include "target/machine.h"

/* Replaces the sizes that the machine reports; the others stay. */
void machine_caches(struct machine *machine);

#endif
