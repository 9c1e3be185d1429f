/* SPDX-License-Identifier: MIT
 *
 * Takes a spec whose values are each in range, reports every conflict between them, and gives a model if
 * there is none. A key that has no effect gets a warning; one that suggests something that does not happen is
 * an error. */
#include "model/base_check.h"

#include <float.h>
#include <string.h>

enum { MAX_NAME = 64, TRAINING_STEPS = 3000 /* of train.epochs: auto */ };

/* The enums of model.h are the choices of spec_choices.def, in their order. */
_Static_assert((int)MODEL_SINGLE == (int)SPEC_precision_single &&
                   (int)MODEL_DOUBLE == (int)SPEC_precision_double &&
                   (int)MODEL_DOUBLE + 1 == (int)SPEC_precision_words,
               "model: precision");
_Static_assert((int)MODEL_GAUSSIAN == (int)SPEC_field_gaussian && (int)MODEL_CUBE == (int)SPEC_field_cube &&
                   (int)MODEL_CUBE + 1 == (int)SPEC_field_words,
               "model: field");
_Static_assert((int)MODEL_FOLDED == (int)SPEC_potential_folded &&
                   (int)MODEL_BLOCKS == (int)SPEC_potential_blocks &&
                   (int)MODEL_BLOCKS + 1 == (int)SPEC_potential_words,
               "model: potential");
_Static_assert((int)MODEL_TANH == (int)SPEC_activation_tanh &&
                   (int)MODEL_SOFTPLUS == (int)SPEC_activation_softplus &&
                   (int)MODEL_SIN == (int)SPEC_activation_sin &&
                   (int)MODEL_SILU == (int)SPEC_activation_silu &&
                   (int)MODEL_SILU + 1 == (int)SPEC_activation_words,
               "model: activations");
_Static_assert((int)MODEL_EULER == (int)SPEC_integrator_euler &&
                   (int)MODEL_MIDPOINT == (int)SPEC_integrator_midpoint &&
                   (int)MODEL_RK4 == (int)SPEC_integrator_rk4 &&
                   (int)MODEL_RK4 + 1 == (int)SPEC_integrator_words,
               "model: integrator");
_Static_assert((int)MODEL_SQUARED == (int)SPEC_cost_squared && (int)MODEL_L1 == (int)SPEC_cost_l1 &&
                   (int)MODEL_L1 + 1 == (int)SPEC_cost_words,
               "model: cost");
_Static_assert((int)MODEL_EXACT == (int)SPEC_derivative_exact &&
                   (int)MODEL_DIFFERENCE == (int)SPEC_derivative_difference &&
                   (int)MODEL_DIFFERENCE + 1 == (int)SPEC_derivative_words,
               "model: derivative");
_Static_assert(SPEC_MAX_LAYERS + 1 == MODEL_MAX_LAYERS, "model: the hidden layers and the last");

/* ---- names --------------------------------------------------------------------------------------------- */

/* The name becomes names of files and stands in messages. */
static void check_name(struct diag *diag, const struct spec *spec)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const char *name = spec->name.value;
    const size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME || strspn(name, allowed) != length || strchr("-.", name[0]))
        diag_error(diag, spec->name.at,
                   "name: expected 1 to %d letters, digits, '_', '-' or '.', not beginning with '-' or '.', "
                   "found '%s'",
                   MAX_NAME, text_quotable(diag->arena, name, length, MAX_NAME));
}

/* ---- data and base ------------------------------------------------------------------------------------- */

static bool has_base(const struct spec *spec)
{
    return spec->base_kind.value != SPEC_base_none || spec->base_kind.faulty;
}

/* Samples x without y are of use only if something computes y from them. */
static void check_samples(struct diag *diag, const struct spec *spec, struct place at, const char *what)
{
    if (has_base(spec))
        return;
    diag_error(diag, at,
               "%s gives only samples x; expected also a base.kind, the flow that computes y = f(x)", what);
    diag_note(diag, "add 'base: {kind: bnaf}', or give pairs with 'data: {pairs: FILE.npz}'");
}

static void check_source(struct diag *diag, const struct spec *spec)
{
    if (spec->dimension.value != 2)
        diag_error(diag, spec->dimension.at, "dimension is %lld; data.source draws samples of dimension 2",
                   (long long)spec->dimension.value);
    check_samples(diag, spec, spec->data_source.at, "data.source");
    const bool mixture = spec->base_kind.value == SPEC_base_mixture;
    if (mixture && spec->base_components.value > spec->data_samples.value)
        diag_error(diag, spec->base_components.at,
                   "base.components is %lld; expected at most data.samples, %lld",
                   (long long)spec->base_components.value, (long long)spec->data_samples.value);
}

static void check_columns(struct diag *diag, const struct spec *spec)
{
    const struct spec_names *columns = &spec->data_columns;
    if (columns->count > 0 && !columns->faulty && !spec->dimension.faulty &&
        columns->count != spec->dimension.value)
        diag_error(diag, columns->at, "data.columns names %d column%s; the dimension is %lld", columns->count,
                   columns->count == 1 ? "" : "s", (long long)spec->dimension.value);
}

static void check_data(struct diag *diag, const struct spec *spec)
{
    check_columns(diag, spec);
    const bool source = spec->data_source.value != SPEC_source_none,
               pairs = spec->data_pairs.value[0] != '\0', file = spec->data_samples.file[0] != '\0';
    if (source && file)
        diag_error(diag, spec->data_samples.at,
                   "data.samples is a file, and data.source is given; expected one of them");
    if (pairs && (source || file))
        diag_error(diag, spec->data_pairs.at, "data.pairs and data.%s are both given; expected one of them",
                   source ? "source" : "samples");
    else if (source)
        check_source(diag, spec);
    else if (file)
        check_samples(diag, spec, spec->data_samples.at, "a file in data.samples");
    if (pairs && spec->base_kind.value != SPEC_base_none)
        diag_error(diag, spec->base_kind.at,
                   "base.kind and data.pairs are both given, but pairs come from a flow that is already "
                   "trained; expected one of them");
}

/* ---- training ------------------------------------------------------------------------------------------ */

static void check_train_on(struct diag *diag, const struct spec *spec)
{
    if (spec->flow_train_on.value == SPEC_train_on_noise && !has_base(spec))
        diag_error(
            diag, spec->flow_train_on.at,
            "flow.train_on: noise needs a base flow, whose inverse computes x from z; expected a base.kind");
}

/* A file may have a test part of its own; a generator has none but data.test. */
static void check_patience(struct diag *diag, const struct spec *spec,
                           const struct spec_int_or_auto *patience, const char *key)
{
    if (patience->value > 0 && spec->data_source.value != SPEC_source_none && spec->data_test.value == 0 &&
        spec->data_validation.value == 0 && !spec->data_validation.automatic)
        diag_error(diag, patience->at,
                   "%s waits for a better validation cost, but data.validation and data.test are 0", key);
}

/* ---- keys that belong to a choice which was not taken -------------------------------------------------- */

void tell_dependents(struct diag *diag, const struct dependent *keys, size_t n)
{
    for (const struct dependent *key = keys; key < keys + n; key++) {
        if (key->wanted || !key->given)
            continue;
        if (key->fault)
            diag_error(diag, key->at, "%s has no meaning without %s", key->key, key->wants);
        else
            diag_warning(diag, key->at, "%s has no effect without %s", key->key, key->wants);
    }
}

const char *wanted_word(struct arena *arena, enum spec_key key, int word)
{
    return arena_printf(arena, "'%s: %s'", spec_path(key), spec_word(key, word));
}

const char *wanted_either(struct arena *arena, enum spec_key key, int word, int other)
{
    return arena_printf(arena, "%s or '%s'", wanted_word(arena, key, word), spec_word(key, other));
}

static void check_dependents(struct diag *diag, const struct spec *spec)
{
    const char *const l1_kind = wanted_word(diag->arena, SPEC_KEY_cost_kind, SPEC_cost_l1),
                      *const euler = wanted_word(diag->arena, SPEC_KEY_penalty_kind, SPEC_penalty_euler),
                      *const step_kind =
                          wanted_word(diag->arena, SPEC_KEY_train_schedule, SPEC_schedule_step),
                      *const auto_steps =
                          arena_printf(diag->arena, "'%s: %s'", spec_path(SPEC_KEY_flow_steps), SPEC_AUTO);
    const bool base = has_base(spec);
    const bool l1 = spec->cost_kind.value == SPEC_cost_l1 || spec->cost_kind.faulty;
    const bool penalty = spec->penalty_kind.value != SPEC_penalty_none || spec->penalty_kind.faulty;
    const bool samples = spec->data_source.value != SPEC_source_none || spec->data_source.faulty ||
                         spec->data_samples.faulty || spec->data_samples.file[0] != '\0';
    const bool automatic = spec->flow_steps.automatic || spec->flow_steps.faulty;
    const bool step = spec->train_schedule.value == SPEC_schedule_step || spec->train_schedule.faulty;
    const bool falls = schedule_falls(&spec->train_schedule);
    const char *const falling =
        wanted_either(diag->arena, SPEC_KEY_train_schedule, SPEC_schedule_cosine, SPEC_schedule_plateau);
    const struct dependent keys[] = {
        DEPENDENT(cost_smoothing, l1, true, l1_kind),
        DEPENDENT(penalty_weight, penalty, true, euler),
        DEPENDENT(penalty_decay, penalty, true, euler),
        DEPENDENT(penalty_decays, penalty, true, euler),
        DEPENDENT(penalty_derivative, penalty, true, euler),
        DEPENDENT(penalty_noise, penalty, true, euler),
        DEPENDENT(data_samples, samples, false, "'data.source'"),
        DEPENDENT(data_dequantise, base, true, "'base.kind'"),
        DEPENDENT(data_standardise, base, true, "'base.kind'"),
        DEPENDENT(flow_most_steps, automatic, true, auto_steps),
        DEPENDENT(flow_density_error, automatic, true, auto_steps),
        DEPENDENT(flow_roundtrip, automatic, true, auto_steps),
        DEPENDENT(train_decay, step, false, step_kind),
        DEPENDENT(train_decays, step, false, step_kind),
        DEPENDENT(train_fall, falls, false, falling),
    };
    tell_dependents(diag, keys, sizeof keys / sizeof keys[0]);
}

/* In dimension 1 there is no s to train: a base flow is all that makes sense, and pairs have one already. */
static void check_line(struct diag *diag, const struct spec *spec)
{
    if (spec->dimension.value != 1 || !spec->dimension.given || spec->dimension.faulty ||
        spec->base_kind.faulty || (spec->base_kind.value != SPEC_base_none && !spec->data_pairs.given))
        return;
    diag_error(diag, spec->dimension.at,
               "dimension is 1: the only map that preserves N(0, 1) and can be trained is s(y) = y");
    diag_note(diag, "'data: {samples: FILE}' and 'base: {kind: bnaf}' train a base flow f and its density");
}

/* ---- size ---------------------------------------------------------------------------------------------- */

static void check_outputs(struct diag *diag, const struct spec *spec)
{
    const int outputs =
        model_outputs((int)spec->dimension.value, (enum model_potential)spec->flow_potential.value);
    if (outputs <= MODEL_MAX_SIZE)
        return;
    diag_error(diag, spec->dimension.at,
               "dimension %lld needs %d outputs of the network (flow.potential: %s); expected at most %d",
               (long long)spec->dimension.value, outputs,
               spec_word(SPEC_KEY_flow_potential, spec->flow_potential.value), MODEL_MAX_SIZE);
    if (spec->flow_potential.value == SPEC_potential_blocks && outputs / 2 <= MODEL_MAX_SIZE)
        diag_note(diag, "'flow.potential: folded' needs %d", outputs / 2);
}

static void check_parameters(struct diag *diag, const struct spec *spec)
{
    int64_t in = spec->dimension.value + 1, total = 0;
    for (int k = 0; k < spec->flow_hidden.count; k++) {
        const int64_t out = spec->flow_hidden.value[k];
        total += (in + 1) * out;
        in = out;
    }
    total += (in + 1) *
             model_outputs((int)spec->dimension.value, (enum model_potential)spec->flow_potential.value);
    if (total > MODEL_MAX_PARAMETERS)
        diag_error(diag, spec->flow_hidden.at, "the network has %lld parameters; expected at most %d",
                   (long long)total, MODEL_MAX_PARAMETERS);
}

/* Below these round-off is as large as the bound, and no number of steps helps. */
static void check_bounds(struct diag *diag, const struct spec *spec)
{
    static const double least_density = 1e-6, least_roundtrip = 1e-5;
    if (spec->precision.value != SPEC_precision_single || !spec->flow_steps.automatic)
        return;
    if (spec->flow_density_error.value < least_density)
        diag_error(diag, spec->flow_density_error.at,
                   "flow.density_error is %g; expected at least %g in single precision",
                   spec->flow_density_error.value, least_density);
    if (spec->flow_roundtrip.value < least_roundtrip)
        diag_error(diag, spec->flow_roundtrip.at,
                   "flow.roundtrip is %g; expected at least %g in single precision",
                   spec->flow_roundtrip.value, least_roundtrip);
}

static void check_lanes(struct diag *diag, const struct spec *spec)
{
    const int64_t lanes = spec->target_lanes.value;
    if (lanes & (lanes - 1))
        diag_error(diag, spec->target_lanes.at, "target.lanes is %lld; expected a power of two, or 0",
                   (long long)lanes);
}

/* ---- the model ----------------------------------------------------------------------------------------- */

static void fill(struct arena *arena, const struct spec *spec, struct model *out)
{
    *out = (struct model){
        .name = spec->name.value,
        .d = (int)spec->dimension.value,
        .precision = (enum model_precision)spec->precision.value,
        .epsilon = spec->precision.value == SPEC_precision_single ? (double)FLT_EPSILON : DBL_EPSILON,
        .field = (enum model_field)spec->flow_field.value,
        .potential = (enum model_potential)spec->flow_potential.value,
        .activation = (enum model_activation)spec->flow_activation.value,
        .integrator = (enum model_integrator)spec->flow_integrator.value,
        .steps = (int)(spec->flow_steps.automatic ? spec->flow_most_steps.value : spec->flow_steps.value),
        .automatic_steps = spec->flow_steps.automatic,
        .training_steps = spec->dimension.value == 1 ? 1 : TRAINING_STEPS,
        .cost = (enum model_cost)spec->cost_kind.value,
        .smoothing = spec->cost_smoothing.value,
        .penalised = spec->penalty_kind.value != SPEC_penalty_none && spec->dimension.value > 1,
        .derivative = (enum model_derivative)spec->penalty_derivative.value,
        .noise_per_sample = spec->penalty_noise.value == SPEC_noise_sample,
    };
    int hidden[SPEC_MAX_LAYERS];
    for (int k = 0; k < spec->flow_hidden.count; k++)
        hidden[k] = (int)spec->flow_hidden.value[k];
    model_layers(arena, out, spec->flow_hidden.count, hidden);
    out->base = base_from_spec(arena, spec);
}

bool model_from_spec(struct arena *arena, const struct spec *spec, struct diag *diag, struct model *out)
{
    const int errors_before = diag->errors;
    if (!spec->whole)
        return false;
    check_name(diag, spec);
    check_line(diag, spec);
    check_data(diag, spec);
    base_check(diag, spec);
    check_train_on(diag, spec);
    check_patience(diag, spec, &spec->train_patience, "train.patience");
    check_patience(diag, spec, &spec->base_patience, "base.patience");
    check_dependents(diag, spec);
    check_outputs(diag, spec);
    check_parameters(diag, spec);
    check_lanes(diag, spec);
    check_bounds(diag, spec);
    if (!spec->good || diag->errors > errors_before)
        return false;
    fill(arena, spec, out);
    return true;
}
