/* SPDX-License-Identifier: MIT
 *
 * Do x and y of a row belong together? If they do not, the nearest neighbour of a row in x is anywhere in y:
 * among the distances in y its rank is uniform; and no coordinate of x is correlated with one of y. A flow is
 * one to one, so that at least one of these is far from true. */
#include "look/look_view.h"
#include "numbers/chances.h"

#include <math.h>
#include <stdlib.h>

enum {
    MOST_ROWS = 2000,
    LEAST_ROWS = 100,            /* fewer never tell */
    MOST_DIFFERENCES = 500000000 /* about a second */
};
/* Deviations of the mean rank, or what a correlation's chance is as small as; a pair of neighbours counts
 * twice, so that half of these are sure. */
static const double DEVIATIONS = 6, LOG_CHANCE = -20.7;

struct relation {
    const struct look_view *view;
    int64_t n, stride; /* rows of the sample that are compared: 0, stride, 2 stride, ... */
    double *scale;     /* [width] 1 / deviation^2 */
};

static int64_t rows_to_compare(const struct look_view *view)
{
    const int64_t affordable = (int64_t)sqrt((double)MOST_DIFFERENCES / (double)view->width);
    const int64_t most = affordable < MOST_ROWS ? affordable : MOST_ROWS;
    return view->sampled < most ? view->sampled : most;
}

/* Of rows i and k, squared, in the columns from first on. */
static double distance(const struct relation *r, int64_t i, int64_t k, int64_t first)
{
    const double *const a = r->view->rows + i * r->stride * r->view->width + first;
    const double *const b = r->view->rows + k * r->stride * r->view->width + first;
    double sum = 0;
    for (int64_t j = 0; j < r->view->d; j++)
        sum += (a[j] - b[j]) * (a[j] - b[j]) * r->scale[first + j];
    return sum;
}

static int64_t nearest(const struct relation *r, int64_t i)
{
    double least = INFINITY;
    int64_t best = i == 0;
    for (int64_t k = 0; k < r->n; k++) {
        const double away = k == i ? INFINITY : distance(r, i, k, 0);
        if (away < least) {
            least = away;
            best = k;
        }
    }
    return best;
}

/* 0: no row is nearer to i in y than its nearest neighbour in x; 1: all are. Half of those at the same
 * distance. */
static double rank_of_nearest(const struct relation *r, int64_t i)
{
    const double away = distance(r, i, nearest(r, i), r->view->d);
    double nearer = -0.5; /* the neighbour itself */
    for (int64_t k = 0; k < r->n; k++) {
        const double other = k == i ? INFINITY : distance(r, i, k, r->view->d);
        nearer += other < away ? 1 : other == away ? 0.5 : 0;
    }
    return nearer / (double)(r->n - 2);
}

static double mean_rank(const struct relation *r)
{
    double sum = 0;
    for (int64_t i = 0; i < r->n; i++)
        sum += rank_of_nearest(r, i);
    return sum / (double)r->n;
}

/* log of the chance that the correlations of x with y are as large, if there are none: n times the sum of
 * their squares is then chi-square. */
static double correlation_chance(const struct look_view *view)
{
    const int64_t d = view->d, width = view->width;
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = d; j < width; j++) {
            const double variances = view->covariance[i * width + i] * view->covariance[j * width + j];
            const double both = view->covariance[i * width + j];
            sum += variances > 0 ? both * both / variances : 0;
            n += variances > 0;
        }
    /* Correlated coordinates make the sum vary more than chi-square: at the most as one with d of them. */
    return n > 0 ? log_chance_chi_square((double)view->kept * sum / (double)d, (double)n / (double)d) : 0;
}

bool find_unrelated(const struct look_view *view, struct fault *fault)
{
    struct relation r = {.view = view, .n = rows_to_compare(view)};
    if (r.n < LEAST_ROWS || correlation_chance(view) < LOG_CHANCE)
        return true;
    r.stride = view->sampled / r.n;
    r.scale = calloc((size_t)view->width, sizeof *r.scale);
    if (!r.scale)
        return fault_memory(fault, (size_t)view->width * sizeof *r.scale, "the scales of the columns");
    for (int64_t i = 0; i < view->width; i++) {
        const double variance = view->covariance[i * view->width + i];
        r.scale[i] = variance > 0 ? 1 / variance : 0;
    }
    const double mean = mean_rank(&r), deviations = (0.5 - mean) * sqrt(12 * (double)r.n);
    if (deviations < DEVIATIONS)
        (void)findings_add(
            view->findings, FINDING_unrelated, GPFC_WARNING, FINDING_OF_Y,
            "neighbours in x are no neighbours in y: the mean rank of their distance is %.2f, of any "
            "other rows 0.50",
            mean);
    free(r.scale);
    return true;
}
