/* SPDX-License-Identifier: MIT */
#include "model/flow_parts.h"

#include "ground/c_locale.h"
#include "ground/parallel.h"
#include "kernels/bundle.h"
#include "numbers/rotation.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FLOW_BLOCK = 4096 /* rows */ };

int flow_threads(int wanted)
{
    return wanted > 0 ? wanted : parallel_threads();
}

static bool make_kernels(struct gpfc_flow *flow, struct fault *fault)
{
    const struct gpfc_bundle *bundle = flow->bundle;
    if (!runner_new(&flow->apply, &flow->device, bundle, "apply", flow->block, fault) ||
        !runner_new(&flow->invert, &flow->device, bundle, "invert", flow->block, fault))
        return false;
    const int64_t steps = weights_time_steps(bundle, flow->weights.time_steps);
    runner_steps(flow->apply, steps);
    runner_steps(flow->invert, steps);
    runner_parameters(flow->apply, flow->weights.theta);
    runner_parameters(flow->invert, flow->weights.theta);
    return true;
}

static bool make_outcome(struct gpfc_flow *flow, struct fault *fault)
{
    const size_t n = (size_t)flow->block;
    struct flow_outcome *o = &flow->outcome;
    return fault_calloc(fault, (void **)&o->reason, n, sizeof *o->reason, "a flow") &&
           fault_calloc(fault, (void **)&o->error, n, sizeof *o->error, "a flow") &&
           fault_calloc(fault, (void **)&o->logdet, n, sizeof *o->logdet, "a flow");
}

static bool make_inverse(struct gpfc_flow *flow, struct fault *fault)
{
    const size_t n = (size_t)(flow->block * flow->bundle->dimension), each = (size_t)flow->bundle->precision;
    struct flow_room *const room = &flow->room;
    return fault_calloc(fault, &room->asked, n, each, "a flow") &&
           fault_calloc(fault, &room->target, n, each, "a flow") &&
           fault_calloc(fault, &room->tried, n, each, "a flow") &&
           fault_calloc(fault, &room->image, n, each, "a flow") &&
           fault_calloc(fault, &room->step, n, each, "a flow") &&
           fault_calloc(fault, &room->latent, n, each, "a flow") &&
           fault_calloc(fault, (void **)&room->halved, (size_t)flow->block, 1, "a flow") &&
           fault_calloc(fault, (void **)&room->order, (size_t)flow->block, sizeof *room->order, "a flow");
}

static bool read_weights(struct gpfc_flow *flow, const char *model, enum flow_part part, struct fault *fault)
{
    if (part == FLOW_PART_BASE)
        return weights_read_base(&flow->weights, flow->bundle, model, flow->device.threads, fault);
    if (!weights_read(&flow->weights, flow->bundle, model, flow->device.threads, fault))
        return false;
    return part == FLOW_PART_FLOW || flow->weights.base ||
           fault_set(fault, FAULT_INPUT, "%s: expected a model with a base flow; this one has none", model);
}

static bool flow_init(struct gpfc_flow *flow, const char *model, enum flow_part part, struct fault *fault)
{
    const struct gpfc_bundle *bundle = flow->bundle;
    size_t bytes = (size_t)(flow->block * bundle->dimension) * sizeof(double);
    if (!bundle_check(bundle, fault) || !read_weights(flow, model, part, fault) ||
        !make_outcome(flow, fault) ||
        (part != FLOW_PART_BASE &&
         !(make_kernels(flow, fault) && make_inverse(flow, fault) && flow_jacobian_open(flow, fault))))
        return false;
    if (part == FLOW_PART_FLOW)
        return true;
    flow->doubles = malloc(bytes);
    return flow->doubles || fault_memory(fault, bytes, "the base flow's numbers");
}

bool flow_open(struct gpfc_flow **out, const struct gpfc_bundle *bundle, const char *model,
               enum flow_part part, const struct device *device, struct fault *fault)
{
    struct gpfc_flow *flow = calloc(1, sizeof *flow);
    *out = NULL;
    if (!flow)
        return fault_memory(fault, sizeof *flow, "a flow");
    *flow = (struct gpfc_flow){.bundle = bundle, .device = *device, .block = FLOW_BLOCK};
    if (!flow_init(flow, model, part, fault)) {
        gpfc_flow_close(flow);
        return false;
    }
    *out = flow;
    return true;
}

struct gpfc_flow *gpfc_flow_open(const struct gpfc_bundle *bundle, const char *model, int threads,
                                 char *message, size_t room)
{
    const struct device device = device_cpu(flow_threads(threads));
    struct fault fault = {0};
    struct gpfc_flow *flow = NULL;
    struct c_locale locale;
    bool good = c_locale_enter(&locale, &fault);
    if (good) {
        good = flow_open(&flow, bundle, model, FLOW_PART_FLOW, &device, &fault);
        c_locale_leave(&locale);
    }
    if (!good && message)
        (void)snprintf(message, room, "%s", fault.text);
    return flow;
}

void gpfc_flow_close(struct gpfc_flow *flow)
{
    if (!flow)
        return;
    runner_free(flow->apply);
    runner_free(flow->invert);
    flow_jacobian_close(flow);
    weights_free(&flow->weights);
    void *const arrays[] = {flow->doubles,        flow->room.halved,   flow->room.step,
                            flow->room.asked,     flow->room.target,   flow->room.tried,
                            flow->room.image,     flow->room.latent,   flow->room.order,
                            flow->outcome.reason, flow->outcome.error, flow->outcome.logdet};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
    free(flow);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static int64_t block_at(const struct gpfc_flow *flow, int64_t first, int64_t n)
{
    return n - first < flow->block ? n - first : flow->block;
}

static bool row_is_finite(const void *rows, int64_t row, int64_t d, size_t each)
{
    for (int64_t i = row * d; i < (row + 1) * d; i++)
        if (!isfinite(rows_number(rows, i, (int64_t)each)))
            return false;
    return true;
}

/* each: bytes of a number. */
static void outcome_start(struct gpfc_flow *flow, const void *from, size_t each, int64_t rows)
{
    for (int64_t row = 0; row < rows; row++) {
        const bool given = row_is_finite(from, row, flow->bundle->dimension, each);
        flow->outcome.reason[row] = given ? ROW_GOOD : ROW_NOT_FINITE;
        flow->outcome.error[row] = given ? 0 : INFINITY;
        flow->outcome.logdet[row] = 0;
    }
}

/* A number too large for float, or for double in units of the data, makes its row zeros, and one that
 * failed. */
static void mend(struct gpfc_flow *flow, void *to, size_t each, int64_t rows)
{
    const int64_t d = flow->bundle->dimension;
    for (int64_t row = 0; row < rows; row++) {
        if (row_is_finite(to, row, d, each))
            continue;
        memset((char *)to + (size_t)(row * d) * each, 0, (size_t)d * each);
        flow->outcome.error[row] = INFINITY;
        flow->outcome.logdet[row] = -INFINITY;
        flow_note(flow, row, ROW_OVERFLOW);
    }
}

static void count_rows(struct gpfc_flow *flow, int64_t rows)
{
    struct base_flow_report *report = &flow->report;
    report->rows += rows;
    for (int64_t row = 0; row < rows; row++) {
        const unsigned char reason = flow->outcome.reason[row];
        report->reasons[reason]++;
        if (reason != ROW_GOOD)
            report->failed++;
        else
            report->error_max = fmax(report->error_max, flow->outcome.error[row]);
    }
}

static void outcome_give(const struct gpfc_flow *flow, const struct flow_outcome *to, int64_t first,
                         int64_t rows)
{
    const size_t n = (size_t)rows;
    if (to->reason)
        memcpy(to->reason + first, flow->outcome.reason, n);
    if (to->error)
        memcpy(to->error + first, flow->outcome.error, n * sizeof *to->error);
    if (to->logdet)
        memcpy(to->logdet + first, flow->outcome.logdet, n * sizeof *to->logdet);
}

/* R y of a block, in room that only an inverse uses otherwise. */
static const void *turned(const struct gpfc_flow *flow, const void *y, int64_t n)
{
    const double *const rotation = flow->weights.rotation;
    if (!rotation)
        return y;
    rotation_turn(flow->bundle->dimension, rotation, false, y, flow->room.latent, n, flow->bundle->precision);
    return flow->room.latent;
}

/* A tile is read before it is written, and no tile's outputs are another's inputs: from and to may be the
 * same. */
static bool apply_block(const struct gpfc_flow *flow, const void *y, void *s, int64_t n, struct fault *fault)
{
    runner_input(flow->apply, "y", &(struct runner_rows){.rows = y, .n = n});
    runner_output(flow->apply, "s", s);
    return runner_go(flow->apply, n, fault);
}

/* ---- the base flow, which computes in double, on standardised data ------------------------------------- */

typedef bool base_map(struct base_flow *, const double *, int64_t, double *, double *,
                      struct base_flow_report *, struct fault *);

size_t flow_data_bytes(const struct gpfc_flow *flow, enum flow_part part)
{
    const bool standardised = part != FLOW_PART_FLOW && flow->weights.standard.d > 0;
    return standardised ? sizeof(double) : (size_t)flow->bundle->precision;
}

/* Takes what the base flow reports of its rows; a row that failed before keeps its reason. */
static bool base_map_rows(struct gpfc_flow *flow, bool forward, int64_t rows, struct fault *fault)
{
    base_map *const map = forward ? base_flow_forward : base_flow_inverse;
    unsigned char reason[FLOW_BLOCK];
    double error[FLOW_BLOCK];
    struct base_flow_report report = {.reason = reason, .error = error};
    if (!map(flow->weights.base, flow->doubles, rows, flow->doubles, forward ? flow->outcome.logdet : NULL,
             &report, fault))
        return false;
    for (int64_t row = 0; row < rows; row++) {
        flow_note(flow, row, (enum row_reason)reason[row]);
        flow->outcome.error[row] = fmax(flow->outcome.error[row], error[row]);
    }
    return true;
}

/* from_each, to_each: bytes of a number. */
static bool base_block(struct gpfc_flow *flow, bool forward, const void *from, size_t from_each, void *to,
                       size_t to_each, int64_t rows, struct fault *fault)
{
    const struct standard *const standard = &flow->weights.standard;
    const int64_t n = rows * flow->bundle->dimension;
    rows_to_double(from, n, (int64_t)from_each, flow->doubles);
    if (forward)
        standard_apply(standard, flow->doubles, rows, sizeof(double));
    if (!base_map_rows(flow, forward, rows, fault))
        return false;
    if (!forward)
        standard_undo(standard, flow->doubles, rows, sizeof(double));
    for (int64_t row = 0; forward && standard->d > 0 && row < rows; row++)
        flow->outcome.logdet[row] -= standard_log_scale(standard);
    rows_from_double(flow->doubles, n, (int64_t)to_each, to);
    mend(flow, to, to_each, rows);
    return true;
}

/* ---- both parts ---------------------------------------------------------------------------------------- */

struct flow_block {
    const void *from;
    void *to;
    size_t from_each, to_each; /* bytes of a number */
    int64_t rows;
};

static bool forward_block(struct gpfc_flow *flow, enum flow_part part, const struct flow_block *b,
                          struct fault *fault)
{
    const size_t real = (size_t)flow->bundle->precision;
    if (part != FLOW_PART_FLOW &&
        !base_block(flow, true, b->from, b->from_each, b->to, b->to_each, b->rows, fault))
        return false;
    if (part == FLOW_PART_BASE)
        return true;
    const void *const y = turned(flow, part == FLOW_PART_BOTH ? b->to : b->from, b->rows);
    if ((flow->wants_logdet && !flow_add_logdet(flow, y, b->rows, fault)) ||
        !apply_block(flow, y, b->to, b->rows, fault))
        return false;
    mend(flow, b->to, real, b->rows);
    return true;
}

static bool backward_block(struct gpfc_flow *flow, enum flow_part part, const struct flow_block *b,
                           struct fault *fault)
{
    const size_t real = (size_t)flow->bundle->precision;
    void *const y = part == FLOW_PART_FLOW ? b->to : flow->room.latent;
    if (part != FLOW_PART_BASE) {
        if (!flow_invert_block(flow, b->from, y, b->rows, fault))
            return false;
        mend(flow, y, real, b->rows);
    }
    return part == FLOW_PART_FLOW || base_block(flow, false, part == FLOW_PART_BOTH ? y : b->from, real,
                                                b->to, b->to_each, b->rows, fault);
}

typedef bool map_block(struct gpfc_flow *flow, enum flow_part part, const struct flow_block *block,
                       struct fault *fault);

/* Block by block; where the arrays are one and numbers become larger, the last block comes first, so that
 * what was not read is not written on. */
static bool map_rows(struct gpfc_flow *flow, enum flow_part part, map_block *map, size_t from_each,
                     size_t to_each, const struct flow_rows *rows, struct fault *fault)
{
    const int64_t blocks = (rows->n + flow->block - 1) / flow->block;
    for (int64_t i = 0; i < blocks; i++) {
        const int64_t first = flow->block * (to_each > from_each ? blocks - 1 - i : i);
        const size_t before = (size_t)(first * flow->bundle->dimension);
        const struct flow_block block = {.from = (const char *)rows->from + before * from_each,
                                         .to = (char *)rows->to + before * to_each,
                                         .from_each = from_each,
                                         .to_each = to_each,
                                         .rows = block_at(flow, first, rows->n)};
        outcome_start(flow, block.from, from_each, block.rows);
        if (!map(flow, part, &block, fault))
            return false;
        count_rows(flow, block.rows);
        outcome_give(flow, &rows->outcome, first, block.rows);
    }
    return true;
}

bool flow_forward(struct gpfc_flow *flow, enum flow_part part, const struct flow_rows *rows,
                  struct fault *fault)
{
    return map_rows(flow, part, forward_block, flow_data_bytes(flow, part), (size_t)flow->bundle->precision,
                    rows, fault);
}

bool flow_backward(struct gpfc_flow *flow, enum flow_part part, const struct flow_rows *rows,
                   struct fault *fault)
{
    return map_rows(flow, part, backward_block, (size_t)flow->bundle->precision, flow_data_bytes(flow, part),
                    rows, fault);
}

/* ---- for callers of the library ------------------------------------------------------------------------ */

/* These flows are on the CPU, which does not fail. */

static void *block_from(const struct gpfc_flow *flow, const void *rows, int64_t first)
{
    return (char *)(uintptr_t)rows + first * flow->bundle->dimension * flow->bundle->precision;
}

void gpfc_flow_apply(struct gpfc_flow *flow, const void *y, void *s, int64_t n)
{
    for (int64_t first = 0; first < n; first += flow->block) {
        const int64_t rows = block_at(flow, first, n);
        const void *const from = turned(flow, block_from(flow, y, first), rows);
        if (!apply_block(flow, from, block_from(flow, s, first), rows, NULL))
            return;
    }
}

int64_t gpfc_flow_invert(struct gpfc_flow *flow, const void *s, void *y, int64_t n)
{
    int64_t failed = 0;
    for (int64_t first = 0; first < n; first += flow->block) {
        const int64_t rows = block_at(flow, first, n);
        const void *const from = block_from(flow, s, first);
        outcome_start(flow, from, (size_t)flow->bundle->precision, rows);
        if (!flow_invert_block(flow, from, block_from(flow, y, first), rows, NULL))
            return failed + n - first;
        for (int64_t row = 0; row < rows; row++)
            failed += flow->outcome.reason[row] != ROW_GOOD;
    }
    return failed;
}
