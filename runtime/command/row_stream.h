/* SPDX-License-Identifier: MIT
 *
 * The rows of a file, block by block, through a model: what apply, invert and density share. A file larger
 * than memory works. */
#ifndef GPFC_ROW_STREAM_H
#define GPFC_ROW_STREAM_H

#include "command/command.h"
#include "command/row_failures.h"
#include "files/table.h"

struct row_stream {
    const struct command_context *context; /* these four are set by the caller */
    const struct command_options *options; /* argument[0]: the model, [1]: the rows, [2]: the result */
    enum flow_part part;
    bool back;
    struct device device;
    struct gpfc_flow *flow;
    struct table_reader *in;
    struct table_rows rows; /* the block at hand; room for its results, too */
    double *logdet;         /* [rows.most] */
    struct row_failures failures;
};

/* What an .npz calls the end of a part where rows come out: data x, f(x) is y, s(y) is s. */
const char *row_stream_result(const struct row_stream *stream);

bool row_stream_open(struct row_stream *stream, struct fault *fault) MUST_CHECK;
void row_stream_close(struct row_stream *stream); /* a zeroed one is allowed */

/* The rows of the block, mapped onto themselves, with their outcomes. */
struct flow_rows row_stream_rows(struct row_stream *stream);

/* A file of doubles that are no coordinates, a line for each row. format may be NULL. */
struct number_columns {
    const char *path, *format, *array, *const *names;
    int64_t n;
};
bool row_stream_numbers(struct table_writer **out, const struct row_stream *stream,
                        const struct number_columns *columns, struct fault *fault) MUST_CHECK;

/* All blocks; the last one has no rows. */
typedef bool row_stream_take(void *data, struct row_stream *stream, struct fault *fault);
bool row_stream_run(struct row_stream *stream, row_stream_take *take, void *data,
                    struct fault *fault) MUST_CHECK;

#endif
