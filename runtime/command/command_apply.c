/* SPDX-License-Identifier: MIT
 *
 * apply and invert: rows of a file go through the map. */
#include "command/row_stream.h"

#include <stdlib.h>
#include <string.h>

struct mapping {
    struct row_stream stream;
    struct table_writer *out, *logdets; /* logdets NULL: in out, or not wanted */
    bool logdet_in_out;
};

/* Bytes of a number of the result. */
static int64_t precision_out(const struct row_stream *stream)
{
    return stream->back ? (int64_t)flow_data_bytes(stream->flow, stream->part)
                        : stream->context->bundle->precision;
}

static bool open_out(struct mapping *mapping, struct fault *fault)
{
    const struct row_stream *const stream = &mapping->stream;
    const struct table_info *const in = table_info(stream->in);
    const struct table_making making = {.path = stream->options->argument[2],
                                        .format = stream->options->format,
                                        .like = in->format,
                                        .array = row_stream_result(stream),
                                        .beside = mapping->logdet_in_out ? "logdet" : NULL,
                                        .columns = in->columns,
                                        .rows = in->rows,
                                        .precision = precision_out(stream),
                                        .labels = stream->in};
    return table_create(&mapping->out, &making, fault);
}

/* --logdet=FILE is a file of its own, --logdet a part of the result. */
static bool open_logdets(struct mapping *mapping, struct fault *fault)
{
    static const char *const names[] = {"logdet"};
    const char *const path = mapping->stream.options->logdet;
    if (!path)
        return true;
    mapping->stream.flow->wants_logdet = true;
    mapping->logdet_in_out = path[0] == '\0';
    return mapping->logdet_in_out ||
           row_stream_numbers(
               &mapping->logdets, &mapping->stream,
               &(struct number_columns){.path = path, .array = "logdet", .names = names, .n = 1}, fault);
}

static bool map_block(void *data, struct row_stream *stream, struct fault *fault)
{
    struct mapping *const mapping = data;
    const struct flow_rows rows = row_stream_rows(stream);
    if (!(stream->back ? flow_backward : flow_forward)(stream->flow, stream->part, &rows, fault))
        return false;
    row_failures_clear(&stream->failures, rows.to, rows.n, stream->flow->bundle->dimension,
                       precision_out(stream));
    row_failures_clear(&stream->failures, stream->logdet, rows.n, 1, sizeof(double));
    const struct table_block block = {
        .x = rows.to, .beside = stream->logdet, .labels = stream->rows.labels, .rows = rows.n};
    const struct table_block logdets = {.x = stream->logdet, .rows = rows.n};
    return row_failures_take(&stream->failures, rows.n, fault) &&
           (!mapping->logdets || table_write(mapping->logdets, &logdets, fault)) &&
           table_write(mapping->out, &block, fault);
}

static bool map_all(struct mapping *mapping, struct fault *fault)
{
    const bool good = row_stream_open(&mapping->stream, fault) && open_logdets(mapping, fault) &&
                      open_out(mapping, fault) &&
                      row_stream_run(&mapping->stream, map_block, mapping, fault) &&
                      table_commit(&mapping->out, fault) && table_commit(&mapping->logdets, fault) &&
                      row_failures_end(&mapping->stream.failures, mapping->stream.context, fault);
    table_abandon(mapping->out);
    table_abandon(mapping->logdets);
    row_stream_close(&mapping->stream);
    return good;
}

/* ---- which part ---------------------------------------------------------------------------------------- */

static bool part_of_word(const char *word, enum flow_part *part, struct fault *fault)
{
    static const char *const words[] = {
        [FLOW_PART_FLOW] = "flow", [FLOW_PART_BASE] = "base", [FLOW_PART_BOTH] = "both"};
    for (int i = 0; i < 3; i++)
        if (strcmp(word, words[i]) == 0) {
            *part = (enum flow_part)i;
            return true;
        }
    return fault_set(fault, FAULT_INPUT, "--part: expected 'flow', 'base' or 'both', found '%s'", word);
}

bool command_part_of_data(const char *word, enum flow_part *part, struct fault *fault)
{
    *part = FLOW_PART_BOTH;
    return (!word || part_of_word(word, part, fault)) &&
           (*part != FLOW_PART_FLOW ||
            fault_set(fault, FAULT_INPUT, "--part: expected 'base' or 'both', found '%s'", word));
}

/* --from or --to, which name an end: the latent space, where y is, or the data's, where x is. */
static bool part_of_end(const char *option, const char *word, enum flow_part *part, struct fault *fault)
{
    const bool data = strcmp(word, "data") == 0;
    if (!data && strcmp(word, "latent") != 0)
        return fault_set(fault, FAULT_INPUT, "--%s: expected 'latent' or 'data', found '%s'", option, word);
    *part = data ? FLOW_PART_BOTH : FLOW_PART_FLOW;
    return true;
}

static bool choose_part(const char *part, const char *option, const char *end, enum flow_part *out,
                        struct fault *fault)
{
    enum flow_part other = FLOW_PART_FLOW;
    *out = FLOW_PART_FLOW;
    if ((part && !part_of_word(part, out, fault)) || (end && !part_of_end(option, end, &other, fault)))
        return false;
    if (!part)
        *out = other;
    return !part || !end || *out == other ||
           fault_set(fault, FAULT_INPUT, "--%s %s and --part %s contradict each other", option, end, part);
}

/* ---- commands ------------------------------------------------------------------------------------------ */

bool command_apply(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    struct mapping mapping = {.stream = {.context = context, .options = options}};
    return choose_part(options->part, "from", options->from, &mapping.stream.part, fault) &&
           map_all(&mapping, fault);
}

bool command_invert(const struct command_context *context, const struct command_options *options,
                    struct fault *fault)
{
    struct mapping mapping = {.stream = {.context = context, .options = options, .back = true}};
    return choose_part(options->part, "to", options->to, &mapping.stream.part, fault) &&
           map_all(&mapping, fault);
}
