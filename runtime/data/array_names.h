/* SPDX-License-Identifier: MIT
 *
 * What the arrays of an .npz are called that belong together, and which of them a file has. Everything that
 * reads such arrays asks here. */
#ifndef GPFC_ARRAY_NAMES_H
#define GPFC_ARRAY_NAMES_H

#include "files/npz.h"

enum part_number { PART_TRAIN, PART_TEST, PART_VALIDATION, PARTS };

/* x, y: the first of these that is there; NULL ends them. */
struct array_names {
    const char *x[3], *y[2], *logdet, *labels, *weights;
};

struct array_plan {
    /* NULL, of the test and of the rows that validate: the file has none. That of the training is never NULL,
       and all of the rows where the others are. */
    const struct array_names *of[PARTS];
};

/* npz NULL: a file that is x, and perhaps one that is y. */
struct array_plan array_plan_of(struct npz *npz);

/* Does the file say which rows are for what? */
bool array_plan_is_split(const struct array_plan *plan);

#endif
