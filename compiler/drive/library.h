/* SPDX-License-Identifier: MIT
 *
 * The C library of a flow: its header and the code around the kernels, from templates/. */
#ifndef GPFC_LIBRARY_H
#define GPFC_LIBRARY_H

#include "model/model.h"

struct library_facts {
    const struct model *model;
    const char *flow; /* one line that says what it is */
    int lanes;
};

/* "moons flow-2" -> "moons_flow_2": what C accepts as a name. */
const char *library_prefix(struct arena *arena, const char *name);
const char *library_header(struct arena *arena, const struct library_facts *facts);
const char *library_code(struct arena *arena, const struct library_facts *facts);
const char *library_abi_header(void);
/* "moons_apply, moons_invert, ..": what the header declares. */
const char *library_functions(struct arena *arena, const struct model *model);

#endif
