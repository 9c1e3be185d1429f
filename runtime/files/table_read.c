/* SPDX-License-Identifier: MIT
 *
 * Takes a path and what is wanted of it, gives rows that can be used. */
#include "files/table_columns.h"
#include "files/table_format.h"
#include "files/table_names.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_NUMBERS = 65536 };

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool check_count(const struct table_reader *r, struct fault *fault)
{
    const int64_t needed = r->request.needed;
    if (needed == 0 || r->info.columns == needed)
        return true;
    if (r->request.columns.n > 0)
        return fault_set(fault, FAULT_INPUT, "%s: %" PRId64 " column%s chosen; the dimension is %" PRId64,
                         r->name, r->info.columns, r->info.columns == 1 ? " is" : "s are", needed);
    return r->format->tell_columns(r, fault);
}

static bool make_block(struct table_reader *r, struct fault *fault)
{
    const int64_t columns = r->width > 0 ? r->width : 1;
    r->block_rows = columns < BLOCK_NUMBERS ? BLOCK_NUMBERS / columns : 1;
    return fault_calloc(fault, (void **)&r->block, (size_t)(r->block_rows * columns), sizeof *r->block,
                        "rows") &&
           fault_calloc(fault, (void **)&r->labels, (size_t)r->block_rows, sizeof *r->labels, "labels") &&
           fault_calloc(fault, (void **)&r->places, (size_t)r->block_rows, sizeof *r->places, "rows");
}

static bool open_source(struct table_reader *r, const struct byte_source *source, struct fault *fault)
{
    if (!table_format_find(source, r->name, &r->format, fault)) {
        byte_source_close(source);
        return false;
    }
    r->info.format = r->format->name;
    return r->format->open(r, source, fault) && table_columns_choose(r, fault) && check_count(r, fault) &&
           make_block(r, fault) && r->format->start(r, fault);
}

bool table_open(struct table_reader **out, const struct table_request *request, struct fault *fault)
{
    struct byte_source source;
    struct table_reader *r;
    *out = NULL;
    assert(request->precision == 4 || request->precision == 8);
    if (!table_path_known(request->path, fault) || !byte_source_open(&source, request->path, fault))
        return false;
    if (!fault_calloc(fault, (void **)&r, 1, sizeof *r, "a reader")) {
        byte_source_close(&source);
        return false;
    }
    r->request = *request;
    r->name = byte_source_name(request->path);
    r->info.rows = -1;
    if (open_source(r, &source, fault)) {
        *out = r;
        return true;
    }
    table_close(r);
    return false;
}

void table_close(struct table_reader *r)
{
    if (!r)
        return;
    if (r->state)
        r->format->close(r);
    word_list_free(&r->words);
    free(r->from);
    free(r->chosen);
    free(r->block);
    free(r->labels);
    free(r->places);
    free(r);
}

const struct table_info *table_info(const struct table_reader *r)
{
    return &r->info;
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

enum verdict { ROW_GOOD, ROW_DROPPED, ROW_TOLD };

static enum verdict judge_weight(const struct table_reader *r, int64_t i, struct fault *fault)
{
    const double weight = r->info.weights ? r->block[i * r->width + r->info.columns] : 0;
    char place[300];
    if (!(weight < 0))
        return ROW_GOOD;
    (void)fault_set(fault, FAULT_INPUT, "%s: the weight is %g; weights are not negative",
                    table_place(r, r->places[i], place, sizeof place), weight);
    return ROW_TOLD;
}

/* Row i of the block. */
static enum verdict judge(const struct table_reader *r, int64_t i, struct fault *fault)
{
    const double greatest = r->request.precision == 4 ? (double)FLT_MAX : DBL_MAX;
    const enum table_missing missing = r->request.columns.missing;
    const double *const x = r->block + i * r->width;
    for (int64_t k = 0; k < r->width; k++) {
        if (fabs(x[k]) <= greatest)
            continue;
        const bool finite = isfinite(x[k]);
        if (!finite && missing == TABLE_DROP)
            return ROW_DROPPED;
        if (finite || missing == TABLE_REFUSE) {
            (void)r->format->tell(r, r->places[i], r->from[k], x[k], fault);
            return ROW_TOLD;
        }
    }
    return r->labels[i] == TABLE_NO_LABEL && missing == TABLE_DROP ? ROW_DROPPED : judge_weight(r, i, fault);
}

/* Row i of the block becomes the next one of `rows`. */
static void keep(const struct table_reader *r, int64_t i, struct table_rows *rows)
{
    const int64_t columns = r->info.columns;
    const double *const from = r->block + i * r->width;
    if (r->request.precision == 8)
        memcpy((double *)rows->x + rows->got * columns, from, (size_t)columns * sizeof *from);
    else
        for (int64_t k = 0; k < columns; k++)
            ((float *)rows->x)[rows->got * columns + k] = (float)from[k];
    if (rows->labels)
        rows->labels[rows->got] = r->labels[i];
    if (rows->places)
        rows->places[rows->got] = r->places[i];
    if (rows->weights && r->info.weights)
        rows->weights[rows->got] = from[columns];
    rows->got++;
}

static bool keep_good(struct table_reader *r, int64_t n, struct table_rows *rows, struct fault *fault)
{
    for (int64_t i = 0; i < n; i++)
        switch (judge(r, i, fault)) {
        case ROW_TOLD:
            return false;
        case ROW_DROPPED:
            r->dropped++;
            break;
        case ROW_GOOD:
            keep(r, i, rows);
            break;
        }
    return true;
}

bool table_read(struct table_reader *r, struct table_rows *rows, struct fault *fault)
{
    rows->got = 0;
    while (rows->got < rows->most) {
        const int64_t left = rows->most - rows->got;
        int64_t got;
        if (!r->format->read(r, left < r->block_rows ? left : r->block_rows, &got, fault))
            return false;
        if (got == 0)
            break;
        if (!keep_good(r, got, rows, fault))
            return false;
    }
    return true;
}

int64_t table_dropped(const struct table_reader *r)
{
    return r->dropped;
}

const char *table_word(const struct table_reader *r, int64_t label)
{
    return label >= 0 && label < r->words.n ? r->words.words[label] : NULL;
}

void table_name_row(const struct table_reader *r, int64_t place, char *room, size_t bytes)
{
    (void)snprintf(room, bytes, "%s: row %" PRId64 " (counted from 0)", r->name, place);
}

bool table_label_of(double value, int64_t *out)
{
    static const double most = 9007199254740992; /* 2^53 */
    if (!(fabs(value) <= most && value == floor(value)))
        return false;
    *out = (int64_t)value;
    return true;
}

const char *table_place(const struct table_reader *r, int64_t place, char *room, size_t bytes)
{
    r->format->name_place(r, place, room, bytes);
    return room;
}
