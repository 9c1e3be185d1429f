/* SPDX-License-Identifier: MIT */
#include "model/tensor_list.h"

#include "ground/json_make.h"
#include "ground/json_text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more element; false, with the list marked, where there is no memory. */
static bool grow(struct tensor_list *list, void **array, size_t *room, size_t count, size_t bytes_each)
{
    if (count < *room)
        return true;
    size_t more = *room > 0 ? 2 * *room : 16;
    void *bigger = realloc(*array, more * bytes_each);
    if (!bigger) {
        list->short_of_memory = true;
        return false;
    }
    *array = bigger;
    *room = more;
    return true;
}

static char *joined(const char *a, const char *b)
{
    size_t room = strlen(a) + strlen(b) + 1;
    char *text = malloc(room);
    if (text)
        (void)snprintf(text, room, "%s%s", a, b);
    return text;
}

/* Takes a copy of the tensor under its own name. */
static void add_tensor(struct tensor_list *list, const struct tensor *tensor, const char *prefix)
{
    void *array = list->tensors;
    char *name = joined(prefix, tensor->name);
    if (!name || !grow(list, &array, &list->room_tensors, list->n_tensors, sizeof *list->tensors)) {
        list->short_of_memory = true;
        free(name);
        return;
    }
    list->tensors = array;
    list->tensors[list->n_tensors] = *tensor;
    list->tensors[list->n_tensors++].name = name;
}

void tensor_list_add_tensor(struct tensor_list *list, const struct tensor *tensor)
{
    add_tensor(list, tensor, "");
}

void tensor_list_add(struct tensor_list *list, const struct gpfc_bundle *bundle, const char *prefix,
                     const void *array)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        struct tensor tensor =
            tensor_of(parameter->name, bundle->precision, (int)parameter->rank, parameter->shape[0],
                      parameter->shape[1], (const char *)array + parameter->offset * bundle->precision);
        add_tensor(list, &tensor, prefix);
    }
}

void tensor_list_add_base(struct tensor_list *list, const struct gpfc_bundle *bundle,
                          const struct base_flow *base)
{
    const struct mixture *mixture = base ? base_flow_mixture(base) : NULL;
    struct tensor tensors[MIXTURE_TENSORS];
    if (mixture) {
        mixture_tensors(mixture, tensors);
        for (int i = 0; i < MIXTURE_TENSORS; i++)
            add_tensor(list, &tensors[i], "");
    } else if (base)
        tensor_list_add(list, bundle->base, "", base_flow_theta(base));
}

void tensor_list_add_standard(struct tensor_list *list, const struct standard *standard)
{
    struct tensor tensors[STANDARD_TENSORS];
    if (!standard || standard->d == 0)
        return;
    standard_tensors(standard, tensors);
    for (int i = 0; i < STANDARD_TENSORS; i++)
        add_tensor(list, &tensors[i], "");
}

/* The text that printf would print; NULL: no memory. */
static char *formatted(const char *format, va_list values)
{
    va_list again;
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (text)
        (void)vsnprintf(text, (size_t)length + 1, format, values);
    return text;
}

/* Takes both; NULL: no memory. */
static void add_metadata(struct tensor_list *list, char *name, char *value)
{
    void *array = list->metadata;
    if (!value || !name ||
        !grow(list, &array, &list->room_metadata, list->n_metadata, sizeof *list->metadata)) {
        list->short_of_memory = true;
        free(name);
        free(value);
        return;
    }
    list->metadata = array;
    list->metadata[list->n_metadata++] = (struct metadata){.key = name, .value = value};
}

void tensor_list_metadata(struct tensor_list *list, const char *key, const char *value)
{
    add_metadata(list, strdup(key), strdup(value));
}

void tensor_list_note(struct tensor_list *list, const char *key, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *const value = formatted(format, values);
    va_end(values);
    add_metadata(list, joined("gpfc.", key), value);
}

static void note_settings(struct tensor_list *list, const struct gpfc_bundle *bundle)
{
    json_t *all = json_object();
    for (int64_t i = 0; i < bundle->n_settings; i++)
        json_put_text(&all, bundle->settings[i].key, bundle->settings[i].text);
    char *text = json_text(all, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(all);
    if (!text)
        list->short_of_memory = true;
    else
        tensor_list_note(list, "settings", "%s", text);
    free(text);
}

void tensor_list_note_bundle(struct tensor_list *list, const struct gpfc_bundle *bundle)
{
    tensor_list_note(list, "name", "%s", bundle->name);
    tensor_list_note(list, "version", "%s", bundle->version);
    tensor_list_note(list, "spec_hash", "%016" PRIx64, (uint64_t)bundle->spec_hash);
    if (bundle->base)
        tensor_list_note(list, "base_hash", "%016" PRIx64, (uint64_t)bundle->base->spec_hash);
    tensor_list_note(list, "spec", "%s", bundle->spec_text);
    note_settings(list, bundle);
}

bool tensor_list_write(const struct tensor_list *list, const char *path, struct fault *fault)
{
    if (list->short_of_memory)
        return fault_memory(fault, 0, "the file's header");
    return safetensors_write(path, list->tensors, list->n_tensors, list->metadata, list->n_metadata, fault);
}

/* The names were made here, though the structures call them const. */
static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

void tensor_list_free(struct tensor_list *list)
{
    for (size_t i = 0; i < list->n_tensors; i++)
        free_text(list->tensors[i].name);
    for (size_t i = 0; i < list->n_metadata; i++) {
        free_text(list->metadata[i].key);
        free_text(list->metadata[i].value);
    }
    free(list->tensors);
    free(list->metadata);
    *list = (struct tensor_list){0};
}
