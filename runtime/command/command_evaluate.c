/* SPDX-License-Identifier: MIT */
#include "base/mixture_base.h"
#include "command/command.h"
#include "command/evaluated_rows.h"
#include "command/report.h"
#include "devices/device_open.h"
#include "kernels/settings.h"
#include "model/evaluate.h"
#include "model/pairs.h"
#include "model/spec_data.h"
#include "model/weights.h"
#include "numbers/rows.h"
#include "train/train.h"

#include <stdio.h>

struct evaluated { /* one call of command_evaluate */
    const struct command_context *context;
    const struct command_options *options;
    struct device device;
    struct weights weights;
    struct base_flow *base; /* fitted here; NULL: the model's own, or none */
    struct samples samples;
    struct pairs pairs;
    struct gpfc_evaluation flow;
    struct base_evaluation of_base;
    bool has_base;
};

/* The training's own, so that generated data are those that it was tested on. */
static uint64_t seed_of(const struct evaluated *e)
{
    return e->weights.seed_known ? e->weights.seed : trainer_options_of(e->context->bundle).seed;
}

static bool load(struct evaluated *e, struct fault *fault)
{
    const struct gpfc_bundle *bundle = e->context->bundle;
    const int threads = e->options->threads;
    const struct data_options data = {.file = e->options->data,
                                      .columns = e->options->columns,
                                      .label = e->options->label,
                                      .missing = e->options->missing,
                                      .weights = e->options->weights};
    return weights_read(&e->weights, bundle, e->options->argument[0], threads, fault) &&
           spec_data_load(&e->samples, bundle, &data, e->weights.base ? &e->weights.standard : NULL,
                          seed_of(e), false, fault);
}

/* A model from elsewhere may lack the mixture that it came after. */
static bool find_pairs(struct evaluated *e, struct fault *fault)
{
    const struct gpfc_bundle *bundle = e->context->bundle;
    struct mixture_fitted fitted;
    if (e->samples.train.y) {
        pairs_of_samples(&e->pairs, &e->samples);
        return true;
    }
    if (!e->weights.base && setting_is(bundle, SETTING_base_kind, WORD_base_mixture) &&
        !mixture_base_fit(&e->base, bundle, &e->samples, seed_of(e), e->options->threads, &fitted, fault))
        return false;
    struct base_flow *base = e->base ? e->base : e->weights.base;
    if (!base)
        return fault_set(fault, FAULT_INPUT, "the data has x but no y = f(x), and %s no base flow f",
                         e->options->argument[0]);
    e->has_base = true;
    return pairs_through(&e->pairs, &e->samples, base, fault);
}

void command_tell_weights(const struct command_context *context, const char *model,
                          const struct weights *weights)
{
    if (weights->dtype[0])
        (void)fprintf(stderr, "%s: %s is in %s; its numbers are converted to %s precision\n",
                      context->program, model, weights->dtype,
                      is_single(context->bundle->precision) ? "single" : "double");
    const int64_t here = weights_time_steps(context->bundle, weights->time_steps);
    if (weights->time_steps > 0 && weights->time_steps != here)
        (void)fprintf(stderr, "%s: %s was trained for %lld time steps; this trainer runs %lld\n",
                      context->program, model, (long long)weights->time_steps, (long long)here);
}

void command_tell_device(const struct command_context *context, const struct device *device)
{
    char text[300];
    if (device_notice(device, text, sizeof text))
        (void)fprintf(stderr, "%s: %s\n", context->program, text);
}

static bool measure(struct evaluated *e, struct fault *fault)
{
    const struct gpfc_bundle *bundle = e->context->bundle;
    struct base_flow *base = e->base ? e->base : e->weights.base;
    const int64_t steps = weights_time_steps(bundle, e->weights.time_steps);
    double nll;
    const struct part part = pairs_measured(&e->pairs, &nll);
    struct row_file file = {
        .bundle = bundle, .part = &part, .standard = &e->samples.standard, .base = e->has_base ? base : NULL};
    const bool listed = e->options->rows;
    const bool good = (!listed || row_file_open(&file, e->options->rows, fault)) &&
                      evaluate_rows(&e->flow, bundle, e->weights.theta, steps, &part, nll, &e->device,
                                    listed ? row_file_take : NULL, &file, fault) &&
                      (!listed || row_file_commit(&file, fault));
    row_file_close(&file);
    command_tell_device(e->context, &e->device);
    e->flow.standardised = e->samples.standard.d > 0;
    return good && (!e->has_base || evaluate_base(&e->of_base, bundle, e->weights.theta, e->weights.rotation,
                                                  steps, base, &part, &e->device, fault));
}

static bool print(const struct evaluated *e, struct fault *fault)
{
    const struct command_options *options = e->options;
    char data[4096];
    if (options->json) {
        json_t *json = report_evaluation_json(&e->flow);
        if (e->has_base)
            report_base_json(&json, &e->of_base);
        return command_print_json(json, fault);
    }
    (void)fprintf(stdout, "%s on %s of %s\n", options->argument[0],
                  e->pairs.test.n > 0 ? "the test set" : "all pairs",
                  spec_data_name(e->context->bundle, options->data, data, sizeof data));
    report_evaluation(stdout, &e->flow);
    if (e->has_base)
        report_base(stdout, &e->of_base);
    return true;
}

bool command_evaluate(const struct command_context *context, const struct command_options *options,
                      struct fault *fault)
{
    struct evaluated e = {.context = context, .options = options};
    bool good = device_open(&e.device, options->device, options->threads, fault) && load(&e, fault);
    if (good)
        command_tell_weights(context, options->argument[0], &e.weights);
    good = good && find_pairs(&e, fault);
    pairs_turn(&e.pairs, e.weights.rotation);
    good = good && measure(&e, fault) && print(&e, fault);
    pairs_free(&e.pairs);
    samples_free(&e.samples);
    base_flow_free(e.base);
    weights_free(&e.weights);
    device_close(&e.device);
    return good;
}
