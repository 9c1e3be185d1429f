/* SPDX-License-Identifier: MIT */
#include "train/time_check.h"

#include "kernels/runner.h"
#include "model/evaluate.h"
#include "numbers/rotation.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct time_check {
    int64_t n, trips, d, precision; /* n: rows whose density is looked at */
    struct runner *jacobian, *apply, *invert;
    void *y, *s, *back, *matrix; /* REAL [trips][d], three of them, [n][d][d] */
    double *work;                /* [d][d] */
};

static bool take(void **out, int64_t n, size_t each, struct fault *fault)
{
    return fault_calloc(fault, out, (size_t)n, each, "a check of the time steps");
}

/* y as the flow takes it. */
static void take_rows(const struct time_check *check, const struct part *part)
{
    if (part->rotation)
        rotation_turn(check->d, part->rotation, false, part->y, check->y, check->trips, check->precision);
    else
        memcpy(check->y, part->y, (size_t)(check->trips * check->d * check->precision));
}

static bool check_init(struct time_check *check, const struct gpfc_bundle *bundle, const struct part *part,
                       const struct device *device, struct fault *fault)
{
    const int64_t n = check->n, trips = check->trips, d = check->d;
    const size_t real = (size_t)check->precision;
    void *work = NULL;
    const bool good = take(&check->y, trips * d, real, fault) && take(&check->s, trips * d, real, fault) &&
                      take(&check->back, trips * d, real, fault) &&
                      take(&check->matrix, n * d * d, real, fault) &&
                      take(&work, d * d, sizeof *check->work, fault) &&
                      runner_new(&check->jacobian, device, bundle, "jacobian", n, fault) &&
                      runner_new(&check->apply, device, bundle, "apply", trips, fault) &&
                      runner_new(&check->invert, device, bundle, "invert", trips, fault);
    check->work = work;
    if (!good)
        return false;
    take_rows(check, part);
    runner_input(check->jacobian, "y", &(struct runner_rows){.rows = check->y, .n = trips, .stays = true});
    runner_output(check->jacobian, "s", check->s);
    runner_output(check->jacobian, "jacobian", check->matrix);
    runner_input(check->apply, "y", &(struct runner_rows){.rows = check->y, .n = trips, .stays = true});
    runner_output(check->apply, "s", check->s);
    runner_input(check->invert, "s", &(struct runner_rows){.rows = check->s, .n = trips});
    runner_output(check->invert, "y", check->back);
    return true;
}

bool time_check_new(struct time_check **out, const struct gpfc_bundle *bundle, const struct part *part,
                    int64_t n, const struct device *device, struct fault *fault)
{
    struct time_check *check = calloc(1, sizeof *check);
    *out = NULL;
    if (!check)
        return fault_memory(fault, sizeof *check, "a check of the time steps");
    *check = (struct time_check){.n = n < TIME_CHECK_ROWS ? n : TIME_CHECK_ROWS,
                                 .trips = n < TIME_CHECK_TRIPS ? n : TIME_CHECK_TRIPS,
                                 .d = bundle->dimension,
                                 .precision = bundle->precision};
    if (!check_init(check, bundle, part, device, fault)) {
        time_check_free(check);
        return false;
    }
    *out = check;
    return true;
}

void time_check_free(struct time_check *check)
{
    if (!check)
        return;
    runner_free(check->jacobian);
    runner_free(check->apply);
    runner_free(check->invert);
    free(check->y);
    free(check->s);
    free(check->back);
    free(check->matrix);
    free(check->work);
    free(check);
}

void time_check_parameters(struct time_check *check, const void *theta)
{
    runner_parameters(check->jacobian, theta);
    runner_parameters(check->apply, theta);
    runner_parameters(check->invert, theta);
}

static bool density_error(struct time_check *check, int64_t steps, double *out, struct fault *fault)
{
    const struct evaluated_rows rows = {.d = check->d,
                                        .precision = check->precision,
                                        .y = check->y,
                                        .s = check->s,
                                        .jacobian = check->matrix};
    double sum = 0;
    runner_steps(check->jacobian, steps);
    if (!runner_go(check->jacobian, check->n, fault))
        return false;
    for (int64_t row = 0; row < check->n; row++)
        sum += fabs(evaluate_delta(&rows, row, check->work));
    *out = sum / (double)check->n;
    return true;
}

static bool roundtrip(struct time_check *check, int64_t steps, double *out, struct fault *fault)
{
    const int64_t precision = check->precision;
    runner_steps(check->apply, steps);
    runner_steps(check->invert, steps);
    if (!runner_go(check->apply, check->trips, fault) || !runner_go(check->invert, check->trips, fault))
        return false;
    *out = 0;
    for (int64_t i = 0; i < check->trips * check->d; i++)
        *out = evaluate_larger(
            *out, fabs(rows_number(check->back, i, precision) - rows_number(check->y, i, precision)));
    return true;
}

bool time_check_at(void *data, int64_t steps, struct time_errors *out, struct fault *fault)
{
    struct time_check *check = data;
    return density_error(check, steps, &out->density, fault) &&
           roundtrip(check, steps, &out->roundtrip, fault);
}
