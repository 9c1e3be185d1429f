/* SPDX-License-Identifier: MIT
 *
 * Numbers as people read them, and what is printed of a training when there is no terminal. */
#include "check.h"
#include "command/progress.h"
#include "ground/human.h"

#include <math.h>

static void numbers_for_people(void)
{
    struct human h;
    CU_ASSERT_STRING_EQUAL(human_count(&h, 0), "0");
    CU_ASSERT_STRING_EQUAL(human_count(&h, 999), "999");
    CU_ASSERT_STRING_EQUAL(human_count(&h, 1000), "1,000");
    CU_ASSERT_STRING_EQUAL(human_count(&h, -123456), "-123,456");
    CU_ASSERT_STRING_EQUAL(human_count(&h, INT64_MAX), "9,223,372,036,854,775,807");
    CU_ASSERT_STRING_EQUAL(human_seconds(&h, 0.04), "0.0 s");
    CU_ASSERT_STRING_EQUAL(human_seconds(&h, 9.96), "10 s");
    CU_ASSERT_STRING_EQUAL(human_seconds(&h, 200), "3 min 20 s");
    CU_ASSERT_STRING_EQUAL(human_seconds(&h, 7500), "2 h 5 min");
    CU_ASSERT_STRING_EQUAL(human_seconds(&h, NAN), "-");
    CU_ASSERT_STRING_EQUAL(human_seconds(&h, INFINITY), "-");
    CU_ASSERT_STRING_EQUAL(human_bytes(&h, 512), "512 B");
    CU_ASSERT_STRING_EQUAL(human_bytes(&h, 1.54e6), "1.5 MB");
    CU_ASSERT_STRING_EQUAL(human_bytes(&h, 123.4e9), "123 GB");
    CU_ASSERT_STRING_EQUAL(human_number(&h, 2.79812), "2.7981");
    CU_ASSERT_STRING_EQUAL(human_number(&h, 6.1e-7), "6.1e-07");
    CU_ASSERT_STRING_EQUAL(human_number(&h, 0), "0.0000");
    CU_ASSERT_STRING_EQUAL(human_number(&h, -1234567), "-1.2e+06");
    CU_ASSERT_STRING_EQUAL(human_number(&h, NAN), "-");
}

/* What is printed at 30 of 100 steps, when the last line is `ago` seconds old. */
static void show(bool on, double ago, char text[256])
{
    FILE *out = tmpfile();
    struct progress progress;
    const struct progress_line line = {
        .step = 30, .steps = 100, .epoch = 3, .epochs = 10, .what = "cost", .cost = 2.5, .rate = 5e-3};
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    progress_start(&progress, out, on, 20);
    progress.shown -= ago;
    progress.started -= 10; /* one second a step */
    progress_show(&progress, &line);
    progress_show(&progress, &line); /* too early for another */
    progress_clear(&progress);
    rewind(out);
    text[fread(text, 1, 255, out)] = '\0';
    (void)fclose(out);
}

static void lines_are_printed_now_and_then(void)
{
    char text[256];
    show(true, 100, text);
    CU_ASSERT_STRING_EQUAL(text, "epoch 3 of 10  test cost 2.5000  rate 5.00e-03  30 %  70 s left\n");
    show(true, 1, text);
    CU_ASSERT_STRING_EQUAL(text, "");
    show(false, 100, text);
    CU_ASSERT_STRING_EQUAL(text, "");
}

int main(void)
{
    static const struct check_case cases[] = {
        {"numbers for people", numbers_for_people},
        {"lines are printed now and then", lines_are_printed_now_and_then},
    };
    return check_main("progress", cases, CHECK_COUNT(cases));
}
