/* SPDX-License-Identifier: MIT
 *
 * Takes a text, gives its rows. One line is in memory at a time, and the names. */
#include "files/csv.h"

#include "files/csv_field.h"
#include "files/text_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 40 };
static const double WHOLE_MAX = 9007199254740992; /* 2^53: whole numbers that a double tells apart */

struct csv_reader {
    char *name;
    struct text_lines *lines;
    struct csv_form form;
    int64_t columns; /* of every line */
    char **names;    /* [columns], or NULL */
    const char *line;
    bool is_ahead; /* the line was looked at, but is still to be read */
    struct csv_choice choice;
    int64_t *place_of; /* [columns] in a row; -1: not wanted */
};

/* ---- faults -------------------------------------------------------------------------------------------- */

static bool tell_field(const struct csv_reader *r, const struct csv_field *f, const char *what,
                       struct fault *fault)
{
    const int shown = f->length > SHOWN_BYTES ? SHOWN_BYTES : (int)f->length;
    return fault_set(fault, FAULT_INPUT, "%s:%" PRId64 ":%td: \"%.*s%s\" %s", r->name,
                     text_lines_number(r->lines), f->text - r->line + 1, shown, f->text,
                     f->length > SHOWN_BYTES ? "..." : "", what);
}

static bool tell_place(const struct csv_reader *r, const char *place, const char *what, struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "%s:%" PRId64 ":%td: %s", r->name, text_lines_number(r->lines),
                     place - r->line + 1, what);
}

static bool tell_count(const struct csv_reader *r, int64_t columns, struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "%s:%" PRId64 ": %" PRId64 " fields, but %" PRId64 " before",
                     r->name, text_lines_number(r->lines), columns, r->columns);
}

static bool tell_no_number(const struct csv_reader *r, const struct csv_field *f, struct fault *fault)
{
    if (f->length == 0)
        return tell_place(r, f->text, "an empty field", fault);
    if (csv_is_word(f, "inf") || csv_is_word(f, "infinity"))
        return tell_field(r, f, "is infinite", fault);
    if (r->form.point == '.' && r->form.separator != ',' && memchr(f->text, ',', f->length))
        return tell_field(r, f, "is not a number (numbers before it have a decimal point)", fault);
    if (r->form.point == ',' && memchr(f->text, '.', f->length))
        return tell_field(r, f, "is not a number (numbers before it have a decimal comma)", fault);
    return tell_field(r, f, "is not a number", fault);
}

bool csv_tell_label(const struct csv_reader *r, const struct csv_label *label, const char *what,
                    struct fault *fault)
{
    return tell_field(r, &(struct csv_field){label->text, label->length}, what, fault);
}

/* ---- lines --------------------------------------------------------------------------------------------- */

static bool is_left_out(const char *line)
{
    const char first = line[strspn(line, " \t")];
    return first == 0 || first == '#';
}

/* r->line is the next one that counts; NULL after the last. */
static bool next_line(struct csv_reader *r, struct fault *fault)
{
    do {
        if (!text_lines_next(r->lines, &r->line, fault))
            return false;
    } while (r->line && is_left_out(r->line));
    return true;
}

static bool take_field(const struct csv_reader *r, const char **at, struct csv_field *out,
                       struct fault *fault)
{
    const char *wrong;
    return csv_take_field(&r->form, at, out, &wrong) || tell_place(r, *at, wrong, fault);
}

/* ---- the first line ------------------------------------------------------------------------------------ */

static bool is_number(const struct csv_reader *r, const struct csv_field *f)
{
    struct csv_form form = r->form;
    double value;
    return csv_number(&form, f, &value);
}

/* What a column may be called: neither a number nor something that was to be one (nan). */
static bool is_name(const struct csv_field *f)
{
    return f->length > 0 && !strchr("+-.0123456789", *f->text) && !csv_is_missing(f) &&
           !csv_is_word(f, "inf");
}

static bool is_text(const struct csv_field *f, const char *text)
{
    return strlen(text) == f->length && memcmp(text, f->text, f->length) == 0;
}

/* Was a column asked for by this name? Numbers are asked for by their place. */
static bool is_wanted(const struct csv_reader *r, const struct table_columns *wanted,
                      const struct csv_field *f)
{
    if (f->length == 0 || is_number(r, f))
        return false;
    for (int64_t i = 0; i < wanted->n; i++)
        if (is_text(f, wanted->names[i]))
            return true;
    if (wanted->weights && is_text(f, wanted->weights))
        return true;
    return wanted->label ? is_text(f, wanted->label) : csv_is_word(f, "label") || csv_is_word(f, "labels");
}

/* Counts the first line's columns. *names: it holds names, no numbers. */
static bool look_at_first(struct csv_reader *r, const struct table_columns *wanted, bool *names,
                          struct fault *fault)
{
    const char *at = r->line;
    bool number = false, name = false, named = false;
    r->form.separator = csv_find_separator(r->line, r->form.separator);
    for (struct csv_field f; at; r->columns++) {
        if (!take_field(r, &at, &f, fault))
            return false;
        number = number || is_number(r, &f);
        name = name || is_name(&f);
        named = named || is_wanted(r, wanted, &f);
    }
    *names = named || (name && !number);
    return true;
}

static bool keep_names(struct csv_reader *r, struct fault *fault)
{
    const char *at = r->line;
    r->names = calloc((size_t)r->columns, sizeof *r->names);
    bool kept = r->names != NULL;
    struct csv_field f;
    for (int64_t i = 0; kept && at; i++) {
        if (!take_field(r, &at, &f, fault))
            return false;
        r->names[i] = strndup(f.text, f.length);
        kept = r->names[i] != NULL;
    }
    return kept || fault_memory(fault, strlen(r->line), "the names of columns");
}

static bool read_first(struct csv_reader *r, const struct table_columns *wanted, struct fault *fault)
{
    bool names = false;
    if (!next_line(r, fault))
        return false;
    if (r->line && !look_at_first(r, wanted, &names, fault))
        return false;
    if (names && (!keep_names(r, fault) || !next_line(r, fault)))
        return false;
    r->is_ahead = true;
    return r->line || fault_set(fault, FAULT_INPUT, "%s: no rows", r->name);
}

int64_t csv_word_column(const struct csv_reader *r, int64_t column, const char **word, int *length)
{
    const char *at = r->line, *wrong;
    struct csv_field f;
    for (int64_t i = 0; at && i < r->columns && csv_take_field(&r->form, &at, &f, &wrong); i++)
        if (i >= column && !is_number(r, &f) && is_name(&f)) {
            *word = f.text;
            *length = f.length > SHOWN_BYTES ? SHOWN_BYTES : (int)f.length;
            return i;
        }
    return -1;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

bool csv_open(struct csv_reader **out, const char *name, char separator, const struct byte_source *source,
              const struct table_columns *wanted, struct fault *fault)
{
    *out = NULL;
    struct csv_reader *const r = calloc(1, sizeof *r);
    char *const copy = strdup(name);
    if (!r || !copy) {
        free(r);
        free(copy);
        byte_source_close(source);
        return fault_memory(fault, sizeof *r, "a reader");
    }
    r->name = copy;
    r->form.separator = separator;
    if (text_lines_open(&r->lines, name, source, CSV_MAX_LINE, fault) && read_first(r, wanted, fault)) {
        *out = r;
        return true;
    }
    csv_close(r);
    return false;
}

void csv_close(struct csv_reader *reader)
{
    if (!reader)
        return;
    for (int64_t i = 0; reader->names && i < reader->columns; i++)
        free(reader->names[i]);
    text_lines_close(reader->lines);
    free(reader->names);
    free(reader->place_of);
    free(reader->name);
    free(reader);
}

int64_t csv_columns(const struct csv_reader *reader)
{
    return reader->columns;
}

const char *const *csv_names(const struct csv_reader *reader)
{
    return (const char *const *)reader->names;
}

bool csv_choose(struct csv_reader *r, const struct csv_choice *choice, struct fault *fault)
{
    const size_t bytes = (size_t)r->columns * sizeof *r->place_of;
    r->place_of = malloc(bytes);
    if (!r->place_of)
        return fault_memory(fault, bytes, "columns");
    memset(r->place_of, -1, bytes);
    for (int64_t i = 0; i < choice->n; i++)
        r->place_of[choice->columns[i]] = i;
    r->choice = *choice;
    return true;
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static bool take_number(struct csv_reader *r, const struct csv_field *f, double *out, struct fault *fault)
{
    *out = NAN;
    if (csv_number(&r->form, f, out))
        return fabs(*out) <= r->choice.greatest || tell_field(r, f, "is too large", fault);
    const bool infinite = csv_is_word(f, "inf") || csv_is_word(f, "infinity");
    if (infinite)
        *out = *f->text == '-' ? -INFINITY : INFINITY;
    return ((csv_is_missing(f) || infinite) && r->choice.missing != TABLE_REFUSE) ||
           tell_no_number(r, f, fault);
}

static bool take_label(const struct csv_reader *r, const struct csv_field *f, struct csv_row *row,
                       struct fault *fault)
{
    struct csv_form form = r->form;
    double value;
    row->label = (struct csv_label){.text = f->text, .length = f->length};
    if (csv_number(&form, f, &value) && fabs(value) <= WHOLE_MAX && value == floor(value)) {
        row->label.whole = true;
        row->label.number = (int64_t)value;
    }
    row->label.missing = f->length == 0 || csv_is_word(f, "nan"); /* "none" may be a class */
    return !row->label.missing || r->choice.missing != TABLE_REFUSE || tell_no_number(r, f, fault);
}

static bool take_row(struct csv_reader *r, struct csv_row *row, struct fault *fault)
{
    const char *at = r->line;
    int64_t column = 0;
    for (struct csv_field f; at; column++) {
        if (!take_field(r, &at, &f, fault))
            return false;
        const int64_t place = column < r->columns ? r->place_of[column] : -1;
        if (place >= 0 && !take_number(r, &f, &row->x[place], fault))
            return false;
        if (column == r->choice.label && !take_label(r, &f, row, fault))
            return false;
    }
    return column == r->columns || tell_count(r, column, fault);
}

bool csv_next(struct csv_reader *r, struct csv_row *row, struct fault *fault)
{
    if (!r->is_ahead && !next_line(r, fault))
        return false;
    r->is_ahead = false;
    row->there = r->line != NULL;
    row->line = text_lines_number(r->lines);
    return !row->there || take_row(r, row, fault);
}
