/* SPDX-License-Identifier: MIT
 *
 * What a Parquet file says of itself, written. The file is
 *
 *     PAR1, the pages, the footer, its length in 4 bytes, PAR1
 *
 * Rows come in groups, and a column of a group is one page here: a header and then values as they are, little
 * endian, neither compressed nor encoded. The format: https://github.com/apache/parquet-format. */
#ifndef GPFC_PARQUET_METADATA_H
#define GPFC_PARQUET_METADATA_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PARQUET_MAGIC "PAR1"

enum parquet_type { PARQUET_INT64 = 2, PARQUET_FLOAT = 4, PARQUET_DOUBLE = 5, PARQUET_TEXT = 6 };

struct parquet_field {
    char *name;
    enum parquet_type type;
    bool optional; /* values may be missing */
};

struct parquet_page {
    int64_t place, bytes; /* in the file, header included */
    int64_t data_bytes;   /* without it */
};

struct parquet_metadata {
    const struct parquet_field *fields; /* [n] */
    int64_t n;
    struct parquet_page *pages; /* [groups][n] */
    int64_t *rows;              /* [groups] */
    int64_t groups;
};

/* Of a page with so many rows. What cannot be written shows in ferror(to). */
void parquet_put_page(const struct parquet_page *page, int64_t rows, FILE *to);
void parquet_put_footer(const struct parquet_metadata *metadata, FILE *to);

#endif
