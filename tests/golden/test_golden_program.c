/* SPDX-License-Identifier: MIT
 *
 * Programs and plans as texts: every tests/golden/program/NAME.yaml gives NAME.ir, the training program after
 * all passes, and NAME.plan, how it is laid out on the spec's CPU. Never LLVM's text: it changes with every
 * release. */
#include "check.h"
#include "golden/golden.h"
#include "gpfc.h"

#include <unistd.h>

static const char folder[] = "tests/golden/program";

/* The first program of a compile is "train". */
static void keep_first(void *data, const char *stage, const char *text)
{
    struct strbuf *first = data;
    (void)stage;
    if (first->length == 0)
        strbuf_add(first, text);
}

static void check_stage(const char *name, const char *stage, const char *suffix)
{
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    struct strbuf text;
    strbuf_init(&text, arena);
    const struct gpfc_options options = {.input = check_path(arena_printf(arena, "%s/%s.yaml", folder, name)),
                                         .output = "/dev/null",
                                         .emit = GPFC_EMIT_IR,
                                         .dump = stage,
                                         .dumped = keep_first,
                                         .data = &text};
    struct gpfc_report report;
    CU_ASSERT_EQUAL(gpfc_compile(&options, &report), GPFC_OK);
    CU_ASSERT_TRUE(text.length > 100);
    const char *path = check_path(arena_printf(arena, "%s/%s.%s", folder, name, suffix));
    CU_ASSERT_TRUE(golden_matches(arena, path, strbuf_text(&text)));
    gpfc_report_free(&report);
    arena_free(arena);
}

static void check_program(const char *name)
{
    check_stage(name, "dead-again", "ir");
    check_stage(name, "sched", "plan");
}

static void gaussian(void)
{
    check_program("gaussian");
}
static void cube_penalty(void)
{
    check_program("cube_penalty");
}
static void difference(void)
{
    check_program("difference");
}

/* A small program as C: a loop, a stack, a sum over the batch, a sparse map. */
static void plain_c(void)
{
    struct arena *arena = arena_new();
    struct source text;
    const char *path = arena_printf(arena, "/tmp/gpfc-golden-%ld.c", (long)getpid()), *why = "";
    const struct gpfc_options options = {.input = check_path("tests/golden/program/plain.input"),
                                         .output = path,
                                         .emit = GPFC_EMIT_C,
                                         .from_ir = true,
                                         .cpu = "haswell"};
    struct gpfc_report report;
    CU_ASSERT_EQUAL_FATAL(gpfc_compile(&options, &report), GPFC_OK);
    CU_ASSERT_EQUAL_FATAL(source_read(arena, path, GOLDEN_MOST_BYTES, &text, &why), SOURCE_OK);
    (void)unlink(path);
    const char *kernels = strstr(text.text, "/* ---- line ---- */"); /* what stands before is the template */
    CU_ASSERT_PTR_NOT_NULL_FATAL(kernels);
    CU_ASSERT_TRUE(golden_matches(arena, check_path("tests/golden/program/plain.c.out"), kernels));
    gpfc_report_free(&report);
    arena_free(arena);
}

/* Two compiles of one spec leave the same bytes. */
static void same_input_same_bytes(void)
{
    struct arena *arena = arena_new();
    struct source bytes[2];
    for (int i = 0; i < 2; i++) {
        const char *path = arena_printf(arena, "/tmp/gpfc-golden-%ld-%d.o", (long)getpid(), i);
        const struct gpfc_options options = {.input = check_path("tests/golden/program/gaussian.yaml"),
                                             .output = path,
                                             .emit = GPFC_EMIT_OBJECT};
        struct gpfc_report report;
        const char *why = "";
        CU_ASSERT_EQUAL_FATAL(gpfc_compile(&options, &report), GPFC_OK);
        CU_ASSERT_EQUAL_FATAL(source_read(arena, path, GOLDEN_MOST_BYTES, &bytes[i], &why), SOURCE_OK);
        (void)unlink(path);
        gpfc_report_free(&report);
    }
    CU_ASSERT_TRUE(bytes[0].length == bytes[1].length &&
                   memcmp(bytes[0].text, bytes[1].text, bytes[0].length) == 0);
    arena_free(arena);
}

static const struct check_case cases[] = {
    {"gaussian", gaussian},
    {"cube, exact penalty", cube_penalty},
    {"difference penalty", difference},
    {"plain C", plain_c},
    {"same input, same bytes", same_input_same_bytes},
};

int main(void)
{
    return check_main("golden program", cases, CHECK_COUNT(cases));
}
