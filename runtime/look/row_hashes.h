/* SPDX-License-Identifier: MIT
 *
 * Rows that equal each other, by a word of 64 bits for each: of 10^7 different rows, two share a word once in
 * 10^5 files. */
#ifndef GPFC_ROW_HASHES_H
#define GPFC_ROW_HASHES_H

#include "ground/fault.h"

#include <stdint.h>

struct row_hashes {
    int64_t n, room, most; /* rows from `most` on are not compared */
    uint64_t *words;       /* the lowest bit: it is a test row */
};

struct row_matches {
    int64_t compared, different;   /* rows; how many differ from all before them */
    int64_t in_both;               /* test rows that are training rows, too */
    int64_t repeats[4], leaked[4]; /* the first rows that equal an earlier one; the first of those in both */
    int64_t n_repeats, n_leaked;   /* how many of these are set */
};

bool row_hashes_add(struct row_hashes *hashes, const double *row, int64_t width, bool for_test,
                    struct fault *fault) MUST_CHECK;
/* for_test: [n] of 0 and 1, of the first rows. */
void row_hashes_mark(struct row_hashes *hashes, const unsigned char *for_test, int64_t n);
bool row_hashes_match(const struct row_hashes *hashes, struct row_matches *out,
                      struct fault *fault) MUST_CHECK;
void row_hashes_free(struct row_hashes *hashes); /* a zeroed one is allowed */

#endif
