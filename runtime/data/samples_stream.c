/* SPDX-License-Identifier: MIT
 *
 * Looks at the samples of a file while they pass by, so that a file larger than memory works. */
#include "data/samples_parts.h"
#include "files/npz.h"
#include "look/look.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 2048 };

struct stream {
    const struct samples_request *request;
    struct samples_paths paths;
    struct array_plan plan;
    bool has_y;
    struct look *look;
    int64_t n, n_train;      /* rows so far; those of the arrays for training */
    int64_t rows_before;     /* in the arrays that come before these */
    int64_t dropped;         /* rows that were left out: a number is missing */
    int64_t weightless;      /* likewise: of weight 0 */
    double *x, *y, *both;    /* [BLOCK_ROWS][d], the last [2 d] */
    unsigned char *for_test; /* [BLOCK_ROWS] */
    int64_t *places;         /* [BLOCK_ROWS] */
    double *weights;         /* [BLOCK_ROWS], where has_weights */
    bool has_weights;
    struct samples_weights weights_file;
};

/* ---- what there is ------------------------------------------------------------------------------------- */

static bool make_plan(struct stream *s, struct fault *fault)
{
    struct npz *npz = NULL;
    const bool two_files = s->paths.of.y;
    if (!two_files && strcmp(s->paths.x_format, "npz") == 0 && !npz_open(&npz, s->paths.of.x, fault))
        return false;
    s->plan = array_plan_of(npz);
    s->has_y = two_files || (npz && npz_has(npz, s->plan.of[PART_TRAIN]->y[0]));
    npz_close(npz);
    return true;
}

static bool take_memory(struct stream *s, struct fault *fault)
{
    const size_t row = (size_t)s->request->d * sizeof(double);
    s->x = samples_room(BLOCK_ROWS, row, fault);
    s->y = s->x && s->has_y ? samples_room(BLOCK_ROWS, row, fault) : NULL;
    s->both = s->y ? samples_room(BLOCK_ROWS, 2 * row, fault) : NULL;
    s->for_test = s->x ? samples_room(BLOCK_ROWS, 1, fault) : NULL;
    s->places = s->x ? samples_room(BLOCK_ROWS, sizeof *s->places, fault) : NULL;
    s->weights = s->places ? samples_room(BLOCK_ROWS, sizeof *s->weights, fault) : NULL;
    return s->x && s->for_test && s->weights && (!s->has_y || s->both);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

/* x and y of a row become one. */
static const double *join(struct stream *s, int64_t rows)
{
    const size_t d = (size_t)s->request->d;
    for (size_t i = 0; i < (size_t)rows && s->has_y; i++) {
        memcpy(s->both + 2 * d * i, s->x + d * i, d * sizeof *s->x);
        memcpy(s->both + 2 * d * i + d, s->y + d * i, d * sizeof *s->y);
    }
    return s->has_y ? s->both : s->x;
}

static bool start(struct stream *s, const struct table_reader *x, struct fault *fault)
{
    struct look_request request = samples_look_request(s->request, s->has_y);
    request.by_line = table_info(x)->rows < 0;
    request.names = table_info(x)->names;
    return s->look || look_new(&s->look, &request, fault);
}

static void move_row(struct stream *s, int64_t from, int64_t to)
{
    const int64_t d = s->request->d;
    memmove(s->x + to * d, s->x + from * d, (size_t)d * sizeof *s->x);
    if (s->has_y)
        memmove(s->y + to * d, s->y + from * d, (size_t)d * sizeof *s->y);
    s->places[to] = s->places[from];
    s->weights[to] = s->weights[from];
}

static bool is_whole(const double *row, int64_t columns)
{
    for (int64_t i = 0; i < columns; i++)
        if (!isfinite(row[i]))
            return false;
    return true;
}

/* A number is missing only where such rows are to be left out. */
static bool is_whole_row(const struct stream *s, int64_t row)
{
    const int64_t d = s->request->d;
    return is_whole(s->x + row * d, d) && (!s->has_y || is_whole(s->y + row * d, d)) &&
           (!s->has_weights || isfinite(s->weights[row]));
}

/* Rows of which a number is missing go, and those of weight 0; gives how many are left. */
static int64_t leave_out(struct stream *s, int64_t rows)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < rows; i++) {
        const bool is_whole = is_whole_row(s, i), has_weight = !s->has_weights || s->weights[i] > 0;
        if (is_whole && has_weight)
            move_row(s, i, kept++);
        s->dropped += !is_whole;
        s->weightless += is_whole && !has_weight;
    }
    return kept;
}

static bool take_rows(struct stream *s, int64_t rows, struct fault *fault)
{
    if (s->request->weights_file && !samples_weights_next(&s->weights_file, rows, s->weights, fault))
        return false;
    const bool may_leave = s->has_weights || samples_drops_late(s->request, s->has_y);
    const int64_t kept = may_leave ? leave_out(s, rows) : rows;
    const struct look_rows all = {.rows = join(s, kept),
                                  .n = kept,
                                  .for_test = s->for_test,
                                  .places = s->places,
                                  .weights = s->has_weights ? s->weights : NULL};
    s->n += kept;
    return look_add(s->look, &all, fault);
}

static bool pass_by(struct stream *s, struct table_reader *x, struct table_reader *y, struct fault *fault)
{
    struct table_rows of_x = {.most = BLOCK_ROWS, .x = s->x, .places = s->places, .got = 1},
                      of_y = {.most = BLOCK_ROWS, .x = s->y, .got = 1};
    if (table_info(x)->weights)
        of_x.weights = s->weights;
    s->has_weights = of_x.weights || s->request->weights_file;
    while (of_x.got > 0) {
        if (!table_read(x, &of_x, fault) || (y && !table_read(y, &of_y, fault)))
            return false;
        if (y && of_x.got != of_y.got)
            return fault_set(fault, FAULT_INPUT, "%s: x and y differ in their numbers of rows",
                             s->request->file);
        for (int64_t i = 0; i < of_x.got; i++)
            s->places[i] += s->rows_before;
        if (!take_rows(s, of_x.got, fault))
            return false;
    }
    return true;
}

static bool pass_part(struct stream *s, int part, struct fault *fault)
{
    const int64_t d = s->request->d;
    struct table_request of_x = {.path = s->paths.of.x,
                                 .arrays = s->plan.of[part]->x,
                                 .weights = s->plan.of[part]->weights,
                                 .columns = s->request->columns,
                                 .needed = d,
                                 .precision = 8};
    const struct table_request of_y = {.path = s->paths.of.y ? s->paths.of.y : s->paths.of.x,
                                       .arrays = s->plan.of[part]->y,
                                       .columns = {.missing = samples_missing(s->request, s->has_y)},
                                       .needed = d,
                                       .precision = 8};
    struct table_reader *x = NULL, *y = NULL;
    of_x.columns.missing = samples_missing(s->request, s->has_y);
    memset(s->for_test, part == PART_TEST, BLOCK_ROWS);
    const bool good = table_open(&x, &of_x, fault) && samples_check_stream(x, of_x.path, fault) &&
                      (!s->has_y || table_open(&y, &of_y, fault)) && start(s, x, fault) &&
                      pass_by(s, x, y, fault);
    if (good)
        s->dropped += table_dropped(x);
    if (good && table_info(x)->rows > 0)
        s->rows_before += table_info(x)->rows;
    table_close(x);
    table_close(y);
    return good;
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

/* Which rows are test rows is known when their number is. */
static bool mark_test(const struct stream *s, struct fault *fault)
{
    if (s->plan.of[PART_TEST] || s->n_train == 0)
        return true;
    struct row_fates fates;
    const bool good = row_fates_draw(&fates, s->n_train, NULL, s->request->test, fault);
    if (good && fates.of)
        look_mark_test(s->look, fates.of, s->n_train);
    row_fates_free(&fates);
    return good;
}

static bool open_weights(struct stream *s, struct fault *fault)
{
    if (!s->request->weights_file)
        return true;
    return (!array_plan_is_split(&s->plan) || samples_refuse_weights(s->request, fault)) &&
           samples_weights_open(&s->weights_file, s->request, fault);
}

static bool end_weights(struct stream *s, struct fault *fault)
{
    if (s->weightless > 0 && s->n == 0)
        return fault_set(fault, FAULT_INPUT, "%s: the weights of all rows are 0", s->request->file);
    look_left_out(s->look, s->dropped, s->weightless);
    return !s->request->weights_file || samples_weights_end(&s->weights_file, fault);
}

static bool pass_parts(struct stream *s, struct fault *fault)
{
    for (int i = 0; i < PARTS; i++) {
        if (s->plan.of[i] && !pass_part(s, i, fault))
            return false;
        if (i == PART_TRAIN)
            s->n_train = s->n;
    }
    return true;
}

static bool stream(struct stream *s, struct fault *fault)
{
    return samples_paths_find(&s->paths, s->request->file, s->request->folder, fault) &&
           make_plan(s, fault) && take_memory(s, fault) && open_weights(s, fault) && pass_parts(s, fault) &&
           end_weights(s, fault) && mark_test(s, fault) && look_finish(s->look, fault);
}

bool samples_look_through(struct look **out, const struct samples_request *request, struct fault *fault)
{
    struct stream s = {.request = request};
    const bool good = stream(&s, fault);
    samples_paths_free(&s.paths);
    free(s.x);
    free(s.y);
    free(s.both);
    free(s.for_test);
    free(s.places);
    free(s.weights);
    samples_weights_close(&s.weights_file);
    if (!good)
        look_free(s.look);
    *out = good ? s.look : NULL;
    return good;
}
