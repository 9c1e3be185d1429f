/* SPDX-License-Identifier: MIT */
#include "gpu/stand_in_options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t at;
    long usual;
} numbers[] = {
    {"devices", offsetof(struct stand_in_options, devices), 1},
    {"driver", offsetof(struct stand_in_options, driver), 13000},
    {"nvrtc", offsetof(struct stand_in_options, nvrtc), 13000},
    {"capability", offsetof(struct stand_in_options, capability), 90},
    {"memory", offsetof(struct stand_in_options, memory), 4L << 30},
    {"order", offsetof(struct stand_in_options, order), 1},
    {"check", offsetof(struct stand_in_options, check), 1},
    {"lost", offsetof(struct stand_in_options, lost), 0},
};
enum { N_NUMBERS = sizeof numbers / sizeof numbers[0] };

static long *number_at(struct stand_in_options *options, int i)
{
    return (long *)((char *)options + numbers[i].at);
}

static bool read_number(struct stand_in_options *options, const char *name, const char *text)
{
    for (int i = 0; i < N_NUMBERS; i++) {
        char *end;
        if (strcmp(numbers[i].name, name) != 0)
            continue;
        *number_at(options, i) = strtol(text, &end, 10);
        return end != text && *end == '\0';
    }
    return false;
}

static bool read_option(struct stand_in_options *options, char *text)
{
    char *const value = strchr(text, '=');
    if (!value)
        return false;
    *value = '\0';
    if (strcmp(text, "fail") == 0)
        return sscanf(value + 1, "%63[^:]:%ld:%ld", options->fail, &options->fail_nth, &options->fail_code) ==
               3;
    if (strcmp(text, "counts") == 0)
        return sscanf(value + 1, "%255s", options->counts) == 1;
    return read_number(options, text, value + 1);
}

static void read_all(struct stand_in_options *options)
{
    for (int i = 0; i < N_NUMBERS; i++)
        *number_at(options, i) = numbers[i].usual;
    const char *const given = getenv("GPFC_STAND_IN");
    char *const text = strdup(given ? given : "");
    char *rest = NULL;
    for (char *option = strtok_r(text, ",", &rest); option; option = strtok_r(NULL, ",", &rest))
        if (!read_option(options, option)) {
            (void)fprintf(stderr, "GPFC_STAND_IN: no option '%s'\n", option);
            _Exit(2);
        }
    free(text);
}

const struct stand_in_options *stand_in_options(void)
{
    static struct stand_in_options options;
    static bool is_read;
    if (!is_read)
        read_all(&options);
    is_read = true;
    return &options;
}

int stand_in_failure(const char *name)
{
    static long calls;
    const struct stand_in_options *const options = stand_in_options();
    if (strcmp(name, options->fail) != 0 || ++calls != options->fail_nth)
        return 0;
    return (int)options->fail_code;
}
