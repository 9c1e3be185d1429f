/* SPDX-License-Identifier: MIT
 *
 * Columns that do not vary, equal another one, or count the rows. */
#include "look/look_view.h"

#include <math.h>

enum {
    ROWS_TO_COUNT = 10, /* fewer may be evenly spaced by themselves */
    ROWS_TO_NUMBER = 20 /* fewer may have all of as many values by chance */
};
static const double GRID_ROUNDING = 0.01; /* of a step */

static bool find_constant(const struct look_view *view, int64_t i)
{
    const bool of_y = i >= view->d;
    if (!column_constant(&view->columns[i]))
        return false;
    (void)findings_add(view->findings, of_y ? FINDING_constant_latent : FINDING_constant,
                       of_y ? GPFC_REFUSED : GPFC_WARNING, i, "%.4g in every row", view->columns[i].mean);
    return true;
}

/* Do the rows, in some order, hold each of as many evenly spaced values once? By the sample. */
static bool is_numbered(const struct look_column *column)
{
    const double least = column->sums->low[0].value, greatest = column->sums->high[0].value;
    const double step = (greatest - least) / (double)(column->sums->n - 1);
    double before = -1;
    for (int64_t i = 0; i < column->n; i++) {
        const double steps = (column->sorted[i] - least) / step, whole = round(steps);
        if (!(fabs(steps - whole) <= GRID_ROUNDING) || whole == before)
            return false;
        before = whole;
    }
    return true;
}

static void find_row_number(const struct look_view *view, int64_t i)
{
    const struct look_column column = look_column(view, i);
    const struct column *const sums = column.sums;
    char first[LOOK_NUMBER], last[LOOK_NUMBER];
    if (i >= view->d)
        return;
    if (sums->n >= ROWS_TO_COUNT && column_counts(sums))
        (void)findings_add(view->findings, FINDING_row_number, GPFC_WARNING, i,
                           "from %s on, in steps of %.4g", look_number(sums->first, first), sums->step);
    else if (sums->n >= ROWS_TO_NUMBER && is_numbered(&column))
        (void)findings_add(view->findings, FINDING_row_number, GPFC_WARNING, i,
                           "each from %s to %s once, in another order",
                           look_number(sums->low[0].value, first), look_number(sums->high[0].value, last));
}

/* Column i equals an earlier one of the same side. y equal to x is told as a whole. */
static void find_equal(const struct look_view *view, int64_t i)
{
    const bool of_y = i >= view->d;
    for (int64_t j = of_y ? view->d : 0; j < i; j++) {
        if (view->columns[j].word != view->columns[i].word)
            continue;
        struct gpfc_finding *const finding =
            findings_add(view->findings, of_y ? FINDING_equal_latents : FINDING_equal_columns, GPFC_WARNING,
                         j, "the same in every row");
        findings_add_column(view->findings, finding, i);
        return;
    }
}

static void find_same(const struct look_view *view)
{
    for (int64_t i = 0; i < view->d; i++)
        if (view->columns[i].word != view->columns[view->d + i].word)
            return;
    (void)findings_add(view->findings, FINDING_same_latent, GPFC_WARNING, FINDING_OF_Y,
                       "all numbers of y are those of x");
}

void find_in_columns(const struct look_view *view)
{
    for (int64_t i = 0; i < view->width; i++)
        if (!find_constant(view, i)) {
            find_row_number(view, i);
            find_equal(view, i);
        }
    if (view->has_y)
        find_same(view);
}
