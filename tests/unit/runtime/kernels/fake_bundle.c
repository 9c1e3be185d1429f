/* SPDX-License-Identifier: MIT
 *
 * The bundles of fake_bundle.h: fake_kernels.h for three pairs of precision and dimension, and the settings
 * of an empty spec, taken from the compiler's own table so that the two cannot drift apart. */
#include "unit/runtime/kernels/fake_bundle.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A training that is to be interrupted must not be over before. */
static void fake_pause(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    if (getenv(FAKE_SLOW))
        (void)nanosleep(&moment, NULL);
}

#define FAKE(name) single2_##name
#define FAKE_REAL float
#define FAKE_D 2
#include "unit/runtime/kernels/fake_base_kernels.h"
#include "unit/runtime/kernels/fake_kernels.h"

#define FAKE(name) double2_##name
#define FAKE_REAL double
#define FAKE_D 2
#include "unit/runtime/kernels/fake_base_kernels.h"
#include "unit/runtime/kernels/fake_kernels.h"

#define FAKE(name) double3_##name
#define FAKE_REAL double
#define FAKE_D 3
#include "unit/runtime/kernels/fake_base_kernels.h"
#include "unit/runtime/kernels/fake_kernels.h"

static const struct {
    const char *key, *text;
} defaults[] = {
#define SPEC_INT(path, field, start, ...) {path, #start},
#define SPEC_REAL(path, field, start, ...) {path, #start},
#define SPEC_CHOICE(path, field, choices, start, ...) {path, #start},
#define SPEC_TEXT(path, field, start, ...) {path, start},
#define SPEC_SIZES(path, field, start, ...) {path, start},
#define SPEC_INT_OR_AUTO(path, field, start, ...) {path, #start},
#define SPEC_COUNT_OR_FILE(path, field, file, start, ...) {path, #start}, {file, ""},
#include "spec/spec_keys.def"
};

enum { N_DEFAULTS = sizeof defaults / sizeof defaults[0] };
_Static_assert((int)N_DEFAULTS <= (int)FAKE_MAX_SETTINGS, "FAKE_MAX_SETTINGS is too small");

static int place_of(const char *key)
{
    int i = 0;
    while (i < N_DEFAULTS && strcmp(defaults[i].key, key) != 0)
        i++;
    return i;
}

static void put(struct gpfc_setting *setting, char text[FAKE_MAX_TEXT], const char *value)
{
    (void)snprintf(text, FAKE_MAX_TEXT, "%s", value);
    setting->number = strtod(value, NULL);
}

/* Where the spec says base.rate, the base's settings say train.rate. */
static void base_set(struct fake *fake, const char *key, const char *text)
{
    const char *dot = strchr(key, '.');
    char twin[64] = "";
    if (dot)
        (void)snprintf(twin, sizeof twin, "%s%s", strncmp(key, "train.", 6) == 0 ? "base" : "train", dot);
    const int other = place_of(twin);
    if (strncmp(key, "base.", 5) == 0 && other < N_DEFAULTS)
        put(&fake->base_settings[other], fake->base_texts[other], text);
    else if (strncmp(key, "train.", 6) != 0 || other == N_DEFAULTS)
        put(&fake->base_settings[place_of(key)], fake->base_texts[place_of(key)], text);
}

void fake_set(struct fake *fake, const char *key, const char *text)
{
    const int i = place_of(key);
    assert(i < N_DEFAULTS);
    put(&fake->settings[i], fake->texts[i], text);
    base_set(fake, key, text);
    if (strcmp(key, "base.kind") == 0)
        fake->bundle.base = strcmp(text, "bnaf") == 0 ? &fake->base : NULL;
}

void fake_make(struct fake *fake, enum fake_model model)
{
    static const struct gpfc_bundle *const bundles[FAKE_MODELS] = {&single2_bundle, &double2_bundle,
                                                                   &double3_bundle};
    static const struct gpfc_bundle *const bases[FAKE_MODELS] = {&single2_base_bundle, &double2_base_bundle,
                                                                 &double3_base_bundle};
    memset(fake, 0, sizeof *fake);
    fake->bundle = *bundles[model];
    fake->base = *bases[model];
    fake->bundle.settings = fake->settings;
    fake->base.settings = fake->base_settings;
    fake->bundle.n_settings = fake->base.n_settings = N_DEFAULTS;
    for (int i = 0; i < N_DEFAULTS; i++) {
        fake->settings[i] = (struct gpfc_setting){.key = defaults[i].key, .text = fake->texts[i]};
        fake->base_settings[i] = (struct gpfc_setting){.key = defaults[i].key, .text = fake->base_texts[i]};
    }
    for (int i = 0; i < N_DEFAULTS; i++)
        fake_set(fake, defaults[i].key, defaults[i].text);
    char dimension[FAKE_MAX_TEXT];
    (void)snprintf(dimension, sizeof dimension, "%d", (int)bundles[model]->dimension);
    fake_set(fake, "name", "fake");
    fake_set(fake, "dimension", dimension);
    fake_set(fake, "precision", bundles[model]->precision == 4 ? "single" : "double");
}
