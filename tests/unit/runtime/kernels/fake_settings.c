/* SPDX-License-Identifier: MIT */
#include "unit/runtime/kernels/fake_settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *text;
    int decides;
} defaults[] = {
#define SPEC_INT(path, field, start, least, greatest, model, help) {path, #start, model},
#define SPEC_REAL(path, field, start, least, greatest, model, help) {path, #start, model},
#define SPEC_CHOICE(path, field, choices, start, model, help) {path, #start, model},
#define SPEC_TEXT(path, field, start, model, help) {path, start, model},
#define SPEC_SIZES(path, field, start, model, help) {path, start, model},
#define SPEC_NAMES(path, field, start, model, help) {path, start, model},
#define SPEC_INT_OR_AUTO(path, field, start, least, greatest, model, help) {path, #start, model},
#define SPEC_REAL_OR_AUTO(path, field, start, least, greatest, model, help) {path, #start, model},
#define SPEC_COUNT_OR_FILE(path, field, file, start, least, greatest, model, help)                           \
    {path, #start, model}, {file, "", model},
#include "spec/spec_keys.def"
    {"data.folder", "", 0},
};

enum { N_DEFAULTS = sizeof defaults / sizeof defaults[0] };
_Static_assert((int)N_DEFAULTS <= (int)FAKE_MAX_SETTINGS, "FAKE_MAX_SETTINGS is too small");

int fake_settings_place(const char *key)
{
    for (int i = 0; i < N_DEFAULTS; i++)
        if (strcmp(defaults[i].key, key) == 0)
            return i;
    return -1;
}

static void put(struct fake_settings *settings, int i, const char *text)
{
    (void)snprintf(settings->text[i], FAKE_MAX_TEXT, "%s", text);
    settings->row[i] = (struct gpfc_setting){.key = defaults[i].key,
                                             .text = settings->text[i],
                                             .number = strtod(text, NULL),
                                             .decides = defaults[i].decides};
}

void fake_settings_put(struct fake_settings *settings, const char *key, const char *text)
{
    const int i = fake_settings_place(key);
    assert(i >= 0);
    put(settings, i, text);
}

void fake_settings_make(struct fake_settings *settings, struct gpfc_bundle *bundle)
{
    for (int i = 0; i < N_DEFAULTS; i++)
        put(settings, i, defaults[i].text);
    bundle->settings = settings->row;
    bundle->n_settings = N_DEFAULTS;
}
