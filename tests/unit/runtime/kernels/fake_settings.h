/* SPDX-License-Identifier: MIT
 *
 * The settings of an empty spec, for bundles that tests write by hand: every key of the compiler's own table
 * with its default, so that the two cannot drift apart. */
#ifndef GPFC_FAKE_SETTINGS_H
#define GPFC_FAKE_SETTINGS_H

#include "gpfc/kernel_abi.h"

enum { FAKE_MAX_SETTINGS = 96, FAKE_MAX_TEXT = 128 };

struct fake_settings {
    struct gpfc_setting row[FAKE_MAX_SETTINGS];
    char text[FAKE_MAX_SETTINGS][FAKE_MAX_TEXT];
};

/* Fills *settings, which the bundle then points to. */
void fake_settings_make(struct fake_settings *settings, struct gpfc_bundle *bundle);

/* Changes one that exists; its number is read from the text (0 for words). */
void fake_settings_put(struct fake_settings *settings, const char *key, const char *text);

/* Place of a key in the table, -1 where there is none. */
int fake_settings_place(const char *key);

#endif
