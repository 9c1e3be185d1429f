/* SPDX-License-Identifier: MIT
 *
 * Questions in SQL about one Parquet file, answered by DuckDB in parts, in the order of the file's rows. */
#ifndef GPFC_PARQUET_QUERY_H
#define GPFC_PARQUET_QUERY_H

#include "parquet/parquet_library.h"

/* ---- the file ------------------------------------------------------------------------------------------ */

struct parquet_file { /* zeroed: closed */
    struct parquet_library library;
    struct duckdb_database *database;
    struct duckdb_connection *connection;
    const char *name; /* for faults; lent */
    char path[32];    /* for DuckDB: one that holds nothing that it would take for a pattern */
};

/* The descriptor of a regular file is lent until parquet_file_close, and so is the name. */
bool parquet_file_open(struct parquet_file *out, const char *name, int descriptor,
                       struct fault *fault) MUST_CHECK;
void parquet_file_close(struct parquet_file *file);

/* ---- a question ---------------------------------------------------------------------------------------- */

struct parquet_query { /* zeroed: closed */
    struct parquet_file *file;
    struct duckdb_statement *statement;
    struct duckdb_result result;
    struct duckdb_chunk *chunk;
    int64_t rows; /* of the present part */
};

/* In sql the file is read_parquet($1). One question at a time. */
bool parquet_query_open(struct parquet_query *out, struct parquet_file *file, const char *sql,
                        struct fault *fault) MUST_CHECK;
void parquet_query_close(struct parquet_query *query);

/* The next part; rows is 0 after the last one. */
bool parquet_query_next(struct parquet_query *query, struct fault *fault) MUST_CHECK;

/* A column of the present part: its values, of the type that sql casts them to, and which of them are there:
 * bit i % 64 of valid[i / 64]. valid NULL: all are. */
struct parquet_column {
    const void *values;
    const uint64_t *valid;
};
struct parquet_column parquet_query_column(const struct parquet_query *query, int64_t column);

static inline bool parquet_is_there(const struct parquet_column *column, int64_t row)
{
    return !column->valid || (column->valid[row / 64] >> (row % 64) & 1) != 0;
}

#endif
