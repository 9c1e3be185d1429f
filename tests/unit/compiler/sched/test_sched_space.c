/* SPDX-License-Identifier: MIT
 *
 * Schedules as data: texts that go there and back, texts that are refused, the schedules worth trying. */
#include "sched/sched_space.h"

#include "check_arena.h"
#include "spec/spec.h"

static const struct machine avx2 = {.name = "haswell", .vector_bits = 256, .registers = 16, .has_fma = true};
static const struct machine machines[] = {
    {.name = "x86-64", .vector_bits = 128, .registers = 16},
    {.name = "haswell", .vector_bits = 256, .registers = 16, .has_fma = true},
    {.name = "skylake-avx512", .vector_bits = 512, .registers = 32, .has_fma = true},
    {.name = "apple-m1", .vector_bits = 128, .registers = 32, .has_fma = true},
};

static struct schedule first_of(const struct machine *machine, int bytes)
{
    return sched_choose(machine->vector_bits, machine->registers, bytes, 0);
}

static const char *text_of(const struct schedule *schedule)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    sched_text(schedule, &text);
    return strbuf_text(&text);
}

/* ---- texts --------------------------------------------------------------------------------------------- */

static void a_schedule_is_one_line(void)
{
    const struct schedule schedule = {16, 8, 12, 2, 16, 1, 48, 2, 384, 320, 1, SCHED_KEEP_STATE, 0, 0};
    CU_ASSERT_STRING_EQUAL(
        text_of(&schedule),
        "lanes=16 vector=8 accumulators=12 group=2 registers=16 in_flight=1 unroll=48 steps=2 pass=384 "
        "partial=320 packed=1 keep=state tanh=divide layout=columns");
    const struct schedule priced = {16, 8, 12, 2, 16, 1, 48, 2, 384, 320, 1, 24, 1, 1};
    CU_ASSERT_STRING_EQUAL(
        text_of(&priced),
        "lanes=16 vector=8 accumulators=12 group=2 registers=16 in_flight=1 unroll=48 steps=2 pass=384 "
        "partial=320 packed=1 keep=24 tanh=newton layout=rows");
    struct schedule read = schedule;
    const char *fault;
    CU_ASSERT_TRUE(sched_parse(arena, "keep=24 tanh=newton layout=rows", &read, NULL, &fault));
    CU_ASSERT_TRUE(sched_equal(&read, &priced));
}

static void texts_go_there_and_back(void)
{
    struct schedule space[SCHED_MOST];
    for (size_t m = 0; m < CHECK_COUNT(machines); m++) {
        const int n = sched_space(&machines[m], 4, SCHED_FULL, space, SCHED_MOST);
        for (int i = 0; i < n; i++) {
            struct schedule read = {.lanes = 0};
            sched_fields given;
            const char *fault;
            CU_ASSERT_TRUE_FATAL(sched_parse(arena, text_of(&space[i]), &read, &given, &fault));
            CU_ASSERT_TRUE(sched_equal(&read, &space[i]));
            CU_ASSERT_STRING_EQUAL(text_of(&read), text_of(&space[i]));
        }
    }
}

static void partial_sums_fill_a_share_of_the_second_cache(void)
{
    struct machine machine = avx2;
    struct schedule first = sched_first(&machine, 4), plain = first_of(&machine, 4);
    CU_ASSERT_TRUE(sched_equal(&first, &plain));
    machine.l2_bytes = 512 << 10;
    first = sched_first(&machine, 4);
    CU_ASSERT_EQUAL(first.partial, (512 << 10) / 6 / 32);
    plain.partial = first.partial;
    CU_ASSERT_TRUE(sched_equal(&first, &plain));
}

static void what_is_left_out_stays(void)
{
    struct schedule schedule = first_of(&avx2, 4);
    const struct schedule before = schedule;
    sched_fields given = 1;
    const char *fault;
    CU_ASSERT_TRUE(sched_parse(arena, "", &schedule, &given, &fault));
    CU_ASSERT_TRUE(given == 0 && sched_equal(&schedule, &before));
    CU_ASSERT_TRUE(sched_parse(arena, "  unroll=0,lanes=32\t", &schedule, &given, &fault));
    CU_ASSERT_EQUAL(given, sched_field_bit("lanes") | sched_field_bit("unroll"));
    CU_ASSERT_TRUE(schedule.lanes == 32 && schedule.unroll == 0 && schedule.vector == before.vector);
    CU_ASSERT_EQUAL(sched_field_bit("lane"), 0);
}

static void bad_texts_are_refused(void)
{
    static const char *const rows[][2] = {
        {"lanes", "expected field=value, found 'lanes'"},
        {"=", "unknown field ''"},
        {"lane=16", "unknown field 'lane'; did you mean 'lanes'?"},
        {"colour=red", "known are lanes, vector"},
        {"lanes=", "lanes: expected a number from 2 to 256, found ''"},
        {"lanes=1", "found '1'"},
        {"lanes=512", "found '512'"},
        {"lanes=16x", "found '16x'"},
        {"lanes=-16", "found '-16'"},
        {"lanes=+16", "found '+16'"},
        {"lanes=16.0", "found '16.0'"},
        {"lanes=99999999999999999999", "found '99999999999999999999'"},
        {"lanes= 16", "found ''"},
        {"lanes=16 lanes=16", "field lanes is given twice"},
        {"unroll=0 keep=some", "keep: expected state or all or a number from 2 to 100000, found 'some'"},
        {"keep=", "keep: expected state or all"},
        {"keep=1", "keep: expected state or all"},
        {"lanes=4294967304", "lanes: expected a number from 2 to 256"}, /* 8, by its last 32 bits */
        {"keep=100001", "keep: expected state or all"},
        {"keep=al", "keep: expected state or all"},
        {"tanh=3", "tanh: expected divide or newton, found '3'"},
        {"layout=row", "layout: expected columns or rows, found 'row'"},
        {"layout=2", "found '2'"},
        {"tanh=", "tanh: expected divide or newton, found ''"},
        {"lanes=\x1b[31m", "found '?[31m'"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct schedule schedule = first_of(&avx2, 4);
        const struct schedule before = schedule;
        const char *fault = "";
        CU_ASSERT_FALSE(sched_parse(arena, rows[i][0], &schedule, NULL, &fault));
        CU_ASSERT_TRUE(sched_equal(&schedule, &before));
        if (!strstr(fault, rows[i][1]))
            printf("  %s: %s\n", rows[i][0], fault);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault, rows[i][1]));
    }
}

static void what_cannot_be_compiled_is_told(void)
{
    static const char *const rows[][2] = {
        {"lanes=24", "expected powers of two"}, {"vector=6", "expected powers of two"},
        {"group=3", "expected powers of two"},  {"vector=16", "holds 8 elements"},
        {"lanes=4", "at least one vector"},     {"accumulators=17", "there are registers=16"},
        {"lanes=256 vector=2", NULL},           {"registers=64 accumulators=64", NULL},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct schedule schedule = first_of(&avx2, 4);
        const char *fault = "";
        CU_ASSERT_TRUE_FATAL(sched_parse(arena, rows[i][0], &schedule, NULL, &fault));
        CU_ASSERT_EQUAL(sched_check(arena, &schedule, &avx2, 4, &fault), rows[i][1] == NULL);
        if (rows[i][1])
            CU_ASSERT_PTR_NOT_NULL(strstr(fault, rows[i][1]));
    }
}

static void fixed_fields_take_the_others_along(void)
{
    const struct schedule first = first_of(&avx2, 4);
    struct schedule fixed = {.vector = 4, .registers = 10, .lanes = 4}, schedule = first;
    sched_fix(&schedule, &fixed, sched_field_bit("vector"));
    CU_ASSERT_TRUE(schedule.vector == 4 && schedule.lanes == first.lanes / 2);
    schedule = first;
    sched_fix(&schedule, &fixed, sched_field_bit("lanes"));
    CU_ASSERT_TRUE(schedule.vector == 4 && schedule.lanes == 4);
    schedule = first;
    sched_fix(&schedule, &fixed, sched_field_bit("registers"));
    CU_ASSERT_TRUE(schedule.registers == 10 && schedule.accumulators == 10);
    schedule = first;
    sched_fix(&schedule, &fixed, 0);
    CU_ASSERT_TRUE(sched_equal(&schedule, &first));
}

static void help_names_every_field(void)
{
    struct strbuf help;
    strbuf_init(&help, arena);
    spec_help(&help);
    const char *at = strstr(strbuf_text(&help), "  schedule: \"\"");
    CU_ASSERT_PTR_NOT_NULL(at);
#define SCHED_FIELD(field, ...) CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_text(&help), #field "="));
#include "sched/sched_fields.def"
}

/* ---- what is worth trying ------------------------------------------------------------------------------ */

static void spaces_are_legal_and_without_doubles(void)
{
    static struct schedule space[SCHED_MOST];
    for (size_t m = 0; m < CHECK_COUNT(machines); m++)
        for (int extent = SCHED_FEW; extent <= SCHED_FULL; extent++)
            for (int bytes = 4; bytes <= 8; bytes += 4) {
                const int n = sched_space(&machines[m], bytes, (enum sched_extent)extent, space, SCHED_MOST);
                CU_ASSERT_TRUE(n > 1 && n < SCHED_MOST);
                const struct schedule first = first_of(&machines[m], bytes);
                CU_ASSERT_TRUE(sched_equal(&space[0], &first));
                for (int i = 0; i < n; i++) {
                    const char *fault;
                    CU_ASSERT_TRUE(sched_check(arena, &space[i], &machines[m], bytes, &fault));
                    CU_ASSERT_TRUE(space[i].steps == (space[i].lanes > space[i].vector ? first.steps : 1) ||
                                   i == 0);
                    for (int k = 0; k < i; k++)
                        CU_ASSERT_FALSE(sched_equal(&space[i], &space[k]));
                }
            }
}

static void wider_extents_hold_the_narrower(void)
{
    static struct schedule few[SCHED_MOST], more[SCHED_MOST];
    for (int extent = SCHED_FEW; extent < SCHED_FULL; extent++) {
        const int n = sched_space(&avx2, 4, (enum sched_extent)extent, few, SCHED_MOST);
        const int m = sched_space(&avx2, 4, (enum sched_extent)(extent + 1), more, SCHED_MOST);
        CU_ASSERT_TRUE(m > n);
        for (int i = 0; i < n; i++) {
            int at = 0;
            while (at < m && !sched_equal(&few[i], &more[at]))
                at++;
            CU_ASSERT_TRUE(at < m);
        }
    }
}

static void a_full_room_ends_the_list(void)
{
    struct schedule space[3];
    CU_ASSERT_EQUAL(sched_space(&avx2, 4, SCHED_FULL, space, 3), 3);
    CU_ASSERT_EQUAL(sched_space(&avx2, 4, SCHED_FULL, space, 0), 0);
}

/* ---- the cases, each with an arena --------------------------------------------------------------------- */

#define CASES(CASE)                                                                                          \
    CASE(a_schedule_is_one_line)                                                                             \
    CASE(texts_go_there_and_back)                                                                            \
    CASE(partial_sums_fill_a_share_of_the_second_cache)                                                      \
    CASE(what_is_left_out_stays)                                                                             \
    CASE(bad_texts_are_refused)                                                                              \
    CASE(what_cannot_be_compiled_is_told)                                                                    \
    CASE(fixed_fields_take_the_others_along) CASE(help_names_every_field)                                    \
        CASE(spaces_are_legal_and_without_doubles) CASE(wider_extents_hold_the_narrower)                     \
            CASE(a_full_room_ends_the_list)

CASES(CHECK_WITH_ARENA)

static const struct check_case cases[] = {CASES(CHECK_ARENA_ROW)};

int main(void)
{
    return check_main("sched space", cases, CHECK_COUNT(cases));
}
