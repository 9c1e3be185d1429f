/* SPDX-License-Identifier: MIT
 *
 * Any words, each ended by a NUL, as the command line of a trainer: a command that there is, and its options.
 * What is accepted is within its limits. */
#include "command/command.h"
#include "fuzz/fuzz.h"

#include <string.h>

enum { MOST_WORDS = 40 };

static void check(const struct command *command, const struct command_options *options)
{
    demand(options->threads >= 1 && options->threads <= 4096);
    demand(options->epochs >= 0 && options->epochs <= 100000000);
    demand(options->base_epochs >= 0 && options->base_epochs <= 100000000);
    demand(options->batch >= 0 && options->batch <= 16777216);
    demand(options->seconds >= 0 && options->seconds <= 1e6);
    demand(options->tune_seconds >= 0 && options->tune_seconds <= 86400);
    for (int i = 0; i < command->n_arguments; i++)
        demand(options->argument[i] != NULL);
}

static int64_t accepted;

bool fuzz_reached(void)
{
    return accepted > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char program[] = "./fuzz", *argv[MOST_WORDS + 1] = {program};
    char *const words = malloc(size + 1);
    struct command_options options;
    int argc = 1;
    if (!words)
        return 0;
    if (size > 0)
        memcpy(words, data, size);
    words[size] = '\0';
    for (char *word = words; word < words + size && argc < MOST_WORDS; word += strlen(word) + 1)
        argv[argc++] = word;
    const struct command *const command = argc > 1 ? command_find(argv[1]) : NULL;
    if (command && command_parse(command, argv[0], argc, argv, &options) == COMMAND_RUN) {
        check(command, &options);
        accepted++;
    }
    free(words);
    return 0;
}
