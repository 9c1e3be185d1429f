/* SPDX-License-Identifier: MIT
 *
 * What a trainer learns from, out of files and generators: split, standardised, and refused. */
#include "data/samples.h"
#include "data/toys.h"
#include "files/npy.h"
#include "look/look.h"
#include "numbers/rows.h"
#include "unit/runtime/files/npz_fixture.h"

#include <math.h>

enum { ROWS = 50, D = 3 };

static double x[ROWS * D], y[ROWS * D], logdet[ROWS],
    labels[ROWS]; /* y = 2 x; the label is the row's number */

static void fill_arrays(void)
{
    for (int i = 0; i < ROWS * D; i++) {
        x[i] = 0.25 * ((i * 37) % 101) - 12;
        y[i] = 2 * x[i];
        logdet[i / D] = i / D * 0.5;
        labels[i / D] = i / D;
    }
}

static bool load(struct samples *s, const char *file, int precision, bool standardise, struct fault *fault)
{
    fault->exit_code = 0;
    return samples_load(
        s,
        &(struct samples_request){
            .d = D, .precision = precision, .file = file, .test = 0.2, .standardise = standardise},
        fault);
}

static double value(const struct samples *s, const void *array, int64_t i)
{
    return rows_number(array, i, s->precision);
}

static bool same(double a, double b)
{
    return fabs(a - b) <= 1e-5 * (1 + fabs(b));
}

/* Rows of a half are those of the data that their labels say; as many as `seen` were not there before. */
static void check_half(const struct samples *s, const void *xs, const void *ys, const double *logdets,
                       const int64_t *numbers, int64_t n, int seen[ROWS])
{
    bool good = true;
    for (int64_t row = 0; row < n; row++) {
        const int64_t from = numbers[row];
        CU_ASSERT_TRUE_FATAL(from >= 0 && from < ROWS && seen[from]++ == 0);
        for (int64_t i = 0; i < D; i++) {
            const double raw = x[from * D + i];
            const double wanted = s->standard.d ? (raw - s->standard.mean[i]) / s->standard.scale[i] : raw;
            good = good && same(value(s, xs, row * D + i), wanted);
            good = good && (!ys || same(value(s, ys, row * D + i), 2 * raw));
        }
        good = good && (!logdets || logdets[row] == 0.5 * (double)from);
    }
    CU_ASSERT_TRUE(good);
}

static void check_all(const struct samples *s, int64_t n_train, int64_t n_test)
{
    int seen[ROWS] = {0};
    CU_ASSERT_TRUE_FATAL(s->train.n == n_train && s->test.n == n_test);
    CU_ASSERT_TRUE_FATAL(s->train.labels != NULL && s->test.labels != NULL);
    check_half(s, s->train.x, s->train.y, s->train.logdet, s->train.labels, n_train, seen);
    check_half(s, s->test.x, s->test.y, s->test.logdet, s->test.labels, n_test, seen);
}

static void a_given_split_is_kept(void)
{
    const struct member members[] = {{"x_train.npy", 30, D, x, ZIP_CM_STORE},
                                     {"x_test.npy", 20, D, x + 30 * D, ZIP_CM_STORE},
                                     {"labels_train.npy", 30, 0, labels, ZIP_CM_STORE},
                                     {"labels_test.npy", 20, 0, labels + 30, ZIP_CM_STORE},
                                     {"y_train.npy", 30, D, y, ZIP_CM_DEFLATE},
                                     {"y_test.npy", 20, D, y + 30 * D, ZIP_CM_STORE},
                                     {"logdet_test.npy", 20, 1, logdet + 30, ZIP_CM_STORE}};
    struct scratch s;
    struct fault fault;
    struct samples data;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int precision = 4; precision <= 8; precision += 4)
        for (size_t n = 4; n <= 7; n += 3) {
            CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, n));
            check_good(load(&data, scratch_path(&s, "a.npz"), precision, true, &fault), &fault);
            check_all(&data, 30, 20);
            CU_ASSERT_EQUAL(data.train.labels[29], 29);
            CU_ASSERT_TRUE(n == 4 ? data.standard.d == D && !data.train.y
                                  : data.standard.d == 0 && data.test.y && data.test.logdet);
            CU_ASSERT_PTR_NULL(data.train.logdet);
            samples_free(&data);
        }
    scratch_remove(&s);
}

/* Arrays for validation are a part of their own, in units of the training rows, whether the file has a test
 * set or one is drawn; without arrays for training they mean nothing. */
static void rows_to_validate_by_may_be_given(void)
{
    static const char *const named[][3] = {{"x_validation.npy", "labels_validation.npy", "y_validation.npy"},
                                           {"x_val.npy", "labels_val.npy", "y_val.npy"}};
    struct scratch s;
    struct fault fault;
    struct samples data;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "a.npz");
    for (int i = 0; i < 8; i++) {
        const char *const *const names = named[i % 2];
        const bool has_test = i / 2 % 2, has_y = i / 4;
        struct member members[] = {{"x_train.npy", has_test ? 20 : 30, D, x, ZIP_CM_STORE},
                                   {"labels_train.npy", has_test ? 20 : 30, 0, labels, ZIP_CM_STORE},
                                   {names[0], 20, D, x + 30 * D, ZIP_CM_STORE},
                                   {names[1], 20, 0, labels + 30, ZIP_CM_STORE},
                                   {has_test ? "x_test.npy" : "b.npy", 10, D, x + 20 * D, ZIP_CM_STORE},
                                   {has_test ? "labels_test.npy" : "c.npy", 10, 0, labels + 20, ZIP_CM_STORE},
                                   {has_y ? "y_train.npy" : "d.npy", has_test ? 20 : 30, D, y, ZIP_CM_STORE},
                                   {names[2], 20, D, y + 30 * D, ZIP_CM_STORE}};
        CU_ASSERT_TRUE_FATAL(make_npz(path, members, 8));
        if (has_test && has_y) { /* a test set needs its y, too */
            check_fault(load(&data, path, 8, true, &fault), &fault, FAULT_INPUT, "no array y_test");
            continue;
        }
        check_good(load(&data, path, i % 2 ? 4 : 8, true, &fault), &fault);
        int seen[ROWS] = {0};
        CU_ASSERT_TRUE_FATAL(data.train.n == (has_test ? 20 : 24) && data.test.n == (has_test ? 10 : 6));
        CU_ASSERT_TRUE_FATAL(data.validation.n == 20 && data.validation.labels != NULL);
        check_half(&data, data.train.x, data.train.y, NULL, data.train.labels, data.train.n, seen);
        check_half(&data, data.test.x, data.test.y, NULL, data.test.labels, data.test.n, seen);
        check_half(&data, data.validation.x, data.validation.y, NULL, data.validation.labels, 20, seen);
        CU_ASSERT_TRUE((data.validation.y != NULL) == has_y && data.validation.labels[0] == 30);
        samples_free(&data);
        members[0].name = "x.npy";
        members[1].name = "labels.npy";
        members[6].name = "y.npy";
        CU_ASSERT_TRUE_FATAL(make_npz(path, members, 8));
        check_good(load(&data, path, 8, true, &fault), &fault);
        CU_ASSERT_EQUAL(data.validation.n, 0);
        samples_free(&data);
    }
    scratch_remove(&s);
}

/* The look at a file that passes by and the one at samples that were read see the same. */
static void a_file_with_rows_to_validate_by_is_looked_at(void)
{
    const struct member members[] = {{"x_train.npy", 20, D, x, ZIP_CM_STORE},
                                     {"x_val.npy", 30, D, x + 20 * D, ZIP_CM_STORE},
                                     {"x_test.npy", 10, D, x + 40 * D, ZIP_CM_STORE}};
    struct scratch s;
    struct fault fault = {0};
    struct samples data;
    struct look *look;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    struct samples_request request = {
        .d = D, .precision = 8, .file = scratch_path(&s, "a.npz"), .test = 0.25, .look = true};
    for (size_t n = 2; n <= 3; n++) {
        CU_ASSERT_TRUE_FATAL(make_npz(request.file, members, n));
        check_good(samples_load(&data, &request, &fault), &fault);
        check_good(samples_look_through(&look, &request, &fault), &fault);
        const struct gpfc_look *const loaded = look_result(data.look), *const passed = look_result(look);
        CU_ASSERT_TRUE(loaded->rows == (n == 2 ? 50 : 60) && passed->rows == loaded->rows);
        CU_ASSERT_TRUE(loaded->test == (n == 2 ? 5 : 10) && passed->test == loaded->test);
        CU_ASSERT_EQUAL_FATAL(passed->n_findings, loaded->n_findings);
        for (int64_t i = 0; i < passed->n_findings; i++)
            CU_ASSERT_STRING_EQUAL(passed->findings[i].text, loaded->findings[i].text);
        look_free(look);
        samples_free(&data);
    }
    scratch_remove(&s);
}

static void write_npy(const char *path, const double *data)
{
    struct fault fault = {.exit_code = 0};
    struct npy_writer *writer;
    check_good(npy_create(&writer, path, 8, ROWS, D, &fault), &fault);
    check_good(npy_write_rows(writer, data, ROWS, &fault), &fault);
    check_good(npy_writer_commit(writer, &fault), &fault);
}

/* ---- weights ------------------------------------------------------------------------------------------- */

static double weights[ROWS]; /* 0 1 2 3 0 1 .. units */

static void fill_weights(double unit)
{
    for (int i = 0; i < ROWS; i++)
        weights[i] = i % 4 * unit;
}

/* Each row has the weight of its label, in units of `unit`; those without one are not there. */
static void check_weights(const struct part *part, double unit)
{
    CU_ASSERT_TRUE_FATAL(part->weights && part->labels);
    for (int64_t i = 0; i < part->n; i++) {
        CU_ASSERT_NOT_EQUAL(part->labels[i] % 4, 0);
        CU_ASSERT_TRUE(same(part->weights[i], (double)(part->labels[i] % 4) * unit));
    }
}

static double mean_weight(const struct part *part)
{
    double sum = 0;
    for (int64_t i = 0; i < part->n; i++)
        sum += part->weights[i] / (double)part->n;
    return sum;
}

/* 13 of 50 rows have none, and 37 are left; whole weights stay as they are, others get the mean 1. A place is
 * that in the file. */
static void rows_have_weights(void)
{
    struct scratch s;
    struct fault fault;
    struct samples data;
    char room[200], number[16];
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int i = 0; i < 4; i++) {
        const bool whole = i % 2, has_y = i / 2;
        fill_weights(whole ? 1 : 1.5);
        const struct member members[] = {{"x.npy", ROWS, D, x, ZIP_CM_STORE},
                                         {"labels.npy", ROWS, 0, labels, ZIP_CM_STORE},
                                         {"weights.npy", ROWS, 0, weights, ZIP_CM_STORE},
                                         {has_y ? "y.npy" : "z.npy", ROWS, D, y, ZIP_CM_STORE}};
        CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, 4));
        check_good(load(&data, scratch_path(&s, "a.npz"), 8, true, &fault), &fault);
        CU_ASSERT_TRUE_FATAL(data.train.n == 30 && data.test.n == 7 && data.weightless == 13);
        int seen[ROWS] = {0};
        check_half(&data, data.train.x, data.train.y, NULL, data.train.labels, 30, seen);
        check_half(&data, data.test.x, data.test.y, NULL, data.test.labels, 7, seen);
        const double unit = whole ? 1 : data.train.weights[0] / (double)(data.train.labels[0] % 4);
        check_weights(&data.train, unit);
        check_weights(&data.test, unit);
        CU_ASSERT_TRUE(whole ? unit == 1 : same(mean_weight(&data.train), 1));
        for (int64_t row = 0; row < 7; row++) {
            (void)snprintf(number, sizeof number, "row %d ", (int)data.test.labels[row]);
            CU_ASSERT_PTR_NOT_NULL(strstr(samples_place(&data, &data.test, row, room, sizeof room), number));
        }
        samples_free(&data);
    }
    scratch_remove(&s);
}

static void parts_have_weights(void)
{
    struct scratch s;
    struct fault fault;
    struct samples data;
    char room[200];
    fill_arrays();
    fill_weights(1);
    const struct member members[] = {{"x_train.npy", 30, D, x, ZIP_CM_STORE},
                                     {"x_test.npy", 20, D, x + 30 * D, ZIP_CM_STORE},
                                     {"labels_train.npy", 30, 0, labels, ZIP_CM_STORE},
                                     {"labels_test.npy", 20, 0, labels + 30, ZIP_CM_STORE},
                                     {"weights_train.npy", 30, 0, weights, ZIP_CM_STORE},
                                     {"weights_test.npy", 20, 0, weights + 30, ZIP_CM_STORE}};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s) && make_npz(scratch_path(&s, "a.npz"), members, 6));
    const struct samples_request request = {
        .d = D, .precision = 8, .file = scratch_path(&s, "a.npz"), .weights_file = "w.npy"};
    check_good(load(&data, request.file, 8, false, &fault), &fault);
    CU_ASSERT_TRUE_FATAL(data.train.n == 22 && data.test.n == 15 && data.weightless == 13);
    check_weights(&data.train, 1);
    check_weights(&data.test, 1);
    CU_ASSERT_EQUAL(data.test.labels[2], 33);
    CU_ASSERT_PTR_NOT_NULL(strstr(samples_place(&data, &data.test, 2, room, sizeof room), "row 3 of x_test"));
    samples_free(&data);
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT, "has a split of its own");
    scratch_remove(&s);
}

/* A column of a table, an array under another name, or a file: all the same. */
static void weights_come_from_anywhere(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct samples data;
    char path[4][200];
    fill_arrays();
    fill_weights(1);
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    static const char *const names[] = {"a.csv", "x.npy", "w.npy", "w.txt"};
    for (int i = 0; i < 4; i++)
        (void)snprintf(path[i], sizeof path[i], "%s", scratch_path(&s, names[i]));
    FILE *const csv = fopen(path[0], "w"), *const txt = fopen(path[3], "w");
    CU_ASSERT_TRUE_FATAL(csv && txt);
    (void)fprintf(csv, "a,w,label,b,c\n");
    for (int i = 0; i < ROWS; i++) {
        (void)fprintf(csv, "%.17g,%g,%d,%.17g,%.17g\n", x[D * i], weights[i], i, x[D * i + 1], x[D * i + 2]);
        (void)fprintf(txt, "%g\n", weights[i]);
    }
    CU_ASSERT_TRUE_FATAL(fclose(csv) == 0 && fclose(txt) == 0);
    write_npy(path[1], x);
    struct npy_writer *w = NULL;
    CU_ASSERT_TRUE_FATAL(npy_create(&w, path[2], 8, ROWS, NPY_LIST, &fault) &&
                         npy_write_rows(w, weights, ROWS, &fault) && npy_writer_commit(w, &fault));
    const struct member member[] = {{"x.npy", ROWS, D, x, ZIP_CM_STORE},
                                    {"v.npy", ROWS, 0, weights, ZIP_CM_STORE}};
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), member, 2));
    const struct samples_request requests[] = {
        {.file = path[0], .columns.weights = "w"},
        {.file = path[0], .columns.weights = "2"},
        {.file = path[1], .weights_file = path[2]},
        {.file = path[1], .weights_file = "w.txt", .weights_folder = s.folder},
        {.file = scratch_path(&s, "a.npz"), .columns.weights = "v"},
    };
    for (size_t i = 0; i < CHECK_COUNT(requests); i++) {
        struct samples_request request = requests[i];
        request.d = D;
        request.precision = 8;
        request.test = 0.2;
        check_good(samples_load(&data, &request, &fault), &fault);
        CU_ASSERT_TRUE_FATAL(data.train.n == 30 && data.test.n == 7 && data.train.weights != NULL);
        double sum = 0;
        for (int64_t row = 0; row < 37; row++) {
            const struct part *const part = row < 30 ? &data.train : &data.test;
            const int64_t at = row < 30 ? row : row - 30;
            bool found = false;
            for (int k = 0; k < ROWS; k++)
                found =
                    found || (value(&data, part->x, at * D) == x[k * D] && part->weights[at] == weights[k]);
            CU_ASSERT_TRUE(found);
            sum += part->weights[at];
        }
        CU_ASSERT_EQUAL(sum, 73);
        samples_free(&data);
    }
    scratch_remove(&s);
}

static void wrong_weights_are_reported(void)
{
    static const double none[4] = {0}, negative[4] = {1, 2, -3, 1}, nan[4] = {1, NAN, 1, 1};
    static const struct {
        const double *weights;
        int64_t n;
        const char *said;
    } wrong[] = {{none, 4, "the weights of all rows are 0"},
                 {negative, 4, "weights: row 2 (counted from 0): the weight is -3; weights are not negative"},
                 {nan, 4, "weights: row 1, column 0 is not a number"},
                 {none, 3, "weights is not a list of 4 numbers"}};
    static const char text[] = "a,b,c,w\n1,2,3,1\n4,5,6,-1\n7,8,9,1\n";
    struct scratch s;
    struct fault fault;
    struct samples data;
    fill_arrays();
    fill_weights(1);
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "wrong.npz");
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        const struct member members[] = {{"x.npy", 4, D, x, 0},
                                         {"weights.npy", wrong[i].n, 0, wrong[i].weights, 0}};
        CU_ASSERT_TRUE_FATAL(make_npz(path, members, 2));
        check_fault(load(&data, path, 4, i % 2, &fault), &fault, FAULT_INPUT, wrong[i].said);
    }
    const char *const csv = scratch_path(&s, "a.csv");
    CU_ASSERT_TRUE_FATAL(scratch_write(csv, text, sizeof text - 1));
    struct samples_request request = {.d = D, .precision = 8, .file = csv, .columns.weights = "w"};
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT,
                "a.csv:3: the weight is -1; weights are not negative");
    request.columns.weights = "v";
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT, "no column \"v\"");
    request.columns.weights = NULL;
    request.weights_file = "two.txt";
    request.weights_folder = s.folder;
    request.columns.names = (const char *const[]){"a", "b", "c"};
    request.columns.n = 3;
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "two.txt"), "1\n2\n", 4));
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT, "fewer weights than rows");
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "two.txt"), "1\n2\n1\n2\n", 8));
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT, "more weights than rows");
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "two.txt"), "1 2\n1 2\n1 2\n", 12));
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT, "2 columns; weights are one");
    scratch_remove(&s);
}

static int mapped(const struct samples *s)
{
    int n = 0;
    for (int i = 0; i < 2; i++)
        n += (s->x_map[i].pages != NULL) + (s->y_map[i].pages != NULL);
    return n;
}

/* Rows that are not changed stay in the file, wherever they lie in it; others are read, with the same
 * result. */
static void rows_may_be_mapped(void)
{
    static const struct {
        const char *x_test; /* its length moves what follows it by a byte */
        int method, precision, mapped;
        bool with_y, standardise;
    } cases[] = {
        {"x_test.npy", ZIP_CM_STORE, 8, 4, true, false},  {"x_test.npy", ZIP_CM_STORE, 8, 4, true, true},
        {"x_test.npy", ZIP_CM_STORE, 8, 2, false, false}, {"x_test.npy", ZIP_CM_STORE, 8, 0, false, true},
        {"x_test.npy", ZIP_CM_STORE, 4, 0, true, false},  {"x_test.npy", ZIP_CM_DEFLATE, 8, 0, true, false}};
    struct scratch s;
    struct fault fault;
    struct samples data;
    bool at_odd_addresses = false;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const int method = cases[i].method;
        const struct member members[] = {{"labels_train.npy", 30, 0, labels, ZIP_CM_STORE},
                                         {"labels_test.npy", 20, 0, labels + 30, ZIP_CM_STORE},
                                         {"x_train.npy", 30, D, x, method},
                                         {cases[i].x_test, 20, D, x + 30 * D, method},
                                         {"y_train.npy", 30, D, y, method},
                                         {"y_test.npy", 20, D, y + 30 * D, method}};
        CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, cases[i].with_y ? 6 : 4));
        check_good(load(&data, scratch_path(&s, "a.npz"), cases[i].precision, cases[i].standardise, &fault),
                   &fault);
        CU_ASSERT_EQUAL(mapped(&data), cases[i].mapped);
        for (int k = 0; k < 2; k++)
            at_odd_addresses = at_odd_addresses || (uintptr_t)data.x_map[k].bytes % sizeof(double) != 0 ||
                               (uintptr_t)data.y_map[k].bytes % sizeof(double) != 0;
        CU_ASSERT_EQUAL(unlink(scratch_path(&s, "a.npz")), 0); /* no harm */
        check_all(&data, 30, 20);
        samples_free(&data);
    }
    CU_ASSERT_TRUE(at_odd_addresses);
    scratch_remove(&s);
}

/* Whatever x is called. */
static void data_without_a_split_is_split(void)
{
    static const char *const names[] = {"x.npy", "samples.npy", "x_train.npy"};
    struct scratch s;
    struct fault fault;
    struct samples data;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        const struct member members[] = {
            {names[i], ROWS, D, x, ZIP_CM_STORE},
            {i < 2 ? "y.npy" : "y_train.npy", ROWS, D, y, ZIP_CM_STORE},
            {i < 2 ? "logdet.npy" : "logdet_train.npy", ROWS, 0, logdet, ZIP_CM_STORE},
            {i < 2 ? "labels.npy" : "labels_train.npy", ROWS, 0, labels, ZIP_CM_STORE}};
        CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, 4));
        check_good(load(&data, scratch_path(&s, "a.npz"), 8, false, &fault), &fault);
        CU_ASSERT_TRUE(data.train.y && data.test.y && data.train.logdet && data.test.logdet);
        check_all(&data, 40, 10);
        CU_ASSERT_FALSE(data.test.labels[0] == 0 && data.test.labels[9] == 9);
        CU_ASSERT_FALSE(data.test.labels[0] == 40 && data.test.labels[9] == 49);
        samples_free(&data);
    }
    scratch_remove(&s);
}

static void write_text(const char *path, const char *names, const double *rows)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    (void)fputs(names, file);
    for (int row = 0; row < ROWS; row++)
        (void)fprintf(file, names[0] ? "%g,%g,%g,%d\n" : "%g,%g,%g\n", rows[row * D], rows[row * D + 1],
                      rows[row * D + 2], row);
    (void)fclose(file);
}

/* The same numbers in any kind of file give the same halves, to the bit. */
static void files_of_every_kind_agree(void)
{
    struct scratch s;
    struct fault fault;
    struct samples zipped, other;
    fill_arrays();
    const struct member member = {"samples.npy", ROWS, D, x, ZIP_CM_DEFLATE};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), &member, 1));
    write_npy(scratch_path(&s, "a.npy"), x);
    write_text(scratch_path(&s, "a.csv"), "", x);
    write_text(scratch_path(&s, "a.txt"), "a,b,c,label\n", x);
    static const char *const others[] = {"a.npy", "a.csv", "a.txt"};
    for (int precision = 4; precision <= 8; precision += 4)
        for (int i = 0; i < 6; i++) {
            const size_t bytes = 40 * D * (size_t)precision;
            check_good(load(&zipped, scratch_path(&s, "a.npz"), precision, i % 2, &fault), &fault);
            check_good(load(&other, scratch_path(&s, others[i / 2]), precision, i % 2, &fault), &fault);
            CU_ASSERT_TRUE(other.train.n == 40 && other.test.n == 10 && other.precision == precision);
            CU_ASSERT_EQUAL(memcmp(zipped.train.x, other.train.x, bytes), 0);
            CU_ASSERT_EQUAL(memcmp(zipped.test.x, other.test.x, bytes / 4), 0);
            CU_ASSERT_TRUE(zipped.train.labels == NULL && (other.train.labels != NULL) == (i / 2 == 2));
            if (i / 2 == 2)
                check_all(&other, 40, 10);
            samples_free(&zipped);
            samples_free(&other);
        }
    scratch_remove(&s);
}

/* Pairs are not standardised, whatever the spec says. */
static void check_pairs(struct scratch *s, const char *x_file, const char *y_file, int precision)
{
    struct fault fault;
    struct samples data;
    char both[2048];
    (void)snprintf(both, sizeof both, "%s,%s", scratch_path(s, x_file), scratch_path(s, y_file));
    check_good(load(&data, both, precision, true, &fault), &fault);
    CU_ASSERT_TRUE_FATAL(data.train.y != NULL && data.test.y != NULL && data.train.n == 40);
    CU_ASSERT_TRUE(data.standard.d == 0 && data.precision == precision);
    for (int64_t i = 0; i < 40 * D; i++)
        CU_ASSERT_DOUBLE_EQUAL(value(&data, data.train.y, i), 2 * value(&data, data.train.x, i), 1e-5);
    samples_free(&data);
}

static void two_files_are_pairs(void)
{
    struct scratch s;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    write_npy(scratch_path(&s, "x.npy"), x);
    write_npy(scratch_path(&s, "y.npy"), y);
    write_text(scratch_path(&s, "x.csv"), "", x);
    write_text(scratch_path(&s, "y.csv"), "", y);
    for (int precision = 4; precision <= 8; precision += 4) {
        check_pairs(&s, "x.npy", "y.npy", precision);
        check_pairs(&s, "x.csv", "y.csv", precision);
        check_pairs(&s, "x.npy", "y.csv", precision);
    }
    scratch_remove(&s);
}

static bool load_and_drop(struct samples *data, const char *file, struct fault *fault)
{
    const struct samples_request request = {
        .d = D, .precision = 8, .file = file, .test = 0.2, .look = true, .columns.missing = TABLE_DROP};
    fault->exit_code = 0;
    return samples_load(data, &request, fault);
}

/* The look of check sees the same rows. */
static void check_looks(const struct samples *data, const char *file, struct fault *fault)
{
    struct look *look;
    const struct samples_request request = {
        .d = D, .precision = 8, .file = file, .test = 0.2, .columns.missing = TABLE_DROP};
    check_good(samples_look_through(&look, &request, fault), fault);
    CU_ASSERT_EQUAL(look_result(look)->rows, look_result(data->look)->rows);
    CU_ASSERT_EQUAL(look_result(look)->test, look_result(data->look)->test);
    for (int i = 0; i < 2 * D; i++)
        CU_ASSERT_DOUBLE_EQUAL(look_result(look)->columns[i].mean, look_result(data->look)->columns[i].mean,
                               1e-12);
    look_free(look);
}

static void leave_gaps(void)
{
    fill_arrays();
    x[3 * D + 1] = NAN;
    y[17 * D] = y[17 * D + 2] = NAN;
    y[49 * D + 2] = INFINITY;
}

/* A number that is missing in x, y or logdet leaves the row out of all of them. */
static void incomplete_pairs_are_dropped(void)
{
    struct scratch s;
    struct fault fault;
    struct samples data;
    const char *const file = "a.npz";
    leave_gaps();
    logdet[21] = NAN;
    const struct member whole[] = {{"x.npy", ROWS, D, x, ZIP_CM_STORE},
                                   {"y.npy", ROWS, D, y, ZIP_CM_STORE},
                                   {"labels.npy", ROWS, 0, labels, ZIP_CM_STORE},
                                   {"logdet.npy", ROWS, 0, logdet, ZIP_CM_STORE}};
    const struct member parts[] = {{"x_train.npy", 30, D, x, ZIP_CM_STORE},
                                   {"y_train.npy", 30, D, y, ZIP_CM_STORE},
                                   {"labels_train.npy", 30, 0, labels, ZIP_CM_STORE},
                                   {"x_test.npy", 20, D, x + 30 * D, ZIP_CM_STORE},
                                   {"y_test.npy", 20, D, y + 30 * D, ZIP_CM_STORE},
                                   {"labels_test.npy", 20, 0, labels + 30, ZIP_CM_STORE}};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, file), whole, 4));
    check_good(load_and_drop(&data, scratch_path(&s, file), &fault), &fault);
    CU_ASSERT_EQUAL(data.dropped, 4);
    CU_ASSERT_PTR_NOT_NULL(data.train.logdet);
    check_all(&data, 37, 9);
    samples_free(&data);
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, file), parts, 6));
    check_good(load_and_drop(&data, scratch_path(&s, file), &fault), &fault);
    CU_ASSERT_EQUAL(data.dropped, 3);
    check_all(&data, 28, 19);
    check_looks(&data, scratch_path(&s, file), &fault);
    samples_free(&data);
    scratch_remove(&s);
}

static void incomplete_pairs_of_two_files_are_dropped(void)
{
    struct scratch s;
    struct fault fault;
    struct samples data;
    char both[600], place[300];
    leave_gaps();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    write_npy(scratch_path(&s, "x.npy"), x);
    write_text(scratch_path(&s, "y.csv"), "", y);
    const size_t length = (size_t)snprintf(both, sizeof both, "%s,", scratch_path(&s, "x.npy"));
    (void)snprintf(both + length, sizeof both - length, "%s", scratch_path(&s, "y.csv"));
    check_good(load_and_drop(&data, both, &fault), &fault);
    CU_ASSERT_EQUAL(data.dropped, 3);
    CU_ASSERT_EQUAL_FATAL(data.train.n + data.test.n, ROWS - 3);
    for (int64_t row = 0; row < data.train.n * D; row++)
        CU_ASSERT_TRUE(value(&data, data.train.y, row) == 2 * value(&data, data.train.x, row));
    for (int64_t row = 0, left = data.train.n; row < left; row++)
        CU_ASSERT_PTR_NULL(strstr(samples_place(&data, &data.train, row, place, sizeof place), "row 17 "));
    check_looks(&data, both, &fault);
    samples_free(&data);
    scratch_remove(&s);
}

static void pairs_without_a_whole_row_are_reported(void)
{
    struct scratch s;
    struct fault fault;
    struct samples data;
    fill_arrays();
    for (int i = 0; i < ROWS; i++)
        *(i % 2 ? &x[i * D] : &y[i * D]) = NAN;
    const struct member members[] = {{"x.npy", ROWS, D, x, ZIP_CM_STORE},
                                     {"y.npy", ROWS, D, y, ZIP_CM_STORE}};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, 2));
    check_fault(load_and_drop(&data, scratch_path(&s, "a.npz"), &fault), &fault, FAULT_INPUT,
                "a number is missing in each of its 50 rows");
    CU_ASSERT_TRUE_FATAL(make_npz(
        scratch_path(&s, "a.npz"),
        (const struct member[]){{"x.npy", ROWS, D, x, ZIP_CM_STORE}, {"y.npy", ROWS - 1, D, y, ZIP_CM_STORE}},
        2));
    check_fault(load_and_drop(&data, scratch_path(&s, "a.npz"), &fault), &fault, FAULT_INPUT,
                "y has 49 rows, its x 50");
    scratch_remove(&s);
}

/* Without a test there is nothing to split: the file is all of it. */
static void a_whole_file_may_be_mapped(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct samples data;
    struct samples_request request = {.d = D, .precision = 8};
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    write_npy(scratch_path(&s, "x.npy"), x);
    request.file = scratch_path(&s, "x.npy");
    check_good(samples_load(&data, &request, &fault), &fault);
    CU_ASSERT_TRUE(data.train.n == ROWS && data.test.n == 0 && data.test.x != NULL && mapped(&data) == 1);
    CU_ASSERT_EQUAL(memcmp(data.train.x, x, sizeof x), 0);
    samples_free(&data);
    request.test = 0.2;
    check_good(samples_load(&data, &request, &fault), &fault);
    CU_ASSERT_EQUAL(mapped(&data), 0);
    samples_free(&data);
    scratch_remove(&s);
}

/* ---- labels -------------------------------------------------------------------------------------------- */

static void labels_are_integers_of_any_type(void)
{
    static const struct {
        const char *descr;
        unsigned char bytes[16]; /* of two labels */
        size_t length;
        int64_t first, second;
    } types[] = {{"<i8", {5, 0, 0, 0, 0, 0, 0, 0, 0xFE, 255, 255, 255, 255, 255, 255, 255}, 16, 5, -2},
                 {"<i4", {5, 0, 0, 0, 0xFE, 255, 255, 255}, 8, 5, -2},
                 {">i4", {0, 0, 1, 0, 255, 255, 255, 0xFE}, 8, 256, -2},
                 {"<i2", {5, 1, 0xFE, 255}, 4, 261, -2},
                 {"|i1", {5, 0xFE}, 2, 5, -2},
                 {"|u1", {5, 0xFE}, 2, 5, 254},
                 {"|b1", {1, 0}, 2, 1, 0},
                 {"<u4", {5, 0, 0, 0, 0xFE, 255, 255, 255}, 8, 5, 4294967294},
                 {"<f4", {0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0}, 8, 1, -2}};
    struct fault fault;
    struct samples data;
    struct scratch s;
    static struct bytes npy, rows;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "a.npz");
    fill_arrays();
    for (size_t i = 0; i < CHECK_COUNT(types); i++) {
        char header[128];
        (void)snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2,), }",
                       types[i].descr);
        make_npy(&npy, 1, header, types[i].bytes, types[i].length);
        make_npy(&rows, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", x, 6 * sizeof *x);
        zip_t *const zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(zip);
        (void)zip_file_add(zip, "x_train.npy", zip_source_buffer(zip, rows.at, rows.length, 0), 0);
        (void)zip_file_add(zip, "x_test.npy", zip_source_buffer(zip, rows.at, rows.length, 0), 0);
        (void)zip_file_add(zip, "labels_train.npy", zip_source_buffer(zip, npy.at, npy.length, 0), 0);
        CU_ASSERT_EQUAL_FATAL(zip_close(zip), 0);
        check_good(load(&data, path, 4, false, &fault), &fault);
        CU_ASSERT_PTR_NOT_NULL_FATAL(data.train.labels);
        CU_ASSERT_TRUE(data.train.labels[0] == types[i].first && data.train.labels[1] == types[i].second);
        CU_ASSERT_PTR_NULL(data.test.labels);
        samples_free(&data);
    }
    scratch_remove(&s);
}

/* ---- standardisation ----------------------------------------------------------------------------------- */

static void moments(const struct samples *s, const void *rows, int64_t n, int64_t i, double *mean,
                    double *variance)
{
    *mean = *variance = 0;
    for (int64_t row = 0; row < n; row++)
        *mean += value(s, rows, row * s->d + i) / (double)n;
    for (int64_t row = 0; row < n; row++) {
        const double gap = value(s, rows, row * s->d + i) - *mean;
        *variance += gap * gap / (double)n;
    }
}

static void training_rows_have_mean_0_and_variance_1(void)
{
    struct scratch s;
    struct fault fault;
    struct samples data;
    fill_arrays();
    for (int row = 0; row < ROWS; row++) { /* digits that single precision would lose */
        x[row * D] += 1e9;
        x[row * D + 1] *= 1e-42;
        x[row * D + 2] *= 1e100;
    }
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    write_npy(scratch_path(&s, "a.npy"), x);
    for (int precision = 4; precision <= 8; precision += 4) {
        check_good(load(&data, scratch_path(&s, "a.npy"), precision, true, &fault), &fault);
        CU_ASSERT_TRUE(data.precision == precision && data.standard.d == D);
        for (int64_t i = 0; i < D; i++) {
            double mean, variance;
            moments(&data, data.train.x, data.train.n, i, &mean, &variance);
            CU_ASSERT_DOUBLE_EQUAL(mean, 0, 1e-6);
            CU_ASSERT_DOUBLE_EQUAL(variance, 1, 1e-6);
            moments(&data, data.test.x, data.test.n, i, &mean, &variance);
            CU_ASSERT_TRUE(fabs(mean) > 1e-4 && fabs(mean) < 1);
        }
        samples_free(&data);
    }
    check_fault(load(&data, scratch_path(&s, "a.npy"), 4, false, &fault), &fault, FAULT_INPUT,
                "does not fit into float32");
    scratch_remove(&s);
}

static void a_model_brings_its_own_scales(void)
{
    double mean[2] = {1, 2}, scale[2] = {4, 0.5}, raw[2];
    const struct standard given = {.d = 2, .mean = mean, .scale = scale}, none = {.d = 0};
    struct fault fault = {.exit_code = 0};
    struct samples data;
    struct samples_request request = {.d = 2,
                                      .precision = 4,
                                      .generator = "moons",
                                      .rows = 100,
                                      .test = 0.1,
                                      .seed = 3,
                                      .standard = &given};
    toy_samples(toy_find("moons"), 3, 90, 1, raw);
    check_good(samples_load(&data, &request, &fault), &fault);
    CU_ASSERT_TRUE(data.train.n == 90 && data.test.n == 10 && data.standard.d == 2);
    CU_ASSERT_TRUE(data.standard.mean != mean && data.standard.mean[1] == 2 && data.standard.scale[0] == 4);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_DOUBLE_EQUAL(value(&data, data.test.x, i), (raw[i] - mean[i]) / scale[i], 1e-6);
    samples_free(&data);
    request.standard = &none;
    request.standardise = true;
    check_good(samples_load(&data, &request, &fault), &fault);
    CU_ASSERT_EQUAL(data.standard.d, 0);
    CU_ASSERT_DOUBLE_EQUAL(value(&data, data.test.x, 0), raw[0], 1e-6);
    samples_free(&data);
    scale[1] = 1e-300;
    request.standard = &given;
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT,
                "the generator: row 0 (counted from 0): coordinate 2 (counted from 1) is infinite");
    request.standard = &(struct standard){.d = 3, .mean = mean, .scale = scale};
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT,
                "the model standardises 3 coordinates");
}

/* ---- generators ---------------------------------------------------------------------------------------- */

static void a_generator_is_split_in_its_order(void)
{
    enum { N = 10000 };
    static double raw[2 * N];
    struct fault fault = {.exit_code = 0};
    struct samples data;
    struct samples_request request = {
        .d = 2, .precision = 8, .generator = "rings", .rows = N, .test = 0.25, .seed = 3};
    toy_samples(toy_find("rings"), 3, 0, N, raw);
    check_good(samples_load(&data, &request, &fault), &fault);
    CU_ASSERT_TRUE(data.train.n == 7500 && data.test.n == 2500 && data.standard.d == 0);
    CU_ASSERT_EQUAL(memcmp(data.train.x, raw, 7500 * 2 * sizeof *raw), 0);
    CU_ASSERT_EQUAL(memcmp(data.test.x, raw + 2 * 7500, 2500 * 2 * sizeof *raw), 0);
    samples_free(&data);
    request.test = 0;
    request.precision = 4;
    check_good(samples_load(&data, &request, &fault), &fault);
    CU_ASSERT_TRUE(data.train.n == N && data.test.n == 0 && data.test.x != NULL);
    CU_ASSERT_EQUAL(((float *)data.train.x)[2 * N - 1], (float)raw[2 * N - 1]);
    samples_free(&data);
    request.d = 3;
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT, "draws 2-dimensional samples");
    request.generator = "sun";
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT, "no generator sun");
    request.generator = NULL;
    check_fault(samples_load(&data, &request, &fault), &fault, FAULT_INPUT, "no data");
}

/* ---- faults -------------------------------------------------------------------------------------------- */

static void wrong_files_are_reported(void)
{
    static const double bad[2 * D] = {1, 2, 3, 4, NAN, 6}, half[2] = {0, 0.5};
    static const struct {
        struct member members[3];
        const char *said;
    } wrong[] = {
        {{{"x.npy", 10, D, x, 0}, {"y.npy", 9, D, y, 0}}, "y has 9 rows, its x 10"},
        {{{"x.npy", 10, 2, x, 0}}, "x: shape (10, 2); the dimension is 3, so (rows, 3) is needed"},
        {{{"x.npy", 10, D, x, 0}, {"y.npy", 10, 2, y, 0}}, "y: shape (10, 2)"},
        {{{"samples.npy", 10, 0, x, 0}}, "samples: shape (10,)"},
        {{{"x.npy", 2, D, bad, 0}}, "x: row 1, column 1 is not a number"},
        {{{"x.npy", 0, D, x, 0}}, "x has no rows"},
        {{{"z.npy", 2, D, x, 0}}, "no array x; it contains z"},
        {{{"x_train.npy", 2, D, x, 0}, {"y_train.npy", 2, D, y, 0}, {"x_test.npy", 2, D, x, 0}},
         "no array y_test"},
        {{{"x.npy", 9, D, x, 0}, {"y.npy", 9, D, y, 0}, {"logdet.npy", 8, 0, x, 0}},
         "logdet is not a list of 9 numbers"},
        {{{"x.npy", 9, D, x, 0}, {"labels.npy", 8, 0, labels, 0}}, "labels is not a list of 9 numbers"},
        {{{"x.npy", 9, D, x, 0}, {"labels.npy", 9, 2, labels, 0}}, "labels is not a list of 9 numbers"},
        {{{"x.npy", 2, D, x, 0}, {"labels.npy", 2, 0, half, 0}}, "labels: row 1 is not a whole number"},
    };
    struct scratch s;
    struct fault fault;
    struct samples data;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        const char *const path = scratch_path(&s, "wrong.npz");
        size_t n = 0;
        while (n < 3 && wrong[i].members[n].name)
            n++;
        CU_ASSERT_TRUE_FATAL(make_npz(path, wrong[i].members, n));
        check_fault(load(&data, path, 4, i % 2, &fault), &fault, FAULT_INPUT, wrong[i].said);
        CU_ASSERT_TRUE(data.train.x == NULL && data.test.x == NULL && data.train.labels == NULL);
    }
    check_fault(load(&data, scratch_path(&s, "none.npz"), 4, false, &fault), &fault, FAULT_INPUT,
                "No such file");
    check_fault(load(&data, scratch_path(&s, "none.npy"), 4, false, &fault), &fault, FAULT_INPUT,
                "No such file");
    check_fault(load(&data, scratch_path(&s, "none.csv"), 4, false, &fault), &fault, FAULT_INPUT,
                "No such file");
    scratch_remove(&s);
}

/* Cut short, of another type, and with more rows promised than there are. */
static void broken_files_are_reported(void)
{
    static const char text[] = "1,2,3\n4,5,nan\n";
    struct scratch s;
    struct fault fault;
    struct samples data;
    fill_arrays();
    const struct member members[] = {{"x.npy", ROWS, D, x, ZIP_CM_STORE},
                                     {"labels.npy", ROWS, 0, labels, ZIP_CM_STORE}};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "a.npz");
    CU_ASSERT_TRUE_FATAL(make_npz(path, members, 2));
    CU_ASSERT_TRUE_FATAL(patch_file(path, "(50, 3), }", 10, false, 1, "99", 2));
    check_fault(load(&data, path, 4, true, &fault), &fault, FAULT_INPUT,
                "x: truncated: its header announces");
    CU_ASSERT_TRUE_FATAL(make_npz(path, members, 2));
    CU_ASSERT_TRUE_FATAL(patch_file(path, "<f8", 3, false, 0, "<c8", 3));
    check_fault(load(&data, path, 4, true, &fault), &fault, FAULT_INPUT, "x: dtype '<c8' (complex numbers)");
    CU_ASSERT_TRUE_FATAL(make_npz(path, members, 2));
    CU_ASSERT_TRUE_FATAL(patch_file(path, "<f8", 3, true, 0, "<c8", 3));
    check_fault(load(&data, path, 4, true, &fault), &fault, FAULT_INPUT,
                "labels: dtype '<c8' (complex numbers); an array of numbers is needed");
    size_t length;
    char *const bytes = scratch_read(path, &length);
    CU_ASSERT_TRUE(scratch_write(path, bytes, length - 100));
    check_fault(load(&data, path, 4, true, &fault), &fault, FAULT_INPUT, "its end is missing");
    free(bytes);
    CU_ASSERT_TRUE(scratch_write(scratch_path(&s, "a.csv"), text, sizeof text - 1));
    check_fault(load(&data, scratch_path(&s, "a.csv"), 8, true, &fault), &fault, FAULT_INPUT,
                "a.csv:2:5: \"nan\" is not a number");
    CU_ASSERT_PTR_NULL(data.train.x);
    scratch_remove(&s);
}

static const struct check_case cases[] = {
    {"a given split is kept", a_given_split_is_kept},
    {"rows to validate by may be given", rows_to_validate_by_may_be_given},
    {"a file with rows to validate by is looked at", a_file_with_rows_to_validate_by_is_looked_at},
    {"rows have weights", rows_have_weights},
    {"parts have weights", parts_have_weights},
    {"weights come from anywhere", weights_come_from_anywhere},
    {"wrong weights are reported", wrong_weights_are_reported},
    {"rows may be mapped", rows_may_be_mapped},
    {"data without a split is split", data_without_a_split_is_split},
    {"files of every kind agree", files_of_every_kind_agree},
    {"two files are pairs", two_files_are_pairs},
    {"incomplete pairs are dropped", incomplete_pairs_are_dropped},
    {"incomplete pairs of two files are dropped", incomplete_pairs_of_two_files_are_dropped},
    {"pairs without a whole row are reported", pairs_without_a_whole_row_are_reported},
    {"a whole file may be mapped", a_whole_file_may_be_mapped},
    {"labels are integers of any type", labels_are_integers_of_any_type},
    {"training rows have mean 0 and variance 1", training_rows_have_mean_0_and_variance_1},
    {"a model brings its own scales", a_model_brings_its_own_scales},
    {"a generator is split in its order", a_generator_is_split_in_its_order},
    {"wrong files are reported", wrong_files_are_reported},
    {"broken files are reported", broken_files_are_reported},
};

int main(void)
{
    return check_main("samples", cases, CHECK_COUNT(cases));
}
