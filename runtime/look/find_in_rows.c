/* SPDX-License-Identifier: MIT
 *
 * Rows that are too few, or equal to each other. */
#include "ground/human.h"
#include "ground/text.h"
#include "look/look_view.h"

enum {
    ROWS_PER_COLUMN = 50, /* fewer, and even a mean in each octant is not known */
    ROWS_PER_MOMENT = 2   /* of the d (d + 3) / 2 numbers of mean and covariance */
};

/* A share of repeated rows that changes what is learned; below, it is worth a note. */
static const double MUCH = 0.01;

static int64_t rows_wanted(int64_t d)
{
    const int64_t by_columns = ROWS_PER_COLUMN * d, by_moments = ROWS_PER_MOMENT * d * (d + 3) / 2;
    return by_columns > by_moments ? by_columns : by_moments;
}

static void find_few(const struct look_view *view)
{
    struct human rows, wanted;
    const int64_t n = view->n - view->test;
    if (n < rows_wanted(view->d))
        (void)findings_add(view->findings, FINDING_few_rows, GPFC_WARNING, FINDING_OF_X,
                           "%s training row%s for %lld column%s; %s are the fewest that make sense",
                           human_count(&rows, n), plural(n), (long long)view->d, plural(view->d),
                           human_count(&wanted, rows_wanted(view->d)));
}

/* Do values that recur in each column explain that rows are equal? */
static bool all_recur(const struct look_view *view)
{
    for (int64_t i = 0; i < view->d; i++)
        if (!column_constant(&view->columns[i]) && !findings_mark(view->findings, FINDING_discrete, i) &&
            !findings_mark(view->findings, FINDING_repeated_value, i) &&
            !findings_mark(view->findings, FINDING_sentinel, i))
            return false;
    return true;
}

static enum gpfc_finding_level level_of(int64_t rows, int64_t of)
{
    return (double)rows > MUCH * (double)of ? GPFC_WARNING : GPFC_NOTE;
}

static void find_repeats(const struct look_view *view)
{
    struct human again, rows;
    const struct row_matches *const matches = &view->matches;
    const int64_t repeats = matches->compared - matches->different;
    if (repeats == 0)
        return;
    struct gpfc_finding *const finding =
        findings_add(view->findings, FINDING_duplicate_rows, level_of(repeats, matches->compared),
                     FINDING_OF_X, "%s of %s rows equal an earlier one", human_count(&again, repeats),
                     human_count(&rows, matches->compared));
    for (int64_t i = 0; i < matches->n_repeats; i++)
        finding_add_row(finding, matches->repeats[i]);
    finding->n_rows = repeats;
}

static void find_leaks(const struct look_view *view)
{
    struct human both, rows;
    const struct row_matches *const matches = &view->matches;
    if (matches->in_both == 0)
        return;
    struct gpfc_finding *const finding =
        findings_add(view->findings, FINDING_in_both_sets, level_of(matches->in_both, view->test),
                     FINDING_OF_X, "%s of %s test rows equal a training row",
                     human_count(&both, matches->in_both), human_count(&rows, view->test));
    for (int64_t i = 0; i < matches->n_leaked; i++)
        finding_add_row(finding, matches->leaked[i]);
    finding->n_rows = matches->in_both;
}

void find_in_rows(const struct look_view *view)
{
    struct human rows;
    if (view->n <= 1)
        (void)findings_add(view->findings, FINDING_one_row, GPFC_REFUSED, FINDING_OF_X, "%s",
                           view->n == 1 ? "there is one row" : "there are no rows");
    else if (view->matches.different == 1 && view->matches.compared == view->n)
        (void)findings_add(view->findings, FINDING_equal_rows, GPFC_REFUSED, FINDING_OF_X,
                           "all %s rows are the same", human_count(&rows, view->n));
    else
        find_few(view);
}

void find_duplicates(const struct look_view *view)
{
    if (all_recur(view))
        return;
    find_repeats(view);
    find_leaks(view);
}
