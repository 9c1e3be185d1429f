/* SPDX-License-Identifier: MIT
 *
 * The bundles of fake_bundle.h: fake_kernels.h for three pairs of precision and dimension, and the settings
 * of an empty spec, taken from the compiler's own table so that the two cannot drift apart. */
#include "fake_bundle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A training that is to be interrupted must not be over before. */
static void fake_pause(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    if (getenv(FAKE_SLOW) != NULL)
        (void)nanosleep(&moment, NULL);
}

#define FAKE(name) single2_##name
#define FAKE_REAL float
#define FAKE_D 2
#include "fake_kernels.h"

#define FAKE(name) double2_##name
#define FAKE_REAL double
#define FAKE_D 2
#include "fake_kernels.h"

#define FAKE(name) double3_##name
#define FAKE_REAL double
#define FAKE_D 3
#include "fake_kernels.h"

static const struct {
    const char *key, *text;
} defaults[] = {
#define SPEC_INT(path, field, start, ...) {path, #start},
#define SPEC_REAL(path, field, start, ...) {path, #start},
#define SPEC_CHOICE(path, field, choices, start, ...) {path, #start},
#define SPEC_TEXT(path, field, start, ...) {path, start},
#define SPEC_SIZES(path, field, start, ...) {path, start},
#include "spec/spec_keys.def"
};

enum { N_DEFAULTS = sizeof defaults / sizeof defaults[0] };
_Static_assert((int)N_DEFAULTS <= (int)FAKE_MAX_SETTINGS, "FAKE_MAX_SETTINGS is too small");

void fake_set(struct fake *fake, const char *key, const char *text)
{
    int i = 0;
    while (i < N_DEFAULTS && strcmp(fake->settings[i].key, key) != 0)
        i++;
    assert(i < N_DEFAULTS);
    (void)snprintf(fake->texts[i], sizeof fake->texts[i], "%s", text);
    fake->settings[i].number = strtod(text, NULL);
}

void fake_make(struct fake *fake, enum fake_model model)
{
    static const struct gpfc_bundle *const bundles[FAKE_MODELS] = {&single2_bundle, &double2_bundle,
                                                                   &double3_bundle};
    memset(fake, 0, sizeof *fake);
    fake->bundle = *bundles[model];
    fake->bundle.settings = fake->settings;
    fake->bundle.n_settings = N_DEFAULTS;
    for (int i = 0; i < N_DEFAULTS; i++) {
        fake->settings[i] = (struct gpfc_setting){.key = defaults[i].key, .text = fake->texts[i]};
        fake_set(fake, defaults[i].key, defaults[i].text);
    }
    char dimension[FAKE_MAX_TEXT];
    (void)snprintf(dimension, sizeof dimension, "%d", (int)bundles[model]->dimension);
    fake_set(fake, "name", "fake");
    fake_set(fake, "dimension", dimension);
    fake_set(fake, "precision", bundles[model]->precision == 4 ? "single" : "double");
}
