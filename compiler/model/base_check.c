/* SPDX-License-Identifier: MIT
 *
 * Takes the keys of base, each in range, tells every fault that they have together, and gives the base flow:
 * kind by kind, with what the user left to be chosen. */
#include "model/base_check.h"

#include <string.h>

/* The enums of base_model.h are the choices of spec_choices.def, in their order. */
_Static_assert((int)BASE_NONE == (int)SPEC_base_none && (int)BASE_MIXTURE == (int)SPEC_base_mixture &&
                   (int)BASE_BNAF == (int)SPEC_base_bnaf && (int)BASE_FFJORD == (int)SPEC_base_ffjord &&
                   (int)BASE_CP_FLOW == (int)SPEC_base_cp_flow &&
                   (int)BASE_CP_FLOW + 1 == (int)SPEC_base_words,
               "model: kinds of base flows");
_Static_assert((int)BASE_DIVERGENCE_EXACT == (int)SPEC_divergence_exact &&
                   (int)BASE_DIVERGENCE_HUTCHINSON == (int)SPEC_divergence_hutchinson &&
                   (int)BASE_PROBE_GAUSSIAN == (int)SPEC_probe_gaussian &&
                   (int)BASE_PROBE_RADEMACHER == (int)SPEC_probe_rademacher &&
                   (int)MODEL_TANH == (int)SPEC_base_activation_tanh &&
                   (int)MODEL_SOFTPLUS == (int)SPEC_base_activation_softplus,
               "model: divergence, probe and activation of base flows");

enum {
    MIXTURE = 1 << BASE_MIXTURE,
    BNAF = 1 << BASE_BNAF,
    FFJORD = 1 << BASE_FFJORD,
    CP_FLOW = 1 << BASE_CP_FLOW,
    COMPILED = BNAF | FFJORD | CP_FLOW
};

/* ---- which key belongs to which kind ------------------------------------------------------------------- */

static const char *kinds_text(int kinds)
{
    switch (kinds) {
    case MIXTURE:
        return "'base.kind: mixture'";
    case FFJORD:
        return "'base.kind: ffjord'";
    case CP_FLOW:
        return "'base.kind: cp_flow'";
    case FFJORD | CP_FLOW:
        return "'base.kind: ffjord' or 'cp_flow'";
    }
    return "'base.kind: bnaf', 'ffjord' or 'cp_flow'";
}

static void check_kinds(struct diag *diag, const struct spec *spec)
{
    const bool unknown = spec->base_kind.faulty;
    const int kind = 1 << spec->base_kind.value;
#define OF_KIND(key, kinds)                                                                                  \
    DEPENDENT(base_##key, "base." #key, unknown || (kind & (kinds)) != 0, true, kinds_text(kinds))
    const struct dependent keys[] = {
        OF_KIND(components, MIXTURE),    OF_KIND(ridge, MIXTURE),          OF_KIND(iterations, MIXTURE),
        OF_KIND(hidden, COMPILED),       OF_KIND(blocks, COMPILED),        OF_KIND(activation, FFJORD),
        OF_KIND(integrator, FFJORD),     OF_KIND(steps, FFJORD),           OF_KIND(divergence, FFJORD),
        OF_KIND(kinetic, FFJORD),        OF_KIND(jacobian, FFJORD),        OF_KIND(logdet, CP_FLOW),
        OF_KIND(cg_steps, CP_FLOW),      OF_KIND(noise, FFJORD | CP_FLOW), OF_KIND(tolerance, COMPILED),
        OF_KIND(epochs, COMPILED),       OF_KIND(batch, COMPILED),         OF_KIND(rate, COMPILED),
        OF_KIND(schedule, COMPILED),     OF_KIND(decay, COMPILED),         OF_KIND(decays, COMPILED),
        OF_KIND(warmup_steps, COMPILED), OF_KIND(weight_decay, COMPILED),  OF_KIND(clip, COMPILED),
        OF_KIND(patience, COMPILED),     OF_KIND(optimizer, COMPILED),
    };
#undef OF_KIND
    tell_dependents(diag, keys, sizeof keys / sizeof keys[0]);
}

/* ---- keys that belong to a choice within their kind ---------------------------------------------------- */

enum { EXACT_AT_MOST = 32 }; /* dimension up to which automatic takes the exact log-determinant */

static enum base_logdet chosen_logdet(const struct spec *spec)
{
    const int logdet = spec->base_logdet.value;
    const bool exact = logdet == SPEC_logdet_automatic ? spec->dimension.value <= EXACT_AT_MOST
                                                       : logdet == SPEC_logdet_exact;
    return exact ? BASE_LOGDET_EXACT : BASE_LOGDET_ESTIMATE;
}

static void check_ffjord(struct diag *diag, const struct spec *spec)
{
    const bool estimate =
        spec->base_divergence.value == SPEC_divergence_hutchinson || spec->base_divergence.faulty;
    const struct dependent keys[] = {
        DEPENDENT(base_noise, "base.noise", estimate, true, "'base.divergence: hutchinson'")};
    tell_dependents(diag, keys, sizeof keys / sizeof keys[0]);
}

static void check_cp_flow(struct diag *diag, const struct spec *spec)
{
    const bool estimate =
        chosen_logdet(spec) == BASE_LOGDET_ESTIMATE || spec->base_logdet.faulty || spec->dimension.faulty;
    const struct dependent keys[] = {
        DEPENDENT(base_cg_steps, "base.cg_steps", estimate, true, "'base.logdet: estimate'"),
        DEPENDENT(base_noise, "base.noise", estimate, true, "'base.logdet: estimate'"),
    };
    tell_dependents(diag, keys, sizeof keys / sizeof keys[0]);
    const struct spec_sizes *hidden = &spec->base_hidden;
    for (int k = 0; k < hidden->count; k++) {
        if (hidden->value[k] != hidden->value[0])
            diag_error(diag, hidden->item_at[k],
                       "base.hidden: %lld differs from the first width, %lld; expected widths that are all "
                       "equal (base.kind: cp_flow)",
                       (long long)hidden->value[k], (long long)hidden->value[0]);
        else if (k == 0 && hidden->value[k] % 2 != 0)
            diag_error(diag, hidden->item_at[k],
                       "base.hidden: %lld is odd; expected an even width (base.kind: cp_flow)",
                       (long long)hidden->value[k]);
    }
}

static void check_bnaf(struct diag *diag, const struct spec *spec)
{
    const long long d = spec->dimension.value;
    for (int k = 0; k < spec->base_hidden.count && !spec->dimension.faulty; k++) {
        const long long out = spec->base_hidden.value[k];
        if (out % d == 0)
            continue;
        diag_error(diag, spec->base_hidden.item_at[k],
                   "base.hidden: %lld is no multiple of the dimension, %lld (base.kind: bnaf)", out, d);
        diag_note(diag, "each coordinate has as many units: %lld or %lld would do", out < d ? d : out / d * d,
                  (out < d ? 2 * d : (out / d + 1) * d));
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void check_schedule(struct diag *diag, const struct spec *spec)
{
    const bool step = spec->base_schedule.value == SPEC_schedule_step || spec->base_schedule.faulty;
    const struct dependent keys[] = {
        DEPENDENT(base_decay, "base.decay", step, false, "'base.schedule: step'"),
        DEPENDENT(base_decays, "base.decays", step, false, "'base.schedule: step'"),
    };
    tell_dependents(diag, keys, sizeof keys / sizeof keys[0]);
}

static void check_size(struct diag *diag, const struct spec *spec)
{
    const struct base_model *base = base_from_spec(diag->arena, spec);
    const struct place at = spec->base_hidden.given ? spec->base_hidden.at : spec->base_kind.at;
    if (base->n_elements > MODEL_MAX_PARAMETERS)
        diag_error(diag, at, "the base flow has %ld parameters; expected at most %d", base->n_elements,
                   MODEL_MAX_PARAMETERS);
    if (base->n_parameters > BASE_MAX_ARRAYS)
        diag_error(diag, spec->base_blocks.given ? spec->base_blocks.at : at,
                   "the base flow has %d weights and biases in its %d blocks; expected at most %d of them",
                   base->n_parameters, base->blocks, BASE_MAX_ARRAYS);
}

void base_check(struct diag *diag, const struct spec *spec)
{
    const int errors_before = diag->errors;
    check_kinds(diag, spec);
    switch ((enum base_kind)spec->base_kind.value) {
    case BASE_NONE:
    case BASE_MIXTURE:
        return;
    case BASE_BNAF:
        check_bnaf(diag, spec);
        break;
    case BASE_FFJORD:
        check_ffjord(diag, spec);
        break;
    case BASE_CP_FLOW:
        check_cp_flow(diag, spec);
        break;
    }
    check_schedule(diag, spec);
    if (diag->errors == errors_before)
        check_size(diag, spec);
}

/* ---- the base flow ------------------------------------------------------------------------------------- */

/* A width near 32 that gives each of d coordinates as many units, two at least. */
static int bnaf_width(int d)
{
    const int wanted = 32, units = (wanted + d / 2) / d;
    return d * (units < 2 ? 2 : units);
}

static void set_hidden(const struct spec *spec, struct base_model *base)
{
    base->n_hidden = spec->base_hidden.count;
    for (int k = 0; k < base->n_hidden; k++)
        base->hidden[k] = (int)spec->base_hidden.value[k];
    if (base->n_hidden > 0)
        return;
    base->n_hidden = base->kind == BASE_FFJORD ? 2 : 3;
    for (int k = 0; k < base->n_hidden; k++)
        base->hidden[k] = base->kind == BASE_BNAF ? bnaf_width(base->d) : 32;
}

static void set_blocks(const struct spec *spec, struct base_model *base)
{
    static const int usual[] = {[BASE_BNAF] = 1, [BASE_FFJORD] = 3, [BASE_CP_FLOW] = 5};
    base->blocks = spec->base_blocks.value ? (int)spec->base_blocks.value : usual[base->kind];
}

static void set_ffjord(const struct spec *spec, struct base_model *base)
{
    base->activation = (enum model_activation)spec->base_activation.value;
    base->integrator = (enum model_integrator)spec->base_integrator.value;
    base->steps = (int)spec->base_steps.value;
    base->divergence = (enum base_divergence)spec->base_divergence.value;
    base->kinetic = spec->base_kinetic.value;
    base->jacobian = spec->base_jacobian.value;
}

static void set_cp_flow(const struct spec *spec, struct base_model *base)
{
    const int most = 20, given = (int)spec->base_cg_steps.value;
    base->logdet = chosen_logdet(spec);
    if (base->logdet == BASE_LOGDET_ESTIMATE)
        base->cg_steps = given ? given : base->d < most ? base->d : most;
}

const struct base_model *base_from_spec(struct arena *arena, const struct spec *spec)
{
    struct base_model *base = ARENA_NEW(arena, struct base_model);
    base->kind = (enum base_kind)spec->base_kind.value;
    if (base->kind == BASE_NONE || base->kind == BASE_MIXTURE)
        return base;
    base->d = (int)spec->dimension.value;
    base->probe = (enum base_probe)spec->base_noise.value;
    set_hidden(spec, base);
    set_blocks(spec, base);
    if (base->kind == BASE_FFJORD)
        set_ffjord(spec, base);
    if (base->kind == BASE_CP_FLOW)
        set_cp_flow(spec, base);
    base_model_parameters(arena, base);
    return base;
}
