/* SPDX-License-Identifier: MIT */
#include "weights.h"

#include "bundle.h"
#include "random.h"
#include "settings.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- start -------------------------------------------------------------------------------------------- */

static double initial_deviation(const struct gpfc_bundle *bundle, const struct gpfc_parameter *parameter)
{
    if (parameter->init == GPFC_INIT_LAST)
        return setting_number(bundle, "train.init_last", 1e-3);
    double hidden = setting_number(bundle, "train.init_hidden", 0);
    return hidden > 0 ? hidden : 1 / sqrt((double)parameter->fan_in);
}

static void scale(void *array, int64_t first, int64_t n, int64_t precision, double factor)
{
    for (int64_t i = first; i < first + n; i++)
        if (precision == sizeof(float))
            ((float *)array)[i] = (float)(((float *)array)[i] * factor);
        else
            ((double *)array)[i] *= factor;
}

void weights_initial(const struct gpfc_bundle *bundle, uint64_t seed, void *theta)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        int64_t n = bundle_parameter_elements(parameter);
        random_fill_normal(seed, random_stream(RANDOM_WEIGHTS, (uint64_t)i), 0, n, (int)bundle->precision,
                           (char *)theta + parameter->offset * bundle->precision);
        scale(theta, parameter->offset, n, bundle->precision, initial_deviation(bundle, parameter));
    }
}

/* ---- lists of tensors --------------------------------------------------------------------------------- */

/* Room for one more element; false, with the list marked, where there is no memory. */
static bool grow(struct tensor_list *list, void **array, size_t *room, size_t count, size_t bytes_each)
{
    if (count < *room)
        return true;
    size_t more = *room > 0 ? 2 * *room : 16;
    void *bigger = realloc(*array, more * bytes_each);
    if (bigger == NULL) {
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
    if (text != NULL)
        (void)snprintf(text, room, "%s%s", a, b);
    return text;
}

/* Takes a copy of the tensor under its own name. */
static void add_tensor(struct tensor_list *list, const struct tensor *tensor, const char *prefix)
{
    void *array = list->tensors;
    char *name = joined(prefix, tensor->name);
    if (name == NULL || !grow(list, &array, &list->room_tensors, list->n_tensors, sizeof *list->tensors)) {
        list->short_of_memory = true;
        free(name);
        return;
    }
    list->tensors = array;
    list->tensors[list->n_tensors] = *tensor;
    list->tensors[list->n_tensors++].name = name;
}

void tensor_list_add(struct tensor_list *list, const struct gpfc_bundle *bundle, const char *prefix,
                     const void *array)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        struct tensor tensor =
            tensor_of(parameter->name, (int)bundle->precision, (int)parameter->rank, parameter->shape[0],
                      parameter->shape[1], (const char *)array + parameter->offset * bundle->precision);
        add_tensor(list, &tensor, prefix);
    }
}

void tensor_list_add_base(struct tensor_list *list, const struct mixture *base)
{
    if (base == NULL)
        return;
    struct tensor tensors[MIXTURE_TENSORS];
    mixture_tensors(base, tensors);
    for (int i = 0; i < MIXTURE_TENSORS; i++)
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
    if (text != NULL)
        (void)vsnprintf(text, (size_t)length + 1, format, values);
    return text;
}

void tensor_list_note(struct tensor_list *list, const char *key, const char *format, ...)
{
    void *array = list->metadata;
    va_list values;
    va_start(values, format);
    char *value = formatted(format, values), *name = joined("gpfc.", key);
    va_end(values);
    if (value == NULL || name == NULL ||
        !grow(list, &array, &list->room_metadata, list->n_metadata, sizeof *list->metadata)) {
        list->short_of_memory = true;
        free(name);
        free(value);
        return;
    }
    list->metadata = array;
    list->metadata[list->n_metadata++] = (struct metadata){.key = name, .value = value};
}

static void note_settings(struct tensor_list *list, const struct gpfc_bundle *bundle)
{
    json_t *all = json_object();
    for (int64_t i = 0; i < bundle->n_settings; i++)
        (void)json_object_set_new(all, bundle->settings[i].key, json_string(bundle->settings[i].text));
    char *text = json_dumps(all, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(all);
    if (text == NULL)
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

/* ---- reading ------------------------------------------------------------------------------------------ */

static bool decides_model(const char *key)
{
    return strcmp(key, "dimension") == 0 || strcmp(key, "precision") == 0 || strncmp(key, "flow.", 5) == 0;
}

/* The first setting that another spec has otherwise, as "flow.field is cube there and gaussian here"; or
 * words that say no more than that they differ. */
static void tell_difference(const struct gpfc_bundle *bundle, const struct safetensors *file, char *text,
                            size_t room)
{
    const char *settings = safetensors_metadata(file, "gpfc.settings");
    json_t *there = settings != NULL ? json_loads(settings, JSON_REJECT_DUPLICATES, NULL) : NULL;
    (void)snprintf(text, room, "the specs differ");
    for (int64_t i = 0; i < bundle->n_settings; i++) {
        const struct gpfc_setting *here = &bundle->settings[i];
        const char *other = json_string_value(json_object_get(there, here->key));
        if (decides_model(here->key) && other != NULL && strcmp(other, here->text) != 0) {
            (void)snprintf(text, room, "%s is %s there and %s here", here->key, other, here->text);
            break;
        }
    }
    json_decref(there);
}

bool weights_same_spec(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                       struct fault *fault)
{
    char here[20], difference[256];
    const char *there = safetensors_metadata(file, "gpfc.spec_hash");
    (void)snprintf(here, sizeof here, "%016" PRIx64, (uint64_t)bundle->spec_hash);
    if (there == NULL || strcmp(there, here) == 0)
        return true;
    const char *name = safetensors_metadata(file, "gpfc.name");
    tell_difference(bundle, file, difference, sizeof difference);
    return fault_set(fault, FAULT_INPUT, "%s: made for another spec (%s): %s", path,
                     name != NULL ? name : "no name", difference);
}

bool weights_take(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                  const char *prefix, void *array, struct fault *fault)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        char *name = joined(prefix, parameter->name);
        if (name == NULL)
            return fault_memory(fault, 0, path);
        bool good =
            safetensors_take(file, name, (int)bundle->precision, (int)parameter->rank, parameter->shape,
                             (char *)array + parameter->offset * bundle->precision, fault);
        free(name);
        if (!good)
            return false;
    }
    return true;
}

/* A layer too many would change the flow without a word. */
static bool no_other_layers(const struct gpfc_bundle *bundle, const struct safetensors *file,
                            const char *path, struct fault *fault)
{
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const char *name = safetensors_at(file, i)->name;
        bool known = strncmp(name, "flow.", 5) != 0;
        for (int64_t k = 0; !known && k < bundle->n_parameters; k++)
            known = strcmp(name, bundle->parameters[k].name) == 0;
        if (!known)
            return fault_set(fault, FAULT_INPUT, "%s: tensor '%s' is none of this flow's, whose last is '%s'",
                             path, name, bundle->parameters[bundle->n_parameters - 1].name);
    }
    return true;
}

static bool all_finite(const struct gpfc_bundle *bundle, const char *path, const void *theta,
                       struct fault *fault)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        for (int64_t k = parameter->offset; k < parameter->offset + bundle_parameter_elements(parameter);
             k++) {
            double value =
                bundle->precision == 4 ? (double)((const float *)theta)[k] : ((const double *)theta)[k];
            if (!isfinite(value))
                return fault_set(fault, FAULT_INPUT, "%s: tensor '%s' holds %g at element %lld", path,
                                 parameter->name, value, (long long)(k - parameter->offset));
        }
    }
    return true;
}

static bool base_fits(const struct gpfc_bundle *bundle, const struct mixture *base, const char *path,
                      struct fault *fault)
{
    if (base == NULL || base->d == bundle->dimension)
        return true;
    return fault_set(fault, FAULT_INPUT, "%s: its base flow has dimension %lld, the flow %lld", path,
                     (long long)base->d, (long long)bundle->dimension);
}

/* Checkpoints have it too, under the same key. */
static void read_seed(struct weights *weights, const struct safetensors *file)
{
    const char *text = safetensors_metadata(file, "gpfc.seed");
    char *end = NULL;
    weights->seed = text != NULL ? strtoull(text, &end, 10) : 0;
    weights->seed_known = text != NULL && end != text && *end == '\0';
}

bool weights_read(struct weights *out, const struct gpfc_bundle *bundle, const char *path,
                  struct fault *fault)
{
    size_t bytes = (size_t)(bundle->theta_elements * bundle->precision);
    struct safetensors *file = NULL;
    *out = (struct weights){0};
    if (!safetensors_read(&file, path, fault))
        return false;
    out->theta = malloc(bytes);
    bool good = out->theta != NULL || fault_memory(fault, bytes, path);
    good = good && weights_same_spec(bundle, file, path, fault) &&
           weights_take(bundle, file, path, "", out->theta, fault) &&
           no_other_layers(bundle, file, path, fault) && all_finite(bundle, path, out->theta, fault) &&
           mixture_from_tensors(&out->base, file, fault) && base_fits(bundle, out->base, path, fault);
    if (good)
        read_seed(out, file);
    safetensors_free(file);
    if (!good)
        weights_free(out);
    return good;
}

void weights_free(struct weights *weights)
{
    free(weights->theta);
    mixture_free(weights->base);
    *weights = (struct weights){0};
}

bool weights_write(const char *path, const struct gpfc_bundle *bundle, const void *theta,
                   const struct mixture *base, const struct weights_note *note, struct fault *fault)
{
    struct tensor_list list = {0};
    tensor_list_add(&list, bundle, "", theta);
    tensor_list_add_base(&list, base);
    tensor_list_note_bundle(&list, bundle);
    tensor_list_note(&list, "step", "%" PRId64, note->step);
    tensor_list_note(&list, "cost", "%.9g", note->cost);
    tensor_list_note(&list, "seed", "%" PRIu64, note->seed);
    bool good = tensor_list_write(&list, path, fault);
    tensor_list_free(&list);
    return good;
}
