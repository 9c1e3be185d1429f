/* SPDX-License-Identifier: MIT
 *
 * Equations with known solutions, there and back; rows that cannot arrive. */
#include "check.h"
#include "numbers/ode_dopri5.h"

#include <math.h>

enum { ROWS = 40, M = 2, MOST_DOUBLES = ROWS * 32 };

static struct ode_row rows[ROWS];
static uint32_t order[ROWS];
static double room[MOST_DOUBLES];

static void solve(ode_velocity *velocity, double start, double end, double tolerance, double *x, int64_t n)
{
    const struct ode_problem problem = {.m = M,
                                        .start = start,
                                        .end = end,
                                        .tolerance = tolerance,
                                        .most_steps = 10000,
                                        .velocity = velocity};
    CU_ASSERT_TRUE_FATAL(n * ode_room(M) <= MOST_DOUBLES);
    ode_dopri5(&problem, x, n, rows, order, room);
}

static double worst_error(int64_t n)
{
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        CU_ASSERT_FALSE(rows[i].failed);
        worst = fmax(worst, rows[i].error);
    }
    return worst;
}

/* x' = 2 t x, y' = 5 cos(5 t) */
static void changing(void *data, const uint32_t *rows_of, int64_t n, const double *t, const double *x,
                     double *v)
{
    (void)data;
    for (int64_t a = 0; a < n; a++) {
        const uint32_t i = rows_of[a];
        v[i * M] = 2 * t[i] * x[i * M];
        v[i * M + 1] = 5 * cos(5 * t[i]);
    }
}

static void solves_forwards_and_backwards_at_any_tolerance(void)
{
    const double tolerances[] = {1e-4, 1e-7, 1e-10, 1e-13};
    for (size_t k = 0; k < CHECK_COUNT(tolerances); k++) {
        double x[ROWS * M];
        for (int i = 0; i < ROWS; i++) {
            x[i * M] = i - 20;
            x[i * M + 1] = 0.1 * i;
        }
        solve(changing, -0.5, 1.5, tolerances[k], x, ROWS);
        const double limit = 20 * 20 * tolerances[k] + 1e-12;
        CU_ASSERT_TRUE(worst_error(ROWS) < 1e5 * tolerances[k]);
        for (int i = 0; i < ROWS; i++) {
            CU_ASSERT_DOUBLE_EQUAL(x[i * M], (i - 20) * exp(2), limit * exp(2));
            CU_ASSERT_DOUBLE_EQUAL(x[i * M + 1], 0.1 * i + sin(7.5) + sin(2.5), limit);
        }
        solve(changing, 1.5, -0.5, tolerances[k], x, ROWS);
        (void)worst_error(ROWS);
        for (int i = 0; i < ROWS; i++)
            CU_ASSERT_DOUBLE_EQUAL(x[i * M], i - 20, limit);
    }
}

/* Turns about the origin, the faster the larger the row. */
static void turning(void *data, const uint32_t *rows_of, int64_t n, const double *t, const double *x,
                    double *v)
{
    (void)data;
    (void)t;
    for (int64_t a = 0; a < n; a++) {
        const uint32_t i = rows_of[a];
        const double rate = x[i * M] * x[i * M] + x[i * M + 1] * x[i * M + 1];
        v[i * M] = -rate * x[i * M + 1];
        v[i * M + 1] = rate * x[i * M];
    }
}

static void every_row_has_its_own_steps(void)
{
    double x[ROWS * M];
    int64_t evaluations[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i * M] = 0.2 * i;
        x[i * M + 1] = 0;
    }
    solve(turning, 0, 1, 1e-9, x, ROWS);
    for (int i = 0; i < ROWS; i++)
        evaluations[i] = rows[i].evaluations;
    CU_ASSERT_TRUE(evaluations[ROWS - 1] > 10 * evaluations[1]);
    for (int i = 0; i < ROWS; i++) {
        double alone[M] = {0.2 * i, 0};
        CU_ASSERT_DOUBLE_EQUAL(x[i * M], 0.2 * i * cos(0.04 * i * i), 1e-5);
        solve(turning, 0, 1, 1e-9, alone, 1);
        CU_ASSERT_TRUE(alone[0] == x[i * M] && alone[1] == x[i * M + 1]);
        CU_ASSERT_EQUAL(rows[0].evaluations, evaluations[i]);
    }
}

/* x' = -1000 (x - cos t): stability limits the steps. y' = 0. */
static void stiff(void *data, const uint32_t *rows_of, int64_t n, const double *t, const double *x, double *v)
{
    (void)data;
    for (int64_t a = 0; a < n; a++) {
        v[rows_of[a] * M] = -1000 * (x[rows_of[a] * M] - cos(t[rows_of[a]]));
        v[rows_of[a] * M + 1] = 0;
    }
}

static void stiff_rows_are_solved(void)
{
    double x[M] = {3, 7};
    solve(stiff, 0, 1, 1e-8, x, 1);
    CU_ASSERT_FALSE(rows[0].failed);
    CU_ASSERT_TRUE(rows[0].evaluations > 6 * 200 && rows[0].evaluations < 6 * 2000);
    const double exact = (1e6 * cos(1) + 1e3 * sin(1)) / (1e6 + 1);
    CU_ASSERT_DOUBLE_EQUAL(x[0], exact, 1e-7);
    CU_ASSERT_EQUAL(x[1], 7);
    x[0] = 3; /* backward it grows by e^1000: it cannot arrive */
    solve(stiff, 1, 0, 1e-8, x, 1);
    CU_ASSERT_TRUE(rows[0].failed && isfinite(x[0]) && isfinite(x[1]));
}

/* x' = x^2 is infinite at t = 1/x; y' is no number where y > 1. */
static void without_end(void *data, const uint32_t *rows_of, int64_t n, const double *t, const double *x,
                        double *v)
{
    (void)data;
    (void)t;
    for (int64_t a = 0; a < n; a++) {
        const uint32_t i = rows_of[a];
        v[i * M] = x[i * M] * x[i * M];
        v[i * M + 1] = x[i * M + 1] > 1 ? NAN : 0;
    }
}

static void unsolvable_rows_fail_without_the_others(void)
{
    double x[5 * M] = {0.5, 0, 2, 0, -3, 0, 0.5, 2, 0.25, 1};
    solve(without_end, 0, 1, 1e-9, x, 5);
    const bool failed[5] = {false, true, false, true, false};
    const double expected[5] = {1, 0, -0.75, 0, 1.0 / 3};
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(rows[i].failed, failed[i]);
        CU_ASSERT_TRUE(isfinite(x[i * M]) && isfinite(x[i * M + 1]) && isfinite(rows[i].error));
        CU_ASSERT_TRUE(rows[i].evaluations <= 6 * 10000 + 7);
        if (!failed[i])
            CU_ASSERT_DOUBLE_EQUAL(x[i * M], expected[i], 1e-7);
    }
}

static void an_empty_interval_and_a_start_that_is_not_finite(void)
{
    double x[M] = {1, 2};
    solve(changing, 1, 1, 1e-9, x, 1);
    CU_ASSERT_TRUE(!rows[0].failed && x[0] == 1 && x[1] == 2);
    x[0] = INFINITY;
    solve(turning, 0, 1, 1e-9, x, 1);
    CU_ASSERT_TRUE(rows[0].failed);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"solves forwards and backwards at any tolerance", solves_forwards_and_backwards_at_any_tolerance},
        {"every row has its own steps", every_row_has_its_own_steps},
        {"stiff rows are solved", stiff_rows_are_solved},
        {"unsolvable rows fail without the others", unsolvable_rows_fail_without_the_others},
        {"an empty interval, and a start that is not finite",
         an_empty_interval_and_a_start_that_is_not_finite},
    };
    return check_main("ode", cases, CHECK_COUNT(cases));
}
