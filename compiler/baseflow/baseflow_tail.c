/* SPDX-License-Identifier: MIT
 *
 * The arms of BNAF's last block and of CP-Flow's convex blocks. tanh is bounded, so that what BNAF makes of x
 * would be, too (nearly: its slope far out is tiny), and part of N(0, I) would have no preimage near the
 * data; CP-Flow goes on with the product of its blocks' least slopes. On either side of the data an arm for
 * each coordinate goes on linearly from there:
 *
 *   y_i += ( r(u_high) - r(u_low) ) / 2,   u_high = 2 exp(s_high) (x_i - e_high),
 *                                          u_low = 2 exp(s_low) (e_low - x_i)
 *   r(u) = u^2 / (1 + u)  where u > 0, else 0;   dr/du = 1 - 1 / (1 + u)^2
 *
 * Arms are 0 between the edges e, where the data are, and f is what it is without them. */
#include "baseflow/tail.h"

enum { SHARPNESS = 2 }; /* an arm has most of its slope after 1 / SHARPNESS of y */

/* [d] as [2d], lower arms, times `low`, before upper ones; or, with fold, from [2d] the sum of both. */
static const struct ir_node *both_sides(struct ir_graph *graph, const struct ir_node *x, int d, bool fold,
                                        double low)
{
    const int lead = fold ? d : 2 * d;
    struct ir_entry *entries = ARENA_ARRAY(graph->arena, struct ir_entry, (size_t)(2 * d));
    for (int i = 0; i < 2 * d; i++)
        entries[i] = (struct ir_entry){
            .row = fold ? i % d : i, .column = fold ? i : i % d, .value = i < d ? low : 1.0};
    return ir_select(graph, x, 0, 1, &lead, 2 * d, entries);
}

struct tail tail_at(struct ir_graph *graph, const struct base_model *base, const char *name,
                    const struct ir_node *x)
{
    const int d = base->d;
    const struct ir_node *edge = baseflow_parameter(graph, base, "%s.edge", name);
    const struct ir_node *scale =
        ir_unary(graph, IR_EXP, baseflow_parameter(graph, base, "%s.log_scale", name));
    const struct ir_node *beyond = ir_sub(graph, both_sides(graph, x, d, false, -1.0), edge);
    const struct ir_node *u =
        ir_clamp(graph, ir_scale(graph, SHARPNESS, ir_mul(graph, scale, beyond)), 0.0, 1e30);
    const struct ir_node *one = ir_fill(graph, 1.0, u->shape);
    const struct ir_node *q = ir_unary(graph, IR_RECIP, ir_add2(graph, one, u)); /* r = u - 1 + q */
    const struct ir_node *r = ir_scale(graph, 1.0 / SHARPNESS, ir_add2(graph, ir_sub(graph, u, one), q));
    const struct ir_node *slope = ir_mul(graph, scale, ir_sub(graph, one, ir_mul(graph, q, q)));
    return (struct tail){.y = both_sides(graph, r, d, true, -1.0),
                         .slope = both_sides(graph, slope, d, true, 1.0)};
}

struct triangular tail_added(struct ir_graph *graph, const struct base_model *base, const struct ir_node *x,
                             const struct triangular *f)
{
    const struct tail tail =
        tail_at(graph, base, arena_printf(graph->arena, "base.block%d.tail", base->blocks - 1), x);
    return (struct triangular){.y = ir_add2(graph, f->y, tail.y),
                               .diagonal = ir_add2(graph, f->diagonal, tail.slope)};
}
