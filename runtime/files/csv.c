/* SPDX-License-Identifier: MIT
 *
 * Takes a path, gives the table that the text file contains. Besides the table, one line is in memory at a
 * time. */
#include "files/csv.h"

#include "files/text_lines.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIRST_ROOM = 64 /* rows */, SHOWN_BYTES = 40 };
static const double WHOLE_MAX = 9007199254740992; /* 2^53: whole numbers that a double represents exactly */

struct reader {
    const char *path;
    struct text_lines *lines;
    struct fault *fault;
    int64_t d;
    double greatest;
    char separator;       /* ' ': blanks; 0 before the first line */
    int64_t columns;      /* of every line; 0 before the first */
    int64_t label_column; /* -1: none */
    const char *line;
    int64_t room; /* rows */
    struct csv table;
};

/* A piece of the line without blanks and quotes around it. */
struct field {
    const char *text;
    size_t length;
};

/* ---- faults -------------------------------------------------------------------------------------------- */

static bool tell_field(const struct reader *r, const struct field *f, const char *what)
{
    const int shown = f->length > SHOWN_BYTES ? SHOWN_BYTES : (int)f->length;
    return fault_set(r->fault, FAULT_INPUT, "%s:%" PRId64 ":%td: \"%.*s%s\" %s", r->path,
                     text_lines_number(r->lines), f->text - r->line + 1, shown, f->text,
                     f->length > SHOWN_BYTES ? "..." : "", what);
}

static bool tell_place(const struct reader *r, const char *place, const char *what)
{
    return fault_set(r->fault, FAULT_INPUT, "%s:%" PRId64 ":%td: %s", r->path, text_lines_number(r->lines),
                     place - r->line + 1, what);
}

static bool tell_count(const struct reader *r, int64_t columns)
{
    return fault_set(r->fault, FAULT_INPUT, "%s:%" PRId64 ": %" PRId64 " fields, but %" PRId64 " before",
                     r->path, text_lines_number(r->lines), columns, r->columns);
}

static bool tell_columns(const struct reader *r, int64_t columns)
{
    const char *const hint = r->label_column >= 0  ? " besides the labels"
                             : columns == r->d + 1 ? " (labels need a line of names)"
                                                   : "";
    return fault_set(r->fault, FAULT_INPUT,
                     "%s:%" PRId64 ": %" PRId64 " columns%s; the dimension is %" PRId64, r->path,
                     text_lines_number(r->lines), columns, hint, r->d);
}

/* ---- fields -------------------------------------------------------------------------------------------- */

static const char *skip_blanks(const struct reader *r, const char *at)
{
    return at + strspn(at, r->separator == '\t' ? " " : " \t");
}

static bool ends_field(const struct reader *r, char c)
{
    return c == 0 || c == r->separator || (r->separator == ' ' && c == '\t');
}

static struct field trimmed(const char *from, const char *end)
{
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct field){.text = from, .length = (size_t)(end - from)};
}

/* "..." with a quote in it written twice. *at moves past it. */
static bool take_quoted(const struct reader *r, const char **at, struct field *out)
{
    const char *const from = *at + 1, *end = from;
    while (*end && (*end != '"' || end[1] == '"'))
        end += *end == '"' ? 2 : 1;
    if (!*end)
        return tell_place(r, *at, "a quote that does not end on its line");
    *out = trimmed(from, end);
    *at = end + 1;
    return ends_field(r, *skip_blanks(r, *at)) || ends_field(r, **at) ||
           tell_place(r, *at, "unexpected text between a quote and the end of its field");
}

/* The field at *at, which moves to the next one, or becomes NULL after the last. */
static bool take_field(const struct reader *r, const char **at, struct field *out)
{
    const char *end = skip_blanks(r, *at);
    if (*end == '"') {
        if (!take_quoted(r, &end, out))
            return false;
    } else {
        const char *const from = end;
        while (!ends_field(r, *end))
            end++;
        *out = trimmed(from, end);
    }
    end = skip_blanks(r, end);
    const bool more = *end != 0;
    *at = !more ? NULL : r->separator == ' ' ? end : end + 1;
    return true;
}

/* Of the first line: the first of these that stands in it, outside of quotes. */
static char find_separator(const char *line)
{
    static const char separators[] = {';', ',', '\t'};
    for (size_t i = 0; i < sizeof separators; i++) {
        bool quoted = false;
        for (const char *c = line + strspn(line, " \t"); *c; c++) {
            quoted = quoted != (*c == '"');
            if (*c == separators[i] && !quoted)
                return separators[i];
        }
    }
    return ' ';
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* [+-] 12 [.34] or .5, then [e[+-]67]: no other notation that strtod knows, such as 0x10. The field's end is
 * one of the number, too: a separator, blank, quote or NUL. */
static bool is_number(const struct field *f)
{
    const char *at = f->text + (f->length > 0 && (*f->text == '+' || *f->text == '-'));
    const size_t whole = count_digits(at), part = at[whole] == '.' ? count_digits(at + whole + 1) : 0;
    at += whole + (at[whole] == '.' ? 1 : 0) + part;
    if (whole + part > 0 && (*at == 'e' || *at == 'E')) {
        at += 1 + (at[1] == '+' || at[1] == '-');
        const size_t power = count_digits(at);
        if (power == 0)
            return false;
        at += power;
    }
    return whole + part > 0 && at == f->text + f->length;
}

static bool is_word(const struct field *f, const char *word)
{
    const size_t sign = f->length > 0 && (*f->text == '+' || *f->text == '-');
    return f->length - sign == strlen(word) && strncasecmp(f->text + sign, word, f->length - sign) == 0;
}

static bool tell_no_number(const struct reader *r, const struct field *f)
{
    if (f->length == 0)
        return tell_place(r, f->text, "an empty field");
    if (is_word(f, "nan") || is_word(f, "na") || is_word(f, "null") || is_word(f, "none"))
        return tell_field(r, f, "is not a number");
    if (is_word(f, "inf") || is_word(f, "infinity"))
        return tell_field(r, f, "is infinite");
    const bool comma = r->separator != ',' && memchr(f->text, ',', f->length);
    return tell_field(r, f, comma ? "is not a number (use decimal points, not commas)" : "is not a number");
}

static bool take_number(const struct reader *r, const struct field *f, double *out)
{
    if (!is_number(f))
        return tell_no_number(r, f);
    *out = strtod(f->text, NULL);
    return fabs(*out) <= r->greatest || tell_field(r, f, "is too large");
}

static bool take_label(const struct reader *r, const struct field *f, int64_t *out)
{
    const double value = is_number(f) ? strtod(f->text, NULL) : NAN;
    if (!(fabs(value) <= WHOLE_MAX && value == floor(value)))
        return tell_field(r, f, "is not a whole number; labels are");
    *out = (int64_t)value;
    return true;
}

/* ---- lines --------------------------------------------------------------------------------------------- */

static bool make_room(struct reader *r)
{
    struct csv *const t = &r->table;
    if (t->rows < r->room)
        return true;
    const int64_t room = r->room > 0 ? 2 * r->room : FIRST_ROOM;
    size_t bytes;
    if (room > 2 * (int64_t)UINT32_MAX || __builtin_mul_overflow((size_t)room * sizeof *t->x, r->d, &bytes))
        return fault_set(r->fault, FAULT_INPUT, "%s: too many rows", r->path);
    double *const x = realloc(t->x, bytes);
    if (x)
        t->x = x;
    int64_t *const labels = r->label_column >= 0 ? realloc(t->labels, (size_t)room * sizeof *labels) : NULL;
    if (labels)
        t->labels = labels;
    if (!x || (r->label_column >= 0 && !labels))
        return fault_memory(r->fault, bytes, "the rows of a text");
    r->room = room;
    return true;
}

static bool take_row(struct reader *r)
{
    if (!make_room(r))
        return false;
    double *x = r->table.x + r->table.rows * r->d;
    const char *at = r->line;
    int64_t column = 0;
    for (struct field f; at; column++) {
        if (!take_field(r, &at, &f))
            return false;
        if (column < r->columns &&
            !(column == r->label_column ? take_label(r, &f, &r->table.labels[r->table.rows])
                                        : take_number(r, &f, x++)))
            return false;
    }
    if (column != r->columns)
        return tell_count(r, column);
    r->table.rows++;
    return true;
}

/* What a column may be called: neither a number nor something that was to be one (1,5 or nan). */
static bool is_name(const struct field *f)
{
    return f->length > 0 && !strchr("+-.0123456789", *f->text) && !is_word(f, "nan") && !is_word(f, "inf");
}

/* Counts the first line's columns and finds that of the labels. *names: it holds names, no numbers. */
static bool look_at_first(struct reader *r, bool *names)
{
    const char *at = r->line;
    bool number = false;
    r->separator = find_separator(r->line);
    for (struct field f; at; r->columns++) {
        if (!take_field(r, &at, &f))
            return false;
        number = number || is_number(&f);
        *names = *names || is_name(&f);
        if (is_word(&f, "label") || is_word(&f, "labels"))
            r->label_column = r->columns;
    }
    *names = r->label_column >= 0 || (*names && !number);
    const int64_t columns = r->columns - (r->label_column >= 0);
    return columns == r->d || tell_columns(r, columns);
}

static bool is_left_out(const char *line)
{
    const char first = line[strspn(line, " \t")];
    return first == 0 || first == '#';
}

static bool read_lines(struct reader *r)
{
    while (text_lines_next(r->lines, &r->line, r->fault)) {
        bool names = false;
        if (!r->line)
            return r->table.rows > 0 || fault_set(r->fault, FAULT_INPUT, "%s: no rows", r->path);
        if (is_left_out(r->line))
            continue;
        if (r->columns == 0 && !look_at_first(r, &names))
            return false;
        if (!names && !take_row(r))
            return false;
    }
    return false;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

/* strtod obeys the thread's locale. */
static bool read_in_c_locale(struct reader *r)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return fault_memory(r->fault, 0, "a locale");
    const locale_t before = uselocale(c);
    const bool done = read_lines(r);
    (void)uselocale(before);
    freelocale(c);
    return done;
}

bool csv_read(struct csv *out, const char *path, int64_t d, double greatest, struct fault *fault)
{
    struct reader r = {.path = path, .fault = fault, .d = d, .greatest = greatest, .label_column = -1};
    *out = (struct csv){.rows = 0};
    if (!text_lines_open(&r.lines, path, CSV_MAX_LINE, fault))
        return false;
    const bool done = read_in_c_locale(&r);
    text_lines_close(r.lines);
    if (done)
        *out = r.table;
    else
        csv_free(&r.table);
    return done;
}

void csv_free(struct csv *csv)
{
    free(csv->x);
    free(csv->labels);
    *csv = (struct csv){.rows = 0};
}
