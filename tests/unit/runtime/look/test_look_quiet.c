/* SPDX-License-Identifier: MIT
 *
 * Data with nothing wrong are not warned of, whatever the seed. */
#include "data/toys.h"
#include "unit/runtime/look/look_fixture.h"

static void normal_samples(void)
{
    static const int64_t sizes[][2] = {{150, 1}, {150, 3}, {500, 10}, {4000, 3}, {20000, 5}, {70000, 2}};
    for (size_t k = 0; k < CHECK_COUNT(sizes); k++)
        for (uint64_t seed = 0; seed < (sizes[k][0] < 1000 ? 300 : 10); seed++) {
            struct data data = data_normal(seed, sizes[k][0], sizes[k][1], false);
            expect_and_free(&data, "");
        }
}

/* x = g(y) for y ~ N(0, I): an affine map, a triangular one, one that bends far. */
static void affine(const double *y, double *x, int64_t d)
{
    for (int64_t i = 0; i < d; i++)
        x[i] = 3 + (1 + (double)i) * (y[i] - 0.9 * y[(i + 1) % d]);
}

static void triangular(const double *y, double *x, int64_t d)
{
    for (int64_t i = 0; i < d; i++)
        x[i] = exp(0.6 * y[i]) + (i > 0 ? sin(2 * y[i - 1]) : 0);
}

static void twisted(const double *y, double *x, int64_t d)
{
    for (int64_t i = 0; i + 1 < d; i += 2) {
        const double angle = 3 * sqrt(y[i] * y[i] + y[i + 1] * y[i + 1]);
        x[i] = cos(angle) * y[i] - sin(angle) * y[i + 1];
        x[i + 1] = sin(angle) * y[i] + cos(angle) * y[i + 1];
        x[d - 1] = y[d - 1];
    }
}

/* Ten coupling layers of random weights: half of the coordinates is stretched and moved by the other half. */
static void coupled(const double *y, double *x, int64_t d)
{
    for (int64_t i = 0; i < d; i++)
        x[i] = y[i];
    for (int64_t layer = 0; layer < 10; layer++)
        for (int64_t i = 0; i < d; i++) {
            if ((i + layer) % 2 == 0)
                continue;
            double stretch = 0, move = 0;
            for (int64_t unit = 0; unit < 16; unit++) {
                double sum = 0;
                for (int64_t k = 0; k < d; k++)
                    if ((k + layer) % 2 == 0)
                        sum += 2 * normal(layer, 1000 * unit + k) * x[k];
                stretch += 0.5 * normal(layer, 20000 + 100 * unit + i) * tanh(sum);
                move += 0.5 * normal(layer, 40000 + 100 * unit + i) * tanh(sum);
            }
            x[i] = x[i] * exp(0.3 * tanh(stretch)) + move;
        }
}

static void normal_pairs(void)
{
    static void (*const maps[])(const double *, double *, int64_t) = {affine, triangular, twisted};
    static const int64_t sizes[][2] = {{150, 2}, {150, 3}, {300, 5}, {2500, 10}, {20000, 2}};
    for (size_t m = 0; m < CHECK_COUNT(maps); m++)
        for (size_t k = 0; k < CHECK_COUNT(sizes); k++)
            for (uint64_t seed = 0; seed < (sizes[k][0] < 1000 ? 100 : 3); seed++) {
                struct data data = data_normal(seed, sizes[k][0], sizes[k][1], true);
                for (int64_t i = 0; i < data.n; i++)
                    maps[m](at(&data, i, data.d), at(&data, i, 0), data.d);
                expect_and_free(&data, "");
            }
}

/* Flows that bend more than the rows resolve have rows whose neighbours are no guide. */
static void pairs_that_bend(void)
{
    static void (*const maps[])(const double *, double *, int64_t) = {twisted, coupled};
    static const int64_t sizes[][2] = {{1000, 2}, {1000, 3}, {1500, 5}, {1000, 10}};
    for (size_t m = 0; m < CHECK_COUNT(maps); m++)
        for (size_t k = 0; k < CHECK_COUNT(sizes); k++)
            for (uint64_t seed = 0; seed < 2; seed++) {
                struct data data = data_normal(seed + 50, sizes[k][0], sizes[k][1], true);
                for (int64_t i = 0; i < data.n; i++)
                    maps[m](at(&data, i, data.d), at(&data, i, 0), data.d);
                expect_and_free(&data, "");
            }
}

static void every_toy(void)
{
    static const char *const names[] = {"eight_gaussians", "moons",   "pinwheel", "checkerboard",
                                        "swissroll",       "circles", "rings",    "2spirals"};
    for (size_t k = 0; k < CHECK_COUNT(names); k++)
        for (uint64_t seed = 0; seed < 25; seed++) {
            struct data data = data_new(seed < 20 ? 1000 : 25000, 2, false);
            toy_samples(toy_find(names[k]), seed, 0, data.n, data.rows);
            for (int64_t i = 0; i < 2 * data.n && seed % 2; i++)
                data.rows[i] = (double)(float)data.rows[i];
            expect_and_free(&data, "");
        }
}

/* Other laws that people have: none of these is a fault. */
static double exponential(uint64_t seed, int64_t i)
{
    return -log(uniform(seed, i));
}

static double laplace(uint64_t seed, int64_t i)
{
    return exponential(seed, i) * (uniform(seed, i + MOST_NUMBERS) < 0.5 ? -1 : 1);
}

static double far_from_zero(uint64_t seed, int64_t i)
{
    return 1e6 + normal(seed, i);
}

static double single_precision(uint64_t seed, int64_t i)
{
    return (double)(float)normal(seed, i);
}

static double six_decimals(uint64_t seed, int64_t i)
{
    return round(1e6 * normal(seed, i)) / 1e6;
}

static double two_clusters(uint64_t seed, int64_t i)
{
    return normal(seed, i) + (uniform(seed, i) < 0.1 ? 20 : 0);
}

static void other_laws(void)
{
    static double (*const laws[])(uint64_t, int64_t) = {
        uniform, exponential, laplace, far_from_zero, single_precision, six_decimals, two_clusters};
    for (size_t k = 0; k < CHECK_COUNT(laws); k++)
        for (uint64_t seed = 0; seed < 60; seed++) {
            struct data data = data_new(seed < 55 ? 500 : 20000, 2, false);
            for (int64_t i = 0; i < 2 * data.n; i++)
                data.rows[i] = laws[k](seed, i);
            expect_and_free(&data, "");
        }
}

/* Test rows by chance: none is a training row. */
static void normal_samples_split(void)
{
    struct data data = data_normal(7, 20000, 3, false);
    data.for_test = calloc((size_t)data.n, 1);
    for (int64_t i = 0; i < data.n; i++)
        data.for_test[i] = uniform(8, i) < 0.2;
    expect_and_free(&data, "");
}

int main(void)
{
    static const struct check_case cases[] = {
        {"normal samples", normal_samples}, {"normal samples, split", normal_samples_split},
        {"normal latents", normal_pairs},   {"latents that bend", pairs_that_bend},
        {"every toy", every_toy},           {"other laws", other_laws},
    };
    return check_main("look, nothing wrong", cases, CHECK_COUNT(cases));
}
