/* SPDX-License-Identifier: MIT
 *
 * Values far from all others: numbers that stand for missing ones, rows that lie far out, heavy tails. */
#include "look/look_view.h"

#include <float.h>
#include <math.h>

enum {
    MOST_OUTLYING = 16, /* of one side of a column; more are a part of the distribution */
    ROWS_PER_OUTLYING = 100,
    LEAST_TAIL = 10, /* values behind them by which the tail is known */
    TAIL_SHARE = 8,  /* one in so many rows belongs to a side's tail */
    SHORT_TAIL = 12,
    ROWS_FOR_TAIL = 100
};

/* Dekkers', Einmahl's and de Haan's estimate by the mean and the mean square of the logarithms' excess: 1
 * over the index of a power, 0 of an exponential tail, less of a lighter one. */
static double tail_index(double mean, double square)
{
    return mean + 1 - 0.5 / (1 - mean * mean / square);
}

/* ---- one side of a column ------------------------------------------------------------------------------ */

/* Its outermost values as distances from the median, descending: the scale by which a gap is a large one. */
struct side {
    const struct extreme *extremes; /* the outermost first */
    double middle, spread;          /* half of the middle half's extent */
    int64_t n;
    int64_t most; /* values that may be outlying, not a part of the distribution */
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static double distance(const struct side *side, int64_t i)
{
    return fabs(side->extremes[i].value - side->middle);
}

static struct side low_side(const struct look_column *column)
{
    const int64_t known = column_extremes(column->sums), tail = column->sums->n / TAIL_SHARE;
    return (struct side){.extremes = column->sums->low,
                         .middle = look_quantile(column, 0.5),
                         .spread = 0.5 * (look_quantile(column, 0.75) - look_quantile(column, 0.25)),
                         .most = smaller(MOST_OUTLYING, larger(1, column->sums->n / ROWS_PER_OUTLYING)),
                         .n = smaller(known, larger(tail, SHORT_TAIL))};
}

static struct side high_side(const struct look_column *column)
{
    struct side side = low_side(column);
    side.extremes = column->sums->high;
    return side;
}

/* ---- sentinels ----------------------------------------------------------------------------------------- */

/* 99, 999, 9999, ...: what people write for a missing value. */
static bool all_nines(double value)
{
    double nines = 99;
    while (nines < fabs(value) && nines < 1e9)
        nines = 10 * nines + 9;
    return fabs(value) == nines;
}

static int64_t equal_values(const struct side *side)
{
    int64_t n = 1;
    while (n < side->n && side->extremes[n].value == side->extremes[0].value)
        n++;
    return n;
}

/* The next value to that of the side, and how far the rest reaches from there, by the sample. */
static bool measure_gap(const struct look_column *column, double value, double *gap, double *rest)
{
    const double *const sorted = column->sorted;
    int64_t low = 0, high = column->n - 1;
    while (low < column->n && sorted[low] == value)
        low++;
    while (high >= 0 && sorted[high] == value)
        high--;
    if (low > high)
        return false;
    *gap = fmin(fabs(sorted[low] - value), fabs(sorted[high] - value));
    *rest = sorted[high] - sorted[low];
    return true;
}

static const double NINES_GAP = 0.1, OTHER_GAP = 1; /* in units of what the rest extends over */
enum { NINES = 1, OTHERS = 3 };                     /* rows that have the value, at least */

/* Of a discrete column, a value far from the others may be a category. */
static bool is_sentinel(const struct look_view *view, const struct look_column *column,
                        const struct side *side, int64_t rows)
{
    double gap, rest;
    const double value = side->extremes[0].value;
    const bool nines = all_nines(value);
    if (!nines && findings_mark(view->findings, FINDING_discrete, column->number))
        return false;
    return rows >= (nines ? NINES : OTHERS) && measure_gap(column, value, &gap, &rest) && rest > 0 &&
           gap > (nines ? NINES_GAP : OTHER_GAP) * rest;
}

/* How many of all rows so many of the sample stand for. */
static int64_t of_all_rows(const struct look_column *column, int64_t sampled)
{
    return (int64_t)llround((double)sampled / (double)column->n * (double)column->sums->n);
}

static int64_t rows_equal_to(const struct look_column *column, double value)
{
    int64_t n = 0;
    for (int64_t i = 0; i < column->n; i++)
        n += column->sorted[i] == value;
    return of_all_rows(column, n);
}

/* Rows of extremes are listed, and counted by the sample where there are more than these. */
static void add_rows(struct gpfc_finding *finding, const struct extreme *extremes, int64_t n, int64_t rows)
{
    for (int64_t i = 0; i < n; i++)
        finding_add_row(finding, extremes[i].row);
    finding->n_rows += larger(0, rows - n);
}

static bool find_sentinel(const struct look_view *view, const struct look_column *column,
                          const struct side *side)
{
    char number[LOOK_NUMBER];
    const double value = side->extremes[0].value;
    const int64_t known = equal_values(side);
    if (!is_sentinel(view, column, side, known))
        return false;
    const int64_t rows = known < side->n ? known : larger(known, rows_equal_to(column, value));
    struct gpfc_finding *const finding =
        findings_add(view->findings, FINDING_sentinel, GPFC_WARNING, column->number,
                     "%s in %.2g %% of the rows, far from all others", look_number(value, number),
                     100 * (double)rows / (double)view->n);
    add_rows(finding, side->extremes, known, rows);
    return true;
}

/* ---- outlying rows ------------------------------------------------------------------------------------- */

static const double LEAST_RATIO = 1.5; /* of distances before and behind a gap */
static const double LEAST_SPREADS = 7; /* five deviations of a normal column */
static const double LIGHT = 0.1;
static const double LOG_CHANCE = -14; /* 1e-6: of a gap as wide in one of many columns by chance */

/* log of the chance that k values lie beyond a gap as wide as that before value k, if the tail goes on as it
 * is behind. By Renyi, k times a gap is exponential with the mean of the excess over the last value: of the
 * logarithms, where the tail is that of a power, and of the values, where it is lighter. */
static double gap_chance(const struct side *side, int64_t k)
{
    const int64_t last = side->n - 1, known = last - k;
    const double from = distance(side, last), outer = distance(side, k - 1), inner = distance(side, k);
    double values = 0, logs = 0, squares = 0;
    for (int64_t i = k; i < last; i++) {
        const double one = log(distance(side, i) / from);
        values += distance(side, i) - from;
        logs += one;
        squares += one * one;
    }
    const bool light = tail_index(logs / (double)known, squares / (double)known) < LIGHT;
    const double gap = (double)k * (light ? outer - inner : log(outer / inner));
    return -(double)known * log1p(gap / (light ? values : logs));
}

/* How many values lie beyond a gap that does not belong there. */
static int64_t count_outlying(const struct side *side)
{
    int64_t outlying = 0;
    for (int64_t k = 1; k <= side->most && k + LEAST_TAIL < side->n; k++) {
        const double inner = distance(side, k), last = distance(side, side->n - 1);
        if (last > 0 && distance(side, k - 1) > fmax(LEAST_RATIO * inner, LEAST_SPREADS * side->spread) &&
            gap_chance(side, k) < LOG_CHANCE)
            outlying = k;
    }
    return outlying;
}

static bool find_outlying(const struct look_view *view, const struct look_column *column,
                          const struct side *side)
{
    const int64_t n = count_outlying(side);
    if (n == 0)
        return false;
    struct gpfc_finding *const finding =
        findings_add(view->findings, FINDING_outlying, GPFC_WARNING, column->number,
                     "%.4g, where the next is %.4g", side->extremes[0].value, side->extremes[n].value);
    for (int64_t i = 0; i < n; i++)
        finding_add_row(finding, side->extremes[i].row);
    return true;
}

static bool find_on_side(const struct look_view *view, const struct look_column *column,
                         const struct side *side)
{
    return find_sentinel(view, column, side) ||
           (!findings_mark(view->findings, FINDING_discrete, column->number) &&
            !findings_mark(view->findings, FINDING_too_large, column->number) &&
            find_outlying(view, column, side));
}

/* ---- too large ----------------------------------------------------------------------------------------- */

/* Beyond `greatest` once it is standardised. Of a column with a few rows far out, the middle half says how
 * (standard.h). */
static bool is_too_large(const struct look_view *view, const struct look_column *column, double value)
{
    static const double QUARTILES = 1.349; /* from one to the other, in deviations of a normal column */
    const double spread = (look_quantile(column, 0.75) - look_quantile(column, 0.25)) / QUARTILES;
    if (!view->standardised)
        return fabs(value) > view->greatest;
    return spread > 0 && fabs(value - look_quantile(column, 0.5)) / spread > view->greatest;
}

static int64_t count_too_large(const struct look_view *view, const struct look_column *column)
{
    int64_t n = 0;
    for (int64_t i = 0; i < column->n; i++)
        n += is_too_large(view, column, column->sorted[i]);
    return of_all_rows(column, n);
}

static int64_t known_too_large(const struct look_view *view, const struct look_column *column,
                               const struct extreme *extremes)
{
    const int64_t all = column_extremes(column->sums);
    int64_t known = 0;
    while (known < all && is_too_large(view, column, extremes[known].value))
        known++;
    return known;
}

static void find_too_large_in(const struct look_view *view, const struct look_column *column)
{
    const struct extreme *const low = column->sums->low, *const high = column->sums->high;
    const int64_t lows = known_too_large(view, column, low), highs = known_too_large(view, column, high);
    if (lows + highs == 0)
        return;
    struct gpfc_finding *const finding =
        findings_add(view->findings, FINDING_too_large, GPFC_REFUSED, column->number,
                     "%.4g, whose square overflows", lows > 0 ? low[0].value : high[0].value);
    add_rows(finding, low, lows, lows);
    add_rows(finding, high, highs, count_too_large(view, column) - lows);
}

void find_too_large(const struct look_view *view)
{
    for (int64_t i = 0; i < view->width && view->greatest > 0; i++) {
        const struct look_column column = look_column(view, i);
        find_too_large_in(view, &column);
    }
}

/* ---- heavy tails --------------------------------------------------------------------------------------- */

/* A tail that falls as x^-5 or slower has, at best, a kurtosis that no number of rows makes known; the
 * kurtosis of an exponential column is 6. */
static const double HEAVY = 0.2, LEAST_KURTOSIS = 10;
static const double DEVIATIONS = 3, INDEX_DEVIATIONS = 2.5; /* of the estimates */

/* Of the logarithms of the m outermost distances from the median, both sides together, less that of the next:
 * mean and mean square. Merges the two ends of the sorted column. */
struct tail {
    double mean, square;
};
static struct tail tail_of(const struct look_column *column, int64_t m)
{
    const double middle = look_quantile(column, 0.5);
    int64_t low = 0, high = column->n - 1;
    double sum = 0, squares = 0, next = 0;
    for (int64_t i = 0; i <= m; i++) {
        const double below = middle - column->sorted[low], above = column->sorted[high] - middle;
        next = log(fmax(fmax(below, above), DBL_MIN));
        if (below > above)
            low++;
        else
            high--;
        sum += i < m ? next : 0;
        squares += i < m ? next * next : 0;
    }
    const double mean = sum / (double)m - next;
    return (struct tail){.mean = mean, .square = squares / (double)m - next * (2 * mean + next)};
}

/* Hill's estimate of 1 / index, by many rows, less some deviations, and by the outermost of these, so that a
 * small cluster is no tail; and that it is no exponential tail. */
static bool is_heavy(const struct look_column *column)
{
    const int64_t m = (int64_t)(2 * sqrt((double)column->n));
    const struct tail tail = tail_of(column, m);
    const double root = sqrt((double)m);
    return tail.mean * (1 - DEVIATIONS / root) > HEAVY && tail_of(column, m / 4).mean > HEAVY &&
           tail_index(tail.mean, tail.square) * root > INDEX_DEVIATIONS;
}

static void find_heavy(const struct look_view *view, const struct look_column *column)
{
    const struct column *const sums = column->sums;
    const double excess = column_kurtosis(sums), deviation = column_deviation(sums);
    if (column->n < ROWS_FOR_TAIL || excess < LEAST_KURTOSIS || !is_heavy(column))
        return;
    const double farthest = fmax(sums->mean - sums->low[0].value, sums->high[0].value - sums->mean);
    (void)findings_add(view->findings, FINDING_heavy_tailed, GPFC_WARNING, column->number,
                       "excess kurtosis %.3g, farthest row %.3g deviations out", excess,
                       farthest / deviation);
}

void find_far(const struct look_view *view)
{
    for (int64_t i = 0; i < view->width; i++) {
        const struct look_column column = look_column(view, i);
        const struct side low = low_side(&column), high = high_side(&column);
        if (column_constant(column.sums) || findings_mark(view->findings, FINDING_row_number, i))
            continue;
        const bool below = find_on_side(view, &column, &low), above = find_on_side(view, &column, &high);
        if (!below && !above && !view->has_y && !findings_mark(view->findings, FINDING_discrete, i) &&
            !findings_mark(view->findings, FINDING_too_large, i))
            find_heavy(view, &column);
    }
}
