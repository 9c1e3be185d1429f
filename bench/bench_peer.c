/* SPDX-License-Identifier: MIT
 *
 * Other programs that do the same training step: run as commands, believed what they say of their own seconds. */
#include "bench.h"

#include <jansson.h>
#include <string.h>
#include <sys/wait.h>

enum { MOST_OUTPUT = 1 << 16 };

/* The case's value of a name in braces; NULL: not one of ours. */
static const char *value_of(struct arena *arena, const struct bench_case *c, double seconds, const char *name,
                            size_t length)
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
        {"precision", c->is_double ? "double" : "single"},
        {"seconds", arena_printf(arena, "%g", seconds)},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strlen(values[i].name) == length && memcmp(values[i].name, name, length) == 0)
            return values[i].value;
    return NULL;
}

static const char *fill_in(struct arena *arena, const struct bench_case *c, double seconds, const char *command)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    while (*command) {
        const size_t length = *command == '{' ? strcspn(command + 1, "}") : 0;
        const char *value = length ? value_of(arena, c, seconds, command + 1, length) : NULL;
        strbuf_addn(&text, value ? value : command, value ? strlen(value) : 1);
        command += value ? length + 2 : 1;
    }
    return strbuf_text(&text);
}

static double seconds_in(const char *line)
{
    json_t *object = json_loads(line, 0, NULL);
    const json_t *value = json_object_get(object, "least_s");
    if (!value)
        value = json_object_get(object, "step_s");
    const double seconds = json_number_value(value);
    json_decref(object);
    return seconds;
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
bool bench_peer(struct arena *arena, const struct bench_case *c, const char *command, double seconds, double *least,
                struct fault *fault)
{
    char *said = arena_alloc(arena, MOST_OUTPUT + 1);
    *least = 0;
    FILE *pipe = popen(fill_in(arena, c, seconds, command), "r");
    if (!pipe)
        return fault_set(fault, FAULT_SYSTEM, "a peer could not be run: %s", command);
    said[fread(said, 1, MOST_OUTPUT, pipe)] = '\0';
    const int status = pclose(pipe);
    if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return true;
    *least = seconds_in(last_line(said));
    return *least > 0 || fault_set(fault, FAULT_SYSTEM, "a peer said no seconds (a JSON object with \"least_s\"): %s",
                                   last_line(said));
}
