/* SPDX-License-Identifier: MIT
 *
 * What the files of the pairs share. For pairs*.c alone. */
#ifndef GPFC_PAIRS_PARTS_H
#define GPFC_PAIRS_PARTS_H

#include "pairs.h"

/* How many of n rows are for the test; at least one is left for training. */
int64_t pairs_test_rows(int64_t n, double share);

/* Room for x (and y) of n_train and n_test rows. */
bool pairs_make_room(struct pairs *pairs, int64_t n_train, int64_t n_test, struct fault *fault) MUST_CHECK;

/* x, and y and the log-likelihoods where the file has them, from request->file. *has_y: y is there. */
bool pairs_read_file(struct pairs *pairs, const struct pairs_request *request, bool *has_y,
                     struct fault *fault) MUST_CHECK;

#endif
