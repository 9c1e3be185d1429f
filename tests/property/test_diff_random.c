/* SPDX-License-Identifier: MIT
 *
 * Derivatives of random programs, loops in loops and sums over the batch in the middle included: against
 * central differences, forward against reverse (<cot, J dot> = <J' cot, dot>), one on top of the other, and
 * both policies against each other. A failing seed prints the command that repeats it. */
#include "check.h"
#include "diff_fixture.h"
#include "pass/pass.h"
#include "random_program.h"

#include <inttypes.h>

static const char *const all_inputs[] = {"x", "z", "e", "W", "b", "V", "t"};
enum { N_INPUTS = 7 };

/* ---- seeds --------------------------------------------------------------------------------------------- */

typedef bool property(struct arena *arena, uint64_t seed);

/* GPFC_SEED: only that seed. GPFC_SEEDS: so many. */
static void for_seeds(const char *name, int count, property *holds)
{
    const char *one = getenv("GPFC_SEED"), *more = getenv("GPFC_SEEDS");
    const uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    const uint64_t n = one ? 1 : more ? strtoull(more, NULL, 10) : (uint64_t)count;
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct arena *arena = arena_new();
        const bool good = holds(arena, seed);
        arena_free(arena);
        CU_ASSERT_TRUE(good);
        if (!good)
            printf("repeat: GPFC_SEED=%" PRIu64 " GPFC_TEST='%s' tests/property/test_diff_random\n", seed,
                   name);
    }
}

static struct fixture fixture_of(uint64_t seed)
{
    return (struct fixture){.batch = 2, .seed = seed, .n_wrt = N_INPUTS, .wrt = all_inputs};
}

/* The most axes that an array can get which a loop keeps for the way back: one for each loop around it. */
static int most_axes(const struct ir_graph *g, int depth)
{
    int most = 0;
    for (int id = 0; id < g->n_nodes; id++) {
        const struct ir_node *node = g->nodes[id];
        const int axes =
            node->op == IR_STEPS ? most_axes(node->steps->body, depth + 1) : node->shape.rank + depth;
        most = axes > most ? axes : most;
    }
    return most;
}

/* Rank is limited: a program that leaves no axis for a bundle of tangents is made again without loops. */
static struct ir_graph *program(struct arena *arena, uint64_t seed, int nodes, bool smooth)
{
    struct random_options options = {.nodes = nodes, .loops = seed % 4 != 0, .smooth = smooth};
    struct ir_graph *g = random_program(arena, seed, &options);
    options.loops = false;
    return most_axes(g, 0) < IR_MAX_RANK ? g : random_program(arena, seed, &options);
}

static bool is_close(const char *what, double gap, double tolerance)
{
    if (gap < tolerance)
        return true;
    printf("%s: gap %g\n", what, gap);
    return false;
}

static bool is_sound(const char *what, const struct ir_graph *g)
{
    const char *fault = ir_verify(g);
    if (fault)
        printf("%s: %s\n", what, fault);
    return !fault;
}

/* ---- making derivatives -------------------------------------------------------------------------------- */

/* "grad", "grad2", ...: the first that no output has yet. */
static const char *next_prefix(const struct ir_graph *g)
{
    const char *prefix = "grad";
    for (int n = 2; ir_output_find(g, arena_printf(g->arena, "%s.x", prefix)); n++)
        prefix = arena_printf(g->arena, "grad%d", n);
    return prefix;
}

static const struct ir_node *dot_input(struct ir_graph *g, const struct ir_node *input)
{
    const enum ir_role role = input->rate == IR_VARYING ? IR_SAMPLE : IR_PARAMETER;
    return ir_input(g, arena_printf(g->arena, "dot.%s", input->input.name), role, input->rate, input->shape);
}

/* The seed of an input: "dot.<name>" in column 1, something else in column 0. */
static const struct ir_node *two_columns(struct ir_graph *g, const struct ir_node *input)
{
    unsigned char labels[2][IR_MAX_RANK] = {{0, 1, 2, 3, 4, 5}, {0}}, out[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    const int rank = input->shape.rank;
    const struct ir_node *columns[2];
    labels[1][0] = (unsigned char)rank;
    for (int s = 0; s < 2; s++) {
        const enum ir_role role = input->rate == IR_VARYING ? IR_SAMPLE : IR_PARAMETER;
        const char *name = arena_printf(g->arena, "other.%s", input->input.name);
        const struct ir_node *const args[2] = {
            s ? dot_input(g, input) : ir_input(g, name, role, input->rate, input->shape),
            ir_const(g, ir_shape_of(1, 2), s ? (const double[]){0, 1} : (const double[]){1, 0})};
        columns[s] =
            ir_ein_labels(g, 1, 2, args, (const unsigned char(*)[IR_MAX_RANK])labels, rank + 1, out, NULL);
    }
    return ir_add2(g, columns[0], columns[1]);
}

/* The graph with further outputs "d.<output>" for outputs of[], along inputs "dot.<input>": the second of a
 * bundle of two, or, for every other graph, by itself. */
static struct ir_graph *with_tangents(const struct ir_graph *from, int n_of, const char *const *of)
{
    struct ir_graph *g = ir_graph_new(from->arena, "forward");
    const size_t n = (size_t)from->n_nodes;
    const bool is_single = n % 2;
    const struct ir_node **map = ARENA_ARRAY(g->arena, const struct ir_node *, n);
    const struct ir_node *wrt[N_INPUTS], *seeds[N_INPUTS];
    for (int i = 0; i < from->n_inputs; i++) {
        const struct ir_node *in = from->inputs[i];
        map[in->id] = ir_input(g, in->input.name, in->input.role, in->rate, in->shape);
    }
    for (int w = 0; w < N_INPUTS; w++) {
        wrt[w] = ir_input_find(g, all_inputs[w]);
        seeds[w] = is_single ? dot_input(g, wrt[w]) : two_columns(g, wrt[w]);
    }
    const struct ir_node **outs = ARENA_ARRAY(g->arena, const struct ir_node *, (size_t)from->n_outputs);
    for (int k = 0; k < from->n_outputs; k++) {
        outs[k] = from->outputs[k].value;
        ir_copy_into(g, from, 1, &outs[k], map);
        outs[k] = map[outs[k]->id];
    }
    const struct ir_node **dots = ARENA_ARRAY(g->arena, const struct ir_node *, (size_t)from->n_outputs);
    const struct ir_node **primal = ARENA_ARRAY(g->arena, const struct ir_node *, (size_t)from->n_outputs);
    diff_forward(g, N_INPUTS, wrt, seeds, is_single ? DIFF_SINGLE : 2, from->n_outputs, outs, dots, primal);
    for (int k = 0; k < from->n_outputs; k++)
        ir_output_add(g, from->outputs[k].name, primal[k]);
    for (int o = 0; o < n_of; o++) {
        int k = 0;
        while (strcmp(from->outputs[k].name, of[o]) != 0)
            k++;
        const struct ir_node *dot = dots[k] ? dots[k] : ir_fill(g, 0, outs[k]->shape);
        if (dots[k] && !is_single)
            dot = ir_pick(g, dots[k], dots[k]->shape.rank - 1, 1);
        ir_output_add(g, arena_printf(g->arena, "d.%s", of[o]), dot);
    }
    return g;
}

/* ---- properties ---------------------------------------------------------------------------------------- */

static const enum diff_keep policies[] = {DIFF_KEEP_STATE, DIFF_KEEP_ALL, (enum diff_keep)18};
enum { POLICIES = sizeof policies / sizeof policies[0] };

/* Gradients of `of` against differences, by all policies; passes change none. */
static bool gradient_agrees(const struct fixture *f, const struct ir_graph *g, const char *of,
                            double tolerance)
{
    const char *prefix = next_prefix(g), *fault;
    const double expected = fixture_difference(f, g, of);
    bool good = true;
    const struct ir_graph *d[POLICIES];
    for (int k = 0; k < POLICIES && good; k++) {
        d[k] = diff_reverse(g, "reverse", of, f->n_wrt, f->wrt, policies[k]);
        good = is_sound("reverse", d[k]) &&
               is_close("differences", fixture_gap(fixture_slope(f, d[k], prefix), expected), tolerance);
    }
    const struct ir_graph *passed = good ? pass_run(d[0], false, &fault, NULL, NULL) : NULL;
    if (good && !passed)
        printf("%s\n", fault);
    return good && passed && is_close("policies", fixture_distance(f, d[0], d[1]), 1e-10) &&
           is_close("policies", fixture_distance(f, d[0], d[2]), 1e-10) &&
           is_close("passes", fixture_distance(f, d[0], passed), 1e-10) &&
           is_close("outputs", fixture_distance(f, g, d[0]), 1e-13);
}

static bool reverse_holds(struct arena *arena, uint64_t seed)
{
    const struct fixture f = fixture_of(seed);
    return gradient_agrees(&f, program(arena, seed, 16, true), "y0", 1e-6);
}

static bool dots_agree(const struct fixture *f, const struct ir_graph *g, int n_of, const char *const *of)
{
    const struct ir_graph *forward = with_tangents(g, n_of, of);
    bool good = is_sound("forward", forward) && is_close("primal", fixture_distance(f, g, forward), 1e-13);
    for (int k = 0; k < POLICIES && good; k++) {
        const struct ir_graph *pullback = diff_pullback(g, "back", n_of, of, f->n_wrt, f->wrt, policies[k]);
        good = is_sound("pullback", pullback) &&
               is_close("forward against reverse",
                        fixture_dot_gap(f, forward, pullback, next_prefix(g), n_of, of), 1e-9);
    }
    return good;
}

static bool dot_holds(struct arena *arena, uint64_t seed)
{
    const struct fixture f = fixture_of(seed);
    const struct ir_graph *g = program(arena, seed, 20, seed % 2 == 0);
    const char *of[4];
    for (int k = 0; k < g->n_outputs; k++)
        of[k] = g->outputs[k].name;
    return dots_agree(&f, g, g->n_outputs, of);
}

static bool reverse_of_forward_holds(struct arena *arena, uint64_t seed)
{
    const struct fixture f = fixture_of(seed);
    const char *const of[] = {"y0"};
    return gradient_agrees(&f, with_tangents(program(arena, seed, 12, true), 1, of), "d.y0", 1e-6);
}

static bool reverse_of_reverse_of_forward_holds(struct arena *arena, uint64_t seed)
{
    const struct fixture f = fixture_of(seed);
    const char *const of[] = {"y0"};
    const struct ir_graph *forward = with_tangents(program(arena, seed, 8, true), 1, of);
    const struct ir_graph *reverse = diff_reverse(forward, "reverse", "d.y0", N_INPUTS, all_inputs,
                                                  seed % 2 ? DIFF_KEEP_ALL : DIFF_KEEP_STATE);
    return gradient_agrees(&f, reverse, seed % 3 ? "grad.W" : "grad.x", 1e-5);
}

static bool forward_of_reverse_holds(struct arena *arena, uint64_t seed)
{
    const struct fixture f = fixture_of(seed);
    const char *const of[] = {"grad.W", "grad.x", "grad.b"};
    const enum diff_keep keep = seed % 2 ? DIFF_KEEP_ALL : DIFF_KEEP_STATE;
    const struct ir_graph *reverse =
        diff_reverse(program(arena, seed, 10, seed % 2 == 0), "reverse", "y0", N_INPUTS, all_inputs, keep);
    return dots_agree(&f, reverse, 3, of);
}

/* Within one graph, against the transform of it. */
static bool backward_holds(struct arena *arena, uint64_t seed)
{
    const struct fixture f = fixture_of(seed);
    const struct random_options options = {.nodes = 16, .smooth = seed % 2 == 0};
    struct ir_graph *g = random_program(arena, seed, &options);
    if (random_has_totals(g))
        return true;
    const struct ir_graph *reverse = diff_reverse(g, "reverse", "y0", N_INPUTS, all_inputs, DIFF_KEEP_ALL);
    const struct ir_node *x = ir_input_find(g, "x"), *y = ir_output_find(g, "y0");
    const struct ir_node *gradient = diff_backward(g, y, ir_fill(g, 1.0, y->shape), x);
    ir_output_add(g, "grad.x", gradient ? gradient : ir_fill(g, 0.0, x->shape));
    return is_sound("backward", g) && is_close("transform", fixture_distance(&f, g, reverse), 1e-12);
}

static void reverse(void)
{
    for_seeds("reverse", 400, reverse_holds);
}
static void backward(void)
{
    for_seeds("backward", 400, backward_holds);
}
static void forward_against_reverse(void)
{
    for_seeds("forward against", 400, dot_holds);
}
static void reverse_of_forward(void)
{
    for_seeds("reverse of forward", 200, reverse_of_forward_holds);
}
static void forward_of_reverse(void)
{
    for_seeds("forward of reverse", 200, forward_of_reverse_holds);
}
static void reverse_of_both(void)
{
    for_seeds("reverse of reverse", 150, reverse_of_reverse_of_forward_holds);
}

static const struct check_case cases[] = {
    {"reverse", reverse},
    {"backward", backward},
    {"forward against", forward_against_reverse},
    {"reverse of forward", reverse_of_forward},
    {"forward of reverse", forward_of_reverse},
    {"reverse of reverse of forward", reverse_of_both},
};

int main(void)
{
    return check_main("diff of random programs", cases, CHECK_COUNT(cases));
}
