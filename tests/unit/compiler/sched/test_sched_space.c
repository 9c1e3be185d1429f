/* SPDX-License-Identifier: MIT
 *
 * Schedules as data: texts that survive printing and reading, texts that are refused, the schedules worth
 * trying. */
#include "sched/sched_space.h"

#include "check_arena.h"

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
    const struct schedule schedule = {.lanes = 16,
                                      .keep = SCHED_KEEP_STATE,
                                      .layout = SCHED_LAYOUT_COLUMNS,
                                      .cpu = {.vector = 8,
                                              .accumulators = 12,
                                              .group = 2,
                                              .registers = 16,
                                              .in_flight = 1,
                                              .unroll = 48,
                                              .sum_unroll = 3,
                                              .window = 384,
                                              .partial = 320,
                                              .packed = 1,
                                              .tanh = SCHED_TANH_DIVIDE}};
    CU_ASSERT_STRING_EQUAL(text_of(&schedule),
                           "lanes=16 keep=state layout=columns vector=8 accumulators=12 group=2 registers=16 "
                           "in_flight=1 unroll=48 sum_unroll=3 window=384 partial=320 packed=1 tanh=divide");
    struct schedule priced = schedule;
    priced.keep = 24;
    priced.layout = SCHED_LAYOUT_ROWS;
    priced.cpu.tanh = SCHED_TANH_NEWTON;
    CU_ASSERT_STRING_EQUAL(text_of(&priced),
                           "lanes=16 keep=24 layout=rows vector=8 accumulators=12 group=2 registers=16 "
                           "in_flight=1 unroll=48 sum_unroll=3 window=384 partial=320 packed=1 tanh=newton");
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
    CU_ASSERT_EQUAL(first.cpu.partial, (512 << 10) / 6 / 32);
    plain.cpu.partial = first.cpu.partial;
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
    CU_ASSERT_TRUE(schedule.lanes == 32 && schedule.cpu.unroll == 0 &&
                   schedule.cpu.vector == before.cpu.vector);
    CU_ASSERT_EQUAL(sched_field_bit("lane"), 0);
}

static void bad_texts_are_refused(void)
{
    static const char *const rows[][2] = {
        {"lanes", "expected field=value, found 'lanes'"},
        {"=", "unknown field ''"},
        {"pass=384", "unknown field 'pass'; did you mean 'window'?"},
        {"steps=2", "unknown field 'steps'; did you mean 'sum_unroll'?"},
        {"lane=16", "unknown field 'lane'; did you mean 'lanes'?"},
        {"colour=red", "expected one of lanes, keep, layout, vector"},
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

static void what_cannot_be_compiled_is_reported(void)
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
    struct schedule fixed = {.lanes = 4, .cpu = {.vector = 4, .registers = 10}}, schedule = first;
    sched_fix(&schedule, &fixed, sched_field_bit("vector"));
    CU_ASSERT_TRUE(schedule.cpu.vector == 4 && schedule.lanes == first.lanes / 2);
    schedule = first;
    sched_fix(&schedule, &fixed, sched_field_bit("lanes"));
    CU_ASSERT_TRUE(schedule.cpu.vector == 4 && schedule.lanes == 4);
    schedule = first;
    sched_fix(&schedule, &fixed, sched_field_bit("registers"));
    CU_ASSERT_TRUE(schedule.cpu.registers == 10 && schedule.cpu.accumulators == 10);
    schedule = first;
    sched_fix(&schedule, &fixed, 0);
    CU_ASSERT_TRUE(sched_equal(&schedule, &first));
}

/* As comments that fit a terminal. */
static void help_says_what_every_field_means(void)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    sched_help(&text);
    const char *help = strbuf_text(&text);
    for (const char *line = help; *line; line += strcspn(line, "\n") + 1)
        CU_ASSERT_TRUE(line[0] == '#' && strcspn(line, "\n") <= 80);
    CU_ASSERT_PTR_NOT_NULL(strstr(help, "\n#   lanes: a number from 2 to 256\n#     samples of a tile"));
    CU_ASSERT_PTR_NOT_NULL(strstr(help, "\n#   keep: state or all or a number from 2 to 100000\n"));
#define SCHED_FIELD(field, ...) CU_ASSERT_PTR_NOT_NULL(strstr(help, "\n#   " #field ": "));
#include "sched/sched_fields.def"
#define SCHED_FIELD(field, ...) CU_ASSERT_PTR_NOT_NULL(strstr(help, "\n#   " #field ": "));
#include "sched/sched_cpu_fields.def"
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
                    CU_ASSERT_TRUE(space[i].cpu.sum_unroll ==
                                       (space[i].lanes > space[i].cpu.vector ? first.cpu.sum_unroll : 1) ||
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
    CASE(what_cannot_be_compiled_is_reported)                                                                \
    CASE(fixed_fields_take_the_others_along)                                                                 \
    CASE(help_says_what_every_field_means)                                                                   \
    CASE(spaces_are_legal_and_without_doubles)                                                               \
    CASE(wider_extents_hold_the_narrower)                                                                    \
    CASE(a_full_room_ends_the_list)

CASES(CHECK_WITH_ARENA)

static const struct check_case cases[] = {CASES(CHECK_ARENA_ROW)};

int main(void)
{
    return check_main("sched space", cases, CHECK_COUNT(cases));
}
