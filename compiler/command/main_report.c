/* SPDX-License-Identifier: MIT
 *
 * What is reported of a compile: a short table, one JSON object, and the progress of tuning. */
#include "command/main.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const main_emit_names[MAIN_EMIT_COUNT] = {
    [GPFC_EMIT_IR] = "ir",
    [GPFC_EMIT_C] = "c",
    [GPFC_EMIT_CUDA] = "cuda",
    [GPFC_EMIT_LLVM] = "llvm",
    [GPFC_EMIT_ASM] = "asm",
    [GPFC_EMIT_OBJECT] = "object",
    [GPFC_EMIT_HEADER] = "header",
    [GPFC_EMIT_LIBRARY] = "library",
    [GPFC_EMIT_EXECUTABLE] = "executable",
};

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
        (void)snprintf(room, bytes, "cc %s%s%s $(pkg-config --libs gpfc) -o TRAINER", quote, output, quote);
        break;
    case GPFC_EMIT_CUDA:
        (void)snprintf(room, bytes, "nvcc -std=c++17 --fmad=false -arch=native -cubin %s%s%s", quote, output,
                       quote);
        break;
    case GPFC_EMIT_C:
        (void)snprintf(room, bytes,
                       "cc -O2 -march=native %s%s%s $(pkg-config --cflags --libs gpfc) -o TRAINER", quote,
                       output, quote);
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

/* ---- the table ----------------------------------------------------------------------------------------- */

/* One entry of the table; what does not fit into 80 columns continues below its beginning. */
static void print_item(const char *label, const char *text)
{
    enum { INDENT = 10, COLUMNS = 80 };
    int column = printf("%-*s", INDENT - 1, label);
    for (const char *word = text; *word;) {
        const int length = (int)strcspn(word, " ");
        const bool wraps = column >= INDENT && column + 1 + length > COLUMNS;
        if (wraps)
            printf("\n%*s", INDENT - 1, "");
        column = (wraps ? INDENT - 1 : column) + printf(" %.*s", length, word);
        word += length + (word[length] == ' ');
    }
    putchar('\n');
}

struct line {
    char text[1000];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void line_add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t room = sizeof line->text - line->length;
    const int wanted = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    line->length += wanted < 0 ? 0 : (size_t)wanted < room ? (size_t)wanted : room - 1;
}

/* "tuned: 1.07 times as fast as untuned (3.21 ms a training step), 25 of 26 candidates, 1 WRONG" */
static void print_choice(const struct gpfc_choice *choice, const char *part)
{
    static const char *const sources[] = {
        [GPFC_BY_CHOICE] = "chosen", [GPFC_FROM_WISDOM] = "from wisdom", [GPFC_BY_TUNING] = "tuned"};
    struct line line = {.length = 0};
    if (choice->source == GPFC_BY_CHOICE || !choice->schedule || !choice->schedule[0])
        return;
    line_add(&line, "%s: ", sources[choice->source]);
    if (choice->default_seconds != choice->seconds)
        line_add(&line, "%.3g times as fast as untuned", choice->default_seconds / choice->seconds);
    else
        line_add(&line, "the untuned schedule is the fastest");
    if (choice->crowded > 0 && choice->default_seconds != choice->seconds)
        line_add(&line, ", %.3g on all processors", 1 / choice->crowded);
    line_add(&line, " (%.3g ms a training step)", 1e3 * choice->seconds);
    if (choice->candidates > 0)
        line_add(&line, ", %d of %d candidates", choice->timed, choice->candidates);
    if (choice->wrong > 0)
        line_add(&line, ", %d WRONG", choice->wrong);
    print_item(part, line.text);
    print_item("", choice->schedule);
}

static void print_choices(const struct gpfc_report *report)
{
    for (int i = 0; i < report->n_families; i++)
        print_choice(&report->family[i].choice, i == 0 ? "schedule" : "base's");
}

/* Every candidate of --tune=full. */
static void print_candidates(const struct arguments *arguments, const struct gpfc_report *report)
{
    if (arguments->options.tune != GPFC_TUNE_FULL)
        return;
    for (int i = 0; i < report->n_families; i++)
        if (report->family[i].choice.table)
            printf("%s, candidates by time of a training step (untuned: 1):\n%s", report->family[i].name,
                   report->family[i].choice.table);
}

static void print_families(const struct gpfc_report *report)
{
    for (int i = 0; i < report->n_families; i++) {
        print_item(report->family[i].name, report->family[i].description);
        printf("          %" PRId64 " parameters\n", report->family[i].parameters);
    }
}

static void print_program(const struct gpfc_report *report)
{
    char before[32], after[32];
    struct line line = {.length = 0};
    if (report->nodes_before == 0)
        return;
    line_add(&line, "%" PRId64 " nodes, %s FLOP a sample; simplified: %" PRId64 " nodes, %s FLOP",
             report->nodes_before, short_number(report->flop_before, before, sizeof before),
             report->nodes_after, short_number(report->flop_after, after, sizeof after));
    print_item("program", line.text);
}

static void print_written(const struct arguments *arguments, const struct gpfc_report *report)
{
    char size[32], next[5000];
    const bool is_library = arguments->options.emit == GPFC_EMIT_LIBRARY;
    printf("written   %s%s, %sB in %.2f s\n", report->output, is_library ? " and .a, .h" : "",
           short_number((double)report->output_bytes, size, sizeof size), report->seconds);
    if (report->functions)
        print_item("functions", report->functions);
    if (next_step(arguments, report->output, next, sizeof next)[0])
        printf("next      %s\n", next);
}

void main_print_table(const struct arguments *arguments, const struct gpfc_report *report)
{
    print_families(report);
    print_program(report);
    if (report->vector_bits > 0)
        printf("target    %s, %d-bit vectors, %d lanes a tile\n", report->cpu, report->vector_bits,
               report->lanes);
    print_choices(report);
    if (!report->output)
        return;
    print_candidates(arguments, report);
    print_written(arguments, report);
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

/* JSON is UTF-8 only; other bytes in a name are shown as '?'. */
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

static json_t *json_choice(const struct gpfc_choice *choice)
{
    static const char *const sources[] = {
        [GPFC_BY_CHOICE] = "choice", [GPFC_FROM_WISDOM] = "wisdom", [GPFC_BY_TUNING] = "tuning"};
    if (!choice->schedule || !choice->schedule[0])
        return json_null();
    return json_pack("{s:s, s:s, s:f, s:f, s:i, s:i, s:i, s:i}", "schedule", choice->schedule, "from",
                     sources[choice->source], "untuned_seconds", choice->default_seconds, "seconds",
                     choice->seconds, "candidates", choice->candidates, "timed", choice->timed, "wrong",
                     choice->wrong, "broken", choice->broken);
}

bool main_print_json(const struct arguments *arguments, enum gpfc_status status,
                     const struct gpfc_report *report)
{
    static const char *const status_names[] = {
        [GPFC_OK] = "ok", [GPFC_FAILED] = "failed", [GPFC_FAULTY] = "faulty"};
    char next[5000] = "";
    if (status == GPFC_OK && report->output)
        next_step(arguments, report->output, next, sizeof next);
    json_t *object = json_pack(
        "{s:s, s:s, s:o, s:o, s:I, s:o, s:I, s:I, s:I, s:f, s:f, s:o, s:i, s:i, s:I, s:f, s:o, s:o, s:o, "
        "s:o, s:o}",
        "status", status_names[status], "emit", main_emit_names[arguments->options.emit], "output",
        json_text(report->output), "flow", json_text(report->family[0].description), "parameters",
        (json_int_t)report->family[0].parameters, "base", json_text(report->family[1].description),
        "base_parameters", (json_int_t)report->family[1].parameters, "nodes_before",
        (json_int_t)report->nodes_before, "nodes_after", (json_int_t)report->nodes_after, "flop_before",
        report->flop_before, "flop_after", report->flop_after, "cpu", json_text(report->cpu), "vector_bits",
        report->vector_bits, "lanes", report->lanes, "output_bytes", (json_int_t)report->output_bytes,
        "seconds", report->seconds, "messages", json_text(report->messages), "next", json_text(next),
        "choice", json_choice(&report->family[0].choice), "base_choice",
        json_choice(&report->family[1].choice), "functions",
        report->functions ? json_text(report->functions) : json_null());
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    if (text)
        puts(text);
    free(text);
    json_decref(object);
    return text != NULL;
}

/* ---- tuning -------------------------------------------------------------------------------------------- */

/* Where nobody watches, a line for each tenth of the candidates. */
static bool is_worth_a_line(struct arguments *arguments, const struct gpfc_tuning *now)
{
    const int tenth = 1 + now->done * 10 / now->total;
    const bool is_new = tenth != arguments->tenth_told;
    arguments->tenth_told = tenth;
    return is_new;
}

static void print_line(const struct gpfc_tuning *now)
{
    (void)fprintf(stderr,
                  "tuning the %s: %d of %d candidates, the best %.2f times as fast as untuned, %.0f s left",
                  now->part, now->done, now->total, 1 / now->ratio, now->seconds_left);
    if (now->wrong > 0)
        (void)fprintf(stderr, ", %d WRONG", now->wrong);
}

void main_print_tuning(void *data, const struct gpfc_tuning *now)
{
    static const char clear[] = "\r\033[K";
    struct arguments *arguments = data;
    const bool terminal = isatty(STDERR_FILENO) == 1;
    if (arguments->quiet || (!terminal && (now->finished || !is_worth_a_line(arguments, now))))
        return;
    (void)fputs(terminal ? clear : "", stderr);
    if (!now->finished)
        print_line(now);
    (void)fputs(terminal ? "" : "\n", stderr);
}
