/* SPDX-License-Identifier: MIT
 *
 * Maps points through the Knothe-Rosenblatt map of a mixture and back. Given x_1 .. x_(i-1), coordinate i
 * follows a mixture on the line: with L_k the Cholesky factor of component k and L_k z_k = x - m_k, x_i |
 * x_<i ~ sum_k v_k N( m_ki + sum_(j<i) L_kij z_kj, L_kii^2 ), v_k ~ w_k prod_(j<i) N(z_kj; 0, 1) / L_kjj. */
#include "base/mixture.h"
#include "base/mixture_parts.h"
#include "ground/parallel.h"
#include "numbers/normal.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static const double SQRT_HALF = 0.70710678118654752440;
static const double LEAST_SUM = 1e-250; /* what is lost by underflow, 1e-308, is nothing beside it */

struct line { /* a thread's room, and the conditional mixture of the coordinate at hand */
    int64_t K;
    double *log_v, *v;               /* [K] normalised             */
    double *mean, *sd;               /* [K]                        */
    double *z;                       /* [K][d] as far as x is known */
    double *log_joint;               /* [K] log v, not normalised  */
    double *below, *above, *density; /* [K] logarithms of the terms */
};

static size_t line_room(const struct mixture *m)
{
    return (size_t)m->components * (size_t)(m->d + 8);
}

static struct line line_in(const struct mixture *m, double *room)
{
    const int64_t K = m->components;
    return (struct line){.K = K,
                         .log_v = room,
                         .mean = room + K,
                         .sd = room + 2 * K,
                         .log_joint = room + 3 * K,
                         .below = room + 4 * K,
                         .above = room + 5 * K,
                         .density = room + 6 * K,
                         .v = room + 7 * K,
                         .z = room + 8 * K};
}

static void line_start(const struct mixture *m, struct line *line)
{
    for (int64_t k = 0; k < line->K; k++)
        line->log_joint[k] = m->log_weights[k];
}

/* The conditional mixture of coordinate i. */
static void line_condition(const struct mixture *m, struct line *line, int64_t i)
{
    const int64_t d = m->d;
    const double total = mixture_log_sum(line->log_joint, line->K);
    for (int64_t k = 0; k < line->K; k++) {
        const double *const row = m->factors + (k * d + i) * d;
        double mean = m->means[k * d + i];
        for (int64_t j = 0; j < i; j++)
            mean += row[j] * line->z[k * d + j];
        line->mean[k] = mean;
        line->sd[k] = row[i];
        line->log_v[k] = line->log_joint[k] - total;
        line->v[k] = exp(line->log_v[k]);
    }
}

/* Coordinate i is x from here on. */
static void line_fix(const struct mixture *m, struct line *line, int64_t i, double x)
{
    for (int64_t k = 0; k < line->K; k++) {
        const double z = (x - line->mean[k]) / line->sd[k];
        line->z[k * m->d + i] = z;
        line->log_joint[k] -= 0.5 * z * z + m->log_scales[k * m->d + i];
    }
}

struct image {
    double y;        /* Phi^-1( F(x) )                           */
    double log_rate; /* log dy/dx = log p(x) + y^2/2 + log(2 pi)/2 */
};

/* y from log F and log(1 - F): the smaller one decides, so that neither tail is lost. */
static struct image image_of(double log_below, double log_above, double log_density)
{
    const double y =
        log_below < log_above ? normal_lower_quantile(log_below) : -normal_lower_quantile(log_above);
    return (struct image){.y = y, .log_rate = log_density + 0.5 * y * y};
}

/* However far out: every term as a logarithm. */
static struct image map_by_logarithms(const struct mixture *m, const struct line *line, int64_t i, double x)
{
    for (int64_t k = 0; k < line->K; k++) {
        const double a = (x - line->mean[k]) / line->sd[k];
        const struct normal_logs p = normal_log_probabilities(a);
        line->below[k] = line->log_v[k] + p.below;
        line->above[k] = line->log_v[k] + p.above;
        line->density[k] = line->log_v[k] - 0.5 * a * a - m->log_scales[k * m->d + i];
    }
    return image_of(mixture_log_sum(line->below, line->K), mixture_log_sum(line->above, line->K),
                    mixture_log_sum(line->density, line->K));
}

/* The same by plain sums wherever these are far from underflow, which takes a third of the time. */
static struct image line_map(const struct mixture *m, const struct line *line, int64_t i, double x)
{
    double below = 0, above = 0, density = 0;
    for (int64_t k = 0; k < line->K; k++) {
        if (line->v[k] <= 0)
            continue;
        const double a = (x - line->mean[k]) / line->sd[k];
        const double tail = 0.5 * erfc(fabs(a) * SQRT_HALF), body = 1 - tail;
        below += line->v[k] * (a < 0 ? tail : body);
        above += line->v[k] * (a < 0 ? body : tail);
        density += line->v[k] * exp(-0.5 * a * a) / line->sd[k];
    }
    if (below > LEAST_SUM && above > LEAST_SUM && density > LEAST_SUM)
        return image_of(log(below), log(above), log(density));
    return map_by_logarithms(m, line, i, x);
}

/* ---- forward ------------------------------------------------------------------------------------------- */

static double forward_point(const struct mixture *m, struct line *line, const double *x, double *y)
{
    double logdet = 0;
    line_start(m, line);
    for (int64_t i = 0; i < m->d; i++) {
        const double xi = x[i]; /* y may be x */
        line_condition(m, line, i);
        const struct image image = line_map(m, line, i, xi);
        line_fix(m, line, i, xi);
        y[i] = image.y;
        logdet += image.log_rate;
    }
    return logdet;
}

/* ---- inverse ------------------------------------------------------------------------------------------- */

struct bracket {
    double low, high; /* F(low) <= Phi(y) <= F(high) */
};

/* At x = mean_k + y sd_k component k by itself has Phi(y) below x: left of all these F <= Phi(y), right of
 * all F >= Phi(y). */
static struct bracket line_bracket(const struct line *line, double y, double *start)
{
    struct bracket b = {.low = INFINITY, .high = -INFINITY};
    *start = 0;
    for (int64_t k = 0; k < line->K; k++) {
        const double x = line->mean[k] + y * line->sd[k];
        if (isinf(line->log_v[k])) /* no weight: not part of F */
            continue;
        b.low = fmin(b.low, x);
        b.high = fmax(b.high, x);
        *start += line->v[k] * x;
    }
    *start = fmin(fmax(*start, b.low), b.high);
    return b;
}

/* Newton's step where it stays inside and halves the last one, else the middle. */
static double next_point(const struct bracket *b, double x, double newton, double last_step)
{
    const double to = x - newton;
    return to > b->low && to < b->high && fabs(newton) < 0.5 * last_step ? to : 0.5 * (b->low + b->high);
}

/* Solves line_map(x).y = y. In y's own scale the function is nearly straight wherever one component rules,
 * however far out; across a gap it is flat, and bisection takes over. */
static double line_solve(const struct mixture *m, const struct line *line, int64_t i, double y,
                         struct image *image)
{
    double x;
    struct bracket b = line_bracket(line, y, &x);
    double last_step = INFINITY;
    for (int turn = 0; turn < 200; turn++) {
        *image = line_map(m, line, i, x);
        const double error = image->y - y;
        if (!(fabs(error) > DBL_EPSILON * fabs(y)))
            break; /* as near as y can resolve */
        if (error > 0)
            b.high = x;
        else
            b.low = x;
        const double to = next_point(&b, x, error * exp(-image->log_rate), last_step);
        last_step = fabs(to - x);
        if (!(last_step > DBL_EPSILON * fabs(x)))
            break;
        x = to;
    }
    return x;
}

static double inverse_point(const struct mixture *m, struct line *line, const double *y, double *x)
{
    double logdet = 0;
    line_start(m, line);
    for (int64_t i = 0; i < m->d; i++) {
        struct image image;
        line_condition(m, line, i);
        x[i] = line_solve(m, line, i, y[i], &image);
        line_fix(m, line, i, x[i]);
        logdet += image.log_rate;
    }
    return logdet;
}

/* ---- many points --------------------------------------------------------------------------------------- */

typedef double point_function(const struct mixture *m, struct line *line, const double *from, double *to);

enum { POINTS_OF_PART = 64 };

struct mapping { /* one call of map_points */
    point_function *map;
    const struct mixture *mixture;
    const double *from;
    int64_t n;
    double *to, *logdet, *room;
};

static void map_part(void *data, int64_t part, int thread)
{
    const struct mapping *const mapping = data;
    const struct mixture *const m = mapping->mixture;
    struct line line = line_in(m, mapping->room + (size_t)thread * line_room(m));
    const int64_t first = part * POINTS_OF_PART, end = first + POINTS_OF_PART;
    for (int64_t i = first; i < end && i < mapping->n; i++) {
        const double value = mapping->map(m, &line, mapping->from + i * m->d, mapping->to + i * m->d);
        if (mapping->logdet)
            mapping->logdet[i] = value;
    }
}

static bool map_points(point_function *map, const struct mixture *m, const double *from, int64_t n,
                       double *to, double *logdet, int threads, struct fault *fault)
{
    const int team = mixture_team(threads);
    const size_t each = line_room(m);
    double *const room = malloc((size_t)team * each * sizeof *room);
    if (!room)
        return fault_memory(fault, (size_t)team * each * sizeof *room, "the base flow");
    parallel_for(team, (n + POINTS_OF_PART - 1) / POINTS_OF_PART, map_part,
                 &(struct mapping){map, m, from, n, to, logdet, room});
    free(room);
    return true;
}

bool mixture_forward(const struct mixture *mixture, const double *x, int64_t n, double *y, double *logdet,
                     int threads, struct fault *fault)
{
    return map_points(forward_point, mixture, x, n, y, logdet, threads, fault);
}

bool mixture_inverse(const struct mixture *mixture, const double *y, int64_t n, double *x, double *logdet,
                     int threads, struct fault *fault)
{
    return map_points(inverse_point, mixture, y, n, x, logdet, threads, fault);
}
