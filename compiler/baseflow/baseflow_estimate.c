/* SPDX-License-Identifier: MIT
 *
 * log det H, H = Hess F symmetric and positive definite, from products with H only. With a random probe r, E
 * r r^T = I:
 *
 *   derivative   E r^T dH s = tr(H^-1 dH), where H s = r is solved by conjugate gradients from s = r and held
 *   value        E r^T log(H) r = log det H. With m = r^T H r / r^T r near the middle of the spectrum,
 *                log H = log m + integral over 0 < t < 1 of (H/m - 1) / (1 + t (H/m - 1)), by a Gauss rule;
 *                each of its points t is one more system, (H + m (1 - t)/t) s = ..., whose solutions in the
 *                same Krylov space take recurrences of scalars only (conjugate gradients with many shifts).
 *                What log m multiplies is d and not r^T r, which it equals in the mean. */
#include "baseflow/icnn.h"
#include "ode/ode.h"

#include <math.h>

/* Gauss-Legendre on (0,1): log is right to 0.01 for eigenvalues within a factor 30 of the middle. */
enum { POINTS = 8 };
static const double point[POINTS] = {
    0.019855071751231884, 0.10166676129318664, 0.2372337950418355, 0.4082826787521751,
    0.5917173212478249,   0.7627662049581645,  0.8983332387068134, 0.9801449282487681,
};
static const double weight[POINTS] = {
    0.05061426814518813, 0.11119051722668724, 0.15685332293894363, 0.18134189168918100,
    0.18134189168918100, 0.15685332293894363, 0.11119051722668724, 0.05061426814518813,
};

/* Steps must stay finite where residuals have vanished: added to p^T H p, as the published implementation
 * does, and to divisors that may be 0. */
static const double small_product = 1e-8, small = 1e-30;

static const struct ir_node *dot(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b)
{
    return ir_ein(graph, 1.0, "i,i->", a, b);
}

/* x + c y */
static const struct ir_node *moved(struct ir_graph *graph, const struct ir_node *x, double sign,
                                   const struct ir_node *c, const struct ir_node *y)
{
    return ir_add2(graph, x, ir_ein(graph, sign, ",i->i", c, y));
}

/* a / (b + guard) */
static const struct ir_node *ratio(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b,
                                   double guard)
{
    const struct ir_node *divisor = ir_add2(graph, b, ir_fill(graph, guard, b->shape));
    return ir_mul(graph, a, ir_unary(graph, IR_RECIP, divisor));
}

/* ---- the network within the loop's body ---------------------------------------------------------------- */

static const struct ir_node *capture(struct ode_loop *loop, const char *name, int k,
                                     const struct ir_node *node)
{
    if (!node)
        return NULL;
    const enum ir_rate rate = node->rate == IR_CONSTANT ? IR_UNIFORM : node->rate;
    const char *text = arena_printf(loop->steps.body->arena, "%s%d", name, k);
    return ode_loop_input(loop, text, IR_CAPTURE, rate, node);
}

/* What icnn_tangents and icnn_apply read. */
static void capture_network(struct ode_loop *loop, const struct icnn *icnn, const struct icnn_point *at,
                            struct icnn *inner, struct icnn_point *inner_at)
{
    *inner = (struct icnn){.n = icnn->n, .quadratic = capture(loop, "quadratic", 0, icnn->quadratic)};
    for (int k = 0; k < icnn->n; k++) {
        const struct icnn_level *level = &icnn->level[k];
        inner->level[k].from_convex = capture(loop, "from_convex", k, level->from_convex);
        inner->level[k].from_even = capture(loop, "from_even", k, level->from_even);
        inner->level[k].from_x = capture(loop, "from_x", k, level->from_x);
        inner->level[k].even_x = capture(loop, "even_x", k, level->even_x);
        inner_at->slope[k].convex = capture(loop, "convex_slope", k, at->slope[k].convex);
        inner_at->slope[k].even = capture(loop, "even_slope", k, at->slope[k].even);
        inner_at->curvature[k].convex = capture(loop, "convex_curvature", k, at->curvature[k].convex);
        inner_at->curvature[k].even = capture(loop, "even_curvature", k, at->curvature[k].even);
    }
}

static const struct ir_node *product_with(struct ir_graph *graph, const struct icnn *icnn,
                                          const struct icnn_point *at, const struct ir_node *v)
{
    struct icnn_units tangents[MODEL_MAX_LAYERS];
    icnn_tangents(graph, icnn, at, v, tangents);
    return icnn_apply(graph, icnn, at, v, tangents);
}

/* ---- conjugate gradients, with shifts ------------------------------------------------------------------ */

/* Between two steps. What is [POINTS] belongs to the shifted systems, whose right-hand side is the first
 * residual, and whose residuals are `size` times the residual. */
struct state {
    const struct ir_node *s, *residual, *direction; /* [d] */
    const struct ir_node *square;                   /* [] residual . residual */
    const struct ir_node *alpha, *beta;             /* [] of the step before */
    const struct ir_node *shrink, *size;            /* [POINTS] by what size changed in that step, and size */
    const struct ir_node *along;                    /* [POINTS] probe . shifted direction */
    const struct ir_node *solved;                   /* [POINTS] probe . shifted solution */
};

enum { RESULT_S = 0, RESULT_SOLVED = 9 }; /* places in the order of these fields */

static struct state first_state(struct ir_graph *graph, const struct ir_node *probe, const struct ir_node *Hr)
{
    const struct ir_shape shifts = ir_shape_of(1, POINTS);
    const struct ir_node *residual = ir_sub(graph, probe, Hr);
    return (struct state){
        .s = probe,
        .residual = residual,
        .direction = residual,
        .square = dot(graph, residual, residual),
        .alpha = ir_fill(graph, 1.0, ir_shape_of(0)),
        .beta = ir_fill(graph, 0.0, ir_shape_of(0)),
        .shrink = ir_fill(graph, 1.0, shifts),
        .size = ir_fill(graph, 1.0, shifts),
        .along = ir_broadcast(graph, dot(graph, probe, residual), "->j", shifts),
        .solved = ir_fill(graph, 0.0, shifts),
    };
}

static struct state carried(struct ode_loop *loop, const struct state *first)
{
    return (struct state){
        .s = ode_loop_input(loop, "s", IR_CARRY, IR_VARYING, first->s),
        .residual = ode_loop_input(loop, "residual", IR_CARRY, IR_VARYING, first->residual),
        .direction = ode_loop_input(loop, "direction", IR_CARRY, IR_VARYING, first->direction),
        .square = ode_loop_input(loop, "square", IR_CARRY, IR_VARYING, first->square),
        .alpha = ode_loop_input(loop, "alpha", IR_CARRY, IR_VARYING, first->alpha),
        .beta = ode_loop_input(loop, "beta", IR_CARRY, IR_VARYING, first->beta),
        .shrink = ode_loop_input(loop, "shrink", IR_CARRY, IR_VARYING, first->shrink),
        .size = ode_loop_input(loop, "size", IR_CARRY, IR_VARYING, first->size),
        .along = ode_loop_input(loop, "along", IR_CARRY, IR_VARYING, first->along),
        .solved = ode_loop_input(loop, "solved", IR_CARRY, IR_VARYING, first->solved),
    };
}

static void next_outputs(struct ir_graph *body, const struct state *next)
{
    ir_output_add(body, "s", next->s);
    ir_output_add(body, "residual", next->residual);
    ir_output_add(body, "direction", next->direction);
    ir_output_add(body, "square", next->square);
    ir_output_add(body, "alpha", next->alpha);
    ir_output_add(body, "beta", next->beta);
    ir_output_add(body, "shrink", next->shrink);
    ir_output_add(body, "size", next->size);
    ir_output_add(body, "along", next->along);
    ir_output_add(body, "solved", next->solved);
}

/* s, residual and direction after a step; Hp = H direction */
static struct state step(struct ir_graph *graph, const struct state *now, const struct ir_node *Hp)
{
    struct state next = {.alpha = NULL};
    next.alpha = ratio(graph, now->square, dot(graph, now->direction, Hp), small_product);
    next.s = moved(graph, now->s, 1.0, next.alpha, now->direction);
    next.residual = moved(graph, now->residual, -1.0, next.alpha, Hp);
    next.square = dot(graph, next.residual, next.residual);
    next.beta = ratio(graph, next.square, now->square, small);
    next.direction = moved(graph, next.residual, 1.0, next.beta, now->direction);
    return next;
}

/* The shifted systems after the same step (Jegerlehner 1996):
 *   shrink' = 1 / (1 + alpha shift + alpha beta- / alpha- (1 - shrink)),     size' = size shrink'
 * with alpha-, beta- of the step before; their own alpha and beta are alpha shrink' and beta shrink'^2. */
static void step_shifts(struct ir_graph *graph, const struct state *now, const struct ir_node *shift,
                        const struct ir_node *probe, struct state *next)
{
    const struct ir_node *one = ir_fill(graph, 1.0, now->shrink->shape);
    const struct ir_node *memory = ir_mul(graph, next->alpha, ratio(graph, now->beta, now->alpha, small));
    const struct ir_node *const terms[3] = {
        one, ir_ein(graph, 1.0, ",j->j", next->alpha, shift),
        ir_ein(graph, 1.0, ",j->j", memory, ir_sub(graph, one, now->shrink))};
    next->shrink = ir_unary(graph, IR_RECIP, ir_add(graph, 3, terms));
    next->size = ir_mul(graph, now->size, next->shrink);
    next->solved =
        ir_add2(graph, now->solved, ir_ein(graph, 1.0, ",j,j->j", next->alpha, next->shrink, now->along));
    next->along =
        ir_add2(graph, ir_ein(graph, 1.0, "j,->j", next->size, dot(graph, probe, next->residual)),
                ir_ein(graph, 1.0, ",j,j,j->j", next->beta, next->shrink, next->shrink, now->along));
}

/* s [d], held, and, in *solved, probe . (H + shift)^-1 (probe - H probe) [POINTS] */
static const struct ir_node *solve(struct ir_graph *graph, const struct icnn *icnn,
                                   const struct icnn_point *at, const struct ir_node *probe,
                                   const struct ir_node *Hr, const struct ir_node *shift, int steps,
                                   const struct ir_node **solved)
{
    struct ode_loop loop = ode_loop_new(graph->arena, "conjugate", steps);
    const struct state first = first_state(graph, probe, Hr), now = carried(&loop, &first);
    struct icnn inner;
    struct icnn_point inner_at = {.gradient = NULL};
    const struct ir_node *r = capture(&loop, "probe", 0, probe), *shifts = capture(&loop, "shift", 0, shift);
    capture_network(&loop, icnn, at, &inner, &inner_at);
    struct ir_graph *body = loop.steps.body;
    struct state next = step(body, &now, product_with(body, &inner, &inner_at, now.direction));
    step_shifts(body, &now, shifts, r, &next);
    next_outputs(body, &next);
    const struct ir_node *done = ode_loop_close(graph, &loop);
    *solved = ir_result(graph, done, RESULT_SOLVED);
    return ir_unary(graph, IR_HOLD, ir_result(graph, done, RESULT_S));
}

/* ---- the estimate -------------------------------------------------------------------------------------- */

/* [POINTS] */
static const struct ir_node *rule(struct ir_graph *graph, const double *values)
{
    return ir_const(graph, ir_shape_of(1, POINTS), values);
}

/* middle (1 - t) / t */
static const struct ir_node *shifts_of(struct ir_graph *graph, const struct ir_node *middle)
{
    double factor[POINTS];
    for (int j = 0; j < POINTS; j++)
        factor[j] = (1.0 - point[j]) / point[j];
    return ir_ein(graph, 1.0, ",j->j", middle, rule(graph, factor));
}

/* d log m + sum over points of (weight/t) (r.r - m (r.r + solved) / (t + m (1 - t))): the integrand of the
 * head of this file, with (H + shift)^-1 r = (r + (H + shift)^-1 (r - H r)) / (1 + shift). */
static const struct ir_node *value_of(struct ir_graph *graph, int d, const struct ir_node *middle,
                                      const struct ir_node *rr, const struct ir_node *solved)
{
    double rest[POINTS], factor[POINTS], total = 0.0;
    for (int j = 0; j < POINTS; j++) {
        rest[j] = 1.0 - point[j];
        factor[j] = weight[j] / point[j];
        total += factor[j];
    }
    const struct ir_node *divisor =
        ir_add2(graph, rule(graph, point), ir_ein(graph, 1.0, ",j->j", middle, rule(graph, rest)));
    const struct ir_node *both = ir_add2(graph, solved, ir_broadcast(graph, rr, "->j", solved->shape));
    const struct ir_node *const terms[3] = {ir_scale(graph, d, ir_unary(graph, IR_LOG, middle)),
                                            ir_scale(graph, total, rr),
                                            ir_ein(graph, -1.0, ",j,j,j->", middle, rule(graph, factor), both,
                                                   ir_unary(graph, IR_RECIP, divisor))};
    return ir_add(graph, 3, terms);
}

const struct ir_node *icnn_logdet_estimate(struct ir_graph *graph, const struct icnn *icnn,
                                           const struct icnn_point *at, const struct ir_node *probe,
                                           int steps)
{
    struct icnn_units dr[MODEL_MAX_LAYERS], ds[MODEL_MAX_LAYERS];
    icnn_tangents(graph, icnn, at, probe, dr);
    const struct ir_node *Hr = icnn_apply(graph, icnn, at, probe, dr), *solved = NULL;
    const struct ir_node *rr = dot(graph, probe, probe);
    const struct ir_node *middle = ratio(graph, dot(graph, probe, Hr), rr, small);
    const struct ir_node *s = solve(graph, icnn, at, probe, Hr, shifts_of(graph, middle), steps, &solved);
    icnn_tangents(graph, icnn, at, s, ds);
    const struct ir_node *form = icnn_product(graph, icnn, at, probe, dr, s, ds);
    const struct ir_node *value = value_of(graph, probe->shape.size[0], middle, rr, solved);
    return ir_add2(graph, ir_unary(graph, IR_HOLD, value),
                   ir_sub(graph, form, ir_unary(graph, IR_HOLD, form)));
}
