/* SPDX-License-Identifier: MIT
 *
 * Tables as text, read. */
#include "files/csv.h"
#include "files/table_columns.h"
#include "files/table_text.h"
#include "ground/c_locale.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text_table {
    struct csv_reader *csv;
    bool has_labels, labels_are_words;
};

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool open_csv(struct table_reader *r, struct text_table *t, const struct byte_source *source,
                     struct fault *fault)
{
    struct c_locale locale;
    if (!c_locale_enter(&locale, fault)) {
        byte_source_close(source);
        return false;
    }
    const bool good =
        csv_open(&t->csv, r->name, r->format == &table_tsv ? '\t' : ';', source, &r->request.columns, fault);
    c_locale_leave(&locale);
    return good;
}

bool table_text_open(struct table_reader *r, const struct byte_source *source, struct fault *fault)
{
    if (!fault_calloc(fault, &r->state, 1, sizeof(struct text_table), "a reader")) {
        byte_source_close(source);
        return false;
    }
    struct text_table *const t = r->state;
    if (!open_csv(r, t, source, fault))
        return false;
    r->there = csv_columns(t->csv);
    r->names = csv_names(t->csv);
    return true;
}

void table_text_close(struct table_reader *r)
{
    struct text_table *const t = r->state;
    csv_close(t->csv);
    free(t);
}

/* ---- columns ------------------------------------------------------------------------------------------- */

/* Column 4 (species) holds words ("setosa"), of the first row. */
static int name_words(const struct table_reader *r, int64_t column, const char *word, int length, char *room,
                      size_t bytes)
{
    return snprintf(room, bytes, "column %" PRId64 "%s%s%s holds words (\"%.*s\")", column + 1,
                    r->names ? " (" : "", r->names ? r->names[column] : "", r->names ? ")" : "", length,
                    word);
}

bool table_text_tell_columns(const struct table_reader *r, struct fault *fault)
{
    const struct text_table *const t = r->state;
    char words[120] = "";
    const char *word;
    int length;
    const int64_t column = csv_word_column(t->csv, 0, &word, &length);
    if (column >= 0 && column != r->label && column != r->weight)
        (void)name_words(r, column, word, length, words, sizeof words);
    else if (r->names && !r->names[0][0])
        (void)snprintf(words, sizeof words, "column 1 has no name, like an index of rows");
    return table_columns_tell(r, words, fault);
}

/* A column of words among those that are numbers is told before anything is read. */
static bool check_words(const struct table_reader *r, struct fault *fault)
{
    const struct text_table *const t = r->state;
    char words[200];
    const char *word;
    int length;
    for (int64_t i = 0; i < r->width; i++)
        if (csv_word_column(t->csv, r->from[i], &word, &length) == r->from[i]) {
            (void)name_words(r, r->from[i], word, length, words, sizeof words);
            return fault_set(fault, FAULT_INPUT,
                             "%s: %s; choose other columns (data.columns, --columns), or make it the label "
                             "(data.label, --label)",
                             r->name, words);
        }
    return true;
}

bool table_text_start(struct table_reader *r, struct fault *fault)
{
    struct text_table *const t = r->state;
    const struct csv_choice choice = {
        .columns = r->from,
        .n = r->width,
        .label = r->label,
        .missing = r->request.columns.missing,
        .greatest = r->request.precision == 4 ? (double)FLT_MAX : DBL_MAX,
    };
    return check_words(r, fault) && csv_choose(t->csv, &choice, fault);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

/* The first label says whether labels are words. */
static bool take_label(struct table_reader *r, const struct csv_row *row, int64_t *out, struct fault *fault)
{
    struct text_table *const t = r->state;
    const struct csv_label *const label = &row->label;
    if (label->missing) {
        *out = TABLE_NO_LABEL;
        return true;
    }
    if (!t->has_labels)
        t->labels_are_words = !label->whole;
    t->has_labels = true;
    if (t->labels_are_words)
        return word_list_number(&r->words, label->text, label->length, out, fault);
    *out = label->number;
    return label->whole ||
           csv_tell_label(t->csv, label, "is not a whole number; the labels before it are", fault);
}

static bool read_rows(struct table_reader *r, int64_t rows, int64_t *got, struct fault *fault)
{
    struct text_table *const t = r->state;
    struct csv_row row = {.there = true};
    for (*got = 0; *got < rows; ++*got) {
        row.x = r->block + *got * r->width;
        if (!csv_next(t->csv, &row, fault))
            return false;
        if (!row.there)
            return true;
        r->places[*got] = row.line;
        if (r->label >= 0 && !take_label(r, &row, &r->labels[*got], fault))
            return false;
    }
    return true;
}

bool table_text_read(struct table_reader *r, int64_t rows, int64_t *got, struct fault *fault)
{
    struct c_locale locale;
    if (!c_locale_enter(&locale, fault))
        return false;
    const bool good = read_rows(r, rows, got, fault);
    c_locale_leave(&locale);
    return good;
}

bool table_text_tell(const struct table_reader *r, int64_t place, int64_t column, double value,
                     struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "%s:%" PRId64 ": column %" PRId64 ": %g cannot be used", r->name,
                     place, column + 1, value);
}

void table_text_name_row(const struct table_reader *r, int64_t place, char *room, size_t bytes)
{
    (void)snprintf(room, bytes, "%s:%" PRId64, r->name, place);
}
