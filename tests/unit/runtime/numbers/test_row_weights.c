/* SPDX-License-Identifier: MIT
 *
 * Rows drawn by their weights: how often, and how many they are worth. */
#include "numbers/row_weights.h"

#include "check.h"

#include <math.h>

enum { ROWS = 5, SHIFTS = 1000 };

static const double weights[ROWS] = {0.25, 3, 1e-3, 1.749, 0};

/* Each row `count` times its share, rounded up or down, and on average not rounded. */
static void rows_are_drawn_by_weight(void)
{
    for (int count = 1; count <= 12; count++) {
        double average[ROWS] = {0};
        for (int k = 0; k < SHIFTS; k++) {
            uint32_t drawn[12];
            double times[ROWS] = {0};
            row_weights_draw(weights, ROWS, (k + 0.5) / SHIFTS, count, drawn);
            for (int i = 0; i < count; i++) {
                CU_ASSERT_TRUE_FATAL(drawn[i] < ROWS && (i == 0 || drawn[i] >= drawn[i - 1]));
                times[drawn[i]]++;
            }
            for (int i = 0; i < ROWS; i++) {
                CU_ASSERT_TRUE(fabs(times[i] - count * weights[i] / 5) < 1);
                average[i] += times[i] / SHIFTS;
            }
        }
        for (int i = 0; i < ROWS; i++)
            CU_ASSERT_DOUBLE_EQUAL(average[i], count * weights[i] / 5, 2.0 / SHIFTS);
    }
}

static void equal_weights_draw_each_row_once(void)
{
    static double equal[100000];
    static uint32_t drawn[100000];
    bool good = true;
    for (int i = 0; i < 100000; i++)
        equal[i] = 0.1;
    row_weights_draw(equal, 100000, 0.5, 100000, drawn);
    for (uint32_t i = 0; i < 100000; i++)
        good = good && drawn[i] == i;
    CU_ASSERT_TRUE(good);
}

static void few_large_weights_are_worth_few_rows(void)
{
    const double one[] = {1e-9, 5, 1e-9}, two[] = {2, 2, 0, 0};
    CU_ASSERT_DOUBLE_EQUAL(row_weights_effective(one, 3), 1, 1e-8);
    CU_ASSERT_EQUAL(row_weights_effective(two, 4), 2);
    CU_ASSERT_EQUAL(row_weights_effective(NULL, 7), 7);
    CU_ASSERT_EQUAL(row_weights_sum(NULL, 7), 7);
    CU_ASSERT_DOUBLE_EQUAL(row_weights_sum(weights, ROWS), 5, 1e-15);
}

static const struct check_case cases[] = {
    {"rows are drawn by weight", rows_are_drawn_by_weight},
    {"equal weights draw each row once", equal_weights_draw_each_row_once},
    {"few large weights are worth few rows", few_large_weights_are_worth_few_rows},
};

int main(void)
{
    return check_main("weights of rows", cases, CHECK_COUNT(cases));
}
