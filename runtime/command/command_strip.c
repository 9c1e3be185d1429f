/* SPDX-License-Identifier: MIT */
#include "command/command.h"
#include "model/strip.h"
#include "model/weights.h"

#include <stdlib.h>

bool command_strip(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    (void)context; /* any trainer does for any model */
    char *const path = weights_path(options->argument[0], fault);
    const bool done = path && strip_file(path, options->argument[1], fault);
    free(path);
    return done;
}
