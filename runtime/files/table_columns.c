/* SPDX-License-Identifier: MIT */
#include "files/table_columns.h"

#include "ground/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *table_columns_list(const struct table_reader *r, char *room, size_t bytes)
{
    size_t used = 0;
    room[0] = 0;
    for (int64_t i = 0; r->names && i < r->there && used < bytes; i++)
        used += (size_t)snprintf(room + used, bytes - used, "%s%s", i ? ", " : "",
                                 r->names[i][0] ? r->names[i] : "\"\"");
    if (used >= bytes)
        memcpy(room + bytes - 4, "...", 4);
    return room;
}

static const char *besides(const struct table_reader *r)
{
    static const char *const texts[2][2] = {{"", " besides the weights"},
                                            {" besides the labels", " besides labels and weights"}};
    return texts[r->label >= 0][r->weight >= 0];
}

bool table_columns_tell(const struct table_reader *r, const char *why, struct fault *fault)
{
    char list[120];
    return fault_set(
        fault, FAULT_INPUT, "%s: %" PRId64 " column%s%s%s%s%s; the dimension is %" PRId64 "%s%s%s", r->name,
        r->info.columns, plural(r->info.columns), besides(r), r->names ? " (" : "",
        table_columns_list(r, list, sizeof list), r->names ? ")" : "", r->request.needed, why[0] ? "; " : "",
        why, r->info.columns > r->request.needed ? "; choose some: data.columns, --columns" : "");
}

/* ---- one column ---------------------------------------------------------------------------------------- */

static bool tell_missing(const struct table_reader *r, const char *name, struct fault *fault)
{
    char list[200];
    if (r->names)
        return fault_set(fault, FAULT_INPUT, "%s: no column \"%s\"; it has %s", r->name, name,
                         table_columns_list(r, list, sizeof list));
    return fault_set(fault, FAULT_INPUT,
                     "%s: no column \"%s\"; its %" PRId64 " column%s no names, but numbers from 1", r->name,
                     name, r->there, r->there == 1 ? " has" : "s have");
}

/* From 0 on; -1: it is none. */
static int64_t column_number(const struct table_reader *r, const char *name)
{
    char *end;
    errno = 0;
    const long long number = strtoll(name, &end, 10);
    const bool whole = errno == 0 && end != name && *end == 0;
    return whole && number >= 1 && number <= r->there ? (int64_t)number - 1 : -1;
}

static bool find_column(const struct table_reader *r, const char *name, int64_t *out, struct fault *fault)
{
    int64_t found = 0;
    for (int64_t i = 0; r->names && i < r->there; i++)
        if (strcmp(r->names[i], name) == 0 && found++ == 0)
            *out = i;
    if (found > 1)
        return fault_set(fault, FAULT_INPUT, "%s: %" PRId64 " columns are called \"%s\"", r->name, found,
                         name);
    if (found == 0)
        *out = column_number(r, name);
    return *out >= 0 || tell_missing(r, name, fault);
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static int64_t usual_label(const struct table_reader *r)
{
    for (int64_t i = 0; r->names && i < r->there; i++)
        if (strcasecmp(r->names[i], "label") == 0 || strcasecmp(r->names[i], "labels") == 0)
            return i;
    return -1;
}

static bool choose_label(struct table_reader *r, struct fault *fault)
{
    const char *const wanted = r->request.columns.label;
    r->label = -1;
    if (r->label_array)
        r->info.label = r->label_array;
    else if (wanted && !find_column(r, wanted, &r->label, r->request.columns.loose_label ? NULL : fault))
        return r->request.columns.loose_label;
    else if (!wanted)
        r->label = usual_label(r);
    if (r->label >= 0)
        r->info.label = r->names ? r->names[r->label] : wanted;
    return true;
}

static bool choose_weight(struct table_reader *r, struct fault *fault)
{
    const char *const wanted = r->request.columns.weights;
    const bool loose = r->request.columns.loose_weights;
    r->weight = TABLE_OWN_ARRAY;
    if (!r->weight_array && wanted && !find_column(r, wanted, &r->weight, loose ? NULL : fault))
        return loose;
    if (r->weight >= 0 && r->weight == r->label)
        return fault_set(fault, FAULT_INPUT, "%s: column \"%s\" is chosen twice", r->name, wanted);
    if (r->request.weights)
        r->info.weights = r->weight_array ? r->weight_array
                          : r->weight < 0 ? NULL
                          : r->names      ? r->names[r->weight]
                                          : wanted;
    return true;
}

static bool is_taken(const struct table_reader *r, int64_t column)
{
    return column == r->label || column == r->weight;
}

/* Columns that are neither labels nor weights. */
static int64_t count_others(const struct table_reader *r)
{
    return r->there - (r->label >= 0) - (r->weight >= 0);
}

/* seen: [there], all false. */
static bool choose_named(struct table_reader *r, bool *seen, struct fault *fault)
{
    const struct table_columns *const wanted = &r->request.columns;
    for (int64_t i = 0; i < wanted->n; i++) {
        int64_t column;
        if (!find_column(r, wanted->names[i], &column, fault))
            return false;
        if (seen[column] || is_taken(r, column))
            return fault_set(fault, FAULT_INPUT, "%s: column \"%s\" is chosen twice", r->name,
                             wanted->names[i]);
        seen[column] = true;
        r->from[i] = column;
    }
    return true;
}

static void choose_others(struct table_reader *r)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->there; i++)
        if (!is_taken(r, i))
            r->from[n++] = i;
}

static bool choose_columns(struct table_reader *r, struct fault *fault)
{
    bool *seen;
    if (r->request.columns.n == 0) {
        choose_others(r);
        return true;
    }
    if (!fault_calloc(fault, (void **)&seen, (size_t)r->there, sizeof *seen, "columns"))
        return false;
    const bool good = choose_named(r, seen, fault);
    free(seen);
    return good;
}

/* Is it a file of nothing but such columns, under other names? Then all of them are meant. */
static bool is_of_other_names(const struct table_reader *r)
{
    const struct table_columns *const wanted = &r->request.columns;
    int64_t column;
    if (!wanted->loose_columns || count_others(r) != r->request.needed)
        return false;
    for (int64_t i = 0; i < wanted->n; i++)
        if (!find_column(r, wanted->names[i], &column, NULL))
            return true;
    return false;
}

bool table_columns_choose(struct table_reader *r, struct fault *fault)
{
    if (!choose_label(r, fault) || !choose_weight(r, fault))
        return false;
    if (is_of_other_names(r))
        r->request.columns.n = 0;
    const int64_t wanted = r->request.columns.n;
    const int64_t n = wanted > 0 ? wanted : count_others(r);
    r->width = n + (r->info.weights != NULL);
    if (!fault_calloc(fault, (void **)&r->from, (size_t)r->width, sizeof *r->from, "columns") ||
        !fault_calloc(fault, (void **)&r->chosen, (size_t)n, sizeof *r->chosen, "columns") ||
        !choose_columns(r, fault))
        return false;
    if (r->info.weights)
        r->from[n] = r->weight;
    for (int64_t i = 0; r->names && i < n; i++)
        r->chosen[i] = r->names[r->from[i]];
    r->info.columns = n;
    r->info.names = r->names ? r->chosen : NULL;
    return true;
}
