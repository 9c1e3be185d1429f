/* SPDX-License-Identifier: MIT
 *
 * Is y a sample of N(0, I)? Mean, covariance and outermost values against exactly that, nothing estimated;
 * Kolmogorov and Smirnov's distance of each coordinate, of some directions and of |y|^2. If it is not: is it
 * another normal distribution, or is x the one? */
#include "look/look_view.h"
#include "numbers/chances.h"
#include "numbers/normal.h"
#include "numbers/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTIONS = 20, LEAST_ROWS = 20 /* fewer never tell */ };
static const uint64_t SEED = 1; /* of the directions: equal data give equal findings */

/* That any of all tests of a sample of N(0, I) is as bad as the worst: once in a million. */
static const double LOG_CHANCE = -13.8;
/* What changes a result: a flow that was trained well stays below, however many rows show that it is not
 * perfect. */
static const double MUCH_MEAN = 0.05, MUCH_COVARIANCE = 0.1, MUCH_DISTANCE = 0.03;

static const double KURTOSIS_DEVIATIONS =
    5; /* of a normal coordinate's; says little, where it decides alone */

struct judgement {
    double worst; /* log of the chance of the worst test */
    int64_t tests;
    double mean, covariance, distance,
        greatest; /* largest |mean|, |covariance - I|, distance, |y| that counts */
    double least_deviation, most_deviation, correlation; /* the largest, without its sign */
};

struct latents {
    const struct look_view *view;
    int64_t first, d, n; /* columns from first on; rows */
    double *rows;        /* [n][d] */
    double *room;        /* [n] */
};

/* ---- tests --------------------------------------------------------------------------------------------- */

static void judge(struct judgement *to, double log_chance)
{
    to->worst = fmin(to->worst, log_chance);
    to->tests++;
}

static bool rejected(const struct judgement *j)
{
    return j->worst + log((double)j->tests) < LOG_CHANCE;
}

static double normal_below(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static int by_value(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* values[n], which it sorts; square_of > 0: they are to be chi-square with so many degrees of freedom. */
static void judge_distance(struct judgement *to, double *values, int64_t n, int64_t square_of)
{
    double distance = 0;
    qsort(values, (size_t)n, sizeof *values, by_value);
    for (int64_t i = 0; i < n; i++) {
        const double below =
            square_of > 0 ? chi_square_below(values[i], (double)square_of) : normal_below(values[i]);
        distance = fmax(distance, fmax(below - (double)i / (double)n, (double)(i + 1) / (double)n - below));
    }
    to->distance = fmax(to->distance, distance);
    judge(to, log_chance_distance(distance, n));
}

static double dot(const double *a, const double *b, int64_t d)
{
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
        sum += a[i] * b[i];
    return sum;
}

static void judge_coordinate(struct judgement *to, const struct latents *y, int64_t j)
{
    for (int64_t i = 0; i < y->n; i++)
        y->room[i] = y->rows[i * y->d + j];
    judge_distance(to, y->room, y->n, 0);
}

/* direction [d], made here. */
static void judge_direction(struct judgement *to, const struct latents *y, int64_t number, double *direction)
{
    const uint64_t stream = random_stream(RANDOM_LOOK, (uint64_t)number);
    random_fill_normal(SEED, stream, 0, y->d, 8, direction);
    const double length = sqrt(dot(direction, direction, y->d));
    for (int64_t i = 0; i < y->n; i++)
        y->room[i] = dot(y->rows + i * y->d, direction, y->d) / length;
    judge_distance(to, y->room, y->n, 0);
}

static void judge_shape(struct judgement *to, const struct latents *y, double *direction)
{
    for (int64_t j = 0; j < y->d; j++)
        judge_coordinate(to, y, j);
    for (int64_t k = 0; k < DIRECTIONS && y->d > 1; k++)
        judge_direction(to, y, k, direction);
    for (int64_t i = 0; i < y->n; i++)
        y->room[i] = dot(y->rows + i * y->d, y->rows + i * y->d, y->d);
    judge_distance(to, y->room, y->n, y->d);
}

static double covariance_at(const struct latents *y, int64_t i, int64_t j)
{
    return y->view->covariance[(y->first + i) * y->view->width + y->first + j];
}

/* Variances are chi-square; correlations are normal after Fisher's transform. */
static void judge_moments(struct judgement *to, const struct latents *y)
{
    const double n = (double)y->view->kept;
    for (int64_t i = 0; i < y->d; i++) {
        const double mean = y->view->means[y->first + i], variance = covariance_at(y, i, i);
        const double root = (cbrt(variance) - (1 - 2 / (9 * n))) / sqrt(2 / (9 * n));
        to->mean = fmax(to->mean, fabs(mean));
        to->covariance = fmax(to->covariance, fabs(variance - 1));
        to->least_deviation = fmin(to->least_deviation, sqrt(variance));
        to->most_deviation = fmax(to->most_deviation, sqrt(variance));
        judge(to, log_chance_normal(sqrt(n) * mean));
        judge(to, log_chance_normal(root));
        for (int64_t j = 0; j < i; j++) {
            const double both = covariance_at(y, i, j);
            const double correlation = both / sqrt(variance * covariance_at(y, j, j));
            to->covariance = fmax(to->covariance, fabs(both));
            to->correlation = fmax(to->correlation, fabs(correlation));
            judge(to, log_chance_normal(sqrt(n - 3) * atanh(fmax(-1, fmin(1, correlation)))));
        }
    }
}

/* Of all rows, not the sample: log of the chance that any of them is as far out in one coordinate. */
static double extreme_chance(const struct latents *y, double value)
{
    return fmin(0, log((double)y->view->n) + log_chance_normal(value));
}

static bool is_too_far(const struct latents *y, double value)
{
    return extreme_chance(y, value) + log((double)(4 * y->d)) < LOG_CHANCE;
}

static void judge_extremes(struct judgement *to, const struct latents *y)
{
    for (int64_t i = 0; i < y->d; i++) {
        const struct column *const column = &y->view->columns[y->first + i];
        const double far = fmax(fabs(column->low[0].value), fabs(column->high[0].value));
        if (is_too_far(y, far))
            to->greatest = fmax(to->greatest, far);
        judge(to, extreme_chance(y, far));
    }
}

static void add_far_rows(const struct latents *y, const struct extreme *extremes, int64_t n,
                         struct gpfc_finding *finding)
{
    for (int64_t i = 0; i < n && is_too_far(y, extremes[i].value); i++)
        finding_add_row(finding, extremes[i].row);
}

/* ---- a side of the rows -------------------------------------------------------------------------------- */

static void take_side(struct latents *y, int64_t first)
{
    y->first = first;
    for (int64_t i = 0; i < y->n; i++)
        memcpy(y->rows + i * y->d, y->view->rows + i * y->view->width + first,
               (size_t)y->d * sizeof *y->rows);
}

static struct judgement judge_side(struct latents *y, int64_t first, double *direction)
{
    struct judgement judgement = {.least_deviation = INFINITY};
    take_side(y, first);
    judge_moments(&judgement, y);
    judge_extremes(&judgement, y);
    judge_shape(&judgement, y, direction);
    return judgement;
}

/* Rows less their mean, times the inverse of their covariance's factor. False: it has none. */
static bool whiten(const struct latents *y, double *L)
{
    const int64_t d = y->d;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j <= i; j++) {
            const double left = covariance_at(y, i, j) - dot(L + i * d, L + j * d, j);
            if (i == j && !(left > 0))
                return false;
            L[i * d + j] = i == j ? sqrt(left) : left / L[j * d + j];
        }
    for (int64_t row = 0; row < y->n; row++) {
        double *const at = y->rows + row * d;
        for (int64_t i = 0; i < d; i++)
            at[i] = (at[i] - y->view->means[y->first + i] - dot(L + i * d, at, i)) / L[i * d + i];
    }
    return true;
}

/* Is y, which take_side took, normal with another mean and covariance? */
static bool is_another_normal(const struct latents *y, double *L, double *direction)
{
    struct judgement shape = {.worst = 0};
    for (int64_t i = 0; i < y->d; i++)
        if (fabs(column_kurtosis(&y->view->columns[y->first + i])) >
            KURTOSIS_DEVIATIONS * sqrt(24 / (double)y->view->n))
            return false;
    if (!whiten(y, L))
        return false;
    judge_shape(&shape, y, direction);
    return !rejected(&shape);
}

static bool moments_off(const struct judgement *y)
{
    return y->mean > MUCH_MEAN || y->covariance > MUCH_COVARIANCE;
}

/* ---- what is told -------------------------------------------------------------------------------------- */

static void tell_scaled(const struct look_view *view, const struct judgement *y)
{
    (void)findings_add(view->findings, FINDING_scaled, GPFC_WARNING, FINDING_OF_Y,
                       "normal, but the means are up to %.2g from 0, the deviations are %.3g to %.3g, and "
                       "the correlations up to %.2g",
                       y->mean, y->least_deviation, y->most_deviation, y->correlation);
}

/* Where the moments are right, the rows that are not are named. */
static void tell_not_normal(const struct latents *latents, const struct judgement *y,
                            enum gpfc_finding_level level)
{
    const struct look_view *const view = latents->view;
    char outlying[80] = "";
    if (y->greatest > 0)
        (void)snprintf(outlying, sizeof outlying, ", a coordinate is %.3g", y->greatest);
    struct gpfc_finding *const finding =
        findings_add(view->findings, FINDING_not_normal, level, FINDING_OF_Y,
                     "largest |mean| %.2g, |covariance - I| %.2g, distance of distribution functions %.2g%s",
                     y->mean, y->covariance, y->distance, outlying);
    for (int64_t i = 0; i < view->d && !moments_off(y); i++) {
        const struct column *const column = &view->columns[view->d + i];
        add_far_rows(latents, column->low, column_extremes(column), finding);
        add_far_rows(latents, column->high, column_extremes(column), finding);
    }
}

static bool is_much(const struct judgement *y)
{
    return moments_off(y) || y->distance > MUCH_DISTANCE || y->greatest > 0;
}

static void find_by(struct latents *y, double *L, double *direction)
{
    const struct look_view *const view = y->view;
    const struct judgement of_y = judge_side(y, view->d, direction);
    if (!rejected(&of_y))
        return;
    if (!is_much(&of_y)) {
        tell_not_normal(y, &of_y, GPFC_NOTE);
        return;
    }
    if (moments_off(&of_y) && is_another_normal(y, L, direction)) {
        tell_scaled(view, &of_y);
        return;
    }
    const struct judgement of_x = judge_side(y, 0, direction);
    if (!rejected(&of_x))
        (void)findings_add(view->findings, FINDING_swapped, GPFC_WARNING, FINDING_OF_Y,
                           "x is a sample of N(0, I), y is not");
    else
        tell_not_normal(y, &of_y, GPFC_WARNING);
}

bool find_in_latents(const struct look_view *view, struct fault *fault)
{
    const int64_t d = view->d, n = view->sampled;
    const size_t numbers = (size_t)(n * d + n + d * d + d);
    if (n < LEAST_ROWS || view->findings->of[FINDING_constant_latent][1].kind)
        return true;
    double *const room = calloc(numbers, sizeof *room);
    if (!room)
        return fault_memory(fault, numbers * sizeof *room, "the tests of y");
    struct latents y = {.view = view, .d = d, .n = n, .rows = room, .room = room + n * d};
    find_by(&y, y.room + n, y.room + n + d * d);
    free(room);
    return true;
}
