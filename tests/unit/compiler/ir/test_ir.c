/* SPDX-License-Identifier: MIT
 *
 * The constructors of the IR: what they simplify, what they leave unchanged, and that equal nodes are one
 * node. Whether a simplified product still has its value is checked with loops that know nothing of
 * simplification. */
#include "check.h"
#include "ir/ir.h"
#include "property/random_program.h"

#include <math.h>

/* Nodes of an empty graph with a few inputs. */
struct fixture {
    struct arena *arena;
    struct ir_graph *g;
    const struct ir_node *W; /* [3,2] uniform */
    const struct ir_node *x; /* [2] varying   */
    const struct ir_node *y; /* [3] varying   */
    const struct ir_node *s; /* [] varying    */
    const struct ir_node *A; /* [3,3] varying */
};

static struct fixture set_up(void)
{
    struct fixture f = {.arena = arena_new()};
    f.g = ir_graph_new(f.arena, "test");
    f.W = ir_input(f.g, "W", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 3, 2));
    f.x = ir_input(f.g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 2));
    f.y = ir_input(f.g, "y", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 3));
    f.s = ir_input(f.g, "s", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    f.A = ir_input(f.g, "A", IR_SAMPLE, IR_VARYING, ir_shape_of(2, 3, 3));
    return f;
}

static void tear_down(struct fixture *f)
{
    CU_ASSERT_PTR_NULL(ir_verify(f->g));
    arena_free(f->arena);
}

/* ---- shapes and the table ------------------------------------------------------------------------------ */

static void shapes(void)
{
    CU_ASSERT_EQUAL(ir_elements(ir_shape_of(0)), 1);
    CU_ASSERT_EQUAL(ir_elements(ir_shape_of(3, 2, 3, 4)), 24);
    CU_ASSERT_TRUE(ir_shape_equal(ir_shape_of(2, 3, 4), ir_shape_of(2, 3, 4)));
    CU_ASSERT_FALSE(ir_shape_equal(ir_shape_of(2, 3, 4), ir_shape_of(2, 4, 3)));
    CU_ASSERT_FALSE(ir_shape_equal(ir_shape_of(1, 3), ir_shape_of(2, 3, 1)));
}

static void equal_nodes_are_one(void)
{
    struct fixture f = set_up();
    const struct ir_node *a = ir_unary(f.g, IR_TANH, ir_ein(f.g, 1, "ij,j->i", f.W, f.x));
    for (int i = 0; i < 300; i++) /* more than one growth of the table */
        (void)ir_fill(f.g, i, ir_shape_of(1, 7));
    const int n = f.g->n_nodes;
    CU_ASSERT_PTR_EQUAL(a, ir_unary(f.g, IR_TANH, ir_ein(f.g, 1, "ab,b->a", f.W, f.x)));
    CU_ASSERT_PTR_EQUAL(a, ir_unary(f.g, IR_TANH, ir_ein(f.g, 1, "q,pq->p", f.x, f.W)));
    CU_ASSERT_EQUAL(f.g->n_nodes, n);
    CU_ASSERT_PTR_NOT_EQUAL(ir_clamp(f.g, f.s, 0, 1), ir_clamp(f.g, f.s, 0, 2));
    CU_ASSERT_PTR_EQUAL(ir_clamp(f.g, f.s, 0, 1), ir_clamp(f.g, f.s, 0, 1));
    CU_ASSERT_PTR_NOT_EQUAL(ir_clamp(f.g, f.s, 0, 1), ir_inside(f.g, f.s, 0, 1));
    tear_down(&f);
}

static void rates_follow(void)
{
    struct fixture f = set_up();
    CU_ASSERT_EQUAL(ir_fill(f.g, 2, ir_shape_of(0))->rate, IR_CONSTANT);
    CU_ASSERT_EQUAL(ir_scale(f.g, 2, f.W)->rate, IR_UNIFORM);
    CU_ASSERT_EQUAL(ir_ein(f.g, 1, "ij,j->i", f.W, f.x)->rate, IR_VARYING);
    CU_ASSERT_EQUAL(ir_bsum(f.g, f.x)->rate, IR_UNIFORM);
    CU_ASSERT_EQUAL(ir_sub(f.g, f.x, f.x)->rate, IR_CONSTANT);
    tear_down(&f);
}

static void inputs_and_outputs_have_names(void)
{
    struct fixture f = set_up();
    ir_output_add(f.g, "out", f.x);
    CU_ASSERT_PTR_EQUAL(ir_input_find(f.g, "W"), f.W);
    CU_ASSERT_PTR_NULL(ir_input_find(f.g, "w"));
    CU_ASSERT_PTR_EQUAL(ir_output_find(f.g, "out"), f.x);
    CU_ASSERT_PTR_NULL(ir_output_find(f.g, "x"));
    tear_down(&f);
}

/* ---- ein ----------------------------------------------------------------------------------------------- */

static void identities_give_the_operand(void)
{
    struct fixture f = set_up();
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij->ij", f.W), f.W);
    CU_ASSERT_PTR_EQUAL(ir_scale(f.g, 1, f.W), f.W);
    CU_ASSERT_PTR_EQUAL(ir_scale(f.g, 0.5, ir_scale(f.g, 2, f.W)), f.W);
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij->ji", ir_ein(f.g, 1, "ij->ji", f.W)), f.W);
    CU_ASSERT_PTR_NOT_EQUAL(ir_ein(f.g, 1, "ij->ji", f.A), f.A);
    tear_down(&f);
}

static void zeros_spread(void)
{
    struct fixture f = set_up();
    const struct ir_node *zero = ir_fill(f.g, 0, ir_shape_of(2, 3, 2));
    CU_ASSERT_TRUE(ir_is_zero(ir_ein(f.g, 1, "ij,j->i", zero, f.x)));
    CU_ASSERT_TRUE(ir_is_zero(ir_scale(f.g, 0, f.A)));
    CU_ASSERT_TRUE(ir_is_zero(ir_scale(f.g, -0.0, f.A)));
    CU_ASSERT_PTR_EQUAL(ir_fill(f.g, -0.0, ir_shape_of(2, 3, 2)), zero);
    CU_ASSERT_FALSE(ir_is_zero(ir_fill(f.g, 1, ir_shape_of(0))));
    tear_down(&f);
}

static void views_are_absorbed(void)
{
    struct fixture f = set_up();
    const struct ir_node *transposed = ir_ein(f.g, 3, "ij->ji", f.W);
    const struct ir_node *product = ir_ein(f.g, 2, "ji,j->i", transposed, f.x);
    CU_ASSERT_PTR_EQUAL(product, ir_ein(f.g, 6, "ij,j->i", f.W, f.x));
    const struct ir_node *spread = ir_broadcast(f.g, f.y, "i->ij", ir_shape_of(2, 3, 3));
    CU_ASSERT_PTR_EQUAL(ir_mul(f.g, spread, f.A), ir_ein(f.g, 1, "i,ij->ij", f.y, f.A));
    const struct ir_node *diagonal = ir_ein(f.g, 1, "ii->i", f.A);
    CU_ASSERT_PTR_EQUAL(ir_mul(f.g, diagonal, f.y), ir_ein(f.g, 1, "ii,i->i", f.A, f.y));
    tear_down(&f);
}

static void products_within_products_stay(void)
{
    struct fixture f = set_up();
    const struct ir_node *inner = ir_ein(f.g, 1, "ij,j->i", f.W, f.x);
    const struct ir_node *outer = ir_ein(f.g, 2, "i,i->i", inner, f.y);
    CU_ASSERT_EQUAL(outer->n_args, 2);
    CU_ASSERT_PTR_EQUAL(outer->args[1], inner);
    tear_down(&f);
}

static void fills_are_absorbed(void)
{
    struct fixture f = set_up();
    const struct ir_node *fill = ir_fill(f.g, 5, ir_shape_of(2, 3, 4));
    const struct ir_node *node = ir_ein(f.g, 1, "i,ij->i", f.y, fill); /* the sum over j counts 4 */
    CU_ASSERT_PTR_EQUAL(node, ir_scale(f.g, 20, f.y));
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij->", fill), ir_fill(f.g, 60, ir_shape_of(0)));
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij,jk->", fill, ir_fill(f.g, 1, ir_shape_of(2, 4, 2))),
                        ir_fill(f.g, 120, ir_shape_of(0)));
    tear_down(&f);
}

static void identity_matrices_vanish(void)
{
    struct fixture f = set_up();
    const struct ir_node *eye3 = ir_eye(f.g, 3), *eye2 = ir_eye(f.g, 2);
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij,jk->ik", f.W, eye2), f.W);
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij,jk,kl->il", eye3, eye3, f.W), f.W);
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij,ij->i", f.A, eye3), ir_ein(f.g, 1, "ii->i", f.A));
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ii->", eye3), ir_fill(f.g, 3, ir_shape_of(0)));
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij->", eye3), ir_fill(f.g, 3, ir_shape_of(0)));
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij->i", eye3), ir_fill(f.g, 1, ir_shape_of(1, 3)));
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij,k->ik", eye3, f.y),
                        ir_ein(f.g, 1, "i,k->ik", ir_fill(f.g, 1, f.y->shape), f.y));
    tear_down(&f);
}

static void identity_matrices_of_the_result_stay(void)
{
    struct fixture f = set_up();
    const struct ir_node *eye = ir_eye(f.g, 3);
    const struct ir_node *node = ir_ein(f.g, 1, "i,ij->ij", f.y, eye);
    CU_ASSERT_EQUAL(node->n_args, 2);
    CU_ASSERT_PTR_EQUAL(node, ir_ein(f.g, 1, "i,ji->ij", f.y, eye));
    CU_ASSERT_PTR_EQUAL(node, ir_ein(f.g, 1, "i,ji,ij->ij", f.y, eye, eye));
    CU_ASSERT_EQUAL(ir_scale(f.g, 2, eye)->op, IR_EIN); /* no dense constant */
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij->ji", eye), eye);
    CU_ASSERT_PTR_EQUAL(ir_eye(f.g, 1), ir_fill(f.g, 1, ir_shape_of(2, 1, 1)));
    tear_down(&f);
}

static void products_are_multisets(void)
{
    struct fixture f = set_up();
    const struct ir_node *square = ir_mul(f.g, f.y, f.y);
    CU_ASSERT_EQUAL(square->n_args, 2);
    CU_ASSERT_EQUAL(ir_ein(f.g, 1, "i,i,i->", f.y, f.y, f.y)->n_args, 3);
    tear_down(&f);
}

static void names_and_order_of_factors_do_not_matter(void)
{
    struct fixture f = set_up();
    const struct ir_node *a = ir_ein(f.g, 1, "ij,jk,k->i", f.A, f.A, f.y);
    CU_ASSERT_PTR_EQUAL(a, ir_ein(f.g, 1, "r,qr,pq->p", f.y, f.A, f.A));
    CU_ASSERT_PTR_NOT_EQUAL(a, ir_ein(f.g, 1, "ij,kj,k->i", f.A, f.A, f.y));
    const struct ir_node *form = ir_ein(f.g, 1, "i,ij,j->", f.y, f.A, f.y);
    CU_ASSERT_PTR_EQUAL(form, ir_ein(f.g, 1, "b,a,ba->", f.y, f.y, f.A));
    CU_ASSERT_PTR_EQUAL(form, ir_ein(f.g, 1, "j,ij,i->", f.y, f.A, f.y));
    tear_down(&f);
}

/* More repeats than orders are tried: still the same whatever the order of the operands. */
static void many_repeats(void)
{
    struct fixture f = set_up();
    const struct ir_node *power = ir_ein(f.g, 1, "i,i,i,i,i,i->i", f.y, f.y, f.y, f.y, f.y, f.y);
    CU_ASSERT_EQUAL(power->n_args, 6);
    CU_ASSERT_PTR_EQUAL(power, ir_ein(f.g, 1, "q,q,q,q,q,q->q", f.y, f.y, f.y, f.y, f.y, f.y));
    const struct ir_node *chain = ir_ein(f.g, 1, "ab,bc,cd,de,ef->af", f.A, f.A, f.A, f.A, f.A);
    CU_ASSERT_PTR_EQUAL(chain, ir_ein(f.g, 1, "ef,bc,ab,de,cd->af", f.A, f.A, f.A, f.A, f.A));
    tear_down(&f);
}

static void axes_of_one_are_free(void)
{
    struct fixture f = set_up();
    const struct ir_node *column = ir_broadcast(f.g, f.y, "i->ij", ir_shape_of(2, 3, 1));
    CU_ASSERT_PTR_EQUAL(ir_ein(f.g, 1, "ij->i", column), f.y);
    CU_ASSERT_PTR_EQUAL(ir_pick(f.g, column, 1, 0), f.y);
    const struct ir_node *v = ir_input(f.g, "v", IR_SAMPLE, IR_VARYING, ir_shape_of(3, 3, 1, 1));
    const struct ir_node *flat = ir_pick(f.g, ir_pick(f.g, v, 2, 0), 1, 0);
    CU_ASSERT_EQUAL(flat->n_args, 1);
    CU_ASSERT_PTR_EQUAL(flat->args[0], v);
    CU_ASSERT_EQUAL(flat->ein.n_labels, 2);
    CU_ASSERT_PTR_EQUAL(ir_mul(f.g, flat, f.y), ir_ein(f.g, 1, "iab,i->i", v, f.y));
    tear_down(&f);
}

/* Sixteen labels, and a view that would bring one more: it must stay what it is. */
static void labels_do_not_overflow(void)
{
    struct fixture f = set_up();
    const struct ir_shape shape = ir_shape_of(6, 2, 2, 2, 2, 2, 2);
    const struct ir_node *a = ir_input(f.g, "a", IR_SAMPLE, IR_VARYING, shape);
    const struct ir_node *b = ir_input(f.g, "b", IR_SAMPLE, IR_VARYING, shape);
    const struct ir_node *c = ir_input(f.g, "c", IR_SAMPLE, IR_VARYING, ir_shape_of(5, 2, 2, 2, 2, 1));
    const struct ir_node *view = ir_ein(f.g, 1, "abcde->abcd", c);
    const struct ir_node *node = ir_ein(f.g, 1, "abcdef,ghijkl,mnop->", a, b, view);
    CU_ASSERT_EQUAL(node->ein.n_labels, 16);
    CU_ASSERT_PTR_EQUAL(node->args[2], view);
    const struct ir_node *fewer = ir_ein(f.g, 1, "abcdef,ghijkl,mnol->", a, b, view);
    CU_ASSERT_EQUAL(fewer->ein.n_labels, 16);
    CU_ASSERT_PTR_EQUAL(fewer->args[2], c);
    tear_down(&f);
}

/* ---- add ----------------------------------------------------------------------------------------------- */

static void like_terms_are_collected(void)
{
    struct fixture f = set_up();
    CU_ASSERT_TRUE(ir_is_zero(ir_sub(f.g, f.A, f.A)));
    const struct ir_node *five = ir_add2(f.g, ir_scale(f.g, 2, f.y), ir_scale(f.g, 3, f.y));
    CU_ASSERT_PTR_EQUAL(five, ir_scale(f.g, 5, f.y));
    const struct ir_node *p = ir_ein(f.g, 2, "ij,j->i", f.W, f.x), *q = ir_ein(f.g, -2, "ij,j->i", f.W, f.x);
    CU_ASSERT_TRUE(ir_is_zero(ir_add2(f.g, p, q)));
    const struct ir_node *h = ir_unary(f.g, IR_TANH, p);
    CU_ASSERT_PTR_EQUAL(ir_add2(f.g, ir_sub(f.g, h, f.y), f.y), ir_add2(f.g, ir_sub(f.g, h, f.y), f.y));
    const struct ir_node *const terms[4] = {h, f.y, ir_scale(f.g, -1, f.y), h};
    CU_ASSERT_PTR_EQUAL(ir_add(f.g, 4, terms), ir_scale(f.g, 2, h));
    const struct ir_node *const twice[3] = {ir_scale(f.g, 4, p), q, ir_scale(f.g, -1, p)};
    CU_ASSERT_PTR_EQUAL(ir_add(f.g, 3, twice), ir_scale(f.g, 4, ir_ein(f.g, 1, "ij,j->i", f.W, f.x)));
    tear_down(&f);
}

static void terms_have_a_unique_order(void)
{
    struct fixture f = set_up();
    const struct ir_node *h = ir_unary(f.g, IR_EXP, f.y);
    const struct ir_node *const one[3] = {h, f.y, ir_fill(f.g, 1, f.y->shape)};
    const struct ir_node *const two[3] = {one[2], h, f.y};
    const struct ir_node *sum = ir_add(f.g, 3, one);
    CU_ASSERT_PTR_EQUAL(sum, ir_add(f.g, 3, two));
    CU_ASSERT_TRUE(sum->args[0]->id < sum->args[1]->id && sum->args[1]->id < sum->args[2]->id);
    CU_ASSERT_PTR_EQUAL(ir_add(f.g, 1, &h), h);
    CU_ASSERT_PTR_EQUAL(ir_add2(f.g, h, ir_fill(f.g, 0, f.y->shape)), h);
    tear_down(&f);
}

static void sums_of_constants_are_constants(void)
{
    struct fixture f = set_up();
    const double values[3] = {1, 2, 4}, minus[3] = {-3, -4, -6};
    const struct ir_node *c = ir_const(f.g, f.y->shape, values);
    const struct ir_node *sum = ir_add2(f.g, c, ir_fill(f.g, 2, f.y->shape));
    CU_ASSERT_EQUAL_FATAL(sum->op, IR_CONST);
    CU_ASSERT_EQUAL(sum->values[2], 6);
    CU_ASSERT_TRUE(ir_is_zero(ir_add2(f.g, sum, ir_const(f.g, f.y->shape, minus))));
    const struct ir_node *const terms[3] = {sum, f.y, ir_const(f.g, f.y->shape, minus)};
    CU_ASSERT_PTR_EQUAL(ir_add(f.g, 3, terms), f.y);
    tear_down(&f);
}

/* ---- constants and functions --------------------------------------------------------------------------- */

static void constants_fold(void)
{
    struct fixture f = set_up();
    const double values[6] = {1, 2, 3, 4, 5, 6}, equal[3] = {7, 7, 7}, eye[4] = {1, 0, 0, 1};
    const struct ir_node *c = ir_const(f.g, ir_shape_of(2, 3, 2), values);
    CU_ASSERT_PTR_EQUAL(ir_const(f.g, ir_shape_of(1, 3), equal), ir_fill(f.g, 7, ir_shape_of(1, 3)));
    CU_ASSERT_PTR_EQUAL(ir_const(f.g, ir_shape_of(2, 2, 2), eye), ir_eye(f.g, 2));
    const struct ir_node *gram = ir_ein(f.g, 1, "ji,jk->ik", c, c);
    CU_ASSERT_EQUAL_FATAL(gram->op, IR_CONST);
    CU_ASSERT_EQUAL(gram->values[1], 1 * 2 + 3 * 4 + 5 * 6);
    CU_ASSERT_EQUAL(ir_ein(f.g, 1, "ij->", c)->ein.coefficient, 21);
    CU_ASSERT_EQUAL(ir_unary(f.g, IR_SQRT, c)->values[3], 2);
    CU_ASSERT_EQUAL(ir_broadcast(f.g, c, "ij->ijk", ir_shape_of(3, 3, 2, 4))->op, IR_EIN); /* stays short */
    tear_down(&f);
}

static void functions_of_fills_are_fills(void)
{
    struct fixture f = set_up();
    const struct ir_shape large = ir_shape_of(2, 4096, 4096);
    CU_ASSERT_PTR_EQUAL(ir_unary(f.g, IR_COS, ir_fill(f.g, 0, large)), ir_fill(f.g, 1, large));
    CU_ASSERT_TRUE(ir_is_zero(ir_unary(f.g, IR_TANH, ir_fill(f.g, 0, large))));
    CU_ASSERT_PTR_EQUAL(ir_clamp(f.g, ir_fill(f.g, 3, large), 0, 2), ir_fill(f.g, 2, large));
    CU_ASSERT_TRUE(ir_is_zero(ir_inside(f.g, ir_fill(f.g, 3, large), 0, 2)));
    const struct ir_node *nan = ir_unary(f.g, IR_LOG, ir_fill(f.g, -1, ir_shape_of(0)));
    CU_ASSERT_TRUE(isnan(nan->ein.coefficient));
    CU_ASSERT_PTR_EQUAL(nan, ir_unary(f.g, IR_LOG, ir_fill(f.g, -1, ir_shape_of(0))));
    tear_down(&f);
}

/* ---- select -------------------------------------------------------------------------------------------- */

static void entries_are_put_in_order(void)
{
    struct fixture f = set_up();
    const struct ir_entry messy[5] = {{1, 2, 1}, {0, 1, 2}, {1, 0, 3}, {0, 1, 1}, {1, 1, 0}};
    const struct ir_entry tidy[3] = {{0, 1, 3}, {1, 0, 3}, {1, 2, 1}};
    const int lead = 2;
    const struct ir_node *a = ir_select(f.g, f.y, 0, 1, &lead, 5, messy);
    CU_ASSERT_PTR_EQUAL(a, ir_select(f.g, f.y, 0, 1, &lead, 3, tidy));
    CU_ASSERT_EQUAL(a->select.n_entries, 3);
    const struct ir_entry cancel[2] = {{0, 0, 1}, {0, 0, -1}};
    CU_ASSERT_TRUE(ir_is_zero(ir_select(f.g, f.y, 0, 1, &lead, 2, cancel)));
    CU_ASSERT_TRUE(ir_is_zero(ir_select(f.g, f.y, 0, 1, &lead, 0, NULL)));
    tear_down(&f);
}

static void slices(void)
{
    struct fixture f = set_up();
    CU_ASSERT_PTR_EQUAL(ir_slice(f.g, f.A, 1, 0, 3), f.A);
    CU_ASSERT_TRUE(ir_shape_equal(ir_slice(f.g, f.A, 1, 1, 2)->shape, ir_shape_of(2, 3, 2)));
    CU_ASSERT_TRUE(ir_shape_equal(ir_pick(f.g, f.W, 0, 2)->shape, ir_shape_of(1, 2)));
    const int lead[2] = {2, 2};
    const struct ir_entry entries[2] = {{1, 0, 1}, {2, 0, -1}};
    const struct ir_node *pairs = ir_select(f.g, f.A, 0, 2, lead, 2, entries);
    CU_ASSERT_TRUE(ir_shape_equal(pairs->shape, ir_shape_of(3, 2, 2, 3)));
    CU_ASSERT_TRUE(ir_is_zero(ir_slice(f.g, ir_fill(f.g, 0, f.A->shape), 0, 1, 1)));
    tear_down(&f);
}

/* ---- loops and copies ---------------------------------------------------------------------------------- */

/* carry' = carry + scale * slice; a second carry that does not change; stacks the carry and zero; sums the
 * slice */
static const struct ir_node *make_loop(struct fixture *f, struct ir_steps *steps)
{
    struct ir_graph *body = ir_graph_new(f->arena, "body");
    const struct ir_node *c = ir_input(body, "c", IR_CARRY, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *k = ir_input(body, "k", IR_CARRY, IR_VARYING, ir_shape_of(1, 2));
    const struct ir_node *q = ir_input(body, "q", IR_SEQUENCE, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *s = ir_input(body, "s", IR_CAPTURE, IR_VARYING, ir_shape_of(0));
    ir_output_add(body, "c", ir_add2(body, c, ir_ein(body, 1, ",i->i", s, q)));
    ir_output_add(body, "k", k);
    ir_output_add(body, "before", c);
    ir_output_add(body, "nothing", ir_fill(body, 0, ir_shape_of(1, 4)));
    ir_output_add(body, "sum", q);
    *steps = (struct ir_steps){
        .count = 3, .n_carry = 2, .n_sequence = 1, .n_capture = 1, .n_stack = 2, .n_sum = 1};
    steps->body = body;
    const struct ir_node *const args[4] = {f->y, f->x, f->A, f->s};
    return ir_steps(f->g, steps, args);
}

static void loops_have_results(void)
{
    struct fixture f = set_up();
    struct ir_steps steps;
    const struct ir_node *loop = make_loop(&f, &steps);
    const struct ir_node *const args[4] = {f.y, f.x, f.A, f.s};
    CU_ASSERT_EQUAL(ir_result_count(loop), 5);
    CU_ASSERT_PTR_EQUAL(loop, ir_steps(f.g, &steps, args));
    CU_ASSERT_TRUE(ir_shape_equal(ir_result(f.g, loop, 0)->shape, ir_shape_of(1, 3)));
    CU_ASSERT_PTR_EQUAL(ir_result(f.g, loop, 1), f.x); /* the body hands it on unchanged */
    CU_ASSERT_TRUE(ir_shape_equal(ir_result(f.g, loop, 2)->shape, ir_shape_of(2, 3, 3)));
    CU_ASSERT_TRUE(ir_is_zero(ir_result(f.g, loop, 3)));
    CU_ASSERT_TRUE(ir_shape_equal(ir_result(f.g, loop, 3)->shape, ir_shape_of(2, 3, 4)));
    CU_ASSERT_TRUE(ir_shape_equal(ir_result(f.g, loop, 4)->shape, ir_shape_of(1, 3)));
    steps.backward = true;
    CU_ASSERT_PTR_NOT_EQUAL(loop, ir_steps(f.g, &steps, args));
    tear_down(&f);
}

static void copies_take_what_is_needed(void)
{
    struct fixture f = set_up();
    struct ir_steps steps;
    const struct ir_node *loop = make_loop(&f, &steps);
    const struct ir_node *last = ir_unary(f.g, IR_TANH, ir_result(f.g, loop, 0));
    (void)ir_unary(f.g, IR_EXP, last);
    ir_output_add(f.g, "last", last);
    bool needed[64];
    CU_ASSERT_TRUE_FATAL(f.g->n_nodes <= 64);
    ir_mark_needed(f.g, needed);
    CU_ASSERT_TRUE(needed[last->id] && needed[loop->id] && needed[f.A->id]);
    CU_ASSERT_FALSE(needed[f.W->id] || needed[last->id + 1]);

    struct ir_graph *copy = ir_graph_new(f.arena, "copy");
    const struct ir_node *map[64] = {NULL};
    map[f.y->id] = ir_fill(copy, 0, f.y->shape);
    map[f.x->id] = ir_input(copy, "x", IR_SAMPLE, IR_VARYING, f.x->shape);
    map[f.A->id] = ir_input(copy, "A", IR_SAMPLE, IR_VARYING, f.A->shape);
    map[f.s->id] = ir_input(copy, "s", IR_SAMPLE, IR_VARYING, f.s->shape);
    ir_copy_into(copy, f.g, 1, &last, map);
    CU_ASSERT_EQUAL(map[last->id]->op, IR_TANH);
    CU_ASSERT_PTR_NULL(map[f.W->id]);
    CU_ASSERT_PTR_NULL(map[last->id + 1]);
    CU_ASSERT_PTR_EQUAL(map[loop->id]->steps->body, loop->steps->body);
    CU_ASSERT_PTR_NULL(ir_verify(copy));
    tear_down(&f);
}

/* What is mapped needs no operands: the inputs before it are never visited. */
static void copies_stop_at_mapped_nodes(void)
{
    struct fixture f = set_up();
    const struct ir_node *p = ir_ein(f.g, 1, "ij,j->i", f.W, f.x), *h = ir_unary(f.g, IR_TANH, p);
    struct ir_graph *copy = ir_graph_new(f.arena, "copy");
    const struct ir_node *map[16] = {NULL};
    CU_ASSERT_TRUE_FATAL(f.g->n_nodes <= 16);
    map[p->id] = ir_input(copy, "p", IR_SAMPLE, IR_VARYING, p->shape);
    ir_copy_into(copy, f.g, 1, &h, map);
    CU_ASSERT_PTR_EQUAL(map[h->id], ir_unary(copy, IR_TANH, map[p->id]));
    CU_ASSERT_EQUAL(copy->n_nodes, 2);
    tear_down(&f);
}

/* ---- counts -------------------------------------------------------------------------------------------- */

static void counts(void)
{
    struct fixture f = set_up();
    const struct ir_node *u = ir_ein(f.g, 1, "ij,kj->ik", f.W, f.W); /* uniform: free */
    const struct ir_node *p = ir_ein(f.g, 1, "ij,j->i", u, f.y);     /* 9 multiply-adds */
    ir_output_add(f.g, "h", ir_unary(f.g, IR_TANH, ir_ein(f.g, 1, "ij,jk,k->i", f.A, f.W, f.x))); /* 6 + 9 */
    ir_output_add(f.g, "p", ir_mul(f.g, p, p));                                                   /* 3 */
    const struct ir_count c = ir_count(f.g);
    CU_ASSERT_EQUAL(c.multiplies, 9 + 6 + 9 + 3);
    CU_ASSERT_EQUAL(c.contracted, 9 + 6 + 9);
    CU_ASSERT_EQUAL(c.flops, 2 * (9 + 6 + 9) + 3 + 3 * 20);
    CU_ASSERT_EQUAL(c.nodes, 5 + 5);
    tear_down(&f);
}

/* A product that is made for a sum over the batch is one of its multiply-adds, and so is each of several. */
static void counts_of_sums_over_the_batch(void)
{
    struct fixture f = set_up();
    const struct ir_node *square = ir_ein(f.g, 1, "i,j->ij", f.y, f.y);
    const struct ir_node *cube = ir_ein(f.g, 1, "i,i,j->ij", f.y, f.y, f.y); /* 3 + 9 */
    ir_output_add(f.g, "squares", ir_bsum(f.g, square));
    ir_output_add(f.g, "both", ir_bsum(f.g, ir_add2(f.g, square, cube)));
    ir_output_add(f.g, "y", ir_bsum(f.g, f.y));
    const struct ir_count c = ir_count(f.g);
    CU_ASSERT_EQUAL(c.multiplies, 9 + 3 + 9);
    CU_ASSERT_EQUAL(c.contracted, 9 + (9 + 9));
    tear_down(&f);
}

static void counts_of_matrices(void)
{
    struct fixture f = set_up();
    const struct ir_node *matrix = ir_ein(f.g, 1, "i,j->ij", f.y, f.y);           /* 9 */
    ir_output_add(f.g, "logdet", ir_logdet(f.g, ir_unary(f.g, IR_HOLD, matrix))); /* 27/3 */
    ir_output_add(f.g, "inverse", ir_inverse(f.g, matrix));                       /* 27 */
    const struct ir_count c = ir_count(f.g);
    CU_ASSERT_EQUAL(c.multiplies, 9);
    CU_ASSERT_EQUAL(c.flops, 9 + 9 + 27);
    tear_down(&f);
}

static void functions_of_constant_matrices(void)
{
    struct fixture f = set_up();
    const struct ir_node *four = ir_const(f.g, ir_shape_of(2, 2, 2), (const double[]){4, 0, 0, 0.25});
    const struct ir_node *quarter = ir_const(f.g, ir_shape_of(2, 2, 2), (const double[]){0.25, 0, 0, 4});
    CU_ASSERT_PTR_EQUAL(ir_inverse(f.g, four), quarter);
    CU_ASSERT_TRUE(ir_is_zero(ir_logdet(f.g, four)));
    CU_ASSERT_PTR_EQUAL(ir_inverse(f.g, ir_eye(f.g, 4)), ir_eye(f.g, 4));
    CU_ASSERT_TRUE(ir_is_zero(ir_logdet(f.g, ir_eye(f.g, 4))));
    CU_ASSERT_PTR_EQUAL(ir_unary(f.g, IR_HOLD, ir_eye(f.g, 4)), ir_eye(f.g, 4));
    const struct ir_node *held = ir_unary(f.g, IR_HOLD, f.y);
    CU_ASSERT_PTR_EQUAL(ir_unary(f.g, IR_HOLD, held), held);
    const struct ir_node *rounded = ir_unary(f.g, IR_BFLOAT, held);
    CU_ASSERT_PTR_EQUAL(ir_unary(f.g, IR_BFLOAT, rounded), rounded);
    CU_ASSERT_TRUE(rounded != held && ir_unary(f.g, IR_HOLD, rounded) != rounded);
    tear_down(&f);
}

static void counts_multiply_loops_out(void)
{
    struct fixture f = set_up();
    struct ir_steps steps;
    const struct ir_node *loop = make_loop(&f, &steps);
    ir_output_add(f.g, "c", ir_result(f.g, loop, 0));
    const struct ir_count c = ir_count(f.g);
    CU_ASSERT_EQUAL(c.multiplies, 3 * 3);
    CU_ASSERT_EQUAL(c.flops, 3 * (3 + 3 + 3)); /* product, sum, sum over iterations */
    tear_down(&f);
}

/* ---- simplification keeps the value -------------------------------------------------------------------- */

enum { BATCH = 2 };

struct product {
    int n_args;
    const struct ir_node *args[3];
    unsigned char labels[3][IR_MAX_RANK];
    int n_labels, size[2 * IR_MAX_LABELS];
    int n_out;
    unsigned char out[IR_MAX_RANK];
};

static unsigned next_random(unsigned *state, unsigned n)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % n;
}

static struct product random_product(const struct ir_graph *g, unsigned *state)
{
    struct product p = {.n_args = 1 + (int)next_random(state, 3)};
    for (int k = 0; k < p.n_args; k++) {
        do
            p.args[k] = g->nodes[next_random(state, (unsigned)g->n_nodes)];
        while (p.args[k]->op == IR_STEPS);
        for (int axis = 0; axis < p.args[k]->shape.rank; axis++) {
            int label = (int)next_random(state, (unsigned)p.n_labels + 1);
            if (label == p.n_labels || p.size[label] != p.args[k]->shape.size[axis])
                p.size[label = p.n_labels++] = p.args[k]->shape.size[axis];
            p.labels[k][axis] = (unsigned char)label;
        }
    }
    for (int label = 0; label < p.n_labels && p.n_out < 4; label++)
        if (next_random(state, 2))
            p.out[p.n_out++] = (unsigned char)label;
    return p;
}

static long offset_of(const struct ir_shape shape, const unsigned char *labels, const int *index)
{
    long offset = 0;
    for (int axis = 0; axis < shape.rank; axis++)
        offset = offset * shape.size[axis] + index[labels[axis]];
    return offset;
}

/* All labels counted up together; values[k] is what operand k is for one sample. */
static void direct_product(const struct product *p, struct ir_shape shape, const double *const *values,
                           double *out)
{
    int index[2 * IR_MAX_LABELS] = {0}, label;
    do {
        double factor = 1;
        for (int k = 0; k < p->n_args; k++)
            factor *= values[k][offset_of(p->args[k]->shape, p->labels[k], index)];
        out[offset_of(shape, p->out, index)] += factor;
        for (label = 0; label < p->n_labels && ++index[label] == p->size[label]; label++)
            index[label] = 0;
    } while (label < p->n_labels);
}

static double worst_gap(long n, const double *a, const double *b)
{
    double worst = 0;
    for (long i = 0; i < n; i++) {
        const double gap = fabs(a[i] - b[i]) / (1 + fabs(b[i]));
        worst = gap <= worst ? worst : gap; /* NaN counts */
    }
    return worst;
}

static double product_gap(struct arena *arena, struct ir_graph *g, const struct product *p, unsigned seed)
{
    static const char *const names[3] = {"a0", "a1", "a2"};
    const struct ir_node *node = ir_ein_labels(
        g, 1, p->n_args, p->args, (const unsigned char(*)[IR_MAX_RANK])p->labels, p->n_out, p->out, NULL);
    g->n_outputs = 0;
    for (int k = 0; k < p->n_args; k++)
        ir_output_add(g, names[k], p->args[k]);
    ir_output_add(g, "product", node);
    double **in = random_inputs(arena, g, BATCH, seed), **out = random_outputs(arena, g, BATCH);
    ir_eval(g, BATCH, (const double *const *)in, out);
    double worst = 0;
    const long n = ir_elements(node->shape);
    for (int b = 0; b < BATCH; b++) {
        const double *values[3];
        for (int k = 0; k < p->n_args; k++)
            values[k] = out[k] + (p->args[k]->rate == IR_VARYING ? b * ir_elements(p->args[k]->shape) : 0);
        double *direct = ARENA_ARRAY(arena, double, (size_t)n);
        direct_product(p, node->shape, values, direct);
        const double gap = worst_gap(n, out[p->n_args] + (node->rate == IR_VARYING ? b * n : 0), direct);
        worst = gap <= worst ? worst : gap;
    }
    return worst;
}

static double work_of(const struct product *p)
{
    double work = 1;
    for (int label = 0; label < p->n_labels; label++)
        work *= p->size[label];
    return work;
}

static void simplified_products_keep_their_value(void)
{
    int tried = 0;
    for (unsigned seed = 0; seed < 60; seed++) {
        struct arena *arena = arena_new();
        const struct random_options options = {.nodes = 30, .loops = seed % 4 == 0};
        struct ir_graph *g = random_program(arena, seed, &options);
        unsigned state = seed;
        for (int i = 0; i < 30; i++) {
            const struct product p = random_product(g, &state);
            if (work_of(&p) > 5000 || p.n_labels > IR_MAX_LABELS)
                continue;
            const double gap = product_gap(arena, g, &p, seed);
            if (!(gap < 1e-12))
                printf("seed %u, product %d: gap %g\n", seed, i, gap);
            CU_ASSERT_TRUE(gap < 1e-12);
            tried++;
        }
        CU_ASSERT_PTR_NULL(ir_verify(g));
        arena_free(arena);
    }
    CU_ASSERT_TRUE(tried > 1000);
}

/* A copy goes through all constructors again, and changes nothing. */
static void copies_keep_the_value(void)
{
    for (unsigned seed = 0; seed < 100; seed++) {
        struct arena *arena = arena_new();
        const struct random_options options = {.nodes = 30, .loops = true};
        struct ir_graph *g = random_program(arena, seed, &options), *copy = ir_graph_new(arena, "copy");
        const struct ir_node **map = ARENA_ARRAY(arena, const struct ir_node *, (size_t)g->n_nodes);
        for (int i = 0; i < g->n_inputs; i++) {
            const struct ir_node *x = g->inputs[i];
            map[x->id] = ir_input(copy, x->input.name, x->input.role, x->rate, x->shape);
        }
        for (int i = 0; i < g->n_outputs; i++) {
            ir_copy_into(copy, g, 1, &g->outputs[i].value, map);
            ir_output_add(copy, g->outputs[i].name, map[g->outputs[i].value->id]);
        }
        CU_ASSERT_PTR_NULL(ir_verify(copy));
        double **in = random_inputs(arena, g, BATCH, seed);
        double **a = random_outputs(arena, g, BATCH), **b = random_outputs(arena, copy, BATCH);
        ir_eval(g, BATCH, (const double *const *)in, a);
        ir_eval(copy, BATCH, (const double *const *)in, b);
        for (int i = 0; i < g->n_outputs; i++)
            CU_ASSERT_TRUE(worst_gap(random_count(g->outputs[i].value, BATCH), a[i], b[i]) < 1e-12);
        arena_free(arena);
    }
}

static const struct check_case cases[] = {
    {"shapes", shapes},
    {"equal nodes are one", equal_nodes_are_one},
    {"rates follow", rates_follow},
    {"inputs and outputs have names", inputs_and_outputs_have_names},
    {"identities give the operand", identities_give_the_operand},
    {"zeros spread", zeros_spread},
    {"views are absorbed", views_are_absorbed},
    {"products within products stay", products_within_products_stay},
    {"fills are absorbed", fills_are_absorbed},
    {"identity matrices vanish", identity_matrices_vanish},
    {"identity matrices of the result stay", identity_matrices_of_the_result_stay},
    {"products are multisets", products_are_multisets},
    {"names and order of factors do not matter", names_and_order_of_factors_do_not_matter},
    {"many repeats", many_repeats},
    {"axes of one are free", axes_of_one_are_free},
    {"labels do not overflow", labels_do_not_overflow},
    {"like terms are collected", like_terms_are_collected},
    {"terms have a unique order", terms_have_a_unique_order},
    {"sums of constants are constants", sums_of_constants_are_constants},
    {"constants fold", constants_fold},
    {"functions of fills are fills", functions_of_fills_are_fills},
    {"entries are put in order", entries_are_put_in_order},
    {"slices", slices},
    {"loops have results", loops_have_results},
    {"copies take what is needed", copies_take_what_is_needed},
    {"copies stop at mapped nodes", copies_stop_at_mapped_nodes},
    {"counts", counts},
    {"counts of sums over the batch", counts_of_sums_over_the_batch},
    {"counts of matrices", counts_of_matrices},
    {"functions of constant matrices", functions_of_constant_matrices},
    {"counts multiply loops out", counts_multiply_loops_out},
    {"simplified products keep their value", simplified_products_keep_their_value},
    {"copies keep the value", copies_keep_the_value},
};

int main(void)
{
    return check_main("ir", cases, CHECK_COUNT(cases));
}
