/* SPDX-License-Identifier: MIT */
#include "command/row_failures.h"

#include "ground/human.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool write_text(struct row_failures *failures, const char *text, struct fault *fault)
{
    return safe_file_write(failures->report, text, strlen(text), fault);
}

bool row_failures_open(struct row_failures *out, const struct command_options *options, int64_t most,
                       struct fault *fault)
{
    *out = (struct row_failures){.options = options};
    return fault_calloc(fault, (void **)&out->reason, (size_t)most, sizeof *out->reason, "rows") &&
           fault_calloc(fault, (void **)&out->error, (size_t)most, sizeof *out->error, "rows") &&
           (!options->report || (safe_file_open(&out->report, options->report, fault) &&
                                 write_text(out, "row,error,reason\n", fault)));
}

void row_failures_close(struct row_failures *failures)
{
    safe_file_abandon(failures->report);
    free(failures->reason);
    free(failures->error);
}

static bool list_row(struct row_failures *failures, int64_t row, struct fault *fault)
{
    char line[96], error[32] = "inf";
    if (isfinite(failures->error[row]))
        (void)snprintf(error, sizeof error, "%.6g", failures->error[row]);
    (void)snprintf(line, sizeof line, "%lld,%s,%s\n", (long long)(failures->rows + row), error,
                   row_reason_name((enum row_reason)failures->reason[row]));
    return !failures->report || write_text(failures, line, fault);
}

bool row_failures_take(struct row_failures *failures, int64_t n, struct fault *fault)
{
    for (int64_t row = 0; row < n; row++) {
        failures->count[failures->reason[row]]++;
        if (failures->reason[row] == ROW_GOOD) {
            failures->error_max = fmax(failures->error_max, failures->error[row]);
            continue;
        }
        failures->failed++;
        if (!list_row(failures, row, fault))
            return false;
    }
    failures->rows += n;
    return true;
}

void row_failures_clear(const struct row_failures *failures, void *x, int64_t n, int64_t columns,
                        int64_t precision)
{
    for (int64_t i = 0; failures->options->nan && i < n * columns; i++)
        if (failures->reason[i / columns] != ROW_GOOD)
            rows_put(NAN, x, i, precision);
}

/* "3 of 1,000 rows failed: 1 overflow, 2 out of range" */
static void describe(const struct row_failures *failures, char *room, size_t bytes)
{
    struct human a, b;
    int used = failures->failed < failures->rows
                   ? snprintf(room, bytes, "%s of %s rows failed:", human_count(&a, failures->failed),
                              human_count(&b, failures->rows))
                   : snprintf(room, bytes, "all %s rows failed:", human_count(&b, failures->rows));
    const char *comma = "";
    for (int i = ROW_GOOD + 1; i < ROW_REASONS && (size_t)used < bytes; i++) {
        if (failures->count[i] == 0)
            continue;
        used += snprintf(room + used, bytes - (size_t)used, "%s %s %s", comma,
                         human_count(&a, failures->count[i]), row_reason_name((enum row_reason)i));
        comma = ",";
    }
}

bool row_failures_end(struct row_failures *failures, const struct command_context *context,
                      struct fault *fault)
{
    struct safe_file *const report = failures->report;
    char text[256];
    failures->report = NULL;
    if (report && !safe_file_commit(report, fault))
        return false;
    if (failures->failed == 0)
        return true;
    describe(failures, text, sizeof text);
    if (failures->options->strict)
        return fault_set(fault, FAULT_SYSTEM, "%s", text);
    (void)fprintf(stderr, "%s: %s", context->program, text);
    if (failures->failed < failures->rows)
        (void)fprintf(stderr, "; the largest error of the others is %.2g", failures->error_max);
    (void)fputc('\n', stderr);
    return true;
}
