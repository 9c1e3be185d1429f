/* SPDX-License-Identifier: MIT
 *
 * All of a small file, read as a table. */
#ifndef GPFC_TABLE_FIXTURE_H
#define GPFC_TABLE_FIXTURE_H

#include "check.h"
#include "files/table.h"

enum { MOST_ROWS = 64, MOST_COLUMNS = 8 };

struct table { /* all of a file */
    struct table_reader *reader;
    struct table_info info;
    double x[MOST_ROWS * MOST_COLUMNS];
    int64_t labels[MOST_ROWS], places[MOST_ROWS], n;
};

static inline bool read_path(struct table *t, const char *path, const struct table_columns *columns,
                             int64_t needed, struct fault *fault)
{
    static const char *const x_only[] = {"x", NULL};
    const struct table_request request = {
        .path = path, .arrays = x_only, .columns = *columns, .needed = needed, .precision = 8};
    struct table_rows rows = {.most = MOST_ROWS, .x = t->x, .labels = t->labels, .places = t->places};
    fault->exit_code = 0;
    t->n = 0;
    if (!table_open(&t->reader, &request, fault))
        return false;
    t->info = *table_info(t->reader);
    CU_ASSERT_TRUE_FATAL(t->info.columns <= MOST_COLUMNS);
    const bool good = table_read(t->reader, &rows, fault);
    t->n = rows.got;
    return good;
}

#endif
