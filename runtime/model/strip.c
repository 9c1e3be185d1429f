/* SPDX-License-Identifier: MIT */
#include "model/strip.h"

#include "files/safetensors.h"
#include "ground/json_text.h"
#include "model/column_choice.h"
#include "model/tensor_list.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Weights may be a column, and then stay. */
static const char *const texts[] = {"gpfc.spec", "gpfc.data"};
static const char *const settings[] = {"data.folder", "data.pairs", "data.file"};
static const char weights_text[] = "gpfc.weights", weights_setting[] = "data.weights";
static const char settings_text[] = "gpfc.settings";

static bool is_one_of(const char *key, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* Of settings that are no JSON, which nothing reads, nothing stays. */
static void strip_settings(struct tensor_list *list, const char *value)
{
    json_error_t error;
    json_t *const all = json_loads(value, JSON_REJECT_DUPLICATES, &error);
    if (!all) {
        list->short_of_memory |= json_error_code(&error) == json_error_out_of_memory;
        return;
    }
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        (void)json_object_del(all, settings[i]);
    const char *const weights = json_string_value(json_object_get(all, weights_setting));
    if (weights && column_choice_is_file(weights))
        (void)json_object_del(all, weights_setting);
    char *const text = json_text(all, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(all);
    list->short_of_memory |= !text;
    if (text)
        tensor_list_metadata(list, settings_text, text);
    free(text);
}

static void take_metadata(void *data, const struct metadata *metadata)
{
    struct tensor_list *const list = data;
    const char *const key = metadata->key, *const value = metadata->value;
    if (is_one_of(key, texts, sizeof texts / sizeof texts[0]) ||
        (strcmp(key, weights_text) == 0 && column_choice_is_file(value)))
        return;
    if (strcmp(key, settings_text) == 0)
        strip_settings(list, value);
    else
        tensor_list_metadata(list, key, value);
}

/* Types that are never written would be lost. */
static bool take_tensors(struct tensor_list *list, const struct safetensors *file, const char *path,
                         struct fault *fault)
{
    static const char *const written[] = {"F32", "F64"};
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const struct tensor *const tensor = safetensors_at(file, i);
        if (!is_one_of(tensor->dtype, written, 2))
            return fault_set(fault, FAULT_INPUT, "%s: tensor '%s' is of type %s, which gpfc never writes",
                             path, tensor->name, tensor->dtype);
        tensor_list_add_tensor(list, tensor);
    }
    return true;
}

bool strip_file(const char *path, const char *out, struct fault *fault)
{
    struct safetensors *file;
    struct tensor_list list = {0};
    if (!safetensors_read(&file, path, fault))
        return false;
    safetensors_each_metadata(file, take_metadata, &list);
    const bool done = take_tensors(&list, file, path, fault) && tensor_list_write(&list, out, fault);
    tensor_list_free(&list);
    safetensors_free(file);
    return done;
}
