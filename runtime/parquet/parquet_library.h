/* SPDX-License-Identifier: MIT
 *
 * DuckDB's library, which reads Parquet: loaded where it is needed, since few machines have it. */
#ifndef GPFC_PARQUET_LIBRARY_H
#define GPFC_PARQUET_LIBRARY_H

#include "ground/fault.h"

#include <stdint.h>

/* ---- what its duckdb.h declares ------------------------------------------------------------------------ */

struct duckdb_config;
struct duckdb_database;
struct duckdb_connection;
struct duckdb_statement;
struct duckdb_chunk;
struct duckdb_vector;

struct duckdb_result {
    uint64_t unused[3];
    void *unused_too[2], *internal;
};
_Static_assert(sizeof(struct duckdb_result) == 48, "duckdb_result");

struct duckdb_string { /* text of up to 12 bytes lies in it; a longer one has 4 here, and an address */
    uint32_t length;
    char first[4];
    union {
        char more[8];
        const char *all;
    } rest;
};
_Static_assert(sizeof(struct duckdb_string) == 16, "duckdb_string_t");

enum { DUCKDB_SUCCESS = 0 };

enum duckdb_type { /* those that are told apart here */
                   DUCKDB_BOOLEAN = 1,
                   DUCKDB_TINYINT = 2,
                   DUCKDB_SMALLINT = 3,
                   DUCKDB_INTEGER = 4,
                   DUCKDB_BIGINT = 5,
                   DUCKDB_UTINYINT = 6,
                   DUCKDB_USMALLINT = 7,
                   DUCKDB_UINTEGER = 8,
                   DUCKDB_UBIGINT = 9,
                   DUCKDB_FLOAT = 10,
                   DUCKDB_DOUBLE = 11,
                   DUCKDB_TIMESTAMP = 12,
                   DUCKDB_DATE = 13,
                   DUCKDB_TIME = 14,
                   DUCKDB_HUGEINT = 16,
                   DUCKDB_VARCHAR = 17,
                   DUCKDB_BLOB = 18,
                   DUCKDB_DECIMAL = 19,
                   DUCKDB_TIMESTAMP_S = 20,
                   DUCKDB_TIMESTAMP_MS = 21,
                   DUCKDB_TIMESTAMP_NS = 22,
                   DUCKDB_ENUM = 23,
                   DUCKDB_LIST = 24,
                   DUCKDB_STRUCT = 25,
                   DUCKDB_MAP = 26,
                   DUCKDB_UUID = 27,
                   DUCKDB_TIME_TZ = 30,
                   DUCKDB_TIMESTAMP_TZ = 31,
                   DUCKDB_UHUGEINT = 32,
                   DUCKDB_ARRAY = 33
};

/* ---- the library --------------------------------------------------------------------------------------- */

struct parquet_library { /* zeroed: closed */
    void *handle;
#define PARQUET_FUNCTION(result, name, parameters) result(*name) parameters;
#include "parquet/parquet_functions.def"
};

/* The file that GPFC_DUCKDB names, or else the newest libduckdb.so that the system finds. name: of the file
 * that is to be read, for faults. */
bool parquet_library_open(struct parquet_library *out, const char *name, struct fault *fault) MUST_CHECK;
void parquet_library_close(struct parquet_library *library);

#endif
