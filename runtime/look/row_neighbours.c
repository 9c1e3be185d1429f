/* SPDX-License-Identifier: MIT */
#include "look/row_neighbours.h"

#include <math.h>
#include <stdlib.h>

struct search {
    const struct look_view *view;
    int64_t n;
    const double **rows; /* [n] of the sample, from its first to its last */
    double *scale;       /* [width] 1 / deviation^2 */
    double *distance[2]; /* [n] of the row in question to all others, squared: in x, in y; itself: infinite */
};

static double distance(const struct search *s, int64_t i, int64_t k, int64_t first)
{
    const double *const a = s->rows[i] + first, *const b = s->rows[k] + first;
    double sum = 0;
    for (int64_t j = 0; j < s->view->d; j++)
        sum += (a[j] - b[j]) * (a[j] - b[j]) * s->scale[first + j];
    return sum;
}

static void measure_distances(const struct search *s, int64_t i)
{
    for (int side = 0; side < 2; side++) {
        for (int64_t k = 0; k < s->n; k++)
            s->distance[side][k] = distance(s, i, k, side * s->view->d);
        s->distance[side][i] = INFINITY;
    }
}

/* Ascending; of equal ones, the first. The row itself is at an infinite distance, and there are enough
 * others. */
static void find_nearest(const double *distances, int64_t n, int32_t near[NEIGHBOURS])
{
    int held = 0;
    for (int64_t k = 0; k < n; k++) {
        if (held == NEIGHBOURS && !(distances[k] < distances[near[NEIGHBOURS - 1]]))
            continue;
        int at = held < NEIGHBOURS ? held++ : NEIGHBOURS - 1;
        for (; at > 0 && distances[k] < distances[near[at - 1]]; at--)
            near[at] = near[at - 1];
        near[at] = (int32_t)k;
    }
}

static double rank_of(const double *distances, int64_t n, int32_t row)
{
    int64_t nearer = 0, equal = -1; /* the row itself */
    for (int64_t k = 0; k < n; k++) {
        nearer += distances[k] < distances[row];
        equal += distances[k] == distances[row];
    }
    return ((double)nearer + 0.5 * (double)equal) / (double)(n - 2);
}

/* The middle one of their ranks; sorts them by insertion. */
static double median_rank(const double *distances, int64_t n, const int32_t near[NEIGHBOURS])
{
    double ranks[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; i++) {
        const double rank = rank_of(distances, n, near[i]);
        int at = i;
        for (; at > 0 && ranks[at - 1] > rank; at--)
            ranks[at] = ranks[at - 1];
        ranks[at] = rank;
    }
    return ranks[NEIGHBOURS / 2];
}

static void describe_row(const struct search *s, int64_t i, struct row_neighbours *out)
{
    measure_distances(s, i);
    for (int side = 0; side < 2; side++)
        find_nearest(s->distance[side], s->n, out->near[side]);
    out->nearest = rank_of(s->distance[1], s->n, out->near[0][0]);
    out->rank_in_y = median_rank(s->distance[1], s->n, out->near[0]);
    out->rank_in_x = median_rank(s->distance[0], s->n, out->near[1]);
}

static void fill(const struct search *s)
{
    const struct look_view *const view = s->view;
    for (int64_t i = 0; i < view->width; i++) {
        const double variance = view->covariance[i * view->width + i];
        s->scale[i] = variance > 0 ? 1 / variance : 0;
    }
    for (int64_t i = 0; i < s->n; i++)
        s->rows[i] = view->rows + i * view->sampled / s->n * view->width;
}

static bool search(struct search *s, struct row_neighbours **out, struct fault *fault)
{
    const size_t n = (size_t)s->n, numbers = (size_t)s->view->width + 2 * n;
    *out = calloc(n, sizeof **out);
    s->scale = calloc(numbers, sizeof *s->scale);
    s->rows = calloc(n, sizeof *s->rows);
    if (!*out || !s->scale || !s->rows)
        return fault_memory(fault, numbers * sizeof *s->scale, "the neighbours of rows");
    s->distance[0] = s->scale + s->view->width;
    s->distance[1] = s->distance[0] + n;
    fill(s);
    for (int64_t i = 0; i < s->n; i++)
        describe_row(s, i, &(*out)[i]);
    return true;
}

bool row_neighbours_find(struct row_neighbours **out, const struct look_view *view, int64_t n,
                         struct fault *fault)
{
    struct search s = {.view = view, .n = n};
    const bool good = search(&s, out, fault);
    free(s.scale);
    free(s.rows);
    if (!good) {
        free(*out);
        *out = NULL;
    }
    return good;
}
