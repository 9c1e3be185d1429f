/* SPDX-License-Identifier: MIT
 *
 * Memory: alignment, zeros, pieces that do not touch, sizes that overflow, the jump when there is no more,
 * and what is released when the arena ends. */
#include "base/base.h"
#include "check.h"

#include <stdint.h>

static void pieces_are_aligned_and_zero(void)
{
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    for (size_t bytes = 0; bytes < 300; bytes++) {
        const unsigned char *piece = arena_alloc(arena, bytes);
        CU_ASSERT_EQUAL((uintptr_t)piece % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < bytes; i++)
            CU_ASSERT_EQUAL(piece[i], 0);
    }
    arena_free(arena);
}

/* Small ones and ones larger than a block, mixed. */
static void pieces_do_not_touch(void)
{
    enum { COUNT = 400 };
    static unsigned char *pieces[COUNT]; /* only of this case */
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    size_t sizes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        sizes[i] = i % 50 == 7 ? 100000 + i : (i * 37) % 700;
        pieces[i] = arena_alloc(arena, sizes[i]);
        memset(pieces[i], (int)(i % 251) + 1, sizes[i]);
    }
    int wrong = 0;
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            wrong += pieces[i][k] != i % 251 + 1;
    CU_ASSERT_EQUAL(wrong, 0);
    arena_free(arena);
}

static void texts_are_copied(void)
{
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    CU_ASSERT_STRING_EQUAL(arena_strdup(arena, ""), "");
    CU_ASSERT_STRING_EQUAL(arena_strdup(arena, "gpfc"), "gpfc");
    CU_ASSERT_STRING_EQUAL(arena_strndup(arena, "gpfc", 2), "gp");
    CU_ASSERT_STRING_EQUAL(arena_printf(arena, "%s-%03d", "x", 7), "x-007");
    const char *longer = arena_printf(arena, "%0500d", 3);
    CU_ASSERT_EQUAL(strlen(longer), 500);
    CU_ASSERT_EQUAL(longer[499], '3');
    arena_free(arena);
    arena_free(NULL);
}

/* The arena whose allocation fails, and whether it came back through the jump. */
static bool fails(void (*allocate)(struct arena *arena))
{
    jmp_buf failed;
    struct arena *volatile arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    volatile bool jumped = true;
    if (!setjmp(failed)) {
        arena_on_failure(arena, &failed);
        allocate(arena);
        jumped = false;
    }
    arena_free(arena);
    return jumped;
}

static void overflowing_array(struct arena *arena)
{
    (void)arena_array(arena, SIZE_MAX / 8 + 2, 8);
}

static void largest_piece(struct arena *arena)
{
    (void)arena_alloc(arena, SIZE_MAX);
}

static void one_byte(struct arena *arena)
{
    (void)arena_alloc(arena, 1);
}

static void memory_from_elsewhere(struct arena *arena)
{
    arena_fail(arena);
}

static void too_much_jumps_to_the_owner(void)
{
    CU_ASSERT_TRUE(fails(overflowing_array));
    CU_ASSERT_TRUE(fails(largest_piece));
    CU_ASSERT_TRUE(fails(memory_from_elsewhere));
    CU_ASSERT_FALSE(fails(one_byte));
}

static void allocations_fail_when_told(void)
{
    jmp_buf failed;
    struct arena *volatile arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    volatile int succeeded = 0;
    arena_fail_after(arena, 3);
    if (!setjmp(failed)) {
        arena_on_failure(arena, &failed);
        for (;;) {
            (void)arena_alloc(arena, 8);
            succeeded++;
        }
    }
    CU_ASSERT_EQUAL(succeeded, 3);
    arena_fail_after(arena, -1);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 8)); /* it lives on */
    arena_free(arena);
}

struct log { /* what was released, in this order */
    char text[16];
    size_t length;
};

struct letter {
    struct log *log;
    char letter;
};

static void release_letter(void *object)
{
    const struct letter *letter = object;
    letter->log->text[letter->log->length++] = letter->letter;
}

static struct owned *own_letter(struct arena *arena, struct log *log, char letter)
{
    struct owned *place = arena_own(arena, release_letter);
    struct letter *made = ARENA_NEW(arena, struct letter); /* its memory lasts until it is released */
    *made = (struct letter){log, letter};
    place->object = made;
    return place;
}

static void the_youngest_is_released_first(void)
{
    struct log log = {.length = 0};
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    for (char letter = 'a'; letter < 'e'; letter++)
        (void)own_letter(arena, &log, letter);
    CU_ASSERT_EQUAL(log.length, 0);
    arena_free(arena);
    CU_ASSERT_STRING_EQUAL(log.text, "dcba");
}

static void nothing_is_released_twice(void)
{
    struct log log = {.length = 0};
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    (void)own_letter(arena, &log, 'a');
    struct owned *early = own_letter(arena, &log, 'b');
    (void)own_letter(arena, &log, 'c');
    arena_release(early);
    CU_ASSERT_STRING_EQUAL(log.text, "b");
    CU_ASSERT_PTR_NULL(early->object);
    arena_release(early);
    arena_free(arena);
    CU_ASSERT_STRING_EQUAL(log.text, "bca");
}

/* Three letters in an arena with n allocations. */
static void own_letters(long n, struct log *log)
{
    jmp_buf failed;
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    arena_fail_after(arena, n);
    if (!setjmp(failed)) {
        arena_on_failure(arena, &failed);
        for (char letter = 'a'; letter < 'd'; letter++)
            (void)own_letter(arena, log, letter);
    }
    CU_ASSERT_EQUAL(log->length, 0);
    arena_free(arena);
}

static void a_failure_releases_everything(void)
{
    static const char *const expected[] = {"", "", "a", "a", "ba", "ba", "cba"};
    for (long n = 0; n < 7; n++) {
        struct log log = {.length = 0};
        own_letters(n, &log);
        CU_ASSERT_STRING_EQUAL(log.text, expected[n]);
    }
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

static void an_arena_may_own_another(void)
{
    struct log log = {.length = 0};
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    (void)own_letter(arena, &log, 'a');
    struct owned *place = arena_own(arena, free_arena);
    struct arena *inner = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(inner);
    place->object = inner;
    (void)own_letter(inner, &log, 'b');
    (void)own_letter(inner, &log, 'c');
    arena_free(arena);
    CU_ASSERT_STRING_EQUAL(log.text, "cba");
}

static const struct check_case cases[] = {
    {"pieces are aligned and zero", pieces_are_aligned_and_zero},
    {"pieces do not touch", pieces_do_not_touch},
    {"texts are copied", texts_are_copied},
    {"too much jumps to the owner", too_much_jumps_to_the_owner},
    {"allocations fail when told", allocations_fail_when_told},
    {"the youngest is released first", the_youngest_is_released_first},
    {"nothing is released twice", nothing_is_released_twice},
    {"a failure releases everything", a_failure_releases_everything},
    {"an arena may own another", an_arena_may_own_another},
};

int main(void)
{
    return check_main("arena", cases, CHECK_COUNT(cases));
}
