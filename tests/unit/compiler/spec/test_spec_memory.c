/* SPDX-License-Identifier: MIT
 *
 * Memory that runs out within libyaml: at every one of its allocations, reading a spec comes back through the
 * arena's jump and leaves nothing behind. libyaml takes its memory from the three functions below, which are
 * ours here; where it was built so that they cannot be replaced, the test is skipped. */
#include "check.h"
#include "spec/spec.h"

enum { SKIPPED = 77, MOST = 10000 };

static struct { /* of the run at hand */
    long left;  /* allocations that still succeed; < 0: no limit */
    long asked;
    bool failed;
} memory;

void *yaml_malloc(size_t bytes);
void *yaml_realloc(void *old, size_t bytes);
char *yaml_strdup(const char *text);

static bool ends_here(void)
{
    memory.asked++;
    if (memory.left != 0) {
        memory.left -= memory.left > 0;
        return false;
    }
    memory.failed = true;
    return true;
}

void *yaml_malloc(size_t bytes)
{
    return ends_here() ? NULL : malloc(bytes ? bytes : 1);
}

void *yaml_realloc(void *old, size_t bytes)
{
    return ends_here() ? NULL : realloc(old, bytes ? bytes : 1);
}

char *yaml_strdup(const char *text)
{
    return !text || ends_here() ? NULL : strdup(text);
}

static const char text[] = "dimension: 2\n"
                           "flow: {hidden: [15, 15], field: cube}\n"
                           "name: \"a\\tb\"\n"
                           "base: >\n  folded\n  text\n"
                           "data: &anchor !tag {pairs: *alias}\n";

/* True if the read ended in the jump. */
static bool jumps(long allocations)
{
    jmp_buf failed;
    struct arena *volatile arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    volatile bool jumped = true;
    memory.left = allocations;
    memory.asked = 0;
    memory.failed = false;
    if (!setjmp(failed)) {
        const struct source source = {.name = "t.yaml", .text = text, .length = sizeof text - 1};
        struct diag diag;
        struct spec spec;
        arena_on_failure(arena, &failed);
        diag_init(&diag, arena);
        CU_ASSERT_FALSE(spec_read(arena, &source, &diag, &spec));
        jumped = false;
    }
    memory.left = -1;
    arena_free(arena);
    return jumped;
}

static void any_allocation_of_libyaml_may_fail(void)
{
    long n = 0;
    while (n < MOST && jumps(n)) {
        CU_ASSERT_TRUE(memory.failed);
        n++;
    }
    CU_ASSERT_FALSE(memory.failed); /* the run that came through had all it asked for */
    CU_ASSERT_TRUE(n > 10 && n < MOST);
}

static const struct check_case cases[] = {
    {"any allocation of libyaml may fail", any_allocation_of_libyaml_may_fail},
};

int main(void)
{
    struct arena *arena = arena_new();
    struct diag diag;
    struct spec spec;
    const struct source source = {.name = "t.yaml", .text = text, .length = sizeof text - 1};
    if (!arena)
        return EXIT_FAILURE;
    memory.left = -1;
    diag_init(&diag, arena);
    const bool good = spec_read(arena, &source, &diag, &spec);
    arena_free(arena);
    if (good || memory.asked == 0)
        return good ? EXIT_FAILURE : SKIPPED;
    return check_main("spec memory", cases, CHECK_COUNT(cases));
}
