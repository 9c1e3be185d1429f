/* SPDX-License-Identifier: MIT
 *
 * Rows in chunks over threads, for every kind of base flow; a row's result does not depend on its chunk. */
#include "base/base_flow.h"

#include "base/base_flow_parts.h"
#include "ground/parallel.h"
#include "kernels/bundle.h"
#include "kernels/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ROWS = 1024,
    LEAST_ROWS = 64,        /* of a chunk */
    MIXTURE_ROWS = 4096,    /* of a mixture, at a time */
    CHUNK_DOUBLES = 1 << 18 /* of a thread's work space, where that allows LEAST_ROWS */
};

struct worker { /* of one thread */
    struct base_chunk chunk;
    struct base_flow_report report;
};

typedef bool base_map(struct base_flow *base, const double *from, int64_t n, double *to, double *logdet,
                      struct base_flow_report *report, struct fault *fault);

struct base_maps { /* of all rows: a mixture's, or those of all compiled kinds */
    base_map *forward, *inverse;
};
static const struct base_maps mixture_maps, compiled_maps;

struct base_flow {
    const struct base_maps *maps;
    int threads;
    struct mixture *mixture; /* or, where that is NULL: */
    struct base_compiled compiled;
    int64_t rows;           /* a worker has room for */
    struct worker *workers; /* [threads] */
};

/* ---- making -------------------------------------------------------------------------------------------- */

bool base_flow_of_mixture(struct base_flow **out, struct mixture *mixture, int threads, struct fault *fault)
{
    struct base_flow *base = *out = calloc(1, sizeof *base);
    if (!base) {
        mixture_free(mixture);
        return fault_memory(fault, sizeof *base, "the base flow");
    }
    *base = (struct base_flow){
        .maps = &mixture_maps, .mixture = mixture, .threads = threads > 0 ? threads : parallel_threads()};
    return true;
}

static const struct base_kind *const kinds[] = {&base_kind_bnaf, &base_kind_ffjord, &base_kind_cp_flow};
enum { NOT_COMPILED = 2 /* none and mixture */ };
_Static_assert(sizeof kinds / sizeof kinds[0] == SETTING_WORDS_OF(base) - NOT_COMPILED,
               "a row for each word of base.kind");

static const struct base_kind *kind_of(const struct gpfc_bundle *bundle)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (setting_is(bundle, SETTING_base_kind, kinds[i]->word))
            return kinds[i];
    return NULL;
}

static int count_blocks(const struct gpfc_bundle *bundle, const struct base_kind *kind)
{
    char name[32];
    int n = 0;
    do
        (void)snprintf(name, sizeof name, "%s%d", kind->kernel, n++);
    while (bundle_kernel(bundle, name));
    return n - 1;
}

static double tolerance_of(const struct gpfc_bundle *bundle, const struct base_kind *kind, double wanted)
{
    const double tolerance = wanted > 0 ? wanted : setting_number(bundle, SETTING_base_tolerance);
    return tolerance > 0 ? tolerance : is_single(bundle->precision) ? kind->single_tolerance : 1e-10;
}

/* Data are of order one. Where the tail is bounded, what has not been met at that distance does not exist. */
static double farthest_of(const struct gpfc_bundle *bundle)
{
    return setting_is(bundle, SETTING_base_tail, WORD_tail_bounded) ? 1e6 : 1e30;
}

static bool make_kernels(struct base_compiled *flow, int threads, struct fault *fault)
{
    const struct kernel_rows_names apply = {.in = {"x"}, .out = {"y", "logdet"}};
    flow->block = calloc((size_t)flow->blocks, sizeof *flow->block);
    if (!flow->block)
        return fault_memory(fault, (size_t)flow->blocks * sizeof *flow->block, "the base flow");
    for (int i = 0; i < flow->blocks; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s%d", flow->kind->kernel, i);
        if (!kernel_rows_new(&flow->block[i], flow->bundle, name, flow->theta, &flow->kind->names, threads,
                             fault))
            return false;
    }
    return kernel_rows_new(&flow->apply, flow->bundle, "apply", flow->theta, &apply, threads, fault);
}

static bool make_compiled(struct base_compiled *flow, const struct gpfc_bundle *bundle, const void *theta,
                          double tolerance, int threads, struct fault *fault)
{
    const size_t bytes = (size_t)(bundle->theta_elements * bundle->precision);
    *flow = (struct base_compiled){.bundle = bundle, .kind = kind_of(bundle), .d = bundle->dimension};
    if (!flow->kind)
        return fault_set(fault, FAULT_SYSTEM, "the base flow of this trainer is of an unknown kind");
    flow->blocks = count_blocks(bundle, flow->kind);
    if (flow->blocks == 0)
        return fault_set(fault, FAULT_SYSTEM, "this trainer has no kernel '%s0'", flow->kind->kernel);
    flow->epsilon = is_single(bundle->precision) ? 0x1p-23 : 0x1p-52;
    flow->farthest = farthest_of(bundle);
    flow->tolerance = fmax(tolerance_of(bundle, flow->kind, tolerance), 4 * flow->epsilon);
    flow->theta = malloc(bytes > 0 ? bytes : 1);
    if (!flow->theta)
        return fault_memory(fault, bytes, "the base flow's parameters");
    memcpy(flow->theta, theta, bytes);
    return make_kernels(flow, threads, fault);
}

static bool make_worker(struct worker *worker, const struct base_compiled *flow, int64_t rows,
                        struct fault *fault)
{
    struct base_chunk *chunk = &worker->chunk;
    const size_t n = (size_t)rows, room = (size_t)flow->kind->room(flow->d);
    const size_t row_bytes =
        sizeof(double) * (3 * (size_t)flow->d + room) + 2 * sizeof *chunk->row + flow->kind->state_bytes;
    chunk->x = calloc(n * (size_t)flow->d, sizeof(double));
    chunk->asked = calloc(n * (size_t)flow->d, sizeof(double));
    chunk->image = calloc(n * (size_t)flow->d, sizeof(double));
    chunk->row = calloc(n, sizeof *chunk->row);
    chunk->mapped = calloc(n, sizeof *chunk->mapped);
    chunk->order = calloc(n, sizeof *chunk->order);
    chunk->state = calloc(n, flow->kind->state_bytes);
    chunk->room = calloc(n * room, sizeof(double));
    return (chunk->x && chunk->asked && chunk->image && chunk->row && chunk->mapped && chunk->order &&
            chunk->state && chunk->room) ||
           fault_memory(fault, n * row_bytes, "the base flow's work space");
}

static bool make_workers(struct base_flow *base, struct fault *fault)
{
    const int64_t each = 3 * base->compiled.d + base->compiled.kind->room(base->compiled.d);
    const int64_t rows = CHUNK_DOUBLES / each;
    base->rows = rows > MOST_ROWS ? MOST_ROWS : rows < LEAST_ROWS ? LEAST_ROWS : rows;
    base->workers = calloc((size_t)base->threads, sizeof *base->workers);
    if (!base->workers)
        return fault_memory(fault, (size_t)base->threads * sizeof *base->workers, "the base flow");
    for (int i = 0; i < base->threads; i++)
        if (!make_worker(&base->workers[i], &base->compiled, base->rows, fault))
            return false;
    return true;
}

bool base_flow_compiled(struct base_flow **out, const struct gpfc_bundle *bundle, const void *theta,
                        double tolerance, int threads, struct fault *fault)
{
    struct base_flow *base = calloc(1, sizeof *base);
    *out = NULL;
    if (!base)
        return fault_memory(fault, sizeof *base, "the base flow");
    base->maps = &compiled_maps;
    base->threads = threads > 0 ? threads : parallel_threads();
    if (!make_compiled(&base->compiled, bundle, theta, tolerance, base->threads, fault) ||
        !make_workers(base, fault)) {
        base_flow_free(base);
        return false;
    }
    *out = base;
    return true;
}

static void free_chunk(struct base_chunk *chunk)
{
    free(chunk->x);
    free(chunk->asked);
    free(chunk->image);
    free(chunk->row);
    free(chunk->mapped);
    free(chunk->order);
    free(chunk->state);
    free(chunk->room);
}

void base_flow_free(struct base_flow *base)
{
    if (!base)
        return;
    mixture_free(base->mixture);
    for (int i = 0; base->workers && i < base->threads; i++)
        free_chunk(&base->workers[i].chunk);
    free(base->workers);
    for (int i = 0; base->compiled.block && i < base->compiled.blocks; i++)
        kernel_rows_free(base->compiled.block[i]);
    free(base->compiled.block);
    kernel_rows_free(base->compiled.apply);
    free(base->compiled.theta);
    free(base);
}

const struct mixture *base_flow_mixture(const struct base_flow *base)
{
    return base->mixture;
}

const void *base_flow_theta(const struct base_flow *base)
{
    return base->compiled.theta;
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

void base_apply(const struct base_compiled *flow, struct base_chunk *chunk)
{
    const int64_t d = flow->d;
    double *y = chunk->room, *logdet = chunk->room + chunk->n * d;
    base_all_rows(chunk);
    kernel_rows_go(flow->apply, chunk->thread, chunk->order, chunk->n,
                   (struct kernel_rows_in[]){{chunk->x, d}}, (struct kernel_rows_out[]){{y, d}, {logdet, 1}});
    memcpy(chunk->x, y, (size_t)(chunk->n * d) * sizeof *y);
    for (int64_t row = 0; row < chunk->n; row++) {
        chunk->row[row].logdet = logdet[row];
        chunk->row[row].evaluations = 1;
    }
}

static bool is_finite(const double *x, int64_t d)
{
    for (int64_t i = 0; i < d; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* Rows that are not finite become zeros. */
static bool mend(double *x, int64_t d)
{
    if (is_finite(x, d))
        return false;
    memset(x, 0, (size_t)d * sizeof *x);
    return true;
}

/* What has no image, or one whose logdet is not finite, has no density. */
static void mend_image(double *x, int64_t d, struct base_row *row)
{
    if (!mend(x, d) && isfinite(row->logdet))
        return;
    row->logdet = -INFINITY;
    base_note(row, ROW_OVERFLOW);
}

static void count_row(struct base_flow_report *report, const struct base_row *row)
{
    report->rows++;
    report->evaluations = row->evaluations > report->evaluations ? row->evaluations : report->evaluations;
    report->reasons[row->reason]++;
    if (row->reason != ROW_GOOD)
        report->failed++;
    else
        report->error_max = fmax(report->error_max, row->error);
}

static void add_report(struct base_flow_report *to, const struct base_flow_report *from)
{
    to->rows += from->rows;
    to->failed += from->failed;
    to->error_max = fmax(to->error_max, from->error_max);
    to->evaluations = from->evaluations > to->evaluations ? from->evaluations : to->evaluations;
    for (int i = 0; i < ROW_REASONS; i++)
        to->reasons[i] += from->reasons[i];
}

/* ---- what an inverse is worth -------------------------------------------------------------------------- */

/* Of a row whose inverse was y and is mapped to `image`; row->reason: as its search ended. */
static void judge_row(struct base_row *row, const double *y, const double *image, int64_t d, double tolerance)
{
    double size = 1;
    row->error = 0;
    for (int64_t i = 0; i < d; i++) {
        const double gap = fabs(image[i] - y[i]);
        size = fmax(size, fabs(y[i]));
        row->error = isnan(gap) ? INFINITY : fmax(row->error, gap);
    }
    if (row->error <= tolerance * size)
        row->reason = ROW_GOOD;
    else
        base_note(row, ROW_PRECISION);
}

static void map_again(const struct base_compiled *flow, struct base_chunk *chunk)
{
    struct base_chunk again = *chunk;
    again.x = chunk->image;
    again.row = chunk->mapped;
    memcpy(again.x, chunk->x, (size_t)(chunk->n * flow->d) * sizeof *again.x);
    memset(again.row, 0, (size_t)chunk->n * sizeof *again.row);
    flow->kind->forward(flow, &again);
}

/* The inverse of a chunk, and how far f(x) is from the y that was asked for. */
static void invert_chunk(const struct base_compiled *flow, struct base_chunk *chunk)
{
    const int64_t d = flow->d;
    memcpy(chunk->asked, chunk->x, (size_t)(chunk->n * d) * sizeof *chunk->x);
    flow->kind->inverse(flow, chunk);
    for (int64_t row = 0; row < chunk->n; row++)
        if (mend(chunk->x + row * d, d))
            base_note(&chunk->row[row], ROW_OVERFLOW);
    map_again(flow, chunk);
    for (int64_t i = 0; i < chunk->n; i++) {
        struct base_row *row = &chunk->row[i];
        row->evaluations += chunk->mapped[i].evaluations;
        if (row->reason != ROW_NOT_FINITE)
            judge_row(row, chunk->asked + i * d, chunk->image + i * d, d,
                      flow->tolerance * flow->kind->leeway);
    }
}

/* ---- chunks -------------------------------------------------------------------------------------------- */

typedef void chunk_map(const struct base_compiled *flow, struct base_chunk *chunk);

struct walk {
    struct base_flow *base;
    chunk_map *map;
    const double *from;
    double *to, *logdet;                   /* logdet NULL: not wanted */
    const struct base_flow_report *report; /* likewise: where reasons and errors go */
    int64_t n, rows;                       /* all; of a chunk */
};

static void give_row(const struct base_flow_report *report, int64_t row, const struct base_row *r)
{
    if (report && report->reason)
        report->reason[row] = (unsigned char)r->reason;
    if (report && report->error)
        report->error[row] = r->reason == ROW_NOT_FINITE ? INFINITY : r->error;
}

static void walk_chunk(void *data, int64_t part, int thread)
{
    const struct walk *walk = data;
    const struct base_compiled *flow = &walk->base->compiled;
    struct worker *worker = &walk->base->workers[thread];
    struct base_chunk *chunk = &worker->chunk;
    const int64_t d = flow->d, first = part * walk->rows;
    chunk->thread = thread;
    chunk->n = walk->n - first < walk->rows ? walk->n - first : walk->rows;
    memcpy(chunk->x, walk->from + first * d, (size_t)(chunk->n * d) * sizeof *chunk->x);
    for (int64_t row = 0; row < chunk->n; row++)
        chunk->row[row] =
            (struct base_row){.reason = mend(chunk->x + row * d, d) ? ROW_NOT_FINITE : ROW_GOOD};
    walk->map(flow, chunk);
    for (int64_t row = 0; row < chunk->n; row++) {
        struct base_row *r = &chunk->row[row];
        mend_image(chunk->x + row * d, d, r);
        count_row(&worker->report, r);
        give_row(walk->report, first + row, r);
        if (walk->logdet)
            walk->logdet[first + row] = r->logdet;
    }
    memcpy(walk->to + first * d, chunk->x, (size_t)(chunk->n * d) * sizeof *chunk->x);
}

static void walk_compiled(struct base_flow *base, chunk_map *map, const double *from, int64_t n, double *to,
                          double *logdet, struct base_flow_report *report)
{
    const int64_t share = (n + base->threads - 1) / base->threads;
    struct walk walk = {
        .base = base, .map = map, .from = from, .to = to, .logdet = logdet, .report = report, .n = n};
    walk.rows = share > base->rows ? base->rows : share < LEAST_ROWS ? LEAST_ROWS : share;
    for (int i = 0; i < base->threads; i++)
        base->workers[i].report = (struct base_flow_report){0};
    parallel_for(base->threads, (n + walk.rows - 1) / walk.rows, walk_chunk, &walk);
    for (int i = 0; report && i < base->threads; i++)
        add_report(report, &base->workers[i].report);
}

/* ---- mixtures ------------------------------------------------------------------------------------------ */

static const double mixture_tolerance = 1e-10; /* its map is closed form, and solved to the last digits */

struct mixture_walk {
    struct base_flow *base;
    bool back;
    double *asked, *image; /* [MIXTURE_ROWS][d]: what is given; of an inverse, f of what was found */
    double *to, *logdet;   /* logdet NULL: not wanted */
    struct base_flow_report *report;
};

static void check_mixture_row(const struct mixture_walk *walk, int64_t first, int64_t row)
{
    const int64_t d = walk->base->mixture->d;
    const double *const asked = walk->asked + row * d;
    double *const logdet = walk->logdet ? walk->logdet + first + row : NULL;
    struct base_row r = {.logdet = logdet ? *logdet : 0,
                         .reason = is_finite(asked, d) ? ROW_GOOD : ROW_NOT_FINITE};
    if (walk->back && r.reason == ROW_GOOD)
        judge_row(&r, asked, walk->image + row * d, d, mixture_tolerance);
    mend_image(walk->to + (first + row) * d, d, &r);
    if (logdet)
        *logdet = r.logdet;
    if (walk->report)
        count_row(walk->report, &r);
    give_row(walk->report, first + row, &r);
}

static bool walk_mixture_block(const struct mixture_walk *walk, int64_t first, int64_t n, struct fault *fault)
{
    struct mixture *const mixture = walk->base->mixture;
    const int threads = walk->base->threads;
    double *const to = walk->to + first * mixture->d, *logdet = walk->logdet ? walk->logdet + first : NULL;
    if (!(walk->back ? mixture_inverse : mixture_forward)(mixture, walk->asked, n, to, logdet, threads,
                                                          fault) ||
        (walk->back && !mixture_forward(mixture, to, n, walk->image, NULL, threads, fault)))
        return false;
    for (int64_t row = 0; row < n; row++)
        check_mixture_row(walk, first, row);
    return true;
}

static bool walk_mixture(struct mixture_walk *walk, const double *from, int64_t n, struct fault *fault)
{
    const int64_t d = walk->base->mixture->d;
    const size_t bytes = 2 * (size_t)(MIXTURE_ROWS * d) * sizeof(double);
    bool good = true;
    walk->asked = malloc(bytes);
    if (!walk->asked)
        return fault_memory(fault, bytes, "the base flow's numbers");
    walk->image = walk->asked + MIXTURE_ROWS * d;
    for (int64_t first = 0; good && first < n; first += MIXTURE_ROWS) {
        const int64_t rows = n - first < MIXTURE_ROWS ? n - first : MIXTURE_ROWS;
        memcpy(walk->asked, from + first * d, (size_t)(rows * d) * sizeof *from);
        good = walk_mixture_block(walk, first, rows, fault);
    }
    free(walk->asked);
    return good;
}

static bool mixture_there(struct base_flow *base, const double *x, int64_t n, double *y, double *logdet,
                          struct base_flow_report *report, struct fault *fault)
{
    struct mixture_walk walk = {.base = base, .to = y, .logdet = logdet, .report = report};
    return walk_mixture(&walk, x, n, fault);
}

static bool mixture_back(struct base_flow *base, const double *y, int64_t n, double *x, double *logdet,
                         struct base_flow_report *report, struct fault *fault)
{
    struct mixture_walk walk = {.base = base, .back = true, .to = x, .logdet = logdet, .report = report};
    return walk_mixture(&walk, y, n, fault);
}

/* ---- both ---------------------------------------------------------------------------------------------- */

static bool compiled_there(struct base_flow *base, const double *x, int64_t n, double *y, double *logdet,
                           struct base_flow_report *report, struct fault *fault)
{
    (void)fault;
    walk_compiled(base, base->compiled.kind->forward, x, n, y, logdet, report);
    return true;
}

static bool compiled_back(struct base_flow *base, const double *y, int64_t n, double *x, double *logdet,
                          struct base_flow_report *report, struct fault *fault)
{
    (void)fault;
    walk_compiled(base, invert_chunk, y, n, x, logdet, report);
    return true;
}

static const struct base_maps mixture_maps = {.forward = mixture_there, .inverse = mixture_back},
                              compiled_maps = {.forward = compiled_there, .inverse = compiled_back};

bool base_flow_forward(struct base_flow *base, const double *x, int64_t n, double *y, double *logdet,
                       struct base_flow_report *report, struct fault *fault)
{
    return base->maps->forward(base, x, n, y, logdet, report, fault);
}

bool base_flow_inverse(struct base_flow *base, const double *y, int64_t n, double *x, double *logdet,
                       struct base_flow_report *report, struct fault *fault)
{
    return base->maps->inverse(base, y, n, x, logdet, report, fault);
}
