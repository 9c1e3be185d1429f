/* SPDX-License-Identifier: MIT
 *
 * apply, invert and density: rows of a file, block by block, so that one larger than memory works. */
#include "command/command.h"
#include "command/row_failures.h"
#include "files/table.h"
#include "model/column_choice.h"
#include "model/flow.h"
#include "numbers/normal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4 << 20 };

enum direction { FORWARDS, BACKWARDS, DENSITIES };

struct stream {
    struct gpfc_flow *flow;
    enum flow_part part;
    enum direction direction;
    struct table_reader *in;
    struct table_writer *out, *logdets; /* logdets NULL: not wanted */
    struct table_rows rows;             /* from in, and then to out */
    double *logdet;                     /* [rows.most] */
    double *density;                    /* [rows.most] of one or two columns; NULL: another direction */
    struct flow_outcome of_s;           /* [rows.most], beside f's; NULL as the density */
    struct row_failures failures;
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
                           struct fault *fault)
{
    const bool of_data = stream->direction != BACKWARDS && stream->part != FLOW_PART_FLOW;
    const struct data_options given = {.columns = !options->columns && !of_data ? "[]" : options->columns,
                                       .label = !options->label && !of_data ? "" : options->label,
                                       .missing = "refuse"};
    if (!column_choice_make(out, context->bundle, &given, true, fault))
        return false;
    if (options->nan) /* as rows that fail */
        out->columns.missing = TABLE_KEEP;
    return true;
}

static bool open_in(struct stream *stream, const struct command_context *context,
                    const struct command_options *options, struct fault *fault)
{
    const bool back = stream->direction == BACKWARDS;
    struct column_choice choice;
    if (!choose_columns(&choice, stream, context, options, fault))
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

/* With f only, and with s after it. */
static const char *const densities[] = {"log_p_f", "log_p_s"};

static int64_t density_columns(const struct stream *stream)
{
    return stream->part == FLOW_PART_BASE ? 1 : 2;
}

/* Of numbers that are no coordinates. */
static bool open_numbers(struct table_writer **out, const struct stream *stream, const char *path,
                         const char *format, const char *array, const char *const *names, int64_t columns,
                         struct fault *fault)
{
    const struct table_info *const in = table_info(stream->in);
    return table_create(out,
                        &(struct table_making){.path = path,
                                               .format = format,
                                               .like = in->format,
                                               .array = array,
                                               .names = names,
                                               .columns = columns,
                                               .rows = in->rows,
                                               .precision = sizeof(double)},
                        fault);
}

static bool open_out(struct stream *stream, const struct command_context *context,
                     const struct command_options *options, struct fault *fault)
{
    const bool back = stream->direction == BACKWARDS;
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
    return stream->direction == DENSITIES
               ? open_numbers(&stream->out, stream, options->argument[2], options->format, "log_p", densities,
                              density_columns(stream), fault)
               : table_create(&stream->out, &making, fault);
}

static bool open_logdets(struct stream *stream, const struct command_options *options, struct fault *fault)
{
    static const char *const names[] = {"logdet"};
    if (!options->logdet && stream->direction != DENSITIES)
        return true;
    stream->flow->wants_logdet = true;
    return !options->logdet ||
           open_numbers(&stream->logdets, stream, options->logdet, NULL, "logdet", names, 1, fault);
}

static bool make_room(struct stream *stream, const struct command_options *options, int64_t d,
                      struct fault *fault)
{
    const int64_t row = d * (int64_t)sizeof(double);
    struct table_rows *const rows = &stream->rows;
    struct flow_outcome *const of_s = &stream->of_s;
    rows->most = BLOCK_BYTES / row > 0 ? BLOCK_BYTES / row : 1;
    const size_t n = (size_t)rows->most;
    return fault_calloc(fault, &rows->x, n, (size_t)row, "rows") &&
           fault_calloc(fault, (void **)&rows->labels, n, sizeof *rows->labels, "labels") &&
           fault_calloc(fault, (void **)&stream->logdet, n, sizeof *stream->logdet, "rows") &&
           (stream->direction != DENSITIES ||
            (fault_calloc(fault, (void **)&stream->density, 2 * n, sizeof *stream->density, "rows") &&
             fault_calloc(fault, (void **)&of_s->reason, n, sizeof *of_s->reason, "rows") &&
             fault_calloc(fault, (void **)&of_s->error, n, sizeof *of_s->error, "rows") &&
             fault_calloc(fault, (void **)&of_s->logdet, n, sizeof *of_s->logdet, "rows"))) &&
           row_failures_open(&stream->failures, options, rows->most, fault);
}

static bool stream_open(struct stream *stream, const struct command_context *context,
                        const struct command_options *options, struct fault *fault)
{
    return make_room(stream, options, context->bundle->dimension, fault) &&
           flow_open(&stream->flow, context->bundle, options->argument[0], stream->part, options->threads,
                     fault) &&
           open_in(stream, context, options, fault) && open_out(stream, context, options, fault) &&
           open_logdets(stream, options, fault);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static struct flow_rows rows_of(struct stream *stream)
{
    const struct row_failures *const failures = &stream->failures;
    return (struct flow_rows){
        .from = stream->rows.x,
        .to = stream->rows.x,
        .n = stream->rows.got,
        .outcome = {.reason = failures->reason, .error = failures->error, .logdet = stream->logdet}};
}

static bool map_block(struct stream *stream, struct fault *fault)
{
    const bool back = stream->direction == BACKWARDS;
    const struct flow_rows rows = rows_of(stream);
    const int64_t d = stream->flow->bundle->dimension;
    const int64_t precision =
        back ? (int64_t)flow_data_bytes(stream->flow, stream->part) : stream->flow->bundle->precision;
    return (back ? flow_backward : flow_forward)(stream->flow, stream->part, &rows, fault) &&
           row_failures_take(&stream->failures, rows.to, rows.n, d, precision, fault) &&
           (!stream->logdets || table_write(stream->logdets, stream->logdet, NULL, rows.n, fault)) &&
           table_write(stream->out, rows.to, stream->rows.labels, rows.n, fault);
}

/* Column `which` of the densities becomes that of y by N(0, I). */
static void put_densities(struct stream *stream, int64_t which)
{
    const int64_t d = stream->flow->bundle->dimension, precision = stream->flow->bundle->precision;
    const int64_t columns = density_columns(stream);
    for (int64_t row = 0; row < stream->rows.got; row++) {
        const char *const y = (const char *)stream->rows.x + row * d * precision;
        stream->density[row * columns + which] =
            stream->failures.reason[row] == ROW_GOOD
                ? stream->logdet[row] + normal_log_density(y, d, precision)
                : -INFINITY;
    }
}

/* What s adds to what f said of each row. */
static void add_outcome(struct stream *stream)
{
    struct row_failures *const failures = &stream->failures;
    for (int64_t row = 0; row < stream->rows.got; row++) {
        if (failures->reason[row] == ROW_GOOD)
            failures->reason[row] = stream->of_s.reason[row];
        failures->error[row] = fmax(failures->error[row], stream->of_s.error[row]);
        stream->logdet[row] += stream->of_s.logdet[row];
    }
}

static bool density_block(struct stream *stream, struct fault *fault)
{
    struct flow_rows rows = rows_of(stream);
    if (!flow_forward(stream->flow, FLOW_PART_BASE, &rows, fault))
        return false;
    put_densities(stream, 0);
    if (stream->part == FLOW_PART_BOTH) {
        rows.outcome = stream->of_s;
        if (!flow_forward(stream->flow, FLOW_PART_FLOW, &rows, fault))
            return false;
        add_outcome(stream);
        put_densities(stream, 1);
    }
    return row_failures_take(&stream->failures, stream->density, rows.n, density_columns(stream),
                             sizeof(double), fault) &&
           table_write(stream->out, stream->density, NULL, rows.n, fault);
}

static bool stream_all(struct stream *stream, struct fault *fault)
{
    do {
        if (!table_read(stream->in, &stream->rows, fault) ||
            !(stream->direction == DENSITIES ? density_block : map_block)(stream, fault))
            return false;
    } while (stream->rows.got > 0);
    return table_commit(&stream->out, fault) && table_commit(&stream->logdets, fault);
}

static void stream_close(struct stream *stream)
{
    table_abandon(stream->out);
    table_abandon(stream->logdets);
    table_close(stream->in);
    gpfc_flow_close(stream->flow);
    row_failures_close(&stream->failures);
    void *const arrays[] = {stream->rows.x,      stream->rows.labels, stream->logdet,     stream->density,
                            stream->of_s.reason, stream->of_s.error,  stream->of_s.logdet};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
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

static bool run(const struct command_context *context, const struct command_options *options,
                struct stream *stream, struct fault *fault)
{
    bool good = stream_open(stream, context, options, fault);
    if (good && stream->part != FLOW_PART_BASE)
        command_tell_weights(context, options->argument[0], &stream->flow->weights);
    good = good && stream_all(stream, fault) && row_failures_end(&stream->failures, context, fault);
    stream_close(stream);
    return good;
}

bool command_apply(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    struct stream stream = {.direction = FORWARDS};
    return choose_part(options->part, "from", options->from, &stream.part, fault) &&
           run(context, options, &stream, fault);
}

bool command_invert(const struct command_context *context, const struct command_options *options,
                    struct fault *fault)
{
    struct stream stream = {.direction = BACKWARDS};
    return choose_part(options->part, "to", options->to, &stream.part, fault) &&
           run(context, options, &stream, fault);
}

bool command_density(const struct command_context *context, const struct command_options *options,
                     struct fault *fault)
{
    struct stream stream = {.direction = DENSITIES};
    return command_part_of_data(options->part, &stream.part, fault) && run(context, options, &stream, fault);
}
