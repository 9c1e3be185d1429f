/* SPDX-License-Identifier: MIT */
#include "train/time_check.h"

#include "kernels/kernel_run.h"
#include "model/evaluate.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdlib.h>

struct time_check {
    int64_t n, trips, d, precision; /* n: rows whose density is looked at */
    const void *y;                  /* REAL [trips][d] */
    struct kernel_run *jacobian, *apply, *invert;
    void *s, *back, *matrix; /* REAL [trips][d], [trips][d], [n][d][d] */
    double *work;            /* [d][d] */
};

static bool take(void **out, int64_t n, size_t each, struct fault *fault)
{
    return fault_calloc(fault, out, (size_t)n, each, "a check of the time steps");
}

static bool check_init(struct time_check *check, const struct gpfc_bundle *bundle, int threads,
                       struct fault *fault)
{
    const int64_t n = check->n, trips = check->trips, d = check->d;
    const size_t real = (size_t)check->precision;
    void *work = NULL;
    const bool good = take(&check->s, trips * d, real, fault) && take(&check->back, trips * d, real, fault) &&
                      take(&check->matrix, n * d * d, real, fault) &&
                      take(&work, d * d, sizeof *check->work, fault) &&
                      kernel_run_new(&check->jacobian, bundle, "jacobian", n, threads, fault) &&
                      kernel_run_new(&check->apply, bundle, "apply", trips, threads, fault) &&
                      kernel_run_new(&check->invert, bundle, "invert", trips, threads, fault);
    check->work = work;
    if (!good)
        return false;
    kernel_run_input(check->jacobian, "y", check->y);
    kernel_run_output(check->jacobian, "s", check->s);
    kernel_run_output(check->jacobian, "jacobian", check->matrix);
    kernel_run_input(check->apply, "y", check->y);
    kernel_run_output(check->apply, "s", check->s);
    kernel_run_input(check->invert, "s", check->s);
    kernel_run_output(check->invert, "y", check->back);
    return true;
}

bool time_check_new(struct time_check **out, const struct gpfc_bundle *bundle, const void *y, int64_t n,
                    int threads, struct fault *fault)
{
    struct time_check *check = calloc(1, sizeof *check);
    *out = NULL;
    if (!check)
        return fault_memory(fault, sizeof *check, "a check of the time steps");
    *check = (struct time_check){.n = n < TIME_CHECK_ROWS ? n : TIME_CHECK_ROWS,
                                 .trips = n < TIME_CHECK_TRIPS ? n : TIME_CHECK_TRIPS,
                                 .d = bundle->dimension,
                                 .precision = bundle->precision,
                                 .y = y};
    if (!check_init(check, bundle, threads, fault)) {
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
    kernel_run_free(check->jacobian);
    kernel_run_free(check->apply);
    kernel_run_free(check->invert);
    free(check->s);
    free(check->back);
    free(check->matrix);
    free(check->work);
    free(check);
}

void time_check_parameters(struct time_check *check, const void *theta)
{
    kernel_run_parameters(check->jacobian, theta);
    kernel_run_parameters(check->apply, theta);
    kernel_run_parameters(check->invert, theta);
}

static double density_error(struct time_check *check, int64_t steps)
{
    const struct evaluated_rows rows = {.d = check->d,
                                        .precision = (int)check->precision,
                                        .y = check->y,
                                        .s = check->s,
                                        .jacobian = check->matrix};
    double sum = 0;
    kernel_run_steps(check->jacobian, steps);
    kernel_run_go(check->jacobian, check->n);
    for (int64_t row = 0; row < check->n; row++)
        sum += fabs(evaluate_delta(&rows, row, check->work));
    return sum / (double)check->n;
}

static double roundtrip(struct time_check *check, int64_t steps)
{
    const int precision = (int)check->precision;
    double most = 0;
    kernel_run_steps(check->apply, steps);
    kernel_run_steps(check->invert, steps);
    kernel_run_go(check->apply, check->trips);
    kernel_run_go(check->invert, check->trips);
    for (int64_t i = 0; i < check->trips * check->d; i++)
        most = evaluate_larger(
            most, fabs(rows_number(check->back, i, precision) - rows_number(check->y, i, precision)));
    return most;
}

struct time_errors time_check_at(void *data, int64_t steps)
{
    struct time_check *check = data;
    return (struct time_errors){.density = density_error(check, steps), .roundtrip = roundtrip(check, steps)};
}

size_t time_check_bytes(const struct time_check *check)
{
    const int64_t numbers = (2 * check->trips + check->n * check->d) * check->d;
    return (size_t)(numbers * check->precision) + kernel_run_bytes(check->jacobian) +
           kernel_run_bytes(check->apply) + kernel_run_bytes(check->invert);
}
