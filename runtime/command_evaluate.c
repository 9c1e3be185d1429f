/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "report.h"
#include "weights.h"

#include <stdio.h>

static bool evaluate_pairs(struct evaluation *out, const struct command_context *context,
                           const struct command_options *options, const struct weights *weights,
                           const struct pairs *pairs, struct fault *fault)
{
    bool test = pairs->n_test > 0;
    return evaluate(out, context->bundle, weights->theta, test ? pairs->x_test : pairs->x_train,
                    test ? pairs->y_test : pairs->y_train, test ? pairs->n_test : pairs->n_train,
                    test ? pairs->nll_test : pairs->nll_train, options->threads, fault);
}

static bool print_result(const struct command_context *context, const struct command_options *options,
                         const struct pairs *pairs, const struct evaluation *evaluation, struct fault *fault)
{
    char data[4096];
    if (options->json)
        return command_print_json(report_evaluation_json(evaluation), fault);
    (void)fprintf(stdout, "%s on %s of %s\n", options->argument[0],
                  pairs->n_test > 0 ? "the test set" : "all pairs",
                  command_data_name(context->bundle, options->data, data, sizeof data));
    report_evaluation(stdout, evaluation);
    return true;
}

/* The training's own, so that generated data are those that it was tested on. */
static uint64_t seed_of(const struct gpfc_bundle *bundle, const struct weights *weights)
{
    return weights->seed_known ? weights->seed : trainer_options_of(bundle).seed;
}

bool command_evaluate(const struct command_context *context, const struct command_options *options,
                      struct fault *fault)
{
    const struct gpfc_bundle *bundle = context->bundle;
    struct weights weights = {0};
    struct pairs pairs = {0};
    struct evaluation evaluation;
    bool good = weights_read(&weights, bundle, options->argument[0], fault) &&
                command_load(&pairs, bundle, options->data, weights.base, seed_of(bundle, &weights),
                             options->threads, fault) &&
                evaluate_pairs(&evaluation, context, options, &weights, &pairs, fault) &&
                print_result(context, options, &pairs, &evaluation, fault);
    pairs_free(&pairs);
    weights_free(&weights);
    return good;
}
