/* SPDX-License-Identifier: MIT
 *
 * apply and invert: rows of a .npy file, block by block, so that a file larger than memory works. */
#include "command.h"
#include "flow.h"
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4 << 20 };

typedef bool map_rows(struct gpfc_flow *flow, const void *from, void *to, int64_t n, struct fault *fault);

static bool apply_latent(struct gpfc_flow *flow, const void *from, void *to, int64_t n, struct fault *fault)
{
    (void)fault;
    gpfc_flow_apply(flow, from, to, n);
    return true;
}

static bool invert_latent(struct gpfc_flow *flow, const void *from, void *to, int64_t n, struct fault *fault)
{
    (void)fault;
    gpfc_flow_invert(flow, from, to, n);
    return true;
}

struct stream {
    struct gpfc_flow *flow;
    struct npy_reader *in;
    struct npy_writer *out;
    void *rows;
    int64_t block;
};

static bool stream_open(struct stream *stream, const struct command_context *context,
                        const struct command_options *options, struct fault *fault)
{
    const struct gpfc_bundle *bundle = context->bundle;
    const int precision = (int)bundle->precision;
    const int64_t row = bundle->dimension * precision;
    stream->block = BLOCK_BYTES / row > 0 ? BLOCK_BYTES / row : 1;
    stream->rows = malloc((size_t)(stream->block * row));
    if (stream->rows == NULL)
        return fault_memory(fault, (size_t)(stream->block * row), "rows");
    return flow_open(&stream->flow, bundle, options->argument[0], options->threads, fault) &&
           npy_open(&stream->in, options->argument[1], fault) &&
           npy_expect_columns(stream->in, bundle->dimension, fault) &&
           npy_create(&stream->out, options->argument[2], precision, npy_shape(stream->in).rows,
                      bundle->dimension, fault);
}

static bool stream_all(struct stream *stream, map_rows *map, struct fault *fault)
{
    for (int64_t got = 1; got > 0;) {
        if (!npy_read_rows(stream->in, (int)stream->flow->bundle->precision, stream->block, stream->rows,
                           &got, fault) ||
            !map(stream->flow, stream->rows, stream->rows, got, fault) ||
            !npy_write_rows(stream->out, stream->rows, got, fault))
            return false;
    }
    return true;
}

static bool stream_run(struct stream *stream, map_rows *map, struct fault *fault)
{
    if (!stream_all(stream, map, fault))
        return false;
    struct npy_writer *out = stream->out;
    stream->out = NULL;
    return npy_writer_commit(out, fault);
}

static void stream_close(struct stream *stream)
{
    npy_writer_abandon(stream->out);
    npy_close(stream->in);
    gpfc_flow_close(stream->flow);
    free(stream->rows);
}

/* --from or --to: the latent space, or the data's, which needs a base flow. */
static bool choose(const struct stream *stream, const char *option, const char *word, bool *data,
                   struct fault *fault)
{
    *data = word != NULL && strcmp(word, "data") == 0;
    if (word != NULL && !*data && strcmp(word, "latent") != 0)
        return fault_set(fault, FAULT_INPUT, "--%s takes 'latent' or 'data', not '%s'", option, word);
    return !*data || stream->flow->weights.base != NULL ||
           fault_set(fault, FAULT_INPUT, "--%s data needs a model with a base flow; this one has none",
                     option);
}

bool command_apply(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    struct stream stream = {0};
    bool data = false;
    bool good = stream_open(&stream, context, options, fault) &&
                choose(&stream, "from", options->from, &data, fault) &&
                stream_run(&stream, data ? flow_apply_from_data : apply_latent, fault);
    stream_close(&stream);
    return good;
}

bool command_invert(const struct command_context *context, const struct command_options *options,
                    struct fault *fault)
{
    struct stream stream = {0};
    bool data = false;
    bool good = stream_open(&stream, context, options, fault) &&
                choose(&stream, "to", options->to, &data, fault) &&
                stream_run(&stream, data ? flow_invert_to_data : invert_latent, fault);
    stream_close(&stream);
    return good;
}
