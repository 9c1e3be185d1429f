/* SPDX-License-Identifier: MIT */
#include "model/evaluate_base.h"

#include "model/density_grid.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NEAR = 10000, MOST_FAR = 1000 };
static const double far_deviations = 10;

struct traveller {
    struct base_flow *base;
    int64_t n, d;
    double *x, *y, *back;  /* [n][d] */
    double *mean, *scale;  /* [d] of x */
    unsigned char *reason; /* [2][n] there, and back */
};

static bool traveller_init(struct traveller *t, const void *x, int64_t precision, struct fault *fault)
{
    const size_t rows = (size_t)(t->n * t->d), doubles = 3 * rows + 2 * (size_t)t->d;
    t->x = malloc(doubles * sizeof *t->x);
    t->reason = malloc(2 * (size_t)t->n);
    if (!t->x || !t->reason)
        return fault_memory(fault, doubles * sizeof *t->x, "the evaluation");
    t->y = t->x + rows;
    t->back = t->y + rows;
    t->mean = t->back + rows;
    t->scale = t->mean + t->d;
    rows_to_double(x, t->n * t->d, precision, t->x);
    return true;
}

static void traveller_free(struct traveller *t)
{
    free(t->x);
    free(t->reason);
}

/* A row whose y is not good is not one to come back from: that counts as failed, too. */
static bool travel(struct traveller *t, struct base_trip *trip, struct fault *fault)
{
    struct base_flow_report there = {.reason = t->reason}, back = {.reason = t->reason + t->n};
    if (!base_flow_forward(t->base, t->x, t->n, t->y, NULL, &there, fault) ||
        !base_flow_inverse(t->base, t->y, t->n, t->back, NULL, &back, fault))
        return false;
    *trip = (struct base_trip){.samples = t->n};
    for (int64_t i = 0; i < t->n; i++) {
        const bool failed = t->reason[i] != ROW_GOOD || t->reason[t->n + i] != ROW_GOOD;
        trip->not_converged += failed;
        for (int64_t k = i * t->d; !failed && k < (i + 1) * t->d; k++)
            trip->roundtrip_max = fmax(trip->roundtrip_max, fabs(t->back[k] - t->x[k]));
    }
    if (trip->not_converged == trip->samples)
        trip->roundtrip_max = NAN;
    return true;
}

static void find_scale(struct traveller *t)
{
    for (int64_t k = 0; k < t->d; k++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < t->n; i++)
            sum += t->x[i * t->d + k];
        t->mean[k] = sum / (double)t->n;
        for (int64_t i = 0; i < t->n; i++)
            squares += pow(t->x[i * t->d + k] - t->mean[k], 2);
        t->scale[k] = squares > 0 ? sqrt(squares / (double)t->n) : 1;
    }
}

/* Moves each row away from the mean, in its own direction. */
static void go_far(struct traveller *t)
{
    for (int64_t i = 0; i < t->n; i++) {
        double *x = t->x + i * t->d, square = 0;
        for (int64_t k = 0; k < t->d; k++)
            square += pow((x[k] - t->mean[k]) / t->scale[k], 2);
        for (int64_t k = 0; k < t->d; k++)
            x[k] = square > 0 ? t->mean[k] + (x[k] - t->mean[k]) * far_deviations / sqrt(square)
                              : t->mean[k] + (k == 0 ? far_deviations * t->scale[k] : 0);
    }
}

bool evaluate_base(struct base_evaluation *out, const struct gpfc_bundle *bundle, const void *theta,
                   const double *rotation, int64_t time_steps, struct base_flow *base,
                   const struct part *part, const struct device *device, struct fault *fault)
{
    const int64_t precision = bundle->precision;
    struct traveller t = {
        .base = base, .d = bundle->dimension, .n = part->n < MOST_NEAR ? part->n : MOST_NEAR};
    *out = (struct base_evaluation){.integral_before = NAN, .integral_after = NAN};
    bool good = traveller_init(&t, part->x, precision, fault) && travel(&t, &out->near, fault);
    if (good) {
        find_scale(&t);
        t.n = t.n < MOST_FAR ? t.n : MOST_FAR;
        go_far(&t);
        good = travel(&t, &out->far, fault);
    }
    traveller_free(&t);
    return good && (bundle->dimension != 2 ||
                    density_integrals(&out->integral_before, &out->integral_after, bundle, theta, rotation,
                                      time_steps, base, part->x, part->n, device, fault));
}
