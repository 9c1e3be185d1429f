/* SPDX-License-Identifier: MIT */
#include "train/training.h"

#include "ground/pin.h"
#include "kernels/settings.h"
#include "model/evaluate.h"
#include "model/flow_rotation.h"
#include "model/spec_data.h"
#include "numbers/row_weights.h"

#include <math.h>
#include <stdlib.h>

static const double MOST_NATS_APART = 0.02;
static const double FARTHEST = 3, LEAST_SPREAD = 0.2; /* of x, in its deviations; in those of y */

void training_free(struct training *training)
{
    training_stage_free(&training->stage);
    pairs_free(&training->pairs);
    base_flow_free(training->base);
    free(training->rotation);
    samples_free(&training->samples);
    run_folder_free(training->folder);
}

/* A training that goes on must see what it began with. */
static bool same_data(const struct training *training, const struct pairs *pairs, struct fault *fault)
{
    return checkpoint_hash(pairs) == training->resumed->note.data_hash ||
           fault_set(fault, FAULT_INPUT, "%s: %s no longer contains the data that the training began with",
                     training->resumed->path, training->data);
}

static bool open_folder(struct training *training, enum stage_number first, struct fault *fault)
{
    if (training->folder)
        return true;
    return training->resumed ? run_folder_open(&training->folder, training->folder_path, fault)
                             : run_folder_make(&training->folder, training->folder_path, first, fault);
}

/* ---- the base flow ------------------------------------------------------------------------------------- */

/* Options of the base flow's training; the flow's wait in the note. */
static struct checkpoint_note base_note(const struct training *training, const struct pairs *pairs)
{
    struct checkpoint_note note = training->note;
    if (training->resumed)
        return note;
    note.options = trainer_options_of(training->bundle->base);
    note.options.device = training->device;
    note.options.seed = training->note.options.seed;
    if (training->options->base_epochs > 0)
        note.options.epochs = training->options->base_epochs;
    note.flow_epochs = training->note.options.epochs;
    note.data_hash = checkpoint_hash(pairs);
    return note;
}

static void note_trained(struct training *training)
{
    const struct train_run *run = training->stage.run;
    const struct trainer_state *state = &run->trainer->state;
    training->has_base = true;
    training->trained = (struct gpfc_base){
        .model = training->folder->files[STAGE_BASE].model,
        .step = state->step,
        .best_step = state->best_step,
        .seconds = train_run_seconds(run),
        .nll = state->best_test + standard_log_scale(&training->samples.standard),
    };
    training_tell(training, &(struct gpfc_event){.kind = GPFC_BASE, .base = &training->trained});
}

/* What the note of the flow's training is, after the base's. */
static void note_flow(struct training *training, const struct checkpoint_note *base)
{
    training->note.options = trainer_options_of(training->bundle);
    training->note.options.epochs = base->flow_epochs;
    training->note.options.seed = base->options.seed;
    training->note.options.device = training->device;
    training->note.flow_epochs = 0;
    training->note.seconds = 0;
}

static bool train_base(struct training *training, struct fault *fault)
{
    const struct gpfc_bundle *bundle = training->bundle->base;
    struct pairs alone;
    pairs_of_samples(&alone, &training->samples);
    if ((training->resumed && !same_data(training, &alone, fault)) ||
        !open_folder(training, STAGE_BASE, fault))
        return false;
    const struct training_request request = {
        .bundle = bundle,
        .pairs = &alone,
        .resumed = training->resumed,
        .note = base_note(training, &alone),
        .how = training->resumed ? TRAIN_RUN_RESUME : TRAIN_RUN_START,
    };
    if (!training_stage_run(training, &request, fault))
        return false;
    note_trained(training);
    const bool good = base_flow_compiled(&training->base, bundle, train_run_best(training->stage.run), 0,
                                         training->device.threads, fault);
    training_stage_free(&training->stage);
    note_flow(training, &request.note);
    return good;
}

/* An option for a base flow that is not used, or not trained, is a mistake. */
static bool check_options(const struct training *training, struct fault *fault)
{
    const struct gpfc_train_options *options = training->options;
    const bool has_y = training->samples.train.y != NULL;
    if (options->base && has_y)
        return fault_set(fault, FAULT_INPUT,
                         "--base: %s has y = f(x) already and leaves nothing for a base flow to do",
                         training->data);
    if (options->base_epochs > 0 && (has_y || training->base || !training->bundle->base))
        return fault_set(fault, FAULT_INPUT, "--base-epochs: this training has no base flow to train");
    return true;
}

/* The base flow, where the samples need one: given, trained or fitted. */
static bool find_base(struct training *training, struct fault *fault)
{
    const struct gpfc_bundle *bundle = training->bundle;
    if (training->samples.train.y) {
        base_flow_free(training->base);
        training->base = NULL;
        return true;
    }
    if (training->base)
        return true;
    if (bundle->base)
        return train_base(training, fault);
    if (setting_is(bundle, SETTING_base_kind, WORD_base_mixture))
        return mixture_base_fit(&training->base, bundle, &training->samples, training->note.options.seed,
                                training->device.threads, &training->fitted, fault);
    return fault_set(fault, FAULT_INPUT, "%s has x but no y = f(x), and there is no base flow f",
                     training->data);
}

/* ---- pairs and flow ------------------------------------------------------------------------------------ */

static bool from_noise(const struct training *training)
{
    return training->base && setting_is(training->bundle, SETTING_flow_train_on, WORD_train_on_noise);
}

static bool make_pairs(struct training *training, struct fault *fault)
{
    const struct samples *samples = &training->samples;
    if (from_noise(training))
        return pairs_from_noise(&training->pairs, samples, training->base, training->note.options.seed,
                                fault);
    if (training->base)
        return pairs_through(&training->pairs, samples, training->base, fault);
    pairs_of_samples(&training->pairs, samples);
    return true;
}

static void note_pairs(struct training *training)
{
    const struct mixture_fitted *fitted = &training->fitted;
    const struct pairs *pairs = &training->pairs;
    training->pairs_told = (struct gpfc_pairs){
        .mapped = training->base != NULL,
        .fitted = fitted->done,
        .converged = fitted->report.converged,
        .iterations = fitted->report.iterations,
        .seconds = fitted->seconds,
        .nll_train = pairs->nll_train,
        .nll_test = pairs->nll_test,
        .rows = pairs->report.rows,
        .failed = pairs->report.failed,
        .left_out = pairs->left_out,
        .dropped = training->samples.dropped,
        .weightless = training->samples.weightless,
        .weighted = pairs->train.weights != NULL,
        .effective = row_weights_effective(pairs->train.weights, pairs->train.n),
    };
}

/* s(y) is N(0, I) whatever the weights are: all they can win lies in how it varies with x. Against an x far
 * out, or a small one, that drowns in what mean and size the s(y) of a batch happen to have. */
static void warn_of_place(const struct training *training)
{
    if (!training->samples.train.y || !setting_is(training->bundle, SETTING_cost_kind, WORD_cost_squared))
        return;
    const struct pairs_place at = pairs_place(&training->pairs, training->pairs.train.x);
    const bool far = at.offset > FARTHEST * at.spread * sqrt((double)training->pairs.d);
    const struct gpfc_place place = {.offset = at.offset, .spread = at.spread, .far = far};
    if (far || at.spread < LEAST_SPREAD)
        training_tell(training, &(struct gpfc_event){.kind = GPFC_FAR, .place = &place});
}

/* Is it not about N(0, I), by `factor` in scale and as much less 1 in position? */
static bool is_off(const struct pairs_place *at, int64_t d, double factor)
{
    return at->offset > (factor - 1) * sqrt((double)d) || at->spread > factor || at->spread < 1 / factor;
}

/* A base flow from elsewhere was often trained on standardised data, of which plain weights say nothing. */
static void warn_of_units(const struct training *training)
{
    const struct pairs *pairs = &training->pairs;
    if (!training->options->base || training->samples.standard.d > 0 || from_noise(training))
        return;
    const struct pairs_place x = pairs_place(pairs, pairs->train.x), y = pairs_place(pairs, pairs->train.y);
    const struct gpfc_place place = {.offset = x.offset, .spread = x.spread};
    if (is_off(&x, pairs->d, 2) && is_off(&y, pairs->d, 1.5))
        training_tell(training, &(struct gpfc_event){.kind = GPFC_UNSCALED_BASE,
                                                     .place = &place,
                                                     .path = training->options->base});
}

static bool train_flow(struct training *training, struct fault *fault)
{
    const struct checkpoint *resumed = training->has_base ? NULL : training->resumed;
    if ((resumed && !same_data(training, &training->pairs, fault)) ||
        !open_folder(training, STAGE_FLOW, fault))
        return false;
    if (!resumed)
        training->note.data_hash = checkpoint_hash(&training->pairs);
    const struct training_request request = {
        .bundle = training->bundle,
        .pairs = &training->pairs,
        .base = training->base,
        .rotation = training->rotation,
        .resumed = resumed,
        .extends = resumed && training->extends,
        .theta = training->theta,
        .pairs_told = &training->pairs_told,
        .note = training->note,
        .how = training->has_base ? TRAIN_RUN_NEXT
               : resumed          ? TRAIN_RUN_RESUME
                                  : TRAIN_RUN_START,
    };
    return training_stage_run(training, &request, fault);
}

/* Weights that are given go with the rotation that they were trained for. */
static bool turn_pairs(struct training *training, struct fault *fault)
{
    const bool is_given = training->theta || (training->resumed && !training->has_base);
    if (!is_given && !flow_rotation_best(&training->rotation, training->bundle, &training->pairs, fault))
        return false;
    pairs_turn(&training->pairs, training->rotation);
    return true;
}

static bool make_flow(struct training *training, struct fault *fault)
{
    if (!make_pairs(training, fault) || !turn_pairs(training, fault))
        return false;
    note_pairs(training);
    warn_of_place(training);
    warn_of_units(training);
    return train_flow(training, fault);
}

/* ---- the result ---------------------------------------------------------------------------------------- */

/* On data, also where the flow was trained on noise. */
static bool evaluate_best(struct training *training, struct fault *fault)
{
    const struct train_run *run = training->stage.run;
    const struct trainer *trainer = training->stage.trainer;
    struct pairs made = {0};
    const struct pairs *pairs = &training->pairs;
    if (from_noise(training)) {
        if (!pairs_through(&made, &training->samples, training->base, fault)) {
            pairs_free(&made);
            return false;
        }
        pairs_turn(&made, training->rotation);
        pairs = &made;
    }
    double nll;
    struct part part = pairs_measured(pairs, &nll);
    part.n = pairs->test.n > 0 ? part.n : trainer->test.rows.n;
    training->has_evaluation = evaluate(&training->evaluation, trainer->bundle, train_run_best(run),
                                        train_run_best_steps(run), &part, nll, &training->device, fault);
    training->evaluation.standardised = training->samples.standard.d > 0;
    pairs_free(&made);
    return training->has_evaluation;
}

/* A continuous base flow is trained by its spec's time steps and measured by adaptive ones: where training
 * found weights that profit from the steps' error, its likelihood was none. A flow that bends paths more than
 * its time steps follow is no exact map; few rows and many training steps bring that about. */
static void warn_of_errors(const struct training *training)
{
    const struct gpfc_evaluation *evaluation = &training->evaluation;
    if (training->has_base && fabs(evaluation->nll_before - training->trained.nll) > MOST_NATS_APART)
        training_tell(training, &(struct gpfc_event){.kind = GPFC_INEXACT_BASE,
                                                     .base = &training->trained,
                                                     .evaluation = evaluation});
    if (evaluation->density_error_mean > MOST_NATS_APART)
        training_tell(training, &(struct gpfc_event){.kind = GPFC_INEXACT_FLOW, .evaluation = evaluation});
}

static bool finish(struct training *training, struct fault *fault)
{
    if (!training->options->evaluate)
        return true;
    if (!evaluate_best(training, fault))
        return false;
    warn_of_errors(training);
    return true;
}

bool training_run(struct training *training, struct fault *fault)
{
    (void)spec_data_name(training->bundle, training->note.data, training->data, sizeof training->data);
    struct pin *const pin = training->options->pin ? pin_threads(training->device.threads) : NULL;
    const bool good = check_options(training, fault) && find_base(training, fault) &&
                      make_flow(training, fault) && finish(training, fault);
    pin_release(pin);
    return good;
}
