/* SPDX-License-Identifier: MIT
 *
 * Tables as text, written: the shortest numbers that are read as what they were. And the formats of text. */
#include "files/safe_file.h"
#include "files/table_text.h"
#include "ground/c_locale.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 65536, MOST_NUMBER = 40 };

struct text_out {
    struct safe_file *file;
    size_t filled;
    char buffer[BUFFER_BYTES];
};

/* ---- bytes --------------------------------------------------------------------------------------------- */

static bool flush(struct text_out *out, struct fault *fault)
{
    const size_t bytes = out->filled;
    out->filled = 0;
    return safe_file_write(out->file, out->buffer, bytes, fault);
}

static bool put(struct text_out *out, const char *text, size_t bytes, struct fault *fault)
{
    while (bytes > 0) {
        const size_t room = BUFFER_BYTES - out->filled, part = bytes < room ? bytes : room;
        memcpy(out->buffer + out->filled, text, part);
        out->filled += part;
        text += part;
        bytes -= part;
        if (out->filled == BUFFER_BYTES && !flush(out, fault))
            return false;
    }
    return true;
}

static char separator_of(const struct table_writer *w)
{
    return w->format == &table_csv ? ',' : w->format == &table_tsv ? '\t' : ' ';
}

static bool put_separator(const struct table_writer *w, bool last, struct fault *fault)
{
    const char c = last ? '\n' : separator_of(w);
    return put(w->state, &c, 1, fault);
}

/* In quotes where it could be taken for something else: a quote within is written twice. */
static bool put_word(const struct table_writer *w, const char *word, struct fault *fault)
{
    const char special[] = {separator_of(w), '"', ' ', ';', ',', '\t', '#', 0};
    bool good = true;
    if (word[0] && word[strcspn(word, special)] == 0)
        return put(w->state, word, strlen(word), fault);
    good = put(w->state, "\"", 1, fault);
    for (; good && *word; word++)
        good = put(w->state, *word == '"' ? "\"\"" : word, *word == '"' ? 2 : 1, fault);
    return good && put(w->state, "\"", 1, fault);
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

static int print_single(char *room, float value)
{
    int length = 0;
    for (int digits = FLT_DIG; digits <= FLT_DECIMAL_DIG; digits++) {
        length = snprintf(room, MOST_NUMBER, "%.*g", digits, (double)value);
        if (strtof(room, NULL) == value)
            break;
    }
    return length;
}

static int print_double(char *room, double value)
{
    int length = 0;
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        length = snprintf(room, MOST_NUMBER, "%.*g", digits, value);
        if (strtod(room, NULL) == value)
            break;
    }
    return length;
}

static int print_number(int64_t precision, const void *x, int64_t i, char room[MOST_NUMBER])
{
    const bool single = precision == 4;
    const double value = single ? (double)((const float *)x)[i] : ((const double *)x)[i];
    if (isnan(value))
        return snprintf(room, MOST_NUMBER, "nan");
    return single ? print_single(room, (float)value) : print_double(room, value);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static bool put_label(const struct table_writer *w, int64_t label, struct fault *fault)
{
    char room[MOST_NUMBER];
    const char *const word = table_word(w->making.labels, label);
    if (word)
        return put_word(w, word, fault);
    const int length = label == TABLE_NO_LABEL ? 0 : snprintf(room, sizeof room, "%" PRId64, label);
    return put(w->state, room, (size_t)length, fault);
}

/* Columns, the number beside them, and the label. */
static int64_t fields(const struct table_writer *w)
{
    return w->making.columns + (w->making.beside ? 1 : 0) + (w->has_labels ? 1 : 0);
}

static bool put_field(const struct table_writer *w, const struct table_block *block, int64_t row, int64_t i,
                      struct fault *fault)
{
    const int64_t columns = w->making.columns;
    char room[MOST_NUMBER];
    if (i >= columns && !(w->making.beside && i == columns))
        return put_label(w, block->labels[row], fault);
    const int length = i < columns ? print_number(w->making.precision, block->x, row * columns + i, room)
                                   : print_number(sizeof(double), block->beside, row, room);
    return put(w->state, room, (size_t)length, fault);
}

static bool put_row(const struct table_writer *w, const struct table_block *block, int64_t row,
                    struct fault *fault)
{
    const int64_t n = fields(w);
    for (int64_t i = 0; i < n; i++)
        if (!put_field(w, block, row, i, fault) || !put_separator(w, i == n - 1, fault))
            return false;
    return true;
}

static bool write_rows(struct table_writer *w, const struct table_block *block, struct fault *fault)
{
    struct c_locale locale;
    bool good = c_locale_enter(&locale, fault);
    if (!good)
        return false;
    for (int64_t row = 0; good && row < block->rows; row++)
        good = put_row(w, block, row, fault);
    c_locale_leave(&locale);
    return good;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

static bool put_names(const struct table_writer *w, struct fault *fault)
{
    const int64_t n = fields(w);
    char room[300];
    for (int64_t i = 0; i < n; i++)
        if (!put_word(w, table_field_name(w, i, room, sizeof room), fault) ||
            !put_separator(w, i == n - 1, fault))
            return false;
    return true;
}

static void abandon(struct table_writer *w)
{
    struct text_out *const out = w->state;
    safe_file_abandon(out->file);
    free(out);
}

static bool create(struct table_writer *w, struct fault *fault)
{
    if (!fault_calloc(fault, &w->state, 1, sizeof(struct text_out), "a writer"))
        return false;
    struct text_out *const out = w->state;
    if (safe_file_open(&out->file, w->making.path, fault) && (w->format == &table_txt || put_names(w, fault)))
        return true;
    abandon(w);
    return false;
}

static bool commit(struct table_writer *w, struct fault *fault)
{
    struct text_out *const out = w->state;
    const bool whole = flush(out, fault), good = whole && safe_file_commit(out->file, fault);
    if (whole)
        out->file = NULL;
    abandon(w);
    return good;
}

#define TEXT_FORMAT(word)                                                                                    \
    {                                                                                                        \
        .name = word, .suffix = "." word, .open = table_text_open, .start = table_text_start,                \
        .read = table_text_read, .close = table_text_close, .tell = table_text_tell,                         \
        .tell_columns = table_text_tell_columns, .name_place = table_text_name_row, .create = create,        \
        .write = write_rows, .commit = commit, .abandon = abandon                                            \
    }

const struct table_format table_csv = TEXT_FORMAT("csv");
const struct table_format table_tsv = TEXT_FORMAT("tsv");
const struct table_format table_txt = TEXT_FORMAT("txt");
