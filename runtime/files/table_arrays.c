/* SPDX-License-Identifier: MIT
 *
 * Tables in NumPy's formats: an array of an .npy, or one of several in an .npz with its labels. */
#include "files/npy_format.h"
#include "files/npz.h"
#include "files/table_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening ------------------------------------------------------------------------------------------- */

struct arrays {
    struct npz *npz;                            /* NULL: an .npy */
    struct npy_reader *rows, *labels, *weights; /* the last two NULL: no array of their own */
    double *all; /* [block_rows][there], where not all columns are wanted, or not only, or in another order */
    double *weight; /* [block_rows], of an array of their own */
    int64_t row;
};

static bool make_state(struct table_reader *r, struct fault *fault)
{
    return fault_calloc(fault, &r->state, 1, sizeof(struct arrays), "a reader");
}

static void take_shape(struct table_reader *r)
{
    const struct arrays *const a = r->state;
    const struct npy_shape shape = npy_shape(a->rows);
    r->info.rows = shape.rows;
    r->there = shape.columns;
}

static bool open_npy(struct table_reader *r, const struct byte_source *source, struct fault *fault)
{
    if (!make_state(r, fault)) {
        byte_source_close(source);
        return false;
    }
    struct arrays *const a = r->state;
    if (!npy_open_source(&a->rows, r->name, source, fault))
        return false;
    take_shape(r);
    return true;
}

static const char *rows_array(const struct table_reader *r, struct npz *npz)
{
    const char *const *name = r->request.arrays;
    while (name[1] && !npz_has(npz, name[0]))
        name++;
    return npz_has(npz, name[0]) ? name[0] : r->request.arrays[0];
}

/* An array of one number for each row. */
static bool open_list(const struct table_reader *r, struct npz *npz, const char *name,
                      struct npy_reader **out, struct fault *fault)
{
    if (!npz_array(npz, name, out, fault))
        return false;
    const struct npy_shape shape = npy_shape(*out);
    return (shape.columns == 1 && shape.rows == r->info.rows) ||
           fault_set(fault, FAULT_INPUT, "%s: %s is not a list of %" PRId64 " numbers, one for each row",
                     r->name, name, r->info.rows);
}

/* The labels are an array, unless they were asked for as a column. */
static bool open_labels(struct table_reader *r, struct arrays *a, struct fault *fault)
{
    const char *const usual = r->request.labels ? r->request.labels : "labels";
    const char *const wanted = r->request.columns.label ? r->request.columns.label : usual;
    if (!npz_has(a->npz, wanted))
        return true;
    r->label_array = wanted;
    return open_list(r, a->npz, wanted, &a->labels, fault);
}

static bool open_weights(struct table_reader *r, struct arrays *a, struct fault *fault)
{
    const char *const wanted = r->request.columns.weights ? r->request.columns.weights : r->request.weights;
    if (!r->request.weights || !npz_has(a->npz, wanted))
        return true;
    r->weight_array = wanted;
    return open_list(r, a->npz, wanted, &a->weights, fault);
}

static bool open_npz(struct table_reader *r, const struct byte_source *source, struct fault *fault)
{
    if (!make_state(r, fault)) {
        byte_source_close(source);
        return false;
    }
    struct arrays *const a = r->state;
    if (!npz_open_source(&a->npz, r->name, source, fault) ||
        !npz_array(a->npz, rows_array(r, a->npz), &a->rows, fault))
        return false;
    take_shape(r);
    return open_labels(r, a, fault) && open_weights(r, a, fault);
}

static void close_arrays(struct table_reader *r)
{
    struct arrays *const a = r->state;
    npy_close(a->rows);
    npy_close(a->labels);
    npy_close(a->weights);
    npz_close(a->npz);
    free(a->all);
    free(a->weight);
    free(a);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool takes_all(const struct table_reader *r)
{
    for (int64_t i = 0; i < r->width; i++)
        if (r->from[i] != i)
            return false;
    return r->width == r->there && !r->weight_array;
}

static bool start_arrays(struct table_reader *r, struct fault *fault)
{
    struct arrays *const a = r->state;
    if (a->weights &&
        !fault_calloc(fault, (void **)&a->weight, (size_t)r->block_rows, sizeof *a->weight, "weights"))
        return false;
    return takes_all(r) ||
           fault_calloc(fault, (void **)&a->all, (size_t)(r->block_rows * r->there), sizeof *a->all, "rows");
}

static bool label_of(const struct table_reader *r, double value, int64_t place, int64_t *out,
                     struct fault *fault)
{
    *out = TABLE_NO_LABEL;
    if (isnan(value) && r->request.columns.missing != TABLE_REFUSE)
        return true;
    return table_label_of(value, out) || fault_set(fault, FAULT_INPUT,
                                                   "%s: row %" PRId64 ", column %" PRId64
                                                   " is not a whole number; labels are (counted from 0)",
                                                   r->name, place, r->label);
}

/* Row i of all columns becomes one of those that are wanted. */
static bool choose(struct table_reader *r, const double *all, int64_t i, struct fault *fault)
{
    const struct arrays *const a = r->state;
    for (int64_t k = 0; k < r->width; k++)
        r->block[i * r->width + k] = r->from[k] == TABLE_OWN_ARRAY ? a->weight[i] : all[r->from[k]];
    return r->label < 0 || label_of(r, all[r->label], r->places[i], &r->labels[i], fault);
}

static bool read_arrays(struct table_reader *r, int64_t rows, int64_t *got, struct fault *fault)
{
    struct arrays *const a = r->state;
    int64_t labels, weights;
    if (!npy_read_numbers(a->rows, rows, a->all ? a->all : r->block, got, fault) ||
        (a->labels && !npy_read_integers(a->labels, rows, r->labels, &labels, fault)) ||
        (a->weights && !npy_read_numbers(a->weights, rows, a->weight, &weights, fault)))
        return false;
    for (int64_t i = 0; i < *got; i++) {
        r->places[i] = a->row++;
        if (a->all && !choose(r, a->all + i * r->there, i, fault))
            return false;
    }
    return true;
}

static bool tell_number(const struct table_reader *r, int64_t place, int64_t column, double value,
                        struct fault *fault)
{
    const struct arrays *const a = r->state;
    return column == TABLE_OWN_ARRAY ? npy_tell_number(a->weights, place, 0, value, fault)
                                     : npy_tell_number(a->rows, place, column, value, fault);
}

static bool tell_columns(const struct table_reader *r, struct fault *fault)
{
    const struct arrays *const a = r->state;
    return npy_expect_columns(a->rows, r->request.needed, fault);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

/* An .npz is made of .npy files without names. */
struct array_out {
    struct npy_writer *writer; /* NULL: this array is not written */
    int file;                  /* -1: none, as for an .npy */
};
enum out_array { OUT_ROWS, OUT_BESIDE, OUT_LABELS, OUT_ARRAYS };
struct arrays_out {
    struct safe_file *npz; /* NULL for an .npy */
    struct array_out array[OUT_ARRAYS];
};

static void free_out(struct table_writer *w)
{
    struct arrays_out *const out = w->state;
    for (int i = 0; i < OUT_ARRAYS; i++) {
        npy_writer_abandon(out->array[i].writer);
        if (out->array[i].file >= 0)
            (void)close(out->array[i].file);
    }
    safe_file_abandon(out->npz);
    free(out);
}

static bool make_out(struct table_writer *w, struct fault *fault)
{
    if (!fault_calloc(fault, &w->state, 1, sizeof(struct arrays_out), "a writer"))
        return false;
    for (int i = 0; i < OUT_ARRAYS; i++)
        ((struct arrays_out *)w->state)->array[i].file = -1;
    return true;
}

static bool create_npy(struct table_writer *w, struct fault *fault)
{
    const struct table_making *const m = &w->making;
    if (m->beside)
        return fault_set(fault, FAULT_INPUT,
                         "%s: an .npy has no place for a %s of each row; every other format has", m->path,
                         m->beside);
    if (!make_out(w, fault))
        return false;
    struct arrays_out *const out = w->state;
    w->has_labels = false;
    if (npy_create(&out->array[OUT_ROWS].writer, m->path, m->precision, m->rows, m->columns, fault))
        return true;
    free_out(w);
    return false;
}

static bool open_member(const struct table_writer *w, enum out_array which, int64_t precision,
                        int64_t columns, struct fault *fault)
{
    struct array_out *const out = &((struct arrays_out *)w->state)->array[which];
    return npy_create_unnamed(&out->writer, w->making.path, &out->file, precision, w->making.rows, columns,
                              fault);
}

static bool open_members(const struct table_writer *w, struct fault *fault)
{
    const struct table_making *const m = &w->making;
    return safe_file_open(&((struct arrays_out *)w->state)->npz, m->path, fault) &&
           open_member(w, OUT_ROWS, m->precision, m->columns, fault) &&
           (!m->beside || open_member(w, OUT_BESIDE, sizeof(double), NPY_LIST, fault)) &&
           (!w->has_labels || open_member(w, OUT_LABELS, 0, NPY_LIST, fault));
}

static bool create_npz(struct table_writer *w, struct fault *fault)
{
    if (strcmp(w->making.path, "-") == 0)
        return fault_set(fault, FAULT_INPUT,
                         "an .npz cannot be written to standard output; use the format npy or csv");
    if (!make_out(w, fault))
        return false;
    if (open_members(w, fault))
        return true;
    free_out(w);
    return false;
}

static bool write_arrays(struct table_writer *w, const struct table_block *block, struct fault *fault)
{
    const struct arrays_out *const out = w->state;
    const void *const from[OUT_ARRAYS] = {
        [OUT_ROWS] = block->x, [OUT_BESIDE] = block->beside, [OUT_LABELS] = block->labels};
    for (int i = 0; i < OUT_ARRAYS; i++)
        if (out->array[i].writer && !npy_write_rows(out->array[i].writer, from[i], block->rows, fault))
            return false;
    return true;
}

static bool commit_one(struct npy_writer **writer, struct fault *fault)
{
    struct npy_writer *const taken = *writer;
    *writer = NULL;
    return !taken || npy_writer_commit(taken, fault);
}

static bool zip_members(struct table_writer *w, struct fault *fault)
{
    struct arrays_out *const out = w->state;
    struct safe_file *const taken = out->npz;
    const char *const names[OUT_ARRAYS] = {
        [OUT_ROWS] = w->making.array, [OUT_BESIDE] = w->making.beside, [OUT_LABELS] = "labels"};
    struct npz_member members[OUT_ARRAYS];
    int n = 0;
    for (int i = 0; i < OUT_ARRAYS; i++)
        if (out->array[i].file >= 0)
            members[n++] = (struct npz_member){names[i], out->array[i].file};
    out->npz = NULL;
    return !taken || npz_make(taken, w->making.path, members, n, fault);
}

static bool commit_arrays(struct table_writer *w, struct fault *fault)
{
    struct arrays_out *const out = w->state;
    bool good = true;
    for (int i = 0; i < OUT_ARRAYS; i++)
        good = good && commit_one(&out->array[i].writer, fault);
    good = good && zip_members(w, fault);
    free_out(w);
    return good;
}

/* ---- the formats --------------------------------------------------------------------------------------- */

const struct table_format table_npy = {
    .name = "npy",
    .suffix = ".npy",
    .open = open_npy,
    .start = start_arrays,
    .read = read_arrays,
    .close = close_arrays,
    .tell = tell_number,
    .tell_columns = tell_columns,
    .name_place = table_name_row,
    .create = create_npy,
    .write = write_arrays,
    .commit = commit_arrays,
    .abandon = free_out,
};

const struct table_format table_npz = {
    .name = "npz",
    .suffix = ".npz",
    .open = open_npz,
    .start = start_arrays,
    .read = read_arrays,
    .close = close_arrays,
    .tell = tell_number,
    .tell_columns = tell_columns,
    .name_place = table_name_row,
    .create = create_npz,
    .write = write_arrays,
    .commit = commit_arrays,
    .abandon = free_out,
};
