/* SPDX-License-Identifier: MIT
 *
 * The command gpfc: arguments in, messages and a short table out. All work is gpfc_compile's.
 *
 * Exit status: 0 done; 1 the system failed (a file, memory, the linker); 2 the options or the spec are wrong.
 */
#include "gpfc.h"

#include "base/base.h"
#include "spec/spec.h"

#include <argp.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum key { KEY_EMIT = 256, KEY_DUMP, KEY_FROM, KEY_CPU, KEY_HELP_SPEC, KEY_JSON };

struct arguments {
    struct gpfc_options options;
    bool help_spec, quiet, json;
};

static const char *const emit_names[] = {
    [GPFC_EMIT_IR] = "ir",         [GPFC_EMIT_LLVM] = "llvm",         [GPFC_EMIT_ASM] = "asm",
    [GPFC_EMIT_OBJECT] = "object", [GPFC_EMIT_HEADER] = "header",     [GPFC_EMIT_LIBRARY] = "library",
    [GPFC_EMIT_EXECUTABLE] = "executable",
};
enum { EMIT_COUNT = sizeof emit_names / sizeof emit_names[0] };

/* ---- arguments ----------------------------------------------------------------------------------------- */

static const char help_text[] =
    "Compiles the spec of a Gaussian-preserving flow into a trainer: a program that learns the flow "
    "on your pairs, applies, inverts and measures it."
    "\vThe keys of a spec: gpfc --help-spec. After compiling: ./NAME --help.";

static const struct argp_option option_list[] = {
    {"output", 'o', "FILE", 0, "Write to FILE, not to the spec's name", 0},
    {"emit", KEY_EMIT, "KIND", 0,
     "What to write: ir, llvm, asm, object, header, library or executable (default)", 0},
    {"cpu", KEY_CPU, "NAME", 0, "Compile for this CPU, or native", 0},
    {"dump", KEY_DUMP, "STAGE,..", 0, "Print the program after these stages, or all", 0},
    {"from", KEY_FROM, "ir", 0, "The input is text of --emit=ir", 0},
    {"quiet", 'q', NULL, 0, "Print warnings and faults alone", 0},
    {"json", KEY_JSON, NULL, 0, "Report as one JSON object", 0},
    {"help-spec", KEY_HELP_SPEC, NULL, 0, "List every key of a spec", 0},
    {"version", 'v', NULL, 0, "Print the version", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

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
    for (int i = 0; i < EMIT_COUNT; i++)
        if (strcmp(word, emit_names[i]) == 0)
            return (enum gpfc_emit)i;
    argp_error(state, "--emit: expected ir, llvm, asm, object, header, library or executable, found '%s'%s",
               word, nearest_note(word, emit_names, EMIT_COUNT, note, sizeof note));
    return GPFC_EMIT_EXECUTABLE;
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
    case 'o':
        options->output = not_empty(state, "--output", value);
        return 0;
    case KEY_EMIT:
        options->emit = parse_emit(state, value);
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
    (void)fputs(strbuf_text(&text), stdout);
    arena_free(arena);
    return GPFC_OK;
}

/* ---- the report ---------------------------------------------------------------------------------------- */

/* What to type next, in `room`; "" where there is nothing to say. */
static const char *next_step(const struct arguments *arguments, const char *output, char *room, size_t bytes)
{
    const char *here = strchr(output, '/') ? "" : "./";
    const char *quote = strpbrk(output, " \t\"\\$`&|;<>()*?[]#~!{}") ? "'" : "";
    const char *dot = strrchr(output, '.'), *slash = strrchr(output, '/');
    const int stem = (int)(dot && (!slash || dot > slash) ? (size_t)(dot - output) : strlen(output));
    room[0] = '\0';
    switch (arguments->options.emit) {
    case GPFC_EMIT_EXECUTABLE:
        (void)snprintf(room, bytes, "%s%s%s%s train", quote, here, output, quote);
        break;
    case GPFC_EMIT_OBJECT:
        (void)snprintf(room, bytes, "cc %s%s%s $(pkg-config --static --libs gpfc) -o TRAINER", quote, output,
                       quote);
        break;
    case GPFC_EMIT_LIBRARY:
        (void)snprintf(room, bytes, "cc YOURS.c %s%.*s.a%s -lm    (with #include \"%.*s.h\")", quote, stem,
                       output, quote, stem, output);
        break;
    case GPFC_EMIT_IR:
        (void)snprintf(room, bytes, "gpfc --from=ir %s%s%s", quote, output, quote);
        break;
    case GPFC_EMIT_LLVM:
    case GPFC_EMIT_ASM:
    case GPFC_EMIT_HEADER:
        break;
    }
    return room;
}

/* 1234567 as "1.23 M". */
static const char *short_number(double value, char *room, size_t bytes)
{
    static const char units[] = " kMGT";
    int unit = 0;
    while (value >= 999.5 && units[unit + 1]) {
        value /= 1000;
        unit++;
    }
    if (unit == 0)
        (void)snprintf(room, bytes, "%.3g", value);
    else
        (void)snprintf(room, bytes, "%.3g %c", value, units[unit]);
    return room;
}

static void print_table(const struct arguments *arguments, const struct gpfc_report *report)
{
    char before[32], after[32], size[32], next[5000];
    printf("flow      %s\n", report->flow);
    printf("          %ld parameters\n", report->parameters);
    if (report->base[0])
        printf("base      %s\n          %ld parameters\n", report->base, report->base_parameters);
    if (report->nodes_before > 0)
        printf("program   %ld nodes, %s FLOP a sample; simplified: %ld nodes, %s FLOP\n",
               report->nodes_before, short_number(report->flop_before, before, sizeof before),
               report->nodes_after, short_number(report->flop_after, after, sizeof after));
    if (report->vector_bits > 0)
        printf("target    %s, %d-bit vectors, %d lanes a tile\n", report->cpu, report->vector_bits,
               report->lanes);
    if (!report->output)
        return;
    printf("written   %s, %sB in %.2f s\n", report->output,
           short_number((double)report->output_bytes, size, sizeof size), report->seconds);
    if (next_step(arguments, report->output, next, sizeof next)[0])
        printf("next      %s\n", next);
}

/* JSON holds UTF-8 alone; a name in other bytes is shown with '?'. */
static json_t *json_text(const char *text)
{
    json_t *good = json_string(text ? text : "");
    if (good)
        return good;
    char *copy = strdup(text);
    for (char *at = copy; at && *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    good = copy ? json_string(copy) : NULL;
    free(copy);
    return good;
}

static bool print_json(const struct arguments *arguments, enum gpfc_status status,
                       const struct gpfc_report *report)
{
    static const char *const status_names[] = {
        [GPFC_OK] = "ok", [GPFC_FAILED] = "failed", [GPFC_FAULTY] = "faulty"};
    char next[5000] = "";
    if (status == GPFC_OK && report->output)
        next_step(arguments, report->output, next, sizeof next);
    json_t *object = json_pack(
        "{s:s, s:s, s:o, s:o, s:I, s:o, s:I, s:I, s:I, s:f, s:f, s:o, s:i, s:i, s:I, s:f, s:o, s:o}", "status",
        status_names[status], "emit", emit_names[arguments->options.emit], "output",
        json_text(report->output), "flow", json_text(report->flow), "parameters",
        (json_int_t)report->parameters, "base", json_text(report->base), "base_parameters",
        (json_int_t)report->base_parameters, "nodes_before", (json_int_t)report->nodes_before, "nodes_after",
        (json_int_t)report->nodes_after, "flop_before", report->flop_before, "flop_after", report->flop_after,
        "cpu", json_text(report->cpu), "vector_bits", report->vector_bits, "lanes", report->lanes,
        "output_bytes", (json_int_t)report->output_bytes, "seconds", report->seconds, "messages",
        json_text(report->messages), "next", json_text(next));
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    if (text)
        puts(text);
    free(text);
    json_decref(object);
    return text != NULL;
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

    if (arguments->json && !print_json(arguments, status, &report))
        status = GPFC_FAILED;
    else if (!arguments->json && !arguments->quiet && status == GPFC_OK)
        print_table(arguments, &report);
    gpfc_report_free(&report);
    return (int)status;
}

/* What was printed to a full disk or a closed pipe was not printed. */
static void close_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fputs("gpfc: cannot write to the standard output\n", stderr);
        _exit(GPFC_FAILED);
    }
}

int main(int argc, char **argv)
{
    static const struct argp parser = {option_list, parse_argument, "SPEC.yaml", help_text, NULL, NULL, NULL};
    const char *runtime = getenv("GPFC_RUNTIME_DIR");
    struct arguments arguments = {
        .options = {
            .emit = GPFC_EMIT_EXECUTABLE,
            .dumped = print_dump,
            .runtime_dir = runtime && runtime[0] ? runtime : NULL,
        },
    };
    arguments.options.data = &arguments;
    (void)signal(SIGXFSZ, SIG_IGN); /* a file larger than ulimit -f is told like a full device */
    argp_err_exit_status = GPFC_FAULTY;
    (void)atexit(close_output);
    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    return arguments.help_spec ? print_spec_help() : compile(&arguments);
}
