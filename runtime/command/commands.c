/* SPDX-License-Identifier: MIT
 *
 * The table of a trainer's commands, and the choice among them. */
#include "command/command.h"
#include "gpfc/runtime.h"
#include "ground/c_locale.h"
#include "kernels/bundle.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* By name; NULL ends them. */
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct command commands[] = {
    {"train", "", 0,
     OPTIONS("data", "columns", "label", "missing", "weights", "out", "init", "base", "epochs", "base-epochs",
             "seed", "device", "threads", "quiet", "json"),
     "train, and write the results to a folder",
     "Trains the flow on pairs (x, y = f(x)), after the base flow f if there are no pairs yet. Writes the "
     "best model, a checkpoint and metrics to a folder. Ctrl-C saves and stops.",
     command_train, COMMAND_CALLS_KERNELS},
    {"check", "DATA", 1, OPTIONS("columns", "label", "missing", "weights", "json"),
     "look at data before training",
     "Prints what is remarkable in a file of pairs or samples, what it does to the result, and what to do "
     "about it; then mean, deviation and range of each column. train does the same first. Ends with an error "
     "only where nothing can be learned.",
     command_check, COMMAND_READS_BUNDLE},
    {"resume", "DIR", 1, OPTIONS("epochs", "anyway", "device", "threads", "quiet", "json"),
     "continue a training that was stopped",
     "Continues a training from its last checkpoint, with the same result as if it had not been "
     "stopped. With --epochs the flow is trained for so many in total, even if its training had ended.",
     command_resume, COMMAND_CALLS_KERNELS},
    {"apply", "MODEL IN OUT", 3,
     OPTIONS("part", "from", "columns", "label", "weights", "format", "logdet", "report", "nan", "strict",
             "device", "threads"),
     "map rows: y to s(y), x to f(x)",
     "Maps the rows of IN by the flow s, the base flow f, or s after f. In .npz files the arrays are x, y = "
     "f(x) and s; labels are copied.",
     command_apply, COMMAND_CALLS_KERNELS},
    {"invert", "MODEL IN OUT", 3,
     OPTIONS("part", "to", "columns", "label", "format", "report", "nan", "strict", "device", "threads"),
     "map rows back: s(y) to y, f(x) to x",
     "Maps the rows of IN by the inverse of the flow s, of the base flow f, or of s after f. Otherwise like "
     "apply.",
     command_invert, COMMAND_CALLS_KERNELS},
    {"density", "MODEL X OUT", 3,
     OPTIONS("part", "columns", "label", "weights", "format", "report", "nan", "strict", "device", "threads"),
     "log p(x) of rows x",
     "Writes the log-density of each row x, in nats and in the data's units: log_p_f by the base flow, "
     "log_p_s by s after it.",
     command_density, COMMAND_CALLS_KERNELS},
    {"sample", "MODEL N OUT", 3,
     OPTIONS("part", "seed", "format", "report", "nan", "strict", "device", "threads"),
     "draw N new samples x",
     "Draws N samples: z ~ N(0, I), taken back through s and the base flow f. The same seed (default 1) "
     "gives "
     "the same rows.",
     command_sample, COMMAND_CALLS_KERNELS},
    {"evaluate", "MODEL", 1,
     OPTIONS("data", "columns", "label", "missing", "weights", "rows", "device", "threads", "json"),
     "measure a model on the test set",
     "Measures a model on the test set: likelihood and cost before and after, energy, how well it preserves "
     "the Gaussian, and how well the base flow is inverted.",
     command_evaluate, COMMAND_CALLS_KERNELS},
    {"bench", "", 0, OPTIONS("stage", "seconds", "device", "threads", "batch", "json"), "time training steps",
     "Times training steps on random pairs and compares them with the measured peak of a core, or with the "
     "peak of a GPU.",
     command_bench, COMMAND_CALLS_KERNELS},
    {"tune", "", 0, OPTIONS("tune", "tune-time", "quiet", "json"), "recompile the trainer for this CPU",
     "Has gpfc recompile the spec of this trainer for the present CPU, measuring which code is fastest, and "
     "then replaces this trainer. Models remain valid.",
     command_tune, COMMAND_RUNS_ANYWHERE},
    {"strip", "MODEL OUT", 2, OPTIONS(NULL), "copy a model without private text",
     "Copies a model or checkpoint for others: without the text of the spec with its comments, and without "
     "paths. All commands take the copy like MODEL. It still has names and settings, but for those of files.",
     command_strip, COMMAND_RUNS_ANYWHERE},
    {"info", "", 0, OPTIONS("device", "json"), "show what the trainer was compiled from",
     "Prints what this trainer was compiled from and for; with --device, what the device is like.",
     command_info, COMMAND_READS_BUNDLE},
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *out, const struct command_context *context)
{
    const struct gpfc_bundle *bundle = context->bundle;
    (void)fprintf(out, "%s: a Gaussian-preserving flow of dimension %lld, compiled by gpfc %s\n\n",
                  bundle->name, (long long)bundle->dimension, bundle->version);
    (void)fprintf(out, "Usage: %s COMMAND [OPTION...]\n\n", context->program);
    for (int i = 0; i < N_COMMANDS; i++)
        (void)fprintf(out, "  %-9s %-21s %s\n", commands[i].name, commands[i].arguments, commands[i].brief);
    (void)fprintf(out, "\n%s COMMAND --help shows the options of a command.\n", context->program);
}

const struct command *command_find(const char *name)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* For the shell a training that diverged is a failure like others. */
static int exit_code(const struct fault *fault)
{
    return fault->exit_code == FAULT_DIVERGED || fault->exit_code == 0 ? FAULT_SYSTEM : fault->exit_code;
}

/* A person hears of it; a script may ask info. */
static void tell_other_cpu(const struct command_context *context)
{
    char here[GPFC_CPU_NAME];
    if (isatty(STDERR_FILENO) == 1 && command_other_cpu(context->bundle, here))
        (void)fprintf(stderr, "%s: compiled for %s, but this machine is '%s': `%s tune' recompiles it\n",
                      context->program, context->bundle->cpu_name, here[0] != '\0' ? here : "unknown",
                      context->program);
}

static int run_command(const struct command_context *context, const struct command *command, int argc,
                       char **argv)
{
    struct command_options options;
    struct fault fault = {0};
    switch (command_parse(command, context->program, argc, argv, &options)) {
    case COMMAND_HELPED:
        return 0;
    case COMMAND_WRONG:
        return FAULT_INPUT;
    case COMMAND_FAILED:
        return FAULT_SYSTEM;
    case COMMAND_RUN:
        break;
    }
    const bool runnable = command->needs == COMMAND_RUNS_ANYWHERE ? bundle_whole(context->bundle, &fault)
                                                                  : bundle_check(context->bundle, &fault);
    if (runnable && command->needs == COMMAND_CALLS_KERNELS && !options.quiet)
        tell_other_cpu(context);
    if (command->needs == COMMAND_CALLS_KERNELS) {
        command_watch_files();
        command_watch_signals();
    }
    if (runnable && command_tell_files_apart(command, &options, &fault) &&
        command->run(context, &options, &fault))
        return 0;
    (void)fprintf(stderr, "%s: %s\n", context->program, fault.text);
    return exit_code(&fault);
}

static int run_word(const struct command_context *context, const char *word, int argc, char **argv)
{
    const struct gpfc_bundle *bundle = context->bundle;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_usage(stdout, context);
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        (void)fprintf(stdout, "%s, compiled by gpfc %s\n", bundle->name, bundle->version);
        return 0;
    }
    const struct command *command = command_find(word);
    if (command)
        return run_command(context, command, argc, argv);
    if (word[0] != '\0')
        (void)fprintf(stderr, "%s: no command '%s'\n\n", context->program, word);
    print_usage(stderr, context);
    return FAULT_INPUT;
}

int gpfc_trainer_main(const struct gpfc_bundle *bundle, int argc, char **argv)
{
    const struct command_context context = {.bundle = bundle, .program = argc > 0 ? argv[0] : bundle->name};
    struct c_locale locale;
    struct fault fault = {0};
    if (!c_locale_enter(&locale, &fault)) {
        (void)fprintf(stderr, "%s: %s\n", context.program, fault.text);
        return FAULT_SYSTEM;
    }
    int code = run_word(&context, argc > 1 ? argv[1] : "", argc, argv);
    c_locale_leave(&locale);
    if (code != 0 || command_flush(&fault))
        return code;
    (void)fprintf(stderr, "%s: %s\n", context.program, fault.text);
    return FAULT_SYSTEM;
}
