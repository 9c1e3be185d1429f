/* SPDX-License-Identifier: MIT
 *
 * Other programs that do the same training step: run as commands; the seconds they report are trusted, the
 * values they report are checked. */
#include "bench.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>

enum { MOST_OUTPUT = 1 << 16 };

/* The case's value of a name in braces; NULL: not one of ours. */
static const char *value_of(struct arena *arena, const struct bench_case *c, const char *numbers,
                            double seconds, const char *name, size_t length)
{
    const struct {
        const char *name, *value;
    } values[] = {
        {"d", arena_printf(arena, "%d", c->d)},
        {"hidden", bench_hidden_text(arena, c)},
        {"steps", arena_printf(arena, "%d", c->steps)},
        {"batch", arena_printf(arena, "%lld", (long long)c->batch)},
        {"field", c->field},
        {"penalty", c->euler ? "exact" : "none"},
        {"mode", c->apply ? "apply" : "train"},
        {"precision", bench_precision(c->real)},
        {"seconds", arena_printf(arena, "%g", seconds)},
        {"numbers", numbers},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strlen(values[i].name) == length && memcmp(values[i].name, name, length) == 0)
            return values[i].value;
    return NULL;
}

static const char *fill_in(struct arena *arena, const struct bench_case *c, const struct bench_peer *peer,
                           double seconds)
{
    const char *command = peer->command;
    struct strbuf text;
    strbuf_init(&text, arena);
    while (*command) {
        const size_t length = *command == '{' ? strcspn(command + 1, "}") : 0;
        const char *value = length ? value_of(arena, c, peer->numbers, seconds, command + 1, length) : NULL;
        strbuf_addn(&text, value ? value : command, value ? strlen(value) : 1);
        command += value ? length + 2 : 1;
    }
    return strbuf_text(&text);
}

static double number_in(const json_t *object, const char *name, double otherwise)
{
    const json_t *value = json_object_get(object, name);
    return value ? json_number_value(value) : otherwise;
}

struct said {
    double seconds;
    struct bench_print print; /* NAN: nothing */
};

static struct said read_line(const char *line)
{
    json_t *object = json_loads(line, 0, NULL);
    const struct said said = {
        .seconds = number_in(object, "least_s", number_in(object, "step_s", 0)),
        .print = {.cost = number_in(object, "cost", NAN), .gradient = number_in(object, "gradient", NAN)}};
    json_decref(object);
    return said;
}

/* Frameworks lose some digits more than kernels do: of the cube's map near its faces, and of second
 * derivatives. */
static bool agrees(double found, double wanted)
{
    return isnan(found) || fabs(found - wanted) <= 3e-3 * fabs(wanted);
}

/* The last line that is not empty. */
static const char *last_line(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

/* A peer that cannot do a case ends with another status than 0, and is left out of it. */
bool bench_peer(struct arena *arena, const struct bench_case *c, const struct bench_peer *peer,
                double seconds, double *least, struct fault *fault)
{
    char *text = arena_alloc(arena, MOST_OUTPUT + 1);
    *least = 0;
    FILE *pipe = popen(fill_in(arena, c, peer, seconds), "r");
    if (!pipe)
        return fault_set(fault, FAULT_SYSTEM, "a peer could not be run: %s", peer->command);
    text[fread(text, 1, MOST_OUTPUT, pipe)] = '\0';
    const int status = pclose(pipe);
    if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return true;
    const struct said said = read_line(last_line(text));
    *least = said.seconds;
    if (!(*least > 0))
        return fault_set(fault, FAULT_SYSTEM, "a peer said no seconds (a JSON object with \"least_s\"): %s",
                         last_line(text));
    if (!peer->is_checked ||
        (agrees(said.print.cost, peer->wanted.cost) && agrees(said.print.gradient, peer->wanted.gradient)))
        return true;
    return fault_set(fault, FAULT_SYSTEM,
                     "case %s: %s computes something else: cost %.6g, gradient %.6g, not %.6g and %.6g",
                     c->name, peer->name, said.print.cost, said.print.gradient, peer->wanted.cost,
                     peer->wanted.gradient);
}
