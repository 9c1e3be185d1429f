/* SPDX-License-Identifier: MIT
 *
 * Takes tables of any format, gives their rows, split: what has columns to be chosen, labels beside the
 * numbers, or rows to be left out, and whose rows are counted only at the end. */
#include "data/samples_parts.h"
#include "files/npz.h"
#include "files/table.h"
#include "ground/text.h"
#include "numbers/rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 4096 /* rows */ };

/* All rows of a table, as many as there turn out to be. */
struct gathered {
    size_t row_bytes;
    int64_t precision, n, room, dropped;
    void *x;
    int64_t *labels; /* NULL: none */
    double *weights; /* likewise */
    int64_t *places;
    bool by_line;
    int64_t columns;
    char **names; /* [columns]; NULL: none */
};

static void free_gathered(struct gathered *all)
{
    free(all->x);
    free(all->labels);
    free(all->weights);
    free(all->places);
    for (int64_t i = 0; all->names && i < all->columns; i++)
        free(all->names[i]);
    free(all->names);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool make_larger(void **rows, int64_t n, size_t row_bytes, struct fault *fault)
{
    size_t bytes = SIZE_MAX;
    void *const larger =
        __builtin_mul_overflow((size_t)n, row_bytes, &bytes) ? NULL : realloc(*rows, bytes ? bytes : 1);
    if (!larger)
        return fault_memory(fault, bytes, "the data");
    *rows = larger;
    return true;
}

static bool make_room(struct gathered *all, const struct table_info *info, struct fault *fault)
{
    if (all->n < all->room)
        return true;
    const int64_t room = all->room > 0 ? 2 * all->room : info->rows > 0 ? info->rows + 1 : FIRST_ROOM;
    if (!make_larger(&all->x, room, all->row_bytes, fault) ||
        !make_larger((void **)&all->places, room, sizeof *all->places, fault) ||
        (info->label && !make_larger((void **)&all->labels, room, sizeof *all->labels, fault)) ||
        (info->weights && !make_larger((void **)&all->weights, room, sizeof *all->weights, fault)))
        return false;
    all->room = room;
    return true;
}

static bool copy_names(struct gathered *all, const struct table_info *info, struct fault *fault)
{
    all->columns = info->columns;
    if (!info->names)
        return true;
    if (!fault_calloc(fault, (void **)&all->names, (size_t)info->columns, sizeof *all->names, "names"))
        return false;
    for (int64_t i = 0; i < info->columns; i++) {
        all->names[i] = strdup(info->names[i]);
        if (!all->names[i])
            return fault_memory(fault, strlen(info->names[i]), "names");
    }
    return true;
}

static bool read_all(struct table_reader *reader, struct gathered *all, struct fault *fault)
{
    const struct table_info *const info = table_info(reader);
    struct table_rows rows = {.got = 1};
    while (rows.got > 0) {
        if (!make_room(all, info, fault))
            return false;
        rows = (struct table_rows){
            .most = all->room - all->n,
            .x = (char *)all->x + (size_t)all->n * all->row_bytes,
            .labels = info->label ? all->labels + all->n : NULL,
            .weights = info->weights ? all->weights + all->n : NULL,
            .places = all->places + all->n,
        };
        if (!table_read(reader, &rows, fault))
            return false;
        all->n += rows.got;
    }
    all->dropped = table_dropped(reader);
    all->by_line = info->rows < 0;
    return copy_names(all, info, fault);
}

static bool check_count(const char *path, const struct gathered *all, struct fault *fault)
{
    if (all->n > UINT32_MAX)
        return fault_set(fault, FAULT_INPUT, "%s: more than %" PRIu32 " rows", path, UINT32_MAX);
    if (all->n == 0 && all->dropped > 0)
        return fault_set(fault, FAULT_INPUT, "%s: a number is missing in each of its %" PRId64 " row%s", path,
                         all->dropped, plural(all->dropped));
    return all->n > 0 || fault_set(fault, FAULT_INPUT, "%s: no rows", path);
}

/* What was read before a fault is the caller's to free, too. */
static bool read_table(struct gathered *all, const struct table_request *request, struct fault *fault)
{
    struct table_reader *reader;
    *all = (struct gathered){.precision = request->precision,
                             .row_bytes = (size_t)request->needed * (size_t)request->precision};
    if (!table_open(&reader, request, fault))
        return false;
    const bool done = samples_check_stream(reader, request->path, fault) && read_all(reader, all, fault) &&
                      check_count(request->path, all, fault);
    table_close(reader);
    return done;
}

/* ---- rows of several tables ---------------------------------------------------------------------------- */

/* Tables of the same rows: x, y and log-determinants, of which there may be none. */
enum { OF_X, OF_Y, OF_LOGDET, TABLES };
struct tables {
    struct gathered of[TABLES];
};

static void free_tables(struct tables *tables)
{
    for (int i = 0; i < TABLES; i++)
        free_gathered(&tables->of[i]);
    *tables = (struct tables){.of = {{.n = 0}}};
}

static bool has_row(const struct gathered *all, int64_t row)
{
    const int64_t columns = (int64_t)all->row_bytes / all->precision;
    for (int64_t i = 0; i < columns; i++)
        if (!isfinite(rows_number(all->x, row * columns + i, all->precision)))
            return false;
    return (!all->labels || all->labels[row] != TABLE_NO_LABEL) &&
           (!all->weights || isfinite(all->weights[row]));
}

static bool have_row(const struct tables *tables, int64_t row)
{
    for (int i = 0; i < TABLES; i++)
        if (tables->of[i].x && !has_row(&tables->of[i], row))
            return false;
    return true;
}

static void move_row(struct gathered *all, int64_t from, int64_t to)
{
    char *const rows = all->x;
    memmove(rows + (size_t)to * all->row_bytes, rows + (size_t)from * all->row_bytes, all->row_bytes);
    all->places[to] = all->places[from];
    if (all->labels)
        all->labels[to] = all->labels[from];
    if (all->weights)
        all->weights[to] = all->weights[from];
}

/* A row in which a number is missing is left out of all of them. */
static void drop_rows(struct tables *tables)
{
    const int64_t n = tables->of[OF_X].n;
    int64_t kept = 0;
    for (int64_t row = 0; row < n; row++) {
        if (!have_row(tables, row))
            continue;
        for (int i = 0; i < TABLES; i++)
            if (tables->of[i].x)
                move_row(&tables->of[i], row, kept);
        kept++;
    }
    for (int i = 0; i < TABLES; i++)
        tables->of[i].n = tables->of[i].x ? kept : 0;
    tables->of[OF_X].dropped += n - kept;
}

static bool check_rows(const struct tables *tables, const char *path, struct fault *fault)
{
    static const char *const names[] = {[OF_Y] = "y", [OF_LOGDET] = "logdet"};
    const int64_t n = tables->of[OF_X].n;
    for (int i = OF_Y; i < TABLES; i++)
        if (tables->of[i].x && tables->of[i].n != n)
            return fault_set(fault, FAULT_INPUT, "%s: %s has %" PRId64 " row%s, its x %" PRId64, path,
                             names[i], tables->of[i].n, plural(tables->of[i].n), n);
    return true;
}

/* ---- splitting ----------------------------------------------------------------------------------------- */

/* Rows of a table become those of a part, and perhaps of a part for the test (test NULL: none are). */
static bool split(const struct row_fates *fates, const void *rows, size_t row_bytes, void **part, void **test,
                  struct fault *fault)
{
    return !rows || row_fates_split(fates, rows, row_bytes, part, test, fault);
}

static bool split_tables(const struct row_fates *fates, const struct tables *tables, struct part *part,
                         struct part *test, struct fault *fault)
{
    struct part none;
    struct part *const other = test ? test : &none;
    const struct gathered *const x = &tables->of[OF_X], *const y = &tables->of[OF_Y],
                                 *const logdet = &tables->of[OF_LOGDET];
    const struct {
        const void *rows;
        size_t row_bytes;
        void **part, **test;
    } all[] = {{x->x, x->row_bytes, &part->x, &other->x},
               {y->x, y->row_bytes, &part->y, &other->y},
               {logdet->x, logdet->row_bytes, (void **)&part->logdet, (void **)&other->logdet},
               {x->labels, sizeof *x->labels, (void **)&part->labels, (void **)&other->labels},
               {x->weights, sizeof *x->weights, (void **)&part->weights, (void **)&other->weights}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!split(fates, all[i].rows, all[i].row_bytes, all[i].part, test ? all[i].test : NULL, fault))
            return false;
    return true;
}

/* ---- which tables -------------------------------------------------------------------------------------- */

struct source {
    const struct samples_request *request;
    const struct samples_paths *paths;
    struct array_plan plan;
    bool has_y, has_logdet; /* likewise of the other parts */
};

static bool open_source(struct source *source, struct fault *fault)
{
    const struct samples_paths *const paths = source->paths;
    struct npz *npz = NULL;
    if (strcmp(paths->x_format, "npz") == 0 && !paths->of.y && !npz_open(&npz, paths->of.x, fault))
        return false;
    source->plan = array_plan_of(npz);
    const struct array_names *const names = source->plan.of[PART_TRAIN];
    source->has_y = paths->of.y || (npz && npz_has(npz, names->y[0]));
    source->has_logdet = npz && source->has_y && npz_has(npz, names->logdet);
    npz_close(npz);
    return true;
}

static bool read_x(struct gathered *all, const struct source *source, const struct array_names *names,
                   struct fault *fault)
{
    const bool wide = samples_changed(source->request, source->has_y);
    struct table_request wanted = {.path = source->paths->of.x,
                                   .arrays = names->x,
                                   .labels = names->labels,
                                   .weights = names->weights,
                                   .columns = source->request->columns,
                                   .needed = source->request->d,
                                   .precision = wide ? 8 : source->request->precision};
    wanted.columns.missing = samples_missing(source->request, source->has_y);
    return read_table(all, &wanted, fault);
}

static bool read_y(struct gathered *all, const struct source *source, const struct array_names *names,
                   struct fault *fault)
{
    const struct samples_paths *const paths = source->paths;
    const struct table_request wanted = {
        .path = paths->of.y ? paths->of.y : paths->of.x,
        .arrays = names->y,
        .columns = {.missing = samples_missing(source->request, source->has_y)},
        .needed = source->request->d,
        .precision = source->request->precision};
    return !source->has_y || read_table(all, &wanted, fault);
}

static bool read_logdet(struct gathered *all, const struct source *source, const struct array_names *names,
                        struct fault *fault)
{
    const char *const arrays[] = {names->logdet, NULL};
    const struct table_request wanted = {
        .path = source->paths->of.x,
        .arrays = arrays,
        .columns = {.missing = samples_missing(source->request, source->has_y)},
        .needed = 1,
        .precision = 8};
    return !source->has_logdet || read_table(all, &wanted, fault);
}

/* Those of a file of their own */
static bool read_weights(struct gathered *x, const struct source *source, struct fault *fault)
{
    void *weights = NULL;
    if (!source->request->weights_file)
        return true;
    const bool good = samples_read_weights(source->request, x->n, &weights, fault);
    free(x->weights);
    x->weights = weights;
    return good;
}

static bool read_tables(struct tables *out, const struct source *source, const struct array_names *names,
                        struct fault *fault)
{
    const char *const path = source->request->file;
    *out = (struct tables){.of = {{.n = 0}}};
    if (!read_x(&out->of[OF_X], source, names, fault) || !read_y(&out->of[OF_Y], source, names, fault) ||
        !read_logdet(&out->of[OF_LOGDET], source, names, fault) || !check_rows(out, path, fault) ||
        !read_weights(&out->of[OF_X], source, fault))
        return false;
    if (samples_drops_late(source->request, source->has_y))
        drop_rows(out);
    return check_count(path, &out->of[OF_X], fault);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

/* What belongs to the whole file: of the table that is read first. */
static void give_file(struct samples *out, struct gathered *x)
{
    out->precision = x->precision;
    out->by_line = x->by_line;
    out->names = x->names;
    x->names = NULL;
    if (!out->test_is_drawn)
        return;
    out->places = x->places;
    x->places = NULL;
}

static bool give_part(struct samples *out, const struct source *source, enum part_number number,
                      const struct tables *tables, struct fault *fault)
{
    const struct gathered *const x = &tables->of[OF_X];
    struct part *const part = samples_part(out, number), *const test =
                                                             number == PART_TRAIN && out->test_is_drawn
                                                                 ? &out->test
                                                                 : NULL;
    struct row_fates *const fates = &out->fates[number];
    const bool good = row_fates_draw(fates, x->n, x->weights, test ? source->request->test : 0, fault);
    part->n = fates->count[ROW_KEPT];
    if (test)
        test->n = fates->count[ROW_FOR_TEST];
    out->dropped += x->dropped;
    out->weightless += fates->count[ROW_LEFT_OUT];
    return good && split_tables(fates, tables, part, test, fault);
}

static bool read_part(struct samples *out, const struct source *source, enum part_number number,
                      struct fault *fault)
{
    struct tables tables;
    bool good = read_tables(&tables, source, source->plan.of[number], fault);
    if (good && number == PART_TRAIN)
        give_file(out, &tables.of[OF_X]);
    good = good && give_part(out, source, number, &tables, fault);
    free_tables(&tables);
    return good;
}

bool samples_read_table(struct samples *out, const struct samples_request *request,
                        const struct samples_paths *paths, struct fault *fault)
{
    struct source source = {.request = request, .paths = paths};
    if (!open_source(&source, fault) ||
        (array_plan_is_split(&source.plan) && !samples_refuse_weights(request, fault)))
        return false;
    out->test_is_drawn = !source.plan.of[PART_TEST];
    for (int i = 0; i < PARTS; i++)
        if (source.plan.of[i] && !read_part(out, &source, (enum part_number)i, fault))
            return false;
    return true;
}
