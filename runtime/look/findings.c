/* SPDX-License-Identifier: MIT */
#include "look/findings.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *title, *effect, *remedy;
} kinds[] = {
#define FINDING_KIND(name, title, effect, remedy) {#name, title, effect, remedy},
#include "look/finding_kinds.def"
};

static int finding_kind_of(const struct gpfc_finding *finding)
{
    int kind = 0;
    while (kinds[kind].name != finding->kind)
        kind++;
    return kind;
}

/* Adds a number, counted from 1, to the first `most`; one of those is not added again. */
static void add_number(int64_t *numbers, int64_t most, int64_t *n, int64_t number)
{
    for (int64_t i = 0; i < *n && i < most; i++)
        if (numbers[i] == number + 1)
            return;
    if (*n < most)
        numbers[*n] = number + 1;
    ++*n;
}

void findings_add_column(struct findings *findings, struct gpfc_finding *finding, int64_t column)
{
    findings->marks[column] |= UINT32_C(1) << finding_kind_of(finding);
    add_number(finding->columns, GPFC_FINDING_COLUMNS, &finding->n_columns,
               finding->of_y ? column - findings->d : column);
}

void finding_add_row(struct gpfc_finding *finding, int64_t row)
{
    add_number(finding->rows, GPFC_FINDING_ROWS, &finding->n_rows, row);
}

struct gpfc_finding *findings_add(struct findings *findings, enum finding_kind kind,
                                  enum gpfc_finding_level level, int64_t column, const char *format, ...)
{
    const bool of_y = column == FINDING_OF_Y || column >= findings->d;
    struct gpfc_finding *const finding = &findings->of[kind][of_y];
    if (!finding->kind) {
        va_list words;
        *finding = (struct gpfc_finding){.kind = kinds[kind].name,
                                         .title = kinds[kind].title,
                                         .of_y = of_y,
                                         .effect = kinds[kind].effect,
                                         .remedy = kinds[kind].remedy};
        va_start(words, format);
        (void)vsnprintf(finding->text, sizeof finding->text, format, words);
        va_end(words);
    }
    if (level > finding->level)
        finding->level = level;
    if (column >= 0)
        findings_add_column(findings, finding, column);
    return finding;
}

bool findings_mark(const struct findings *findings, enum finding_kind kind, int64_t column)
{
    return findings->marks[column] >> kind & 1;
}

void findings_close(struct findings *findings)
{
    findings->n = 0;
    for (int kind = 0; kind < FINDING_KINDS; kind++)
        for (int of_y = 0; of_y < 2; of_y++)
            if (findings->of[kind][of_y].kind)
                findings->list[findings->n++] = findings->of[kind][of_y];
}
