/* SPDX-License-Identifier: MIT
 *
 * Tables as text: what is read, and where errors are reported. */
#include "comma_locale.h"
#include "files/csv.h"
#include "files/table.h"
#include "unit/runtime/files/data_fixture.h"

#include <math.h>

enum { MOST_ROWS = 20001 };

struct csv { /* a whole text */
    int64_t rows;
    double *x;
    int64_t *labels; /* NULL: none */
};

static void csv_free(struct csv *csv)
{
    free(csv->x);
    free(csv->labels);
    *csv = (struct csv){.rows = 0};
}

static void widen(double *x, int64_t n)
{
    for (int64_t i = n; i-- > 0;) {
        float single;
        memcpy(&single, (const char *)x + i * (int64_t)sizeof single, sizeof single);
        x[i] = (double)single;
    }
}

static bool read_all(struct csv *csv, struct table_reader *reader, const struct table_request *request,
                     struct fault *fault)
{
    struct table_rows rows = {.most = MOST_ROWS};
    csv->x = rows.x = calloc((size_t)MOST_ROWS * (size_t)request->needed, sizeof(double));
    if (table_info(reader)->label)
        csv->labels = rows.labels = calloc(MOST_ROWS, sizeof *rows.labels);
    CU_ASSERT_PTR_NOT_NULL_FATAL(csv->x);
    const bool good = table_read(reader, &rows, fault);
    csv->rows = rows.got;
    if (request->precision == 4)
        widen(csv->x, rows.got * request->needed);
    return good;
}

static bool csv_read(struct csv *csv, const char *path, int64_t d, int64_t precision, struct fault *fault)
{
    const struct table_request request = {.path = path, .needed = d, .precision = precision};
    struct table_reader *reader;
    *csv = (struct csv){.rows = 0};
    const bool good = table_open(&reader, &request, fault) && read_all(csv, reader, &request, fault);
    table_close(reader);
    if (!good)
        csv_free(csv);
    return good;
}

static bool read_bytes(struct csv *csv, const char *text, size_t length, int64_t d, struct fault *fault)
{
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.csv"), text, length));
    fault->exit_code = 0;
    const bool done = csv_read(csv, scratch_path(&s, "a.csv"), d, 8, fault);
    scratch_remove(&s);
    return done;
}

static bool read_text(struct csv *csv, const char *text, int64_t d, struct fault *fault)
{
    return read_bytes(csv, text, strlen(text), d, fault);
}

/* All of these are the same two rows. */
static void separators_quotes_and_line_ends(void)
{
    static const char *const texts[] = {
        "1.5,-2\n3e2,.25\n",
        "1.5,-2\n3e2,.25",
        "1.5,-2\r\n3e2,.25\r\n",
        "1.5,-2\r3e2,.25\r",
        "\n\r\n1.5,-2\n \t\n3e2,.25\n\n",
        "# made by hand\n1.5,-2\n  # 7,7\n3e2,.25\n",
        "\xEF\xBB\xBF"
        "1.5,-2\n3e2,.25\n",
        "x,y\n1.5,-2\n3e2,.25\n",
        "\"first, of two\",\"a \"\"second\"\"\"\n1.5,-2\n3e2,.25\n",
        "a;b,c\n1.5;-2\n3e2;.25\n",
        ",x\n1.5,-2\n3e2,.25\n",
        "1.5;-2\n3e2;.25\n",
        "1.5\t-2\n3e2\t.25\n",
        "1.5 -2\n3e2 .25\n",
        "  1.50000    -2.0 \n 3E+02 \t +0.25   \n",
        " 1.5 ,  -2 \n3e2\t,\t.25\n",
        "\"1.5\",\"-2\"\n \" 3e2\" ,\".25 \"\n",
        "\"1.5\" \"-2\"\n\"3e2\"   .25\n",
        "1.5;\"-2\"\n3e2;.25\n",
        "1,5;-2\n3e2;,25\n",
        "a;b\n1,50;-2,0\n3e2;0,25\n",
    };
    struct fault fault;
    struct csv csv;
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        check_good(read_text(&csv, texts[i], 2, &fault), &fault);
        CU_ASSERT_TRUE(csv.rows == 2 && csv.labels == NULL);
        CU_ASSERT_TRUE(csv.x[0] == 1.5 && csv.x[1] == -2 && csv.x[2] == 300 && csv.x[3] == 0.25);
        csv_free(&csv);
    }
}

static void labels_are_found_by_their_name(void)
{
    static const char *const texts[] = {"x,y,label\n1,2,7\n3,4,-8\n", "x,labels,y\n1,7,2\n3,-8.0,4\n",
                                        "Label x y\n7e0 1 2\n-8 3 4\n", "0;1;\"LABEL\"\n1;2;7\n3;4;\"-8\"\n"};
    struct fault fault;
    struct csv csv;
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        check_good(read_text(&csv, texts[i], 2, &fault), &fault);
        CU_ASSERT_EQUAL_FATAL(csv.rows, 2);
        CU_ASSERT_PTR_NOT_NULL_FATAL(csv.labels);
        CU_ASSERT_TRUE(csv.x[0] == 1 && csv.x[1] == 2 && csv.x[2] == 3 && csv.x[3] == 4);
        CU_ASSERT_TRUE(csv.labels[0] == 7 && csv.labels[1] == -8);
        csv_free(&csv);
    }
}

static void numbers_are_rounded_correctly(void)
{
    struct fault fault;
    struct csv csv;
    check_good(read_text(&csv, "0.1 123456789012345678901234567890 1e-400\n", 3, &fault), &fault);
    CU_ASSERT_TRUE(csv.x[0] == 0.1 && csv.x[1] == 123456789012345678901234567890.0 && csv.x[2] == 0);
    csv_free(&csv);
}

/* Where the locale writes 1,5 a text still has 1.5; and the locale stays what it was. */
static void the_locale_does_not_matter(void)
{
    struct fault fault;
    struct csv csv;
    if (!comma_locale_enter())
        return;
    check_good(read_text(&csv, "1.5,2.25\n", 2, &fault), &fault);
    CU_ASSERT_TRUE(csv.x[0] == 1.5 && csv.x[1] == 2.25);
    CU_ASSERT_EQUAL(localeconv()->decimal_point[0], ',');
    csv_free(&csv);
    comma_locale_leave();
}

static void many_rows_are_read(void)
{
    enum { ROWS = 20000 };
    static char text[ROWS * 24];
    size_t length = 0;
    struct fault fault;
    struct csv csv;
    for (int i = 0; i < ROWS; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%d,%d.5\r\n", i, -i);
    check_good(read_bytes(&csv, text, length, 2, &fault), &fault);
    CU_ASSERT_EQUAL_FATAL(csv.rows, ROWS);
    bool good = true;
    for (int i = 0; i < ROWS; i++)
        good = good && csv.x[2 * i] == i && csv.x[2 * i + 1] == (i ? -i - 0.5 : 0.5);
    CU_ASSERT_TRUE(good);
    csv_free(&csv);
}

static void faults_are_reported_with_their_position(void)
{
    static const struct {
        const char *text, *said;
    } wrong[] = {
        {"", "a.csv: no rows"},
        {"\n\n# 1,2\n", "a.csv: no rows"},
        {"x,y\n", "a.csv: no rows"},
        {"1,2\n3,four\n", "a.csv:2:3: \"four\" is not a number"},
        {"1,2\n3,4x\n", "a.csv:2:3: \"4x\" is not a number"},
        {"1,2\n3,0x10\n", "a.csv:2:3: \"0x10\" is not a number"},
        {"1,2\n3,1e\n", "a.csv:2:3: \"1e\" is not a number"},
        {"1,2\n3,--1\n", "a.csv:2:3: \"--1\" is not a number"},
        {"1,2\n3,.\n", "a.csv:2:3: \".\" is not a number"},
        {"1,2\n3,1 2\n", "a.csv:2:3: \"1 2\" is not a number"},
        {"1,b\n3,4\n", "a.csv: column 2 holds words (\"b\"); choose other columns"},
        {"x,y\nu,v\n", "a.csv: column 1 (x) holds words (\"u\"); choose other columns"},
        {"1,5;2,5\n1.5;2\n", "a.csv:2:1: \"1.5\" is not a number (numbers before it have a decimal comma)"},
        {"1.5;2\n1;2,5\n", "a.csv:2:3: \"2,5\" is not a number (numbers before it have a decimal point)"},
        {"1;2\n1,234.5;2\n", "a.csv:2:1: \"1,234.5\" is not a number"},
        {"1,2\n\n3,NaN\n", "a.csv:3:3: \"NaN\" is not a number"},
        {"1,2\r3,4\rnan,4\r", "a.csv:3:1: \"nan\" is not a number"},
        {"1,2\n3, NA\n", "a.csv:2:4: \"NA\" is not a number"},
        {"nan,inf\n1,2\n", "a.csv:1:1: \"nan\" is not a number"},
        {"1,2\n-Inf,4\n", "a.csv:2:1: \"-Inf\" is infinite"},
        {"1,2\n1e999,4\n", "a.csv:2:1: \"1e999\" is too large"},
        {"1,2\n,4\n", "a.csv:2:1: an empty field"},
        {"1,2\n3,\n", "a.csv:2:3: an empty field"},
        {"1,2\n3,\"\"\n", "a.csv:2:4: an empty field"},
        {"1,2\n3,4,5\n", "a.csv:2: 3 fields, but 2 before"},
        {"1,2\n3\n", "a.csv:2: 1 fields, but 2 before"},
        {"1,2\n3,4,\n", "a.csv:2: 3 fields, but 2 before"},
        {"1 2\n3 4 5\n", "a.csv:2: 3 fields, but 2 before"},
        {"1,2,3\n", "a.csv: 3 columns; the dimension is 2; choose some: data.columns"},
        {"x\n1\n", "a.csv: 1 column (x); the dimension is 2"},
        {"x,label\n1,2\n", "a.csv: 1 column besides the labels (x, label); the dimension is 2"},
        {"x,y,label\n1,2,3\n1,2,cat\n", "a.csv:3:5: \"cat\" is not a whole number; the labels before it are"},
        {"x,y,label\n1,2,3\n1,2,0.5\n", "a.csv:3:5: \"0.5\" is not a whole number"},
        {"x,y,label\n1,2,3\n1,2,1e300\n", "a.csv:3:5: \"1e300\" is not a whole number"},
        {"x,y,label\n1,2,\n", "a.csv:2:5: an empty field"},
        {"1,\"2\n3,4\n", "a.csv:1:3: a quote that does not end on its line"},
        {"1,\"2\"3\n", "a.csv:1:6: unexpected text between a quote and the end of its field"},
        {"1 \"2\"3\n", "a.csv:1:6: unexpected text between a quote"},
        {"1,2\n3,abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n",
         "\"abcdefghijklmnopqrstuvwxyzabcdefghijklmn...\" is not a number"},
    };
    struct fault fault;
    struct csv csv;
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        check_fault(read_text(&csv, wrong[i].text, 2, &fault), &fault, FAULT_INPUT, wrong[i].said);
        CU_ASSERT_TRUE(csv.x == NULL && csv.labels == NULL);
    }
    check_fault(csv_read(&csv, "no/such/file.csv", 2, 8, &fault), &fault, FAULT_INPUT,
                "cannot read no/such/file.csv");
}

static void a_file_that_is_not_text_is_reported(void)
{
    static const char utf16[] = "\xFF\xFE"
                                "1\0,\0"
                                "2\0\n\0",
                      zero[] = "1,2\n3,4\0\n";
    struct fault fault;
    struct csv csv;
    check_fault(read_bytes(&csv, utf16, sizeof utf16 - 1, 2, &fault), &fault, FAULT_INPUT,
                "a.csv:1:4: a NUL byte");
    check_fault(read_bytes(&csv, zero, sizeof zero - 1, 2, &fault), &fault, FAULT_INPUT,
                "a.csv:2:4: a NUL byte");
}

static void the_length_of_a_line_is_limited(void)
{
    const size_t length = CSV_MAX_LINE + 5;
    char *const text = malloc(length);
    struct fault fault;
    struct csv csv;
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, ' ', length);
    memcpy(text, "1,2\n", 4);
    check_fault(read_bytes(&csv, text, length, 2, &fault), &fault, FAULT_INPUT,
                "a.csv:2: a line of more than 1048576 bytes");
    text[length - 1] = '\n'; /* just as long as it may be */
    check_good(read_bytes(&csv, text, length, 2, &fault), &fault);
    CU_ASSERT_EQUAL(csv.rows, 1);
    csv_free(&csv);
    free(text);
}

static const struct check_case cases[] = {
    {"separators, quotes and line ends", separators_quotes_and_line_ends},
    {"labels are found by their name", labels_are_found_by_their_name},
    {"numbers are rounded correctly", numbers_are_rounded_correctly},
    {"the locale does not matter", the_locale_does_not_matter},
    {"many rows are read", many_rows_are_read},
    {"faults are reported with their position", faults_are_reported_with_their_position},
    {"a file that is not text is reported", a_file_that_is_not_text_is_reported},
    {"the length of a line is limited", the_length_of_a_line_is_limited},
};

int main(void)
{
    return check_main("csv", cases, CHECK_COUNT(cases));
}
