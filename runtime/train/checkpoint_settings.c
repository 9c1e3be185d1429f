/* SPDX-License-Identifier: MIT */
#include "train/checkpoint_settings.h"

#include "ground/text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool steers(const char *key, const struct stage_kind *stage)
{
    if (starts_with(key, "train.checkpoint_")) /* when, not what */
        return false;
    for (const char *const *start = stage->steered_by; *start; start++)
        if (starts_with(key, *start))
            return true;
    return false;
}

/* A checkpoint's own word counts for these. */
static bool is_kept(const char *key)
{
    const char *name = strchr(key, '.') + 1;
    return strcmp(name, "epochs") == 0 || strcmp(name, "batch") == 0 || strcmp(name, "seed") == 0;
}

void checkpoint_settings(const struct gpfc_bundle *bundle, const struct safetensors *file,
                         const struct stage_kind *stage, char *text, size_t room)
{
    const char *settings = safetensors_metadata(file, "gpfc.settings");
    json_t *there = settings ? json_loads(settings, JSON_REJECT_DUPLICATES, NULL) : NULL;
    size_t length = 0;
    text[0] = '\0';
    for (int64_t i = 0; i < bundle->n_settings && length < room; i++) {
        const struct gpfc_setting *here = &bundle->settings[i];
        const char *other = json_string_value(json_object_get(there, here->key));
        if (!steers(here->key, stage) || !other || strcmp(other, here->text) == 0)
            continue;
        length +=
            (size_t)snprintf(text + length, room - length, "%s%s was %s and is %s%s", length > 0 ? ", " : "",
                             here->key, other, here->text, is_kept(here->key) ? " (not heeded)" : "");
    }
    json_decref(there);
}
