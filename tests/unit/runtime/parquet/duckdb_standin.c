/* SPDX-License-Identifier: MIT
 *
 * Stands in for DuckDB's library, which few machines have: it answers the questions of parquet_table_read.c,
 * and no other, about a file of text instead of Parquet:
 *
 *     PAR1 [what goes wrong]
 *     name:type name:type ...        types by their numbers in enum duckdb_type
 *     value value ...                a line for each row; "-" is a missing value
 *
 * Results come in parts of up to two rows, and the first one has none. */
#include "parquet/parquet_library.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARQUET_FUNCTION(result, name, parameters) result duckdb_##name parameters;
#include "parquet/parquet_functions.def"

enum { MOST_COLUMNS = 8, MOST_ROWS = 16, PART = 2, MOST_BYTES = 4096, MOST_ERROR = 200, SHORT_TEXT = 12 };

struct text_file {
    char bytes[MOST_BYTES];
    const char *wrong; /* what goes wrong, or "" */
    int columns, rows, types[MOST_COLUMNS];
    const char *names[MOST_COLUMNS], *values[MOST_ROWS][MOST_COLUMNS];
};

struct duckdb_config {
    int settings;
};

struct duckdb_database {
    bool connected;
};

struct duckdb_connection {
    struct duckdb_database *database;
};

struct duckdb_statement {
    char *sql, *path;
};

struct duckdb_vector {
    union {
        double numbers[PART];
        int64_t integers[PART];
        struct duckdb_string texts[PART];
    } values;
    uint64_t valid;
    bool complete;
};

struct duckdb_chunk {
    int rows;
    struct duckdb_vector vectors[MOST_COLUMNS];
};

struct answer {
    struct text_file file;
    char error[MOST_ERROR];
    int columns, of[MOST_COLUMNS]; /* of the file; -1: the number of rows */
    char as[MOST_COLUMNS];         /* DOUBLE, BIGINT or VARCHAR, by the first letter */
    int rows, row;
    bool began, ended;
};

/* ---- the file ------------------------------------------------------------------------------------------ */

static void read_columns(struct text_file *file, char *line)
{
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *const colon = strrchr(word, ':');
        *colon = 0;
        file->names[file->columns] = word;
        file->types[file->columns++] = atoi(colon + 1);
    }
}

static void read_row(struct text_file *file, char *line)
{
    char *rest = NULL;
    int column = 0;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        file->values[file->rows][column++] = word;
    file->rows++;
}

static void read_file(struct text_file *file, const char *path)
{
    FILE *const from = fopen(path, "r");
    const size_t length = from ? fread(file->bytes, 1, sizeof file->bytes - 1, from) : 0;
    if (from)
        (void)fclose(from);
    file->bytes[length] = 0;
    char *rest = NULL;
    const char *const first = strtok_r(file->bytes, "\n", &rest);
    file->wrong = first && strlen(first) > 5 ? first + 5 : "";
    for (char *line = strtok_r(NULL, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (file->columns == 0)
            read_columns(file, line);
        else
            read_row(file, line);
}

/* ---- a database ---------------------------------------------------------------------------------------- */

int duckdb_create_config(struct duckdb_config **out)
{
    *out = calloc(1, sizeof **out);
    return !*out;
}

int duckdb_set_config(struct duckdb_config *config, const char *name, const char *value)
{
    static const char *const settings[] = {"threads=1", "preserve_insertion_order=true",
                                           "autoload_known_extensions=false",
                                           "autoinstall_known_extensions=false", "temp_directory="};
    char setting[80];
    (void)snprintf(setting, sizeof setting, "%s=%s", name, value);
    for (int i = 0; i < 5; i++)
        if (strcmp(setting, settings[i]) == 0)
            config->settings |= 1 << i;
    return getenv("STANDIN_REFUSES") && strcmp(name, getenv("STANDIN_REFUSES")) == 0;
}

void duckdb_destroy_config(struct duckdb_config **config)
{
    free(*config);
    *config = NULL;
}

int duckdb_open_ext(const char *path, struct duckdb_database **out, struct duckdb_config *config,
                    char **error)
{
    *out = NULL;
    *error = path || config->settings != 31 ? strdup("not all settings were made") : NULL;
    if (*error)
        return 1;
    *out = calloc(1, sizeof **out);
    return !*out;
}

void duckdb_close(struct duckdb_database **database)
{
    if ((*database)->connected)
        abort();
    free(*database);
    *database = NULL;
}

int duckdb_connect(struct duckdb_database *database, struct duckdb_connection **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return 1;
    (*out)->database = database;
    database->connected = true;
    return 0;
}

void duckdb_disconnect(struct duckdb_connection **connection)
{
    (*connection)->database->connected = false;
    free(*connection);
    *connection = NULL;
}

const char *duckdb_library_version(void)
{
    return "v0.stand-in";
}

void duckdb_free(void *text)
{
    free(text);
}

/* ---- a statement --------------------------------------------------------------------------------------- */

int duckdb_prepare(struct duckdb_connection *connection, const char *sql, struct duckdb_statement **out)
{
    *out = calloc(1, sizeof **out);
    if (*out)
        (*out)->sql = strdup(sql);
    return !*out || !connection->database->connected;
}

const char *duckdb_prepare_error(struct duckdb_statement *statement)
{
    return statement ? NULL : "no statement";
}

int duckdb_bind_varchar(struct duckdb_statement *statement, uint64_t number, const char *text)
{
    statement->path = number == 1 ? strdup(text) : NULL;
    return !statement->path;
}

void duckdb_destroy_prepare(struct duckdb_statement **statement)
{
    if (*statement) {
        free((*statement)->sql);
        free((*statement)->path);
    }
    free(*statement);
    *statement = NULL;
}

/* SELECT CAST(#3 AS DOUBLE), ... FROM read_parquet($1) */
static bool read_casts(struct answer *answer, const char *sql)
{
    const char *at = sql + strlen("SELECT ");
    int column, length;
    for (char word[8]; sscanf(at, "CAST(#%d AS %7[A-Z])%n", &column, word, &length) == 2;) {
        answer->of[answer->columns] = column - 1;
        answer->as[answer->columns++] = word[0];
        at += length;
        at += strncmp(at, ", ", 2) == 0 ? 2 : 0;
    }
    return strcmp(at, " FROM read_parquet($1)") == 0;
}

static bool read_question(struct answer *answer, const char *sql)
{
    const bool short_of_rows = strcmp(answer->file.wrong, "ends early") == 0;
    if (strcmp(sql, "SELECT * FROM read_parquet($1) LIMIT 0") == 0) {
        for (int k = 0; k < answer->file.columns; k++)
            answer->of[answer->columns++] = k;
        return true;
    }
    answer->rows = short_of_rows ? answer->file.rows - 1 : answer->file.rows;
    if (strcmp(sql, "SELECT count(*) FROM read_parquet($1)") != 0)
        return read_casts(answer, sql);
    answer->of[answer->columns++] = -1;
    answer->rows = 1;
    return true;
}

int duckdb_execute_prepared_streaming(struct duckdb_statement *statement, struct duckdb_result *out)
{
    struct answer *const answer = calloc(1, sizeof *answer);
    *out = (struct duckdb_result){.internal = answer};
    if (!answer)
        return 1;
    read_file(&answer->file, statement->path);
    if (strcmp(answer->file.wrong, "damaged") == 0)
        (void)snprintf(answer->error, sizeof answer->error, "IO Error: damage in '%s' here\n\nLINE 1: %s",
                       statement->path, statement->sql);
    else if (strcmp(answer->file.wrong, "no parquet") == 0)
        (void)snprintf(answer->error, sizeof answer->error,
                       "Catalog Error: Table Function with name read_parquet is not in the catalog");
    else if (!read_question(answer, statement->sql))
        (void)snprintf(answer->error, sizeof answer->error, "an unknown question: %s", statement->sql);
    return answer->error[0] != 0;
}

/* ---- an answer ----------------------------------------------------------------------------------------- */

const char *duckdb_result_error(struct duckdb_result *result)
{
    const struct answer *const answer = result->internal;
    return answer->error[0] ? answer->error : NULL;
}

uint64_t duckdb_column_count(struct duckdb_result *result)
{
    const struct answer *const answer = result->internal;
    return (uint64_t)answer->columns;
}

const char *duckdb_column_name(struct duckdb_result *result, uint64_t column)
{
    const struct answer *const answer = result->internal;
    return answer->file.names[answer->of[column]];
}

int duckdb_column_type(struct duckdb_result *result, uint64_t column)
{
    const struct answer *const answer = result->internal;
    return answer->file.types[answer->of[column]];
}

void duckdb_destroy_result(struct duckdb_result *result)
{
    free(result->internal);
    result->internal = NULL;
}

static struct duckdb_string string_of(const char *text)
{
    struct duckdb_string string = {.length = (uint32_t)strlen(text)};
    if (string.length <= SHORT_TEXT)
        memcpy((char *)&string + sizeof string.length, text, string.length);
    else
        string.rest.all = text;
    return string;
}

static void fill(struct duckdb_vector *vector, const struct answer *answer, int column, int i)
{
    const int of = answer->of[column];
    const char *const value = of < 0 ? NULL : answer->file.values[answer->row + i][of];
    if (of < 0)
        vector->values.integers[i] = answer->file.rows;
    else if (strcmp(value, "-") == 0)
        vector->valid &= ~(1u << i);
    else if (answer->as[column] == 'D')
        vector->values.numbers[i] = strtod(value, NULL);
    else if (answer->as[column] == 'B')
        vector->values.integers[i] = strtoll(value, NULL, 10);
    else
        vector->values.texts[i] = string_of(value);
}

static int begin_part(struct answer *answer)
{
    const bool began = answer->began;
    answer->began = true;
    if (answer->row == answer->rows) {
        if (answer->ended)
            (void)snprintf(answer->error, sizeof answer->error, "asked after the end");
        answer->ended = true;
        return -1;
    }
    if (strcmp(answer->file.wrong, "breaks") == 0 && answer->row > 0) {
        (void)snprintf(answer->error, sizeof answer->error, "Invalid Error: a page cannot be read");
        return -1;
    }
    return !began ? 0 : answer->rows - answer->row < PART ? answer->rows - answer->row : PART;
}

/* To ask again after the last part is a fault, as it is with the library. */
struct duckdb_chunk *duckdb_fetch_chunk(struct duckdb_result result)
{
    struct answer *const answer = result.internal;
    const int rows = begin_part(answer);
    struct duckdb_chunk *const chunk = rows < 0 ? NULL : calloc(1, sizeof *chunk);
    if (!chunk)
        return NULL;
    chunk->rows = rows;
    for (int k = 0; k < answer->columns; k++) {
        chunk->vectors[k].valid = 3;
        for (int i = 0; i < rows; i++)
            fill(&chunk->vectors[k], answer, k, i);
        chunk->vectors[k].complete = chunk->vectors[k].valid == 3;
    }
    answer->row += rows;
    return chunk;
}

uint64_t duckdb_data_chunk_get_size(struct duckdb_chunk *chunk)
{
    return (uint64_t)chunk->rows;
}

struct duckdb_vector *duckdb_data_chunk_get_vector(struct duckdb_chunk *chunk, uint64_t column)
{
    return &chunk->vectors[column];
}

void *duckdb_vector_get_data(struct duckdb_vector *vector)
{
    return &vector->values;
}

uint64_t *duckdb_vector_get_validity(struct duckdb_vector *vector)
{
    return vector->complete ? NULL : &vector->valid;
}

uint32_t duckdb_string_t_length(struct duckdb_string text)
{
    return text.length;
}

const char *duckdb_string_t_data(struct duckdb_string *text)
{
    return text->length <= SHORT_TEXT ? (const char *)text + sizeof text->length : text->rest.all;
}

void duckdb_destroy_data_chunk(struct duckdb_chunk **chunk)
{
    free(*chunk);
    *chunk = NULL;
}
