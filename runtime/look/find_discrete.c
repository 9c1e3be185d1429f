/* SPDX-License-Identifier: MIT
 *
 * Columns of counts, categories and rounded numbers, and single values that recur in a continuous column. */
#include "look/look_view.h"

#include <math.h>

enum {
    MOST_LEVELS = 4096, /* more are too fine for a density to have a spike at each */
    LEAST_ROWS = 20,    /* fewer may lie on a grid by chance */
    ROWS_PER_VALUE = 10,
    LEAST_RECURRING = 5
};
static const double GRID_ROUNDING = 0.01; /* of a step, as numbers of single precision have it */
static const double MUCH = 0.01, TIMES_AS_OFTEN = 5;

struct values {                 /* of a column */
    int64_t different, longest; /* how many; rows of the one that is there most often */
    double step;                /* the smallest difference of two */
    double recurring;           /* the one that is there most often */
};

static struct values count_values(const struct look_column *column)
{
    struct values values = {.step = INFINITY};
    for (int64_t from = 0, end; from < column->n; from = end) {
        for (end = from + 1; end < column->n && column->sorted[end] == column->sorted[from];)
            end++;
        values.different++;
        if (end < column->n)
            values.step = fmin(values.step, column->sorted[end] - column->sorted[from]);
        if (end - from > values.longest) {
            values.longest = end - from;
            values.recurring = column->sorted[from];
        }
    }
    return values;
}

static bool on_grid(const struct look_column *column, double step)
{
    const double first = column->sorted[0];
    for (int64_t i = 0; i < column->n; i++) {
        const double steps = (column->sorted[i] - first) / step;
        if (fabs(steps - round(steps)) > GRID_ROUNDING)
            return false;
    }
    return true;
}

/* With y = f(x) given, no density of x is learned. */
static enum gpfc_finding_level level_of(const struct look_view *view)
{
    return view->has_y || view->dequantised ? GPFC_NOTE : GPFC_WARNING;
}

/* More rows than steps: a model finds the steps. */
static bool find_steps(const struct look_view *view, const struct look_column *column,
                       const struct values *values)
{
    const double first = column->sorted[0], last = column->sorted[column->n - 1];
    const double levels = (last - first) / values->step + 1;
    if (!(levels <= MOST_LEVELS && levels <= (double)view->n && on_grid(column, values->step)))
        return false;
    view->steps[column->number] = values->step;
    (void)findings_add(view->findings, FINDING_discrete, level_of(view), column->number,
                       "%lld values from %.4g to %.4g, in steps of %.4g%s", (long long)values->different,
                       first, last, values->step,
                       view->dequantised ? ", filled by noise (data.dequantise)" : "");
    return true;
}

/* How often a row is there, on average: values recur with their rows. */
static double times_a_row(const struct look_view *view)
{
    return (double)view->matches.compared / (double)view->matches.different;
}

static bool find_categories(const struct look_view *view, const struct look_column *column,
                            const struct values *values)
{
    const double rows = (double)column->n / times_a_row(view);
    if (values->different * ROWS_PER_VALUE > column->n || (double)values->different * 2 > rows)
        return false;
    (void)findings_add(view->findings, FINDING_discrete, level_of(view), column->number,
                       "%lld different values", (long long)values->different);
    return true;
}

void find_discrete(const struct look_view *view)
{
    for (int64_t i = 0; i < view->d && view->n >= LEAST_ROWS; i++) {
        const struct look_column column = look_column(view, i);
        if (column_constant(column.sums) || findings_mark(view->findings, FINDING_row_number, i))
            continue;
        const struct values values = count_values(&column);
        if (!find_steps(view, &column, &values))
            (void)find_categories(view, &column, &values);
    }
}

/* ---- values that recur --------------------------------------------------------------------------------- */

static bool recurs(const struct look_view *view, const struct look_column *column,
                   const struct values *values)
{
    const double n = (double)column->n, often = (double)values->longest;
    return values->longest >= LEAST_RECURRING && often > MUCH * n &&
           often > TIMES_AS_OFTEN * times_a_row(view);
}

/* A code for a missing number is told as such. */
static bool is_told(const struct look_view *view, const struct look_column *column, double value)
{
    return findings_mark(view->findings, FINDING_sentinel, column->number) &&
           (value == column->sums->low[0].value || value == column->sums->high[0].value);
}

static void find_recurring_in(const struct look_view *view, int64_t i)
{
    char number[LOOK_NUMBER];
    const bool of_y = i >= view->d;
    const struct look_column column = look_column(view, i);
    if (column_constant(column.sums) || findings_mark(view->findings, FINDING_row_number, i) ||
        findings_mark(view->findings, FINDING_discrete, i))
        return;
    const struct values values = count_values(&column);
    if (recurs(view, &column, &values) && !is_told(view, &column, values.recurring))
        (void)findings_add(view->findings, of_y ? FINDING_repeated_latent : FINDING_repeated_value,
                           of_y ? GPFC_WARNING : level_of(view), i, "%s in %.2g %% of the rows",
                           look_number(values.recurring, number),
                           100 * (double)values.longest / (double)column.n);
}

void find_recurring(const struct look_view *view)
{
    for (int64_t i = 0; i < view->width && view->n >= LEAST_ROWS; i++)
        find_recurring_in(view, i);
}
