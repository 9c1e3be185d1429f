/* SPDX-License-Identifier: MIT
 *
 * Takes a question, gives DuckDB's answer. */
#include "parquet/parquet_query.h"

#include "ground/text.h"

#include <stdio.h>
#include <string.h>

/* ---- faults -------------------------------------------------------------------------------------------- */

/* The first line of what DuckDB says, with the file's name instead of the path that it was given. Of its
 * catalog nothing is used that could be missing but read_parquet. */
static bool tell(const struct parquet_file *file, const char *error, struct fault *fault)
{
    char line[400];
    if (error && starts_with(error, "Catalog Error"))
        return fault_set(fault, FAULT_SYSTEM, "%s: this library of DuckDB %s was built without Parquet",
                         file->name, file->library.library_version());
    (void)snprintf(line, sizeof line, "%s", error ? error : "failed without a reason");
    line[strcspn(line, "\n")] = 0;
    const char *const path = strstr(line, file->path);
    const int before = path ? (int)(path - line) : (int)strlen(line);
    return fault_set(fault, FAULT_INPUT, "%s: DuckDB: %.*s%s%s", file->name, before, line,
                     path ? file->name : "", path ? path + strlen(file->path) : "");
}

/* ---- the file ------------------------------------------------------------------------------------------ */

/* One thread, so that rows come in their order and the trainer's own threads keep their cores. Nothing is
 * loaded or fetched that the library does not hold, and nothing is written. */
static const char *const settings[][2] = {{"threads", "1"},
                                          {"preserve_insertion_order", "true"},
                                          {"autoload_known_extensions", "false"},
                                          {"autoinstall_known_extensions", "false"},
                                          {"temp_directory", ""}};

static bool configure(const struct parquet_file *file, struct duckdb_config *config, struct fault *fault)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (file->library.set_config(config, settings[i][0], settings[i][1]) != DUCKDB_SUCCESS)
            return fault_set(fault, FAULT_SYSTEM, "%s: DuckDB %s does not take the setting %s = '%s'",
                             file->name, file->library.library_version(), settings[i][0], settings[i][1]);
    return true;
}

static bool open_database(struct parquet_file *file, struct duckdb_config *config, struct fault *fault)
{
    char *error = NULL;
    if (file->library.open_ext(NULL, &file->database, config, &error) == DUCKDB_SUCCESS)
        return file->library.connect(file->database, &file->connection) == DUCKDB_SUCCESS ||
               tell(file, "no connection", fault);
    (void)tell(file, error, fault);
    file->library.free(error);
    return false;
}

bool parquet_file_open(struct parquet_file *out, const char *name, int descriptor, struct fault *fault)
{
    struct duckdb_config *config = NULL;
    *out = (struct parquet_file){.name = name};
    (void)snprintf(out->path, sizeof out->path, "/proc/self/fd/%d", descriptor);
    if (!parquet_library_open(&out->library, name, fault))
        return false;
    const bool made = out->library.create_config(&config) == DUCKDB_SUCCESS;
    const bool good = made ? configure(out, config, fault) && open_database(out, config, fault)
                           : fault_memory(fault, 0, "DuckDB");
    out->library.destroy_config(&config);
    return good;
}

void parquet_file_close(struct parquet_file *file)
{
    if (file->connection)
        file->library.disconnect(&file->connection);
    if (file->database)
        file->library.close(&file->database);
    parquet_library_close(&file->library);
}

/* ---- a question ---------------------------------------------------------------------------------------- */

bool parquet_query_open(struct parquet_query *out, struct parquet_file *file, const char *sql,
                        struct fault *fault)
{
    const struct parquet_library *const l = &file->library;
    *out = (struct parquet_query){.file = file};
    if (l->prepare(file->connection, sql, &out->statement) != DUCKDB_SUCCESS)
        return tell(file, l->prepare_error(out->statement), fault);
    if (l->bind_varchar(out->statement, 1, file->path) != DUCKDB_SUCCESS)
        return tell(file, l->prepare_error(out->statement), fault);
    return l->execute_prepared_streaming(out->statement, &out->result) == DUCKDB_SUCCESS ||
           tell(file, l->result_error(&out->result), fault);
}

static void drop_chunk(struct parquet_query *query)
{
    if (query->chunk)
        query->file->library.destroy_data_chunk(&query->chunk);
    query->rows = 0;
}

void parquet_query_close(struct parquet_query *query)
{
    if (!query->file)
        return;
    drop_chunk(query);
    query->file->library.destroy_result(&query->result);
    query->file->library.destroy_prepare(&query->statement);
    query->file = NULL;
}

/* A part without rows is not the last one. */
bool parquet_query_next(struct parquet_query *query, struct fault *fault)
{
    const struct parquet_library *const l = &query->file->library;
    do {
        drop_chunk(query);
        query->chunk = l->fetch_chunk(query->result);
        query->rows = query->chunk ? (int64_t)l->data_chunk_get_size(query->chunk) : 0;
    } while (query->chunk && query->rows == 0);
    const char *const error = query->chunk ? NULL : l->result_error(&query->result);
    return !error || !error[0] || tell(query->file, error, fault);
}

struct parquet_column parquet_query_column(const struct parquet_query *query, int64_t column)
{
    const struct parquet_library *const l = &query->file->library;
    struct duckdb_vector *const vector = l->data_chunk_get_vector(query->chunk, (uint64_t)column);
    return (struct parquet_column){.values = l->vector_get_data(vector),
                                   .valid = l->vector_get_validity(vector)};
}
