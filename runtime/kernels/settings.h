/* SPDX-License-Identifier: MIT
 *
 * Typed look-up of the settings that a bundle carries: every key of the spec with its value. Keys and words
 * are those of the spec's tables, SETTING_train_rate and WORD_schedule_cosine, so that a misspelt one does
 * not compile. There are no defaults here: bundle_check() refuses a bundle that lacks a key. */
#ifndef GPFC_SETTINGS_H
#define GPFC_SETTINGS_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

#include <stdbool.h>
#include <stdint.h>

#define SETTING_WORD(choice, name, word)
#define SETTING_WORDS_BEGIN(choice)
#define SETTING_WORDS_END(choice)
enum setting_key {
#define SETTING(name, key) SETTING_##name,
#include "gpfc/settings.def"
#undef SETTING
    SETTINGS
};
#undef SETTING_WORD
#undef SETTING_WORDS_BEGIN
#undef SETTING_WORDS_END

#define SETTING(name, key)
#define SETTING_WORD(choice, name, word) WORD_##choice##_##name,
#define SETTING_WORDS_BEGIN(choice) WORDS_BEFORE_##choice,
#define SETTING_WORDS_END(choice) WORDS_AFTER_##choice,
enum setting_word {
#include "gpfc/settings.def"
    SETTING_WORDS
};
#undef SETTING
#undef SETTING_WORD
#undef SETTING_WORDS_BEGIN
#undef SETTING_WORDS_END

/* How many words a choice has, so that a table of them can be proven complete. */
#define SETTING_WORDS_OF(choice) (WORDS_AFTER_##choice - WORDS_BEFORE_##choice - 1)

/* Has the bundle all keys? The fault names the first that is missing. */
bool settings_check(const struct gpfc_bundle *bundle, struct fault *fault) MUST_CHECK;

/* Of a bundle that was checked. The value as text: */
const char *setting_text(const struct gpfc_bundle *bundle, enum setting_key key);
/* Whether it is this word: */
bool setting_is(const struct gpfc_bundle *bundle, enum setting_key key, enum setting_word word);
/* Whether it is left to the program: */
bool setting_automatic(const struct gpfc_bundle *bundle, enum setting_key key);
/* A word as users write it. */
const char *setting_word_text(enum setting_word word);
/* The value as a number: */
double setting_number(const struct gpfc_bundle *bundle, enum setting_key key);
int64_t setting_integer(const struct gpfc_bundle *bundle, enum setting_key key);

#endif
