/* SPDX-License-Identifier: MIT
 *
 * Bundles written by hand, for tests of the runtime without the compiler: they obey kernel_abi.h with a model
 * of one layer whose numbers are known, the map s(y) = y + W y + b, and, with base.kind bnaf, a base flow
 * f(x) = exp(l) x + b. */
#ifndef GPFC_FAKE_BUNDLE_H
#define GPFC_FAKE_BUNDLE_H

#include "unit/runtime/kernels/fake_settings.h"

/* In the environment: every tile of a training step takes a millisecond more. */
#define FAKE_SLOW "GPFC_FAKE_SLOW"

enum fake_model { FAKE_SINGLE2, FAKE_DOUBLE2, FAKE_DOUBLE3, FAKE_MODELS };
enum { FAKE_LANES = 4, FAKE_STEPS = 2 };

struct fake {
    struct gpfc_bundle bundle, base;
    struct fake_settings settings, base_settings;
};

/* All settings as an empty spec would have them. The bundle points into *fake. */
void fake_make(struct fake *fake, enum fake_model model);

/* Changes one setting that exists; its number is read from the text (0 for words). base.rate is the base's
 * train.rate, and so on. */
void fake_set(struct fake *fake, const char *key, const char *text);

#endif
