/* SPDX-License-Identifier: MIT
 *
 * What the files of the samples share. Only for samples*.c. */
#ifndef GPFC_SAMPLES_PARTS_H
#define GPFC_SAMPLES_PARTS_H

#include "data/samples.h"

/* How many of n rows are for the test; at least one is left for training. */
int64_t samples_test_rows(int64_t n, double share);

/* Room for n rows of row_bytes; NULL, with a fault, if there is none. */
void *samples_room(int64_t n, size_t row_bytes, struct fault *fault) MUST_CHECK;

/* Is x to be standardised? Then it is read in double, so that a mean that is large beside the deviation costs
 * no digits. */
bool samples_standardised(const struct samples_request *request, bool has_y);

/* All that request->file has, split; x as it stands there, in double where it will be standardised. What was
 * made until a fault is in *out. */
bool samples_read_file(struct samples *out, const struct samples_request *request,
                       struct fault *fault) MUST_CHECK;

#endif
