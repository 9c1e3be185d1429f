/* SPDX-License-Identifier: MIT
 *
 * Specs one after another, and the table. A program that an earlier spec has too is left out. */
#include "schedules.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    struct schedules_options options;
    int n_specs;
    char **specs;
};

struct seen { /* hashes of programs that were compared */
    int n;
    uint64_t hash[SCHEDULES_PROGRAMS];
};

/* ---- the table ----------------------------------------------------------------------------------------- */

/* The fields in which it differs from the first candidate. */
static const char *difference(struct arena *arena, const struct schedule *first,
                              const struct schedule *schedule)
{
    struct strbuf mine, theirs, out;
    strbuf_init(&mine, arena);
    strbuf_init(&theirs, arena);
    strbuf_init(&out, arena);
    sched_text(schedule, &mine);
    sched_text(first, &theirs);
    const char *a = strbuf_text(&mine), *b = strbuf_text(&theirs);
    while (*a) {
        const size_t n = strcspn(a, " "), m = strcspn(b, " ");
        if (n != m || memcmp(a, b, n) != 0 || strncmp(a, "lanes", 5) == 0 || strncmp(a, "keep", 4) == 0)
            strbuf_addf(&out, "%s%.*s", out.length ? " " : "", (int)n, a);
        a += n + (a[n] == ' ');
        b += m + (b[m] == ' ');
    }
    return strbuf_text(&out);
}

static void print(const struct comparison *comparison, const struct schedules_options *options)
{
    const struct entry *entries = comparison->entries, *fastest = &entries[comparison->fastest];
    for (int i = 0; i < comparison->n; i++) {
        const bool is_picked = i == comparison->picked, is_fastest = i == comparison->fastest;
        if (options->summary && !is_picked && !is_fastest)
            continue;
        printf("| %s, %s | %s | %.4g | %.4g | %.2f | %s%s%s |\n", comparison->subject->spec,
               comparison->subject->kind->name,
               difference(comparison->arena, &entries[0].schedule, &entries[i].schedule),
               1e3 * entries[i].predicted, 1e3 * entries[i].measured, entries[i].measured / fastest->measured,
               is_picked ? "picked" : "", is_picked && is_fastest ? ", " : "", is_fastest ? "fastest" : "");
    }
    (void)fflush(stdout);
}

/* ---- specs --------------------------------------------------------------------------------------------- */

static bool is_new(struct arena *arena, const struct subject *subject, struct seen *seen)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    ir_print(schedules_program(arena, subject, SCHED_KEEP_ALL), &text);
    const uint64_t hash = hash_bytes(strbuf_text(&text), text.length, 0);
    for (int i = 0; i < seen->n; i++)
        if (seen->hash[i] == hash)
            return false;
    if (seen->n < SCHEDULES_PROGRAMS)
        seen->hash[seen->n++] = hash;
    return true;
}

static bool compare_spec(struct arena *arena, const char *path, const struct schedules_options *options,
                         struct seen *seen, const char **fault)
{
    struct front *front = ARENA_NEW(arena, struct front);
    struct family families[GPFC_FAMILIES];
    struct diag diag;
    const char *slash = strrchr(path, '/');
    diag_init(&diag, arena);
    if (!front_read(arena, &diag, path, options->cpu ? options->cpu : "native", front)) {
        *fault = diag_text(&diag);
        return false;
    }
    if (!front->target.is_host) {
        *fault = "this machine does not run code for that CPU";
        return false;
    }
    const int n = family_list(&front->model, false, families);
    for (int i = 0; i < n; i++) {
        const struct subject subject = {
            .spec = slash ? slash + 1 : path, .front = front, .kind = families[i].kind};
        struct comparison comparison = {.arena = arena, .subject = &subject};
        if (!is_new(arena, &subject, seen))
            continue;
        if (!schedules_compare(&comparison, options, fault))
            return false;
        print(&comparison, options);
    }
    return true;
}

static bool run(const char *path, const struct schedules_options *options, struct seen *seen)
{
    jmp_buf no_memory;
    struct arena *arena = arena_new();
    const char *volatile fault = "out of memory";
    volatile bool good = false;
    if (arena && !setjmp(no_memory)) {
        const char *why = "";
        arena_on_failure(arena, &no_memory);
        good = compare_spec(arena, path, options, seen, &why);
        fault = why;
    }
    if (!good)
        (void)fprintf(stderr, "%s: %s\n", path, fault);
    arena_free(arena);
    return good;
}

/* ---- arguments ----------------------------------------------------------------------------------------- */

enum { KEY_EXTENT = 256, KEY_SUMMARY, KEY_CPU, KEY_SCHEDULE };

static const struct argp_option option_list[] = {
    {"extent", KEY_EXTENT, "few|quick|full", 0, "which candidates (few: those that every compile compares)",
     0},
    {"summary", KEY_SUMMARY, NULL, 0, "of each program only the schedule that is picked, and the fastest", 0},
    {"cpu", KEY_CPU, "CPU", 0, "that code is for, of those that this machine runs", 0},
    {"schedule", KEY_SCHEDULE, "FIELDS", 0, "a candidate, \"lanes=32 unroll=0\"; can be given again", 0},
    {0},
};

static error_t parse_argument(int key, char *value, struct argp_state *state)
{
    static const char *const extents[] = {
        [SCHED_FEW] = "few", [SCHED_QUICK] = "quick", [SCHED_FULL] = "full"};
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_EXTENT:
        for (int i = SCHED_FEW; i <= SCHED_FULL; i++)
            if (strcmp(value, extents[i]) == 0) {
                arguments->options.extent = (enum sched_extent)i;
                return 0;
            }
        argp_error(state, "--extent: expected few, quick or full, found '%s'", value);
        return EINVAL;
    case KEY_SUMMARY:
        arguments->options.summary = true;
        return 0;
    case KEY_CPU:
        arguments->options.cpu = value;
        return 0;
    case KEY_SCHEDULE:
        if (arguments->options.n_texts == SCHEDULES_TEXTS)
            argp_error(state, "--schedule: more than %d", SCHEDULES_TEXTS);
        arguments->options.texts[arguments->options.n_texts++] = value;
        return 0;
    case ARGP_KEY_ARGS:
        arguments->specs = state->argv + state->next;
        arguments->n_specs = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "expected specs");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp parser = {
        option_list,
        parse_argument,
        "SPEC.yaml...",
        "Times candidate schedules of the specs' training programs, one "
        "thread, batch 1024, and compares them with the cost model's prediction.",
        NULL,
        NULL,
        NULL};
    struct arguments arguments = {.options = {.extent = SCHED_FEW}};
    struct seen seen = {.n = 0};
    bool good = true;
    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    printf("| program | schedule | predicted ms | measured ms | of the fastest | |\n| --- | --- | --- | --- "
           "| --- | --- |\n");
    for (int i = 0; i < arguments.n_specs; i++)
        good &= run(arguments.specs[i], &arguments.options, &seen);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
