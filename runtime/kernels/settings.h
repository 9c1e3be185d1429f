/* SPDX-License-Identifier: MIT
 *
 * Typed look-up of the settings that a bundle carries: every key of the spec with its value. */
#ifndef GPFC_SETTINGS_H
#define GPFC_SETTINGS_H

#include "gpfc/kernel_abi.h"

#include <stdbool.h>
#include <stdint.h>

/* The value as text; "" where a bundle of an older compiler lacks the key. */
const char *setting_text(const struct gpfc_bundle *bundle, const char *key);

/* Whether the key's value is this word. */
bool setting_is(const struct gpfc_bundle *bundle, const char *key, const char *word);

/* The value as a number; `missing` where the bundle lacks the key. */
double setting_number(const struct gpfc_bundle *bundle, const char *key, double missing);
int64_t setting_integer(const struct gpfc_bundle *bundle, const char *key, int64_t missing);

#endif
