/* SPDX-License-Identifier: MIT
 *
 * The potential of a convex block at a point: takes its network, gives gradient and Hessian, tangents and
 * products, and the log-determinant. By hand, and not by diff/, since the Hessian of a network is a sum over
 * its units. */
#include "baseflow/icnn.h"

#include <math.h>

/* A sum whose terms may be missing. */
struct sum {
    int n;
    const struct ir_node *terms[2 * MODEL_MAX_LAYERS + 2];
};

static void sum_add(struct sum *sum, const struct ir_node *term)
{
    if (term)
        sum->terms[sum->n++] = term;
}

static const struct ir_node *sum_of(struct ir_graph *graph, const struct sum *sum)
{
    return sum->n == 0 ? NULL : ir_add(graph, sum->n, sum->terms);
}

static const struct ir_node *sum_of_two(struct ir_graph *graph, const struct ir_node *a,
                                        const struct ir_node *b)
{
    struct sum sum = {.n = 0};
    sum_add(&sum, a);
    sum_add(&sum, b);
    return sum_of(graph, &sum);
}

static const struct ir_node *held(struct ir_graph *graph, const struct ir_node *x)
{
    return ir_unary(graph, IR_HOLD, x);
}

/* ---- upwards: values and tangents ---------------------------------------------------------------------- */

/* matrix times vector [j], or times each of n vectors [j,n]; NULL: no such part */
static const struct ir_node *times(struct ir_graph *graph, const struct ir_node *matrix,
                                   const struct ir_node *v)
{
    if (!matrix || !v)
        return NULL;
    return ir_ein(graph, 1.0, v->shape.rank == 1 ? "ij,j->i" : "ij,jn->in", matrix, v);
}

static const struct ir_node *transposed_times(struct ir_graph *graph, const struct ir_node *matrix,
                                              const struct ir_node *v)
{
    return matrix && v ? ir_ein(graph, 1.0, "ji,j->i", matrix, v) : NULL;
}

/* factor [i] times v [i] or [i,n] */
static const struct ir_node *each_times(struct ir_graph *graph, const struct ir_node *factor,
                                        const struct ir_node *v)
{
    if (!factor || !v)
        return NULL;
    return ir_ein(graph, 1.0, v->shape.rank == 1 ? "i,i->i" : "i,in->in", factor, v);
}

/* The part of the convex pre-activations that is linear in x and the values below. */
static const struct ir_node *convex_part(struct ir_graph *graph, const struct icnn_level *level,
                                         const struct ir_node *x, const struct icnn_units *below)
{
    struct sum sum = {.n = 0};
    sum_add(&sum, times(graph, level->from_x, x));
    sum_add(&sum, times(graph, level->from_convex, below->convex));
    sum_add(&sum, times(graph, level->from_even, below->even));
    return sum_of(graph, &sum);
}

static const struct ir_node *shifted(struct ir_graph *graph, const struct ir_node *p,
                                     const struct ir_node *bias)
{
    return p ? ir_add2(graph, p, bias) : NULL;
}

/* p and q of a level */
static struct icnn_units pre_activations(struct ir_graph *graph, const struct icnn_level *level,
                                         const struct ir_node *x, const struct icnn_units *below)
{
    return (struct icnn_units){
        .convex = shifted(graph, convex_part(graph, level, x, below), level->bias),
        .even = shifted(graph, times(graph, level->even_x, x), level->even_bias),
    };
}

static const double density_at_zero = 0.3989422804014327; /* 1/sqrt(2 pi) */

/* phi(z), by the exponential that the derivative of erf(z/sqrt 2) takes, too */
static const struct ir_node *density(struct ir_graph *graph, const struct ir_node *z)
{
    const struct ir_node *w = ir_scale(graph, M_SQRT1_2, z);
    return ir_scale(graph, density_at_zero, ir_unary(graph, IR_EXP, ir_ein(graph, -1.0, "i,i->i", w, w)));
}

/* Phi(z) - 1/2 */
static const struct ir_node *even_slope(struct ir_graph *graph, const struct ir_node *z)
{
    return ir_scale(graph, 0.5, ir_unary(graph, IR_ERF, ir_scale(graph, M_SQRT1_2, z)));
}

/* Phi(z) */
static const struct ir_node *convex_slope(struct ir_graph *graph, const struct ir_node *z)
{
    return ir_add2(graph, even_slope(graph, z), ir_fill(graph, 0.5, z->shape));
}

static struct icnn_units slopes(struct ir_graph *graph, const struct icnn_units *p)
{
    return (struct icnn_units){.convex = p->convex ? convex_slope(graph, p->convex) : NULL,
                               .even = even_slope(graph, p->even)};
}

/* G(z) = z Phi(z) + phi(z) - phi(0), and G(z) - z/2, which is the same with Phi - 1/2. Its derivative is the
 * slope, since z Phi'(z) + phi'(z) = 0: so both are held. */
static const struct ir_node *unit_value(struct ir_graph *graph, const struct ir_node *z,
                                        const struct ir_node *slope)
{
    const struct ir_node *rest =
        ir_add2(graph, density(graph, z), ir_fill(graph, -density_at_zero, z->shape));
    return ir_add2(graph, ir_mul(graph, z, held(graph, slope)), held(graph, rest));
}

static struct icnn_units unit_values(struct ir_graph *graph, const struct icnn_units *p,
                                     const struct icnn_units *slope)
{
    return (struct icnn_units){
        .convex = p->convex ? unit_value(graph, p->convex, slope->convex) : NULL,
        .even = unit_value(graph, p->even, slope->even),
    };
}

void icnn_tangents(struct ir_graph *graph, const struct icnn *icnn, const struct icnn_point *at,
                   const struct ir_node *v, struct icnn_units *tangents)
{
    struct icnn_units below = {NULL, NULL};
    for (int k = 0; k < icnn->n; k++) {
        tangents[k].convex = convex_part(graph, &icnn->level[k], v, &below);
        tangents[k].even = times(graph, icnn->level[k].even_x, v);
        below.convex = each_times(graph, at->slope[k].convex, tangents[k].convex);
        below.even = each_times(graph, at->slope[k].even, tangents[k].even);
    }
}

/* ---- downwards: cotangents ----------------------------------------------------------------------------- */

/* What the pre-activations' cotangents of one level are worth in x, and in the values of the level below. */
static void pull_level(struct ir_graph *graph, const struct icnn_level *level, const struct icnn_units *p,
                       struct sum *x, struct icnn_units *below)
{
    sum_add(x, transposed_times(graph, level->from_x, p->convex));
    sum_add(x, transposed_times(graph, level->even_x, p->even));
    below->convex = transposed_times(graph, level->from_convex, p->convex);
    below->even = transposed_times(graph, level->from_even, p->convex);
}

/* g phi(p) and g phi(q), g the derivative of F by the units' values */
static struct icnn_units curvatures(struct ir_graph *graph, const struct icnn_units *p,
                                    const struct icnn_units *g)
{
    return (struct icnn_units){
        .convex = p->convex ? ir_mul(graph, g->convex, density(graph, p->convex)) : NULL,
        .even = ir_mul(graph, g->even, density(graph, p->even)),
    };
}

/* grad F, and the curvatures on the way. */
static void pull_gradient(struct ir_graph *graph, const struct icnn *icnn, const struct icnn_units *p,
                          const struct ir_node *x, struct icnn_point *at)
{
    struct sum sum = {.n = 0};
    struct icnn_units g = {icnn->top_convex, icnn->top_even};
    sum_add(&sum, icnn->top_x);
    sum_add(&sum, ir_ein(graph, 1.0, ",i->i", icnn->quadratic, x));
    for (int k = icnn->n - 1; k >= 0; k--) {
        const struct icnn_units local = {each_times(graph, at->slope[k].convex, g.convex),
                                         each_times(graph, at->slope[k].even, g.even)};
        at->curvature[k] = curvatures(graph, &p[k], &g);
        pull_level(graph, &icnn->level[k], &local, &sum, &g);
    }
    at->gradient = sum_of(graph, &sum);
}

struct icnn_point icnn_at(struct ir_graph *graph, const struct icnn *icnn, const struct ir_node *x)
{
    struct icnn_point at = {.gradient = NULL};
    struct icnn_units p[MODEL_MAX_LAYERS], value = {NULL, NULL};
    for (int k = 0; k < icnn->n; k++) {
        p[k] = pre_activations(graph, &icnn->level[k], x, &value);
        at.slope[k] = slopes(graph, &p[k]);
        value = unit_values(graph, &p[k], &at.slope[k]);
    }
    pull_gradient(graph, icnn, p, x, &at);
    return at;
}

const struct ir_node *icnn_apply(struct ir_graph *graph, const struct icnn *icnn, const struct icnn_point *at,
                                 const struct ir_node *v, const struct icnn_units *tangents)
{
    struct sum sum = {.n = 0};
    struct icnn_units g = {NULL, NULL};
    sum_add(&sum, ir_ein(graph, 1.0, ",i->i", icnn->quadratic, v));
    for (int k = icnn->n - 1; k >= 0; k--) {
        const struct icnn_units *slope = &at->slope[k], *curvature = &at->curvature[k];
        const struct icnn_units local = {
            sum_of_two(graph, each_times(graph, curvature->convex, tangents[k].convex),
                       each_times(graph, slope->convex, g.convex)),
            sum_of_two(graph, each_times(graph, curvature->even, tangents[k].even),
                       each_times(graph, slope->even, g.even)),
        };
        pull_level(graph, &icnn->level[k], &local, &sum, &g);
    }
    return sum_of(graph, &sum);
}

/* ---- forms --------------------------------------------------------------------------------------------- */

static const struct ir_node *form(struct ir_graph *graph, const struct ir_node *weight,
                                  const struct ir_node *a, const struct ir_node *b)
{
    if (!weight)
        return NULL;
    return ir_ein(graph, 1.0, a->shape.rank == 1 ? "i,i,i->" : "i,im,in->mn", weight, a, b);
}

static void sum_forms(struct ir_graph *graph, const struct icnn *icnn, const struct icnn_point *at,
                      const struct icnn_units *a, const struct icnn_units *b, struct sum *sum)
{
    for (int k = 0; k < icnn->n; k++) {
        sum_add(sum, form(graph, at->curvature[k].convex, a[k].convex, b[k].convex));
        sum_add(sum, form(graph, at->curvature[k].even, a[k].even, b[k].even));
    }
}

const struct ir_node *icnn_product(struct ir_graph *graph, const struct icnn *icnn,
                                   const struct icnn_point *at, const struct ir_node *a,
                                   const struct icnn_units *da, const struct ir_node *b,
                                   const struct icnn_units *db)
{
    struct sum sum = {.n = 0};
    sum_add(&sum, ir_ein(graph, 1.0, ",i,i->", icnn->quadratic, a, b));
    sum_forms(graph, icnn, at, da, db, &sum);
    return sum_of(graph, &sum);
}

const struct ir_node *icnn_hessian(struct ir_graph *graph, const struct icnn *icnn,
                                   const struct icnn_point *at)
{
    const struct ir_node *eye = ir_eye(graph, icnn->top_x->shape.size[0]);
    struct icnn_units tangents[MODEL_MAX_LAYERS];
    struct sum sum = {.n = 0};
    icnn_tangents(graph, icnn, at, eye, tangents);
    sum_add(&sum, ir_ein(graph, 1.0, ",mn->mn", icnn->quadratic, eye));
    sum_forms(graph, icnn, at, tangents, tangents, &sum);
    return sum_of(graph, &sum);
}

/* ---- the log-determinant ------------------------------------------------------------------------------- */

/* What has the derivative of sum_j w_j T_j^T X T_j by w and T [j,d], X [d,d] symmetric and held: X T, of
 * which both take what they need, is made once. */
static const struct ir_node *trace_of(struct ir_graph *graph, const struct ir_node *X,
                                      const struct ir_node *w, const struct ir_node *T)
{
    if (!w)
        return NULL;
    const struct ir_node *XT = held(graph, ir_ein(graph, 1.0, "ab,jb->ja", X, T));
    const struct ir_node *by_w = held(graph, ir_ein(graph, 1.0, "ja,ja->j", T, XT));
    return ir_add2(graph, ir_ein(graph, 1.0, "j,j->", w, by_w),
                   ir_ein(graph, 2.0, "j,ja,ja->", held(graph, w), XT, T));
}

/* d log det H = tr(H^-1 dH), written out: the inverse is symmetric, and H is a sum of products of a value
 * with itself, so that half of what the rules of products would make is the other half again. */
const struct ir_node *icnn_logdet(struct ir_graph *graph, const struct icnn *icnn,
                                  const struct icnn_point *at)
{
    struct icnn_units tangents[MODEL_MAX_LAYERS];
    icnn_tangents(graph, icnn, at, ir_eye(graph, icnn->top_x->shape.size[0]), tangents);
    const struct ir_node *H = icnn_hessian(graph, icnn, at), *X = held(graph, ir_inverse(graph, H));
    struct sum sum = {.n = 0};
    sum_add(&sum, ir_ein(graph, 1.0, "aa,->", X, icnn->quadratic));
    for (int k = 0; k < icnn->n; k++) {
        sum_add(&sum, trace_of(graph, X, at->curvature[k].convex, tangents[k].convex));
        sum_add(&sum, trace_of(graph, X, at->curvature[k].even, tangents[k].even));
    }
    const struct ir_node *trace = sum_of(graph, &sum);
    return ir_add2(graph, held(graph, ir_logdet(graph, H)), ir_sub(graph, trace, held(graph, trace)));
}

/* ---- what reaches the ActNorms ------------------------------------------------------------------------- */

/* The network's output before the last ActNorm, [1] */
static const struct ir_node *top_part(struct ir_graph *graph, const struct icnn *icnn,
                                      const struct ir_node *x, const struct icnn_units *value)
{
    struct sum sum = {.n = 0};
    sum_add(&sum, ir_ein(graph, 1.0, "i,i->", icnn->top_x, x));
    sum_add(&sum, ir_ein(graph, 1.0, "i,i->", icnn->top_even, value->even));
    if (value->convex)
        sum_add(&sum, ir_ein(graph, 1.0, "i,i->", icnn->top_convex, value->convex));
    return ir_broadcast(graph, sum_of(graph, &sum), "->a", ir_shape_of(1, 1));
}

void icnn_reached(struct ir_graph *graph, const struct icnn *icnn, const struct icnn *unscaled,
                  const struct ir_node *x, const struct ir_node **reached)
{
    struct icnn_units value = {NULL, NULL};
    for (int k = 0; k < icnn->n; k++) {
        if (k > 0)
            reached[k - 1] = pre_activations(graph, &unscaled->level[k], x, &value).convex;
        const struct icnn_units p = pre_activations(graph, &icnn->level[k], x, &value);
        const struct icnn_units slope = slopes(graph, &p);
        value = unit_values(graph, &p, &slope);
    }
    reached[icnn->n - 1] = top_part(graph, unscaled, x, &value);
}
