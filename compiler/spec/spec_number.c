/* SPDX-License-Identifier: MIT
 *
 * Numbers of a spec, read strictly: decimal, nothing before or after them, no infinities, no leading zeros
 * (which some readers of YAML take for octal). The same in every locale. */
#include "base/plain_locale.h"
#include "spec/spec_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 300 }; /* characters of a number; more has no use in a double */

struct form {                               /* [+-] digits [. digits] [e [+-] digits] */
    size_t sign, whole, fraction, exponent; /* lengths: of the sign; of the digits */
    bool has_point, has_exponent, good;
};

static size_t digits(const char *text, size_t length, size_t from)
{
    size_t n = 0;
    while (from + n < length && text[from + n] >= '0' && text[from + n] <= '9')
        n++;
    return n;
}

static size_t sign_length(const char *text, size_t length, size_t from)
{
    return from < length && (text[from] == '-' || text[from] == '+');
}

static struct form scan(const char *text, size_t length)
{
    struct form form = {.sign = sign_length(text, length, 0)};
    size_t at = form.sign;
    at += form.whole = digits(text, length, at);
    if (at < length && text[at] == '.') {
        form.has_point = true;
        at++;
        at += form.fraction = digits(text, length, at);
    }
    form.good = form.whole + form.fraction > 0;
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        form.has_exponent = true;
        at++;
        at += sign_length(text, length, at);
        at += form.exponent = digits(text, length, at);
        form.good = form.good && form.exponent > 0;
    }
    form.good = form.good && at == length;
    return form;
}

/* What is the matter with the writing, before any value is looked at. */
static enum spec_number check_form(const char *text, size_t length, bool whole_only)
{
    const struct form form = scan(text, length);
    if (!form.good)
        return SPEC_NUMBER_NOT;
    if (form.whole > 1 && text[form.sign] == '0')
        return SPEC_NUMBER_ZEROS;
    if (whole_only && (form.has_point || form.has_exponent))
        return SPEC_NUMBER_FRACTION;
    return length > LONGEST ? SPEC_NUMBER_TOO_LARGE : SPEC_NUMBER_GOOD;
}

enum spec_number spec_parse_int(const char *text, size_t length, int64_t *out)
{
    const enum spec_number form = check_form(text, length, true);
    if (form != SPEC_NUMBER_GOOD)
        return form;
    int64_t value = 0;
    const size_t start = sign_length(text, length, 0);
    for (size_t i = start; i < length; i++) {
        const int digit = text[0] == '-' ? '0' - text[i] : text[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
            return SPEC_NUMBER_TOO_LARGE;
    }
    *out = value;
    return SPEC_NUMBER_GOOD;
}

enum spec_number spec_parse_real(const char *text, size_t length, double *out)
{
    const enum spec_number form = check_form(text, length, false);
    if (form != SPEC_NUMBER_GOOD)
        return form;
    char copy[LONGEST + 1];
    memcpy(copy, text, length);
    copy[length] = '\0';
    const struct plain_locale locale = plain_locale_enter();
    const double value = strtod(copy, NULL);
    plain_locale_leave(locale);
    if (!isfinite(value))
        return SPEC_NUMBER_TOO_LARGE;
    *out = value;
    return SPEC_NUMBER_GOOD;
}

/* "1e-06" to "1e-6", "1e+30" to "1e30". */
static void shorten_exponent(char *text)
{
    char *e = strchr(text, 'e');
    if (!e)
        return;
    char *to = e + 1, *from = e + 1;
    if (*from == '-')
        to++;
    from++; /* printf always writes a sign */
    while (*from == '0' && from[1])
        from++;
    memmove(to, from, strlen(from) + 1);
}

const char *spec_real_text(struct arena *arena, double value)
{
    char text[40] = "";
    const struct plain_locale locale = plain_locale_enter();
    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    plain_locale_leave(locale);
    shorten_exponent(text);
    return arena_strdup(arena, text);
}
