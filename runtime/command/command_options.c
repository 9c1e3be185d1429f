/* SPDX-License-Identifier: MIT
 *
 * Options of all commands in one table; a command lists the names of those that it takes. */
#include "command/command.h"
#include "model/flow.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_kind { OPTION_TEXT, OPTION_TEXT_OR_NONE, OPTION_INTEGER, OPTION_REAL, OPTION_FLAG };

struct option_row {
    const char *name, *value, *help;
    enum option_kind kind;
    size_t field; /* in struct command_options */
    double least, greatest;
};

#define FIELD(name) offsetof(struct command_options, name)

static const struct option_row rows[] = {
    {"data", "FILE",
     "pairs or samples (.npz, .npy, .csv, .tsv, .txt, .parquet; X.npy,Y.npy) instead of the spec's",
     OPTION_TEXT, FIELD(data), 0, 0},
    {"columns", "A,B,..", "columns of x, by name or by number from 1", OPTION_TEXT, FIELD(columns), 0, 0},
    {"label", "NAME", "column of labels in the file, whole numbers or words", OPTION_TEXT, FIELD(label), 0,
     0},
    {"missing", "HOW", "rows in which a number is missing: 'refuse' or 'drop'", OPTION_TEXT, FIELD(missing),
     0, 0},
    {"weights", "NAME", "column, array or file of the rows' weights", OPTION_TEXT, FIELD(weights), 0, 0},
    {"format", "FORMAT", "of OUT, if its name does not say: csv, tsv, txt, parquet or npy (default: like IN)",
     OPTION_TEXT, FIELD(format), 0, 0},
    {"out", "DIR", "folder for the results (default: NAME.run)", OPTION_TEXT, FIELD(out), 0, 0},
    {"init", "MODEL", "start from the weights in MODEL (.safetensors)", OPTION_TEXT, FIELD(init), 0, 0},
    {"base", "MODEL", "take the base flow from MODEL, train none", OPTION_TEXT, FIELD(base), 0, 0},
    {"part", "PART", "'flow' (default): y and s(y); 'base': x and y = f(x); 'both': x and s(f(x))",
     OPTION_TEXT, FIELD(part), 0, 0},
    {"from", "WHAT", "'latent': same as --part flow; 'data': --part both", OPTION_TEXT, FIELD(from), 0, 0},
    {"to", "WHAT", "'latent': same as --part flow; 'data': --part both", OPTION_TEXT, FIELD(to), 0, 0},
    {"stage", "STAGE", "which training: 'flow' (default) or 'base'", OPTION_TEXT, FIELD(stage), 0, 0},
    {"epochs", "N", "passes over the training set", OPTION_INTEGER, FIELD(epochs), 1, 1e8},
    {"base-epochs", "N", "passes over the training set for the base flow", OPTION_INTEGER, FIELD(base_epochs),
     1, 1e8},
    {"batch", "N", "samples in a training step", OPTION_INTEGER, FIELD(batch), 1, 16777216},
    {"seed", "N", "random seed", OPTION_INTEGER, FIELD(seed), 0, 9007199254740991.0},
    {"threads", "N", "number of threads (default: all cores)", OPTION_INTEGER, FIELD(threads), 1, 4096},
    {"device", "DEVICE", "where kernels run: cpu, cuda or cuda:N", OPTION_TEXT, FIELD(device), 0, 0},
    {"seconds", "S", "how long to measure (default: 5)", OPTION_REAL, FIELD(seconds), 0.01, 1e6},
    {"tune", "HOW", "quick (default) or full", OPTION_TEXT, FIELD(tune), 0, 0},
    {"tune-time", "S", "total seconds to measure (quick 20, full 240)", OPTION_REAL, FIELD(tune_seconds), 0.1,
     86400},
    {"report", "FILE", "list rows that fail: row (from 0), error, reason", OPTION_TEXT, FIELD(report), 0, 0},
    {"nan", NULL, "write NaN into rows that fail", OPTION_FLAG, FIELD(nan), 0, 0},
    {"strict", NULL, "exit with status 1 if a row fails (OUT is written)", OPTION_FLAG, FIELD(strict), 0, 0},
    {"rows", "FILE", "write x, y, s and the measures of each row to FILE", OPTION_TEXT, FIELD(rows), 0, 0},
    {"logdet", "FILE", "write log-determinants, too: beside the rows of OUT, or to FILE", OPTION_TEXT_OR_NONE,
     FIELD(logdet), 0, 0},
    {"anyway", NULL, "continue what another build of the trainer began", OPTION_FLAG, FIELD(anyway), 0, 0},
    {"quiet", NULL, "print only errors", OPTION_FLAG, FIELD(quiet), 0, 0},
    {"json", NULL, "print the result as JSON", OPTION_FLAG, FIELD(json), 0, 0},
};

enum {
    N_ROWS = sizeof rows / sizeof rows[0],
    KEY_HELP = 'h',
    KEY_HELP_TOO = '?',
    KEY_USAGE = 1,
    KEY_FIRST = 1000,
};

struct parse {
    const struct command *command;
    struct command_options *out;
    int n_arguments;
    bool helped;
};

/* ---- values -------------------------------------------------------------------------------------------- */

bool command_read_integer(const char *text, double least, double greatest, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && (double)*out >= least && (double)*out <= greatest;
}

static bool read_real(const char *text, double least, double greatest, double *out)
{
    char *end = NULL;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= least && *out <= greatest;
}

static void put_integer(struct command_options *out, const struct option_row *row, int64_t value)
{
    if (row->field == FIELD(threads))
        out->threads = (int)value;
    else
        *(int64_t *)(void *)((char *)out + row->field) = value;
    out->seed_given |= row->field == FIELD(seed);
}

/* Nothing is what an unset variable leaves. Shells replace ~ only at the beginning of a word, so that
 * --out=~/run would make a folder of that name. */
static error_t check_name(const char *text, struct argp_state *state, const char *format, ...)
{
    char what[64];
    va_list arguments;
    if (text[0] != '\0' && strncmp(text, "~/", 2) != 0)
        return 0;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (text[0] == '\0')
        argp_error(state, "%s: expected a name, found nothing", what);
    else
        argp_error(state, "%s: the shell has not replaced the ~ of %s; write the whole path", what, text);
    return EINVAL;
}

static error_t put_value(const struct option_row *row, const char *text, struct argp_state *state)
{
    struct command_options *out = ((struct parse *)state->input)->out;
    void *field = (char *)out + row->field;
    int64_t integer;
    double real;
    switch (row->kind) {
    case OPTION_TEXT:
        *(const char **)field = text;
        return check_name(text, state, "--%s", row->name);
    case OPTION_TEXT_OR_NONE:
        *(const char **)field = text ? text : "";
        return text ? check_name(text, state, "--%s", row->name) : 0;
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_INTEGER:
        if (command_read_integer(text, row->least, row->greatest, &integer)) {
            put_integer(out, row, integer);
            return 0;
        }
        argp_error(state, "--%s: expected a whole number from %.0f to %.0f, found '%s'", row->name,
                   row->least, row->greatest, text);
        return EINVAL;
    case OPTION_REAL:
        if (read_real(text, row->least, row->greatest, &real)) {
            *(double *)field = real;
            return 0;
        }
        argp_error(state, "--%s: expected a number from %g to %g, found '%s'", row->name, row->least,
                   row->greatest, text);
        return EINVAL;
    }
    return EINVAL;
}

/* ---- argp ---------------------------------------------------------------------------------------------- */

/* gpfc itself has -q, too. */
static int key_of(int row)
{
    return strcmp(rows[row].name, "quiet") == 0 ? 'q' : KEY_FIRST + row;
}

static error_t parse_one(int key, char *text, struct argp_state *state)
{
    struct parse *parse = state->input;
    if (key == KEY_HELP || key == KEY_HELP_TOO || key == KEY_USAGE) {
        unsigned what = key == KEY_USAGE ? ARGP_HELP_USAGE : ARGP_HELP_STD_HELP;
        argp_state_help(state, state->out_stream, what & ~(unsigned)(ARGP_HELP_EXIT_OK | ARGP_HELP_EXIT_ERR));
        parse->helped = true;
        return ECANCELED;
    }
    for (int i = 0; i < N_ROWS; i++)
        if (key == key_of(i))
            return put_value(&rows[i], text, state);
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (parse->n_arguments >= parse->command->n_arguments) {
        argp_error(state, "'%s' is one argument too many", text);
        return EINVAL;
    }
    parse->out->argument[parse->n_arguments++] = text;
    return check_name(text, state, "argument %d", parse->n_arguments);
}

static bool takes(const struct command *command, const char *name)
{
    for (const char *const *option = command->options; *option; option++)
        if (strcmp(*option, name) == 0)
            return true;
    return false;
}

/* The command's options, and help. */
static void list_options(const struct command *command, struct argp_option options[N_ROWS + 4])
{
    int n = 0;
    for (int i = 0; i < N_ROWS; i++)
        if (takes(command, rows[i].name))
            options[n++] =
                (struct argp_option){.name = rows[i].name,
                                     .key = key_of(i),
                                     .arg = rows[i].value,
                                     .flags = rows[i].kind == OPTION_TEXT_OR_NONE ? OPTION_ARG_OPTIONAL : 0,
                                     .doc = rows[i].help};
    options[n++] = (struct argp_option){.name = "help", .key = KEY_HELP, .doc = "show this", .group = -1};
    options[n++] = (struct argp_option){.key = KEY_HELP_TOO, .flags = OPTION_HIDDEN};
    options[n++] = (struct argp_option){.name = "usage", .key = KEY_USAGE, .flags = OPTION_HIDDEN};
    options[n] = (struct argp_option){0};
}

/* "./moons train" for the words that argp prints; it cuts at the last slash. */
static void full_name(const char *program, const char *command, char *room, size_t bytes)
{
    const char *slash = strrchr(program, '/');
    (void)snprintf(room, bytes, "%s %s", slash ? slash + 1 : program, command);
}

enum command_parsed command_parse(const struct command *command, const char *program, int argc, char **argv,
                                  struct command_options *out)
{
    struct argp_option options[N_ROWS + 4];
    char name[512], *first = argv[1];
    const struct argp argp = {
        .options = options, .parser = parse_one, .args_doc = command->arguments, .doc = command->help};
    struct parse parse = {.command = command, .out = out};
    *out = (struct command_options){0};
    list_options(command, options);
    full_name(program, command->name, name, sizeof name);
    argv[1] = name;
    error_t error = argp_parse(&argp, argc - 1, argv + 1, ARGP_NO_EXIT | ARGP_NO_HELP, NULL, &parse);
    argv[1] = first;
    if (error == ENOMEM) {
        (void)fprintf(stderr, "%s: out of memory\n", name);
        return COMMAND_FAILED;
    }
    if (parse.helped)
        return COMMAND_HELPED;
    if (error != 0)
        return COMMAND_WRONG;
    if (parse.n_arguments < command->n_arguments) {
        (void)fprintf(stderr, "%s: %s missing: %s %s\nTry `%s --help' for more information.\n", name,
                      command->n_arguments - parse.n_arguments > 1 ? "arguments are" : "an argument is", name,
                      command->arguments, name);
        return COMMAND_WRONG;
    }
    out->threads = flow_threads(out->threads);
    return COMMAND_RUN;
}
