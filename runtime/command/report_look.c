/* SPDX-License-Identifier: MIT */
#include "command/report_look.h"

#include "command/columns.h"
#include "command/report.h"
#include "ground/human.h"
#include "ground/json_make.h"
#include "ground/text.h"

#include <stdarg.h>
#include <string.h>

enum { MOST_TEXT = 1024 };

static const char *const levels[] = {
    [GPFC_NOTE] = "note", [GPFC_WARNING] = "warning", [GPFC_REFUSED] = "refused"};

/* ---- text ---------------------------------------------------------------------------------------------- */

struct text {
    char at[MOST_TEXT];
};

static void add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
static void add(struct text *text, const char *format, ...)
{
    const size_t length = strlen(text->at);
    va_list words;
    va_start(words, format);
    (void)vsnprintf(text->at + length, sizeof text->at - length, format, words);
    va_end(words);
}

/* ---- a finding ----------------------------------------------------------------------------------------- */

/* ", columns 1, b and 3 more"; names: of x's columns. */
static void add_columns(struct text *text, const struct gpfc_finding *finding,
                        const struct gpfc_column *columns)
{
    struct human more;
    int64_t listed = 0;
    if (finding->n_columns > 0)
        add(text, ", column%s ", plural(finding->n_columns));
    for (; listed < finding->n_columns && listed < GPFC_FINDING_COLUMNS; listed++) {
        const int64_t number = finding->columns[listed];
        const char *const name = columns && !finding->of_y ? columns[number - 1].name : NULL;
        add(text, "%s", listed > 0 ? ", " : "");
        if (name)
            add(text, "%s", name);
        else
            add(text, "%lld", (long long)number);
    }
    if (finding->n_columns > listed)
        add(text, " and %s more", human_count(&more, finding->n_columns - listed));
    if (finding->n_columns > 0 && finding->of_y)
        add(text, " of y");
}

static void add_rows(struct text *text, const struct gpfc_finding *finding)
{
    struct human number;
    int64_t listed = 0;
    if (finding->n_rows > 0)
        add(text, "; %s%s ", finding->lines[0] > 0 ? "line" : "row", plural(finding->n_rows));
    for (; listed < finding->n_rows && listed < GPFC_FINDING_ROWS && finding->rows[listed] > 0; listed++)
        add(text, "%s%s", listed > 0 ? ", " : "",
            human_count(&number,
                        finding->lines[listed] > 0 ? finding->lines[listed] : finding->rows[listed]));
    if (finding->n_rows > listed)
        add(text, " and %s more", human_count(&number, finding->n_rows - listed));
}

static void print_finding(FILE *out, const struct gpfc_finding *finding, const struct gpfc_column *columns)
{
    struct text seen = {""}, advice = {""};
    add(&seen, "%s", finding->title);
    add_columns(&seen, finding, columns);
    add(&seen, ": %s", finding->text);
    add_rows(&seen, finding);
    add(&advice, "%s: %s", finding->effect, finding->remedy);
    columns_item(out, levels[finding->level], "%s", seen.at);
    columns_item(out, "", "%s", advice.at);
}

void report_finding_sentence(const struct gpfc_finding *finding, char *room, size_t bytes)
{
    struct text text = {""};
    add(&text, "%s", finding->title);
    add_columns(&text, finding, NULL);
    add(&text, ": %s", finding->text);
    (void)snprintf(room, bytes, "%s; %s", text.at, finding->remedy);
}

void report_findings(FILE *out, const struct gpfc_look *look, enum gpfc_finding_level least)
{
    struct human rows, test, effective, dropped, weightless;
    struct text line = {""};
    int64_t told = 0;
    for (int64_t i = 0; i < look->n_findings; i++)
        told += look->findings[i].level >= least;
    add(&line, "%s row%s, %s of them for the test, %lld column%s%s", human_count(&rows, look->rows),
        plural(look->rows), human_count(&test, look->test), (long long)look->d, plural(look->d),
        look->n_columns > look->d ? " of x and of y" : "");
    if (look->weighted)
        add(&line, ", weighted (as good as %s of equal weight)",
            human_count(&effective, (int64_t)look->effective));
    if (look->dropped > 0)
        add(&line, ", %s left out in which a number is missing", human_count(&dropped, look->dropped));
    if (look->weightless > 0)
        add(&line, ", %s of weight 0 left out", human_count(&weightless, look->weightless));
    add(&line, "%s", told == 0 ? ": nothing remarkable" : "");
    columns_item(out, "look", "%s", line.at);
    for (int64_t i = 0; i < look->n_findings; i++)
        if (look->findings[i].level >= least)
            print_finding(out, &look->findings[i], look->columns);
}

/* ---- columns ------------------------------------------------------------------------------------------- */

/* "b", "2", "y 2" */
static const char *column_name(const struct gpfc_look *look, int64_t i, char *room, size_t bytes)
{
    if (look->columns[i].name)
        (void)snprintf(room, bytes, "%s", look->columns[i].name);
    else if (look->n_columns > look->d)
        (void)snprintf(room, bytes, "%c %lld", i < look->d ? 'x' : 'y', (long long)(i % look->d) + 1);
    else
        (void)snprintf(room, bytes, "%lld", (long long)i + 1);
    return room;
}

void report_columns(FILE *out, const struct gpfc_look *look)
{
    (void)fprintf(out, "\n  %-18s %14s %14s %14s %14s\n", "column", "mean", "deviation", "least", "greatest");
    for (int64_t i = 0; i < look->n_columns; i++) {
        struct human mean, deviation, least, greatest;
        const struct gpfc_column *const column = &look->columns[i];
        char name[64];
        (void)fprintf(out, "  %-18s %14s %14s %14s %14s\n", column_name(look, i, name, sizeof name),
                      human_number(&mean, column->mean), human_number(&deviation, column->deviation),
                      human_number(&least, column->least), human_number(&greatest, column->greatest));
    }
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static json_t *numbers_json(const int64_t *numbers, int64_t n, int64_t most)
{
    json_t *json = json_array();
    for (int64_t i = 0; i < n && i < most && numbers[i] > 0; i++)
        json_append(&json, json_integer(numbers[i]));
    return json;
}

static json_t *finding_json(const struct gpfc_finding *finding)
{
    json_t *json = json_object();
    json_put_text(&json, "kind", finding->kind);
    json_put_text(&json, "level", levels[finding->level]);
    json_put_text(&json, "of", finding->of_y ? "y" : "x");
    json_put(&json, "columns", numbers_json(finding->columns, finding->n_columns, GPFC_FINDING_COLUMNS));
    json_put_count(&json, "columns_count", finding->n_columns);
    json_put(&json, "rows", numbers_json(finding->rows, finding->n_rows, GPFC_FINDING_ROWS));
    json_put(&json, "lines", numbers_json(finding->lines, finding->n_rows, GPFC_FINDING_ROWS));
    json_put_count(&json, "rows_count", finding->n_rows);
    json_put_text(&json, "text", finding->text);
    json_put_text(&json, "effect", finding->effect);
    json_put_text(&json, "remedy", finding->remedy);
    return json;
}

json_t *report_findings_json(const struct gpfc_look *look)
{
    json_t *json = json_array();
    for (int64_t i = 0; i < look->n_findings; i++)
        json_append(&json, finding_json(&look->findings[i]));
    return json;
}

static json_t *columns_json(const struct gpfc_look *look)
{
    json_t *json = json_array();
    for (int64_t i = 0; i < look->n_columns; i++) {
        char name[64];
        const struct gpfc_column *const column = &look->columns[i];
        json_t *one = json_object();
        json_put_text(&one, "name", column_name(look, i, name, sizeof name));
        json_put_number(&one, "mean", column->mean);
        json_put_number(&one, "deviation", column->deviation);
        json_put_number(&one, "least", column->least);
        json_put_number(&one, "greatest", column->greatest);
        json_append(&json, one);
    }
    return json;
}

json_t *report_look_json(const struct gpfc_look *look)
{
    json_t *json = json_object();
    json_put_count(&json, "rows", look->rows);
    json_put_count(&json, "test_rows", look->test);
    if (look->weighted)
        json_put_number(&json, "effective_rows", look->effective);
    if (look->dropped > 0)
        json_put_count(&json, "rows_dropped", look->dropped);
    if (look->weightless > 0)
        json_put_count(&json, "rows_weightless", look->weightless);
    json_put(&json, "columns", columns_json(look));
    json_put(&json, "findings", report_findings_json(look));
    return json;
}
