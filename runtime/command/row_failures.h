/* SPDX-License-Identifier: MIT
 *
 * What becomes of rows that fail, in all commands that map rows: they are counted by reason, listed in a
 * file, replaced by NaN, an error at the end. */
#ifndef GPFC_ROW_FAILURES_H
#define GPFC_ROW_FAILURES_H

#include "base/row_reason.h"
#include "command/command.h"
#include "files/safe_file.h"

struct row_failures {
    const struct command_options *options; /* report, nan, strict */
    struct safe_file *report;              /* NULL: not wanted */
    unsigned char *reason;                 /* [most] of the block at hand, enum row_reason */
    double *error;                         /* [most] */
    int64_t rows, failed;
    int64_t count[ROW_REASONS];
    double error_max; /* of the rows that did not fail */
};

bool row_failures_open(struct row_failures *out, const struct command_options *options, int64_t most,
                       struct fault *fault) MUST_CHECK;
void row_failures_close(struct row_failures *failures); /* a zeroed one is allowed */

/* The block's rows are counted and listed. */
bool row_failures_take(struct row_failures *failures, int64_t n, struct fault *fault) MUST_CHECK;

/* Where NaN is wanted, those rows of x [n][columns] that failed become it. precision: of x. */
void row_failures_clear(const struct row_failures *failures, void *x, int64_t n, int64_t columns,
                        int64_t precision);

/* All rows are through, and the results are in place: the list is, too, and what failed is printed. False
 * with a fault where --strict makes that an error. */
bool row_failures_end(struct row_failures *failures, const struct command_context *context,
                      struct fault *fault) MUST_CHECK;

#endif
