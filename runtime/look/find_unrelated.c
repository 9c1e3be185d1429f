/* SPDX-License-Identifier: MIT
 *
 * Do x and y of a row belong together? If they do not, the nearest neighbour of a row in x is anywhere in y:
 * among the distances in y its rank is uniform; and no coordinate of x is correlated with one of y. A flow is
 * one to one, so that at least one of these is far from true.
 *
 * If some rows have a y of other rows, most neighbours of such a row are anywhere, in either direction, and
 * those rows are anywhere among the others. Rows near which a flow bends more than the sample resolves are
 * neighbours of each other instead. */
#include "look/row_neighbours.h"
#include "numbers/chances.h"

#include <math.h>
#include <stdlib.h>

enum {
    MOST_ROWS = 2000,
    LEAST_ROWS = 100,            /* fewer never tell */
    LEAST_ROWS_PARTLY = 1000,    /* fewer do not tell a flow that bends from rows out of order */
    MOST_DIFFERENCES = 500000000 /* about a second */
};
/* Deviations of the mean rank, or what a correlation's chance is as small as; a pair of neighbours counts
 * twice, so that half of these are sure. */
static const double DEVIATIONS = 6, LOG_CHANCE = -20.7;

static int64_t rows_to_compare(const struct look_view *view)
{
    const int64_t affordable = (int64_t)sqrt((double)MOST_DIFFERENCES / (double)view->width);
    const int64_t most = affordable < MOST_ROWS ? affordable : MOST_ROWS;
    return view->sampled < most ? view->sampled : most;
}

/* ---- all rows ------------------------------------------------------------------------------------------ */

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

static bool find_all_unrelated(const struct look_view *view, const struct row_neighbours *rows, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += rows[i].nearest;
    const double mean = sum / (double)n;
    if ((0.5 - mean) * sqrt(12 * (double)n) >= DEVIATIONS || correlation_chance(view) < LOG_CHANCE)
        return false;
    (void)findings_add(
        view->findings, FINDING_unrelated, GPFC_WARNING, FINDING_OF_Y,
        "rows whose x are close have y that are not: their mean rank by distance is %.2f, that "
        "of any other rows 0.50",
        mean);
    return true;
}

/* ---- some rows ----------------------------------------------------------------------------------------- */

/* A row is lost if most of its neighbours are as far as any; of rows with another's y, PER_SHARE are. */
static const double LOST_RANK = 0.3, PER_SHARE = 0.63;
static const double LEAST_LOST = 0.04;
/* Of a flow that bends, some rows are lost, too. Then others are not well placed either, or the lost are
 * neighbours: more often than any two rows, by this factor. */
static const double WELL_PLACED = 0.04, CLUSTERED = 1.8;
/* In few dimensions the rows are close enough to each other that no flow loses as many. */
static const double MANY_LOST = 0.25;
enum { FEW_DIMENSIONS = 3 };

static double rank_both_ways(const struct row_neighbours *row)
{
    return fmin(row->rank_in_x, row->rank_in_y);
}

static bool is_lost(const struct row_neighbours *row)
{
    return rank_both_ways(row) > LOST_RANK;
}

static double share_of_lost(const struct row_neighbours *rows, int64_t n)
{
    int64_t lost = 0;
    for (int64_t i = 0; i < n; i++)
        lost += is_lost(&rows[i]);
    return (double)lost / (double)n;
}

/* Are at least half of the rows well placed? */
static bool most_are_placed(const struct row_neighbours *rows, int64_t n)
{
    int64_t placed = 0;
    for (int64_t i = 0; i < n; i++)
        placed += rank_both_ways(&rows[i]) < WELL_PLACED;
    return 2 * placed > n;
}

/* How often neighbours of a lost row, in x (0) or in y (1), are lost. */
static double lost_near_lost(const struct row_neighbours *rows, int64_t n, int side)
{
    int64_t lost = 0, near = 0;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < NEIGHBOURS && is_lost(&rows[i]); k++) {
            near++;
            lost += is_lost(&rows[rows[i].near[side][k]]);
        }
    return near > 0 ? (double)lost / (double)near : 0;
}

static void find_some_unrelated(const struct look_view *view, const struct row_neighbours *rows, int64_t n)
{
    const double share = share_of_lost(rows, n);
    const bool many = share > MANY_LOST && view->d <= FEW_DIMENSIONS;
    if (n < LEAST_ROWS_PARTLY || share < LEAST_LOST || (!many && !most_are_placed(rows, n)))
        return;
    for (int side = 0; side < 2; side++)
        if (lost_near_lost(rows, n, side) > CLUSTERED * share)
            return;
    (void)findings_add(view->findings, FINDING_partly_unrelated, GPFC_WARNING, FINDING_OF_Y,
                       "about %.0f %% of the rows have a y far from those of rows with a close x, and an x "
                       "far from those with a close y",
                       10 * fmin(10, round(10 * share / PER_SHARE)));
}

/* ---- both ---------------------------------------------------------------------------------------------- */

bool find_unrelated(const struct look_view *view, struct fault *fault)
{
    const int64_t n = rows_to_compare(view);
    struct row_neighbours *rows;
    if (n < LEAST_ROWS || view->findings->of[FINDING_constant_latent][1].kind)
        return true;
    if (!row_neighbours_find(&rows, view, n, fault))
        return false;
    if (!find_all_unrelated(view, rows, n))
        find_some_unrelated(view, rows, n);
    free(rows);
    return true;
}
