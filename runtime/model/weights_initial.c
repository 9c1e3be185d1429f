/* SPDX-License-Identifier: MIT
 *
 * Initial values of trained arrays. Element i of a parameter depends on the seed, the parameter's position in
 * the bundle and i. */
#include "kernels/bundle.h"
#include "kernels/settings.h"
#include "model/weights.h"
#include "numbers/random.h"
#include "numbers/rows.h"

#include <math.h>

struct start { /* of one parameter */
    const struct gpfc_parameter *parameter;
    int64_t d, n; /* dimension; elements */
    uint64_t seed, stream;
    int64_t precision;
    void *array; /* REAL [n] */
};

static void put(const struct start *start, int64_t i, double value)
{
    rows_put(value, start->array, i, start->precision);
}

static double at(const struct start *start, int64_t i)
{
    return rows_number(start->array, i, start->precision);
}

static void fill_normal(const struct start *start, double deviation)
{
    random_fill_normal(start->seed, start->stream, 0, start->n, start->precision, start->array);
    for (int64_t i = 0; i < start->n; i++)
        put(start, i, at(start, i) * deviation);
}

static double uniform(const struct start *start, int64_t i)
{
    return random_uniform(start->seed, start->stream, (uint64_t)i);
}

/* The bound of block row r: Glorot and Bengio's, of the r + 1 blocks that are not 0. */
static double triangular_bound(const struct start *start, int64_t r)
{
    const double in = (double)start->parameter->shape[1] / (double)start->d,
                 out = (double)start->parameter->shape[0] / (double)start->d;
    return sqrt(6 / ((double)(r + 1) * in + out));
}

static void fill_triangular(const struct start *start)
{
    const int64_t out = start->parameter->shape[0], in = start->parameter->shape[1];
    for (int64_t i = 0; i < out; i++) {
        const int64_t r = i * start->d / out;
        for (int64_t j = 0; j < in; j++) {
            const bool above = j * start->d / in > r;
            put(start, i * in + j,
                above ? 0 : triangular_bound(start, r) * (2 * uniform(start, i * in + j) - 1));
        }
    }
}

static double hidden_deviation(const struct gpfc_bundle *bundle, const struct gpfc_parameter *parameter)
{
    const double given = setting_number(bundle, SETTING_train_init_hidden);
    return given > 0 ? given : 1 / sqrt((double)parameter->fan_in);
}

static void fill(const struct gpfc_bundle *bundle, const struct start *start)
{
    const double spread = start->parameter->spread;
    switch ((enum gpfc_init)start->parameter->init) {
    case GPFC_INIT_HIDDEN:
        fill_normal(start, hidden_deviation(bundle, start->parameter));
        break;
    case GPFC_INIT_LAST:
        fill_normal(start, setting_number(bundle, SETTING_train_init_last));
        break;
    case GPFC_INIT_UNIFORM:
        for (int64_t i = 0; i < start->n; i++)
            put(start, i, spread * (2 * uniform(start, i) - 1));
        break;
    case GPFC_INIT_NORMAL:
        fill_normal(start, spread);
        break;
    case GPFC_INIT_CONSTANT:
        for (int64_t i = 0; i < start->n; i++)
            put(start, i, spread);
        break;
    case GPFC_INIT_LOG_UNIFORM:
        for (int64_t i = 0; i < start->n; i++)
            put(start, i, log(uniform(start, i)));
        break;
    case GPFC_INIT_TRIANGULAR:
        fill_triangular(start);
        break;
    }
}

void weights_initial(const struct gpfc_bundle *bundle, uint64_t seed, void *theta)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        const struct start start = {
            .parameter = parameter,
            .d = bundle->dimension,
            .n = bundle_parameter_elements(parameter),
            .seed = seed,
            .stream = random_stream(RANDOM_WEIGHTS, (uint64_t)i),
            .precision = bundle->precision,
            .array = (char *)theta + parameter->offset * bundle->precision,
        };
        fill(bundle, &start);
    }
}
