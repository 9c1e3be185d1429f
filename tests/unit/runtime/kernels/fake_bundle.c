/* SPDX-License-Identifier: MIT
 *
 * The bundles of fake_bundle.h: fake_kernels.h for three pairs of precision and dimension, and the settings
 * of an empty spec. */
#include "unit/runtime/kernels/fake_bundle.h"

#include "unit/runtime/kernels/fake_ports.h"

#include <math.h>
#include <stdbool.h>
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

/* Of kernels without sums over the batch. */
static void fake_nothing_after(const void *const *in, void *const *out, const void *uniform, const void *sums)
{
    (void)in;
    (void)out;
    (void)uniform;
    (void)sums;
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

/* Where the spec says base.rate, the base's settings say train.rate; only the flow has a penalty. */
static void base_set(struct fake *fake, const char *key, const char *text)
{
    const char *dot = strchr(key, '.');
    char twin[64] = "";
    if (dot)
        (void)snprintf(twin, sizeof twin, "%s%s", strncmp(key, "train.", 6) == 0 ? "base" : "train", dot);
    const bool has_twin = fake_settings_place(twin) >= 0;
    if (strncmp(key, "penalty.", 8) == 0 || (strncmp(key, "train.", 6) == 0 && has_twin))
        return;
    fake_settings_put(&fake->base_settings, strncmp(key, "base.", 5) == 0 && has_twin ? twin : key, text);
}

void fake_set(struct fake *fake, const char *key, const char *text)
{
    fake_settings_put(&fake->settings, key, text);
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
    fake_settings_make(&fake->settings, &fake->bundle);
    fake_settings_make(&fake->base_settings, &fake->base);
    for (int64_t i = 0; i < fake->bundle.n_settings; i++)
        base_set(fake, fake->settings.row[i].key, fake->settings.row[i].text);
    fake_settings_put(&fake->base_settings, "penalty.weight", "1");
    char dimension[FAKE_MAX_TEXT];
    (void)snprintf(dimension, sizeof dimension, "%d", (int)bundles[model]->dimension);
    fake_set(fake, "name", "fake");
    fake_set(fake, "dimension", dimension);
    fake_set(fake, "precision", bundles[model]->precision == 4 ? "single" : "double");
}
