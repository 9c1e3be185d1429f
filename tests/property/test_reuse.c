/* SPDX-License-Identifier: MIT
 *
 * g (r + h sum_j y_j U_j) read as g r + h sum_j y_j T_j with T_j = g U_j: where it is done, where it would
 * cost something and is not, and that values stay as they are. */
#include "check.h"
#include "diff/diff_internal.h"
#include "diff_fixture.h"

static const struct fixture numbers = {.batch = 3, .seed = 11};

/* g [4], U [4,3], T = g U: a forward part; r, h [4], y [4,3]: what the backward part has besides. */
struct parts {
    struct ir_graph *graph;
    const struct ir_node *g, *U, *T, *r, *h, *y;
    int n_forward;
    const struct ir_node *roots[3]; /* of the backward part; the first is the product with g */
};

static const struct ir_node *sample(struct ir_graph *graph, const char *name, int rank)
{
    const struct ir_shape shape = rank == 1 ? ir_shape_of(1, 4) : ir_shape_of(2, 4, 3);
    return ir_input(graph, name, IR_SAMPLE, IR_VARYING, shape);
}

static struct parts parts_of(struct arena *arena, bool uniform)
{
    struct parts p = {.graph = ir_graph_new(arena, "parts")};
    p.g = sample(p.graph, "g", 1), p.r = sample(p.graph, "r", 1), p.h = sample(p.graph, "h", 1);
    p.y = sample(p.graph, "y", 2);
    p.U = uniform ? ir_input(p.graph, "U", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 4, 3))
                  : sample(p.graph, "U", 2);
    p.T = ir_ein(p.graph, 1.0, "ij,i->ij", p.U, p.g);
    p.n_forward = p.graph->n_nodes;
    return p;
}

static const struct ir_node *sum_with(const struct parts *p, const struct ir_node *U)
{
    const struct ir_node *dots = ir_ein(p->graph, 1.0, "ij,ij->i", U, p->y);
    return ir_ein(p->graph, -2.0, "i,i->i", p->h, dots);
}

static const struct ir_node *times_g(const struct parts *p, const struct ir_node *sum)
{
    return ir_ein(p->graph, 1.0, "i,i->i", p->g, sum);
}

static const struct ir_node *reader_of(const struct parts *p, const struct ir_node *value)
{
    return ir_ein(p->graph, 1.0, "ij,i->ij", value, p->r);
}

/* ---- backward parts ------------------------------------------------------------------------------------ */

static void one_of_two_terms(struct parts *p)
{
    p->roots[0] = times_g(p, ir_add2(p->graph, p->r, sum_with(p, p->U)));
    p->roots[1] = reader_of(p, p->T);
}

/* Two products of half g in place of one. */
static void scaled(struct parts *p)
{
    const struct ir_node *sum = ir_add2(p->graph, p->r, sum_with(p, p->U));
    p->roots[0] = ir_ein(p->graph, 0.5, "i,i->i", p->g, sum);
    p->roots[1] = reader_of(p, p->T);
}

static void only_term(struct parts *p)
{
    p->roots[0] = times_g(p, sum_with(p, p->U));
    p->roots[1] = reader_of(p, p->T);
}

static void all_of_three_terms(struct parts *p)
{
    const struct ir_node *square = ir_ein(p->graph, 1.0, "ij,ij,i->i", p->y, p->U, p->r);
    const struct ir_node *const terms[] = {sum_with(p, p->U), square, ir_ein(p->graph, 3.0, "ij->i", p->U)};
    p->roots[0] = times_g(p, ir_add(p->graph, 3, terms));
    p->roots[1] = reader_of(p, p->T);
}

static void sum_of_sums(struct parts *p)
{
    const struct ir_node *inner = ir_add2(p->graph, ir_ein(p->graph, 1.0, "ij->i", p->U), sum_with(p, p->U));
    p->roots[0] = times_g(p, ir_add2(p->graph, p->r, ir_ein(p->graph, 1.0, "i,i->i", p->h, inner)));
    p->roots[1] = reader_of(p, p->T);
}

/* A part of the forward part needs T, so that it is computed anyhow. */
static void needed_by_others(struct parts *p)
{
    const struct ir_node *above = ir_unary(p->graph, IR_EXP, p->T);
    p->n_forward = p->graph->n_nodes;
    p->roots[0] = times_g(p, ir_add2(p->graph, p->r, sum_with(p, p->U)));
    p->roots[1] = reader_of(p, above);
}

static void needed_by_others_and_read_twice(struct parts *p)
{
    needed_by_others(p);
    p->roots[2] = reader_of(p, p->U);
}

static void not_needed(struct parts *p)
{
    p->roots[0] = times_g(p, ir_add2(p->graph, p->r, sum_with(p, p->U)));
}

static void sum_read_twice(struct parts *p)
{
    const struct ir_node *sum = ir_add2(p->graph, p->r, sum_with(p, p->U));
    p->roots[0] = times_g(p, sum);
    p->roots[1] = reader_of(p, p->T);
    p->roots[2] = ir_ein(p->graph, 1.0, "i,i->i", p->h, sum);
}

static void dots_read_twice(struct parts *p)
{
    p->roots[2] = ir_ein(p->graph, 1.0, "ij,ij->i", p->U, p->y);
    one_of_two_terms(p);
}

/* Sums over the axis of g, which g must not enter. */
static void other_axis(struct parts *p)
{
    const struct ir_node *columns = ir_ein(p->graph, 1.0, "ij,ij->j", p->U, p->y);
    p->roots[0] = ir_ein(p->graph, 1.0, "i,j->ij", p->g, columns);
    p->roots[1] = reader_of(p, p->T);
}

/* g f would be one multiplication more, of [4]. */
static void three_factors(struct parts *p)
{
    p->roots[0] = ir_ein(p->graph, 1.0, "i,i,i->i", p->g, p->h, ir_add2(p->graph, p->r, sum_with(p, p->U)));
    p->roots[1] = reader_of(p, p->T);
}

struct reuse_case {
    const char *name;
    void (*build)(struct parts *p);
    bool uniform;
    bool reads_U; /* afterwards */
    int saved;    /* multiplications */
    int scalings; /* by a number, which passes make part of a product */
};

static const struct reuse_case reuse_cases[] = {
    {"one of two terms", one_of_two_terms, false, false, 0, 0},
    {"half of it", scaled, false, false, 0, 4},
    {"the only term", only_term, false, false, 4, 0},
    {"all of three terms", all_of_three_terms, false, false, 4, 0},
    {"a sum of sums", sum_of_sums, false, false, 0, 0},
    {"T is computed anyhow", needed_by_others, false, false, 0, 0},
    {"T is computed anyhow, U read anyhow", needed_by_others_and_read_twice, false, true, 0, 0},
    {"T is not needed", not_needed, false, true, 0, 0},
    {"the sum is read twice", sum_read_twice, false, true, 0, 0},
    {"part of the sum is read twice", dots_read_twice, false, true, 0, 0},
    {"along another axis", other_axis, false, true, 0, 0},
    {"three factors", three_factors, false, true, 0, 0},
    {"the same U for all samples", one_of_two_terms, true, true, 0, 0},
};

/* ---- before and after ---------------------------------------------------------------------------------- */

static void add_outputs(struct parts *p)
{
    static const char *const names[] = {"root0", "root1", "root2"};
    for (int i = 0; i < 3; i++)
        if (p->roots[i])
            ir_output_add(p->graph, names[i], p->roots[i]);
}

static bool reads_directly(const struct parts *p, const struct ir_node *value)
{
    bool *needed = ARENA_ARRAY(p->graph->arena, bool, (size_t)p->graph->n_nodes);
    ir_mark_needed(p->graph, needed);
    for (int id = p->n_forward; id < p->graph->n_nodes; id++)
        for (int i = 0; needed[id] && i < p->graph->nodes[id]->n_args; i++)
            if (p->graph->nodes[id]->args[i] == value)
                return true;
    return false;
}

static void rewrites_and_leaves(void)
{
    for (size_t i = 0; i < CHECK_COUNT(reuse_cases); i++) {
        const struct reuse_case *c = &reuse_cases[i];
        struct arena *arena = arena_new();
        struct parts before = parts_of(arena, c->uniform), after = parts_of(arena, c->uniform);
        c->build(&before), c->build(&after);
        diff_reuse_products(after.graph, after.n_forward, 3, after.roots);
        add_outputs(&before), add_outputs(&after);
        CU_ASSERT_PTR_NULL_FATAL(ir_verify(after.graph));
        CU_ASSERT_TRUE(fixture_distance(&numbers, before.graph, after.graph) < 1e-13);
        CU_ASSERT_EQUAL(reads_directly(&after, after.U), c->reads_U);
        const struct ir_count old = ir_count(before.graph), new = ir_count(after.graph);
        CU_ASSERT_EQUAL(old.multiplies - new.multiplies, c->saved);
        CU_ASSERT_TRUE(new.flops <= old.flops + c->scalings);
        if (reads_directly(&after, after.U) != c->reads_U || old.multiplies - new.multiplies != c->saved)
            printf("%s: reads U: %d, saved %g multiplications\n", c->name, reads_directly(&after, after.U),
                   old.multiplies - new.multiplies);
        arena_free(arena);
    }
}

static const struct check_case cases[] = {
    {"rewrites and leaves", rewrites_and_leaves},
};

int main(void)
{
    return check_main("reuse", cases, CHECK_COUNT(cases));
}
