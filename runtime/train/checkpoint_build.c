/* SPDX-License-Identifier: MIT */
#include "train/checkpoint_build.h"

#include "model/version.h"

#include <stdio.h>
#include <string.h>

static const struct fact {
    const char *name;
    size_t field;              /* of the bundle, a text; may be NULL */
    bool is_long;              /* said to differ, not how */
    const char *(*text)(void); /* of the runtime library, in place of the bundle */
} facts[] = {
    {"version", .field = offsetof(struct gpfc_bundle, version)},
    {"toolchain", .field = offsetof(struct gpfc_bundle, toolchain)},
    {"c_compiler", .text = version_of_c_compiler},
    {"cpu", .field = offsetof(struct gpfc_bundle, cpu)},
    {"features", .field = offsetof(struct gpfc_bundle, features), .is_long = true},
    {"schedule", .field = offsetof(struct gpfc_bundle, schedule), .is_long = true},
};

enum { N_FACTS = sizeof facts / sizeof facts[0] };

static const char *text_of(const struct gpfc_bundle *bundle, const struct fact *fact)
{
    const char *text;
    if (fact->text)
        return fact->text();
    memcpy(&text, (const char *)bundle + fact->field, sizeof text);
    return text ? text : "";
}

static void key_of(const struct fact *fact, char *key, size_t room)
{
    (void)snprintf(key, room, "build.%s", fact->name);
}

void checkpoint_build_note(struct tensor_list *list, const struct gpfc_bundle *bundle)
{
    char key[32];
    for (int i = 0; i < N_FACTS; i++) {
        key_of(&facts[i], key, sizeof key);
        tensor_list_note(list, key, "%s", text_of(bundle, &facts[i]));
    }
}

void checkpoint_build_differs(const struct gpfc_bundle *bundle, const struct safetensors *file, char *text,
                              size_t room)
{
    size_t length = 0;
    text[0] = '\0';
    for (int i = 0; i < N_FACTS && length < room; i++) {
        char name[32], key[40];
        key_of(&facts[i], name, sizeof name);
        (void)snprintf(key, sizeof key, "gpfc.%s", name);
        const char *const there = safetensors_metadata(file, key), *const here = text_of(bundle, &facts[i]);
        if (!there || strcmp(there, here) == 0)
            continue;
        const char *const comma = length > 0 ? ", " : "";
        length += (size_t)(facts[i].is_long
                               ? snprintf(text + length, room - length, "%sthe %s", comma, facts[i].name)
                               : snprintf(text + length, room - length, "%s%s was %s and is %s", comma,
                                          facts[i].name, there, here));
    }
}
