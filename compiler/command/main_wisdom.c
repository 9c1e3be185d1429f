/* SPDX-License-Identifier: MIT
 *
 * gpfc wisdom: shows, exports, imports and forgets what tuning found. */
#include "base/file.h"
#include "command/main.h"
#include "tune/wisdom.h"

#include <argp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_WORDS = 256, KEY_ALL = 256, KEY_AS_JSON };

struct request {
    const char *word[MOST_WORDS]; /* the command and its arguments */
    int n;
    bool all, json;
};

static const char help_text[] =
    "Tuning results (gpfc --tune) are kept in $GPFC_WISDOM, or in gpfc/wisdom in your cache folder, and are "
    "used by every later compile of the same program on the same CPU.\vshow lists them; export writes them "
    "to a file; import checks the records of a file and adds them; forget deletes the records whose keys "
    "begin with KEY, or all of them. To compile a spec called wisdom: gpfc ./wisdom";

static const struct argp_option option_list[] = {
    {"all", KEY_ALL, NULL, 0, "forget: every record", 0},
    {"json", KEY_AS_JSON, NULL, 0, "show: as JSON, one array", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_argument(int key, char *value, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case KEY_ALL:
        request->all = true;
        return 0;
    case KEY_AS_JSON:
        request->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (request->n == MOST_WORDS)
            argp_error(state, "at most %d arguments", MOST_WORDS);
        request->word[request->n++] = value;
        return 0;
    case ARGP_KEY_END:
        if (request->n == 0)
            argp_error(state, "expected show, export, import or forget");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- what all commands share --------------------------------------------------------------------------- */

static int print_fault(enum gpfc_status status, const char *fault)
{
    (void)fprintf(stderr, "gpfc: %s\n", fault);
    return (int)status;
}

static void tell_broken(const struct wisdom *wisdom, const char *path)
{
    if (wisdom->broken > 0)
        (void)fprintf(stderr, "gpfc: warning: %s:%d: skipped, %s (%d record%s in all)\n", path,
                      wisdom->broken_line, wisdom->why, wisdom->broken, wisdom->broken == 1 ? "" : "s");
}

static bool read_own(struct arena *arena, const char *path, struct wisdom *out, const char **fault)
{
    if (!wisdom_read(arena, path, true, out, fault))
        return false;
    tell_broken(out, path);
    return true;
}

/* ---- show ---------------------------------------------------------------------------------------------- */

static const char *date_of(struct arena *arena, int64_t when)
{
    char text[32] = "?";
    const time_t seconds = (time_t)when;
    struct tm day;
    if (localtime_r(&seconds, &day))
        (void)strftime(text, sizeof text, "%Y-%m-%d", &day);
    return arena_strdup(arena, text);
}

static void show_table(struct arena *arena, const char *path, const struct wisdom *wisdom)
{
    if (wisdom->n == 0) {
        printf("no wisdom in %s; gpfc --tune=quick SPEC.yaml creates some\n", path);
        return;
    }
    printf("%-16s  %-20s %-5s %-9s %7s %9s  %-10s %s\n", "KEY", "NAME", "PART", "PRECISION", "SPEED",
           "MS A STEP", "FOUND", "CPU, GPFC, TOOLCHAIN / SCHEDULE");
    for (int i = 0; i < wisdom->n; i++) {
        const struct wisdom_record *r = &wisdom->records[i];
        const double speed = r->tuned_ns > 0 ? (double)r->default_ns / (double)r->tuned_ns : 0;
        printf("%-16s  %-20s %-5s %-9s %6.2fx %9.3f  %-10s %s (%s), %s, %s\n%18s%s\n", r->key, r->name,
               r->part, r->precision, speed, 1e-6 * (double)r->tuned_ns, date_of(arena, r->when), r->target,
               r->machine, r->gpfc, r->toolchain, "", r->schedule);
    }
    printf("%d record%s in %s\n", wisdom->n, wisdom->n == 1 ? "" : "s", path);
}

static int show_json(const struct wisdom *wisdom)
{
    json_t *list = json_array();
    for (int i = 0; i < wisdom->n; i++) {
        const struct wisdom_record *r = &wisdom->records[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}",
                            "key", r->key, "name", r->name, "part", r->part, "machine", r->machine, "target",
                            r->target, "features", r->features, "program", r->program, "precision",
                            r->precision, "toolchain", r->toolchain, "gpfc", r->gpfc, "effort", r->effort,
                            "schedule", r->schedule, "untuned_ns", (json_int_t)r->default_ns, "tuned_ns",
                            (json_int_t)r->tuned_ns, "when", (json_int_t)r->when));
    }
    const bool whole = list && (int)json_array_size(list) == wisdom->n;
    char *text = whole ? json_dumps(list, JSON_INDENT(2)) : NULL;
    if (text)
        puts(text);
    free(text);
    json_decref(list);
    return text ? GPFC_OK : print_fault(GPFC_FAILED, "out of memory");
}

static int show(struct arena *arena, const char *path, const struct request *request)
{
    struct wisdom wisdom;
    const char *fault = NULL;
    if (!read_own(arena, path, &wisdom, &fault))
        return print_fault(GPFC_FAILED, fault);
    if (request->json)
        return show_json(&wisdom);
    show_table(arena, path, &wisdom);
    return GPFC_OK;
}

/* ---- export, import ------------------------------------------------------------------------------------ */

static int export(struct arena *arena, const char *path, const struct request *request)
{
    struct wisdom wisdom;
    const char *fault = NULL;
    if (!read_own(arena, path, &wisdom, &fault))
        return print_fault(GPFC_FAILED, fault);
    const char *text = wisdom_print(arena, &wisdom);
    if (!file_put(arena, request->word[1], text, strlen(text), 0666, &fault))
        return print_fault(GPFC_FAILED, fault);
    printf("%d record%s written to %s\n", wisdom.n, wisdom.n == 1 ? "" : "s", request->word[1]);
    return GPFC_OK;
}

static int import(struct arena *arena, const char *path, const struct request *request)
{
    struct wisdom wisdom;
    const char *from = request->word[1], *fault = NULL;
    if (!wisdom_read(arena, from, false, &wisdom, &fault))
        return print_fault(GPFC_FAILED, fault);
    tell_broken(&wisdom, from);
    if (wisdom.n == 0 && wisdom.broken > 0)
        return print_fault(GPFC_FAULTY, arena_printf(arena, "%s: no valid record", from));
    if (!wisdom_put(arena, path, wisdom.n, wisdom.records, &fault))
        return print_fault(GPFC_FAILED, fault);
    printf("%d record%s added to %s\n", wisdom.n, wisdom.n == 1 ? "" : "s", path);
    return GPFC_OK;
}

/* ---- forget -------------------------------------------------------------------------------------------- */

struct forgetting {
    const struct request *request;
    int n; /* dropped */
    int found[MOST_WORDS];
};

static bool is_meant(struct forgetting *f, const struct wisdom_record *record)
{
    bool meant = f->request->all;
    for (int i = 1; i < f->request->n; i++)
        if (strncmp(record->key, f->request->word[i], strlen(f->request->word[i])) == 0) {
            f->found[i]++;
            meant = true;
        }
    return meant;
}

static bool drop_records(void *data, struct arena *arena, struct wisdom *wisdom)
{
    struct forgetting *f = data;
    int kept = 0;
    (void)arena;
    for (int i = 0; i < wisdom->n; i++) {
        if (is_meant(f, &wisdom->records[i]))
            f->n++;
        else
            wisdom->records[kept++] = wisdom->records[i];
    }
    for (int i = 1; i < f->request->n; i++)
        if (f->found[i] != 1)
            return false; /* none or several: nothing is dropped */
    wisdom->n = kept;
    return f->n > 0 || wisdom->broken > 0;
}

static bool is_key(const char *word)
{
    const size_t length = strlen(word);
    return length >= 4 && length < WISDOM_KEY && strspn(word, "0123456789abcdef") == length;
}

static int forget(struct arena *arena, const char *path, const struct request *request)
{
    struct forgetting f = {.request = request};
    const char *fault = NULL;
    for (int i = 1; i < request->n; i++)
        if (!is_key(request->word[i]))
            return print_fault(GPFC_FAULTY,
                               arena_printf(arena,
                                            "'%s' is not a key; expected at least 4 of its hexadecimal "
                                            "digits, as gpfc wisdom show prints them",
                                            request->word[i]));
    if (!wisdom_change(arena, path, drop_records, &f, &fault))
        return print_fault(GPFC_FAILED, fault);
    for (int i = 1; i < request->n; i++)
        if (f.found[i] != 1)
            return print_fault(GPFC_FAULTY,
                               arena_printf(arena, "%s is the key of %s; nothing was forgotten",
                                            request->word[i], f.found[i] ? "several records" : "no record"));
    printf("%d record%s forgotten\n", f.n, f.n == 1 ? "" : "s");
    return GPFC_OK;
}

/* ---- choice -------------------------------------------------------------------------------------------- */

static const struct command {
    const char *name;
    int least, most; /* arguments */
    int (*run)(struct arena *arena, const char *path, const struct request *request);
} commands[] = {{"show", 0, 0, show},
                {"export", 1, 1, export},
                {"import", 1, 1, import},
                {"forget", 0, MOST_WORDS, forget}};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *find(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static const char *misuse(const struct command *command, const struct request *request)
{
    const int given = request->n - 1;
    const bool forgets = command && command->run == forget;
    if (!command)
        return "expected show, export, import or forget";
    if (request->json && command->run != show)
        return "--json is only for show";
    if (request->all && !forgets)
        return "--all is only for forget";
    if (forgets && request->all == (given > 0))
        return "forget takes keys, or --all";
    if (given < command->least)
        return "expected a file";
    return given > command->most ? "too many arguments" : NULL;
}

static int run(const struct request *request)
{
    jmp_buf no_memory;
    struct arena *arena = arena_new();
    if (!arena || setjmp(no_memory)) {
        arena_free(arena);
        return print_fault(GPFC_FAILED, "out of memory");
    }
    arena_on_failure(arena, &no_memory);
    const char *path = wisdom_path(arena);
    const int status =
        path ? find(request->word[0])->run(arena, path, request)
             : print_fault(GPFC_FAILED, "nowhere to keep wisdom: neither GPFC_WISDOM nor HOME is set");
    arena_free(arena);
    return status;
}

int main_wisdom(int argc, char **argv)
{
    static const struct argp parser = {
        option_list, parse_argument, "show\nexport FILE\nimport FILE\nforget KEY...\nforget --all",
        help_text,   NULL,           NULL,
        NULL};
    static char name[] = "gpfc wisdom";
    struct request request = {.n = 0};
    argv[0] = name;
    if (argp_parse(&parser, argc, argv, 0, NULL, &request) != 0)
        return print_fault(GPFC_FAILED, "out of memory");
    const char *wrong = misuse(find(request.word[0]), &request);
    if (wrong) {
        (void)fprintf(stderr, "gpfc wisdom: %s\nTry 'gpfc wisdom --help'.\n", wrong);
        return GPFC_FAULTY;
    }
    return run(&request);
}
