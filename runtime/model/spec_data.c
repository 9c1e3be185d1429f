/* SPDX-License-Identifier: MIT */
#include "model/spec_data.h"

#include "data/data_path.h"
#include "files/byte_source.h"
#include "ground/json_make.h"
#include "kernels/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_base(const struct gpfc_bundle *bundle)
{
    return bundle->base || setting_is(bundle, SETTING_base_kind, WORD_base_mixture);
}

static const char *spec_generator(const struct gpfc_bundle *bundle)
{
    return setting_is(bundle, SETTING_data_source, WORD_source_none)
               ? ""
               : setting_text(bundle, SETTING_data_source);
}

const char *spec_data_file(const struct gpfc_bundle *bundle, const char *data)
{
    const char *pairs = setting_text(bundle, SETTING_data_pairs),
               *samples = setting_text(bundle, SETTING_data_samples_file);
    if (data && data[0] != '\0')
        return data;
    return pairs[0] != '\0' ? pairs : samples[0] != '\0' ? samples : NULL;
}

const char *spec_data_folder(const struct gpfc_bundle *bundle, const char *data)
{
    return data && data[0] != '\0' ? NULL : setting_text(bundle, SETTING_data_folder);
}

static char *copy_of(const char *text, struct fault *fault)
{
    char *const copy = strdup(text);
    if (!copy)
        (void)fault_memory(fault, strlen(text) + 1, "a path");
    return copy;
}

/* Checkpoints keep it as a text in JSON: better to be told before a training than after its first hour. */
static char *lasting(const char *file, const char *folder, struct fault *fault)
{
    char *const path = data_path_lasting(file, folder, fault);
    if (!path || json_takes(path))
        return path;
    (void)fault_set(
        fault, FAULT_INPUT,
        "%s: a path that is no UTF-8, which a checkpoint cannot hold; rename the file or its folder", path);
    free(path);
    return NULL;
}

char *spec_data_lasting(const struct gpfc_bundle *bundle, const char *data, struct fault *fault)
{
    const char *const file = spec_data_file(bundle, data);
    return file ? lasting(file, spec_data_folder(bundle, data), fault) : copy_of("", fault);
}

static const char *weights_folder(const struct gpfc_bundle *bundle, const char *weights)
{
    return weights ? NULL : setting_text(bundle, SETTING_data_folder);
}

char *spec_data_lasting_weights(const struct gpfc_bundle *bundle, const char *weights, struct fault *fault)
{
    const char *const name = weights ? weights : setting_text(bundle, SETTING_data_weights);
    return column_choice_is_file(name) ? lasting(name, weights_folder(bundle, weights), fault)
                                       : copy_of(name, fault);
}

const char *spec_data_name(const struct gpfc_bundle *bundle, const char *data, char *room, size_t bytes)
{
    const char *file = spec_data_file(bundle, data);
    (void)snprintf(room, bytes, "%s%s", file ? "" : "generator ",
                   file ? byte_source_name(file) : spec_generator(bundle));
    return room;
}

static bool standardises(const struct gpfc_bundle *bundle, const char *file)
{
    return setting_is(bundle, SETTING_data_standardise, WORD_standardise_yes) ||
           (file && !setting_is(bundle, SETTING_data_standardise, WORD_standardise_no));
}

static struct samples_request request_of(const struct gpfc_bundle *bundle, const char *file,
                                         const struct data_options *given, const struct column_choice *choice)
{
    return (struct samples_request){
        .d = bundle->dimension,
        .precision = bundle->precision,
        .file = file,
        .rows = setting_integer(bundle, SETTING_data_samples),
        .test = setting_number(bundle, SETTING_data_test),
        .columns = choice->columns,
        .weights_file = choice->weights_file,
        .weights_folder = weights_folder(bundle, given->weights),
        .dequantise = setting_is(bundle, SETTING_data_dequantise, WORD_dequantise_yes),
        .standardise = standardises(bundle, file),
    };
}

bool spec_data_load(struct samples *out, const struct gpfc_bundle *bundle, const struct data_options *given,
                    const struct standard *standard, uint64_t seed, bool look, struct fault *fault)
{
    struct column_choice choice;
    const char *file = spec_data_file(bundle, given->file), *generator = spec_generator(bundle);
    if (!file && generator[0] == '\0')
        return fault_set(fault, FAULT_INPUT,
                         "the spec names no data: give --data FILE.npz with x and y = f(x)%s",
                         has_base(bundle) ? ", or with only x" : "");
    if (!column_choice_make(&choice, bundle, given, false, fault))
        return false;
    struct samples_request request = request_of(bundle, file, given, &choice);
    request.generator = generator[0] != '\0' ? generator : NULL;
    request.folder = spec_data_folder(bundle, given->file);
    request.seed = seed;
    request.look = look;
    request.standard = standard;
    const bool good = samples_load(out, &request, fault);
    column_choice_free(&choice);
    return good;
}

bool spec_data_look(struct look **out, const struct gpfc_bundle *bundle, const struct data_options *given,
                    struct fault *fault)
{
    struct column_choice choice;
    if (!column_choice_make(&choice, bundle, given, false, fault))
        return false;
    const struct samples_request request = request_of(bundle, given->file, given, &choice);
    const bool good = samples_look_through(out, &request, fault);
    column_choice_free(&choice);
    return good;
}
