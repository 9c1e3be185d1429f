/* SPDX-License-Identifier: MIT
 *
 * Takes blocks of rows, keeps statistics of them, and has each family of findings look at these at the
 * end. */
#include "look/look.h"

#include "look/columns.h"
#include "look/look_view.h"
#include "look/look_weights.h"
#include "look/row_hashes.h"
#include "look/row_places.h"
#include "look/row_sample.h"
#include "numbers/row_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_ROWS = 512,         /* a block of ten columns stays in a first-level cache */
    SAMPLE_ROWS = 1 << 16,    /* enough that a distribution is known to half a percent */
    SAMPLE_NUMBERS = 1 << 23, /* 64 MB */
    SAMPLE_LEAST_ROWS = 1024
};
static const double FAR = 50; /* in units of what the middle half of a column extends over */

struct look {
    struct look_request request;
    int64_t width, n, test;
    struct column *columns;
    struct row_hashes hashes;
    struct row_sample sample;
    struct row_places places;
    struct look_weights weights;
    int64_t dropped, weightless;         /* rows that were left out */
    int64_t kept;                        /* rows of the sample that mean and covariance are those of */
    double *sorted, *covariance, *means; /* means: in covariance's memory */
    uint32_t *marks;                     /* [width] */
    double *steps;                       /* [width] */
    struct findings findings;
    char **names;              /* [d] copies, or NULL */
    struct gpfc_column *shown; /* [width] */
    struct gpfc_look result;
};

/* ---- rows pass by -------------------------------------------------------------------------------------- */

static int64_t sample_room(int64_t width)
{
    const int64_t rows = SAMPLE_NUMBERS / width;
    return rows > SAMPLE_ROWS ? SAMPLE_ROWS : rows < SAMPLE_LEAST_ROWS ? SAMPLE_LEAST_ROWS : rows;
}

static bool copy_names(struct look *look, struct fault *fault)
{
    const int64_t d = look->request.d;
    if (!look->request.names)
        return true;
    if (!fault_calloc(fault, (void **)&look->names, (size_t)d, sizeof *look->names, "the columns' names"))
        return false;
    for (int64_t i = 0; i < d; i++) {
        look->names[i] = strdup(look->request.names[i]);
        if (!look->names[i])
            return fault_memory(fault, strlen(look->request.names[i]), "the columns' names");
    }
    look->request.names = (const char *const *)look->names;
    return true;
}

static bool take_memory(struct look *look, struct fault *fault)
{
    const size_t width = (size_t)look->width;
    return fault_calloc(fault, (void **)&look->columns, width, sizeof *look->columns,
                        "the columns' statistics") &&
           fault_calloc(fault, (void **)&look->shown, width, sizeof *look->shown, "the columns") &&
           fault_calloc(fault, (void **)&look->marks, width, sizeof *look->marks, "the findings") &&
           fault_calloc(fault, (void **)&look->steps, width, sizeof *look->steps, "the steps") &&
           look_weights_new(&look->weights, look->width, fault) && copy_names(look, fault);
}

bool look_new(struct look **out, const struct look_request *request, struct fault *fault)
{
    const int64_t width = request->d * (request->has_y ? 2 : 1);
    struct look *look;
    *out = NULL;
    if (!fault_calloc(fault, (void **)&look, 1, sizeof *look, "the look at the data"))
        return false;
    look->request = *request;
    look->width = width;
    look->sample.width = width;
    look->sample.most = sample_room(width);
    look->hashes.most = LOOK_MOST_HASHES;
    look->findings.d = request->d;
    if (!take_memory(look, fault)) {
        look_free(look);
        return false;
    }
    look->findings.marks = look->marks;
    *out = look;
    return true;
}

/* What grows with the rows. */
static void drop_rows(struct look *look)
{
    row_hashes_free(&look->hashes);
    row_sample_free(&look->sample);
    row_places_free(&look->places);
    free(look->sorted);
    free(look->covariance);
    look->sorted = look->covariance = look->means = NULL;
}

void look_free(struct look *look)
{
    if (!look)
        return;
    drop_rows(look);
    look_weights_free(&look->weights);
    free(look->columns);
    free(look->marks);
    free(look->steps);
    for (int64_t i = 0; look->names && i < look->request.d; i++)
        free(look->names[i]);
    free(look->names);
    free(look->shown);
    free(look);
}

/* Rows first .. first + n - 1 of these. */
static bool add_block(struct look *look, const struct look_rows *all, int64_t first, int64_t n,
                      struct fault *fault)
{
    const int64_t width = look->width;
    const double *const rows = all->rows + first * width;
    for (int64_t i = 0; i < width; i++)
        column_add(&look->columns[i], rows + i, n, width);
    for (int64_t i = 0; i < n; i++) {
        const bool test = all->for_test && all->for_test[first + i];
        const double weight = row_weight(all->weights, first + i);
        look->test += test;
        if (!row_hashes_add(&look->hashes, rows + i * width, width, test, fault) ||
            !row_sample_add(&look->sample, rows + i * width, look->n + i, weight, fault))
            return false;
    }
    look->n += n;
    return true;
}

bool look_add(struct look *look, const struct look_rows *rows, struct fault *fault)
{
    for (int64_t i = 0; i < rows->n && rows->places; i++)
        if (!row_places_add(&look->places, look->n + i, rows->places[i], fault))
            return false;
    if (rows->weights)
        look_weights_add(&look->weights, rows->rows, rows->weights, rows->n);
    for (int64_t i = 0; i < rows->n; i += BLOCK_ROWS)
        if (!add_block(look, rows, i, rows->n - i < BLOCK_ROWS ? rows->n - i : BLOCK_ROWS, fault))
            return false;
    return true;
}

void look_left_out(struct look *look, int64_t dropped, int64_t weightless)
{
    look->dropped = dropped;
    look->weightless = weightless;
}

void look_mark_test(struct look *look, const unsigned char *for_test, int64_t n)
{
    look->test = 0;
    for (int64_t i = 0; i < n; i++)
        look->test += for_test[i];
    row_hashes_mark(&look->hashes, for_test, n);
}

/* ---- after the last ------------------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static bool sort_columns(struct look *look, struct fault *fault)
{
    const int64_t n = look->sample.n, width = look->width;
    look->sorted = malloc((size_t)(n * width) * sizeof *look->sorted);
    if (!look->sorted)
        return fault_memory(fault, (size_t)(n * width) * sizeof *look->sorted, "the sorted columns");
    for (int64_t j = 0; j < width; j++) {
        double *const column = look->sorted + j * n;
        for (int64_t i = 0; i < n; i++)
            column[i] = look->sample.rows[i * width + j];
        qsort(column, (size_t)n, sizeof *column, by_value);
    }
    return true;
}

/* Rows without a value far beyond the middle half of its column: one of 10^6 would be all of the covariance.
 * Such rows are findings of their own. */
static bool is_near(const struct look *look, const double *row)
{
    const int64_t n = look->sample.n;
    for (int64_t i = 0; i < look->width; i++) {
        const double *const column = look->sorted + i * n;
        const double low = column[n / 4], high = column[3 * n / 4];
        if (high > low && fabs(row[i] - column[n / 2]) > FAR * (high - low))
            return false;
    }
    return true;
}

static void add_means(struct look *look)
{
    const int64_t width = look->width;
    for (int64_t i = 0; i < look->sample.n; i++) {
        const double *const row = look->sample.rows + i * width;
        if (!is_near(look, row))
            continue;
        look->kept++;
        for (int64_t j = 0; j < width; j++)
            look->means[j] += (row[j] - look->means[j]) / (double)look->kept;
    }
}

static void add_products(struct look *look, const double *row, double *off)
{
    const int64_t width = look->width;
    for (int64_t i = 0; i < width; i++)
        off[i] = row[i] - look->means[i];
    for (int64_t i = 0; i < width; i++)
        for (int64_t j = 0; j <= i; j++)
            look->covariance[i * width + j] += off[i] * off[j];
}

static bool find_covariance(struct look *look, struct fault *fault)
{
    const int64_t width = look->width;
    look->covariance = calloc((size_t)(width * (width + 2)), sizeof *look->covariance);
    if (!look->covariance)
        return fault_memory(fault, (size_t)(width * width) * sizeof *look->covariance,
                            "the covariance of the data");
    double *const off = look->covariance + width * width;
    look->means = off + width;
    add_means(look);
    for (int64_t i = 0; i < look->sample.n; i++)
        if (is_near(look, look->sample.rows + i * width))
            add_products(look, look->sample.rows + i * width, off);
    for (int64_t i = 0; i < width; i++)
        for (int64_t j = 0; j <= i; j++) {
            look->covariance[i * width + j] /= (double)look->kept;
            look->covariance[j * width + i] = look->covariance[i * width + j];
        }
    return true;
}

/* NULL: none, or an empty one, as a column of row numbers often has. */
static const char *name_of(const char *const *names, int64_t i)
{
    return names && names[i][0] != '\0' ? names[i] : NULL;
}

static void show_columns(struct look *look)
{
    for (int64_t i = 0; i < look->width; i++) {
        const struct column *const column = &look->columns[i];
        look->shown[i] = (struct gpfc_column){
            .name = i < look->request.d ? name_of(look->request.names, i) : NULL,
            .mean = look_is_weighted(&look->weights) ? look->weights.means[i] : column->mean,
            .deviation = look_is_weighted(&look->weights) ? look_weights_deviation(&look->weights, i)
                                                          : column_deviation(column),
            .step = look->steps[i],
            .least = column->low[0].value,
            .greatest = column->high[0].value,
        };
    }
    look->result = (struct gpfc_look){
        .rows = look->n,
        .test = look->test,
        .weighted = look_is_weighted(&look->weights),
        .effective = look_weights_effective(&look->weights),
        .dropped = look->dropped,
        .weightless = look->weightless,
        .d = look->request.d,
        .n_columns = look->width,
        .columns = look->shown,
        .n_findings = look->findings.n,
        .findings = look->findings.list,
    };
}

/* Rows of findings as the file has them. */
static void place_rows(struct look *look)
{
    for (int64_t i = 0; i < look->findings.n; i++) {
        struct gpfc_finding *const finding = &look->findings.list[i];
        for (int k = 0; k < GPFC_FINDING_ROWS && finding->rows[k] > 0; k++) {
            const int64_t place = row_places_find(&look->places, finding->rows[k] - 1);
            if (look->request.by_line)
                finding->lines[k] = place;
            else
                finding->rows[k] = place + 1;
        }
    }
}

/* What leaves nothing to learn is told without the rest, which follows from it. */
static bool find_all(const struct look_view *view, struct fault *fault)
{
    find_in_rows(view);
    find_in_weights(view);
    if (view->findings->of[FINDING_one_row][0].kind || view->findings->of[FINDING_equal_rows][0].kind)
        return true;
    find_in_columns(view);
    find_too_large(view);
    find_discrete(view);
    find_far(view);
    find_recurring(view);
    find_duplicates(view);
    return find_collinear(view, fault) &&
           (!view->has_y || (find_in_weighted(view, find_in_latents, fault) && find_unrelated(view, fault)));
}

bool look_finish(struct look *look, struct fault *fault)
{
    struct look_view view = {
        .n = look->n,
        .test = look->test,
        .d = look->request.d,
        .width = look->width,
        .has_y = look->request.has_y,
        .columns = look->columns,
        .sampled = look->sample.n,
        .rows = look->sample.rows,
        .numbers = look->sample.numbers,
        .weights = look_is_weighted(&look->weights) ? look->sample.weights : NULL,
        .effective = look_weights_effective(&look->weights),
        .dequantised = look->request.dequantised,
        .standardised = look->request.standardised,
        .greatest = look->request.greatest,
        .steps = look->steps,
        .names = look->request.names,
        .findings = &look->findings,
    };
    if (!row_hashes_match(&look->hashes, &view.matches, fault) || !sort_columns(look, fault) ||
        !find_covariance(look, fault))
        return false;
    view.sorted = look->sorted;
    view.covariance = look->covariance;
    view.means = look->means;
    view.kept = look->kept;
    if (!find_all(&view, fault))
        return false;
    findings_close(&look->findings);
    place_rows(look);
    show_columns(look);
    drop_rows(look);
    return true;
}

const struct gpfc_look *look_result(const struct look *look)
{
    return &look->result;
}

const struct gpfc_finding *look_refusal(const struct gpfc_look *look)
{
    for (int64_t i = 0; i < look->n_findings; i++)
        if (look->findings[i].level == GPFC_REFUSED)
            return &look->findings[i];
    return NULL;
}

/* ---- for the families ---------------------------------------------------------------------------------- */

struct look_column look_column(const struct look_view *view, int64_t number)
{
    return (struct look_column){.number = number,
                                .sums = &view->columns[number],
                                .n = view->sampled,
                                .sorted = view->sorted + number * view->sampled};
}

const char *look_name(const struct look_view *view, int64_t number, char *room, size_t bytes)
{
    const char *const name = name_of(view->names, number);
    if (name)
        (void)snprintf(room, bytes, "%s", name);
    else
        (void)snprintf(room, bytes, "column %lld", (long long)number + 1);
    return room;
}

const char *look_number(double value, char room[LOOK_NUMBER])
{
    for (int digits = 4; digits <= LOOK_DIGITS; digits++) {
        (void)snprintf(room, LOOK_NUMBER, "%.*g", digits, value);
        if (strtod(room, NULL) == value)
            return room;
    }
    (void)snprintf(room, LOOK_NUMBER, "%.*g", LOOK_DIGITS, value);
    return room;
}

double look_quantile(const struct look_column *column, double p)
{
    return column->sorted[(int64_t)(p * (double)(column->n - 1) + 0.5)];
}
