/* SPDX-License-Identifier: MIT
 *
 * density: log p of each row x, by f, and by s after it. */
#include "command/row_stream.h"
#include "numbers/normal.h"

#include <math.h>
#include <stdlib.h>

struct densities {
    struct row_stream stream;
    struct table_writer *out;
    int64_t columns;          /* of out: with f only, and with s after it */
    double *density;          /* [rows.most][columns] */
    struct flow_outcome of_s; /* [rows.most], beside f's; NULL where s is not asked for */
};

static bool make_room(struct densities *p, struct fault *fault)
{
    const size_t n = (size_t)p->stream.rows.most;
    struct flow_outcome *const of_s = &p->of_s;
    return fault_calloc(fault, (void **)&p->density, (size_t)p->columns * n, sizeof *p->density, "rows") &&
           (p->columns == 1 ||
            (fault_calloc(fault, (void **)&of_s->reason, n, sizeof *of_s->reason, "rows") &&
             fault_calloc(fault, (void **)&of_s->error, n, sizeof *of_s->error, "rows") &&
             fault_calloc(fault, (void **)&of_s->logdet, n, sizeof *of_s->logdet, "rows")));
}

static bool densities_open(struct densities *p, struct fault *fault)
{
    static const char *const names[] = {"log_p_f", "log_p_s"};
    struct row_stream *const stream = &p->stream;
    p->columns = stream->part == FLOW_PART_BASE ? 1 : 2;
    if (!row_stream_open(stream, fault) || !make_room(p, fault))
        return false;
    stream->flow->wants_logdet = true;
    return row_stream_numbers(&p->out, stream,
                              &(struct number_columns){.path = stream->options->argument[2],
                                                       .format = stream->options->format,
                                                       .array = "log_p",
                                                       .names = names,
                                                       .n = p->columns},
                              fault);
}

static void densities_close(struct densities *p)
{
    table_abandon(p->out);
    row_stream_close(&p->stream);
    free(p->density);
    free(p->of_s.reason);
    free(p->of_s.error);
    free(p->of_s.logdet);
}

/* Column `which` of the densities becomes that of y by N(0, I). */
static void put_densities(struct densities *p, int64_t which)
{
    const struct row_stream *const stream = &p->stream;
    const int64_t d = stream->flow->bundle->dimension, precision = stream->flow->bundle->precision;
    for (int64_t row = 0; row < stream->rows.got; row++) {
        const char *const y = (const char *)stream->rows.x + row * d * precision;
        p->density[row * p->columns + which] = stream->failures.reason[row] == ROW_GOOD
                                                   ? stream->logdet[row] + normal_log_density(y, d, precision)
                                                   : -INFINITY;
    }
}

/* What s adds to what f said of each row. */
static void add_outcome(struct densities *p)
{
    struct row_failures *const failures = &p->stream.failures;
    for (int64_t row = 0; row < p->stream.rows.got; row++) {
        if (failures->reason[row] == ROW_GOOD)
            failures->reason[row] = p->of_s.reason[row];
        failures->error[row] = fmax(failures->error[row], p->of_s.error[row]);
        p->stream.logdet[row] += p->of_s.logdet[row];
    }
}

static bool density_block(void *data, struct row_stream *stream, struct fault *fault)
{
    struct densities *const p = data;
    struct flow_rows rows = row_stream_rows(stream);
    if (!flow_forward(stream->flow, FLOW_PART_BASE, &rows, fault))
        return false;
    put_densities(p, 0);
    if (stream->part == FLOW_PART_BOTH) {
        rows.outcome = p->of_s;
        if (!flow_forward(stream->flow, FLOW_PART_FLOW, &rows, fault))
            return false;
        add_outcome(p);
        put_densities(p, 1);
    }
    row_failures_clear(&stream->failures, p->density, rows.n, p->columns, sizeof(double));
    return row_failures_take(&stream->failures, rows.n, fault) &&
           table_write(p->out, &(struct table_block){.x = p->density, .rows = rows.n}, fault);
}

bool command_density(const struct command_context *context, const struct command_options *options,
                     struct fault *fault)
{
    struct densities p = {.stream = {.context = context, .options = options}};
    const bool good = command_part_of_data(options->part, &p.stream.part, fault) &&
                      densities_open(&p, fault) && row_stream_run(&p.stream, density_block, &p, fault) &&
                      table_commit(&p.out, fault) && row_failures_end(&p.stream.failures, context, fault);
    densities_close(&p);
    return good;
}
