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
    double *x, *y, *both;    /* [BLOCK_ROWS][d], the last [2 d] */
    unsigned char *for_test; /* [BLOCK_ROWS] */
    int64_t *places;         /* [BLOCK_ROWS] */
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
    return s->x && s->for_test && s->places && (!s->has_y || s->both);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static bool is_whole(const double *row, int64_t columns)
{
    for (int64_t i = 0; i < columns; i++)
        if (!isfinite(row[i]))
            return false;
    return true;
}

/* x and y of a row become one. A row in which a number is missing, which is there only if such rows are to be
 * left out, is. Gives how many there are. */
static int64_t join(struct stream *s, int64_t rows)
{
    const int64_t d = s->request->d;
    int64_t kept = 0;
    for (int64_t i = 0; i < rows; i++) {
        double *const row = s->both + 2 * d * kept;
        memcpy(row, s->x + d * i, (size_t)d * sizeof *row);
        memcpy(row + d, s->y + d * i, (size_t)d * sizeof *row);
        s->places[kept] = s->places[i];
        kept += is_whole(row, 2 * d);
    }
    return kept;
}

static bool start(struct stream *s, const struct table_reader *x, struct fault *fault)
{
    struct look_request request = samples_look_request(s->request, s->has_y);
    request.by_line = table_info(x)->rows < 0;
    request.names = table_info(x)->names;
    return s->look || look_new(&s->look, &request, fault);
}

static bool pass_by(struct stream *s, struct table_reader *x, struct table_reader *y, struct fault *fault)
{
    struct table_rows of_x = {.most = BLOCK_ROWS, .x = s->x, .places = s->places, .got = 1},
                      of_y = {.most = BLOCK_ROWS, .x = s->y, .got = 1};
    while (of_x.got > 0) {
        if (!table_read(x, &of_x, fault) || (y && !table_read(y, &of_y, fault)))
            return false;
        if (y && of_x.got != of_y.got)
            return fault_set(fault, FAULT_INPUT, "%s: x and y differ in their numbers of rows",
                             s->request->file);
        const int64_t n = y ? join(s, of_x.got) : of_x.got;
        if (!look_add(s->look, y ? s->both : s->x, n, s->for_test, s->plan.of[PART_TEST] ? NULL : s->places,
                      fault))
            return false;
        s->n += n;
    }
    return true;
}

static bool pass_part(struct stream *s, int part, struct fault *fault)
{
    const int64_t d = s->request->d;
    const enum table_missing wanted = s->request->columns.missing,
                             missing = s->has_y && wanted == TABLE_DROP ? TABLE_KEEP : wanted;
    struct table_request of_x = {.path = s->paths.of.x,
                                 .arrays = s->plan.of[part]->x,
                                 .columns = s->request->columns,
                                 .needed = d,
                                 .precision = 8};
    const struct table_request of_y = {.path = s->paths.of.y ? s->paths.of.y : s->paths.of.x,
                                       .arrays = s->plan.of[part]->y,
                                       .columns = {.missing = missing},
                                       .needed = d,
                                       .precision = 8};
    struct table_reader *x = NULL, *y = NULL;
    of_x.columns.missing = missing;
    memset(s->for_test, part == PART_TEST, BLOCK_ROWS);
    const bool good = table_open(&x, &of_x, fault) && (!s->has_y || table_open(&y, &of_y, fault)) &&
                      start(s, x, fault) && pass_by(s, x, y, fault);
    table_close(x);
    table_close(y);
    return good;
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

/* Which rows are test rows is known when their number is. */
static bool mark_test(const struct stream *s, struct fault *fault)
{
    unsigned char *for_test = NULL;
    if (s->plan.of[PART_TEST] || s->n_train == 0)
        return true;
    const int64_t n_test = samples_test_rows(s->n_train, s->request->test);
    const bool good = samples_choose_test(s->n_train, n_test, &for_test, fault);
    if (good)
        look_mark_test(s->look, for_test, s->n_train);
    free(for_test);
    return good;
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
           make_plan(s, fault) && take_memory(s, fault) && pass_parts(s, fault) && mark_test(s, fault) &&
           look_finish(s->look, fault);
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
    if (!good)
        look_free(s.look);
    *out = good ? s.look : NULL;
    return good;
}
