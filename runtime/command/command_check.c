/* SPDX-License-Identifier: MIT
 *
 * check: a file of data is looked at, and nothing is trained. */
#include "command/command.h"
#include "command/report_look.h"
#include "look/look.h"
#include "model/spec_data.h"
#include "train/train.h"

#include <stdio.h>

static bool print_look(const struct gpfc_look *look, const struct command_options *options,
                       struct fault *fault)
{
    if (options->json)
        return command_print_json(report_look_json(look), fault);
    report_findings(stdout, look, GPFC_NOTE);
    report_columns(stdout, look);
    return true;
}

bool command_check(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    const char *const file = options->argument[0];
    const struct data_options data = {
        .file = file, .columns = options->columns, .label = options->label, .missing = options->missing};
    const struct standard as_it_stands = {.d = 0};
    struct samples samples;
    if (!spec_data_load(&samples, context->bundle, &data, &as_it_stands,
                        trainer_options_of(context->bundle).seed, true, fault))
        return false;
    const struct gpfc_look *const look = look_result(samples.look);
    const struct gpfc_finding *const refusal = look_refusal(look);
    bool good = print_look(look, options, fault);
    if (good && refusal) {
        char text[sizeof fault->text];
        report_finding_sentence(refusal, text, sizeof text);
        good = fault_set(fault, FAULT_INPUT, "%s: %s", file, text);
    }
    samples_free(&samples);
    return good;
}
