/* SPDX-License-Identifier: MIT
 *
 * Toy samples against counts and moments of samples made elsewhere. */
#include "check.h"
#include "toys.h"
#include "unit/toy_counts.h"

#include <math.h>

enum { N = 200000 };

static double *samples_of(int toy, uint64_t seed)
{
    double *const x = malloc(2 * N * sizeof *x);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x);
    toy_samples(toy, seed, 0, N, x);
    return x;
}

static void names_are_found(void)
{
    for (size_t i = 0; i < CHECK_COUNT(toy_counts); i++)
        CU_ASSERT_TRUE_FATAL(toy_find(toy_counts[i].name) >= 0);
    for (int i = 0; i < (int)CHECK_COUNT(toy_counts); i++)
        CU_ASSERT_EQUAL(toy_find(toy_name(i)), i);
    CU_ASSERT_PTR_NULL(toy_name((int)CHECK_COUNT(toy_counts)));
    CU_ASSERT_PTR_NULL(toy_name(-1));
    CU_ASSERT_EQUAL(toy_find("sun"), -1);
}

/* Means within 5 standard errors of both sets of samples, covariances within 1.5 % of the variances. */
static void moments_agree(void)
{
    for (size_t t = 0; t < CHECK_COUNT(toy_counts); t++) {
        const struct toy_count *const toy = &toy_counts[t];
        double *const x = samples_of(toy_find(toy->name), 1), mean[2] = {0}, C[3] = {0}, greatest[2] = {0};
        for (int i = 0; i < 2 * N; i++) {
            mean[i % 2] += x[i] / N;
            greatest[i % 2] = fmax(greatest[i % 2], fabs(x[i]));
        }
        for (int i = 0; i < N; i++) {
            const double a = x[2 * i] - mean[0], b = x[2 * i + 1] - mean[1];
            C[0] += a * a / N;
            C[1] += a * b / N;
            C[2] += b * b / N;
        }
        for (int i = 0; i < 2; i++) {
            const double variance = toy->covariance[2 * i];
            CU_ASSERT_DOUBLE_EQUAL(mean[i], toy->mean[i], 5 * sqrt(variance / N + variance / TOY_COUNTED));
            CU_ASSERT_DOUBLE_EQUAL(C[2 * i], variance, 0.015 * variance);
            CU_ASSERT_DOUBLE_EQUAL(greatest[i], toy->greatest[i], 0.15 * toy->greatest[i]);
        }
        CU_ASSERT_DOUBLE_EQUAL(C[1], toy->covariance[1],
                               0.015 * sqrt(toy->covariance[0] * toy->covariance[2]));
        free(x);
    }
}

static void count_squares(const double *x, int squares[TOY_SQUARES][TOY_SQUARES])
{
    memset(squares, 0, sizeof(int[TOY_SQUARES][TOY_SQUARES]));
    for (int i = 0; i < N; i++) {
        const int a = (int)floor((x[2 * i] + 6) * TOY_SQUARES / 12),
                  b = (int)floor((x[2 * i + 1] + 6) * TOY_SQUARES / 12);
        CU_ASSERT_TRUE(a >= 0 && a < TOY_SQUARES && b >= 0 && b < TOY_SQUARES);
        if (a >= 0 && a < TOY_SQUARES && b >= 0 && b < TOY_SQUARES)
            squares[a][b]++;
    }
}

/* Two-sample chi-square per square that holds enough; 1 where both come from one distribution. */
static double chi_square(const int ours[TOY_SQUARES][TOY_SQUARES], const int theirs[TOY_SQUARES][TOY_SQUARES])
{
    const double ratio = sqrt((double)TOY_COUNTED / N);
    double sum = 0;
    int n = 0;
    for (int a = 0; a < TOY_SQUARES; a++)
        for (int b = 0; b < TOY_SQUARES; b++)
            if (ours[a][b] + theirs[a][b] >= 20) {
                const double gap = ours[a][b] * ratio - theirs[a][b] / ratio;
                sum += gap * gap / (ours[a][b] + theirs[a][b]);
                n++;
            }
    CU_ASSERT_TRUE(n > 40);
    return sum / n;
}

static void counts_agree(void)
{
    static int squares[TOY_SQUARES][TOY_SQUARES];
    for (size_t t = 0; t < CHECK_COUNT(toy_counts); t++) {
        double *const x = samples_of(toy_find(toy_counts[t].name), 2);
        count_squares(x, squares);
        const double chi2 = chi_square((const int(*)[TOY_SQUARES])squares, toy_counts[t].squares);
        CU_ASSERT_TRUE(chi2 < 1.45);
        if (chi2 >= 1.45)
            (void)printf("\n    %s: %.3f\n", toy_counts[t].name, chi2);
        free(x);
    }
}

/* The measure itself tells a mistake of two per cent in size. */
static void the_measure_sees_a_mistake(void)
{
    static int squares[TOY_SQUARES][TOY_SQUARES];
    for (size_t t = 0; t < CHECK_COUNT(toy_counts); t++) {
        double *const x = samples_of(toy_find(toy_counts[t].name), 2);
        for (int i = 0; i < 2 * N; i++)
            x[i] *= 1.02;
        count_squares(x, squares);
        CU_ASSERT_TRUE(chi_square((const int(*)[TOY_SQUARES])squares, toy_counts[t].squares) > 1.8);
        free(x);
    }
}

static void a_sample_is_a_function_of_its_number(void)
{
    double whole[200], part[20];
    for (int toy = 0; toy < (int)CHECK_COUNT(toy_counts); toy++) {
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
    {"the measure sees a mistake", the_measure_sees_a_mistake},
    {"a sample is a function of its number", a_sample_is_a_function_of_its_number},
};

int main(void)
{
    return check_main("toys", cases, CHECK_COUNT(cases));
}
