/* SPDX-License-Identifier: MIT
 *
 * What tuning found, as gpfc prints it: every number under its own name. All of them differ, so that none can
 * stand in another's place. */
#include "check.h"
#include "command/main.h"

#include <unistd.h>

static char text[4096];

static void print_json(const struct arguments *arguments, const struct gpfc_report *report)
{
    CU_ASSERT_TRUE(main_print_json(arguments, GPFC_OK, report));
}

/* What a tuned flow makes it write to the standard output, in `text`. */
static void take_output(void (*print)(const struct arguments *arguments, const struct gpfc_report *report))
{
    char schedule[] = "lanes=32", empty[] = "", flow[] = "gaussian";
    const struct arguments arguments = {.options = {.emit = GPFC_EMIT_HEADER}};
    const struct gpfc_report report = {.messages = empty,
                                       .n_families = 1,
                                       .family[0].name = "flow",
                                       .family[0].description = flow,
                                       .family[0].choice = {.schedule = schedule,
                                                            .source = GPFC_BY_TUNING,
                                                            .default_seconds = 0.75,
                                                            .seconds = 0.25,
                                                            .crowded = 0.5,
                                                            .candidates = 9,
                                                            .timed = 8,
                                                            .wrong = 1,
                                                            .broken = 2}};
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    (void)fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    CU_ASSERT_TRUE_FATAL(kept >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    print(&arguments, &report);
    (void)fflush(stdout);
    CU_ASSERT_TRUE_FATAL(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(kept);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
}

static void has(const char *wanted)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(text, wanted));
    if (!strstr(text, wanted))
        printf("not '%s' but: %s\n", wanted, text);
}

static void a_tuned_schedule_as_json(void)
{
    take_output(print_json);
    has("\"choice\":{\"schedule\":\"lanes=32\",\"from\":\"tuning\",\"untuned_seconds\":0.75,\"seconds\":0.25,"
        "\"candidates\":9,\"timed\":8,\"wrong\":1,\"broken\":2}");
}

static void a_tuned_schedule_as_a_table(void)
{
    take_output(main_print_table);
    has("tuned: 3 times as fast as untuned, 2 on all processors (250 ms a\n");
    has(" training step), 8 of 9 candidates, 1 WRONG\n");
}

static const struct check_case cases[] = {
    {"a tuned schedule as JSON", a_tuned_schedule_as_json},
    {"a tuned schedule as a table", a_tuned_schedule_as_a_table},
};

int main(void)
{
    return check_main("report of a compile", cases, CHECK_COUNT(cases));
}
