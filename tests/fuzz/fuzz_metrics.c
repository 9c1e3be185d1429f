/* SPDX-License-Identifier: MIT
 *
 * Any bytes as the metrics of a training that goes on: cut after some step, of either stage, and a line
 * added. What is kept are whole lines of what was there, from the beginning, and the new line follows. */
#include "fuzz/fuzz.h"
#include "fuzz/memory_file.h"
#include "scratch.h"
#include "train/metrics.h"

#include <string.h>

static size_t kept_bytes(const char *text, size_t length, const uint8_t *data, size_t size)
{
    const char *const before = "{\"stage\":\"";
    demand(length > 0 && text[length - 1] == '\n');
    size_t kept = length - 1;
    while (kept > 0 && text[kept - 1] != '\n')
        kept--;
    demand(kept <= size && (kept == 0 || memcmp(text, data, kept) == 0));
    demand(strncmp(text + kept, before, strlen(before)) == 0);
    return kept;
}

static size_t go_on(const char *path, const uint8_t *data, size_t size, enum stage_number stage, int64_t step)
{
    const struct metrics_keep keep = {.step = step};
    const struct metrics_line line = {.step = step + 1};
    struct fault fault = {.exit_code = 0};
    struct metrics *metrics;
    size_t length;
    demand(scratch_write(path, data, size));
    demand(metrics_open(&metrics, path, &stage_kinds[stage], &keep, &fault));
    demand(metrics_add(metrics, &line, &fault));
    demand(metrics_close(metrics, &fault));
    char *const text = scratch_read(path, &length);
    demand(text != NULL);
    const size_t kept = kept_bytes(text, length, data, size);
    free(text);
    return kept;
}

/* Later steps keep what earlier ones did, and more; so do later stages. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const path = fuzz_path("metrics.jsonl");
    if (!path)
        return 0;
    const size_t none = go_on(path, data, size, STAGE_BASE, -1),
                 some = go_on(path, data, size, STAGE_BASE, 5);
    const size_t all = go_on(path, data, size, STAGE_FLOW, 5);
    demand(none <= some && some <= all);
    (void)unlink(path);
    return 0;
}
