/* SPDX-License-Identifier: MIT */
#include "train/measure_set.h"

#include "numbers/random.h"
#include "numbers/row_weights.h"

enum { MEASURE_BLOCK = 4096 };
static const char *const results[] = {"cost", "energy", "penalty"};
enum { RESULTS = sizeof results / sizeof results[0] };

static void bind(struct measure_set *set, const char *name, const void *rows, const double *rotation)
{
    const struct runner_rows all = {.rows = rows, .n = set->rows.part.n, .stays = true, .rotation = rotation};
    runner_input(set->runner, name, &all);
}

/* Of the part, which row i of the set is. */
static int64_t row_at(const struct measure_set *set, int64_t i)
{
    return set->rows.order ? (int64_t)set->rows.order[i] : i;
}

static double total_weight(const struct measure_set *set)
{
    double sum = 0;
    for (int64_t i = 0; i < set->rows.n; i++)
        sum += row_weight(set->rows.part.weights, row_at(set, i));
    return sum;
}

bool measure_set_new(struct measure_set *out, const struct gpfc_bundle *bundle, const struct device *device,
                     const struct measure_rows *rows, uint64_t seed, struct fault *fault)
{
    *out = (struct measure_set){
        .rows = *rows, .block = rows->n < MEASURE_BLOCK ? rows->n : MEASURE_BLOCK, .seed = seed};
    if (rows->n == 0)
        return true;
    out->total = total_weight(out);
    if (!runner_new(&out->runner, device, bundle, "measure", out->block, fault))
        return false;
    bind(out, "x", rows->part.x, NULL);
    bind(out, "y", rows->part.y, rows->part.rotation);
    for (int i = 0; i < RESULTS; i++) {
        if (!array_new(&out->results[i], out->block, bundle->precision, "the test's results", fault))
            return false;
        runner_output(out->runner, results[i], array_write(&out->results[i]));
    }
    return true;
}

void measure_set_free(struct measure_set *set)
{
    runner_free(set->runner);
    for (int i = 0; i < RESULTS; i++)
        array_free(&set->results[i]);
    *set = (struct measure_set){.block = 0};
}

static bool measure_block(struct measure_set *set, int64_t first, int64_t n, double sums[RESULTS],
                          struct fault *fault)
{
    runner_order(set->runner, set->rows.order, first);
    runner_noise(set->runner, set->seed, random_stream(RANDOM_MEASURE, 0), (uint64_t)first);
    if (!runner_go(set->runner, n, fault))
        return false;
    for (int64_t i = 0; i < n; i++) {
        const double weight = row_weight(set->rows.part.weights, row_at(set, first + i));
        for (int k = 0; k < RESULTS; k++)
            sums[k] += weight * array_number(&set->results[k], i);
    }
    return true;
}

bool measure_set_go(struct measured *out, struct measure_set *set, const struct array *theta,
                    int64_t time_steps, struct fault *fault)
{
    const int64_t n = set->rows.n;
    double sums[RESULTS] = {0};
    runner_parameters(set->runner, array_host(theta));
    runner_steps(set->runner, time_steps);
    for (int64_t first = 0; first < n; first += set->block)
        if (!measure_block(set, first, n - first < set->block ? n - first : set->block, sums, fault))
            return false;
    *out = (struct measured){
        .cost = sums[0] / set->total, .energy = sums[1] / set->total, .penalty = sums[2] / set->total};
    return true;
}
