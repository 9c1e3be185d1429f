/* SPDX-License-Identifier: MIT */
#include "model/flow_rotation.h"

#include "kernels/settings.h"
#include "numbers/rotation.h"
#include "numbers/row_weights.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdlib.h>

/* ---- the best ------------------------------------------------------------------------------------------ */

struct moments {
    const struct pairs *pairs;
    double *mean;    /* [d] of x */
    double *product; /* [d][d], mean of (x - mean) y^T */
};

static double number(const struct moments *moments, const void *rows, int64_t i)
{
    return rows_number(rows, i, moments->pairs->precision);
}

/* Means by weight. That of x is taken off, as that of y is 0 but for chance. */
static void find_moments(const struct moments *moments)
{
    const struct part *const part = &moments->pairs->train;
    const int64_t d = moments->pairs->d;
    const double total = row_weights_sum(part->weights, part->n);
    for (int64_t i = 0; i < part->n * d; i++)
        moments->mean[i % d] += row_weight(part->weights, i / d) * number(moments, part->x, i) / total;
    for (int64_t i = 0; i < part->n * d; i++) {
        const double weight = row_weight(part->weights, i / d);
        const double x = weight * (number(moments, part->x, i) - moments->mean[i % d]) / total;
        for (int64_t j = 0; j < d; j++)
            moments->product[i % d * d + j] += x * number(moments, part->y, i / d * d + j);
    }
}

bool flow_rotation_best(double **out, const struct gpfc_bundle *bundle, const struct pairs *pairs,
                        struct fault *fault)
{
    const int64_t d = pairs->d, n = d * d;
    void *work = NULL, *rotation = NULL;
    *out = NULL;
    if (d == 1 || !setting_is(bundle, SETTING_flow_start, WORD_start_rotation))
        return true;
    if (!fault_calloc(fault, &rotation, (size_t)n, sizeof(double), "the flow's start") ||
        !fault_calloc(fault, &work, (size_t)(d + (1 + ROTATION_ROOM) * n), sizeof(double),
                      "the flow's start")) {
        free(rotation);
        return false;
    }
    const struct moments moments = {.pairs = pairs, .mean = work, .product = (double *)work + d};
    find_moments(&moments);
    rotation_nearest(d, moments.product, rotation, moments.product + n);
    free(work);
    *out = rotation;
    return true;
}

/* ---- in files ------------------------------------------------------------------------------------------ */

static const double allowed = 1e-6; /* of R R^T from I */

static bool is_orthogonal(const double *rotation, int64_t d)
{
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = i == j ? -1 : 0;
            for (int64_t k = 0; k < d; k++)
                sum += rotation[i * d + k] * rotation[j * d + k];
            if (!(fabs(sum) <= allowed))
                return false;
        }
    return true;
}

bool flow_rotation_read(double **out, const struct safetensors *file, int64_t d, struct fault *fault)
{
    const int64_t shape[] = {d, d};
    void *rotation = NULL;
    *out = NULL;
    if (!safetensors_find(file, FLOW_ROTATION))
        return true;
    if (!fault_calloc(fault, &rotation, (size_t)(d * d), sizeof(double), "the flow's rotation"))
        return false;
    *out = rotation;
    if (safetensors_take(file, FLOW_ROTATION, sizeof(double), 2, shape, rotation, fault) &&
        (is_orthogonal(rotation, d) ||
         fault_set(fault, FAULT_INPUT, "tensor '" FLOW_ROTATION "' is no orthogonal matrix")))
        return true;
    free(rotation);
    *out = NULL;
    return false;
}

void flow_rotation_list(struct tensor_list *list, int64_t d, const double *rotation)
{
    const struct tensor tensor = tensor_of(FLOW_ROTATION, sizeof(double), 2, d, d, rotation);
    if (rotation)
        tensor_list_add_tensor(list, &tensor);
}
