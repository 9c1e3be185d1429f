/* SPDX-License-Identifier: MIT
 *
 * Numbers as people read them, and what is printed of a training when there is no terminal. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "check.h"
#include "command/columns.h"
#include "command/progress.h"
#include "ground/human.h"

#include <fcntl.h>
#include <math.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

/* ---- the terminal's width ------------------------------------------------------------------------------ */

/* What print writes with COLUMNS=columns. */
static void printed(const char *columns, void (*print)(FILE *out), char text[1000])
{
    FILE *out = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(setenv("COLUMNS", columns, 1), 0);
    print(out);
    CU_ASSERT_EQUAL(unsetenv("COLUMNS"), 0);
    rewind(out);
    text[fread(text, 1, 999, out)] = '\0';
    (void)fclose(out);
}

static void print_item(FILE *out)
{
    columns_item(out, "data", "a/long/path/without/blanks.npz: %d training pairs, 5 for the test", 20);
    columns_wide_item(out, "resident memory", "24 MB");
}

static void entries_wrap(void)
{
    char text[1000];
    printed("80", print_item, text);
    CU_ASSERT_STRING_EQUAL(text,
                           "  data      a/long/path/without/blanks.npz: 20 training pairs, 5 for the test\n"
                           "  resident memory  24 MB\n");
    printed("77", print_item, text); /* as wide as the line */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "5 for the test\n"));
    printed("75", print_item, text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "5 for the\n            test\n"));
    printed("30", print_item, text);
    CU_ASSERT_STRING_EQUAL(text, "  data      a/long/path/without/blanks.npz:\n"
                                 "            20 training pairs,\n"
                                 "            5 for the test\n"
                                 "  resident memory  24 MB\n");
}

static void print_row(FILE *out)
{
    columns_row(out, "round trip |s^-1(s(y)) - y|, largest", "-", "2.6e-04");
}

static void tables_shrink(void)
{
    char text[1000];
    printed("80", print_row, text);
    CU_ASSERT_STRING_EQUAL(text, "  round trip |s^-1(s(y)) - y|, largest          -    2.6e-04\n");
    printed("60", print_row, text);
    CU_ASSERT_STRING_EQUAL(text, "  round trip |s^-1(s(y)) - y|, largest          -    2.6e-04\n");
    printed("50", print_row, text);
    CU_ASSERT_STRING_EQUAL(text, "  round trip |s^-1(s(y)) -\n"
                                 "  y|, largest                         -    2.6e-04\n");
    printed("1", print_row, text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  largest"));
}

/* A progress line that wrapped could not be overwritten. */
static void a_terminal_has_a_width(void)
{
    struct progress progress;
    const struct winsize narrow = {.ws_row = 24, .ws_col = 34};
    const struct progress_line line = {
        .step = 30, .steps = 100, .epoch = 3, .epochs = 10, .what = "cost", .cost = 2.5, .rate = 5e-3};
    char text[1000];
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    CU_ASSERT_TRUE_FATAL(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    FILE *out = fopen(ptsname(master), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(ioctl(master, TIOCSWINSZ, &narrow), 0);
    CU_ASSERT_EQUAL(columns_of(out), 34);
    progress_start(&progress, out, true, 20);
    progress.shown -= 100;
    progress_show(&progress, &line);
    const ssize_t length = read(master, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    CU_ASSERT_STRING_EQUAL(text, "\repoch 3 of 10  test cost 2.5000  \033[K");
    (void)fclose(out);
    (void)close(master);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"numbers for people", numbers_for_people},
        {"lines are printed now and then", lines_are_printed_now_and_then},
        {"entries wrap", entries_wrap},
        {"tables shrink", tables_shrink},
        {"a terminal has a width", a_terminal_has_a_width},
    };
    (void)unsetenv("COLUMNS");
    return check_main("progress", cases, CHECK_COUNT(cases));
}
