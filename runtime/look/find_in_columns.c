/* SPDX-License-Identifier: MIT
 *
 * Columns that do not vary, equal another one, or count the rows. */
#include "look/look_view.h"

enum { ROWS_TO_COUNT = 10 /* fewer may be evenly spaced by themselves */ };

static bool find_constant(const struct look_view *view, int64_t i)
{
    const bool of_y = i >= view->d;
    if (!column_constant(&view->columns[i]))
        return false;
    (void)findings_add(view->findings, of_y ? FINDING_constant_latent : FINDING_constant,
                       of_y ? GPFC_REFUSED : GPFC_WARNING, i, "%.4g in every row", view->columns[i].mean);
    return true;
}

static void find_row_number(const struct look_view *view, int64_t i)
{
    const struct column *const column = &view->columns[i];
    if (i < view->d && column->counts && column->n >= ROWS_TO_COUNT)
        (void)findings_add(view->findings, FINDING_row_number, GPFC_WARNING, i,
                           "from %.4g on, in steps of %.4g", column->first, column->step);
}

/* Column i equals an earlier one of the same side. y equal to x is told as a whole. */
static void find_equal(const struct look_view *view, int64_t i)
{
    for (int64_t j = i < view->d ? 0 : view->d; j < i; j++) {
        if (view->columns[j].word != view->columns[i].word)
            continue;
        struct gpfc_finding *const finding =
            findings_add(view->findings, FINDING_equal_columns, GPFC_WARNING, j, "the same in every row");
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
