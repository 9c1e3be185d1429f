/* SPDX-License-Identifier: MIT
 *
 * Arguments in, tables out. */
#include "bench_nests.h"
#include "bench_run.h"
#include "bench_sweep.h"

#include "base/file.h"

#include <argp.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum key {
    KEY_SWEEP = 256,
    KEY_QUICK,
    KEY_HISTORY,
    KEY_PICTURE,
    KEY_PEER,
    KEY_TABLE,
    KEY_SECONDS,
    KEY_NO_PLAIN,
    KEY_NESTS,
    KEY_JSON
};

struct arguments {
    struct bench_run_options run;
    bool sweep, quick, nests, json;
    const char *picture, *table;
};

static const struct argp_option option_list[] = {
    {"seconds", KEY_SECONDS, "S", 0, "Measure each case so long (default 3; of a sweep's cell 0.3)", 0},
    {"history", KEY_HISTORY, "FILE", 0, "Append a JSON line for each case to FILE", 0},
    {"picture", KEY_PICTURE, "FILE", 0, "Write the picture (SVG) to FILE", 0},
    {"peer", KEY_PEER, "NAME=COMMAND", 0,
     "Time this command too; {d} {hidden} {steps} {batch} {field} {penalty} {mode} {precision} {seconds} "
     "{numbers} are replaced",
     0},
    {"no-plain-c", KEY_NO_PLAIN, NULL, 0, "Leave out the C compiler's build of the same programs", 0},
    {"nests", KEY_NESTS, NULL, 0, "Time the nests of the kernels of cases, or of the training of specs", 0},
    {"json", KEY_JSON, NULL, 0, "Nests as JSON, a line a kernel", 0},
    {"sweep", KEY_SWEEP, NULL, 0, "Share of peak over dimensions and widths", 0},
    {"quick", KEY_QUICK, NULL, 0, "A sweep of few cells", 0},
    {"table", KEY_TABLE, "FILE", 0, "Write the sweep's table (Markdown) to FILE, again after each cell", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_argument(int key, char *value, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case KEY_SECONDS:
        a->run.seconds = strtod(value, NULL);
        if (!(a->run.seconds > 0))
            argp_error(state, "--seconds: expected a number above 0, found '%s'", value);
        return 0;
    case KEY_HISTORY:
        a->run.history = value;
        return 0;
    case KEY_PICTURE:
        a->picture = a->run.picture = value;
        return 0;
    case KEY_TABLE:
        a->table = value;
        return 0;
    case KEY_PEER:
        if (!strchr(value, '=') || a->run.n_peers == BENCH_MOST_PEERS)
            argp_error(state, "--peer: expected NAME=COMMAND, at most %d times, found '%s'", BENCH_MOST_PEERS,
                       value);
        a->run.peers[a->run.n_peers++] = value;
        return 0;
    case KEY_NO_PLAIN:
        a->run.no_plain_c = true;
        return 0;
    case KEY_NESTS:
        a->nests = true;
        return 0;
    case KEY_JSON:
        a->json = true;
        return 0;
    case KEY_SWEEP:
        a->sweep = true;
        return 0;
    case KEY_QUICK:
        a->quick = true;
        return 0;
    case ARGP_KEY_ARG:
        if (a->run.n_names == BENCH_MOST_NAMES)
            argp_error(state, "too many cases");
        a->run.names[a->run.n_names++] = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the sweep ----------------------------------------------------------------------------------------- */

struct sweep_files {
    struct arena *arena;
    const struct sweep *sweep;
    const char *table, *picture;
};

static void write_text(struct arena *arena, const char *path, const char *text)
{
    const char *why = NULL;
    if (path && !file_put(arena, path, text, strlen(text), 0666, &why))
        (void)fprintf(stderr, "%s\n", why);
}

static void write_sweep(void *data)
{
    const struct sweep_files *files = data;
    struct strbuf table, picture;
    strbuf_init(&table, files->arena);
    strbuf_init(&picture, files->arena);
    sweep_table(files->sweep, &table);
    sweep_picture(files->sweep, &picture);
    write_text(files->arena, files->table, strbuf_text(&table));
    write_text(files->arena, files->picture, strbuf_text(&picture));
}

static bool run_sweep(struct arena *arena, const struct arguments *a, struct fault *fault)
{
    struct sweep sweep;
    struct strbuf table;
    struct sweep_files files = {.arena = arena, .sweep = &sweep, .table = a->table, .picture = a->picture};
    sweep_cells(arena, a->quick, &sweep);
    sweep_keep(&sweep, a->run.n_names, a->run.names);
    strbuf_init(&table, arena);
    if (!sweep_run(&sweep, a->run.seconds > 0 ? a->run.seconds : 0.3, write_sweep, &files, fault))
        return false;
    sweep_table(&sweep, &table);
    (void)fputs(strbuf_text(&table), stdout);
    return true;
}

static bool run(struct arena *arena, const struct arguments *a, struct fault *fault)
{
    const struct bench_nests_options nests = {
        .n_names = a->run.n_names, .names = a->run.names, .seconds = a->run.seconds, .json = a->json};
    if (a->nests)
        return bench_nests(arena, &nests, fault);
    return a->sweep ? run_sweep(arena, a, fault) : bench_run(arena, &a->run, fault);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {option_list,
                                     parse_argument,
                                     "[CASE ...]\n--nests [CASE|SPEC.yaml ...]\n--sweep [D,WIDTH ...]",
                                     "Verifies and times the kernels of gpfc on this machine, one thread.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct arguments arguments = {.sweep = false};
    struct fault fault = {.exit_code = 0};
    jmp_buf no_memory;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_FAILURE;
    struct arena *arena = arena_new();
    if (!arena || setjmp(no_memory)) {
        (void)fputs("bench: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    arena_on_failure(arena, &no_memory);
    const bool good = run(arena, &arguments, &fault);
    if (!good)
        (void)fprintf(stderr, "bench: %s\n", fault.text);
    arena_free(arena);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
