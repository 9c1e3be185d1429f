/* SPDX-License-Identifier: MIT */
#include "fuzz/read_table.h"

#include "files/table.h"
#include "fuzz/fuzz.h"
#include "fuzz/memory_file.h"
#include "numbers/rows.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_NUMBERS = 64 };

/* How a table is asked for, and the name of its file; NULL: none, so that its bytes tell its kind. */
static const char *const names[] = {NULL, "a.tsv", "a.txt", NULL, "a.csv", NULL, "a.tsv"};
static const struct table_request requests[] = {
    {.needed = 1, .precision = 4},
    {.needed = 2, .precision = 8},
    {.precision = 8, .columns = {.missing = TABLE_DROP}},
    {.precision = 4, .columns = {.missing = TABLE_KEEP, .label = "1"}},
    {.precision = 8, .columns = {.missing = TABLE_DROP, .names = (const char *const[]){"b", "1"}, .n = 2}},
    {.needed = 1,
     .precision = 8,
     .weights = "weights",
     .columns = {.missing = TABLE_DROP, .weights = "2", .label = "c", .loose_label = true}},
    {.needed = 2,
     .precision = 4,
     .weights = "weights",
     .columns = {.weights = "w",
                 .names = (const char *const[]){"a", "b"},
                 .n = 2,
                 .loose_columns = true,
                 .loose_weights = true}},
};
_Static_assert(sizeof names / sizeof names[0] == sizeof requests / sizeof requests[0], "a name for each");

static bool read_all(struct table_reader *reader, const struct table_request *request, struct fault *fault)
{
    double x[MOST_NUMBERS], weights[MOST_NUMBERS];
    int64_t labels[MOST_NUMBERS], places[MOST_NUMBERS], columns = table_info(reader)->columns;
    if (columns < 1 || columns > MOST_NUMBERS)
        return true;
    struct table_rows rows = {
        .most = MOST_NUMBERS / columns, .x = x, .labels = labels, .places = places, .weights = weights};
    char room[64];
    do {
        if (!table_read(reader, &rows, fault))
            return false;
        for (int64_t i = 0; i < rows.got; i++)
            demand(table_place(reader, places[i], room, sizeof room)[0]);
        for (int64_t i = 0; i < rows.got && table_info(reader)->weights; i++)
            demand(weights[i] >= 0 && weights[i] <= DBL_MAX);
        for (int64_t i = 0; i < rows.got * columns; i++)
            demand(request->columns.missing == TABLE_KEEP ||
                   fabs(rows_number(x, i, request->precision)) <= DBL_MAX);
    } while (rows.got > 0);
    return true;
}

static void load(const char *path, const struct table_request *how)
{
    struct table_request request = *how;
    struct fault fault = {.exit_code = 0};
    struct table_reader *reader;
    static const char *const arrays[] = {"x", "samples", NULL};
    request.path = path;
    request.arrays = arrays;
    const bool good = table_open(&reader, &request, &fault) && read_all(reader, &request, &fault);
    demand(good || (fault.text[0] && fault.exit_code != 0));
    table_close(reader);
}

void read_table(const uint8_t *data, size_t size)
{
    const char *const path = memory_file(data, size);
    if (!path)
        return;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const char *const named = names[i] ? memory_file_named(names[i]) : path;
        if (named)
            load(named, &requests[i]);
    }
}
