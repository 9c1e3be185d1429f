/* SPDX-License-Identifier: MIT
 *
 * check, and what train says of the data: texts, JSON, exit codes, whatever the format of the file. */
#include "unit/runtime/command/fake_trainer.h"

#include <math.h>
#include <string.h>

static void write_text(const char *name, const char *first, int rows, const char *format)
{
    FILE *const file = fopen(in_folder(name), "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    (void)fputs(first, file);
    for (int i = 0; i < rows; i++)
        (void)fprintf(file, format, i, random_normal(3, 3, (uint64_t)i)); /* NOLINT */
    (void)fclose(file);
}

static const json_t *finding(const json_t *json, const char *kind)
{
    const json_t *const findings = json_object_get(json, "findings");
    size_t i;
    const json_t *one;
    json_array_foreach(findings, i, one) if (strcmp(json_string_value(json_object_get(one, "kind")), kind) ==
                                             0) return one;
    return NULL;
}

static double item(const json_t *json, const char *key, size_t i)
{
    return json_number_value(json_array_get(json_object_get(json, key), i));
}

static void a_column_of_row_numbers(void)
{
    set_up();
    write_text("index.csv", ",value\n", 400, "%d,%.6f\n");
    struct outcome outcome = run(FAKE_SINGLE2, "", "check @index.csv");
    CU_ASSERT_EQUAL(outcome.code, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "400 rows, 80 of them for the test, 2 columns"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "row numbers, column 1: from 0 on, in steps of 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "(data.columns)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "\n  value "));
    CU_ASSERT_PTR_NULL(strstr(outcome.out, "column value"));
    outcome_free(&outcome);
    json_t *const json = run_json(FAKE_SINGLE2, "", "check @index.csv --json");
    const json_t *const found = finding(json, "row_number");
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_EQUAL(item(found, "columns", 0), 1);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "findings")), 1);
    json_decref(json);
    scratch_remove(&scratch);
}

static void columns_are_called_by_name(void)
{
    set_up();
    write_text("named.csv", "length,width\n", 400, "%d,%.0f\n");
    struct outcome outcome = run(FAKE_SINGLE2, "", "check @named.csv");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "row numbers, column length"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "discrete, column width"));
    outcome_free(&outcome);
    outcome = run(FAKE_SINGLE2, "", "check @named.csv --columns width,length");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "row numbers, column length"));
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

static void nothing_to_learn_is_an_error(void)
{
    static double x[80];
    set_up();
    for (int i = 0; i < 80; i++)
        x[i] = 3 + i % 2;
    write_npy("equal.npy", 8, 40, 2, x);
    write_npy("one.npy", 8, 1, 2, x);
    expect(FAKE_SINGLE2, "", "check @equal.npy", 2, "all 40 rows are the same");
    expect(FAKE_SINGLE2, "base.kind=mixture", "train --data @equal.npy --out @run", 2,
           "all 40 rows are the same");
    CU_ASSERT_FALSE(scratch_there(in_folder("run")));
    struct outcome outcome = run(FAKE_SINGLE2, "", "check @one.npy --json");
    json_t *const json = json_loads(outcome.out, 0, NULL);
    CU_ASSERT_EQUAL(outcome.code, 2);
    const json_t *const found = finding(json, "one_row");
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(found, "level")), "refused");
    json_decref(json);
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

static void shift_rows(float *rows, int64_t n)
{
    const float first[2] = {rows[0], rows[1]};
    memmove(rows, rows + 2, (size_t)(n - 1) * sizeof first);
    memcpy(rows + 2 * (n - 1), first, sizeof first);
}

/* y of the next row. */
static void pairs_that_do_not_belong_together(void)
{
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    struct pairs pairs = fake_pairs(2, 4, 2000, 500);
    write_npz("pairs.npz", &pairs);
    json_t *json = run_json(FAKE_SINGLE2, "", "check @pairs.npz --json");
    CU_ASSERT_EQUAL(number(json, "rows"), 2500);
    CU_ASSERT_EQUAL(number(json, "test_rows"), 500);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "findings")), 0);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "columns")), 4);
    json_decref(json);
    shift_rows(pairs.train.y, pairs.train.n);
    shift_rows(pairs.test.y, pairs.test.n);
    write_npz("shifted.npz", &pairs);
    json = run_json(FAKE_SINGLE2, "", "check @shifted.npz --json");
    CU_ASSERT_PTR_NOT_NULL(finding(json, "unrelated"));
    json_decref(json);
    struct outcome outcome = run(FAKE_SINGLE2, "", "train --data @shifted.npz --out @run --epochs 1");
    CU_ASSERT_EQUAL(outcome.code, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "x and y unrelated"));
    outcome_free(&outcome);
    write_npy("x.npy", 4, 2000, 2, pairs.train.x);
    write_npy("y.npy", 4, 2000, 2, pairs.train.y);
    char words[2048];
    (void)snprintf(words, sizeof words, "check @x.npy,%s --json", in_folder("y.npy"));
    json = run_json(FAKE_SINGLE2, "", words);
    CU_ASSERT_EQUAL(number(json, "rows"), 2000);
    CU_ASSERT_PTR_NOT_NULL(finding(json, "unrelated"));
    json_decref(json);
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

/* train reads all rows, check lets them pass by: both see the same. */
static void train_finds_what_check_finds(void)
{
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    struct pairs pairs = fake_pairs(2, 4, 2000, 500);
    float *const x = pairs.train.x, *const y = pairs.test.y;
    x[2 * 77] = 1e6F;
    memcpy((float *)pairs.test.x + 2 * 9, x, 2 * sizeof *x);
    memcpy(y + 2 * 9, pairs.train.y, 2 * sizeof *x);
    write_npz("pairs.npz", &pairs);
    json_t *const checked = run_json(FAKE_SINGLE2, "", "check @pairs.npz --json");
    json_t *const trained =
        run_json(FAKE_SINGLE2, "", "train --data @pairs.npz --out @run --epochs 1 --json");
    const json_t *const leak = finding(checked, "in_both_sets");
    CU_ASSERT_TRUE(json_equal(json_object_get(checked, "findings"), json_object_get(trained, "findings")));
    CU_ASSERT_EQUAL(item(finding(checked, "outlying"), "rows", 0), 78);
    CU_ASSERT_PTR_NOT_NULL_FATAL(leak);
    CU_ASSERT_EQUAL(item(leak, "rows", 0), 2010);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(leak, "level")), "note");
    json_decref(checked);
    json_decref(trained);
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

/* Lines of the file, also where some are empty or left out. */
static void rows_of_a_text_have_lines(void)
{
    set_up();
    write_text("lines.csv", "# made by hand\na,b\n\n1,\n", 400, "%d.5,%f\n"); /* row i is on line i + 5 */
    FILE *const file = fopen(in_folder("lines.csv"), "ae");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    (void)fputs("3,1e6\n", file);
    (void)fclose(file);
    json_t *const json = run_json(FAKE_SINGLE2, "", "check @lines.csv --missing drop --json");
    const json_t *const found = finding(json, "outlying");
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_EQUAL(item(found, "rows", 0), 401);
    CU_ASSERT_EQUAL(item(found, "lines", 0), 405);
    json_decref(json);
    struct outcome outcome = run(FAKE_SINGLE2, "", "check @lines.csv --missing drop");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "line 405"));
    outcome_free(&outcome);
    outcome = run(FAKE_SINGLE2, "base.kind=mixture,base.components=2",
                  "train --data @lines.csv --missing drop --out @run --epochs 1");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "line 405"));
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

static void what_cannot_be_read_is_an_error(void)
{
    set_up();
    expect(FAKE_SINGLE2, "", "check @absent.csv", 2, "absent.csv");
    write_text("three.csv", "", 10, "%d,%f,1\n");
    expect(FAKE_SINGLE2, "", "check @three.csv", 2, "the dimension is 2");
    expect(FAKE_SINGLE2, "", "check", 2, "an argument is missing");
    scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"a column of row numbers", a_column_of_row_numbers},
        {"columns have names", columns_are_called_by_name},
        {"nothing to learn", nothing_to_learn_is_an_error},
        {"pairs that do not belong together", pairs_that_do_not_belong_together},
        {"train finds what check finds", train_finds_what_check_finds},
        {"rows of a text", rows_of_a_text_have_lines},
        {"what cannot be read", what_cannot_be_read_is_an_error},
    };
    return fake_trainer_main(argc, argv, "check", cases, CHECK_COUNT(cases));
}
