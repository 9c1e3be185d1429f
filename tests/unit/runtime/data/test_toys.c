/* SPDX-License-Identifier: MIT
 *
 * Toy samples against counts and moments of samples made elsewhere. */
#include "data/toys.h"
#include "files/npz.h"
#include "unit/runtime/files/data_fixture.h"

#include <math.h>

enum { N = 400000, TOYS = 8, SQUARES = 64 };
static const char *const names[TOYS] = {"eight_gaussians", "moons",   "pinwheel", "checkerboard",
                                        "swissroll",       "circles", "rings",    "2spirals"};

/* Of N samples of each distribution, made by other programs after the same formulas. */
struct counts {
    double moments[7];                /* mean 0, 1; covariance 00, 01, 11; largest |coordinate| 0, 1 */
    double squares[SQUARES][SQUARES]; /* samples in each of equal squares of [-6, 6]^2, the first index: x0 */
};

static void read_one(struct npz *npz, const char *what, const char *toy, int64_t rows, double *to)
{
    char name[64];
    struct fault fault = {.exit_code = 0};
    struct npy_reader *reader;
    int64_t got;
    (void)snprintf(name, sizeof name, "%s_%s", what, toy);
    check_good(npz_array(npz, name, &reader, &fault), &fault);
    check_good(npy_read_rows(reader, 8, rows, to, &got, &fault), &fault);
    CU_ASSERT_EQUAL(got, rows);
    npy_close(reader);
}

static const struct counts *theirs(int toy)
{
    static struct counts counts[TOYS];
    static bool read;
    struct npz *npz;
    struct fault fault = {.exit_code = 0};
    if (!read) {
        check_good(npz_open(&npz, check_path("tests/unit/runtime/data/toy_counts.npz"), &fault), &fault);
        for (int i = 0; i < TOYS; i++) {
            read_one(npz, "moments", names[i], 7, counts[i].moments);
            read_one(npz, "counts", names[i], SQUARES, counts[i].squares[0]);
        }
        npz_close(npz);
        read = true;
    }
    return &counts[toy];
}

static double *samples_of(int toy, uint64_t seed)
{
    double *const x = malloc(2 * N * sizeof *x);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x);
    toy_samples(toy, seed, 0, N, x);
    return x;
}

static void names_are_found(void)
{
    for (int i = 0; i < TOYS; i++)
        CU_ASSERT_EQUAL(toy_find(names[i]), i);
    CU_ASSERT_EQUAL(toy_find("sun"), -1);
}

/* As in struct counts. */
static void measure(const double *x, double out[7])
{
    memset(out, 0, 7 * sizeof *out);
    for (int i = 0; i < 2 * N; i++) {
        out[i % 2] += x[i] / N;
        out[5 + i % 2] = fmax(out[5 + i % 2], fabs(x[i]));
    }
    for (int i = 0; i < N; i++) {
        const double a = x[2 * i] - out[0], b = x[2 * i + 1] - out[1];
        out[2] += a * a / N;
        out[3] += a * b / N;
        out[4] += b * b / N;
    }
}

/* Means within 5 standard errors of both sets of samples, covariances within 1 % of the variances; the
 * largest are random, but where a distribution ends they are close. */
static void moments_agree(void)
{
    for (int toy = 0; toy < TOYS; toy++) {
        const double *const other = theirs(toy)->moments;
        double *const x = samples_of(toy, 1), own[7];
        measure(x, own);
        for (int i = 0; i < 2; i++) {
            const double variance = other[2 + 2 * i];
            CU_ASSERT_DOUBLE_EQUAL(own[i], other[i], 5 * sqrt(2 * variance / N));
            CU_ASSERT_DOUBLE_EQUAL(own[2 + 2 * i], variance, 0.01 * variance);
            CU_ASSERT_DOUBLE_EQUAL(own[5 + i], other[5 + i], 0.1 * other[5 + i]);
        }
        CU_ASSERT_DOUBLE_EQUAL(own[3], other[3], 0.01 * sqrt(other[2] * other[4]));
        free(x);
    }
}

static void count_squares(const double *x, double squares[SQUARES][SQUARES])
{
    int outside = 0;
    memset(squares, 0, sizeof(double[SQUARES][SQUARES]));
    for (int i = 0; i < N; i++) {
        const int a = (int)floor((x[2 * i] + 6) * SQUARES / 12),
                  b = (int)floor((x[2 * i + 1] + 6) * SQUARES / 12);
        if (a >= 0 && a < SQUARES && b >= 0 && b < SQUARES)
            squares[a][b]++;
        else
            outside++;
    }
    CU_ASSERT_EQUAL(outside, 0);
}

/* Two-sample chi-square per square that holds enough: 1 where both come from one distribution, give or take
 * 0.05 from seed to seed. */
static double chi_square(const double (*ours)[SQUARES], const double (*others)[SQUARES])
{
    double sum = 0;
    int n = 0;
    for (int a = 0; a < SQUARES; a++)
        for (int b = 0; b < SQUARES; b++)
            if (ours[a][b] + others[a][b] >= 20) {
                const double gap = ours[a][b] - others[a][b];
                sum += gap * gap / (ours[a][b] + others[a][b]);
                n++;
            }
    CU_ASSERT_TRUE(n > 400);
    return sum / n;
}

static void counts_agree(void)
{
    static double squares[SQUARES][SQUARES];
    for (int toy = 0; toy < TOYS; toy++) {
        double *const x = samples_of(toy, 3);
        count_squares(x, squares);
        const double chi2 = chi_square((const double(*)[SQUARES])squares, theirs(toy)->squares);
        CU_ASSERT_TRUE(chi2 > 0.9 && chi2 < 1.1);
        if (chi2 < 0.9 || chi2 > 1.1 || getenv("GPFC_SHOW"))
            (void)printf("\n    %s: %.3f\n", names[toy], chi2);
        free(x);
    }
}

/* The measure itself detects an error of one per cent in size. */
static void the_measure_detects_a_mistake(void)
{
    static double squares[SQUARES][SQUARES];
    for (int toy = 0; toy < TOYS; toy++) {
        double *const x = samples_of(toy, 3);
        for (int i = 0; i < 2 * N; i++)
            x[i] *= 1.01;
        count_squares(x, squares);
        CU_ASSERT_TRUE(chi_square((const double(*)[SQUARES])squares, theirs(toy)->squares) > 1.3);
        free(x);
    }
}

static void a_sample_is_a_function_of_its_number(void)
{
    double whole[200], part[20];
    for (int toy = 0; toy < TOYS; toy++) {
        toy_samples(toy, 5, 0, 100, whole);
        toy_samples(toy, 5, 37, 10, part);
        CU_ASSERT_EQUAL(memcmp(part, whole + 74, sizeof part), 0);
        toy_samples(toy, 6, 37, 10, part);
        CU_ASSERT_NOT_EQUAL(memcmp(part, whole + 74, sizeof part), 0);
    }
}

static const struct check_case cases[] = {
    {"names are found", names_are_found},
    {"moments agree", moments_agree},
    {"counts agree", counts_agree},
    {"the measure detects a mistake", the_measure_detects_a_mistake},
    {"a sample is a function of its number", a_sample_is_a_function_of_its_number},
};

int main(void)
{
    return check_main("toys", cases, CHECK_COUNT(cases));
}
