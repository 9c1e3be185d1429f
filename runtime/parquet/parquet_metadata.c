/* SPDX-License-Identifier: MIT
 *
 * Takes what is where in a Parquet file, gives its headers and footer. Names and numbers of fields are those
 * of parquet.thrift. */
#include "parquet/parquet_metadata.h"

#include "parquet/parquet_thrift.h"

enum { VERSION = 1 };
enum { DATA_PAGE = 0 };
enum { PLAIN = 0, RLE = 3 }; /* encodings */
enum { UNCOMPRESSED = 0 };
enum { REQUIRED = 0, OPTIONAL = 1 };
enum { UTF8 = 0 }; /* a converted type */

void parquet_put_page(const struct parquet_page *page, int64_t rows, FILE *to)
{
    struct thrift header = {.to = to};
    thrift_i32(&header, 1, DATA_PAGE);                 /* type */
    thrift_i32(&header, 2, (int32_t)page->data_bytes); /* uncompressed_page_size */
    thrift_i32(&header, 3, (int32_t)page->data_bytes); /* compressed_page_size */
    struct thrift data = thrift_open(&header, 5);      /* data_page_header */
    thrift_i32(&data, 1, (int32_t)rows);               /* num_values */
    thrift_i32(&data, 2, PLAIN);                       /* encoding */
    thrift_i32(&data, 3, RLE);                         /* definition_level_encoding */
    thrift_i32(&data, 4, RLE);                         /* repetition_level_encoding */
    thrift_close(&data);
    thrift_close(&header);
}

/* ---- footer -------------------------------------------------------------------------------------------- */

static void put_root(int64_t fields, FILE *to)
{
    struct thrift root = {.to = to};
    thrift_text(&root, 4, "schema");       /* name */
    thrift_i32(&root, 5, (int32_t)fields); /* num_children */
    thrift_close(&root);
}

static void put_field(const struct parquet_field *field, FILE *to)
{
    struct thrift element = {.to = to};
    thrift_i32(&element, 1, (int32_t)field->type);                  /* type */
    thrift_i32(&element, 3, field->optional ? OPTIONAL : REQUIRED); /* repetition_type */
    thrift_text(&element, 4, field->name);                          /* name */
    if (field->type == PARQUET_TEXT) {
        thrift_i32(&element, 6, UTF8);                     /* converted_type */
        struct thrift logical = thrift_open(&element, 10); /* logicalType */
        struct thrift string = thrift_open(&logical, 1);   /* STRING */
        thrift_close(&string);
        thrift_close(&logical);
    }
    thrift_close(&element);
}

static void put_column(const struct parquet_field *field, const struct parquet_page *page, int64_t rows,
                       FILE *to)
{
    struct thrift chunk = {.to = to};
    thrift_i64(&chunk, 2, page->place);            /* file_offset */
    struct thrift column = thrift_open(&chunk, 3); /* meta_data */
    thrift_i32(&column, 1, (int32_t)field->type);  /* type */
    thrift_list_i32(&column, 2, 2);                /* encodings */
    thrift_item_i32(&column, PLAIN);
    thrift_item_i32(&column, RLE);
    thrift_list_text(&column, 3, 1); /* path_in_schema */
    thrift_item_text(&column, field->name);
    thrift_i32(&column, 4, UNCOMPRESSED); /* codec */
    thrift_i64(&column, 5, rows);         /* num_values */
    thrift_i64(&column, 6, page->bytes);  /* total_uncompressed_size */
    thrift_i64(&column, 7, page->bytes);  /* total_compressed_size */
    thrift_i64(&column, 9, page->place);  /* data_page_offset */
    thrift_close(&column);
    thrift_close(&chunk);
}

static void put_group(const struct parquet_metadata *m, int64_t g, FILE *to)
{
    const struct parquet_page *const pages = m->pages + g * m->n;
    struct thrift group = {.to = to};
    int64_t bytes = 0;
    thrift_list_open(&group, 1, m->n); /* columns */
    for (int64_t k = 0; k < m->n; k++) {
        put_column(&m->fields[k], &pages[k], m->rows[g], to);
        bytes += pages[k].bytes;
    }
    thrift_i64(&group, 2, bytes);      /* total_byte_size */
    thrift_i64(&group, 3, m->rows[g]); /* num_rows */
    thrift_close(&group);
}

void parquet_put_footer(const struct parquet_metadata *m, FILE *to)
{
    struct thrift footer = {.to = to};
    int64_t rows = 0;
    for (int64_t g = 0; g < m->groups; g++)
        rows += m->rows[g];
    thrift_i32(&footer, 1, VERSION);        /* version */
    thrift_list_open(&footer, 2, m->n + 1); /* schema */
    put_root(m->n, to);
    for (int64_t k = 0; k < m->n; k++)
        put_field(&m->fields[k], to);
    thrift_i64(&footer, 3, rows);            /* num_rows */
    thrift_list_open(&footer, 4, m->groups); /* row_groups */
    for (int64_t g = 0; g < m->groups; g++)
        put_group(m, g, to);
    thrift_text(&footer, 6, "gpfc version " PACKAGE_VERSION " (build none)"); /* created_by */
    thrift_close(&footer);
}
