/* SPDX-License-Identifier: MIT
 *
 * Where rows stand in their file: a row's number, or its line, which differs from the number by what was left
 * out before it. Only changes of the difference are kept. */
#ifndef GPFC_ROW_PLACES_H
#define GPFC_ROW_PLACES_H

#include "ground/fault.h"

#include <stdint.h>

struct row_places { /* zeroed: each row is where its number says */
    int64_t n, room;
    struct place_change {
        int64_t row, difference; /* from this row on, place less row */
    } * changes;
};

/* Rows come in their order, without gaps. */
bool row_places_add(struct row_places *places, int64_t row, int64_t place, struct fault *fault) MUST_CHECK;
int64_t row_places_find(const struct row_places *places, int64_t row);
void row_places_free(struct row_places *places); /* a zeroed one is allowed */

#endif
