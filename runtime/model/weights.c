/* SPDX-License-Identifier: MIT */
#include "model/weights.h"

#include "ground/text.h"
#include "kernels/bundle.h"
#include "kernels/settings.h"
#include "model/flow_rotation.h"
#include "model/tensor_list.h"
#include "model/version.h"
#include "numbers/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- is it ours? --------------------------------------------------------------------------------------- */

/* The first setting that another spec has otherwise, as "flow.field is cube there and gaussian here"; or
 * words that say no more than that they differ. */
static void tell_difference(const struct gpfc_bundle *bundle, const struct safetensors *file,
                            enum gpfc_decides what, char *text, size_t room)
{
    const char *settings = safetensors_metadata(file, "gpfc.settings");
    json_t *there = settings ? json_loads(settings, JSON_REJECT_DUPLICATES, NULL) : NULL;
    (void)snprintf(text, room, "the specs differ");
    for (int64_t i = 0; i < bundle->n_settings; i++) {
        const struct gpfc_setting *here = &bundle->settings[i];
        const char *other = json_string_value(json_object_get(there, here->key));
        if ((here->decides & what) != 0 && other && strcmp(other, here->text) != 0) {
            (void)snprintf(text, room, "%s is %s there and %s here", here->key, other, here->text);
            break;
        }
    }
    json_decref(there);
}

/* Is the hash of the metadata's key this one, or missing? */
static bool same_hash(const struct safetensors *file, const char *key, int64_t hash)
{
    char here[20];
    const char *there = safetensors_metadata(file, key);
    (void)snprintf(here, sizeof here, "%016" PRIx64, (uint64_t)hash);
    return !there || strcmp(there, here) == 0;
}

static bool of_another(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                       const char *kind, enum gpfc_decides what, struct fault *fault)
{
    char difference[256];
    const char *name = safetensors_metadata(file, "gpfc.name");
    tell_difference(bundle, file, what, difference, sizeof difference);
    return fault_set(fault, FAULT_INPUT, "%s: made for another %s (%s): %s", path, kind,
                     name ? name : "no name", difference);
}

bool weights_same_spec(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                       struct fault *fault)
{
    return same_hash(file, "gpfc.spec_hash", bundle->spec_hash) ||
           of_another(bundle, file, path, "spec", GPFC_DECIDES_FLOW, fault);
}

/* May one side have this setting otherwise? Numbers are converted, and time steps looked for. */
static bool may_differ(const struct gpfc_setting *here, const char *there)
{
    if (here->decides & GPFC_DECIDES_STEPS)
        return strcmp(there, "auto") == 0 || strcmp(here->text, "auto") == 0;
    return strcmp(here->key, "precision") == 0;
}

/* Do settings differ that decide the flow, or the base flow, and all of them harmlessly? */
static bool differs_harmlessly(const struct gpfc_bundle *bundle, const struct safetensors *file,
                               enum gpfc_decides what)
{
    const char *settings = safetensors_metadata(file, "gpfc.settings");
    json_t *there = settings ? json_loads(settings, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool fits = true, differs = false;
    for (int64_t i = 0; fits && i < bundle->n_settings; i++) {
        const struct gpfc_setting *here = &bundle->settings[i];
        const char *other = json_string_value(json_object_get(there, here->key));
        if (!(here->decides & what) || (other && strcmp(other, here->text) == 0))
            continue;
        differs = true;
        fits = other && may_differ(here, other);
    }
    json_decref(there);
    return fits && differs;
}

bool weights_fit_spec(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                      struct fault *fault)
{
    return differs_harmlessly(bundle, file, GPFC_DECIDES_FLOW) ||
           weights_same_spec(bundle, file, path, fault);
}

bool weights_same_base(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                       struct fault *fault)
{
    return !bundle->base || same_hash(file, "gpfc.base_hash", bundle->base->spec_hash) ||
           differs_harmlessly(bundle, file, GPFC_DECIDES_BASE) ||
           of_another(bundle, file, path, "base flow", GPFC_DECIDES_BASE, fault);
}

/* ---- reading arrays ------------------------------------------------------------------------------------ */

bool weights_take(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *prefix,
                  void *array, struct fault *fault)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        char name[256];
        (void)snprintf(name, sizeof name, "%s%s", prefix, parameter->name);
        if (!safetensors_take(file, name, bundle->precision, (int)parameter->rank, parameter->shape,
                              (char *)array + parameter->offset * bundle->precision, fault))
            return false;
    }
    return true;
}

/* A layer too many would change the flow without a word. */
static bool no_others(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                      const char *start, const char *what, struct fault *fault)
{
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const char *name = safetensors_at(file, i)->name;
        bool known = !starts_with(name, start) || strcmp(name, FLOW_ROTATION) == 0;
        for (int64_t k = 0; !known && k < bundle->n_parameters; k++)
            known = strcmp(name, bundle->parameters[k].name) == 0;
        if (!known)
            return fault_set(
                fault, FAULT_INPUT, "%s: tensor '%s' does not belong to this %s, whose last is '%s'", path,
                name, what,
                bundle->n_parameters > 0 ? bundle->parameters[bundle->n_parameters - 1].name : "none");
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
            const double value = rows_number(theta, k, bundle->precision);
            if (!isfinite(value))
                return fault_set(fault, FAULT_INPUT, "%s: tensor '%s' is %g at element %lld", path,
                                 parameter->name, value, (long long)(k - parameter->offset));
        }
    }
    return true;
}

/* All of bundle's arrays, which are named start...; *theta is to be freed. */
static bool take_all(void **theta, const struct gpfc_bundle *bundle, const struct safetensors *file,
                     const char *path, const char *start, const char *what, struct fault *fault)
{
    const size_t bytes = (size_t)(bundle->theta_elements * bundle->precision);
    *theta = malloc(bytes + 1); /* a flow of dimension 1 has no weights */
    return (*theta || fault_memory(fault, bytes, path)) && weights_take(bundle, file, "", *theta, fault) &&
           no_others(bundle, file, path, start, what, fault) && all_finite(bundle, path, *theta, fault);
}

/* ---- the base flow ------------------------------------------------------------------------------------- */

static bool take_mixture(struct base_flow **out, const struct gpfc_bundle *bundle,
                         const struct safetensors *file, const char *path, int threads, struct fault *fault)
{
    struct mixture *mixture;
    if (!mixture_from_tensors(&mixture, file, fault))
        return false;
    if (!mixture) /* the file has another base flow, which is of use to none but a flow on pairs */
        return !setting_is(bundle, SETTING_base_kind, WORD_base_mixture) ||
               of_another(bundle, file, path, "base flow", GPFC_DECIDES_BASE, fault);
    if (mixture->d == bundle->dimension)
        return base_flow_of_mixture(out, mixture, threads, fault);
    fault_set(fault, FAULT_INPUT, "%s: its base flow has dimension %lld, the flow %lld", path,
              (long long)mixture->d, (long long)bundle->dimension);
    mixture_free(mixture);
    return false;
}

static bool has_base(const struct safetensors *file)
{
    for (size_t i = 0; i < safetensors_count(file); i++)
        if (starts_with(safetensors_at(file, i)->name, "base."))
            return true;
    return false;
}

bool weights_take_base(struct base_flow **out, const struct gpfc_bundle *bundle,
                       const struct safetensors *file, const char *path, int threads, struct fault *fault)
{
    void *theta = NULL;
    *out = NULL;
    if (!has_base(file))
        return true;
    if (!bundle->base)
        return take_mixture(out, bundle, file, path, threads, fault);
    const bool good = weights_same_base(bundle, file, path, fault) &&
                      take_all(&theta, bundle->base, file, path, "base.", "base flow", fault) &&
                      base_flow_compiled(out, bundle->base, theta, 0, threads, fault);
    free(theta);
    return good;
}

/* ---- files --------------------------------------------------------------------------------------------- */

/* A checkpoint's are those of the weights that it goes on with. */
static void read_time_steps(struct weights *weights, const struct safetensors *file)
{
    const char *text = safetensors_metadata(file, "gpfc.time_steps");
    char *end = NULL;
    const long long steps = text ? strtoll(text, &end, 10) : 0;
    weights->time_steps = text && end != text && *end == '\0' && steps > 0 ? steps : 0;
}

/* Checkpoints have it too, under the same key. */
static void read_seed(struct weights *weights, const struct safetensors *file)
{
    const char *text = safetensors_metadata(file, "gpfc.seed");
    char *end = NULL;
    weights->seed = text ? strtoull(text, &end, 10) : 0;
    weights->seed_known = text && end != text && *end == '\0';
}

/* The first array's stands for all of them. In dimension 1 the flow has none. */
static void note_dtype(struct weights *weights, const struct gpfc_bundle *trained,
                       const struct safetensors *file)
{
    const struct tensor *const first =
        trained->n_parameters > 0 ? safetensors_find(file, trained->parameters[0].name) : NULL;
    const char *const usual = is_single(trained->precision) ? "F32" : "F64";
    if (first && strcmp(first->dtype, usual) != 0)
        (void)snprintf(weights->dtype, sizeof weights->dtype, "%s", first->dtype);
}

static bool read_file(struct weights *out, const struct gpfc_bundle *bundle, const struct safetensors *file,
                      const char *path, bool flow, int threads, struct fault *fault)
{
    if (flow && (!weights_fit_spec(bundle, file, path, fault) ||
                 !take_all(&out->theta, bundle, file, path, "flow.", "flow", fault) ||
                 !flow_rotation_read(&out->rotation, file, bundle->dimension, fault)))
        return false;
    if (!weights_take_base(&out->base, bundle, file, path, threads, fault) ||
        !standard_from_tensors(&out->standard, file, bundle->dimension, fault))
        return false;
    read_seed(out, file);
    read_time_steps(out, file);
    note_dtype(out, flow || !bundle->base ? bundle : bundle->base, file);
    return flow || out->base ||
           fault_set(fault, FAULT_INPUT, "%s: contains no base flow: no tensor '%s'", path,
                     bundle->base ? bundle->base->parameters[0].name : "base.weights");
}

static bool read_path(struct weights *out, const struct gpfc_bundle *bundle, const char *path, bool flow,
                      int threads, struct fault *fault)
{
    struct safetensors *file = NULL;
    *out = (struct weights){0};
    if (!safetensors_read(&file, path, fault))
        return false;
    const bool good = read_file(out, bundle, file, path, flow, threads, fault);
    if (!good) {
        version_explain(bundle, file, fault);
        weights_free(out);
    }
    safetensors_free(file);
    return good;
}

/* ---- folders ------------------------------------------------------------------------------------------- */

/* What is not there is told where it is read. */
static bool find_folder(const char *path, bool *is_folder, struct fault *fault)
{
    struct stat there;
    const bool found = stat(path, &there) == 0;
    *is_folder = found && S_ISDIR(there.st_mode);
    return found || errno == ENOENT || errno == ENOTDIR ||
           fault_system(fault, "stat", errno, "cannot read %s", path);
}

/* Of the first of `names`, which end with NULL, that is in the folder, or of the last. */
static char *path_in(const char *folder, const char *const *names, struct fault *fault)
{
    const size_t room = strlen(folder) + sizeof WEIGHTS_MODEL_FILE + sizeof WEIGHTS_BASE_FILE;
    char *const path = malloc(room);
    if (!path)
        (void)fault_memory(fault, room, "a path");
    if (path)
        do
            (void)snprintf(path, room, "%s/%s", folder, *names++);
        while (*names && access(path, F_OK) != 0);
    return path;
}

/* Of a model file, or in a folder of a training with one of these names in it. NULL: fault. */
static char *path_of(const char *path, const char *const *names, struct fault *fault)
{
    bool is_folder;
    if (!find_folder(path, &is_folder, fault))
        return NULL;
    if (is_folder)
        return path_in(path, names, fault);
    char *const copy = strdup(path);
    if (!copy)
        (void)fault_memory(fault, strlen(path), "a path");
    return copy;
}

static bool read_either(struct weights *out, const struct gpfc_bundle *bundle, const char *path,
                        const char *const *names, bool flow, int threads, struct fault *fault)
{
    char *const file = path_of(path, names, fault);
    *out = (struct weights){0};
    const bool good = file && read_path(out, bundle, file, flow, threads, fault);
    free(file);
    return good;
}

static const char *const model_names[] = {WEIGHTS_MODEL_FILE, NULL};
static const char *const base_names[] = {WEIGHTS_MODEL_FILE, WEIGHTS_BASE_FILE, NULL};

char *weights_path(const char *path, struct fault *fault)
{
    return path_of(path, base_names, fault);
}

bool weights_read(struct weights *out, const struct gpfc_bundle *bundle, const char *path, int threads,
                  struct fault *fault)
{
    return read_either(out, bundle, path, model_names, true, threads, fault);
}

bool weights_read_base(struct weights *out, const struct gpfc_bundle *bundle, const char *path, int threads,
                       struct fault *fault)
{
    return read_either(out, bundle, path, base_names, false, threads, fault);
}

int64_t weights_time_steps(const struct gpfc_bundle *bundle, int64_t known)
{
    return bundle_steps_vary(bundle) && known >= 1 && known <= bundle->steps ? known : bundle->steps;
}

void weights_free(struct weights *weights)
{
    free(weights->theta);
    base_flow_free(weights->base);
    standard_free(&weights->standard);
    free(weights->rotation);
    *weights = (struct weights){0};
}

bool weights_write(const char *path, const struct weights_beside *beside, const struct gpfc_bundle *trained,
                   const void *theta, const struct weights_note *note, struct fault *fault)
{
    struct tensor_list list = {0};
    tensor_list_add(&list, trained, "", theta);
    tensor_list_add_base(&list, beside->bundle, beside->base);
    tensor_list_add_standard(&list, beside->standard);
    flow_rotation_list(&list, beside->bundle->dimension, beside->rotation);
    tensor_list_note_bundle(&list, beside->bundle);
    tensor_list_note(&list, "step", "%" PRId64, note->step);
    tensor_list_note(&list, "cost", "%.9g", note->cost);
    tensor_list_note(&list, "seed", "%" PRIu64, note->seed);
    if (note->time_steps > 0)
        tensor_list_note(&list, "time_steps", "%" PRId64, note->time_steps);
    bool good = tensor_list_write(&list, path, fault);
    tensor_list_free(&list);
    return good;
}
