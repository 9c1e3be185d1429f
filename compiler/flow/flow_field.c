/* SPDX-License-Identifier: MIT
 *
 * The velocity from the potential U_ij = W_ij h + b_ij, in the form that takes one contraction with W: with
 * T_kj = dh_k/dx_j, from d tangents through the hidden layers, and p_j = x_j^2 - b, 0 on the faces,
 *
 *   gaussian   w_i =      sum_jk W_ijk S_kj - sum_j b_ij z_j         S_kj = T_kj - z_j h_k
 *   cube       v_i = p_i (sum_jk W_ijk S_kj + 2 sum_j b_ij x_j)      S_kj = p_j T_kj + 2 x_j h_k
 *
 * so that div w - z.w = 0, and div v = 0 inside and v.n = 0 on the faces of the cube: (16) and (17), summed
 * over their blocks.
 *
 * In the plane U_01 = u is the only one, and its gradient takes one way back through the layers in place of
 * two tangents:
 *
 *   gaussian   v = (s_1, -s_0)           s_j = du/dx_j - u x_j
 *   cube       v = (p_0 s_1, -p_1 s_0)   s_j = p_j du/dx_j + 2 u x_j */
#include "flow/flow.h"

#include "diff/diff.h"

#include <assert.h>

static const struct ir_node *tangents_of(struct ir_graph *graph, const struct ir_node *x,
                                         const struct ir_node *h)
{
    const struct ir_node *seed = ir_eye(graph, x->shape.size[0]), *T = NULL;
    diff_forward(graph, 1, &x, &seed, x->shape.size[0], 1, &h, &T, NULL);
    assert(T); /* the first layer's weight is an input: never structurally zero */
    return T;
}

static const struct ir_node *gaussian(struct ir_graph *graph, const struct ir_node *x,
                                      const struct ir_node *h, const struct ir_node *T,
                                      const struct ir_node *W, const struct ir_node *b)
{
    const struct ir_node *S = ir_add2(graph, T, ir_ein(graph, -1.0, "j,k->kj", x, h));
    return ir_add2(graph, ir_ein(graph, 1.0, "ijk,kj->i", W, S), ir_ein(graph, -1.0, "ij,j->i", b, x));
}

/* x_j^2 - b */
static const struct ir_node *distance_to_faces(struct ir_graph *graph, double epsilon,
                                               const struct ir_node *x)
{
    return ir_add2(graph, ir_mul(graph, x, x), ir_fill(graph, epsilon - 1.0, x->shape));
}

static const struct ir_node *cube(struct ir_graph *graph, double epsilon, const struct ir_node *x,
                                  const struct ir_node *h, const struct ir_node *T, const struct ir_node *W,
                                  const struct ir_node *b)
{
    const struct ir_node *p = distance_to_faces(graph, epsilon, x);
    const struct ir_node *S =
        ir_add2(graph, ir_ein(graph, 1.0, "j,kj->kj", p, T), ir_ein(graph, 2.0, "j,k->kj", x, h));
    return ir_mul(graph, p,
                  ir_add2(graph, ir_ein(graph, 1.0, "ijk,kj->i", W, S), ir_ein(graph, 2.0, "ij,j->i", b, x)));
}

static const struct ir_node *planar(struct ir_graph *graph, const struct model *model,
                                    const struct ir_node *x, const struct ir_node *h, const struct ir_node *W,
                                    const struct ir_node *b)
{
    static const struct ir_entry turn[] = {{0, 1, 1.0}, {1, 0, -1.0}};
    static const int two = 2;
    const bool is_cube = model->field == MODEL_CUBE;
    const struct ir_node *p = is_cube ? distance_to_faces(graph, model->epsilon, x) : NULL;
    const struct ir_node *u = ir_add2(graph, ir_ein(graph, 1.0, "k,k->", W, h), b);
    const struct ir_node *du = diff_backward(graph, u, ir_fill(graph, 1.0, u->shape), x);
    assert(du);
    const struct ir_node *s = ir_add2(graph, is_cube ? ir_mul(graph, p, du) : du,
                                      ir_ein(graph, is_cube ? 2.0 : -1.0, "j,->j", x, u));
    const struct ir_node *turned = ir_select(graph, s, 0, 1, &two, 2, turn);
    return is_cube ? ir_mul(graph, p, turned) : turned;
}

const struct ir_node *flow_field(struct ir_graph *graph, const struct model *model,
                                 const struct flow_network *network, const struct ir_node *x,
                                 const struct ir_node *t)
{
    if (model_is_identity(model))
        return ir_fill(graph, 0.0, x->shape);
    const struct ir_node *W = network->array[network->n - 2], *b = network->array[network->n - 1];
    const struct ir_node *h = flow_hidden(graph, model, network, x, t);
    if (flow_is_planar(model))
        return planar(graph, model, x, h, W, b);
    const struct ir_node *T = tangents_of(graph, x, h);
    switch (model->field) {
    case MODEL_GAUSSIAN:
        return gaussian(graph, x, h, T, W, b);
    case MODEL_CUBE:
        return cube(graph, model->epsilon, x, h, T, W, b);
    }
    assert(!"flow: no such field");
    return x;
}

const struct ir_node *flow_velocity(struct ir_graph *graph, const struct model *model,
                                    const struct ir_node *x, const struct ir_node *t)
{
    const struct flow_network network = flow_network(graph, model);
    return flow_field(graph, model, &network, x, t);
}
