/* SPDX-License-Identifier: MIT
 *
 * Block neural autoregressive flow (De Cao, Aziz, Titov 2019). A block is a masked network with tanh whose
 * layers have a group of units for each dimension. Group i sees only groups 1 .. i, the i-th with positive
 * weights: the Jacobian is triangular, and the logarithms A of its diagonal go through the layers beside the
 * values.
 *
 * With the raw weight V, log scale s and U = exp(V) on the diagonal blocks, V below, 0 above, a layer is
 *
 *   W_ij = exp(s_i) U_ij / q_i,  q_i = sqrt(sum_j U_ij^2);   h' = W h + b
 *   A'_i = log sum_j exp(log W_ij + A_j)  over the j of i's dimension;  tanh adds log(1 - tanh^2 h)
 *
 * A block with a linear tail has tanh h + c h instead of tanh h. Derivatives are then at least c, and go
 * through the layers themselves, not as logarithms. The last block also has an arm on either side of the data
 * that grows linearly (baseflow_tail.c).
 *
 * All that depends only on weights is uniform. */
#include "baseflow/baseflow.h"
#include "baseflow/tail.h"

#include <assert.h>
#include <math.h>

/* ---- a layer's weights --------------------------------------------------------------------------------- */

struct layer {
    const struct ir_node *W;            /* [out,in] */
    const struct ir_node *diagonal;     /* [d,out/d,in/d] its diagonal blocks, positive */
    const struct ir_node *log_diagonal; /* likewise, their logarithms */
    const struct ir_node *bias;         /* [out] */
};

/* 1 on the d x d blocks (i,j) of an [out,in] matrix with i = j, or with i > j; else 0 */
static const struct ir_node *mask(struct ir_graph *graph, int d, int out, int in, bool below)
{
    double *values = ARENA_ARRAY(graph->arena, double, (size_t)out *(size_t)in);
    for (int i = 0; i < out; i++) {
        for (int j = 0; j < in; j++) {
            const int row = i / (out / d), column = j / (in / d);
            values[i * in + j] = below ? row > column : row == column;
        }
    }
    return ir_const(graph, ir_shape_of(2, out, in), values);
}

/* The diagonal blocks of an [out,in] matrix that is 0 elsewhere, beneath each other: [out,in/d]; so many
 * numbers as matter. Or, of such, the matrix with as many copies of each block in its rows. */
static const struct ir_node *fold_blocks(struct ir_graph *graph, const struct ir_node *x, int in, int width,
                                         bool unfold)
{
    const int lead = unfold ? in : width;
    struct ir_entry *entries = ARENA_ARRAY(graph->arena, struct ir_entry, (size_t)in);
    for (int j = 0; j < in; j++)
        entries[j] =
            (struct ir_entry){.row = unfold ? j : j % width, .column = unfold ? j % width : j, .value = 1.0};
    return ir_select(graph, x, 1, 1, &lead, in, entries);
}

/* The first axis, of d groups, as two: [d,out/d,..] */
static const struct ir_node *groups(struct ir_graph *graph, const struct ir_node *x, int d)
{
    const int n = x->shape.size[0], lead[2] = {d, n / d};
    struct ir_entry *entries = ARENA_ARRAY(graph->arena, struct ir_entry, (size_t)n);
    for (int i = 0; i < n; i++)
        entries[i] = (struct ir_entry){.row = i, .column = i, .value = 1.0};
    return ir_select(graph, x, 0, 2, lead, n, entries);
}

static const struct ir_node *row_squares(struct ir_graph *graph, const struct ir_node *x)
{
    return ir_ein(graph, 1.0, "ij,ij->i", x, x);
}

static struct layer layer_of(struct ir_graph *graph, const struct base_model *base, int block, int k)
{
    const struct ir_node *V = baseflow_parameter(graph, base, "base.block%d.layer%d.weight", block, k);
    const struct ir_node *s = baseflow_parameter(graph, base, "base.block%d.layer%d.log_scale", block, k);
    const int d = base->d, out = V->shape.size[0], in = V->shape.size[1];
    const struct ir_node *on = mask(graph, d, out, in, false);
    const struct ir_node *below = ir_mul(graph, mask(graph, d, out, in, true), V);
    const struct ir_node *log_block = fold_blocks(graph, ir_mul(graph, on, V), in, in / d, false);
    const struct ir_node *block_of_U = ir_unary(graph, IR_EXP, log_block);
    const struct ir_node *U =
        ir_add2(graph, ir_mul(graph, on, fold_blocks(graph, block_of_U, in, in / d, true)), below);
    const struct ir_node *q_square =
        ir_add2(graph, row_squares(graph, block_of_U), row_squares(graph, below));
    const struct ir_node *log_factor =
        ir_add2(graph, s, ir_scale(graph, -0.5, ir_unary(graph, IR_LOG, q_square)));
    const struct ir_node *factor = ir_unary(graph, IR_EXP, log_factor);
    const struct ir_node *log_W =
        ir_add2(graph, log_block, ir_broadcast(graph, log_factor, "i->ij", log_block->shape));
    return (struct layer){
        .W = ir_ein(graph, 1.0, "i,ij->ij", factor, U),
        .diagonal = groups(graph, ir_ein(graph, 1.0, "i,ij->ij", factor, block_of_U), d),
        .log_diagonal = groups(graph, log_W, d),
        .bias = baseflow_parameter(graph, base, "base.block%d.layer%d.bias", block, k),
    };
}

/* h' of h */
static const struct ir_node *through_layer(struct ir_graph *graph, const struct layer *layer,
                                           const struct ir_node *h)
{
    return ir_add2(graph, ir_ein(graph, 1.0, "oi,i->o", layer->W, h), layer->bias);
}

/* ---- log-derivatives ----------------------------------------------------------------------------------- */

static const struct ir_node *maximum(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b)
{
    return ir_add2(graph, a, ir_clamp(graph, ir_sub(graph, b, a), 0.0, 1e30));
}

/* max_a A_ia, [d,a] -> [d]: halves against each other */
static const struct ir_node *row_maximum(struct ir_graph *graph, const struct ir_node *A)
{
    while (A->shape.size[1] > 1) {
        const int n = A->shape.size[1], half = n / 2;
        const struct ir_node *most =
            maximum(graph, ir_slice(graph, A, 1, 0, n - half), ir_slice(graph, A, 1, half, n - half));
        A = most;
    }
    return ir_pick(graph, A, 1, 0);
}

/* A' [d,a'] of A [d,a]: shifted by the largest of a dimension, so that exp neither overflows nor vanishes
 * everywhere. The result does not depend on the shift, which stays out of derivatives. */
static const struct ir_node *through_weights(struct ir_graph *graph, const struct layer *layer,
                                             const struct ir_node *A)
{
    const struct ir_node *shift = ir_unary(graph, IR_HOLD, row_maximum(graph, A));
    const struct ir_node *small = ir_sub(graph, A, ir_broadcast(graph, shift, "i->ia", A->shape));
    const struct ir_node *sum =
        ir_ein(graph, 1.0, "iab,ib->ia", layer->diagonal, ir_unary(graph, IR_EXP, small));
    return ir_add2(graph, ir_unary(graph, IR_LOG, sum), ir_broadcast(graph, shift, "i->ia", sum->shape));
}

/* A + log(1 - tanh^2 h) = A + 2 log 2 - 2h - 2 log(1 + exp(-2h)); h [out] */
static const struct ir_node *through_tanh(struct ir_graph *graph, const struct ir_node *h,
                                          const struct ir_node *A)
{
    const struct ir_node *x = ir_scale(graph, -2.0, groups(graph, h, A->shape.size[0]));
    const struct ir_node *terms[] = {A, ir_fill(graph, 2.0 * log(2.0), A->shape), x,
                                     ir_scale(graph, -2.0, ir_unary(graph, IR_SOFTPLUS, x))};
    return ir_add(graph, 4, terms);
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

static struct triangular bounded_network(struct ir_graph *graph, const struct base_model *base, int block,
                                         const struct ir_node *x)
{
    const struct ir_node *h = x, *A = NULL;
    for (int k = 0; k <= base->n_hidden; k++) {
        const struct layer layer = layer_of(graph, base, block, k);
        if (k > 0) {
            A = through_tanh(graph, h, A);
            h = ir_unary(graph, IR_TANH, h);
        }
        h = through_layer(graph, &layer, h);
        A = k == 0 ? ir_pick(graph, layer.log_diagonal, 2, 0) : through_weights(graph, &layer, A);
    }
    return (struct triangular){.y = h, .diagonal = ir_pick(graph, A, 1, 0)};
}

/* c: small enough to change nothing near the data, and so large that products of as many as there are hidden
 * layers stay far from underflow. */
static double least_slope(const struct base_model *base)
{
    return fmax(1e-3, pow(10.0, -12.0 / base->n_hidden));
}

/* tanh h + c h, and J times its slope, J [d,a] */
static const struct ir_node *through_sloped(struct ir_graph *graph, double c, const struct ir_node *h,
                                            const struct ir_node **J)
{
    const struct ir_node *t = ir_unary(graph, IR_TANH, h);
    const struct ir_node *slope = ir_sub(graph, ir_fill(graph, 1.0 + c, h->shape), ir_mul(graph, t, t));
    *J = ir_mul(graph, *J, groups(graph, slope, (*J)->shape.size[0]));
    return ir_add2(graph, t, ir_scale(graph, c, h));
}

static struct triangular sloped_network(struct ir_graph *graph, const struct base_model *base, int block,
                                        const struct ir_node *x)
{
    const struct ir_node *h = x, *J = NULL;
    for (int k = 0; k <= base->n_hidden; k++) {
        const struct layer layer = layer_of(graph, base, block, k);
        if (k > 0)
            h = through_sloped(graph, least_slope(base), h, &J);
        h = through_layer(graph, &layer, h);
        J = k == 0 ? ir_pick(graph, layer.diagonal, 2, 0)
                   : ir_ein(graph, 1.0, "iab,ib->ia", layer.diagonal, J);
    }
    return (struct triangular){.y = h, .diagonal = ir_pick(graph, J, 1, 0)};
}

/* The diagonal as logarithms, with arms where the block is the last and its tail is linear. */
static struct triangular network(struct ir_graph *graph, const struct base_model *base, int block,
                                 const struct ir_node *x)
{
    if (base->tail == BASE_TAIL_BOUNDED)
        return bounded_network(graph, base, block, x);
    struct triangular f = sloped_network(graph, base, block, x);
    if (block == base->blocks - 1)
        f = tail_added(graph, base, x, &f);
    f.diagonal = ir_unary(graph, IR_LOG, f.diagonal);
    return f;
}

/* A scalar parameter, [1], as [d] */
static const struct ir_node *spread(struct ir_graph *graph, const struct ir_node *x, struct ir_shape shape)
{
    return ir_broadcast(graph, ir_pick(graph, x, 0, 0), "->i", shape);
}

/* Every block but the last: y = sg(g) f(x) + (1 - sg(g)) x, log dy_i/dx_i = sp(A_i + g) - sp(g). */
static struct triangular block_of(struct ir_graph *graph, const struct base_model *base, int block,
                                  const struct ir_node *x)
{
    const struct triangular f = network(graph, base, block, x);
    if (block == base->blocks - 1)
        return f;
    const struct ir_node *g =
        spread(graph, baseflow_parameter(graph, base, "base.block%d.gate", block), x->shape);
    const struct ir_node *open = ir_unary(graph, IR_SIGMOID, g),
                         *closed = ir_unary(graph, IR_SIGMOID, ir_scale(graph, -1.0, g));
    const struct ir_node *A = ir_unary(graph, IR_SOFTPLUS, ir_add2(graph, f.diagonal, g));
    return (struct triangular){
        .y = ir_add2(graph, ir_mul(graph, open, f.y), ir_mul(graph, closed, x)),
        .diagonal = ir_sub(graph, A, ir_unary(graph, IR_SOFTPLUS, g)),
    };
}

static const struct ir_node *flipped(struct ir_graph *graph, const struct ir_node *x)
{
    const int d = x->shape.size[0];
    struct ir_entry *entries = ARENA_ARRAY(graph->arena, struct ir_entry, (size_t)d);
    for (int i = 0; i < d; i++)
        entries[i] = (struct ir_entry){.row = i, .column = d - 1 - i, .value = 1.0};
    return ir_select(graph, x, 0, 1, &d, d, entries);
}

/* Through the first blocks. Between blocks the order of the coordinates turns round, with log-determinant
 * 0. */
static struct baseflow_result through_blocks(struct ir_graph *graph, const struct base_model *base,
                                             const struct ir_node *x, int blocks)
{
    struct baseflow_result result = {.y = x, .logdet = ir_fill(graph, 0.0, ir_shape_of(0))};
    for (int block = 0; block < blocks; block++) {
        if (block > 0)
            result.y = flipped(graph, result.y);
        const struct triangular f = block_of(graph, base, block, result.y);
        result.y = f.y;
        result.logdet = ir_add2(graph, result.logdet, ir_ein(graph, 1.0, "i->", f.diagonal));
    }
    return result;
}

static struct baseflow_result map(struct ir_graph *graph, const struct base_model *base,
                                  const struct ir_node *x, bool exact, const struct ir_node **penalty)
{
    (void)exact;
    (void)penalty;
    return through_blocks(graph, base, x, base->blocks);
}

/* What reaches the last block. */
static const struct ir_node *reached(struct ir_graph *graph, const struct base_model *base,
                                     const struct ir_node *x)
{
    const struct ir_node *y = through_blocks(graph, base, x, base->blocks - 1).y;
    return base->blocks > 1 ? flipped(graph, y) : y;
}

/* ---- kernels block0 ... and tail ----------------------------------------------------------------------- */

static int count(const struct base_model *base)
{
    return base->blocks + (base->tail == BASE_TAIL_LINEAR);
}

static void build(struct ir_graph *graph, const struct base_model *base, int which)
{
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, base->d));
    if (which == base->blocks) {
        ir_output_add(graph, arena_printf(graph->arena, "base.block%d.tail", which - 1),
                      reached(graph, base, x));
        return;
    }
    const struct triangular f = block_of(graph, base, which, x);
    ir_output_add(graph, "y", f.y);
    ir_output_add(graph, "log_diagonal", f.diagonal);
}

static const char *name(struct arena *arena, const struct base_model *base, int which)
{
    return which < base->blocks ? arena_printf(arena, "block%d", which) : "tail";
}

const struct baseflow_kind baseflow_bnaf = {.map = map, .count = count, .build = build, .name = name};
