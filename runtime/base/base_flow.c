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
        sizeof(double) * ((size_t)flow->d + room) + sizeof *chunk->row + flow->kind->state_bytes;
    chunk->x = calloc(n * (size_t)flow->d, sizeof(double));
    chunk->row = calloc(n, sizeof *chunk->row);
    chunk->order = calloc(n, sizeof *chunk->order);
    chunk->state = calloc(n, flow->kind->state_bytes);
    chunk->room = calloc(n * room, sizeof(double));
    return (chunk->x && chunk->row && chunk->order && chunk->state && chunk->room) ||
           fault_memory(fault, n * row_bytes, "the base flow's work space");
}

static bool make_workers(struct base_flow *base, struct fault *fault)
{
    const int64_t each = base->compiled.d + base->compiled.kind->room(base->compiled.d);
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
    free(chunk->row);
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
static void mend_image(double *x, double *logdet, int64_t d, bool *failed)
{
    if (!mend(x, d) && isfinite(*logdet))
        return;
    *logdet = -INFINITY;
    *failed = true;
}

static void count_row(struct base_flow_report *report, const struct base_row *row)
{
    report->rows++;
    report->evaluations = row->evaluations > report->evaluations ? row->evaluations : report->evaluations;
    if (row->failed)
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
}

/* ---- chunks -------------------------------------------------------------------------------------------- */

typedef void chunk_map(const struct base_compiled *flow, struct base_chunk *chunk);

struct walk {
    struct base_flow *base;
    chunk_map *map;
    const double *from;
    double *to, *logdet;
    unsigned char *marks; /* NULL: not wanted, as logdet */
    int64_t n, rows;      /* all; of a chunk */
};

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
        chunk->row[row] = (struct base_row){.failed = mend(chunk->x + row * d, d)};
    walk->map(flow, chunk);
    for (int64_t row = 0; row < chunk->n; row++) {
        struct base_row *r = &chunk->row[row];
        mend_image(chunk->x + row * d, &r->logdet, d, &r->failed);
        count_row(&worker->report, r);
        if (walk->logdet)
            walk->logdet[first + row] = r->logdet;
        if (walk->marks)
            walk->marks[first + row] = r->failed;
    }
    memcpy(walk->to + first * d, chunk->x, (size_t)(chunk->n * d) * sizeof *chunk->x);
}

static void walk_compiled(struct base_flow *base, chunk_map *map, const double *from, int64_t n, double *to,
                          double *logdet, struct base_flow_report *report)
{
    const int64_t share = (n + base->threads - 1) / base->threads;
    struct walk walk = {.base = base, .map = map, .from = from, .to = to, .logdet = logdet, .n = n};
    walk.marks = report ? report->marks : NULL;
    walk.rows = share > base->rows ? base->rows : share < LEAST_ROWS ? LEAST_ROWS : share;
    for (int i = 0; i < base->threads; i++)
        base->workers[i].report = (struct base_flow_report){0};
    parallel_for(base->threads, (n + walk.rows - 1) / walk.rows, walk_chunk, &walk);
    for (int i = 0; report && i < base->threads; i++)
        add_report(report, &base->workers[i].report);
}

/* A mixture's map is closed form, or solved to the last digits: only rows that were not finite fail. */
static void check_mixture(const struct base_flow *base, double *to, double *logdet, int64_t n,
                          struct base_flow_report *report)
{
    for (int64_t row = 0; row < n; row++) {
        struct base_row r = {.logdet = logdet ? logdet[row] : 0};
        mend_image(to + row * base->mixture->d, &r.logdet, base->mixture->d, &r.failed);
        if (logdet)
            logdet[row] = r.logdet;
        if (report)
            count_row(report, &r);
        if (report && report->marks)
            report->marks[row] = r.failed;
    }
}

static bool mixture_there(struct base_flow *base, const double *x, int64_t n, double *y, double *logdet,
                          struct base_flow_report *report, struct fault *fault)
{
    if (!mixture_forward(base->mixture, x, n, y, logdet, base->threads, fault))
        return false;
    check_mixture(base, y, logdet, n, report);
    return true;
}

static bool mixture_back(struct base_flow *base, const double *y, int64_t n, double *x, double *logdet,
                         struct base_flow_report *report, struct fault *fault)
{
    if (!mixture_inverse(base->mixture, y, n, x, logdet, base->threads, fault))
        return false;
    check_mixture(base, x, logdet, n, report);
    return true;
}

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
    walk_compiled(base, base->compiled.kind->inverse, y, n, x, logdet, report);
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
