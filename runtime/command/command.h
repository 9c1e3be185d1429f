/* SPDX-License-Identifier: MIT
 *
 * A trainer's commands and what they share: their table, options, data, and how they end. Only files named
 * command*, report* and progress* of this folder print. */
#ifndef GPFC_COMMAND_H
#define GPFC_COMMAND_H

#include "data/samples.h"
#include "gpfc/cpu_name.h"
#include "gpfc/kernel_abi.h"
#include "ground/fault.h"
#include "model/flow.h"

#include <stdint.h>

enum { COMMAND_MOST_ARGUMENTS = 3 };

struct command_options { /* 0, false or NULL where not given; logdet "": given without a file */
    const char *data, *columns, *label, *missing, *weights, *format, *out, *init, *base, *part, *from, *to,
        *stage, *tune, *report, *logdet, *rows, *device;
    int64_t epochs, base_epochs, batch, seed;
    int threads; /* at least 1 */
    double seconds, tune_seconds;
    bool seed_given, anyway, quiet, json, nan, strict;
    const char *argument[COMMAND_MOST_ARGUMENTS];
};

struct command_context {
    const struct gpfc_bundle *bundle;
    const char *program; /* as the user called it: "./moons" */
};

enum command_needs {
    COMMAND_CALLS_KERNELS,
    COMMAND_READS_BUNDLE,
    COMMAND_RUNS_ANYWHERE /* on a CPU that lacks features too */
};

struct command {
    const char *name, *arguments; /* "apply", "MODEL IN.npy OUT.npy" */
    int n_arguments;
    const char *const *options; /* names of command_options.c's table; NULL ends them */
    const char *brief, *help;   /* a line of the list of commands; what the command's own help begins with */
    /* False with a fault: it is printed, and its exit code is the process's. */
    bool (*run)(const struct command_context *context, const struct command_options *options,
                struct fault *fault);
    enum command_needs needs;
};

bool command_train(const struct command_context *, const struct command_options *, struct fault *) MUST_CHECK;
bool command_resume(const struct command_context *, const struct command_options *,
                    struct fault *) MUST_CHECK;
bool command_apply(const struct command_context *, const struct command_options *, struct fault *) MUST_CHECK;
bool command_invert(const struct command_context *, const struct command_options *,
                    struct fault *) MUST_CHECK;
bool command_density(const struct command_context *, const struct command_options *,
                     struct fault *) MUST_CHECK;
bool command_sample(const struct command_context *, const struct command_options *,
                    struct fault *) MUST_CHECK;
bool command_evaluate(const struct command_context *, const struct command_options *,
                      struct fault *) MUST_CHECK;
bool command_check(const struct command_context *, const struct command_options *, struct fault *) MUST_CHECK;
bool command_bench(const struct command_context *, const struct command_options *, struct fault *) MUST_CHECK;
bool command_tune(const struct command_context *, const struct command_options *, struct fault *) MUST_CHECK;
bool command_info(const struct command_context *, const struct command_options *, struct fault *) MUST_CHECK;
bool command_strip(const struct command_context *, const struct command_options *, struct fault *) MUST_CHECK;

/* Of this name, in the table of all; NULL: there is none. */
const struct command *command_find(const char *name);

/* Reads argv[2..]; argv[1] is the command's name. Prints what is wrong, or the help that was asked for. */
enum command_parsed { COMMAND_RUN, COMMAND_HELPED, COMMAND_WRONG, COMMAND_FAILED };
enum command_parsed command_parse(const struct command *command, const char *program, int argc, char **argv,
                                  struct command_options *out);

/* All of the text as a whole number within bounds? */
bool command_read_integer(const char *text, double least, double greatest, int64_t *out);

/* Nothing that is written is also read, or written twice. */
bool command_tell_files_apart(const struct command *command, const struct command_options *options,
                              struct fault *fault) MUST_CHECK;

/* Were the kernels tuned for another model of processor than the one at hand? `here`: its name. */
bool command_other_cpu(const struct gpfc_bundle *bundle, char here[GPFC_CPU_NAME]);

/* On standard error, where a model was trained for another number of time steps than it is run with here, or
 * is of another precision. */
struct weights;
void command_tell_weights(const struct command_context *context, const char *model,
                          const struct weights *weights);

/* On standard error, what a person should hear of the device. */
void command_tell_device(const struct command_context *context, const struct device *device);

/* --part of commands that are about data: s after f, or f only; NULL: both. */
bool command_part_of_data(const char *word, enum flow_part *part, struct fault *fault) MUST_CHECK;

/* From now on: one sentence and FAULT_SYSTEM, where a mapped file is cut off under the reader. */
void command_watch_files(void);

/* From now on: SIGINT, SIGTERM and SIGHUP remove what is half-written; those that are ignored stay so. */
void command_watch_signals(void);

/* ---- printing ------------------------------------------------------------------------------------------ */

/* What was printed to a full device was not printed. */
bool command_flush(struct fault *fault) MUST_CHECK;

/* Prints one JSON value and a newline on standard output; takes it. */
struct json_t;
bool command_print_json(struct json_t *json, struct fault *fault) MUST_CHECK;

/* Of this process, bytes. What lies in files (mapped data, the program) is memory that the system can take
 * back. */
struct command_memory {
    double most;      /* resident so far, files included */
    double anonymous; /* now, in no file; NaN if the system does not report it */
    double files;     /* likewise, in files */
};
struct command_memory command_memory(void);
/* The two of now; the most has its place in an object already. */
void command_put_memory(struct json_t **json, const struct command_memory *memory);
/* "24 MB", and where files take more than a little: "24 MB, and 162 MB of files". */
const char *command_memory_text(const struct command_memory *memory, char *room, size_t bytes);

#endif
