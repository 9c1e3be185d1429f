/* SPDX-License-Identifier: MIT
 *
 * Programs whose number of time steps is an input, against those that were built for that number. */
#include "check.h"
#include "flow_fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { D = 3, BATCH = 4, MOST = 5 };

struct pair_of_models {
    struct flow_fixture fixture; /* of the one with the input */
    struct model fixed;          /* of the other */
    int n;                       /* time steps of both */
    double steps;
    struct bindings bindings;
    double *noise, *first; /* [BATCH][MOST][2][D]; [BATCH][n][2][D], of it */
};

static void draw_noise(struct pair_of_models *p)
{
    const long row = 2 * D;
    p->noise = fixture_normal(&p->fixture, BATCH * MOST * row);
    p->first = fixture_filled(&p->fixture, BATCH * p->n * row, 0);
    for (int b = 0; b < BATCH; b++)
        memcpy(p->first + b * p->n * row, p->noise + b * MOST * row, (size_t)(p->n * row) * sizeof *p->first);
}

static void bind_all(struct pair_of_models *p)
{
    struct flow_fixture *f = &p->fixture;
    p->bindings = fixture_bindings(f, f->theta);
    bind(&p->bindings, "x", fixture_normal(f, BATCH * D));
    bind(&p->bindings, "y", fixture_normal(f, BATCH * D));
    bind(&p->bindings, "s", fixture_normal(f, BATCH * D));
    bind(&p->bindings, "t", fixture_filled(f, 1, 0.4));
    bind(&p->bindings, "lambda", fixture_filled(f, 1, 0.3));
    bind(&p->bindings, "weight", fixture_filled(f, BATCH, 0.25));
    bind(&p->bindings, "steps", &p->steps);
}

/* The bits of `which` select field, integrator, penalty and potential. */
static void make(struct pair_of_models *p, int which, int n)
{
    static const int hidden[] = {5, 4};
    static const enum model_integrator integrators[] = {MODEL_RK4, MODEL_MIDPOINT, MODEL_EULER};
    *p = (struct pair_of_models){.n = n, .steps = n};
    p->fixture = fixture_new(D, which & 1 ? MODEL_CUBE : MODEL_GAUSSIAN,
                             which & 2 ? MODEL_BLOCKS : MODEL_FOLDED, 2, hidden, 0.5, (uint64_t)which + 5);
    struct model *model = &p->fixture.model;
    model->integrator = integrators[which % 3];
    model->penalised = which & 4;
    model->noise_per_sample = true;
    p->fixed = *model;
    p->fixed.steps = n;
    model->steps = MOST;
    model->automatic_steps = true;
    draw_noise(p);
    bind_all(p);
}

/* elements of a sample, or of a uniform value */
static bool same(const char *kernel, const char *output, const double *a, const double *b, long n,
                 double factor)
{
    double gap = 0, size = 0;
    for (long i = 0; i < n; i++) {
        gap = fmax(gap, isfinite(a[i]) ? fabs(a[i] - factor * b[i]) : INFINITY);
        size = fmax(size, fabs(b[i]));
    }
    if (gap <= 1e-12 * (1 + size))
        return true;
    printf("%s, %s: gap %g\n", kernel, output, gap);
    return false;
}

/* The first positions are the same; those past the end are the end. */
static bool same_paths(const struct pair_of_models *p, const double *a, const double *b)
{
    bool good = true;
    for (int sample = 0; sample < BATCH; sample++)
        for (int row = 0; row <= MOST; row++) {
            const int other = row < p->n ? row : p->n;
            good = same("trajectory", "path", a + (sample * (MOST + 1) + row) * D,
                        b + (sample * (p->n + 1) + other) * D, D, 1) &&
                   good;
        }
    return good;
}

static bool same_outputs(struct pair_of_models *p, const struct ir_graph *a, const struct ir_graph *b)
{
    bool good = true;
    bind(&p->bindings, "noise", p->noise);
    double *const *of_a = fixture_run(a, BATCH, &p->bindings);
    bind(&p->bindings, "noise", p->first);
    double *const *of_b = fixture_run(b, BATCH, &p->bindings);
    for (int k = 0; k < b->n_outputs; k++) {
        const struct ir_node *value = b->outputs[k].value;
        const char *name = b->outputs[k].name;
        const long n = ir_elements(value->shape) * (value->rate == IR_VARYING ? BATCH : 1);
        const double factor = strcmp(name, "penalty") == 0 ? (double)MOST / p->n : 1;
        if (strcmp(name, "path") == 0)
            good = same_paths(p, of_a[k], of_b[k]) && good;
        else
            good = same(b->name, name, of_a[k], of_b[k], n, factor) && good;
    }
    return good;
}

static void every_program_agrees(void)
{
    for (int which = 0; which < 12; which++)
        for (int n = 1; n <= MOST; n += which % 2 + 1)
            for (int k = FLOW_MEASURE; k < FLOW_KERNEL_COUNT; k++) {
                struct pair_of_models p;
                make(&p, which, n);
                const struct ir_graph *a = flow_build(p.fixture.arena, &p.fixture.model, (enum flow_kernel)k);
                const struct ir_graph *b = flow_build(p.fixture.arena, &p.fixed, (enum flow_kernel)k);
                CU_ASSERT_PTR_NULL(ir_verify(a));
                CU_ASSERT_TRUE(same_outputs(&p, a, b));
                fixture_free(&p.fixture);
            }
}

/* The penalty's gradient has its factor too: lambda of the other takes it. */
static void gradients_agree(void)
{
    for (int which = 0; which < 12; which++)
        for (int policy = 0; policy < 2; policy++) {
            const enum diff_keep keep = policy ? DIFF_KEEP_ALL : DIFF_KEEP_STATE;
            struct pair_of_models p;
            make(&p, which, 1 + which % MOST);
            const struct ir_graph *a = flow_train(p.fixture.arena, &p.fixture.model, keep);
            const struct ir_graph *b = flow_train(p.fixture.arena, &p.fixed, keep);
            const double lambda[2] = {0.3, 0.3 * MOST / p.n};
            double *const *out[2];
            for (int i = 0; i < 2; i++) {
                bind(&p.bindings, "lambda", &lambda[i]);
                bind(&p.bindings, "noise", i ? p.first : p.noise);
                out[i] = fixture_run(i ? b : a, BATCH, &p.bindings);
            }
            CU_ASSERT_EQUAL_FATAL(a->n_outputs, b->n_outputs);
            for (int k = 2; k < b->n_outputs; k++)
                CU_ASSERT_TRUE(same("train", b->outputs[k].name, out[0][k], out[1][k],
                                    ir_elements(b->outputs[k].value->shape), 1));
            fixture_free(&p.fixture);
        }
}

static const struct check_case cases[] = {
    {"every program agrees", every_program_agrees},
    {"gradients agree", gradients_agree},
};

int main(void)
{
    return check_main("automatic steps", cases, CHECK_COUNT(cases));
}
