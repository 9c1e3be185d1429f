/* SPDX-License-Identifier: MIT
 *
 * check: a file of data is looked at, and nothing is trained. */
#include "command/command.h"
#include "command/report_look.h"
#include "look/look.h"
#include "model/spec_data.h"

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
    const struct data_options data = {.file = file,
                                      .columns = options->columns,
                                      .label = options->label,
                                      .missing = options->missing,
                                      .weights = options->weights};
    struct look *look;
    if (!spec_data_look(&look, context->bundle, &data, fault))
        return false;
    const struct gpfc_look *const result = look_result(look);
    const struct gpfc_finding *const refusal = look_refusal(result);
    bool good = print_look(result, options, fault);
    if (good && refusal) {
        char text[sizeof fault->text];
        report_finding_sentence(refusal, text, sizeof text);
        good = fault_set(fault, FAULT_INPUT, "%s: %s", file, text);
    }
    look_free(look);
    return good;
}
