/* SPDX-License-Identifier: MIT
 *
 * Takes weights, means and covariances, gives a mixture that can be evaluated; its density; how it is written
 * to and read from a model file. */
#include "base/mixture.h"

#include "base/mixture_parts.h"
#include "ground/parallel.h"
#include "numbers/factors.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int mixture_team(int threads)
{
    return threads > 0 ? threads : parallel_threads();
}

/* ---- making -------------------------------------------------------------------------------------------- */

/* One block of memory after the struct contains all arrays. */
bool mixture_new(struct mixture **out, int64_t components, int64_t d, struct fault *fault)
{
    const size_t K = (size_t)components, n = (size_t)d;
    const size_t elements = K * (2 + 2 * n + 2 * n * n); /* d and components are at most 65536: no overflow */
    struct mixture *const m = calloc(1, sizeof *m + elements * sizeof(double));
    *out = m;
    if (!m)
        return fault_memory(fault, elements * sizeof(double), "a mixture");
    m->d = d;
    m->components = components;
    m->weights = (double *)(m + 1);
    m->means = m->weights + K;
    m->covariances = m->means + K * n;
    m->factors = m->covariances + K * n * n;
    m->log_weights = m->factors + K * n * n;
    m->log_scales = m->log_weights + K;
    return true;
}

void mixture_free(struct mixture *mixture)
{
    free(mixture);
}

bool mixture_factor(struct mixture *m, int64_t *which)
{
    const int64_t d = m->d;
    for (int64_t k = 0; k < m->components; k++) {
        double *const L = m->factors + k * d * d;
        if (!cholesky_factor(m->covariances + k * d * d, d, 0, L)) {
            *which = k;
            return false;
        }
        m->log_weights[k] = log(m->weights[k]);
        for (int64_t i = 0; i < d; i++)
            m->log_scales[k * d + i] = log(L[i * d + i]);
    }
    return true;
}

double mixture_log_sum(const double *terms, int64_t n)
{
    double greatest = -INFINITY, sum = 0;
    for (int64_t k = 0; k < n; k++)
        greatest = terms[k] > greatest ? terms[k] : greatest;
    if (isinf(greatest))
        return greatest;
    for (int64_t k = 0; k < n; k++)
        sum += exp(terms[k] - greatest);
    return greatest + log(sum);
}

/* ---- model files --------------------------------------------------------------------------------------- */

static const char WEIGHTS[] = "base.weights", MEANS[] = "base.means", COVARIANCES[] = "base.covariances";

void mixture_tensors(const struct mixture *m, struct tensor out[MIXTURE_TENSORS])
{
    const int64_t K = m->components, d = m->d;
    out[0] = tensor_of(WEIGHTS, 8, 1, K, 0, m->weights);
    out[1] = tensor_of(MEANS, 8, 2, K, d, m->means);
    out[2] = (struct tensor){
        .name = COVARIANCES, .dtype = "F64", .rank = 3, .shape = {K, d, d}, .data = m->covariances};
}

static bool weights_are_sound(const struct mixture *m)
{
    double sum = 0;
    for (int64_t k = 0; k < m->components; k++) {
        if (!(m->weights[k] >= 0))
            return false;
        sum += m->weights[k];
    }
    return fabs(sum - 1) < 1e-6;
}

static bool means_are_finite(const struct mixture *m)
{
    for (int64_t i = 0; i < m->components * m->d; i++)
        if (!isfinite(m->means[i]))
            return false;
    return true;
}

static bool fill_from_file(struct mixture *m, const struct safetensors *file, struct fault *fault)
{
    const int64_t K = m->components, d = m->d;
    if (!safetensors_take(file, WEIGHTS, 8, 1, &K, m->weights, fault) ||
        !safetensors_take(file, MEANS, 8, 2, (const int64_t[]){K, d}, m->means, fault) ||
        !safetensors_take(file, COVARIANCES, 8, 3, (const int64_t[]){K, d, d}, m->covariances, fault))
        return false;
    int64_t which = 0;
    if (!weights_are_sound(m))
        return fault_set(fault, FAULT_INPUT, "tensor %s: expected positive weights that sum to 1", WEIGHTS);
    if (!means_are_finite(m))
        return fault_set(fault, FAULT_INPUT, "tensor %s: a number is not finite", MEANS);
    return mixture_factor(m, &which) ||
           fault_set(fault, FAULT_INPUT, "tensor %s: matrix %" PRId64 " is not positive definite",
                     COVARIANCES, which);
}

/* Shapes that belong together, before memory is taken by them: covariances lie in the file, so K d^2 is no
 * fancy. */
static bool shapes_are_sound(const struct tensor *means, const struct tensor *covariances)
{
    return means && covariances && means->rank == 2 && means->shape[0] > 0 && means->shape[1] > 0 &&
           covariances->rank == 3 && covariances->shape[0] == means->shape[0] &&
           covariances->shape[1] == means->shape[1] && covariances->shape[2] == means->shape[1];
}

bool mixture_from_tensors(struct mixture **out, const struct safetensors *file, struct fault *fault)
{
    const struct tensor *const means = safetensors_find(file, MEANS);
    *out = NULL;
    if (!safetensors_find(file, WEIGHTS))
        return true;
    if (!shapes_are_sound(means, safetensors_find(file, COVARIANCES)))
        return fault_set(fault, FAULT_INPUT, "tensors %s [K, d] and %s [K, d, d] are missing or do not fit",
                         MEANS, COVARIANCES);
    if (!mixture_new(out, means->shape[0], means->shape[1], fault))
        return false;
    if (fill_from_file(*out, file, fault))
        return true;
    mixture_free(*out);
    *out = NULL;
    return false;
}
