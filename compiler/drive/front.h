/* SPDX-License-Identifier: MIT
 *
 * The front half of a compile, which needs no options: a file becomes a spec, a model and a target. */
#ifndef GPFC_FRONT_H
#define GPFC_FRONT_H

#include "model/model.h"
#include "spec/spec.h"
#include "target/target.h"

struct front {
    struct source source;
    struct spec spec;
    struct model model;
    enum real real;
    struct target target;
    const char *data_folder; /* absolute; "" where no path of data is relative */
};

/* Each reports its faults to diag. */
enum source_status front_source(struct arena *arena, struct diag *diag, const char *path, size_t limit,
                                struct front *out) MUST_CHECK;
/* The source's spec and the model that it means. */
bool front_spec(struct arena *arena, struct diag *diag, struct front *front) MUST_CHECK;
/* Where a spec's data are looked for that was read from `path`; given: instead of its folder, or NULL. */
void front_find_data(struct arena *arena, struct front *front, const char *path, const char *given);
/* Of this name; NULL: as the spec says, and without a spec the machine at hand. */
bool front_target(struct arena *arena, struct diag *diag, const char *name, struct front *front) MUST_CHECK;

/* All three, for a spec. */
bool front_read(struct arena *arena, struct diag *diag, const char *path, const char *target,
                struct front *out) MUST_CHECK;

enum { FRONT_SPEC_BYTES = 1 << 20, FRONT_IR_BYTES = 1 << 28 };

#endif
