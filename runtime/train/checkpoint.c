/* SPDX-License-Identifier: MIT
 *
 * Counters and options are in the metadata, numbers in C's hexadecimal form so that none loses a bit; one
 * table lists them. Arrays: the weights under their own names, so that a checkpoint is a model file too, and
 * adam.mean.*, adam.square.*, average.*, best.* beside them. */
#include "train/checkpoint.h"

#include "model/flow_rotation.h"
#include "model/tensor_list.h"
#include "model/version.h"
#include "train/checkpoint_build.h"
#include "train/checkpoint_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- the counters -------------------------------------------------------------------------------------- */

enum field_kind { FIELD_COUNT, FIELD_WORD, FIELD_REAL };

struct field {
    const char *key;
    enum field_kind kind;
    void *value; /* int64_t, uint64_t, double */
};

enum { N_FIELDS = 31 };
static const int64_t GREATEST_COUNT = INT64_C(1) << 53; /* sums of a few of them do not overflow */

static void list_fields(struct trainer_state *state, struct checkpoint_note *note,
                        struct field fields[N_FIELDS])
{
    const struct field all[] = {
        {"epochs", FIELD_COUNT, &note->options.epochs},
        {"batch", FIELD_COUNT, &note->options.batch},
        {"validation", FIELD_REAL, &note->options.validation},
        {"flow_epochs", FIELD_COUNT, &note->flow_epochs},
        {"seed", FIELD_WORD, &note->options.seed},
        {"data_hash", FIELD_WORD, &note->data_hash},
        {"seconds", FIELD_REAL, &note->seconds},
        {"step", FIELD_COUNT, &state->step},
        {"best_step", FIELD_COUNT, &state->best_step},
        {"fall_step", FIELD_COUNT, &state->fall_step},
        {"patience_step", FIELD_COUNT, &state->patience_step},
        {"best_cost", FIELD_REAL, &state->best_cost},
        {"best_test", FIELD_REAL, &state->best_test},
        {"measured_step", FIELD_COUNT, &state->measured_step},
        {"time_steps", FIELD_COUNT, &state->time_steps},
        {"best_time_steps", FIELD_COUNT, &state->best_time_steps},
        {"best_measured_by", FIELD_COUNT, &state->best_measured_by},
        {"evaluations", FIELD_COUNT, &state->evaluations},
        {"time_errors.density", FIELD_REAL, &state->errors.density},
        {"time_errors.roundtrip", FIELD_REAL, &state->errors.roundtrip},
        {"train_cost", FIELD_REAL, &state->train_cost},
        {"last.validation", FIELD_REAL, &state->last_validation},
        {"last.cost", FIELD_REAL, &state->last.cost},
        {"last.energy", FIELD_REAL, &state->last.energy},
        {"last.penalty", FIELD_REAL, &state->last.penalty},
        {"sums.steps", FIELD_COUNT, &state->sums.steps},
        {"sums.loss", FIELD_REAL, &state->sums.loss},
        {"sums.cost", FIELD_REAL, &state->sums.cost},
        {"sums.penalty", FIELD_REAL, &state->sums.penalty},
        {"sums.norm", FIELD_REAL, &state->sums.norm},
    };
    _Static_assert(sizeof all / sizeof all[0] == N_FIELDS - 1, "one more is the list's end");
    memcpy(fields, all, sizeof all);
    fields[N_FIELDS - 1] = (struct field){0};
}

static void note_field(struct tensor_list *list, const struct field *field)
{
    switch (field->kind) {
    case FIELD_COUNT:
        tensor_list_note(list, field->key, "%" PRId64, *(const int64_t *)field->value);
        break;
    case FIELD_WORD:
        tensor_list_note(list, field->key, "%" PRIu64, *(const uint64_t *)field->value);
        break;
    case FIELD_REAL:
        tensor_list_note(list, field->key, "%a", *(const double *)field->value);
        break;
    }
}

static bool parse_field(const struct field *field, const char *text)
{
    char *end = NULL;
    errno = 0;
    switch (field->kind) {
    case FIELD_COUNT:
        *(int64_t *)field->value = strtoll(text, &end, 10);
        return errno == 0 && *text != '\0' && *end == '\0' && *(int64_t *)field->value >= 0 &&
               *(int64_t *)field->value <= GREATEST_COUNT;
    case FIELD_WORD:
        *(uint64_t *)field->value = strtoull(text, &end, 10);
        return errno == 0 && *text != '\0' && *end == '\0';
    case FIELD_REAL:
        *(double *)field->value = strtod(text, &end);
        return *text != '\0' && *end == '\0';
    }
    return false;
}

static bool read_fields(const struct safetensors *file, const char *path, struct trainer_state *state,
                        struct checkpoint_note *note, struct fault *fault)
{
    struct field fields[N_FIELDS];
    list_fields(state, note, fields);
    for (const struct field *field = fields; field->key; field++) {
        char key[64];
        (void)snprintf(key, sizeof key, "gpfc.%s", field->key);
        const char *text = safetensors_metadata(file, key);
        if (!text)
            return fault_set(fault, FAULT_INPUT, "%s: not a checkpoint of a training: '%s' is missing", path,
                             key);
        if (!parse_field(field, text))
            return fault_set(fault, FAULT_INPUT, "%s: '%s' is '%s'", path, key, text);
    }
    return true;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

/* A part's x, y and weights, with what was hashed before. */
static uint64_t hash_part(uint64_t hash, const struct part *part, int64_t row_bytes)
{
    const size_t bytes = (size_t)(part->n * row_bytes);
    const void *const arrays[] = {part->x, part->y};
    for (int i = 0; i < 2; i++)
        if (arrays[i])
            hash = XXH3_64bits_withSeed(arrays[i], bytes, hash);
    if (part->weights)
        hash = XXH3_64bits_withSeed(part->weights, (size_t)part->n * sizeof *part->weights, hash);
    return hash;
}

uint64_t checkpoint_hash(const struct pairs *pairs)
{
    const int64_t sizes[] = {pairs->d, pairs->precision, pairs->train.n, pairs->test.n};
    const struct part *const parts[] = {&pairs->train, &pairs->test, &pairs->validation};
    uint64_t hash = XXH3_64bits(sizes, sizeof sizes);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (i < 2 || parts[i]->n > 0)
            hash = hash_part(hash, parts[i], pairs->d * pairs->precision);
    return hash;
}

static void note_choice(struct tensor_list *list, const char *key, const char *text)
{
    if (text)
        tensor_list_note(list, key, "%s", text);
}

bool checkpoint_write(const char *path, const struct trainer *trainer, const struct weights_beside *beside,
                      const struct checkpoint_note *note, struct fault *fault)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    struct trainer_state state = trainer->state;
    struct checkpoint_note copy = *note;
    struct field fields[N_FIELDS];
    struct tensor_list list = {0};
    char bad[300];
    if (!trainer_finite(trainer, bad, sizeof bad))
        return fault_set(fault, FAULT_DIVERGED, "step %lld: %s", (long long)state.step, bad);
    tensor_list_add(&list, bundle, "", array_host(&state.theta));
    tensor_list_add(&list, bundle, "adam.mean.", array_host(&state.mean));
    tensor_list_add(&list, bundle, "adam.square.", array_host(&state.square));
    tensor_list_add(&list, bundle, "average.", array_host(&state.average));
    tensor_list_add(&list, bundle, "best.", array_host(&state.best));
    optimizer_list(trainer->optimizer, &list);
    tensor_list_add_base(&list, beside->bundle, beside->base);
    tensor_list_add_standard(&list, beside->standard);
    flow_rotation_list(&list, bundle->dimension, beside->rotation);
    tensor_list_note_bundle(&list, beside->bundle);
    checkpoint_build_note(&list, bundle);
    tensor_list_note(&list, "stage", "%s", trainer->stage->name);
    tensor_list_note(&list, "optimizer", "%s", trainer->optimizer->name);
    tensor_list_note(&list, "data", "%s", note->data);
    note_choice(&list, "columns", note->columns);
    note_choice(&list, "label", note->label);
    note_choice(&list, "missing", note->missing);
    note_choice(&list, "weights", note->weights);
    list_fields(&state, &copy, fields);
    for (const struct field *field = fields; field->key; field++)
        note_field(&list, field);
    bool good = tensor_list_write(&list, path, fault);
    tensor_list_free(&list);
    return good;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool options_in_range(const struct checkpoint *checkpoint, struct fault *fault)
{
    const struct trainer_options *options = &checkpoint->note.options;
    if (options->epochs >= 1 && options->epochs <= 1000000000 && options->batch >= 1 &&
        options->batch <= INT32_MAX && options->validation >= 0 && options->validation < 1)
        return true;
    return fault_set(fault, FAULT_INPUT, "%s: %lld epochs of batch %lld, %g of the rows validate",
                     checkpoint->path, (long long)options->epochs, (long long)options->batch,
                     options->validation);
}

static bool read_stage(struct checkpoint *out, const struct gpfc_bundle *bundle, struct fault *fault)
{
    out->stage = stage_kind_named(safetensors_metadata(out->file, "gpfc.stage"));
    return out->stage->number == STAGE_FLOW || bundle->base ||
           fault_set(fault, FAULT_INPUT, "%s: the training of a base flow, which this trainer does not have",
                     out->path);
}

static bool read_data(struct checkpoint *out, struct fault *fault)
{
    const char *data = safetensors_metadata(out->file, "gpfc.data");
    out->note.data = strdup(data ? data : "");
    out->note.columns = safetensors_metadata(out->file, "gpfc.columns");
    out->note.label = safetensors_metadata(out->file, "gpfc.label");
    out->note.missing = safetensors_metadata(out->file, "gpfc.missing");
    out->note.weights = safetensors_metadata(out->file, "gpfc.weights");
    return out->note.data || fault_memory(fault, 0, out->path);
}

bool checkpoint_open(struct checkpoint *out, const struct gpfc_bundle *bundle, const char *path, int threads,
                     struct fault *fault)
{
    struct trainer_state unused;
    *out = (struct checkpoint){.path = path};
    bool good =
        safetensors_read(&out->file, path, fault) && weights_same_spec(bundle, out->file, path, fault) &&
        weights_same_base(bundle, out->file, path, fault) && read_stage(out, bundle, fault) &&
        read_fields(out->file, path, &unused, &out->note, fault) && options_in_range(out, fault) &&
        (!out->stage->after_base || weights_take_base(&out->base, bundle, out->file, path, threads, fault)) &&
        standard_from_tensors(&out->standard, out->file, bundle->dimension, fault) &&
        flow_rotation_read(&out->rotation, out->file, bundle->dimension, fault) && read_data(out, fault);
    if (good) {
        const struct gpfc_bundle *const own = out->stage->number == STAGE_BASE ? bundle->base : bundle;
        checkpoint_build_differs(own, out->file, out->rebuilt, sizeof out->rebuilt);
        checkpoint_settings(bundle, out->file, out->stage, out->changed, sizeof out->changed);
    } else {
        if (out->file)
            version_explain(bundle, out->file, fault);
        checkpoint_close(out);
    }
    return good;
}

/* Moments of one optimizer are of no use to the other. Files without a word of it are Adam's. */
static bool take_optimizer(const struct safetensors *file, struct trainer *trainer, const char *path,
                           struct fault *fault)
{
    const char *there = safetensors_metadata(file, "gpfc.optimizer"), *here = trainer->optimizer->name;
    if (strcmp(there ? there : "adam", here) != 0)
        return fault_set(fault, FAULT_INPUT,
                         "%s: %s.optimizer was %s and is %s, which cannot continue from there", path,
                         trainer->stage->key, there ? there : "adam", here);
    return optimizer_take(trainer->optimizer, file, fault);
}

/* Time steps are those of the trainer, or, where it looks for them, some that it has room for. */
static bool has_time_steps(const struct trainer *trainer, const char *path, struct fault *fault)
{
    const struct trainer_state *state = &trainer->state;
    const int64_t most = trainer->bundle->steps, least = trainer->time_rule.automatic ? 1 : most;
    const int64_t counts[] = {state->time_steps, state->best_time_steps, state->best_measured_by};
    for (int i = 0; i < 3; i++)
        if (counts[i] < least || counts[i] > most)
            return fault_set(fault, FAULT_INPUT, "%s: %lld time steps, which this trainer does not accept",
                             path, (long long)counts[i]);
    return true;
}

bool checkpoint_load(const struct checkpoint *checkpoint, struct trainer *trainer, struct fault *fault)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    const struct safetensors *file = checkpoint->file;
    const char *path = checkpoint->path;
    struct trainer_state *state = &trainer->state;
    struct checkpoint_note unused;
    if (!weights_take(bundle, file, "", array_write(&state->theta), fault) ||
        !weights_take(bundle, file, "adam.mean.", array_write(&state->mean), fault) ||
        !weights_take(bundle, file, "adam.square.", array_write(&state->square), fault) ||
        !weights_take(bundle, file, "average.", array_write(&state->average), fault) ||
        !weights_take(bundle, file, "best.", array_write(&state->best), fault) ||
        !take_optimizer(file, trainer, path, fault) || !read_fields(file, path, state, &unused, fault) ||
        !has_time_steps(trainer, path, fault))
        return false;
    if (state->step > trainer->steps)
        return fault_set(fault, FAULT_INPUT, "%s: step %lld of a training of %lld steps", path,
                         (long long)state->step, (long long)trainer->steps);
    char bad[300];
    return trainer_finite(trainer, bad, sizeof bad) || fault_set(fault, FAULT_INPUT, "%s: %s", path, bad);
}

void checkpoint_close(struct checkpoint *checkpoint)
{
    safetensors_free(checkpoint->file);
    base_flow_free(checkpoint->base);
    standard_free(&checkpoint->standard);
    free(checkpoint->rotation);
    free(checkpoint->note.data);
    *checkpoint = (struct checkpoint){0};
}
