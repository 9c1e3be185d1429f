/* SPDX-License-Identifier: MIT
 *
 * Some of many rows, how many of which there will be nobody knows yet: all, until there is no more room; then
 * each row with the same chance, by its number alone, in their order. */
#ifndef GPFC_ROW_SAMPLE_H
#define GPFC_ROW_SAMPLE_H

#include "ground/fault.h"

#include <stdint.h>

struct row_sample {
    int64_t width, most; /* numbers of a row; rows that there is room for at the most */
    int64_t n, room;
    double *rows;     /* [n][width] */
    int64_t *numbers; /* [n] which rows these are, from 0 */
    double *weights;  /* [n] theirs */
    int halvings;     /* a row is kept with the chance 2^-halvings */
};

bool row_sample_add(struct row_sample *sample, const double *row, int64_t number, double weight,
                    struct fault *fault) MUST_CHECK;
void row_sample_free(struct row_sample *sample); /* a zeroed one is allowed */

#endif
