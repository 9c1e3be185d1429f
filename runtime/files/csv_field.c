/* SPDX-License-Identifier: MIT */
#include "files/csv_field.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- fields -------------------------------------------------------------------------------------------- */

static const char *skip_blanks(const struct csv_form *form, const char *at)
{
    return at + strspn(at, form->separator == '\t' ? " " : " \t");
}

static bool ends_field(const struct csv_form *form, char c)
{
    return c == 0 || c == form->separator || (form->separator == ' ' && c == '\t');
}

static struct csv_field trimmed(const char *from, const char *end)
{
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct csv_field){.text = from, .length = (size_t)(end - from)};
}

/* "..." with a quote in it written twice. *at moves behind. */
static bool take_quoted(const struct csv_form *form, const char **at, struct csv_field *out,
                        const char **wrong)
{
    const char *const from = *at + 1, *end = from;
    while (*end && (*end != '"' || end[1] == '"'))
        end += *end == '"' ? 2 : 1;
    *wrong = "a quote that does not end on its line";
    if (!*end)
        return false;
    *out = trimmed(from, end);
    *at = end + 1;
    *wrong = "unexpected text between a quote and the end of its field";
    return ends_field(form, *skip_blanks(form, *at)) || ends_field(form, **at);
}

bool csv_take_field(const struct csv_form *form, const char **at, struct csv_field *out, const char **wrong)
{
    *at = skip_blanks(form, *at);
    if (**at == '"') {
        if (!take_quoted(form, at, out, wrong))
            return false;
    } else {
        const char *const from = *at;
        while (!ends_field(form, **at))
            (*at)++;
        *out = trimmed(from, *at);
    }
    *at = skip_blanks(form, *at);
    *at = !**at ? NULL : form->separator == ' ' ? *at : *at + 1;
    return true;
}

char csv_find_separator(const char *line, char usual)
{
    const char separators[] = {usual, ';', ',', '\t'};
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

enum { EXACT_POWER = 22, MOST_DIGITS = 19, MOST_NUMBER = 512 };

/* The parts of a number. */
struct parts {
    uint64_t digits; /* as one whole number, where there are at most MOST_DIGITS of them */
    int64_t count;   /* of digits, leading zeros left out */
    int64_t power;   /* of ten */
    const char *point;
};

static const char *take_digits(const char *at, const char *end, struct parts *out)
{
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        out->count += out->count > 0 || *at > '0';
        out->digits = out->digits * 10 + (uint64_t)(*at - '0');
    }
    return at;
}

static bool is_point(const struct csv_form *form, char c)
{
    return c == (form->point ? form->point : '.') || (!form->point && c == ',' && form->separator != ',');
}

/* e-12; *at moves behind. Powers beyond any number's are cut off. */
static bool take_power(const char **at, const char *end, int64_t *out)
{
    const bool minus = *at < end && **at == '-';
    *at += *at < end && (**at == '-' || **at == '+');
    const char *const first = *at;
    for (*out = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++)
        *out = *out < 100000 ? *out * 10 + (**at - '0') : *out;
    *out = minus ? -*out : *out;
    return *at > first;
}

static bool take_parts(const struct csv_form *form, const char *at, const char *end, struct parts *out)
{
    *out = (struct parts){.point = NULL};
    const char *const first = at;
    at = take_digits(at, end, out);
    int64_t whole = at - first, power = 0;
    if (at < end && is_point(form, *at)) {
        out->point = at;
        at = take_digits(at + 1, end, out);
        out->power = out->point + 1 - at;
        whole -= out->power;
    }
    if (whole == 0)
        return false;
    if (at < end && (*at == 'e' || *at == 'E') && (at++, !take_power(&at, end, &power)))
        return false;
    out->power += power;
    return at == end;
}

/* Digits that a double holds, by a power of ten that it holds: one operation, rounded once. */
static bool is_exact(const struct parts *p)
{
    return p->count <= MOST_DIGITS && p->digits <= (uint64_t)1 << 53 && p->power >= -EXACT_POWER &&
           p->power <= EXACT_POWER;
}

static double exactly(const struct parts *p)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const double digits = (double)p->digits;
    return p->power < 0 ? digits / tens[-p->power] : digits * tens[p->power];
}

/* strtod of a text with a decimal comma; the caller's locale is C. One longer than any that a program writes
 * keeps its first digits, which are more than a double has. */
static double by_library(const struct csv_field *f, const struct parts *p)
{
    char copy[MOST_NUMBER];
    if (!p->point || *p->point == '.' || f->length >= sizeof copy)
        return strtod(f->text, NULL);
    memcpy(copy, f->text, f->length);
    copy[p->point - f->text] = '.';
    copy[f->length] = 0;
    return strtod(copy, NULL);
}

bool csv_number(struct csv_form *form, const struct csv_field *f, double *out)
{
    const bool sign = f->length > 0 && (*f->text == '+' || *f->text == '-');
    struct parts p;
    if (!take_parts(form, f->text + sign, f->text + f->length, &p))
        return false;
    if (p.point && (*p.point == '.' || f->length < MOST_NUMBER))
        form->point = *p.point;
    else if (p.point)
        return false;
    if (is_exact(&p))
        *out = sign && *f->text == '-' ? -exactly(&p) : exactly(&p);
    else
        *out = by_library(f, &p);
    return true;
}

/* ---- words --------------------------------------------------------------------------------------------- */

bool csv_is_word(const struct csv_field *f, const char *word)
{
    const size_t sign = f->length > 0 && (*f->text == '+' || *f->text == '-');
    return f->length - sign == strlen(word) && strncasecmp(f->text + sign, word, f->length - sign) == 0;
}

bool csv_is_missing(const struct csv_field *f)
{
    static const char *const words[] = {"na", "n/a", "nan", "null", "none"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (csv_is_word(f, words[i]))
            return true;
    return f->length == 0;
}
