/* SPDX-License-Identifier: MIT
 *
 * Rows that have weights: do too few of them count? And a view of them as rows of equal weight: drawn by
 * their weights, as many as they amount to, so that a test sees their distribution, and believes neither in
 * more rows than there are nor in a far row of little weight. */
#include "ground/human.h"
#include "look/look_view.h"
#include "numbers/row_weights.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_PER_COLUMN = 50 };
static const double FEW = 0.5, UNEVEN = 0.1; /* of the rows: where more count, nothing is said */

void find_in_weights(const struct look_view *view)
{
    struct human effective, rows;
    const bool few = view->effective < (double)(ROWS_PER_COLUMN * view->d);
    if (!view->weights || view->effective >= (few ? FEW : UNEVEN) * (double)view->n)
        return;
    (void)findings_add(view->findings, FINDING_uneven_weights, few ? GPFC_WARNING : GPFC_NOTE, FINDING_OF_X,
                       "%s rows are as good as %s of equal weight", human_count(&rows, view->n),
                       human_count(&effective, (int64_t)view->effective));
}

/* ---- as rows of equal weight --------------------------------------------------------------------------- */

struct drawn {
    struct look_view view;
    struct column *columns; /* [width] */
    double *rows;           /* [n][width] */
    double *means, *covariance;
    uint32_t *from; /* [n] which of the sample they are */
};

static bool take_memory(struct drawn *drawn, struct fault *fault)
{
    const size_t n = (size_t)drawn->view.sampled, width = (size_t)drawn->view.width;
    return fault_calloc(fault, (void **)&drawn->from, n, sizeof *drawn->from, "rows drawn by weight") &&
           fault_calloc(fault, (void **)&drawn->rows, n * width, sizeof *drawn->rows,
                        "rows drawn by weight") &&
           fault_calloc(fault, (void **)&drawn->columns, width, sizeof *drawn->columns, "the columns") &&
           fault_calloc(fault, (void **)&drawn->means, width * (width + 1), sizeof *drawn->means,
                        "the covariance");
}

/* The row of the data that an extreme is. */
static void number_extremes(const struct look_view *of, const struct drawn *drawn, struct extreme *extremes,
                            int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        extremes[i].row = of->numbers[drawn->from[extremes[i].row]];
}

static void sum_columns(const struct look_view *of, struct drawn *drawn)
{
    const int64_t width = of->width, n = drawn->view.sampled;
    for (int64_t i = 0; i < width; i++) {
        struct column *const column = &drawn->columns[i];
        column_add(column, drawn->rows + i, n, width);
        number_extremes(of, drawn, column->low, column_extremes(column));
        number_extremes(of, drawn, column->high, column_extremes(column));
        drawn->means[i] = column->mean;
    }
}

static void sum_products(struct drawn *drawn)
{
    const int64_t width = drawn->view.width, n = drawn->view.sampled;
    for (int64_t row = 0; row < n; row++)
        for (int64_t i = 0; i < width; i++)
            for (int64_t j = 0; j < width; j++)
                drawn->covariance[i * width + j] += (drawn->rows[row * width + i] - drawn->means[i]) *
                                                    (drawn->rows[row * width + j] - drawn->means[j]) /
                                                    (double)n;
}

static void draw(const struct look_view *of, struct drawn *drawn)
{
    const size_t width = (size_t)of->width;
    row_weights_draw(of->weights, of->sampled, 0.5, drawn->view.sampled, drawn->from);
    for (int64_t i = 0; i < drawn->view.sampled; i++)
        memcpy(drawn->rows + (size_t)i * width, of->rows + drawn->from[i] * width,
               width * sizeof *drawn->rows);
    drawn->covariance = drawn->means + width;
    sum_columns(of, drawn);
    sum_products(drawn);
}

bool find_in_weighted(const struct look_view *view, bool find(const struct look_view *, struct fault *),
                      struct fault *fault)
{
    if (!view->weights)
        return find(view, fault);
    struct drawn drawn = {.view = *view};
    drawn.view.n = drawn.view.sampled = drawn.view.kept =
        (int64_t)row_weights_effective(view->weights, view->sampled);
    bool good = take_memory(&drawn, fault);
    if (good) {
        draw(view, &drawn);
        drawn.view.rows = drawn.rows;
        drawn.view.columns = drawn.columns;
        drawn.view.means = drawn.means;
        drawn.view.covariance = drawn.covariance;
        good = find(&drawn.view, fault);
    }
    free(drawn.from);
    free(drawn.rows);
    free(drawn.columns);
    free(drawn.means);
    return good;
}
