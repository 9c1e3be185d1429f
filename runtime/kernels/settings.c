/* SPDX-License-Identifier: MIT */
#include "kernels/settings.h"

#include <assert.h>
#include <string.h>

#define SETTING_WORDS_BEGIN(choice)
#define SETTING_WORDS_END(choice)
#define SETTING(name, key) [SETTING_##name] = (key),
#define SETTING_WORD(choice, name, word)
static const char *const keys[SETTINGS] = {
#include "gpfc/settings.def"
};
#undef SETTING
#undef SETTING_WORD
#define SETTING(name, key)
#define SETTING_WORD(choice, name, word) [WORD_##choice##_##name] = (word),
static const char *const words[SETTING_WORDS] = {
#include "gpfc/settings.def"
};

static const struct gpfc_setting *find(const struct gpfc_bundle *bundle, enum setting_key key)
{
    for (int64_t i = 0; i < bundle->n_settings; i++)
        if (strcmp(bundle->settings[i].key, keys[key]) == 0)
            return &bundle->settings[i];
    return NULL;
}

bool settings_check(const struct gpfc_bundle *bundle, struct fault *fault)
{
    for (int key = 0; key < SETTINGS; key++)
        if (!find(bundle, (enum setting_key)key))
            return fault_set(fault, FAULT_SYSTEM, "broken bundle: no setting '%s'", keys[key]);
    return true;
}

static const struct gpfc_setting *get(const struct gpfc_bundle *bundle, enum setting_key key)
{
    const struct gpfc_setting *setting = find(bundle, key);
    assert(setting);
    return setting;
}

const char *setting_text(const struct gpfc_bundle *bundle, enum setting_key key)
{
    return get(bundle, key)->text;
}

/* What starts with a digit has an underscore before it. */
const char *setting_word_text(enum setting_word word)
{
    return words[word] + (words[word][0] == '_');
}

bool setting_is(const struct gpfc_bundle *bundle, enum setting_key key, enum setting_word word)
{
    return strcmp(setting_text(bundle, key), setting_word_text(word)) == 0;
}

bool setting_automatic(const struct gpfc_bundle *bundle, enum setting_key key)
{
    return strcmp(setting_text(bundle, key), "auto") == 0;
}

double setting_number(const struct gpfc_bundle *bundle, enum setting_key key)
{
    return get(bundle, key)->number;
}

int64_t setting_integer(const struct gpfc_bundle *bundle, enum setting_key key)
{
    return (int64_t)setting_number(bundle, key);
}
