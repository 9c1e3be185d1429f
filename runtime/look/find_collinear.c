/* SPDX-License-Identifier: MIT
 *
 * Columns that are sums of multiples of others, by the Cholesky factor of the correlations with pivots: a
 * column's remainder is what of its variance those before it do not explain. */
#include "look/look_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a column's variance: one part in a thousand of its deviation, and as much as rounded files leave. */
static const double LEAST_REMAINDER = 1e-6;
static const double SHOWN = 1e-3; /* a coefficient, of columns of deviation 1, that counts */
enum { MOST_SHOWN = 4 };

struct factor {
    int64_t n;        /* columns */
    int64_t *columns; /* [n] of x, in the order of their pivots */
    double *a;        /* [n][n] correlations, then the factor's lower triangle */
    int64_t rank;
};

/* Those that vary and are no copies. */
static int64_t choose_columns(const struct look_view *view, int64_t *columns)
{
    int64_t n = 0;
    for (int64_t i = 0; i < view->d; i++) {
        bool copy = false;
        for (int64_t k = 0; k < n && !copy; k++)
            copy = view->columns[columns[k]].word == view->columns[i].word;
        if (!copy && !column_constant(&view->columns[i]))
            columns[n++] = i;
    }
    return n;
}

static double deviation_of(const struct look_view *view, int64_t column)
{
    return sqrt(view->covariance[column * view->width + column]);
}

static void fill_correlations(const struct look_view *view, struct factor *f)
{
    for (int64_t i = 0; i < f->n; i++)
        for (int64_t j = 0; j < f->n; j++) {
            const int64_t left = f->columns[i], right = f->columns[j];
            f->a[i * f->n + j] = view->covariance[left * view->width + right] /
                                 (deviation_of(view, left) * deviation_of(view, right));
        }
}

static void swap_columns(struct factor *f, int64_t i, int64_t j)
{
    const int64_t column = f->columns[i];
    f->columns[i] = f->columns[j];
    f->columns[j] = column;
    for (int64_t k = 0; k < f->n; k++) {
        const double kept = f->a[i * f->n + k];
        f->a[i * f->n + k] = f->a[j * f->n + k];
        f->a[j * f->n + k] = kept;
    }
    for (int64_t k = 0; k < f->n; k++) {
        const double kept = f->a[k * f->n + i];
        f->a[k * f->n + i] = f->a[k * f->n + j];
        f->a[k * f->n + j] = kept;
    }
}

static void eliminate(struct factor *f, int64_t k)
{
    const int64_t n = f->n;
    const double root = sqrt(f->a[k * n + k]);
    for (int64_t i = k; i < n; i++)
        f->a[i * n + k] /= root;
    for (int64_t i = k + 1; i < n; i++)
        for (int64_t j = k + 1; j < n; j++)
            f->a[i * n + j] -= f->a[i * n + k] * f->a[j * n + k];
}

/* The factor of the columns that are independent, which come first. Of equal remainders, the first. */
static void factorise(struct factor *f)
{
    for (f->rank = 0; f->rank < f->n; f->rank++) {
        int64_t best = f->rank;
        for (int64_t i = f->rank + 1; i < f->n; i++)
            if (f->a[i * f->n + i] > f->a[best * f->n + best] + LEAST_REMAINDER)
                best = i;
        if (f->a[best * f->n + best] < LEAST_REMAINDER)
            return;
        if (best != f->rank)
            swap_columns(f, f->rank, best);
        eliminate(f, f->rank);
    }
}

/* Coefficients of the independent columns in column i, all of deviation 1: L^T c = row i of L. */
static void solve_back(const struct factor *f, int64_t i, double *c)
{
    memcpy(c, f->a + i * f->n, (size_t)f->rank * sizeof *c);
    for (int64_t k = f->rank - 1; k >= 0; k--) {
        for (int64_t j = k + 1; j < f->rank; j++)
            c[k] -= f->a[j * f->n + k] * c[j];
        c[k] /= f->a[k * f->n + k];
    }
}

/* "1 times a plus -2 times b and 3 more": as many terms as MOST_SHOWN. */
static void write_sum(const struct look_view *view, const struct factor *f, int64_t i, const double *c,
                      char *room, size_t bytes)
{
    char name[40];
    int64_t terms = 0;
    room[0] = '\0';
    for (int64_t k = 0; k < f->rank; k++) {
        const size_t length = strlen(room);
        if (fabs(c[k]) < SHOWN || terms++ >= MOST_SHOWN)
            continue;
        const double in_units = c[k] * deviation_of(view, f->columns[i]) / deviation_of(view, f->columns[k]);
        (void)snprintf(room + length, bytes - length, "%s%.4g times %s", length > 0 ? " plus " : "", in_units,
                       look_name(view, f->columns[k], name, sizeof name));
    }
    const size_t length = strlen(room);
    if (terms > MOST_SHOWN)
        (void)snprintf(room + length, bytes - length, " and %lld more", (long long)(terms - MOST_SHOWN));
}

static void tell(const struct look_view *view, const struct factor *f, int64_t i, const double *c)
{
    char sum[200], name[40];
    write_sum(view, f, i, c, sum, sizeof sum);
    struct gpfc_finding *const finding =
        findings_add(view->findings, FINDING_collinear, GPFC_WARNING, f->columns[i],
                     "%s is a constant plus %s", look_name(view, f->columns[i], name, sizeof name), sum);
    for (int64_t k = 0; k < f->rank; k++)
        if (fabs(c[k]) >= SHOWN)
            findings_add_column(view->findings, finding, f->columns[k]);
}

/* Fewer rows than columns are always collinear, and few_rows says so. */
bool find_collinear(const struct look_view *view, struct fault *fault)
{
    const int64_t d = view->d;
    const size_t bytes = (size_t)(d * (d + 1)) * sizeof(double) + (size_t)d * sizeof(int64_t);
    if (d < 2 || view->sampled <= d + 1)
        return true;
    double *const room = malloc(bytes);
    if (!room)
        return fault_memory(fault, bytes, "the correlations");
    struct factor f = {.a = room, .columns = (int64_t *)(void *)(room + d * (d + 1))};
    f.n = choose_columns(view, f.columns);
    fill_correlations(view, &f);
    factorise(&f);
    for (int64_t i = f.rank; i < f.n; i++) {
        solve_back(&f, i, room + d * d);
        tell(view, &f, i, room + d * d);
    }
    free(room);
    return true;
}
