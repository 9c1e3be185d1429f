/* SPDX-License-Identifier: MIT */
#include "command/evaluated_rows.h"

#include "base/base_flow.h"
#include "numbers/normal.h"
#include "numbers/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const measures[] = {"cost_before", "cost_after", "energy",
                                       "delta",       "nll_before", "nll_after"};
enum { MEASURES = sizeof measures / sizeof measures[0], LIKELIHOODS = 2 };

static bool make_names(struct row_file *file, struct fault *fault)
{
    const int64_t d = file->bundle->dimension;
    const int64_t measured = 3 * d + MEASURES - (file->base ? 0 : LIKELIHOODS);
    file->columns = measured + (file->part->weights != NULL);
    if (!fault_calloc(fault, (void **)&file->names, (size_t)file->columns, sizeof *file->names, "names"))
        return false;
    for (int64_t i = 0; i < file->columns; i++) {
        char name[32];
        if (i < 3 * d)
            (void)snprintf(name, sizeof name, "%c%d", "xys"[i / d], (int)(i % d + 1));
        file->names[i] = strdup(i < 3 * d ? name : i < measured ? measures[i - 3 * d] : "weight");
        if (!file->names[i])
            return fault_memory(fault, sizeof name, "names");
    }
    return true;
}

bool row_file_open(struct row_file *file, const char *path, struct fault *fault)
{
    if (!make_names(file, fault))
        return false;
    return fault_calloc(fault, (void **)&file->line, (size_t)file->columns, sizeof *file->line, "rows") &&
           table_create(&file->out,
                        &(struct table_making){.path = path,
                                               .array = "rows",
                                               .names = (const char *const *)file->names,
                                               .columns = file->columns,
                                               .rows = file->part->n,
                                               .precision = sizeof(double)},
                        fault);
}

/* x in the data's units, and the log-density of each by f. */
static bool read_block(struct row_file *file, const struct evaluation_block *block, struct fault *fault)
{
    const int64_t d = file->bundle->dimension, n = block->n, precision = file->bundle->precision;
    const size_t size = (size_t)(n * d);
    if (!file->x && (!fault_calloc(fault, (void **)&file->x, size, sizeof *file->x, "rows") ||
                     !fault_calloc(fault, (void **)&file->y, size, sizeof *file->y, "rows") ||
                     !fault_calloc(fault, (void **)&file->logdet, (size_t)n, sizeof *file->logdet, "rows")))
        return false;
    rows_to_double((const char *)file->part->x + block->first * d * precision, n * d, precision, file->x);
    if (file->base && !base_flow_forward(file->base, file->x, n, file->y, file->logdet, NULL, fault))
        return false;
    if (file->standard->d > 0)
        standard_undo(file->standard, file->x, n, sizeof(double));
    return true;
}

static double nll_of(const struct row_file *file, int64_t row)
{
    const int64_t d = file->bundle->dimension;
    const double of_z = file->logdet[row] + normal_log_density(file->y + row * d, d, sizeof(double));
    return (file->standard->d > 0 ? standard_log_scale(file->standard) : 0) - of_z;
}

static void fill_line(struct row_file *file, const struct evaluation_block *block, int64_t row)
{
    const int64_t d = file->bundle->dimension, precision = file->bundle->precision;
    double *at = file->line;
    if (file->part->weights)
        at[file->columns - 1] = file->part->weights[block->first + row];
    memcpy(at, file->x + row * d, (size_t)d * sizeof *at);
    rows_to_double((const char *)block->y + row * d * precision, d, precision, at + d);
    rows_to_double((const char *)block->s + row * d * precision, d, precision, at + 2 * d);
    at += 3 * d;
    at[0] = rows_number(block->cost_before, row, precision);
    at[1] = rows_number(block->cost_after, row, precision);
    at[2] = rows_number(block->energy, row, precision);
    at[3] = block->delta[row];
    if (!file->base)
        return;
    at[4] = nll_of(file, row);
    at[5] = at[4] - block->delta[row];
}

bool row_file_take(void *data, const struct evaluation_block *block, struct fault *fault)
{
    struct row_file *file = data;
    if (!read_block(file, block, fault))
        return false;
    for (int64_t row = 0; row < block->n; row++) {
        fill_line(file, block, row);
        if (!table_write(file->out, &(struct table_block){.x = file->line, .rows = 1}, fault))
            return false;
    }
    return true;
}

bool row_file_commit(struct row_file *file, struct fault *fault)
{
    return table_commit(&file->out, fault);
}

void row_file_close(struct row_file *file)
{
    table_abandon(file->out);
    for (int64_t i = 0; file->names && i < file->columns; i++)
        free(file->names[i]);
    free((void *)file->names);
    free(file->x);
    free(file->y);
    free(file->logdet);
    free(file->line);
}
