/* SPDX-License-Identifier: MIT
 *
 * data.dequantise: discrete columns become continuous, and nothing else changes. */
#include "data/samples.h"
#include "look/look.h"
#include "numbers/random.h"
#include "numbers/rows.h"
#include "unit/runtime/files/data_fixture.h"

#include <math.h>

enum { ROWS = 400, D = 3 };

static struct scratch scratch;
static double given[ROWS][D]; /* counts; tenths; continuous */

/* Row i's last column is its own. */
static void write_table(void)
{
    FILE *const file = fopen(scratch_path(&scratch, "data.csv"), "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (int i = 0; i < ROWS; i++) {
        given[i][0] = (double)(i * 7 % 5);
        given[i][1] = (double)(i * 11 % 13) / 10;
        given[i][2] = random_normal(1, 1, (uint64_t)i);
        (void)fprintf(file, "%g,%g,%.17g\n", given[i][0], given[i][1], given[i][2]);
    }
    (void)fclose(file);
}

static struct samples load(struct samples_request request)
{
    struct samples samples;
    struct fault fault = {0};
    request.d = D;
    request.file = scratch_path(&scratch, "data.csv");
    request.test = 0.25;
    check_good(samples_load(&samples, &request, &fault), &fault);
    return samples;
}

/* The number in the units of the file. */
static double number(const struct samples *s, const struct part *part, int64_t row, int64_t column)
{
    const double z = rows_number(part->x, row * D + column, s->precision);
    return s->standard.d > 0 ? s->standard.mean[column] + z * s->standard.scale[column] : z;
}

static int row_of(double own)
{
    for (int i = 0; i < ROWS; i++)
        if (fabs(given[i][2] - own) < 1e-5)
            return i;
    CU_FAIL_FATAL("a row that is not in the file");
    return 0;
}

/* How far each column is from the file's, and what the noise is like: mean 0, variance step^2 / 12. */
static void check_part(const struct samples *s, const struct part *part)
{
    static const double steps[] = {1, 0.1};
    double sum[2] = {0}, square[2] = {0};
    for (int64_t i = 0; i < part->n; i++) {
        const int row = row_of(number(s, part, i, 2));
        for (int j = 0; j < 2; j++) {
            const double noise = (number(s, part, i, j) - given[row][j]) / steps[j];
            CU_ASSERT_TRUE(fabs(noise) < 0.50001 && noise != 0);
            sum[j] += noise;
            square[j] += noise * noise;
        }
    }
    const double n = (double)part->n;
    for (int j = 0; j < 2; j++) {
        CU_ASSERT_DOUBLE_EQUAL(sum[j] / n, 0, 4 / sqrt(12 * n));
        CU_ASSERT_DOUBLE_EQUAL(square[j] / n, 1.0 / 12, 4 / sqrt(180 * n));
    }
}

static void discrete_columns_get_noise(void)
{
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    write_table();
    for (int way = 0; way < 4; way++) {
        struct samples s = load((struct samples_request){
            .precision = way % 2 ? 4 : 8, .dequantise = true, .standardise = way / 2});
        CU_ASSERT_EQUAL(s.precision, way % 2 ? 4 : 8);
        CU_ASSERT_EQUAL(s.test.n, ROWS / 4);
        check_part(&s, &s.train);
        check_part(&s, &s.test);
        samples_free(&s);
    }
    scratch_remove(&scratch);
}

static void the_noise_is_always_the_same(void)
{
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    write_table();
    struct samples first = load((struct samples_request){.precision = 8, .dequantise = true, .look = true}),
                   second = load((struct samples_request){.precision = 8, .dequantise = true, .seed = 5});
    CU_ASSERT_EQUAL(memcmp(first.train.x, second.train.x, (size_t)first.train.n * D * sizeof(double)), 0);
    CU_ASSERT_EQUAL(memcmp(first.test.x, second.test.x, (size_t)first.test.n * D * sizeof(double)), 0);
    CU_ASSERT_PTR_NULL(second.look);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first.look);
    const struct gpfc_look *const look = look_result(first.look);
    CU_ASSERT_EQUAL(look->columns[0].step, 1);
    CU_ASSERT_DOUBLE_EQUAL(look->columns[1].step, 0.1, 1e-12);
    CU_ASSERT_EQUAL(look->columns[2].step, 0);
    CU_ASSERT_EQUAL_FATAL(look->n_findings, 1);
    CU_ASSERT_STRING_EQUAL(look->findings[0].kind, "discrete");
    CU_ASSERT_EQUAL(look->findings[0].level, GPFC_NOTE);
    samples_free(&first);
    samples_free(&second);
    scratch_remove(&scratch);
}

static void without_it_numbers_stay(void)
{
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    write_table();
    struct samples s = load((struct samples_request){.precision = 8, .look = true});
    for (int64_t i = 0; i < s.train.n; i++) {
        const int row = row_of(number(&s, &s.train, i, 2));
        CU_ASSERT_EQUAL(number(&s, &s.train, i, 0), given[row][0]);
    }
    CU_ASSERT_EQUAL(look_result(s.look)->findings[0].level, GPFC_WARNING);
    samples_free(&s);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"discrete columns get noise", discrete_columns_get_noise},
        {"the noise is always the same", the_noise_is_always_the_same},
        {"without it numbers stay", without_it_numbers_stay},
    };
    return check_main("dequantise", cases, CHECK_COUNT(cases));
}
