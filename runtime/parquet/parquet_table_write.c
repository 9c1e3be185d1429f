/* SPDX-License-Identifier: MIT
 *
 * Parquet files, written without a library: rows are gathered into groups of which each column is one page.
 * And the format. */
#include "files/safe_file.h"
#include "parquet/parquet_metadata.h"
#include "parquet/parquet_table.h"
#include "parquet/parquet_thrift.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_BYTES = 32 << 20, GROUP_ROWS = 1 << 20, MOST_NAME = 300 };

struct parquet_out {
    struct safe_file *file;
    int64_t place;                    /* bytes that were written */
    struct parquet_field *fields;     /* [fields_n] the columns', of the numbers beside, and of the labels */
    struct parquet_metadata metadata; /* of groups that were written, for which there is room: */
    int64_t groups_room;
    int64_t room, rows; /* of the group that is being gathered */
    char *numbers;      /* [columns][room] of the precision */
    double *beside;     /* [room]; NULL: there are none */
    int64_t *labels;    /* likewise */
};

/* ---- bytes --------------------------------------------------------------------------------------------- */

static bool put(struct parquet_out *out, const void *data, size_t bytes, struct fault *fault)
{
    out->place += (int64_t)bytes;
    return safe_file_write(out->file, data, bytes, fault);
}

/* What is made in memory first, as its length stands before it. */
struct made {
    char *bytes;
    size_t length;
    FILE *to;
};

static bool make(struct made *made, struct fault *fault)
{
    *made = (struct made){.bytes = NULL};
    made->to = open_memstream(&made->bytes, &made->length);
    return made->to || fault_memory(fault, 0, "a part of a Parquet file");
}

static bool is_made(struct made *made, struct fault *fault)
{
    const bool good = !ferror(made->to);
    return (fclose(made->to) == 0 && good) || fault_memory(fault, made->length, "a part of a Parquet file");
}

static void put_u32(uint32_t value, FILE *to)
{
    for (int shift = 0; shift < 32; shift += 8)
        (void)putc((int)(value >> shift & 0xFF), to);
}

/* ---- pages --------------------------------------------------------------------------------------------- */

static bool put_page(struct parquet_out *out, int64_t field, const void *data, size_t bytes,
                     struct fault *fault)
{
    struct parquet_page *const page = &out->metadata.pages[out->metadata.groups * out->metadata.n + field];
    struct made header;
    *page = (struct parquet_page){.place = out->place, .data_bytes = (int64_t)bytes};
    if (!make(&header, fault))
        return false;
    parquet_put_page(page, out->rows, header.to);
    const bool good = is_made(&header, fault) && put(out, header.bytes, header.length, fault) &&
                      put(out, data, bytes, fault);
    free(header.bytes);
    page->bytes = out->place - page->place;
    return good;
}

/* Which labels are there: a bit each, as a run of Parquet's hybrid of runs and packed bits. */
static void put_levels(const struct parquet_out *out, FILE *to)
{
    const uint32_t bytes = (uint32_t)(out->rows + 7) / 8;
    uint32_t head_bytes = 1;
    for (uint32_t head = bytes << 1 | 1; head >= 0x80; head >>= 7)
        head_bytes++;
    put_u32(head_bytes + bytes, to);
    uint32_t head = bytes << 1 | 1;
    for (; head >= 0x80; head >>= 7)
        (void)putc((int)(head & 0x7F) | 0x80, to);
    (void)putc((int)head, to);
    for (int64_t row = 0; row < out->rows; row += 8) {
        int bits = 0;
        for (int64_t i = 0; i < 8 && row + i < out->rows; i++)
            bits |= (out->labels[row + i] != TABLE_NO_LABEL) << i;
        (void)putc(bits, to);
    }
}

static void put_label(const struct table_writer *w, int64_t label, enum parquet_type type, FILE *to)
{
    const char *const word = type == PARQUET_TEXT ? table_word(w->making.labels, label) : NULL;
    if (type == PARQUET_TEXT) {
        put_u32((uint32_t)strlen(word), to);
        thrift_utf8(word, to);
        return;
    }
    put_u32((uint32_t)(uint64_t)label, to);
    put_u32((uint32_t)((uint64_t)label >> 32), to);
}

/* The labels of the first group say whether all are words: by then there is one, or the first rows have
 * none. */
static bool put_labels(const struct table_writer *w, int64_t field, struct fault *fault)
{
    struct parquet_out *const out = w->state;
    struct parquet_field *const label = &out->fields[field];
    struct made data;
    if (out->metadata.groups == 0)
        label->type = table_word(w->making.labels, 0) ? PARQUET_TEXT : PARQUET_INT64;
    if (!make(&data, fault))
        return false;
    put_levels(out, data.to);
    for (int64_t row = 0; row < out->rows; row++)
        if (out->labels[row] != TABLE_NO_LABEL)
            put_label(w, out->labels[row], label->type, data.to);
    const bool good = is_made(&data, fault) && put_page(out, field, data.bytes, data.length, fault);
    free(data.bytes);
    return good;
}

/* ---- groups -------------------------------------------------------------------------------------------- */

static bool make_room(struct parquet_out *out, struct fault *fault)
{
    struct parquet_metadata *const m = &out->metadata;
    if (m->groups < out->groups_room)
        return true;
    const int64_t room = out->groups_room > 0 ? 2 * out->groups_room : 1;
    const size_t bytes = (size_t)(room * m->n) * sizeof *m->pages;
    struct parquet_page *const pages = realloc(m->pages, bytes);
    if (pages)
        m->pages = pages;
    int64_t *const rows = pages ? realloc(m->rows, (size_t)room * sizeof *rows) : NULL;
    if (!rows)
        return fault_memory(fault, bytes, "the places of rows");
    m->rows = rows;
    out->groups_room = room;
    return true;
}

static bool put_group(const struct table_writer *w, struct fault *fault)
{
    struct parquet_out *const out = w->state;
    const int64_t columns = w->making.columns;
    const size_t bytes = (size_t)(out->rows * w->making.precision);
    if (out->rows == 0)
        return true;
    if (!make_room(out, fault))
        return false;
    for (int64_t k = 0; k < columns; k++)
        if (!put_page(out, k, out->numbers + k * out->room * w->making.precision, bytes, fault))
            return false;
    if ((out->beside &&
         !put_page(out, columns, out->beside, (size_t)out->rows * sizeof *out->beside, fault)) ||
        (out->labels && !put_labels(w, out->metadata.n - 1, fault)))
        return false;
    out->metadata.rows[out->metadata.groups++] = out->rows;
    out->rows = 0;
    return true;
}

/* Row i of x becomes the next one of the group. */
static void gather(const struct table_writer *w, const void *x, int64_t i)
{
    struct parquet_out *const out = w->state;
    const int64_t columns = w->making.columns;
    for (int64_t k = 0; k < columns; k++)
        if (w->making.precision == 4)
            ((float *)out->numbers)[k * out->room + out->rows] = ((const float *)x)[i * columns + k];
        else
            ((double *)out->numbers)[k * out->room + out->rows] = ((const double *)x)[i * columns + k];
}

static bool write_rows(struct table_writer *w, const struct table_block *block, struct fault *fault)
{
    struct parquet_out *const out = w->state;
    for (int64_t i = 0; i < block->rows; i++) {
        gather(w, block->x, i);
        if (out->beside)
            out->beside[out->rows] = block->beside[i];
        if (out->labels)
            out->labels[out->rows] = block->labels[i];
        if (++out->rows == out->room && !put_group(w, fault))
            return false;
    }
    return true;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

static bool name_fields(const struct table_writer *w, struct parquet_out *out, struct fault *fault)
{
    const struct table_making *const m = &w->making;
    char room[MOST_NAME];
    for (int64_t k = 0; k < out->metadata.n; k++) {
        struct parquet_field *const field = &out->fields[k];
        field->optional = w->has_labels && k == out->metadata.n - 1;
        field->type = m->precision == 4 && k < m->columns ? PARQUET_FLOAT : PARQUET_DOUBLE;
        field->name = strdup(table_field_name(w, k, room, sizeof room));
        if (!field->name)
            return fault_memory(fault, sizeof room, "names");
    }
    return true;
}

static bool take_memory(const struct table_writer *w, struct parquet_out *out, struct fault *fault)
{
    const struct table_making *const m = &w->making;
    const int64_t row_bytes = m->columns * m->precision, fit = GROUP_BYTES / row_bytes;
    out->room = fit < 1 ? 1 : fit < GROUP_ROWS ? fit : GROUP_ROWS;
    out->metadata.n = m->columns + (m->beside != NULL) + w->has_labels;
    return fault_calloc(fault, (void **)&out->fields, (size_t)out->metadata.n, sizeof *out->fields,
                        "columns") &&
           fault_calloc(fault, (void **)&out->numbers, (size_t)out->room, (size_t)row_bytes, "rows") &&
           (!m->beside ||
            fault_calloc(fault, (void **)&out->beside, (size_t)out->room, sizeof *out->beside, "rows")) &&
           (!w->has_labels ||
            fault_calloc(fault, (void **)&out->labels, (size_t)out->room, sizeof *out->labels, "labels"));
}

static void abandon(struct table_writer *w)
{
    struct parquet_out *const out = w->state;
    safe_file_abandon(out->file);
    for (int64_t k = 0; out->fields && k < out->metadata.n; k++)
        free(out->fields[k].name);
    free(out->fields);
    free(out->metadata.pages);
    free(out->metadata.rows);
    free(out->numbers);
    free(out->beside);
    free(out->labels);
    free(out);
}

static bool create(struct table_writer *w, struct fault *fault)
{
    if (!fault_calloc(fault, &w->state, 1, sizeof(struct parquet_out), "a writer"))
        return false;
    struct parquet_out *const out = w->state;
    if (take_memory(w, out, fault) && name_fields(w, out, fault) &&
        safe_file_open(&out->file, w->making.path, fault) &&
        put(out, PARQUET_MAGIC, strlen(PARQUET_MAGIC), fault))
        return true;
    abandon(w);
    return false;
}

static bool put_footer(struct parquet_out *out, struct fault *fault)
{
    struct made footer;
    out->metadata.fields = out->fields;
    if (!make(&footer, fault))
        return false;
    parquet_put_footer(&out->metadata, footer.to);
    const long length = ftell(footer.to);
    put_u32((uint32_t)length, footer.to);
    (void)fputs(PARQUET_MAGIC, footer.to);
    const bool good = is_made(&footer, fault) && put(out, footer.bytes, footer.length, fault);
    free(footer.bytes);
    return good;
}

static bool commit(struct table_writer *w, struct fault *fault)
{
    struct parquet_out *const out = w->state;
    const bool whole = put_group(w, fault) && put_footer(out, fault),
               good = whole && safe_file_commit(out->file, fault);
    if (whole)
        out->file = NULL;
    abandon(w);
    return good;
}

const struct table_format table_parquet = {
    .name = "parquet",
    .suffix = ".parquet",
    .open = parquet_table_open,
    .start = parquet_table_start,
    .read = parquet_table_read,
    .close = parquet_table_close,
    .tell = parquet_table_tell,
    .tell_columns = parquet_table_tell_columns,
    .name_place = table_name_row,
    .create = create,
    .write = write_rows,
    .commit = commit,
    .abandon = abandon,
};
