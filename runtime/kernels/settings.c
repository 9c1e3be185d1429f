/* SPDX-License-Identifier: MIT */
#include "kernels/settings.h"

#include <string.h>

static const struct gpfc_setting *find(const struct gpfc_bundle *bundle, const char *key)
{
    for (int64_t i = 0; i < bundle->n_settings; i++)
        if (strcmp(bundle->settings[i].key, key) == 0)
            return &bundle->settings[i];
    return NULL;
}

const char *setting_text(const struct gpfc_bundle *bundle, const char *key)
{
    const struct gpfc_setting *setting = find(bundle, key);
    return setting ? setting->text : "";
}

bool setting_is(const struct gpfc_bundle *bundle, const char *key, const char *word)
{
    return strcmp(setting_text(bundle, key), word) == 0;
}

double setting_number(const struct gpfc_bundle *bundle, const char *key, double missing)
{
    const struct gpfc_setting *setting = find(bundle, key);
    return setting ? setting->number : missing;
}

int64_t setting_integer(const struct gpfc_bundle *bundle, const char *key, int64_t missing)
{
    const struct gpfc_setting *setting = find(bundle, key);
    return setting ? (int64_t)setting->number : missing;
}
