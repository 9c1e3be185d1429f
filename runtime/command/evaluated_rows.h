/* SPDX-License-Identifier: MIT
 *
 * A file with a line for each row that a model is measured on. */
#ifndef GPFC_EVALUATED_ROWS_H
#define GPFC_EVALUATED_ROWS_H

#include "data/samples.h"
#include "files/table.h"
#include "model/evaluate.h"

struct row_file {
    const struct gpfc_bundle *bundle;
    const struct part *part;         /* that is measured */
    const struct standard *standard; /* of its x; d = 0: none */
    struct base_flow *base;          /* NULL: there are no likelihoods */
    struct table_writer *out;
    char **names; /* [columns] */
    int64_t columns;
    double *x, *y, *logdet; /* of a block: [n][d], [n][d], [n] */
    double *line;           /* [columns] */
};

/* All but the first four fields, which are given, is made here. */
bool row_file_open(struct row_file *file, const char *path, struct fault *fault) MUST_CHECK;
/* An evaluation_take. */
bool row_file_take(void *file, const struct evaluation_block *block, struct fault *fault) MUST_CHECK;
bool row_file_commit(struct row_file *file, struct fault *fault) MUST_CHECK;
void row_file_close(struct row_file *file); /* a zeroed one is allowed */

#endif
