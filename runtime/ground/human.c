/* SPDX-License-Identifier: MIT */
#include "ground/human.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *human_count(struct human *to, int64_t n)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, n);
    size_t length = strlen(digits), out = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0)
            to->text[out++] = ',';
        to->text[out++] = digits[i];
    }
    to->text[out] = '\0';
    return to->text;
}

const char *human_seconds(struct human *to, double seconds)
{
    if (!(seconds < 1e12))
        (void)snprintf(to->text, sizeof to->text, "-");
    else if (seconds < 9.95)
        (void)snprintf(to->text, sizeof to->text, "%.1f s", seconds);
    else if (seconds < 99.5)
        (void)snprintf(to->text, sizeof to->text, "%.0f s", seconds);
    else if (seconds < 3600)
        (void)snprintf(to->text, sizeof to->text, "%d min %d s", (int)seconds / 60, (int)seconds % 60);
    else
        (void)snprintf(to->text, sizeof to->text, "%" PRId64 " h %d min", (int64_t)seconds / 3600,
                       (int)((int64_t)seconds / 60 % 60));
    return to->text;
}

const char *human_bytes(struct human *to, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    int unit = 0;
    while (unit < 4 && bytes >= 999.5) {
        bytes /= 1000;
        unit++;
    }
    (void)snprintf(to->text, sizeof to->text, bytes < 9.95 && unit > 0 ? "%.1f %s" : "%.0f %s", bytes,
                   units[unit]);
    return to->text;
}

const char *human_number(struct human *to, double number)
{
    double size = fabs(number);
    if (isnan(number))
        (void)snprintf(to->text, sizeof to->text, "-");
    else if (size == 0 || (size >= 1e-3 && size < 1e5))
        (void)snprintf(to->text, sizeof to->text, "%.4f", number);
    else
        (void)snprintf(to->text, sizeof to->text, "%.1e", number);
    return to->text;
}
