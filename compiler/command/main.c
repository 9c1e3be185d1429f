/* SPDX-License-Identifier: MIT
 *
 * The command gpfc: parses arguments; gpfc_compile does the work.
 *
 * Exit status: 0 done; 1 the system failed (a file, memory, the linker); 2 the options or the spec are
 * wrong. */
#include "command/main.h"

#include "base/base.h"
#include "gpfc/json_memory.h"
#include "gpfc/standard_streams.h"
#include "sched/sched_space.h"
#include "spec/spec.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum key {
    KEY_EMIT = 256,
    KEY_DUMP,
    KEY_FROM,
    KEY_CPU,
    KEY_HELP_SPEC,
    KEY_JSON,
    KEY_DATA_FOLDER,
    KEY_TUNE,
    KEY_TUNE_TIME,
    KEY_NO_WISDOM,
    KEY_USAGE
};

/* ---- arguments ----------------------------------------------------------------------------------------- */

static const char help_text[] =
    "Compiles a spec (-: standard input) into a trainer: a program that trains the Gaussian-preserving flow "
    "on your data, applies, inverts and measures it.\vAlso: "
    "gpfc --help-spec, gpfc wisdom --help and, after compiling, ./NAME --help";

static const struct argp_option option_list[] = {
    {"output", 'o', "FILE", 0, "Write FILE (default: the spec's name)", 0},
    {"emit", KEY_EMIT, "KIND", 0,
     "What to write: ir, c, cuda, llvm, asm, object, header, library or executable (default)", 0},
    {"cpu", KEY_CPU, "NAME", 0, "Compile for this CPU, or native", 0},
    {"dump", KEY_DUMP, "STAGE,..", 0, "Print the program after any of these, or all: ", 0},
    {"from", KEY_FROM, "ir", 0, "The input is text of --emit=ir", 0},
    {"data-folder", KEY_DATA_FOLDER, "DIR", OPTION_HIDDEN, NULL, 0},
    {"tune", KEY_TUNE, "HOW", 0, "Find the fastest code by measuring: quick or full", 0},
    {"tune-time", KEY_TUNE_TIME, "S", 0, "Tune for S seconds in all (quick 20, full 240)", 0},
    {"no-wisdom", KEY_NO_WISDOM, NULL, 0, "Ignore and do not record tuning results", 0},
    {"quiet", 'q', NULL, 0, "Print only warnings and errors", 0},
    {"json", KEY_JSON, NULL, 0, "Print the report as one JSON object", 0},
    {"help-spec", KEY_HELP_SPEC, NULL, 0, "List every key of a spec", 0},
    {"version", 'v', NULL, 0, "Print the version", 0},
    {"help", '?', NULL, 0, "Give this help list", 0},
    {NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0},
    {"usage", KEY_USAGE, NULL, 0, "Give a short usage message", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

/* The line of --dump names the stages that there are, and argp's note that --output=FILE may be -o FILE is
 * left out: the help fits a screen. argp frees what is another text than its own. */
static char *filter_help(int key, const char *text, void *input)
{
    (void)input;
    if (key == ARGP_KEY_HELP_DUP_ARGS_NOTE)
        return NULL;
    if (key != KEY_DUMP)
        return (char *)(uintptr_t)text;
    const size_t room = strlen(text) + 2 * strlen(gpfc_stages()) + 1;
    char *filled = malloc(room);
    if (!filled)
        return (char *)(uintptr_t)text;
    char *end = filled + snprintf(filled, room, "%s", text);
    for (const char *at = gpfc_stages(); *at; at++) {
        *end++ = *at;
        if (*at == ',')
            *end++ = ' ';
    }
    *end = '\0';
    return filled;
}

static const char *nearest_note(const char *word, const char *const *words, size_t n, char *room,
                                size_t bytes)
{
    const char *meant = nearest_word(word, words, n);
    room[0] = '\0';
    if (meant)
        (void)snprintf(room, bytes, "; did you mean '%s'?", meant);
    return room;
}

static enum gpfc_emit parse_emit(const struct argp_state *state, const char *word)
{
    char note[64];
    for (int i = 0; i < MAIN_EMIT_COUNT; i++)
        if (strcmp(word, main_emit_names[i]) == 0)
            return (enum gpfc_emit)i;
    argp_error(state,
               "--emit: expected ir, c, cuda, llvm, asm, object, header, library or executable, found '%s'%s",
               word, nearest_note(word, main_emit_names, MAIN_EMIT_COUNT, note, sizeof note));
    return GPFC_EMIT_EXECUTABLE;
}

static enum gpfc_tune parse_tune(const struct argp_state *state, const char *word)
{
    static const char *const words[] = {
        [GPFC_TUNE_NONE] = "none", [GPFC_TUNE_QUICK] = "quick", [GPFC_TUNE_FULL] = "full"};
    char note[64];
    for (int i = 0; i <= GPFC_TUNE_FULL; i++)
        if (strcmp(word, words[i]) == 0)
            return (enum gpfc_tune)i;
    argp_error(state, "--tune: expected none, quick or full, found '%s'%s", word,
               nearest_note(word, words, GPFC_TUNE_FULL + 1, note, sizeof note));
    return GPFC_TUNE_NONE;
}

static double parse_seconds(const struct argp_state *state, const char *text)
{
    const double least = 0.1, most = 86400;
    char *end = NULL;
    const double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= least && seconds <= most))
        argp_error(state, "--tune-time: expected seconds from %g to %g, found '%s'", least, most, text);
    return seconds;
}

/* Is the first `length` characters of `word` one of the comma-separated names? */
static bool is_listed(const char *word, size_t length, const char *names)
{
    for (const char *name = names; *name;) {
        const size_t n = strcspn(name, ",");
        if (n == length && strncmp(name, word, n) == 0)
            return true;
        name += n + (name[n] == ',');
    }
    return false;
}

static void check_stages(const struct argp_state *state, const char *list)
{
    for (const char *at = list;; at++) {
        const size_t length = strcspn(at, ",");
        if (!is_listed(at, length, gpfc_stages()) && !is_listed(at, length, "all"))
            argp_error(state, "--dump: expected some of %s or all, found '%.*s'", gpfc_stages(), (int)length,
                       at);
        at += length;
        if (*at == '\0')
            return;
    }
}

static void take_input(const struct argp_state *state, struct gpfc_options *options, const char *path)
{
    if (options->input)
        argp_error(state, "expected one input, found '%s' and '%s'", options->input, path);
    options->input = path;
}

static const char *not_empty(const struct argp_state *state, const char *option, const char *value)
{
    if (value[0] == '\0')
        argp_error(state, "%s: expected a name, found nothing", option);
    return value;
}

static error_t parse_argument(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    struct gpfc_options *options = &arguments->options;
    switch (key) {
    case 'h':
    case '?':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case KEY_USAGE:
        argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
        return 0;
    case 'o':
        options->output = not_empty(state, "--output", value);
        return 0;
    case KEY_EMIT:
        options->emit = parse_emit(state, value);
        arguments->emits = true;
        return 0;
    case KEY_CPU:
        options->cpu = not_empty(state, "--cpu", value);
        return 0;
    case KEY_DUMP:
        check_stages(state, value);
        options->dump = value;
        return 0;
    case KEY_FROM:
        if (strcmp(value, "ir") != 0)
            argp_error(state, "--from: expected ir, found '%s'", value);
        options->from_ir = true;
        return 0;
    case KEY_DATA_FOLDER:
        options->data_folder = not_empty(state, "--data-folder", value);
        return 0;
    case KEY_TUNE:
        options->tune = parse_tune(state, value);
        return 0;
    case KEY_TUNE_TIME:
        options->tune_seconds = parse_seconds(state, value);
        return 0;
    case KEY_NO_WISDOM:
        options->no_wisdom = true;
        return 0;
    case 'q':
        arguments->quiet = true;
        return 0;
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case KEY_HELP_SPEC:
        arguments->help_spec = true;
        return 0;
    case 'v':
        printf("gpfc %s\n", gpfc_version());
        exit(EXIT_SUCCESS);
    case ARGP_KEY_ARG:
        take_input(state, options, value);
        return 0;
    case ARGP_KEY_END:
        if (!options->input && !arguments->help_spec)
            argp_error(state, "expected a spec: gpfc SPEC.yaml");
        if (options->tune_seconds > 0 && options->tune == GPFC_TUNE_NONE)
            argp_error(state, "--tune-time needs --tune=quick or --tune=full");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- --help-spec --------------------------------------------------------------------------------------- */

static int print_spec_help(void)
{
    jmp_buf no_memory;
    struct arena *arena = arena_new();
    if (!arena)
        return GPFC_FAILED;
    if (setjmp(no_memory)) {
        (void)fputs("gpfc: out of memory\n", stderr);
        arena_free(arena);
        return GPFC_FAILED;
    }
    arena_on_failure(arena, &no_memory);
    struct strbuf text;
    strbuf_init(&text, arena);
    spec_help(&text);
    sched_help(&text);
    (void)fputs(strbuf_text(&text), stdout);
    arena_free(arena);
    return GPFC_OK;
}

/* Dumps go where they do not mix with JSON. */
static void print_dump(void *data, const char *stage, const char *text)
{
    const struct arguments *arguments = data;
    FILE *out = arguments->json ? stderr : stdout;
    const size_t length = strlen(text);
    (void)fprintf(out, "# %s\n%s%s", stage, text, length > 0 && text[length - 1] == '\n' ? "" : "\n");
}

static int compile(struct arguments *arguments)
{
    struct gpfc_report report = {.messages = NULL};
    enum gpfc_status status = gpfc_compile(&arguments->options, &report);
    if (report.messages)
        (void)fputs(report.messages, stderr);
    else if (status != GPFC_OK)
        (void)fputs("gpfc: out of memory\n", stderr);

    if (arguments->json && !main_print_json(arguments, status, &report))
        status = GPFC_FAILED;
    else if (!arguments->json && !arguments->quiet && status == GPFC_OK)
        main_print_table(arguments, &report);
    gpfc_report_free(&report);
    return (int)status;
}

/* What was printed to a full disk or a closed pipe was not printed. */
static void close_output(void)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "gpfc: cannot write to standard output: %s (write)\n",
                      strerror(errno ? errno : EIO));
        _exit(GPFC_FAILED);
    }
}

/* Where this program lies, for trainers that call it; NULL: unknown. */
static const char *own_path(char *room, size_t bytes)
{
    const ssize_t length = readlink("/proc/self/exe", room, bytes - 1);
    if (length <= 0 || (size_t)length >= bytes - 1)
        return NULL;
    room[length] = '\0';
    return room;
}

/* The library that trainers are linked with: what the environment says, else beside this program, as in a
 * build tree; NULL: installed. */
static const char *runtime_folder(const char *program, char *room, size_t bytes)
{
    const char *named = getenv("GPFC_RUNTIME_DIR"), *slash = program ? strrchr(program, '/') : NULL;
    if (named && named[0])
        return named;
    if (!slash ||
        (size_t)snprintf(room, bytes, "%.*s/libgpfcrt.a", (int)(slash - program), program) >= bytes ||
        access(room, R_OK) != 0)
        return NULL;
    *strrchr(room, '/') = '\0';
    return room;
}

/* LLVM aborts where it finds no memory, after saying so. A script needs a status that is not a signal's. */
static void end_of_llvm(int signal_number)
{
    static const char text[] = "gpfc: stopped while compiling, for want of memory or by a fault of its own\n";
    const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)signal_number;
    (void)written;
    _exit(GPFC_FAILED);
}

static void *json_memory(size_t bytes)
{
    void *const memory = gpfc_json_memory(bytes);
    if (!memory)
        _exit(GPFC_FAILED);
    return memory;
}

int main(int argc, char **argv)
{
    static const struct argp parser = {option_list, parse_argument, "SPEC.yaml", help_text,
                                       NULL,        filter_help,    NULL};
    char path[4096], folder[4096];
    gpfc_keep_standard_streams();
    const char *const program = own_path(path, sizeof path);
    struct arguments arguments = {
        .options =
            {
                .emit = GPFC_EMIT_EXECUTABLE,
                .dumped = print_dump,
                .tuning = main_print_tuning,
                .program = program,
                .runtime_dir = runtime_folder(program, folder, sizeof folder),
            },
    };
    arguments.options.data = &arguments;
    json_set_alloc_funcs(json_memory, free);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file larger than ulimit -f is reported like a full device */
    (void)signal(SIGABRT, end_of_llvm);
    argp_err_exit_status = GPFC_FAULTY;
    (void)atexit(close_output);
    if (argc > 1 && strcmp(argv[1], "wisdom") == 0)
        return main_wisdom(argc - 1, argv + 1);
    /* argp's own options would hide the filter */
    if (argp_parse(&parser, argc, argv, ARGP_NO_HELP, NULL, &arguments) != 0) {
        (void)fputs("gpfc: out of memory\n", stderr);
        return GPFC_FAILED;
    }
    arguments.options.dump_alone = arguments.options.dump && !arguments.emits && !arguments.options.output;
    return arguments.help_spec ? print_spec_help() : compile(&arguments);
}
