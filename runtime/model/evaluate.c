/* SPDX-License-Identifier: MIT */
#include "model/evaluate.h"

#include "ground/parallel.h"
#include "kernels/runner.h"
#include "kernels/settings.h"
#include "numbers/factors.h"
#include "numbers/random.h"
#include "numbers/rotation.h"
#include "numbers/row_weights.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory and kernels -------------------------------------------------------------------------------- */

/* Elements of Jacobians; rows. */
enum { BLOCK_ELEMENTS = 1 << 20, LEAST_BLOCK = 64, MOST_BLOCK = 4096, DELTAS_A_PART = 256 };

struct evaluator {
    const struct gpfc_bundle *bundle;
    int64_t d, block;
    struct runner *measure, *jacobian, *invert;
    struct runner *stay;           /* measure with weights of 0, which leave y where it is */
    void *zeros;                   /* REAL [theta_elements] */
    void *s, *start, *back;        /* REAL [block][d]; start: y as the flow takes it */
    void *matrix;                  /* REAL [block][d][d] */
    void *cost, *energy, *penalty; /* REAL [block] */
    void *cost_before;             /* REAL [block]: of y */
    double *delta;                 /* [block] */
    const double *weights;         /* [rows], lent; NULL: 1 each */
    double *work;                  /* [threads][d][d] */
    double *mean_y, *mean_s;       /* [d]: sums */
    double *square_y, *square_s;   /* [d][d]: sums of products */
    int threads;
    uint64_t seed;
    struct gpfc_evaluation sums;
};

static bool take(void **out, int64_t n, size_t each, struct fault *fault)
{
    return fault_calloc(fault, out, (size_t)n, each, "the evaluation");
}

static bool take_doubles(double **out, int64_t n, struct fault *fault)
{
    void *array = NULL;
    bool good = take(&array, n, sizeof(double), fault);
    *out = array;
    return good;
}

static bool take_arrays(struct evaluator *e, struct fault *fault)
{
    size_t real = (size_t)e->bundle->precision;
    int64_t d = e->d, rows = e->block;
    return take(&e->s, rows * d, real, fault) && take(&e->back, rows * d, real, fault) &&
           take(&e->start, rows * d, real, fault) && take(&e->matrix, rows * d * d, real, fault) &&
           take(&e->cost, rows, real, fault) && take(&e->energy, rows, real, fault) &&
           take(&e->penalty, rows, real, fault) && take(&e->cost_before, rows, real, fault) &&
           take(&e->zeros, e->bundle->theta_elements, real, fault) && take_doubles(&e->delta, rows, fault) &&
           take_doubles(&e->work, e->threads * d * d, fault) && take_doubles(&e->mean_y, d, fault) &&
           take_doubles(&e->mean_s, d, fault) && take_doubles(&e->square_y, d * d, fault) &&
           take_doubles(&e->square_s, d * d, fault);
}

static bool evaluator_init(struct evaluator *e, const void *theta, int64_t time_steps,
                           const struct device *device, struct fault *fault)
{
    if (!take_arrays(e, fault) || !runner_new(&e->measure, device, e->bundle, "measure", e->block, fault) ||
        !runner_new(&e->stay, device, e->bundle, "measure", e->block, fault) ||
        !runner_new(&e->jacobian, device, e->bundle, "jacobian", e->block, fault) ||
        !runner_new(&e->invert, device, e->bundle, "invert", e->block, fault))
        return false;
    runner_steps(e->measure, time_steps);
    runner_steps(e->jacobian, time_steps);
    runner_steps(e->invert, time_steps);
    runner_steps(e->stay, 1);
    runner_parameters(e->measure, theta);
    runner_parameters(e->stay, e->zeros);
    runner_parameters(e->jacobian, theta);
    runner_parameters(e->invert, theta);
    runner_output(e->measure, "cost", e->cost);
    runner_output(e->measure, "energy", e->energy);
    runner_output(e->measure, "penalty", e->penalty);
    runner_output(e->stay, "cost", e->cost_before);
    runner_output(e->jacobian, "s", e->s);
    runner_output(e->jacobian, "jacobian", e->matrix);
    runner_input(e->invert, "s", &(struct runner_rows){.rows = e->s, .n = e->block});
    runner_output(e->invert, "y", e->back);
    return true;
}

static void bind_pairs(struct evaluator *e, const struct part *part)
{
    const struct runner_rows from = {.rows = part->x, .n = part->n, .stays = true},
                             given = {.rows = part->y, .n = part->n, .stays = true},
                             to = {.rows = part->y, .n = part->n, .stays = true, .rotation = part->rotation};
    runner_input(e->measure, "x", &from);
    runner_input(e->measure, "y", &to);
    runner_input(e->stay, "x", &from);
    runner_input(e->stay, "y", &given);
    runner_input(e->jacobian, "y", &to);
}

static void evaluator_free(struct evaluator *e)
{
    runner_free(e->measure);
    runner_free(e->stay);
    runner_free(e->jacobian);
    runner_free(e->invert);
    void *const arrays[] = {e->s,      e->start,   e->back,        e->matrix,   e->cost,
                            e->energy, e->penalty, e->cost_before, e->zeros,    e->delta,
                            e->work,   e->mean_y,  e->mean_s,      e->square_y, e->square_s};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
}

double evaluate_larger(double a, double b)
{
    return isnan(a) || a >= b ? a : b;
}

/* ---- one block ----------------------------------------------------------------------------------------- */

static double real_at(const struct evaluator *e, const void *array, int64_t i)
{
    return rows_number(array, i, e->bundle->precision);
}

double evaluate_delta(const struct evaluated_rows *rows, int64_t row, double *work)
{
    const int64_t d = rows->d, size = d * d;
    double grown = 0; /* |s|^2 - |y|^2 */
    for (int64_t i = 0; i < size; i++)
        work[i] = rows_number(rows->jacobian, row * size + i, rows->precision);
    for (int64_t i = row * d; i < (row + 1) * d; i++) {
        const double s = rows_number(rows->s, i, rows->precision),
                     y = rows_number(rows->y, i, rows->precision);
        grown += s * s - y * y;
    }
    return log_abs_det(work, d) - grown / 2;
}

struct deltas { /* one call of find_deltas */
    struct evaluator *evaluator;
    const void *y;
    int64_t n;
};

static void find_some_deltas(void *data, int64_t part, int thread)
{
    const struct deltas *deltas = data;
    struct evaluator *e = deltas->evaluator;
    const struct evaluated_rows rows = {
        .d = e->d, .precision = e->bundle->precision, .y = deltas->y, .s = e->s, .jacobian = e->matrix};
    int64_t end = (part + 1) * DELTAS_A_PART;
    double *work = e->work + thread * e->d * e->d;
    for (int64_t row = part * DELTAS_A_PART; row < deltas->n && row < end; row++)
        e->delta[row] = evaluate_delta(&rows, row, work);
}

static void find_deltas(struct evaluator *e, const void *y, int64_t n)
{
    struct deltas deltas = {.evaluator = e, .y = y, .n = n};
    parallel_for(e->threads, (n + DELTAS_A_PART - 1) / DELTAS_A_PART, find_some_deltas, &deltas);
}

static void add_moments(const struct evaluator *e, const void *array, int64_t row, double weight,
                        double *mean, double *square)
{
    for (int64_t i = 0; i < e->d; i++) {
        double value = weight * real_at(e, array, row * e->d + i);
        mean[i] += value;
        for (int64_t j = 0; j <= i; j++)
            square[i * e->d + j] += value * real_at(e, array, row * e->d + j);
    }
}

/* start: y as the flow takes it. */
static void add_row(struct evaluator *e, const void *y, const void *start, int64_t row, double weight)
{
    struct gpfc_evaluation *sums = &e->sums;
    sums->cost_before += weight * real_at(e, e->cost_before, row);
    sums->cost_after += weight * real_at(e, e->cost, row);
    sums->energy += weight * real_at(e, e->energy, row);
    sums->penalty += weight * real_at(e, e->penalty, row);
    sums->density_shift += weight * e->delta[row];
    sums->density_error_mean += weight * fabs(e->delta[row]);
    sums->density_error_max = evaluate_larger(sums->density_error_max, fabs(e->delta[row]));
    for (int64_t i = row * e->d; i < (row + 1) * e->d; i++)
        sums->roundtrip_max =
            evaluate_larger(sums->roundtrip_max, fabs(real_at(e, e->back, i) - real_at(e, start, i)));
    add_moments(e, y, row, weight, e->mean_y, e->square_y);
    add_moments(e, e->s, row, weight, e->mean_s, e->square_s);
}

static const void *rows_from(const struct evaluator *e, const void *rows, int64_t first)
{
    return (const char *)rows + first * e->d * e->bundle->precision;
}

/* y as the flow takes it. */
static const void *start_of(struct evaluator *e, const struct part *part, const void *y, int64_t n)
{
    if (!part->rotation)
        return y;
    rotation_turn(e->d, part->rotation, false, y, e->start, n, e->bundle->precision);
    return e->start;
}

static bool run_block(struct evaluator *e, const struct part *part, int64_t first, int64_t n,
                      struct fault *fault)
{
    const void *const y = rows_from(e, part->y, first), *const start = start_of(e, part, y, n);
    runner_order(e->measure, NULL, first);
    runner_noise(e->measure, e->seed, random_stream(RANDOM_MEASURE, 0), (uint64_t)first);
    runner_order(e->stay, NULL, first);
    runner_noise(e->stay, e->seed, random_stream(RANDOM_MEASURE, 0), (uint64_t)first);
    runner_order(e->jacobian, NULL, first);
    if (!runner_go(e->measure, n, fault) || !runner_go(e->stay, n, fault) ||
        !runner_go(e->jacobian, n, fault) || !runner_go(e->invert, n, fault))
        return false;
    find_deltas(e, start, n);
    for (int64_t row = 0; row < n; row++)
        add_row(e, y, start, row, row_weight(e->weights, first + row));
    return true;
}

/* ---- all ----------------------------------------------------------------------------------------------- */

/* Largest |mean| and |covariance - I| from sums over rows whose weights sum to n. */
static void moments_of(const struct evaluator *e, const double *mean, const double *square, double n,
                       double *mean_max, double *covariance_max)
{
    for (int64_t i = 0; i < e->d; i++) {
        *mean_max = evaluate_larger(*mean_max, fabs(mean[i] / n));
        for (int64_t j = 0; j <= i; j++) {
            double covariance = square[i * e->d + j] / n - mean[i] / n * (mean[j] / n);
            *covariance_max = evaluate_larger(*covariance_max, fabs(covariance - (i == j)));
        }
    }
}

static struct gpfc_evaluation means_of(const struct evaluator *e, int64_t samples, double nll)
{
    struct gpfc_evaluation out = e->sums;
    const double n = row_weights_sum(e->weights, samples);
    out.samples = samples;
    out.weighted = e->weights != NULL;
    out.effective = row_weights_effective(e->weights, samples);
    out.cost_before /= n;
    out.cost_after /= n;
    out.energy /= n;
    out.penalty /= n;
    out.density_shift /= n;
    out.density_error_mean /= n;
    out.nll_before = nll;
    out.nll_after = nll - out.density_shift;
    moments_of(e, e->mean_y, e->square_y, n, &out.mean_before_max, &out.covariance_error_before_max);
    moments_of(e, e->mean_s, e->square_s, n, &out.mean_max, &out.covariance_error_max);
    return out;
}

bool evaluate(struct gpfc_evaluation *out, const struct gpfc_bundle *bundle, const void *theta,
              int64_t time_steps, const struct part *part, double nll, const struct device *device,
              struct fault *fault)
{
    return evaluate_rows(out, bundle, theta, time_steps, part, nll, device, NULL, NULL, fault);
}

static struct evaluation_block block_of(const struct evaluator *e, const void *y, int64_t first, int64_t n)
{
    return (struct evaluation_block){.first = first,
                                     .n = n,
                                     .y = y,
                                     .s = e->s,
                                     .cost_before = e->cost_before,
                                     .cost_after = e->cost,
                                     .energy = e->energy,
                                     .delta = e->delta};
}

bool evaluate_rows(struct gpfc_evaluation *out, const struct gpfc_bundle *bundle, const void *theta,
                   int64_t time_steps, const struct part *part, double nll, const struct device *device,
                   evaluation_take *take_block, void *data, struct fault *fault)
{
    const int64_t d = bundle->dimension, n = part->n;
    int64_t block = BLOCK_ELEMENTS / (d * d);
    block = block < LEAST_BLOCK ? LEAST_BLOCK : block > MOST_BLOCK ? MOST_BLOCK : block;
    struct evaluator e = {
        .bundle = bundle,
        .d = d,
        .block = block < n ? block : n,
        .weights = part->weights,
        .threads = device->threads,
        .seed = (uint64_t)setting_integer(bundle, SETTING_train_seed),
    };
    bool good = evaluator_init(&e, theta, time_steps, device, fault);
    if (good)
        bind_pairs(&e, part);
    for (int64_t first = 0; good && first < n; first += e.block) {
        const int64_t rows = n - first < e.block ? n - first : e.block;
        const struct evaluation_block measured = block_of(&e, rows_from(&e, part->y, first), first, rows);
        good = run_block(&e, part, first, rows, fault) && (!take_block || take_block(data, &measured, fault));
    }
    if (good)
        *out = means_of(&e, n, nll);
    out->time_steps = time_steps;
    evaluator_free(&e);
    return good;
}
