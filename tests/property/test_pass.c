/* SPDX-License-Identifier: MIT
 *
 * Passes keep the values of random programs and of their derivatives, leave sound graphs, and do what they
 * are for. */
#include "check.h"
#include "diff_fixture.h"
#include "pass/pass.h"
#include "random_program.h"

#include <inttypes.h>

static const char *const all_inputs[] = {"x", "z", "e", "W", "b", "V", "t"};
enum { N_INPUTS = 7 };

/* ---- random programs ----------------------------------------------------------------------------------- */

static bool pass_holds(const struct pass *pass, const struct fixture *f, const struct ir_graph *before,
                       struct ir_graph **after)
{
    *after = pass->run(before);
    const char *fault = ir_verify(*after);
    const double gap = fault ? 0 : fixture_distance(f, before, *after);
    if (fault)
        printf("%s: %s\n", pass->name, fault);
    if (gap > 1e-10)
        printf("%s: gap %g\n", pass->name, gap);
    return !fault && gap <= 1e-10;
}

/* One after the other; merging must not cost multiplications. */
static bool all_passes_hold(const struct fixture *f, const struct ir_graph *g)
{
    bool good = true;
    for (int i = 0; i < pass_count && good; i++) {
        struct ir_graph *after;
        good = pass_holds(&pass_list[i], f, g, &after);
        const double before = ir_count(g).multiplies, now = ir_count(after).multiplies;
        if (good && pass_list[i].run == pass_merge && now > before) {
            printf("%s: %g multiplications were %g\n", pass_list[i].name, now, before);
            good = false;
        }
        g = after;
    }
    return good;
}

/* The program, its gradient by either policy, and the gradient of what the passes made of that. */
static bool program_holds(struct arena *arena, uint64_t seed)
{
    const struct fixture f = {.batch = 2, .seed = seed};
    const struct random_options options = {.nodes = 8 + (int)(seed % 12), .loops = seed % 5 != 0};
    const struct ir_graph *g = random_program(arena, seed, &options);
    const enum diff_keep keep = seed % 2 ? DIFF_KEEP_ALL : DIFF_KEEP_STATE;
    const struct ir_graph *d = diff_reverse(pass_hoist(g), "reverse", "y0", N_INPUTS, all_inputs, keep);
    const struct ir_graph *dd = diff_reverse(pass_dead(d), "twice", "grad.W", N_INPUTS, all_inputs, keep);
    return all_passes_hold(&f, g) && all_passes_hold(&f, d) && all_passes_hold(&f, dd);
}

static void random_programs(void)
{
    const char *one = getenv("GPFC_SEED"), *more = getenv("GPFC_SEEDS");
    const uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    const uint64_t n = one ? 1 : more ? strtoull(more, NULL, 10) : 400;
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct arena *arena = arena_new();
        const bool good = program_holds(arena, seed);
        arena_free(arena);
        CU_ASSERT_TRUE(good);
        if (!good)
            printf("repeat: GPFC_SEED=%" PRIu64 " GPFC_TEST='random' tests/property/test_pass\n", seed);
    }
}

static const struct check_case cases[] = {
    {"random programs", random_programs},
};

int main(void)
{
    return check_main("pass", cases, CHECK_COUNT(cases));
}
