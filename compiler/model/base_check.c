/* SPDX-License-Identifier: MIT
 *
 * Takes the keys of base, each in range, reports every conflict among them, and gives the base flow: kind by
 * kind, with defaults for what the user left open. */
#include "model/base_check.h"

#include <string.h>

/* The enums of base_model.h are the choices of spec_choices.def, in their order. */
_Static_assert((int)BASE_NONE == (int)SPEC_base_none && (int)BASE_MIXTURE == (int)SPEC_base_mixture &&
                   (int)BASE_BNAF == (int)SPEC_base_bnaf && (int)BASE_FFJORD == (int)SPEC_base_ffjord &&
                   (int)BASE_CP_FLOW == (int)SPEC_base_cp_flow &&
                   (int)BASE_CP_FLOW + 1 == (int)SPEC_base_words,
               "model: kinds of base flows");
_Static_assert((int)BASE_TAIL_LINEAR == (int)SPEC_tail_linear &&
                   (int)BASE_TAIL_BOUNDED == (int)SPEC_tail_bounded,
               "model: tail of base flows");
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

/* "'base.kind: ffjord' or 'cp_flow'" */
static const char *kinds_text(struct arena *arena, int kinds)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int kind = 0, left = kinds; left != 0; left &= ~(1 << kind++)) {
        if (!(left & 1 << kind))
            continue;
        if (left == kinds)
            strbuf_addf(&text, "'%s: ", spec_path(SPEC_KEY_base_kind));
        else
            strbuf_add(&text, left == 1 << kind ? " or '" : ", '");
        strbuf_addf(&text, "%s'", spec_word(SPEC_KEY_base_kind, kind));
    }
    return strbuf_text(&text);
}

static void check_kinds(struct diag *diag, const struct spec *spec)
{
    const bool unknown = spec->base_kind.faulty;
    const int kind = 1 << spec->base_kind.value;
#define OF_KIND(key, kinds)                                                                                  \
    DEPENDENT(base_##key, unknown || (kind & (kinds)) != 0, true, kinds_text(diag->arena, kinds))
    const struct dependent keys[] = {
        OF_KIND(components, MIXTURE),    OF_KIND(ridge, MIXTURE),
        OF_KIND(iterations, MIXTURE),    OF_KIND(hidden, COMPILED),
        OF_KIND(blocks, COMPILED),       OF_KIND(activation, FFJORD),
        OF_KIND(integrator, FFJORD),     OF_KIND(steps, FFJORD),
        OF_KIND(divergence, FFJORD),     OF_KIND(kinetic, FFJORD),
        OF_KIND(jacobian, FFJORD),       OF_KIND(logdet, CP_FLOW),
        OF_KIND(cg_steps, CP_FLOW),      OF_KIND(noise, FFJORD | CP_FLOW),
        OF_KIND(tolerance, COMPILED),    OF_KIND(epochs, COMPILED),
        OF_KIND(batch, COMPILED),        OF_KIND(rate, COMPILED),
        OF_KIND(schedule, COMPILED),     OF_KIND(decay, COMPILED),
        OF_KIND(decays, COMPILED),       OF_KIND(warmup_steps, COMPILED),
        OF_KIND(weight_decay, COMPILED), OF_KIND(clip, COMPILED),
        OF_KIND(patience, COMPILED),     OF_KIND(optimizer, COMPILED),
        OF_KIND(fall, COMPILED),         OF_KIND(weight_decay_kind, COMPILED),
        OF_KIND(average, COMPILED),      OF_KIND(tail, BNAF | CP_FLOW),
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
        DEPENDENT(base_noise, estimate, true,
                  wanted_word(diag->arena, SPEC_KEY_base_divergence, SPEC_divergence_hutchinson))};
    tell_dependents(diag, keys, sizeof keys / sizeof keys[0]);
}

static void check_cp_flow(struct diag *diag, const struct spec *spec)
{
    const bool estimate =
        chosen_logdet(spec) == BASE_LOGDET_ESTIMATE || spec->base_logdet.faulty || spec->dimension.faulty;
    const char *const wants = wanted_word(diag->arena, SPEC_KEY_base_logdet, SPEC_logdet_estimate);
    const struct dependent keys[] = {
        DEPENDENT(base_cg_steps, estimate, true, wants),
        DEPENDENT(base_noise, estimate, true, wants),
    };
    tell_dependents(diag, keys, sizeof keys / sizeof keys[0]);
    const struct spec_sizes *hidden = &spec->base_hidden;
    for (int k = 0; k < hidden->count; k++) {
        if (hidden->value[k] != hidden->value[0])
            diag_error(diag, hidden->item_at[k],
                       "base.hidden: %lld differs from the first width, %lld; expected equal widths "
                       "(base.kind: cp_flow)",
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
                   "base.hidden: %lld is not a multiple of the dimension, %lld (base.kind: bnaf)", out, d);
        diag_note(diag, "each coordinate has the same number of units: try %lld or %lld",
                  out < d ? d : out / d * d, (out < d ? 2 * d : (out / d + 1) * d));
    }
}

/* ---- the base flow ------------------------------------------------------------------------------------- */

/* A width near 32 that gives each of d coordinates as many units, two at least. */
static int bnaf_width(int d)
{
    const int wanted = 32, units = (wanted + d / 2) / d;
    return d * (units < 2 ? 2 : units);
}

static int usual_width(int d)
{
    (void)d;
    return 32;
}

static void set_bnaf(const struct spec *spec, struct base_model *base)
{
    base->tail = (enum base_tail)spec->base_tail.value;
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
    base->tail = (enum base_tail)spec->base_tail.value;
    base->logdet = chosen_logdet(spec);
    if (base->logdet == BASE_LOGDET_ESTIMATE)
        base->cg_steps = given ? given : base->d < most ? base->d : most;
}

/* A kind without blocks is not compiled. */
static const struct kind {
    int blocks, layers;  /* as many where the spec leaves that open */
    int (*width)(int d); /* of such layers */
    int training_steps;  /* of base.epochs: auto */
    void (*check)(struct diag *diag, const struct spec *spec);
    void (*set)(const struct spec *spec, struct base_model *base);
} kinds[] = {
    [BASE_NONE] = {0},
    [BASE_MIXTURE] = {0},
    [BASE_BNAF] = {1, 3, bnaf_width, 6000, check_bnaf, set_bnaf},
    [BASE_FFJORD] = {3, 2, usual_width, 1200, check_ffjord, set_ffjord},
    [BASE_CP_FLOW] = {5, 3, usual_width, 2500, check_cp_flow, set_cp_flow},
};
_Static_assert(sizeof kinds / sizeof kinds[0] == SPEC_base_words, "model: a row for each kind of base flow");

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void check_schedule(struct diag *diag, const struct spec *spec)
{
    const bool step = spec->base_schedule.value == SPEC_schedule_step || spec->base_schedule.faulty;
    const char *const wants = wanted_word(diag->arena, SPEC_KEY_base_schedule, SPEC_schedule_step);
    const char *const falling =
        wanted_either(diag->arena, SPEC_KEY_base_schedule, SPEC_schedule_cosine, SPEC_schedule_plateau);
    const struct dependent keys[] = {
        DEPENDENT(base_decay, step, false, wants),
        DEPENDENT(base_decays, step, false, wants),
        DEPENDENT(base_fall, schedule_falls(&spec->base_schedule), false, falling),
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
    const struct kind *kind = &kinds[spec->base_kind.value];
    check_kinds(diag, spec);
    if (kind->blocks == 0)
        return;
    kind->check(diag, spec);
    check_schedule(diag, spec);
    if (diag->errors == errors_before)
        check_size(diag, spec);
}

static void set_shape(const struct kind *kind, const struct spec *spec, struct base_model *base)
{
    const struct spec_sizes *given = &spec->base_hidden;
    base->d = (int)spec->dimension.value;
    base->blocks = spec->base_blocks.value ? (int)spec->base_blocks.value : kind->blocks;
    base->n_hidden = given->count ? given->count : kind->layers;
    for (int k = 0; k < base->n_hidden; k++)
        base->hidden[k] = given->count ? (int)given->value[k] : kind->width(base->d);
}

const struct base_model *base_from_spec(struct arena *arena, const struct spec *spec)
{
    struct base_model *base = ARENA_NEW(arena, struct base_model);
    base->kind = (enum base_kind)spec->base_kind.value;
    const struct kind *kind = &kinds[base->kind];
    if (kind->blocks == 0)
        return base;
    set_shape(kind, spec, base);
    base->probe = (enum base_probe)spec->base_noise.value;
    base->training_steps = kind->training_steps;
    kind->set(spec, base);
    base_model_parameters(arena, base);
    return base;
}
