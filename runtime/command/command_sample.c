/* SPDX-License-Identifier: MIT
 *
 * sample: noise z ~ N(0, I), taken back through s and f. Number i of row k is by (seed, k, i), so the rows
 * are the same for any number of threads, and the first of many are those of a few. */
#include "command/command.h"
#include "command/row_failures.h"
#include "devices/device_open.h"
#include "files/table.h"
#include "model/flow.h"
#include "numbers/random.h"

#include <stdlib.h>

enum { BLOCK_ROWS = 1 << 14 };

struct sampling {
    struct device device;
    struct gpfc_flow *flow;
    enum flow_part part;
    uint64_t seed;
    int64_t rows;
    void *x; /* [BLOCK_ROWS][d]: z as REALs, and then the sample */
    struct table_writer *out;
    struct row_failures failures;
};

static bool read_count(const char *text, int64_t *out, struct fault *fault)
{
    return command_read_integer(text, 1, (double)INT64_MAX, out) ||
           fault_set(fault, FAULT_INPUT, "expected a number of samples of at least 1, found '%s'", text);
}

static bool sampling_open(struct sampling *s, const struct command_context *context,
                          const struct command_options *options, struct fault *fault)
{
    const int64_t d = context->bundle->dimension;
    if (!read_count(options->argument[1], &s->rows, fault) ||
        !command_part_of_data(options->part, &s->part, fault) ||
        !fault_calloc(fault, &s->x, (size_t)(BLOCK_ROWS * d), sizeof(double), "rows") ||
        !row_failures_open(&s->failures, options, BLOCK_ROWS, fault) ||
        !device_open(&s->device, options->device, options->threads, fault) ||
        !flow_open(&s->flow, context->bundle, options->argument[0], s->part, &s->device, fault))
        return false;
    command_tell_device(context, &s->device);
    s->seed = options->seed_given ? (uint64_t)options->seed : 1;
    const struct table_making making = {.path = options->argument[2],
                                        .format = options->format,
                                        .array = "x",
                                        .columns = d,
                                        .rows = s->rows,
                                        .precision = (int64_t)flow_data_bytes(s->flow, s->part)};
    return table_create(&s->out, &making, fault);
}

static bool sample_block(struct sampling *s, int64_t first, int64_t n, struct fault *fault)
{
    const struct gpfc_bundle *const bundle = s->flow->bundle;
    const struct flow_rows rows = {.from = s->x,
                                   .to = s->x,
                                   .n = n,
                                   .outcome = {.reason = s->failures.reason, .error = s->failures.error}};
    random_fill_normal(s->seed, random_stream(RANDOM_SAMPLE, 0), (uint64_t)(first * bundle->dimension),
                       n * bundle->dimension, bundle->precision, s->x);
    if (!flow_backward(s->flow, s->part, &rows, fault))
        return false;
    row_failures_clear(&s->failures, s->x, n, bundle->dimension, (int64_t)flow_data_bytes(s->flow, s->part));
    return row_failures_take(&s->failures, n, fault) &&
           table_write(s->out, &(struct table_block){.x = s->x, .rows = n}, fault);
}

static bool sample_all(struct sampling *s, struct fault *fault)
{
    for (int64_t first = 0; first < s->rows; first += BLOCK_ROWS)
        if (!sample_block(s, first, s->rows - first < BLOCK_ROWS ? s->rows - first : BLOCK_ROWS, fault))
            return false;
    return table_commit(&s->out, fault);
}

bool command_sample(const struct command_context *context, const struct command_options *options,
                    struct fault *fault)
{
    struct sampling s = {.flow = NULL};
    const bool good = sampling_open(&s, context, options, fault) && sample_all(&s, fault) &&
                      row_failures_end(&s.failures, context, fault);
    table_abandon(s.out);
    gpfc_flow_close(s.flow);
    device_close(&s.device);
    row_failures_close(&s.failures);
    free(s.x);
    return good;
}
