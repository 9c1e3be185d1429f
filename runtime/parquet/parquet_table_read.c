/* SPDX-License-Identifier: MIT
 *
 * Parquet files, read by DuckDB: it converts numbers of every type to double. */
#include "files/table_columns.h"
#include "ground/text.h"
#include "parquet/parquet_query.h"
#include "parquet/parquet_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parquet_table {
    struct byte_source source;
    struct parquet_file file;
    struct parquet_query query; /* of the rows that are wanted */
    struct column {
        char *name;
        int64_t number; /* in the file, from 0 */
        int type;       /* enum duckdb_type, or another */
    } * columns;        /* [there] */
    const char **names; /* [there], theirs */
    int64_t row, used;  /* rows that were read; of those the present part's */
};

/* ---- types --------------------------------------------------------------------------------------------- */

/* Integers are those of which each is a label, too. */
enum content { OTHER, NUMBERS, INTEGERS, WORDS };

static const struct kind {
    const char *holds;
    enum content as;
} kinds[] = {
    [DUCKDB_BOOLEAN] = {"truth values", INTEGERS},
    [DUCKDB_TINYINT] = {"integers", INTEGERS},
    [DUCKDB_SMALLINT] = {"integers", INTEGERS},
    [DUCKDB_INTEGER] = {"integers", INTEGERS},
    [DUCKDB_BIGINT] = {"integers", INTEGERS},
    [DUCKDB_UTINYINT] = {"integers", INTEGERS},
    [DUCKDB_USMALLINT] = {"integers", INTEGERS},
    [DUCKDB_UINTEGER] = {"integers", INTEGERS},
    [DUCKDB_UBIGINT] = {"integers", NUMBERS}, /* up to 2^64, more than a label can be */
    [DUCKDB_FLOAT] = {"numbers", NUMBERS},
    [DUCKDB_DOUBLE] = {"numbers", NUMBERS},
    [DUCKDB_TIMESTAMP] = {"times", OTHER},
    [DUCKDB_DATE] = {"dates", OTHER},
    [DUCKDB_TIME] = {"times", OTHER},
    [DUCKDB_HUGEINT] = {"integers", NUMBERS},
    [DUCKDB_VARCHAR] = {"words", WORDS},
    [DUCKDB_BLOB] = {"bytes", OTHER},
    [DUCKDB_DECIMAL] = {"decimals", NUMBERS},
    [DUCKDB_TIMESTAMP_S] = {"times", OTHER},
    [DUCKDB_TIMESTAMP_MS] = {"times", OTHER},
    [DUCKDB_TIMESTAMP_NS] = {"times", OTHER},
    [DUCKDB_ENUM] = {"words", WORDS},
    [DUCKDB_LIST] = {"lists", OTHER},
    [DUCKDB_STRUCT] = {"structures", OTHER},
    [DUCKDB_MAP] = {"maps", OTHER},
    [DUCKDB_UUID] = {"identifiers", WORDS},
    [DUCKDB_TIME_TZ] = {"times", OTHER},
    [DUCKDB_TIMESTAMP_TZ] = {"times", OTHER},
    [DUCKDB_UHUGEINT] = {"integers", NUMBERS},
    [DUCKDB_ARRAY] = {"lists", OTHER},
};

static const struct kind *kind_of(const struct table_reader *r, int64_t column)
{
    static const struct kind unknown = {"values of an unknown type", OTHER};
    const struct parquet_table *const t = r->state;
    const int type = t->columns[column].type;
    const struct kind *const kind =
        type >= 0 && type < (int)(sizeof kinds / sizeof kinds[0]) ? &kinds[type] : &unknown;
    return kind->holds ? kind : &unknown;
}

static bool is_number(const struct table_reader *r, int64_t column)
{
    const struct kind *const kind = kind_of(r, column);
    return kind->as == NUMBERS || kind->as == INTEGERS;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

/* pandas keeps an index in such columns, and does not show them as columns. */
static bool is_index(const char *name)
{
    return starts_with(name, "__index_level_");
}

static bool take_column(struct table_reader *r, struct parquet_query *query, int64_t number,
                        struct fault *fault)
{
    struct parquet_table *const t = r->state;
    const struct parquet_library *const l = &t->file.library;
    const char *const name = l->column_name(&query->result, (uint64_t)number);
    if (name && is_index(name))
        return true;
    struct column *const column = &t->columns[r->there];
    *column =
        (struct column){strdup(name ? name : ""), number, l->column_type(&query->result, (uint64_t)number)};
    t->names[r->there++] = column->name;
    return column->name || fault_memory(fault, strlen(name), "names");
}

static bool take_columns(struct table_reader *r, struct parquet_query *query, struct fault *fault)
{
    struct parquet_table *const t = r->state;
    const int64_t n = (int64_t)t->file.library.column_count(&query->result);
    if (!fault_calloc(fault, (void **)&t->columns, (size_t)n, sizeof *t->columns, "columns") ||
        !fault_calloc(fault, (void **)&t->names, (size_t)n, sizeof *t->names, "columns"))
        return false;
    r->names = t->names;
    for (int64_t number = 0; number < n; number++)
        if (!take_column(r, query, number, fault))
            return false;
    return parquet_query_next(query, fault);
}

static bool take_count(struct table_reader *r, struct parquet_query *query, struct fault *fault)
{
    if (!parquet_query_next(query, fault))
        return false;
    if (query->rows != 1)
        return fault_set(fault, FAULT_INPUT, "%s: DuckDB does not say how many rows it has", r->name);
    r->info.rows = *(const int64_t *)parquet_query_column(query, 0).values;
    return true;
}

static bool ask(struct table_reader *r, const char *sql,
                bool (*take)(struct table_reader *, struct parquet_query *, struct fault *),
                struct fault *fault)
{
    struct parquet_table *const t = r->state;
    struct parquet_query query;
    const bool good = parquet_query_open(&query, &t->file, sql, fault) && take(r, &query, fault);
    parquet_query_close(&query);
    return good;
}

static bool open_source(struct table_reader *r, const struct byte_source *source, struct fault *fault)
{
    struct parquet_table *const t = r->state;
    t->source = *source;
    if (source->descriptor >= 0)
        return true;
    t->source = byte_source_none();
    return byte_source_spool(&t->source, r->name, source, fault);
}

bool parquet_table_open(struct table_reader *r, const struct byte_source *source, struct fault *fault)
{
    if (!fault_calloc(fault, &r->state, 1, sizeof(struct parquet_table), "a reader")) {
        byte_source_close(source);
        return false;
    }
    struct parquet_table *const t = r->state;
    return open_source(r, source, fault) &&
           parquet_file_open(&t->file, r->name, t->source.descriptor, fault) &&
           ask(r, "SELECT * FROM read_parquet($1) LIMIT 0", take_columns, fault) &&
           ask(r, "SELECT count(*) FROM read_parquet($1)", take_count, fault);
}

void parquet_table_close(struct table_reader *r)
{
    struct parquet_table *const t = r->state;
    parquet_query_close(&t->query);
    parquet_file_close(&t->file);
    byte_source_close(&t->source);
    for (int64_t i = 0; i < r->there; i++)
        free(t->columns[i].name);
    free(t->columns);
    free(t->names);
    free(t);
}

/* ---- columns ------------------------------------------------------------------------------------------- */

/* The first column, of those that are chosen, that holds something else than numbers; -1: there is none. */
static int64_t column_of_others(const struct table_reader *r)
{
    for (int64_t i = 0; i < r->width; i++)
        if (!is_number(r, r->from[i]))
            return r->from[i];
    return -1;
}

/* "column 4 (species) holds words" */
static int name_others(const struct table_reader *r, int64_t column, char *room, size_t bytes)
{
    return snprintf(room, bytes, "column %" PRId64 " (%s) holds %s", column + 1, r->names[column],
                    kind_of(r, column)->holds);
}

bool parquet_table_tell_columns(const struct table_reader *r, struct fault *fault)
{
    char others[120] = "";
    const int64_t column = column_of_others(r);
    if (column >= 0)
        (void)name_others(r, column, others, sizeof others);
    return table_columns_tell(r, others, fault);
}

static bool check_kinds(const struct table_reader *r, struct fault *fault)
{
    char others[200];
    const int64_t column = column_of_others(r);
    if (r->label >= 0 && kind_of(r, r->label)->as == OTHER)
        return fault_set(fault, FAULT_INPUT, "%s: column \"%s\" holds %s; labels are whole numbers or words",
                         r->name, r->names[r->label], kind_of(r, r->label)->holds);
    if (column < 0)
        return true;
    (void)name_others(r, column, others, sizeof others);
    return fault_set(fault, FAULT_INPUT, "%s: %s; choose other columns (data.columns, --columns)%s", r->name,
                     others,
                     kind_of(r, column)->as == WORDS ? ", or make it the label (data.label, --label)" : "");
}

static const char *type_of_label(const struct table_reader *r)
{
    static const char *const types[] = {[NUMBERS] = "DOUBLE", [INTEGERS] = "BIGINT", [WORDS] = "VARCHAR"};
    return types[kind_of(r, r->label)->as];
}

/* The chosen columns, then the weight and the label, by their numbers in the file. */
static void print_question(const struct table_reader *r, FILE *to)
{
    const struct parquet_table *const t = r->state;
    const char *between = "SELECT ";
    for (int64_t i = 0; i < r->width; i++, between = ", ")
        (void)fprintf(to, "%sCAST(#%" PRId64 " AS DOUBLE)", between, t->columns[r->from[i]].number + 1);
    if (r->label >= 0)
        (void)fprintf(to, "%sCAST(#%" PRId64 " AS %s)", between, t->columns[r->label].number + 1,
                      type_of_label(r));
    (void)fprintf(to, " FROM read_parquet($1)");
}

bool parquet_table_start(struct table_reader *r, struct fault *fault)
{
    struct parquet_table *const t = r->state;
    char *sql = NULL;
    size_t bytes;
    if (!check_kinds(r, fault))
        return false;
    FILE *const to = open_memstream(&sql, &bytes);
    if (to)
        print_question(r, to);
    const bool good = to && fclose(to) == 0 ? parquet_query_open(&t->query, &t->file, sql, fault)
                                            : fault_memory(fault, 0, "a list of columns");
    free(sql);
    return good;
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

/* n rows of the present part, from t->used on, become those of the block from `first` on. */
static void take_numbers(struct table_reader *r, int64_t first, int64_t n)
{
    const struct parquet_table *const t = r->state;
    const int64_t columns = r->width;
    for (int64_t k = 0; k < columns; k++) {
        const struct parquet_column column = parquet_query_column(&t->query, k);
        const double *const from = column.values;
        double *const to = r->block + first * columns + k;
        for (int64_t i = 0; i < n; i++)
            to[i * columns] = parquet_is_there(&column, t->used + i) ? from[t->used + i] : (double)NAN;
    }
}

static bool tell_label(const struct table_reader *r, int64_t row, const char *what, struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "%s: row %" PRId64 " (counted from 0): label \"%s\" %s", r->name,
                     row, r->names[r->label], what);
}

static bool take_word(struct table_reader *r, const struct parquet_column *column, int64_t i, int64_t *out,
                      struct fault *fault)
{
    const struct parquet_table *const t = r->state;
    struct duckdb_string word = ((const struct duckdb_string *)column->values)[i];
    return word_list_number(&r->words, t->file.library.string_t_data(&word),
                            t->file.library.string_t_length(word), out, fault);
}

static bool is_missing(const struct parquet_column *column, int64_t i, enum content as)
{
    return !parquet_is_there(column, i) || (as == NUMBERS && isnan(((const double *)column->values)[i]));
}

/* Value i of the present part. */
static bool take_label(struct table_reader *r, const struct parquet_column *column, int64_t i, int64_t row,
                       int64_t *out, struct fault *fault)
{
    const enum content as = kind_of(r, r->label)->as;
    *out = TABLE_NO_LABEL;
    if (is_missing(column, i, as))
        return r->request.columns.missing != TABLE_REFUSE || tell_label(r, row, "is missing", fault);
    if (as == WORDS)
        return take_word(r, column, i, out, fault);
    if (as == NUMBERS)
        return table_label_of(((const double *)column->values)[i], out) ||
               tell_label(r, row, "is not a whole number", fault);
    *out = ((const int64_t *)column->values)[i];
    return true;
}

static bool take_labels(struct table_reader *r, int64_t first, int64_t n, struct fault *fault)
{
    const struct parquet_table *const t = r->state;
    const struct parquet_column column = parquet_query_column(&t->query, r->width);
    for (int64_t i = 0; i < n; i++)
        if (!take_label(r, &column, t->used + i, t->row + i, &r->labels[first + i], fault))
            return false;
    return true;
}

/* At most `rows`, all of one part. */
static bool take_rows(struct table_reader *r, int64_t first, int64_t rows, int64_t *taken,
                      struct fault *fault)
{
    struct parquet_table *const t = r->state;
    const int64_t left = t->query.rows - t->used;
    *taken = left < rows ? left : rows;
    take_numbers(r, first, *taken);
    for (int64_t i = 0; i < *taken; i++)
        r->places[first + i] = t->row + i;
    if (r->label >= 0 && !take_labels(r, first, *taken, fault))
        return false;
    t->used += *taken;
    t->row += *taken;
    return true;
}

/* There are more rows to come: DuckDB is not asked again after the last one, which would be a fault. */
static bool next_part(struct table_reader *r, struct fault *fault)
{
    struct parquet_table *const t = r->state;
    t->used = 0;
    return parquet_query_next(&t->query, fault) &&
           (t->query.rows > 0 ||
            fault_set(fault, FAULT_INPUT, "%s: ends after %" PRId64 " of %" PRId64 " rows", r->name, t->row,
                      r->info.rows));
}

bool parquet_table_read(struct table_reader *r, int64_t rows, int64_t *got, struct fault *fault)
{
    struct parquet_table *const t = r->state;
    int64_t taken;
    for (*got = 0; *got < rows; *got += taken) {
        if (t->row == r->info.rows)
            return true;
        if ((t->used == t->query.rows && !next_part(r, fault)) ||
            !take_rows(r, *got, rows - *got, &taken, fault))
            return false;
    }
    return true;
}

bool parquet_table_tell(const struct table_reader *r, int64_t place, int64_t column, double value,
                        struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "%s: row %" PRId64 " (counted from 0): column \"%s\" %s", r->name,
                     place, r->names[column],
                     isnan(value)   ? "is missing, or not a number"
                     : isinf(value) ? "is infinite"
                                    : "does not fit into float32");
}
