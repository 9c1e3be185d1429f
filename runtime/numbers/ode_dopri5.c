/* SPDX-License-Identifier: MIT */
#include "numbers/ode_dopri5.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { STAGES = 7 }; /* the last is the first of the next step */

static const double node[STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};

/* Row s: stage s is at x + h * sum_j weight[s][j] v_j. The last row makes the result of order 5. */
static const double weight[STAGES][STAGES - 1] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};

/* Order 5 less order 4. */
static const double difference[STAGES] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                          -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

/* The step's length is to bring the next error to a bit under the tolerance (Hairer, Norsett and Wanner,
 * II.4): with the error of the step before, it changes more smoothly where stability and not accuracy is what
 * limits it. */
static const double safety = 0.9, power = 0.17, power_before = 0.04, most_growth = 8, most_shrinking = 0.2;

struct work {
    const struct ode_problem *problem;
    double *x;
    struct ode_row *rows;
    uint32_t *order; /* of the rows on their way */
    int64_t n;
    double *stage_t, *stage_x, *v[STAGES];
};

int64_t ode_room(int64_t m)
{
    return 1 + m + STAGES * m;
}

static struct work work_in(const struct ode_problem *problem, double *x, int64_t n, struct ode_row *rows,
                           uint32_t *order, double *room)
{
    struct work work = {.problem = problem, .x = x, .rows = rows, .order = order, .n = n};
    work.stage_t = room;
    work.stage_x = room + n;
    for (int s = 0; s < STAGES; s++)
        work.v[s] = work.stage_x + (s + 1) * n * problem->m;
    return work;
}

static bool all_finite(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* ---- starting ------------------------------------------------------------------------------------------ */

/* A first step that moves x by a small part of its size; the error of a step goes with its fifth power. */
static double first_step(const struct work *work, int64_t row)
{
    const int64_t m = work->problem->m;
    const double whole = work->problem->end - work->problem->start;
    double rate = 0;
    for (int64_t i = 0; i < m; i++)
        rate = fmax(rate, fabs(work->v[0][row * m + i]) / (1 + fabs(work->x[row * m + i])));
    const double part = pow(work->problem->tolerance, 0.2);
    return copysign(fmin(fabs(whole), part / fmax(rate, part / fabs(whole))), whole);
}

/* Rows whose first velocity is not finite fail at once. */
static void start_rows(struct work *work)
{
    const struct ode_problem *p = work->problem;
    const int64_t n = work->n;
    for (int64_t row = 0; row < n; row++) {
        work->rows[row] = (struct ode_row){.t = p->start, .scaled_before = 1e-4, .evaluations = 1};
        work->stage_t[row] = p->start;
        work->order[row] = (uint32_t)row;
    }
    p->velocity(p->data, work->order, n, work->stage_t, work->x, work->v[0]);
    work->n = 0;
    for (int64_t row = 0; row < n; row++) {
        struct ode_row *r = &work->rows[row];
        r->failed = !all_finite(work->v[0] + row * p->m, p->m) || !all_finite(work->x + row * p->m, p->m);
        if (r->failed || p->start == p->end)
            continue;
        r->h = first_step(work, row);
        work->order[work->n++] = (uint32_t)row;
    }
}

/* ---- one step of all rows ------------------------------------------------------------------------------ */

static void make_stage(struct work *work, int s)
{
    const int64_t m = work->problem->m;
    for (int64_t a = 0; a < work->n; a++) {
        const int64_t row = work->order[a];
        const double h = work->rows[row].h;
        work->stage_t[row] = work->rows[row].t + node[s] * h;
        for (int64_t i = row * m; i < (row + 1) * m; i++) {
            double sum = 0;
            for (int j = 0; j < s; j++)
                sum += weight[s][j] * work->v[j][i];
            work->stage_x[i] = work->x[i] + h * sum;
        }
    }
}

/* The step's error in units of the tolerance, the largest; infinite where anything is not finite. */
static double step_error(const struct work *work, int64_t row, double *largest)
{
    const int64_t m = work->problem->m;
    double scaled = 0;
    *largest = 0;
    for (int64_t i = row * m; i < (row + 1) * m; i++) {
        double sum = 0;
        for (int s = 0; s < STAGES; s++)
            sum += difference[s] * work->v[s][i];
        const double error = fabs(work->rows[row].h * sum);
        if (!isfinite(error) || !isfinite(work->stage_x[i]))
            return INFINITY;
        *largest = fmax(*largest, error);
        scaled = fmax(scaled, error / (1 + fmax(fabs(work->x[i]), fabs(work->stage_x[i]))));
    }
    return scaled / work->problem->tolerance;
}

static double step_factor(double scaled, double scaled_before)
{
    if (!(scaled > 0))
        return most_growth;
    const double factor = safety * pow(scaled, -power) * pow(scaled_before, power_before);
    return fmin(most_growth, fmax(most_shrinking, factor));
}

/* Takes the step or shortens it. False: the row is through, or stuck. */
static bool judge_step(struct work *work, int64_t row)
{
    const struct ode_problem *p = work->problem;
    struct ode_row *r = &work->rows[row];
    double largest;
    const double scaled = step_error(work, row, &largest);
    const double factor = step_factor(scaled, r->scaled_before);
    r->evaluations += STAGES - 1;
    if (scaled <= 1) {
        const size_t bytes = (size_t)p->m * sizeof(double);
        r->t = fabs(p->end - r->t) <= fabs(r->h) ? p->end : r->t + r->h;
        r->error += largest;
        r->scaled_before = fmax(scaled, 1e-4);
        memcpy(work->x + row * p->m, work->stage_x + row * p->m, bytes);
        memcpy(work->v[0] + row * p->m, work->v[STAGES - 1] + row * p->m, bytes);
    }
    r->h *= scaled <= 1 ? factor : fmin(factor, safety);
    r->failed = r->t != p->end && (r->evaluations > p->most_steps * (STAGES - 1) ||
                                   fabs(r->h) <= 8 * DBL_EPSILON * fmax(fabs(r->t), fabs(p->end - p->start)));
    if (fabs(r->h) > fabs(p->end - r->t))
        r->h = p->end - r->t;
    return r->t != p->end && !r->failed;
}

static void step_rows(struct work *work)
{
    const struct ode_problem *p = work->problem;
    for (int s = 1; s < STAGES; s++) {
        make_stage(work, s);
        p->velocity(p->data, work->order, work->n, work->stage_t, work->stage_x, work->v[s]);
    }
    int64_t left = 0;
    for (int64_t a = 0; a < work->n; a++)
        if (judge_step(work, work->order[a]))
            work->order[left++] = work->order[a];
    work->n = left;
}

void ode_dopri5(const struct ode_problem *problem, double *x, int64_t n, struct ode_row *rows,
                uint32_t *order, double *room)
{
    struct work work = work_in(problem, x, n, rows, order, room);
    start_rows(&work);
    while (work.n > 0)
        step_rows(&work);
}
