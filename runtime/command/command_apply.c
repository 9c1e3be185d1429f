/* SPDX-License-Identifier: MIT
 *
 * apply and invert: rows of a file, block by block, so that one larger than memory works. */
#include "command/command.h"
#include "files/table.h"
#include "ground/human.h"
#include "model/column_choice.h"
#include "model/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4 << 20 };

typedef bool map_rows(struct gpfc_flow *flow, enum flow_part part, const void *from, void *to, int64_t n,
                      struct fault *fault);

struct stream {
    struct gpfc_flow *flow;
    enum flow_part part;
    struct table_reader *in;
    struct table_writer *out;
    struct table_rows rows; /* from in, and then to out */
};

/* What an .npz calls the ends of a part: data x, f(x) is y, s(y) is s. */
static const struct {
    const char *from[2], *to;
} ends[] = {[FLOW_PART_FLOW] = {{"y"}, "s"},
            [FLOW_PART_BASE] = {{"x", "samples"}, "y"},
            [FLOW_PART_BOTH] = {{"x", "samples"}, "s"}};

/* Rows of data are chosen as the spec says, if they are more than what is needed; those of other ends are all
 * there is. */
static bool choose_columns(struct column_choice *out, const struct stream *stream,
                           const struct command_context *context, const struct command_options *options,
                           bool back, struct fault *fault)
{
    const bool of_data = !back && stream->part != FLOW_PART_FLOW;
    const struct data_options given = {.columns = !options->columns && !of_data ? "[]" : options->columns,
                                       .label = !options->label && !of_data ? "" : options->label,
                                       .missing = "refuse"};
    return column_choice_make(out, context->bundle, &given, true, fault);
}

static bool open_in(struct stream *stream, const struct command_context *context,
                    const struct command_options *options, bool back, struct fault *fault)
{
    struct column_choice choice;
    if (!choose_columns(&choice, stream, context, options, back, fault))
        return false;
    const char *const *from = ends[stream->part].from;
    const char *const names[] = {back ? ends[stream->part].to : from[0], back ? NULL : from[1], NULL};
    const struct table_request request = {
        .path = options->argument[1],
        .arrays = names,
        .columns = choice.columns,
        .needed = context->bundle->dimension,
        .precision = back ? context->bundle->precision : (int64_t)flow_data_bytes(stream->flow, stream->part),
    };
    const bool good = table_open(&stream->in, &request, fault);
    column_choice_free(&choice);
    return good;
}

static bool open_out(struct stream *stream, const struct command_context *context,
                     const struct command_options *options, bool back, struct fault *fault)
{
    const struct table_info *const in = table_info(stream->in);
    const struct table_making making = {
        .path = options->argument[2],
        .format = options->format,
        .like = in->format,
        .array = back ? ends[stream->part].from[0] : ends[stream->part].to,
        .columns = in->columns,
        .rows = in->rows,
        .precision = back ? (int64_t)flow_data_bytes(stream->flow, stream->part) : context->bundle->precision,
        .labels = stream->in,
    };
    return table_create(&stream->out, &making, fault);
}

static bool make_room(struct table_rows *rows, int64_t d, struct fault *fault)
{
    const int64_t row = d * (int64_t)sizeof(double);
    rows->most = BLOCK_BYTES / row > 0 ? BLOCK_BYTES / row : 1;
    return fault_calloc(fault, &rows->x, (size_t)rows->most, (size_t)row, "rows") &&
           fault_calloc(fault, (void **)&rows->labels, (size_t)rows->most, sizeof *rows->labels, "labels");
}

static bool stream_open(struct stream *stream, const struct command_context *context,
                        const struct command_options *options, bool back, struct fault *fault)
{
    return make_room(&stream->rows, context->bundle->dimension, fault) &&
           flow_open(&stream->flow, context->bundle, options->argument[0], stream->part, options->threads,
                     fault) &&
           open_in(stream, context, options, back, fault) && open_out(stream, context, options, back, fault);
}

static bool stream_all(struct stream *stream, bool back, struct fault *fault)
{
    map_rows *const map = back ? flow_backward : flow_forward;
    struct table_rows *const rows = &stream->rows;
    do {
        if (!table_read(stream->in, rows, fault) ||
            !map(stream->flow, stream->part, rows->x, rows->x, rows->got, fault) ||
            !table_write(stream->out, rows->x, rows->labels, rows->got, fault))
            return false;
    } while (rows->got > 0);
    struct table_writer *const out = stream->out;
    stream->out = NULL;
    return table_commit(out, fault);
}

static void stream_close(struct stream *stream)
{
    table_abandon(stream->out);
    table_close(stream->in);
    gpfc_flow_close(stream->flow);
    free(stream->rows.x);
    free(stream->rows.labels);
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

static void tell_failed(const struct command_context *context, const struct stream *stream)
{
    const struct base_flow_report *report = &stream->flow->report;
    struct human failed, rows;
    if (report->failed == 0)
        return;
    (void)fprintf(stderr, "%s: %s of %s rows %s", context->program, human_count(&failed, report->failed),
                  human_count(&rows, report->rows),
                  stream->part == FLOW_PART_FLOW ? "became too large, and are zeros"
                                                 : "missed the base flow's tolerance");
    if (report->failed < report->rows && stream->part != FLOW_PART_FLOW)
        (void)fprintf(stderr, "; the largest error of the others is about %.2g", report->error_max);
    (void)fputc('\n', stderr);
}

static bool run(const struct command_context *context, const struct command_options *options,
                struct stream *stream, bool back, struct fault *fault)
{
    bool good = stream_open(stream, context, options, back, fault);
    if (good && stream->part != FLOW_PART_BASE)
        command_tell_steps(context, options->argument[0], &stream->flow->weights);
    good = good && stream_all(stream, back, fault);
    if (good)
        tell_failed(context, stream);
    stream_close(stream);
    return good;
}

bool command_apply(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    struct stream stream = {0};
    return choose_part(options->part, "from", options->from, &stream.part, fault) &&
           run(context, options, &stream, false, fault);
}

bool command_invert(const struct command_context *context, const struct command_options *options,
                    struct fault *fault)
{
    struct stream stream = {0};
    return choose_part(options->part, "to", options->to, &stream.part, fault) &&
           run(context, options, &stream, true, fault);
}
