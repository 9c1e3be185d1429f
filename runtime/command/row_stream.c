/* SPDX-License-Identifier: MIT */
#include "command/row_stream.h"
#include "devices/device_open.h"

#include "model/column_choice.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 4 << 20 };

/* What an .npz calls the ends of a part. */
static const struct {
    const char *from[2], *to;
} ends[] = {[FLOW_PART_FLOW] = {{"y"}, "s"},
            [FLOW_PART_BASE] = {{"x", "samples"}, "y"},
            [FLOW_PART_BOTH] = {{"x", "samples"}, "s"}};

const char *row_stream_result(const struct row_stream *stream)
{
    return stream->back ? ends[stream->part].from[0] : ends[stream->part].to;
}

/* Rows of data are chosen as the spec says, if they are more than what is needed; those of other ends are all
 * there is. */
static bool choose_columns(struct column_choice *out, const struct row_stream *stream, struct fault *fault)
{
    const struct command_options *const options = stream->options;
    const bool of_data = !stream->back && stream->part != FLOW_PART_FLOW;
    const struct data_options given = {.columns = !options->columns && !of_data ? "[]" : options->columns,
                                       .label = !options->label && !of_data ? "" : options->label,
                                       .missing = "refuse",
                                       .weights = !options->weights && !of_data ? "" : options->weights};
    if (!column_choice_make(out, stream->context->bundle, &given, true, fault))
        return false;
    if (options->nan) /* as rows that fail */
        out->columns.missing = TABLE_KEEP;
    return true;
}

static bool open_in(struct row_stream *stream, struct fault *fault)
{
    const struct gpfc_bundle *const bundle = stream->context->bundle;
    struct column_choice choice;
    if (!choose_columns(&choice, stream, fault))
        return false;
    const char *const *from = ends[stream->part].from;
    const char *const names[] = {stream->back ? ends[stream->part].to : from[0],
                                 stream->back ? NULL : from[1], NULL};
    const struct table_request request = {
        .path = stream->options->argument[1],
        .arrays = names,
        .columns = choice.columns,
        .needed = bundle->dimension,
        .precision = stream->back ? bundle->precision : (int64_t)flow_data_bytes(stream->flow, stream->part),
    };
    const bool good = table_open(&stream->in, &request, fault);
    column_choice_free(&choice);
    return good;
}

static bool make_room(struct row_stream *stream, struct fault *fault)
{
    const int64_t row = stream->context->bundle->dimension * (int64_t)sizeof(double);
    struct table_rows *const rows = &stream->rows;
    rows->most = BLOCK_BYTES / row > 0 ? BLOCK_BYTES / row : 1;
    const size_t n = (size_t)rows->most;
    return fault_calloc(fault, &rows->x, n, (size_t)row, "rows") &&
           fault_calloc(fault, (void **)&rows->labels, n, sizeof *rows->labels, "labels") &&
           fault_calloc(fault, (void **)&stream->logdet, n, sizeof *stream->logdet, "rows") &&
           row_failures_open(&stream->failures, stream->options, rows->most, fault);
}

bool row_stream_open(struct row_stream *stream, struct fault *fault)
{
    const struct command_options *const options = stream->options;
    if (!make_room(stream, fault) ||
        !device_open(&stream->device, options->device, options->threads, fault) ||
        !flow_open(&stream->flow, stream->context->bundle, options->argument[0], stream->part,
                   &stream->device, fault))
        return false;
    command_tell_device(stream->context, &stream->device);
    if (stream->part != FLOW_PART_BASE)
        command_tell_weights(stream->context, options->argument[0], &stream->flow->weights);
    return open_in(stream, fault);
}

void row_stream_close(struct row_stream *stream)
{
    table_close(stream->in);
    gpfc_flow_close(stream->flow);
    device_close(&stream->device);
    row_failures_close(&stream->failures);
    free(stream->rows.x);
    free(stream->rows.labels);
    free(stream->logdet);
}

struct flow_rows row_stream_rows(struct row_stream *stream)
{
    const struct row_failures *const failures = &stream->failures;
    return (struct flow_rows){
        .from = stream->rows.x,
        .to = stream->rows.x,
        .n = stream->rows.got,
        .outcome = {.reason = failures->reason, .error = failures->error, .logdet = stream->logdet}};
}

bool row_stream_numbers(struct table_writer **out, const struct row_stream *stream,
                        const struct number_columns *columns, struct fault *fault)
{
    const struct table_info *const in = table_info(stream->in);
    return table_create(out,
                        &(struct table_making){.path = columns->path,
                                               .format = columns->format,
                                               .like = in->format,
                                               .array = columns->array,
                                               .names = columns->names,
                                               .columns = columns->n,
                                               .rows = in->rows,
                                               .precision = sizeof(double)},
                        fault);
}

bool row_stream_run(struct row_stream *stream, row_stream_take *take, void *data, struct fault *fault)
{
    do {
        if (!table_read(stream->in, &stream->rows, fault) || !take(data, stream, fault))
            return false;
    } while (stream->rows.got > 0);
    return true;
}
