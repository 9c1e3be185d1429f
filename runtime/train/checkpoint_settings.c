/* SPDX-License-Identifier: MIT */
#include "train/checkpoint_settings.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool steers(const char *key, bool of_base)
{
    if (starts_with(key, "train.checkpoint_")) /* when, not what */
        return false;
    if (starts_with(key, "train."))
        return true;
    if (strcmp(key, "flow.most_steps") == 0 || strcmp(key, "flow.density_error") == 0 ||
        strcmp(key, "flow.roundtrip") == 0)
        return !of_base;
    return of_base ? starts_with(key, "base.") : starts_with(key, "penalty.") || starts_with(key, "cost.");
}

/* A checkpoint's own word counts for these. */
static bool is_kept(const char *key)
{
    const char *name = strchr(key, '.') + 1;
    return strcmp(name, "epochs") == 0 || strcmp(name, "batch") == 0 || strcmp(name, "seed") == 0;
}

void checkpoint_settings(const struct gpfc_bundle *bundle, const struct safetensors *file, bool of_base,
                         char *text, size_t room)
{
    const char *settings = safetensors_metadata(file, "gpfc.settings");
    json_t *there = settings ? json_loads(settings, JSON_REJECT_DUPLICATES, NULL) : NULL;
    size_t length = 0;
    text[0] = '\0';
    for (int64_t i = 0; i < bundle->n_settings && length < room; i++) {
        const struct gpfc_setting *here = &bundle->settings[i];
        const char *other = json_string_value(json_object_get(there, here->key));
        if (!steers(here->key, of_base) || !other || strcmp(other, here->text) == 0)
            continue;
        length +=
            (size_t)snprintf(text + length, room - length, "%s%s was %s and is %s%s", length > 0 ? ", " : "",
                             here->key, other, here->text, is_kept(here->key) ? " (not heeded)" : "");
    }
    json_decref(there);
}
