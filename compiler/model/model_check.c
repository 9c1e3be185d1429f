/* SPDX-License-Identifier: MIT
 *
 * Takes a spec whose values are each in range, tells every fault that they have together, and gives a model
 * if there is none. A key that has no effect is worth a warning; one that would make people believe in
 * something that does not happen is a fault. */
#include "model/model.h"

#include "spec/spec.h"

#include <float.h>
#include <string.h>

enum { MAX_NAME = 64 };

/* The enums of model.h are the choices of spec_choices.def, in their order. */
_Static_assert((int)MODEL_SINGLE == (int)SPEC_precision_single &&
                   (int)MODEL_DOUBLE == (int)SPEC_precision_double &&
                   (int)MODEL_GAUSSIAN == (int)SPEC_field_gaussian &&
                   (int)MODEL_CUBE == (int)SPEC_field_cube &&
                   (int)MODEL_FOLDED == (int)SPEC_potential_folded &&
                   (int)MODEL_BLOCKS == (int)SPEC_potential_blocks,
               "model: precision, field and potential");
_Static_assert((int)MODEL_TANH == (int)SPEC_activation_tanh &&
                   (int)MODEL_SOFTPLUS == (int)SPEC_activation_softplus &&
                   (int)MODEL_SIN == (int)SPEC_activation_sin &&
                   (int)MODEL_SILU == (int)SPEC_activation_silu &&
                   (int)MODEL_SILU + 1 == (int)SPEC_activation_words,
               "model: activations");
_Static_assert((int)MODEL_EULER == (int)SPEC_integrator_euler &&
                   (int)MODEL_MIDPOINT == (int)SPEC_integrator_midpoint &&
                   (int)MODEL_RK4 == (int)SPEC_integrator_rk4 &&
                   (int)MODEL_SQUARED == (int)SPEC_cost_squared && (int)MODEL_L1 == (int)SPEC_cost_l1 &&
                   (int)MODEL_EXACT == (int)SPEC_derivative_exact &&
                   (int)MODEL_DIFFERENCE == (int)SPEC_derivative_difference,
               "model: integrator, cost and derivative");
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
                   "name: expected 1 to %d letters, digits, '_', '-' or '.', the first no '-' and no '.', "
                   "found '%s'",
                   MAX_NAME, text_quotable(diag->arena, name, length, MAX_NAME));
}

/* ---- data and base ------------------------------------------------------------------------------------- */

static void check_source(struct diag *diag, const struct spec *spec)
{
    if (spec->dimension.value != 2)
        diag_error(diag, spec->dimension.at,
                   "dimension is %lld; data.source draws samples of dimension 2",
                   (long long)spec->dimension.value);
    if (spec->base_kind.value == SPEC_base_none && !spec->base_kind.faulty) {
        diag_error(
            diag, spec->data_source.at,
            "data.source gives samples x alone; expected a base.kind too, the flow that makes y = f(x)");
        diag_note(diag, "add 'base: {kind: mixture}', or give pairs with 'data: {pairs: FILE.npz}'");
    }
}

static void check_data(struct diag *diag, const struct spec *spec)
{
    const bool source = spec->data_source.value != SPEC_source_none,
               pairs = spec->data_pairs.value[0] != '\0';
    const bool base = spec->base_kind.value != SPEC_base_none;
    if (source && pairs)
        diag_error(diag, spec->data_pairs.at,
                   "data.pairs and data.source are both given; expected one of them");
    else if (source)
        check_source(diag, spec);
    if (pairs && base)
        diag_error(diag, spec->base_kind.at,
                   "base.kind is given, and data.pairs: pairs come from a flow that is trained already; "
                   "expected one of them");
    if (base && source && (double)spec->base_components.value > (double)spec->data_samples.value)
        diag_error(diag, spec->base_components.at,
                   "base.components is %lld; expected at most data.samples, %lld",
                   (long long)spec->base_components.value, (long long)spec->data_samples.value);
}

/* ---- keys that belong to a choice which was not taken -------------------------------------------------- */

struct dependent {
    bool given, wanted, fault;
    struct place at;
    const char *key, *wants;
};

static void check_dependents(struct diag *diag, const struct spec *spec)
{
    const bool base = spec->base_kind.value != SPEC_base_none || spec->base_kind.faulty;
    const bool l1 = spec->cost_kind.value == SPEC_cost_l1 || spec->cost_kind.faulty;
    const bool penalty = spec->penalty_kind.value != SPEC_penalty_none || spec->penalty_kind.faulty;
    const bool source = spec->data_source.value != SPEC_source_none || spec->data_source.faulty;
    const bool step = spec->train_schedule.value == SPEC_schedule_step || spec->train_schedule.faulty;
#define DEPENDENT(field, key, wanted, fault, wants)                                                          \
    {                                                                                                        \
        spec->field.given, wanted, fault, spec->field.at, key, wants                                         \
    }
    const struct dependent dependents[] = {
        DEPENDENT(base_components, "base.components", base, true, "base.kind: mixture"),
        DEPENDENT(base_ridge, "base.ridge", base, true, "base.kind: mixture"),
        DEPENDENT(base_iterations, "base.iterations", base, true, "base.kind: mixture"),
        DEPENDENT(cost_smoothing, "cost.smoothing", l1, true, "cost.kind: l1"),
        DEPENDENT(penalty_weight, "penalty.weight", penalty, true, "penalty.kind: euler"),
        DEPENDENT(penalty_decay, "penalty.decay", penalty, true, "penalty.kind: euler"),
        DEPENDENT(penalty_decays, "penalty.decays", penalty, true, "penalty.kind: euler"),
        DEPENDENT(penalty_derivative, "penalty.derivative", penalty, true, "penalty.kind: euler"),
        DEPENDENT(penalty_noise, "penalty.noise", penalty, true, "penalty.kind: euler"),
        DEPENDENT(data_samples, "data.samples", source, false, "data.source"),
        DEPENDENT(train_decay, "train.decay", step, false, "train.schedule: step"),
        DEPENDENT(train_decays, "train.decays", step, false, "train.schedule: step"),
    };
#undef DEPENDENT
    for (size_t i = 0; i < sizeof dependents / sizeof dependents[0]; i++) {
        const struct dependent *key = &dependents[i];
        if (key->wanted || !key->given)
            continue;
        if (key->fault)
            diag_error(diag, key->at, "%s has no meaning without '%s'", key->key, key->wants);
        else
            diag_warning(diag, key->at, "%s has no effect without '%s'", key->key, key->wants);
    }
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
               spec->flow_potential.value == SPEC_potential_folded ? "folded" : "blocks", MODEL_MAX_SIZE);
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
        .steps = (int)spec->flow_steps.value,
        .cost = (enum model_cost)spec->cost_kind.value,
        .smoothing = spec->cost_smoothing.value,
        .penalised = spec->penalty_kind.value != SPEC_penalty_none,
        .derivative = (enum model_derivative)spec->penalty_derivative.value,
        .noise_per_sample = spec->penalty_noise.value == SPEC_noise_sample,
    };
    int hidden[SPEC_MAX_LAYERS];
    for (int k = 0; k < spec->flow_hidden.count; k++)
        hidden[k] = (int)spec->flow_hidden.value[k];
    model_layers(arena, out, spec->flow_hidden.count, hidden);
}

bool model_from_spec(struct arena *arena, const struct spec *spec, struct diag *diag, struct model *out)
{
    const int errors_before = diag->errors;
    if (!spec->whole)
        return false;
    check_name(diag, spec);
    check_data(diag, spec);
    check_dependents(diag, spec);
    check_outputs(diag, spec);
    check_parameters(diag, spec);
    check_lanes(diag, spec);
    if (!spec->good || diag->errors > errors_before)
        return false;
    fill(arena, spec, out);
    return true;
}
