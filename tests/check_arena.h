/* SPDX-License-Identifier: MIT
 *
 * Cases that have an arena each: a list of functions, CASES, becomes a table of cases.
 *
 *     #define CASES(CASE) CASE(text_grows) CASE(positions_may_be_missing)
 *     CASES(CHECK_WITH_ARENA)
 *     static const struct check_case cases[] =
 * {CASES(CHECK_ARENA_ROW)}; */
#ifndef GPFC_CHECK_ARENA_H
#define GPFC_CHECK_ARENA_H

#include "base/base.h"
#include "check.h"

static struct arena *arena; /* of the case that runs */

#define CHECK_WITH_ARENA(function)                                                                           \
    static void run_##function(void)                                                                         \
    {                                                                                                        \
        arena = arena_new();                                                                                 \
        CU_ASSERT_PTR_NOT_NULL_FATAL(arena);                                                                 \
        function();                                                                                          \
        arena_free(arena);                                                                                   \
    }

#define CHECK_ARENA_ROW(function) {#function, run_##function},

#endif
