/* SPDX-License-Identifier: MIT
 *
 * Tables of every format: which columns and rows are read, and what is written is read again. */
#include "comma_locale.h"
#include "files/npz.h"
#include "files/table.h"
#include "unit/runtime/files/data_fixture.h"
#include "unit/runtime/files/table_fixture.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

static struct scratch s;

static bool read_text(struct table *t, const char *name, const char *text,
                      const struct table_columns *columns, int64_t needed, struct fault *fault)
{
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, name), text, strlen(text)));
    return read_path(t, scratch_path(&s, name), columns, needed, fault);
}

static const struct table_columns all = {.n = 0};

/* ---- which format -------------------------------------------------------------------------------------- */

static void suffixes_are_read_in_any_case(void)
{
    static const char *const names[] = {"UPPER.CSV", "a.Csv", "b.TSV", "c.txt", "no_suffix", "d.dat"};
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        check_good(read_text(&t, names[i], "a,b\n1,2\n3,4\n", &all, 2, &fault), &fault);
        CU_ASSERT_TRUE(t.n == 2 && t.x[0] == 1 && t.x[3] == 4 && t.info.rows == -1);
        CU_ASSERT_STRING_EQUAL(t.info.names[1], "b");
        table_close(t.reader);
    }
    scratch_remove(&s);
}

/* What a file is without a suffix, its first bytes say. */
static void content_decides_without_a_suffix(void)
{
    static const double six[6] = {1, 2, 3, 4, 5, 6};
    struct bytes bytes;
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    make_npy(&bytes, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}", six, sizeof six);
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "rows"), bytes.at, bytes.length));
    check_good(read_path(&t, scratch_path(&s, "rows"), &all, 2, &fault), &fault);
    CU_ASSERT_STRING_EQUAL(t.info.format, "npy");
    CU_ASSERT_TRUE(t.n == 3 && t.info.rows == 3 && t.x[5] == 6);
    table_close(t.reader);
    scratch_remove(&s);
}

/* All are the rows 1 2, 3 4, 5 6, or bytes of them. */
static void arrays_of_every_type_are_read(void)
{
    static const struct {
        const char *header;
        unsigned char bytes[24];
        size_t length;
    } arrays[] = {
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (3, 2)}",
         {0, 0x3C, 0, 0x40, 0, 0x42, 0, 0x44, 0, 0x45, 0, 0x46},
         12},
        {"{'descr': '>i2', 'fortran_order': True, 'shape': (3, 2)}",
         {0, 1, 0, 3, 0, 5, 0, 2, 0, 4, 0, 6},
         12},
        {"{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2)}", {1, 3, 5, 2, 4, 6}, 6},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (3, 2)}",
         {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0},
         24},
        {"{'descr': '|i1', 'fortran_order': True, 'shape': (3, 1, 2)}", {1, 3, 5, 2, 4, 6}, 6},
    };
    static const double six[6] = {1, 2, 3, 4, 5, 6};
    struct bytes bytes;
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(arrays); i++) {
        make_npy(&bytes, 1, arrays[i].header, arrays[i].bytes, arrays[i].length);
        CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.npy"), bytes.at, bytes.length));
        check_good(read_path(&t, scratch_path(&s, "a.npy"), &all, 2, &fault), &fault);
        CU_ASSERT_TRUE(t.n == 3 && memcmp(t.x, six, sizeof six) == 0);
        table_close(t.reader);
    }
    scratch_remove(&s);
}

/* Element (i, j, k) is 100 i + 10 j + k, the first index fastest; columns count with the last one fastest. */
static void fortran_order_of_three_indices(void)
{
    unsigned char data[12];
    struct bytes bytes;
    struct table t;
    struct fault fault;
    for (int k = 0; k < 2; k++)
        for (int j = 0; j < 3; j++)
            for (int i = 0; i < 2; i++)
                data[i + 2 * (j + 3 * k)] = (unsigned char)(100 * i + 10 * j + k);
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    make_npy(&bytes, 1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}", data, sizeof data);
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.npy"), bytes.at, bytes.length));
    check_good(read_path(&t, scratch_path(&s, "a.npy"), &all, 0, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 2 && t.info.columns == 6);
    for (int c = 0; c < 12; c++)
        CU_ASSERT_EQUAL(t.x[c], 100 * (c / 6) + 10 * (c % 6 / 2) + c % 2);
    table_close(t.reader);
    scratch_remove(&s);
}

static void other_formats_say_what_to_do(void)
{
    static const struct {
        const char *name, *bytes, *said;
    } files[] = {
        {"a.feather", "ARROW1",
         "a.feather: an Arrow file, which gpfc does not read or write; convert it: pandas"},
        {"b", "ARROW1..", "b: an Arrow file"},
        {"c.csv.gz", "\x1F\x8B\x08", "a compressed file"},
        {"d", "\x1F\x8B\x08", "gunzip -c"},
        {"e", "\x89HDF\r\n", "an HDF5 file"},
    };
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(files); i++)
        check_fault(read_text(&t, files[i].name, files[i].bytes, &all, 2, &fault), &fault, FAULT_INPUT,
                    files[i].said);
    scratch_remove(&s);
}

/* A relative path that is nowhere: the folder is named. */
static void a_missing_file_says_where(void)
{
    char here[2048], said[2200];
    struct table t;
    struct fault fault;
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    (void)snprintf(said, sizeof said, "cannot read no/such.csv in %.300s", here);
    check_fault(read_path(&t, "no/such.csv", &all, 2, &fault), &fault, FAULT_INPUT, said);
}

/* ---- columns ------------------------------------------------------------------------------------------- */

static const char species[] = "a,b,c,species\n1,2,3,setosa\n4,5,6,virginica\n7,8,9,setosa\n";

static void columns_are_chosen_by_name_and_number(void)
{
    static const struct {
        const char *names[3];
        double first[3];
    } choices[] = {{{"a", "b", "c"}, {1, 2, 3}}, {{"c", "a", "b"}, {3, 1, 2}}, {{"3", "b", "1"}, {3, 2, 1}}};
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(choices); i++) {
        const struct table_columns columns = {.names = choices[i].names, .n = 3};
        check_good(read_text(&t, "a.csv", species, &columns, 3, &fault), &fault);
        CU_ASSERT_EQUAL(t.n, 3);
        CU_ASSERT_EQUAL(memcmp(t.x, choices[i].first, sizeof choices[i].first), 0);
        CU_ASSERT_PTR_NULL(t.info.label);
        table_close(t.reader);
    }
    scratch_remove(&s);
}

static void words_are_numbered_as_they_come(void)
{
    const struct table_columns columns = {.label = "species"};
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(read_text(&t, "a.csv", species, &columns, 3, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 3 && t.labels[0] == 0 && t.labels[1] == 1 && t.labels[2] == 0 && t.x[8] == 9);
    CU_ASSERT_STRING_EQUAL(table_word(t.reader, 1), "virginica");
    CU_ASSERT_PTR_NULL(table_word(t.reader, 2));
    table_close(t.reader);
    scratch_remove(&s);
}

/* More words than the list has room for at first. */
static void many_words_are_told_apart(void)
{
    char text[4096] = "x,label\n";
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int i = 0; i < MOST_ROWS; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d,w%d\n", i, i % 50);
    check_good(read_text(&t, "a.csv", text, &all, 1, &fault), &fault);
    bool good = t.n == MOST_ROWS;
    for (int i = 0; i < MOST_ROWS; i++)
        good = good && t.labels[i] == i % 50;
    CU_ASSERT_TRUE(good);
    table_close(t.reader);
    scratch_remove(&s);
}

static void wrong_choices_are_reported(void)
{
    static const struct {
        const char *text, *names[3], *label, *said;
        int64_t n, needed;
    } wrong[] = {
        {species, {NULL}, NULL, "column 4 (species) holds words (\"setosa\"); choose some", 0, 3},
        {species, {NULL}, NULL, "column 4 (species) holds words (\"setosa\"); choose other columns", 0, 4},
        {species, {"a", "b", "d"}, NULL, "no column \"d\"; it has a, b, c, species", 3, 3},
        {species, {"a", "b", "5"}, NULL, "no column \"5\"", 3, 3},
        {species, {"a", "b", "1"}, NULL, "column \"1\" is chosen twice", 3, 3},
        {species, {"a", "b", "c"}, "c", "column \"c\" is chosen twice", 3, 3},
        {species, {"a", "b"}, NULL, "2 columns are chosen; the dimension is 3", 2, 3},
        {species, {NULL}, "kind", "no column \"kind\"", 0, 3},
        {"a,a,b\n1,2,3\n", {"a", "b"}, NULL, "2 columns are called \"a\"", 2, 2},
        {",a,b\n0,1,2\n1,3,4\n", {NULL}, NULL, "column 1 has no name, like an index of rows", 0, 2},
        {"1,2\n3,4\n", {"a", "b"}, NULL, "its 2 columns have no names, but numbers from 1", 2, 2},
    };
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        const struct table_columns columns = {
            .names = wrong[i].names, .n = wrong[i].n, .label = wrong[i].label};
        check_fault(read_text(&t, "a.csv", wrong[i].text, &columns, wrong[i].needed, &fault), &fault,
                    FAULT_INPUT, wrong[i].said);
    }
    scratch_remove(&s);
}

/* A choice that was made for another file: by name where the names are there, or all columns. */
static void loose_choices_take_a_file_of_just_these(void)
{
    static const char *const names[] = {"b", "a"};
    const struct table_columns columns = {
        .names = names, .n = 2, .label = "species", .loose_columns = true, .loose_label = true};
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(read_text(&t, "a.csv", "1,2\n", &columns, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.x[0] == 1 && t.x[1] == 2 && !t.info.label);
    table_close(t.reader);
    check_good(read_text(&t, "a.csv", "a,b\n1,2\n", &columns, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.x[0] == 2 && t.x[1] == 1);
    table_close(t.reader);
    check_fault(read_text(&t, "a.csv", "1,2,3\n", &columns, 2, &fault), &fault, FAULT_INPUT, "no column");
    scratch_remove(&s);
}

static void a_tsv_may_have_decimal_commas(void)
{
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(read_text(&t, "a.tsv", "a\tb\n1,5\t-2\n3e2\t0,25\n", &all, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.x[0] == 1.5 && t.x[1] == -2 && t.x[2] == 300 && t.x[3] == 0.25);
    table_close(t.reader);
    scratch_remove(&s);
}

/* A column of weights is none of the others, whether it is read or not; one that is not there may be missed
 * where that is allowed. */
static void a_column_of_weights_is_none_of_x(void)
{
    static const char text[] = "a,w,b,label\n1,0.5,2,7\n3,0,4,8\n";
    const struct table_columns by_name = {.weights = "w"}, by_number = {.weights = "2"},
                               twice = {.weights = "label"}, missing = {.weights = "v"},
                               loose = {.weights = "v", .loose_weights = true};
    double weights[4];
    struct table t;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.csv"), text, strlen(text)));
        const struct table_request request = {.path = scratch_path(&s, "a.csv"),
                                              .columns = i % 2 ? by_number : by_name,
                                              .weights = i / 2 ? "weights" : NULL,
                                              .needed = 2,
                                              .precision = 8};
        struct table_rows rows = {.most = 4, .x = t.x, .labels = t.labels, .weights = weights};
        check_good(table_open(&t.reader, &request, &fault), &fault);
        check_good(table_read(t.reader, &rows, &fault), &fault);
        const struct table_info *const info = table_info(t.reader);
        CU_ASSERT_TRUE(rows.got == 2 && info->columns == 2 && strcmp(info->names[1], "b") == 0);
        CU_ASSERT_TRUE(t.x[1] == 2 && t.x[2] == 3 && t.x[3] == 4 && t.labels[1] == 8);
        CU_ASSERT_TRUE(i / 2 ? strcmp(info->weights, "w") == 0 && weights[0] == 0.5 && weights[1] == 0
                             : !info->weights);
        table_close(t.reader);
    }
    check_fault(read_text(&t, "a.csv", text, &missing, 2, &fault), &fault, FAULT_INPUT, "no column \"v\"");
    check_fault(read_text(&t, "a.csv", text, &twice, 2, &fault), &fault, FAULT_INPUT, "is chosen twice");
    check_good(read_text(&t, "a.csv", text, &loose, 3, &fault), &fault);
    table_close(t.reader);
    scratch_remove(&s);
}

/* ---- rows that are left out ---------------------------------------------------------------------------- */

static void incomplete_rows_are_dropped_and_counted(void)
{
    static const char text[] = "a,b\n1,2\n3,\nNA,4\n5,nan\n6,7\n8,inf\n";
    const struct table_columns drop = {.missing = TABLE_DROP}, keep = {.missing = TABLE_KEEP};
    char room[200];
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(read_text(&t, "a.csv", text, &drop, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 2 && t.x[2] == 6 && t.places[1] == 6);
    CU_ASSERT_EQUAL(table_dropped(t.reader), 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(table_place(t.reader, t.places[1], room, sizeof room), "a.csv:6"));
    table_close(t.reader);
    check_good(read_text(&t, "a.csv", text, &keep, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 6 && isnan(t.x[3]) && isnan(t.x[4]) && isinf(t.x[11]));
    table_close(t.reader);
    check_fault(read_text(&t, "a.csv", text, &all, 2, &fault), &fault, FAULT_INPUT,
                "a.csv:3:3: an empty field");
    table_close(t.reader);
    scratch_remove(&s);
}

static void rows_of_arrays_are_dropped_too(void)
{
    const double six[6] = {1, 2, NAN, 4, 5, 6};
    const struct table_columns drop = {
        .missing = TABLE_DROP, .names = (const char *const[]){"2", "1"}, .n = 2};
    char room[200];
    struct bytes bytes;
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    make_npy(&bytes, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}", six, sizeof six);
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.npy"), bytes.at, bytes.length));
    check_good(read_path(&t, scratch_path(&s, "a.npy"), &drop, 2, &fault), &fault);
    CU_ASSERT_TRUE(t.n == 2 && t.x[0] == 2 && t.x[1] == 1 && t.x[2] == 6 && t.places[1] == 2);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(table_place(t.reader, 2, room, sizeof room), "a.npy: row 2 (counted from 0)"));
    table_close(t.reader);
    scratch_remove(&s);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static const double numbers[6] = {0.1, -1e300, 4.9406564584124654e-324, 123456789.123456789, -0.0, 1.0 / 3};

static bool write_numbers(const char *name, const char *format, int64_t rows, struct fault *fault)
{
    const struct table_making making = {.path = scratch_path(&s, name),
                                        .format = format,
                                        .array = "x",
                                        .columns = 2,
                                        .rows = rows,
                                        .precision = 8};
    struct table_writer *writer;
    fault->exit_code = 0;
    if (!table_create(&writer, &making, fault))
        return false;
    if (table_write(writer, &(struct table_block){.x = numbers, .rows = 1}, fault) &&
        table_write(writer, &(struct table_block){.x = numbers + 2, .rows = 2}, fault))
        return table_commit(&writer, fault);
    table_abandon(writer);
    return false;
}

/* Bit by bit, in a locale with a decimal comma, too. */
static void what_is_written_is_read(void)
{
    static const char *const names[] = {"a.npy", "a.npz", "a.csv", "a.TSV", "a.txt", "a"};
    struct table t;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    if (!comma_locale_enter())
        return;
    for (size_t i = 0; i < CHECK_COUNT(names); i++)
        for (int64_t rows = -1; rows <= 3; rows += 4) { /* announced, or not */
            check_good(write_numbers(names[i], NULL, rows, &fault), &fault);
            check_good(read_path(&t, scratch_path(&s, names[i]), &all, 2, &fault), &fault);
            CU_ASSERT_EQUAL(t.n, 3);
            CU_ASSERT_EQUAL(memcmp(t.x, numbers, sizeof numbers), 0);
            table_close(t.reader);
        }
    comma_locale_leave();
    CU_ASSERT_EQUAL(files_in(&s), (int)CHECK_COUNT(names));
    scratch_remove(&s);
}

/* Of one file, in every format, and the file of the first is whole. */
static void a_second_writer_is_reported(void)
{
    static const char *const names[] = {"a.npy", "a.npz", "a.csv"};
    struct fault fault = {.exit_code = 0};
    struct table t;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        const struct table_making making = {
            .path = scratch_path(&s, names[i]), .array = "x", .columns = 2, .rows = -1, .precision = 8};
        struct table_writer *writer;
        check_good(table_create(&writer, &making, &fault) &&
                       table_write(writer, &(struct table_block){.x = numbers, .rows = 3}, &fault),
                   &fault);
        check_fault(write_numbers(names[i], NULL, 3, &fault), &fault, FAULT_SYSTEM,
                    "another process is writing it");
        fault.exit_code = 0;
        check_good(table_commit(&writer, &fault), &fault);
        check_good(read_path(&t, scratch_path(&s, names[i]), &all, 2, &fault), &fault);
        CU_ASSERT_EQUAL(t.n, 3);
        table_close(t.reader);
        CU_ASSERT_EQUAL(files_in(&s), (int)i + 1);
    }
    scratch_remove(&s);
}

/* Names next to the output are the user's own, and the time of day is not in it. */
static void an_npz_is_made_of_nothing_else(void)
{
    struct fault fault = {.exit_code = 0};
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.npz.rows"), "mine", 5));
    check_good(write_numbers("a.npz", NULL, 3, &fault), &fault);
    char *const mine = scratch_read(scratch_path(&s, "a.npz.rows"), NULL);
    char *const zip = scratch_read(scratch_path(&s, "a.npz"), &length);
    CU_ASSERT_TRUE_FATAL(mine && zip && length > 30);
    CU_ASSERT_STRING_EQUAL(mine, "mine");
    CU_ASSERT_EQUAL(memcmp(zip + 10, "\0\0\x21\0", 4), 0); /* time and date of a local header */
    CU_ASSERT_EQUAL(files_in(&s), 2);
    free(mine);
    free(zip);
    scratch_remove(&s);
}

static void numbers_are_short(void)
{
    static const float singles[4] = {0.1f, 16777216, 1e-45f, 3.4028235e38f};
    struct fault fault = {.exit_code = 0};
    struct table_writer *writer;
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const struct table_making making = {
        .path = scratch_path(&s, "a.csv"), .array = "y", .columns = 2, .rows = 2, .precision = 4};
    check_good(table_create(&writer, &making, &fault) &&
                   table_write(writer, &(struct table_block){.x = singles, .rows = 2}, &fault) &&
                   table_commit(&writer, &fault),
               &fault);
    char *const text = scratch_read(scratch_path(&s, "a.csv"), &length);
    CU_ASSERT_STRING_EQUAL(text, "y1,y2\n0.1,16777216\n1.4013e-45,3.4028235e+38\n");
    free(text);
    scratch_remove(&s);
}

static void formats_are_words(void)
{
    struct fault fault;
    struct table t;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(write_numbers("a", "csv", 3, &fault), &fault);
    check_good(read_path(&t, scratch_path(&s, "a"), &all, 2, &fault), &fault);
    CU_ASSERT_STRING_EQUAL(t.info.format, "csv");
    table_close(t.reader);
    check_fault(write_numbers("a", "xls", 3, &fault), &fault, FAULT_INPUT,
                "no format 'xls'; known are npy, npz, csv, tsv, txt and parquet");
    check_fault(write_numbers("a.feather", NULL, 3, &fault), &fault, FAULT_INPUT, "an Arrow file");
    scratch_remove(&s);
}

/* Words stay words in text, and become numbers in an .npz. */
static void labels_go_along(void)
{
    const struct table_columns columns = {.label = "species"};
    struct fault fault;
    struct table t, again;
    struct table_writer *writer;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(read_text(&t, "a.csv", species, &columns, 3, &fault), &fault);
    static const char *const names[] = {"b.csv", "b.npz"};
    for (int i = 0; i < 2; i++) {
        const struct table_making making = {.path = scratch_path(&s, names[i]),
                                            .array = "x",
                                            .columns = 3,
                                            .rows = -1,
                                            .precision = 8,
                                            .labels = t.reader};
        check_good(table_create(&writer, &making, &fault) &&
                       table_write(writer, &(struct table_block){.x = t.x, .labels = t.labels, .rows = t.n},
                                   &fault) &&
                       table_commit(&writer, &fault),
                   &fault);
        const struct table_columns same = {.label = i ? NULL : "species"};
        check_good(read_path(&again, scratch_path(&s, names[i]), &same, 3, &fault), &fault);
        CU_ASSERT_EQUAL(memcmp(again.labels, t.labels, 3 * sizeof *t.labels), 0);
        CU_ASSERT_EQUAL(memcmp(again.x, t.x, 9 * sizeof *t.x), 0);
        CU_ASSERT_EQUAL(table_word(again.reader, 1) != NULL, i == 0);
        table_close(again.reader);
    }
    table_close(t.reader);
    scratch_remove(&s);
}

/* ---- standard streams ---------------------------------------------------------------------------------- */

/* A pipe instead of descriptor `which`; returns what was there before. */
static int pipe_instead(int which, int ends[2])
{
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    const int before = dup(which);
    CU_ASSERT_TRUE_FATAL(before >= 0 && dup2(ends[which], which) == which);
    return before;
}

static void put_back(int before, int which)
{
    CU_ASSERT_TRUE_FATAL(dup2(before, which) == which);
    (void)close(before);
}

/* An .npy in Fortran order, which is not read in the order of its bytes, and a text. */
static void standard_input_is_a_file(void)
{
    static const double six[6] = {1, 2, 3, 4, 5, 6};
    struct bytes bytes;
    struct table t;
    struct fault fault;
    int ends[2];
    make_npy(&bytes, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2)}", six, sizeof six);
    for (int i = 0; i < 2; i++) {
        const int before = pipe_instead(STDIN_FILENO, ends);
        const void *const what = i ? (const void *)"1 4\n2 5\n3 6" : bytes.at;
        const size_t length = i ? 11 : bytes.length;
        CU_ASSERT_EQUAL(write(ends[1], what, length), (ssize_t)length);
        (void)close(ends[1]);
        (void)close(ends[0]);
        check_good(read_path(&t, "-", &all, 2, &fault), &fault);
        put_back(before, STDIN_FILENO);
        CU_ASSERT_STRING_EQUAL(t.info.format, i ? "csv" : "npy");
        CU_ASSERT_TRUE(t.n == 3 && t.x[0] == 1 && t.x[1] == 4 && t.x[2] == 2 && t.x[5] == 6);
        table_close(t.reader);
    }
}

static void standard_output_is_a_file(void)
{
    static const double two[2] = {0.5, -1};
    const struct table_making making = {
        .path = "-", .like = "csv", .array = "s", .columns = 2, .rows = -1, .precision = 8};
    struct fault fault = {.exit_code = 0};
    struct table_writer *writer;
    char got[64] = "";
    int ends[2];
    (void)fflush(stdout);
    const int before = pipe_instead(STDOUT_FILENO, ends);
    const bool good = table_create(&writer, &making, &fault) &&
                      table_write(writer, &(struct table_block){.x = two, .rows = 1}, &fault) &&
                      table_commit(&writer, &fault);
    put_back(before, STDOUT_FILENO);
    (void)close(ends[1]);
    check_good(good, &fault);
    CU_ASSERT_TRUE(read(ends[0], got, sizeof got - 1) > 0);
    CU_ASSERT_STRING_EQUAL(got, "s1,s2\n0.5,-1\n");
    (void)close(ends[0]);
}

static const struct check_case cases[] = {
    {"suffixes are read in any case", suffixes_are_read_in_any_case},
    {"content decides without a suffix", content_decides_without_a_suffix},
    {"arrays of every type are read", arrays_of_every_type_are_read},
    {"Fortran order of three indices", fortran_order_of_three_indices},
    {"other formats say what to do", other_formats_say_what_to_do},
    {"a missing file says where", a_missing_file_says_where},
    {"columns are chosen by name and number", columns_are_chosen_by_name_and_number},
    {"words are numbered as they come", words_are_numbered_as_they_come},
    {"many words are told apart", many_words_are_told_apart},
    {"wrong choices are reported", wrong_choices_are_reported},
    {"loose choices take a file of just these", loose_choices_take_a_file_of_just_these},
    {"a .tsv may have decimal commas", a_tsv_may_have_decimal_commas},
    {"a column of weights is none of x", a_column_of_weights_is_none_of_x},
    {"incomplete rows are dropped and counted", incomplete_rows_are_dropped_and_counted},
    {"rows of arrays are dropped too", rows_of_arrays_are_dropped_too},
    {"what is written is read", what_is_written_is_read},
    {"a second writer is reported", a_second_writer_is_reported},
    {"an .npz is made of nothing else", an_npz_is_made_of_nothing_else},
    {"numbers are short", numbers_are_short},
    {"formats are words", formats_are_words},
    {"labels go along", labels_go_along},
    {"standard input is a file", standard_input_is_a_file},
    {"standard output is a file", standard_output_is_a_file},
};

int main(void)
{
    return check_main("table", cases, CHECK_COUNT(cases));
}
