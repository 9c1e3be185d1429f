/* SPDX-License-Identifier: MIT
 *
 * Parquet files: read through what stands in for DuckDB's library (duckdb_standin.c, whose files are text),
 * and written as parquet-format says. parquet.sh beside it reads real ones, where the real library is. */
#include "files/table.h"
#include "unit/runtime/files/data_fixture.h"
#include "unit/runtime/files/table_fixture.h"

#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <unistd.h>

static struct scratch s;

static const struct table_columns all = {.n = 0};

/* ---- reading ------------------------------------------------------------------------------------------- */

/* It is built beside this program. */
static int use_standin(void)
{
    char here[4096], path[4200];
    const ssize_t length = readlink("/proc/self/exe", here, sizeof here - 1);
    if (length < 0)
        return 1;
    here[length] = 0;
    (void)snprintf(path, sizeof path, "%s/duckdb_standin.so", dirname(here));
    return setenv("GPFC_DUCKDB", path, 1);
}

static bool read_text(struct table *t, const char *text, const struct table_columns *columns, int64_t needed,
                      struct fault *fault)
{
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.parquet"), text, strlen(text)));
    return read_path(t, scratch_path(&s, "a.parquet"), columns, needed, fault);
}

/* The fault of a file that is refused when it is opened, or when its rows are read. */
static void check_refused(const char *text, const struct table_columns *columns, int64_t needed, int code,
                          const char *said)
{
    struct table t = {.reader = NULL};
    struct fault fault;
    check_fault(read_text(&t, text, columns, needed, &fault), &fault, code, said);
    table_close(t.reader);
}

/* Types 11: double, 5: bigint, 1: boolean, 17: varchar, 13: date, 24: list. */
static const char five[] = "PAR1\na:11 b:5 c:1\n1.5 2 0\n-3 4 1\n5 6 1\n7 8 0\n9 10 1\n";

static void rows_come_in_their_order(void)
{
    static const double rows[] = {1.5, 2, 0, -3, 4, 1, 5, 6, 1, 7, 8, 0, 9, 10, 1};
    struct table t;
    struct fault fault;
    char room[600];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(read_text(&t, five, &all, 3, &fault), &fault);
    CU_ASSERT_STRING_EQUAL(t.info.format, "parquet");
    CU_ASSERT_STRING_EQUAL(t.info.names[1], "b");
    CU_ASSERT_TRUE(t.info.rows == 5 && t.n == 5 && memcmp(t.x, rows, sizeof rows) == 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(table_place(t.reader, t.places[3], room, sizeof room), "a.parquet: row 3 (counted from 0)"));
    struct table_rows more = {.most = 1, .x = t.x}; /* the end stays the end */
    check_good(table_read(t.reader, &more, &fault), &fault);
    CU_ASSERT_EQUAL(more.got, 0);
    table_close(t.reader);
    scratch_remove(&s);
}

/* By the first bytes, and through a pipe. */
static void parquet_has_no_need_of_a_name(void)
{
    struct table t;
    struct fault fault;
    int ends[2];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "rows[1]*"), five, strlen(five)));
    check_good(read_path(&t, scratch_path(&s, "rows[1]*"), &all, 3, &fault), &fault);
    CU_ASSERT_EQUAL(t.n, 5);
    table_close(t.reader);
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    const int before = dup(STDIN_FILENO);
    CU_ASSERT_TRUE_FATAL(before >= 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    CU_ASSERT_EQUAL(write(ends[1], five, strlen(five)), (ssize_t)strlen(five));
    (void)close(ends[1]);
    (void)close(ends[0]);
    const bool good = read_path(&t, "-", &all, 3, &fault);
    CU_ASSERT_EQUAL_FATAL(dup2(before, STDIN_FILENO), STDIN_FILENO);
    (void)close(before);
    check_good(good, &fault);
    CU_ASSERT_TRUE(t.n == 5 && t.x[14] == 1);
    table_close(t.reader);
    scratch_remove(&s);
}

static void columns_are_chosen(void)
{
    static const char *const names[] = {"c", "1"};
    static const char text[] = "PAR1\na:11 when:13 c:2 __index_level_0__:5\n1 x 2 3\n4 y 5 6\n";
    static const double rows[] = {2, 1, 5, 4};
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(read_text(&t, text, &(struct table_columns){.names = names, .n = 2}, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 2 && memcmp(t.x, rows, sizeof rows) == 0);
    table_close(t.reader);
    check_refused(text, &all, 3, FAULT_INPUT, "column 2 (when) holds dates; choose other columns");
    check_refused(text, &all, 2, FAULT_INPUT,
                  "3 columns (a, when, c); the dimension is 2; column 2 (when) holds dates; choose some");
    check_refused("PAR1\na:11 w:17 l:24\n", &(struct table_columns){.label = "l"}, 2, FAULT_INPUT,
                  "column \"l\" holds lists; labels are whole numbers or words");
    check_refused("PAR1\na:11 w:17\n", &all, 2, FAULT_INPUT,
                  "column 2 (w) holds words; choose other columns (data.columns, --columns), or make it the");
    check_refused("PAR1\na:99\n", &all, 1, FAULT_INPUT, "column 1 (a) holds values of an unknown type");
    scratch_remove(&s);
}

static void labels_are_words_or_whole_numbers(void)
{
    static const struct {
        const char *text;
        int64_t labels[3];
        const char *word;
    } files[] = {
        {"PAR1\nlabel:17 x:11\nno 1\na_word_of_more_than_12 2\nno 3\n", {0, 1, 0}, "a_word_of_more_than_12"},
        {"PAR1\nx:11 label:5\n1 -4\n2 9007199254740993\n3 7\n", {-4, 9007199254740993, 7}, NULL},
        {"PAR1\nx:11 label:11\n1 5\n2 -6\n3 7\n", {5, -6, 7}, NULL},
    };
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(files); i++) {
        check_good(read_text(&t, files[i].text, &all, 1, &fault), &fault);
        CU_ASSERT_TRUE(t.n == 3 && t.x[0] == 1 && t.x[1] == 2 && t.x[2] == 3);
        CU_ASSERT_EQUAL(memcmp(t.labels, files[i].labels, sizeof files[i].labels), 0);
        const char *const word = table_word(t.reader, 1);
        CU_ASSERT_TRUE(files[i].word ? word && strcmp(word, files[i].word) == 0 : !word);
        table_close(t.reader);
    }
    check_refused("PAR1\nx:11 label:11\n1 5\n2 5.5\n", &all, 1, FAULT_INPUT,
                  "a.parquet: row 1 (counted from 0): label \"label\" is not a whole number");
    scratch_remove(&s);
}

/* A column of weights is none of x, and comes in its rows' order, from every part of the result. */
static void weights_are_a_column(void)
{
    static const char text[] = "PAR1\na:11 w:5 b:2 label:17\n1.5 2 0 u\n-3 0 1 v\n5 7 0 u\n";
    static const double x[] = {1.5, 0, -3, 1, 5, 0}, wanted[] = {2, 0, 7};
    double weights[MOST_ROWS];
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.parquet"), text, strlen(text)));
    const struct table_request request = {.path = scratch_path(&s, "a.parquet"),
                                          .columns.weights = "w",
                                          .weights = "weights",
                                          .needed = 2,
                                          .precision = 8};
    struct table_rows rows = {.most = MOST_ROWS, .x = t.x, .labels = t.labels, .weights = weights};
    check_good(table_open(&t.reader, &request, &fault), &fault);
    check_good(table_read(t.reader, &rows, &fault), &fault);
    CU_ASSERT_STRING_EQUAL(table_info(t.reader)->weights, "w");
    CU_ASSERT_TRUE_FATAL(rows.got == 3 && table_info(t.reader)->columns == 2);
    CU_ASSERT_TRUE(memcmp(t.x, x, sizeof x) == 0 && memcmp(weights, wanted, sizeof wanted) == 0);
    CU_ASSERT_EQUAL(t.labels[2], 0);
    table_close(t.reader);
    CU_ASSERT_TRUE_FATAL(scratch_write(request.path, "PAR1\na:11 b:11 w:17\n1 2 x\n", 25));
    check_fault(table_open(&t.reader, &request, &fault), &fault, FAULT_INPUT,
                "column 3 (w) holds words; choose other columns");
    scratch_remove(&s);
}

static void missing_values_are_refused_dropped_or_kept(void)
{
    static const char text[] = "PAR1\nx:11 y:11 label:17\n1 2 a\n- 4 b\n5 6 -\n7 inf c\n9 10 a\n";
    static const char labels[] = "PAR1\nx:11 y:11 label:11\n1 2 0\n3 4 -\n5 6 nan\n";
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_refused(text, &(struct table_columns){.label = "label"}, 2, FAULT_INPUT,
                  "row 2 (counted from 0): label \"label\" is missing");
    check_refused("PAR1\nx:11 y:11\n1 2\n3 4\n5 -\n", &all, 2, FAULT_INPUT,
                  "a.parquet: row 2 (counted from 0): column \"y\" is missing, or not a number");
    check_refused("PAR1\nx:11 y:11\n1 -inf\n", &all, 2, FAULT_INPUT, "column \"y\" is infinite");
    check_good(read_text(&t, text, &(struct table_columns){.missing = TABLE_DROP}, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 2 && table_dropped(t.reader) == 3 && t.x[2] == 9 && t.labels[1] == 0);
    table_close(t.reader);
    check_good(read_text(&t, text, &(struct table_columns){.missing = TABLE_KEEP}, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 5 && isnan(t.x[2]) && t.x[3] == 4 && isinf(t.x[7]));
    CU_ASSERT_EQUAL(t.labels[2], TABLE_NO_LABEL);
    table_close(t.reader);
    check_good(read_text(&t, labels, &(struct table_columns){.missing = TABLE_KEEP}, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 3 && t.labels[0] == 0 && t.labels[1] == TABLE_NO_LABEL &&
                   t.labels[2] == TABLE_NO_LABEL);
    table_close(t.reader);
    scratch_remove(&s);
}

static void no_rows_are_no_fault(void)
{
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(read_text(&t, "PAR1\nx:11 y:11\n", &all, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.info.rows == 0 && t.n == 0);
    table_close(t.reader);
    scratch_remove(&s);
}

/* ---- what goes wrong ----------------------------------------------------------------------------------- */

/* In DuckDB's words, but by the name that the user knows. */
static void faults_of_the_library_are_quoted(void)
{
    char said[1200];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "a.parquet");
    (void)snprintf(said, sizeof said, "%s: DuckDB: IO Error: damage in '%s' here", path, path);
    check_refused("PAR1 damaged\nx:11\n1\n", &all, 1, FAULT_INPUT, said);
    check_refused("PAR1 breaks\nx:11\n1\n2\n3\n4\n", &all, 1, FAULT_INPUT,
                  "a.parquet: DuckDB: Invalid Error: a page cannot be read");
    check_refused("PAR1 ends early\nx:11\n1\n2\n3\n4\n", &all, 1, FAULT_INPUT,
                  "a.parquet: ends after 3 of 4 rows");
    check_refused("PAR1 no parquet\nx:11\n1\n", &all, 1, FAULT_SYSTEM,
                  "a.parquet: this library of DuckDB v0.stand-in was built without Parquet");
    CU_ASSERT_EQUAL(setenv("STANDIN_REFUSES", "threads", 1), 0);
    check_refused("PAR1\nx:11\n1\n", &all, 1, FAULT_SYSTEM,
                  "a.parquet: DuckDB v0.stand-in does not take the setting threads = '1'");
    (void)unsetenv("STANDIN_REFUSES");
    scratch_remove(&s);
}

/* What is said where no library is named depends on whether the machine has it. */
static void a_missing_library_is_told(void)
{
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_EQUAL(setenv("GPFC_DUCKDB", "/no/such/library.so", 1), 0);
    check_refused("PAR1", &all, 1, FAULT_SYSTEM,
                  "reading a Parquet file needs DuckDB's library; GPFC_DUCKDB: /no/such/library.so: ");
    CU_ASSERT_EQUAL(setenv("GPFC_DUCKDB", "libm.so.6", 1), 0);
    check_refused("PAR1", &all, 1, FAULT_SYSTEM,
                  "DuckDB's library, as it was found, has no function duckdb_create_config");
    (void)unsetenv("GPFC_DUCKDB");
    CU_ASSERT_FALSE(read_text(&t, "PAR1", &all, 1, &fault));
    CU_ASSERT_TRUE(strstr(fault.text, ": DuckDB: ") ||
                   (strstr(fault.text, "libduckdb.so, which was not found; install it") &&
                    strstr(fault.text, "or convert the file: pandas")));
    CU_ASSERT_EQUAL(use_standin(), 0);
    scratch_remove(&s);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

/* A structure of Thrift's compact protocol as text: {1: 0, 4: "name", 2: [{...}, ...], ...}. */
struct thrift {
    const unsigned char *at;
    FILE *to;
};

static uint64_t get_unsigned(struct thrift *t)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        const unsigned char byte = *t->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
}

static int64_t get_signed(struct thrift *t)
{
    const uint64_t value = get_unsigned(t);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static void show_struct(struct thrift *t);

static void show_value(struct thrift *t, int type)
{
    if (type == 5 || type == 6) {
        (void)fprintf(t->to, "%" PRId64, get_signed(t));
    } else if (type == 8) {
        const int length = (int)get_unsigned(t);
        (void)fprintf(t->to, "\"%.*s\"", length, (const char *)t->at);
        t->at += length;
    } else if (type == 9) {
        const unsigned char head = *t->at++;
        const int n = head >> 4 == 15 ? (int)get_unsigned(t) : head >> 4;
        (void)fputc('[', t->to);
        for (int i = 0; i < n; i++) {
            (void)fputs(i ? ", " : "", t->to);
            show_value(t, head & 15);
        }
        (void)fputc(']', t->to);
    } else {
        CU_ASSERT_EQUAL_FATAL(type, 12);
        show_struct(t);
    }
}

static void show_struct(struct thrift *t)
{
    int field = 0;
    (void)fputc('{', t->to);
    for (int head = *t->at++; head != 0; head = *t->at++) {
        (void)fputs(field ? ", " : "", t->to);
        field = head >> 4 ? field + (head >> 4) : (int)get_signed(t);
        (void)fprintf(t->to, "%d: ", field);
        show_value(t, head & 15);
    }
    (void)fputc('}', t->to);
}

/* Of the structure at `at`; to be freed. */
static char *shown(const unsigned char *at, const unsigned char **end)
{
    char *text = NULL;
    size_t length;
    struct thrift t = {.at = at, .to = open_memstream(&text, &length)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(t.to);
    show_struct(&t);
    (void)fclose(t.to);
    *end = t.at;
    return text;
}

static uint32_t u32_at(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* A file as it should be, from its first byte to the footer; gives that as text, to be freed. */
static char *footer_of(const unsigned char *file, size_t length)
{
    const unsigned char *end;
    CU_ASSERT_TRUE_FATAL(length > 12 && memcmp(file, "PAR1", 4) == 0);
    CU_ASSERT_EQUAL_FATAL(memcmp(file + length - 4, "PAR1", 4), 0);
    const uint32_t footer = u32_at(file + length - 8);
    CU_ASSERT_TRUE_FATAL(footer <= length - 12);
    char *const text = shown(file + length - 8 - footer, &end);
    CU_ASSERT_PTR_EQUAL(end, file + length - 8);
    return text;
}

/* Where the page of a column lies, in the last group. */
static size_t place_of(const char *footer, const char *column)
{
    const char *at = NULL;
    char name[40];
    (void)snprintf(name, sizeof name, "3: [\"%s\"]", column);
    for (const char *next = footer; (next = strstr(next, name)); next++)
        at = next;
    at = at ? strstr(at, ", 9: ") : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    return strtoul(at + 5, NULL, 10);
}

/* The data of a page, after its header. */
static const unsigned char *page_at(const unsigned char *at, const char *header)
{
    const unsigned char *data;
    char *const text = shown(at, &data);
    CU_ASSERT_STRING_EQUAL(text, header);
    free(text);
    return data;
}

static bool write_table(const struct table_making *making, const void *x, const int64_t *labels, int64_t rows,
                        struct fault *fault)
{
    struct table_writer *writer;
    fault->exit_code = 0;
    if (!table_create(&writer, making, fault))
        return false;
    if (table_write(writer, &(struct table_block){.x = x, .labels = labels, .rows = rows}, fault))
        return table_commit(&writer, fault);
    table_abandon(writer);
    return false;
}

static void a_file_is_what_its_footer_says(void)
{
    static const double x[] = {0.1, -2, NAN, 4};
    const struct table_making making = {.path = "", .array = "y", .columns = 2, .rows = -1, .precision = 8};
    struct fault fault;
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    struct table_making here = making;
    here.path = scratch_path(&s, "a.parquet");
    check_good(write_table(&here, x, NULL, 2, &fault), &fault);
    CU_ASSERT_EQUAL(files_in(&s), 1);
    unsigned char *const file = (unsigned char *)scratch_read(here.path, &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    char *const footer = footer_of(file, length);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(footer,
               "{1: 1, 2: [{4: \"schema\", 5: 2}, {1: 5, 3: 0, 4: \"y1\"}, {1: 5, 3: 0, 4: \"y2\"}], 3: 2, "
               "4: [{1: [{2: 4, 3: {1: 5, 2: [0, 3], 3: [\"y1\"], 4: 0, 5: 2, 6: 33, 7: 33, 9: 4}}, "
               "{2: 37, 3: {1: 5, 2: [0, 3], 3: [\"y2\"], 4: 0, 5: 2, 6: 33, 7: 33, 9: 37}}], 2: 66, 3: 2}], "
               "6: \"gpfc version "));
    const char page[] = "{1: 0, 2: 16, 3: 16, 5: {1: 2, 2: 0, 3: 3, 4: 3}}";
    const unsigned char *const first = page_at(file + 4, page), *const second = page_at(file + 37, page);
    CU_ASSERT_EQUAL(memcmp(first, (const double[]){x[0], x[2]}, 16), 0);
    CU_ASSERT_EQUAL(memcmp(second, (const double[]){x[1], x[3]}, 16), 0);
    free(footer);
    free(file);
    scratch_remove(&s);
}

/* Labels of a table go along: words as text, which is UTF-8, and numbers; some of ten are missing. */
static void labels_go_along(void)
{
    static const char words[] = "x,label\n1,a\n2,\n3,\xFF"
                                "b\n4,\n5,a\n6,a\n7,a\n8,a\n9,\n10,a\n",
                      numbers[] = "x,label\n1,7\n2,\n3,-1\n4,\n5,7\n6,7\n7,7\n8,7\n9,\n10,7\n";
    static const unsigned char levels[] = {3, 0, 0, 0, 5, 0xF5, 2};
    static const unsigned char of_words[] = {1, 0, 0, 0, 'a', 2, 0, 0, 0, '?', 'b', 1, 0, 0, 0, 'a'};
    static const unsigned char of_numbers[] = {7,    0,    0,    0,    0,    0,    0,    0,
                                               0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    struct table t;
    struct fault fault;
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int i = 0; i < 2; i++) {
        const char *const text = i ? numbers : words, *const from = scratch_path(&s, "a.csv");
        CU_ASSERT_TRUE_FATAL(scratch_write(from, text, strlen(text)));
        check_good(read_path(&t, from, &(struct table_columns){.missing = TABLE_KEEP}, 1, &fault), &fault);
        const struct table_making making = {.path = scratch_path(&s, "a.parquet"),
                                            .array = "y",
                                            .columns = 1,
                                            .rows = -1,
                                            .precision = 8,
                                            .labels = t.reader};
        check_good(write_table(&making, t.x, t.labels, t.n, &fault), &fault);
        table_close(t.reader);
        unsigned char *const file = (unsigned char *)scratch_read(making.path, &length);
        char *const footer = footer_of(file, length);
        CU_ASSERT_PTR_NOT_NULL(strstr(footer, i ? "{1: 2, 3: 1, 4: \"label\"}"
                                                : "{1: 6, 3: 1, 4: \"label\", 6: 0, 10: {1: {}}}"));
        const unsigned char *const page = page_at(file + place_of(footer, "label"),
                                                  i ? "{1: 0, 2: 63, 3: 63, 5: {1: 10, 2: 0, 3: 3, 4: 3}}"
                                                    : "{1: 0, 2: 43, 3: 43, 5: {1: 10, 2: 0, 3: 3, 4: 3}}");
        CU_ASSERT_EQUAL(memcmp(page, levels, sizeof levels), 0);
        CU_ASSERT_EQUAL(memcmp(page + sizeof levels, i ? of_numbers : of_words, sizeof of_words), 0);
        free(footer);
        free(file);
    }
    scratch_remove(&s);
}

/* Of 2^20 rows, or 32 MiB; a list of 15 and more has a longer head. */
static void many_rows_are_several_groups(void)
{
    enum { MOST = 1 << 20, ROWS = 2 * MOST + 3, WIDE = 40 };
    struct fault fault;
    size_t length;
    float *const x = calloc(ROWS, sizeof *x);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x);
    x[2 * MOST + 1] = 1.5f;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    struct table_making making = {.path = scratch_path(&s, "a"),
                                  .format = "parquet",
                                  .array = "y",
                                  .columns = 1,
                                  .rows = -1,
                                  .precision = 4};
    check_good(write_table(&making, x, NULL, ROWS, &fault), &fault);
    unsigned char *file = (unsigned char *)scratch_read(making.path, &length);
    char *footer = footer_of(file, length);
    CU_ASSERT_PTR_NOT_NULL(strstr(footer, "3: 2097155, 4: [{"));
    CU_ASSERT_PTR_NOT_NULL(strstr(footer, "3: 1048576}, {1: [{2: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(footer, "3: 3}], "));
    const char page[] = "{1: 0, 2: 12, 3: 12, 5: {1: 3, 2: 0, 3: 3, 4: 3}}";
    CU_ASSERT_EQUAL(memcmp(page_at(file + place_of(footer, "y1"), page), x + 2 * MOST, 12), 0);
    free(footer);
    free(file);
    making.columns = WIDE;
    check_good(write_table(&making, x, NULL, ROWS / WIDE, &fault), &fault);
    file = (unsigned char *)scratch_read(making.path, &length);
    footer = footer_of(file, length);
    CU_ASSERT_PTR_NOT_NULL(strstr(footer, "{4: \"schema\", 5: 40}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(footer, "4: \"y40\"}], 3: 52428, 4: [{"));
    free(footer);
    free(file);
    free(x);
    scratch_remove(&s);
}

static void no_rows_are_a_file(void)
{
    struct fault fault;
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const struct table_making making = {
        .path = scratch_path(&s, "a.parquet"), .array = "y", .columns = 1, .rows = 0, .precision = 4};
    check_good(write_table(&making, NULL, NULL, 0, &fault), &fault);
    unsigned char *const file = (unsigned char *)scratch_read(making.path, &length);
    char *const footer = footer_of(file, length);
    CU_ASSERT_PTR_NOT_NULL(strstr(footer, "3: 0, 4: [], 6: "));
    free(footer);
    free(file);
    scratch_remove(&s);
}

/* At the first bytes, within a group, and in the footer. */
static void a_full_device_leaves_nothing(void)
{
    static const double x[] = {1, 2};
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const struct table_making making = {
        .path = scratch_path(&s, "a.parquet"), .array = "y", .columns = 2, .rows = 1, .precision = 8};
    for (rlim_t room = 0; room < 100; room += 20) {
        limit_files(room);
        const bool good = write_table(&making, x, NULL, 1, &fault);
        lift_limit();
        check_fault(good, &fault, FAULT_SYSTEM, "cannot write");
        CU_ASSERT_EQUAL(files_in(&s), 0);
    }
    scratch_remove(&s);
}

static const struct check_case reading[] = {
    {"rows come in their order", rows_come_in_their_order},
    {"Parquet has no need of a name", parquet_has_no_need_of_a_name},
    {"columns are chosen", columns_are_chosen},
    {"labels are words or whole numbers", labels_are_words_or_whole_numbers},
    {"weights are a column", weights_are_a_column},
    {"missing values are refused, dropped or kept", missing_values_are_refused_dropped_or_kept},
    {"no rows are no fault", no_rows_are_no_fault},
    {"faults of the library are quoted", faults_of_the_library_are_quoted},
    {"a missing library is told", a_missing_library_is_told},
};

static const struct check_case writing[] = {
    {"a file is what its footer says", a_file_is_what_its_footer_says},
    {"labels go along", labels_go_along},
    {"many rows are several groups", many_rows_are_several_groups},
    {"no rows are a file", no_rows_are_a_file},
    {"a full device leaves nothing", a_full_device_leaves_nothing},
};

int main(void)
{
    static const struct check_suite suites[] = {
        {"reading Parquet", use_standin, reading, CHECK_COUNT(reading)},
        {"writing Parquet", NULL, writing, CHECK_COUNT(writing)},
    };
    return check_suites(suites, CHECK_COUNT(suites));
}
