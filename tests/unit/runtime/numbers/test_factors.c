/* SPDX-License-Identifier: MIT
 *
 * Determinants and Cholesky's factor of small matrices, and what has none. */
#include "numbers/factors.h"

#include "check.h"

#include <math.h>

static void determinants_have_pivots(void)
{
    double swapped[] = {0, 2, 3, 0}, negative[] = {1, 2, 3, 1}, singular[] = {1, 2, 2, 4},
           zero[] = {0, 0, 0, 0};
    double three[] = {2, 0, 0, 0, 0, 4, 0, 8, 0};
    CU_ASSERT_DOUBLE_EQUAL(log_abs_det(swapped, 2), log(6), 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(log_abs_det(negative, 2), log(5), 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(log_abs_det(three, 3), log(64), 1e-15);
    CU_ASSERT_EQUAL(log_abs_det(singular, 2), -INFINITY);
    CU_ASSERT_EQUAL(log_abs_det(zero, 2), -INFINITY);
}

static void equations_are_solved_with_pivots(void)
{
    double a[] = {0, 2, 1, 4, 1, 0, 1, 1, 3}, b[] = {7, 6, 12}, singular[] = {1, 2, 2, 4};
    CU_ASSERT_TRUE(solve_equations(a, 3, b));
    for (int i = 0; i < 3; i++)
        CU_ASSERT_DOUBLE_EQUAL(b[i], i + 1, 1e-14);
    CU_ASSERT_FALSE(solve_equations(singular, 2, b));
}

static void factors_solve(void)
{
    const double a[] = {4, 9, 9, 2, 5, 9, 1, 3, 6}; /* the lower triangle counts */
    double L[9], b[] = {0, 2, 7};
    CU_ASSERT_TRUE_FATAL(cholesky_factor(a, 3, 0.5, L));
    cholesky_solve(L, 3, 1, b);
    const double full[3][3] = {{4.5, 2, 1}, {2, 5.5, 3}, {1, 3, 6.5}}, wanted[] = {0, 2, 7};
    for (int i = 0; i < 3; i++)
        CU_ASSERT_DOUBLE_EQUAL(full[i][0] * b[0] + full[i][1] * b[1] + full[i][2] * b[2], wanted[i], 1e-14);
}

static void indefinite_matrices_have_no_factor(void)
{
    double L[4];
    CU_ASSERT_FALSE(cholesky_factor((const double[]){1, 0, 2, 1}, 2, 0, L));
    CU_ASSERT_TRUE(cholesky_factor((const double[]){1, 0, 2, 1}, 2, 1.5, L));
    CU_ASSERT_FALSE(cholesky_factor((const double[]){0, 0, 0, 1}, 2, 0, L));
    CU_ASSERT_FALSE(cholesky_factor((const double[]){INFINITY, 0, 0, 1}, 2, 0, L));
    CU_ASSERT_FALSE(cholesky_factor((const double[]){1, 0, NAN, 1}, 2, 0, L));
}

int main(void)
{
    static const struct check_case cases[] = {
        {"determinants have pivots", determinants_have_pivots},
        {"equations are solved with pivots", equations_are_solved_with_pivots},
        {"factors solve", factors_solve},
        {"indefinite matrices have no factor", indefinite_matrices_have_no_factor},
    };
    return check_main("factors", cases, CHECK_COUNT(cases));
}
