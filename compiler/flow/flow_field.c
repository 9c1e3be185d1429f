/* SPDX-License-Identifier: MIT
 *
 * The velocity from the potential U_ij = W_ij h + b_ij, in the form that takes one contraction with W: with
 * T_kj = dh_k/dx_j, from d tangents through the hidden layers, and p_j = x_j^2 - b, 0 on the faces,
 *
 *   gaussian   w_i =      sum_jk W_ijk S_kj - sum_j b_ij z_j         S_kj = T_kj - z_j h_k
 *   cube       v_i = p_i (sum_jk W_ijk S_kj + 2 sum_j b_ij x_j)      S_kj = p_j T_kj + 2 x_j h_k
 *
 * so that div w - z.w = 0, and div v = 0 inside and v.n = 0 on the faces of the cube: (16) and (17), summed
 * over their blocks. */
#include "flow/flow.h"

#include "diff/diff.h"

#include <assert.h>

static const struct ir_node *tangents_of(struct ir_graph *graph, const struct ir_node *x,
                                         const struct ir_node *h)
{
    const struct ir_node *seed = ir_eye(graph, x->shape.size[0]), *T = NULL;
    diff_forward(graph, 1, &x, &seed, x->shape.size[0], 1, &h, &T, NULL);
    assert(T != NULL); /* the first layer's weight is an input: never structurally zero */
    return T;
}

static const struct ir_node *gaussian(struct ir_graph *graph, const struct ir_node *x,
                                      const struct ir_node *h, const struct ir_node *T,
                                      const struct ir_node *W, const struct ir_node *b)
{
    const struct ir_node *S = ir_add2(graph, T, ir_ein(graph, -1.0, "j,k->kj", x, h));
    return ir_add2(graph, ir_ein(graph, 1.0, "ijk,kj->i", W, S), ir_ein(graph, -1.0, "ij,j->i", b, x));
}

static const struct ir_node *cube(struct ir_graph *graph, double epsilon, const struct ir_node *x,
                                  const struct ir_node *h, const struct ir_node *T, const struct ir_node *W,
                                  const struct ir_node *b)
{
    const struct ir_node *p = ir_add2(graph, ir_mul(graph, x, x), ir_fill(graph, epsilon - 1.0, x->shape));
    const struct ir_node *S =
        ir_add2(graph, ir_ein(graph, 1.0, "j,kj->kj", p, T), ir_ein(graph, 2.0, "j,k->kj", x, h));
    return ir_mul(graph, p,
                  ir_add2(graph, ir_ein(graph, 1.0, "ijk,kj->i", W, S), ir_ein(graph, 2.0, "ij,j->i", b, x)));
}

const struct ir_node *flow_field(struct ir_graph *graph, const struct model *model,
                                 const struct flow_network *network, const struct ir_node *x,
                                 const struct ir_node *t)
{
    const struct ir_node *W = network->array[network->n - 2], *b = network->array[network->n - 1];
    const struct ir_node *h = flow_hidden(graph, model, network, x, t);
    const struct ir_node *T = tangents_of(graph, x, h);
    return model->field == MODEL_GAUSSIAN ? gaussian(graph, x, h, T, W, b)
                                          : cube(graph, model->epsilon, x, h, T, W, b);
}

const struct ir_node *flow_velocity(struct ir_graph *graph, const struct model *model,
                                    const struct ir_node *x, const struct ir_node *t)
{
    const struct flow_network network = flow_network(graph, model);
    return flow_field(graph, model, &network, x, t);
}
