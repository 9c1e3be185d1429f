/* SPDX-License-Identifier: MIT
 *
 * Points go through the base flow in double, block by block. */
#include "model/pairs.h"

#include "numbers/normal.h"
#include "numbers/random.h"
#include "numbers/row_weights.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096, MOST_PLACED = 10000 };

/* Of y = f(f^-1(z)) to z, relative to 1 + |z|: pairs are as good as f, whose own y they hold; this only sorts
 * out where the search for x failed altogether, as where z is out of f's range. */
static const double way_back = 1e-3;

/* ---- samples as they are ------------------------------------------------------------------------------- */

/* Sum of weight times -log p(x) over rows y [n][d] with their log-determinants. */
static double weighted_nll(const void *y, const double *logdet, const double *weights, int64_t n, int64_t d,
                           int64_t precision)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const char *const row = (const char *)y + i * d * precision;
        sum -= weights[i] * (normal_log_density(row, d, precision) + logdet[i]);
    }
    return sum;
}

/* Mean of -log p(x) = |y|^2/2 + d/2 log(2 pi) - logdet, by weight; NaN where something of it is missing. */
static double mean_nll(const struct samples *samples, const struct part *part)
{
    if (!part->y || !part->logdet || part->n == 0)
        return NAN;
    if (part->weights)
        return weighted_nll(part->y, part->logdet, part->weights, part->n, samples->d, samples->precision) /
               row_weights_sum(part->weights, part->n);
    double sum = -normal_log_density(part->y, part->n * samples->d, samples->precision);
    for (int64_t i = 0; i < part->n; i++)
        sum -= part->logdet[i];
    return sum / (double)part->n;
}

void pairs_of_samples(struct pairs *out, const struct samples *samples)
{
    *out = (struct pairs){
        .d = samples->d,
        .precision = samples->precision,
        .train = samples->train,
        .test = samples->test,
        .validation = samples->validation,
        .nll_train = mean_nll(samples, &samples->train),
        .nll_test = mean_nll(samples, &samples->test),
    };
}

struct part pairs_measured(const struct pairs *pairs, double *nll)
{
    const bool test = pairs->test.n > 0;
    *nll = test ? pairs->nll_test : pairs->nll_train;
    return test ? pairs->test : pairs->train;
}

/* Adds one coordinate's part to the squares of the offset and the spread (Welford 1962). */
static void add_place(const struct pairs *pairs, const void *of, int64_t coordinate, int64_t rows,
                      struct pairs_place *out)
{
    double mean = 0, sum = 0, total = 0;
    for (int64_t i = 0; i < rows; i++) {
        const int64_t row = i * pairs->train.n / rows;
        const double x = rows_number(of, row * pairs->d + coordinate, pairs->precision);
        const double gap = x - mean, weight = row_weight(pairs->train.weights, row);
        total += weight;
        mean += weight * gap / total;
        sum += weight * gap * (x - mean);
    }
    out->offset += mean * mean;
    out->spread += sum / total / (double)pairs->d;
}

struct pairs_place pairs_place(const struct pairs *pairs, const void *rows)
{
    struct pairs_place squares = {.offset = 0};
    for (int64_t i = 0; i < pairs->d; i++)
        add_place(pairs, rows, i, pairs->train.n < MOST_PLACED ? pairs->train.n : MOST_PLACED, &squares);
    return (struct pairs_place){.offset = sqrt(squares.offset), .spread = sqrt(squares.spread)};
}

void pairs_free(struct pairs *pairs)
{
    for (size_t i = 0; i < sizeof pairs->owned / sizeof pairs->owned[0]; i++)
        free(pairs->owned[i]);
    *pairs = (struct pairs){.d = 0};
}

/* ---- through a base flow ------------------------------------------------------------------------------- */

static bool take(struct pairs *pairs, int which, int64_t n, struct fault *fault)
{
    const size_t bytes = (size_t)n * (size_t)pairs->d * (size_t)pairs->precision;
    pairs->owned[which] = malloc(bytes + 1);
    return pairs->owned[which] || fault_memory(fault, bytes, "pairs");
}

struct maker { /* one call of pairs_through or pairs_from_noise */
    struct pairs *pairs;
    struct base_flow *base;
    double log_scale;               /* of the standardisation */
    double *x, *y, *noise, *logdet; /* [BLOCK_ROWS][d], of the last [BLOCK_ROWS] */
    uint64_t seed;                  /* of the noise */
    double nll;                     /* sum over the rows of a part, by weight */
};

static bool maker_init(struct maker *maker, struct fault *fault)
{
    const size_t block = (size_t)BLOCK_ROWS * (size_t)maker->pairs->d, all = 3 * block + BLOCK_ROWS;
    maker->x = malloc(all * sizeof *maker->x);
    if (!maker->x)
        return fault_memory(fault, all * sizeof *maker->x, "the base flow");
    maker->y = maker->x + block;
    maker->noise = maker->y + block;
    maker->logdet = maker->noise + block;
    return true;
}

/* Of a block's rows; weights NULL: 1 each. The data's own likelihood is that of the standardised over the
 * product of the scales. */
static void add_nll(struct maker *maker, const double *weights, int64_t rows)
{
    const int64_t d = maker->pairs->d;
    if (weights) {
        maker->nll += weighted_nll(maker->y, maker->logdet, weights, rows, d, sizeof(double)) +
                      maker->log_scale * row_weights_sum(weights, rows);
        return;
    }
    for (int64_t i = 0; i < rows; i++)
        maker->nll += maker->log_scale - maker->logdet[i];
    maker->nll -= normal_log_density(maker->y, rows * d, sizeof(double));
}

static int64_t block_at(int64_t first, int64_t n)
{
    return n - first < BLOCK_ROWS ? n - first : BLOCK_ROWS;
}

static char *row_at(const struct pairs *pairs, void *rows, int64_t first)
{
    return (char *)rows + first * pairs->d * pairs->precision;
}

static bool map_part(struct maker *maker, const struct part *part, double *nll, struct fault *fault)
{
    struct pairs *pairs = maker->pairs;
    maker->nll = 0;
    for (int64_t row = 0; row < part->n; row += BLOCK_ROWS) {
        const int64_t rows = block_at(row, part->n);
        rows_to_double(row_at(pairs, part->x, row), rows * pairs->d, pairs->precision, maker->x);
        if (!base_flow_forward(maker->base, maker->x, rows, maker->y, maker->logdet, &pairs->report, fault))
            return false;
        rows_from_double(maker->y, rows * pairs->d, pairs->precision, row_at(pairs, part->y, row));
        add_nll(maker, part->weights ? part->weights + row : NULL, rows);
    }
    *nll = part->n > 0 ? maker->nll / row_weights_sum(part->weights, part->n) : NAN;
    return true;
}

static struct part *part_of(struct pairs *pairs, enum part_number number)
{
    struct part *const parts[PARTS] = {
        [PART_TRAIN] = &pairs->train, [PART_TEST] = &pairs->test, [PART_VALIDATION] = &pairs->validation};
    return parts[number];
}

static bool map_all(struct maker *maker, struct fault *fault)
{
    struct pairs *pairs = maker->pairs;
    double nll[PARTS];
    for (int i = 0; i < PARTS; i++) {
        struct part *const part = part_of(pairs, i);
        if (!take(pairs, i, part->n, fault))
            return false;
        part->y = pairs->owned[i];
        if (!map_part(maker, part, &nll[i], fault))
            return false;
    }
    pairs->nll_train = nll[PART_TRAIN];
    pairs->nll_test = nll[PART_TEST];
    return true;
}

/* ---- from noise ---------------------------------------------------------------------------------------- */

/* y [rows][d], as a trainer's precision holds it. */
static void draw(struct maker *maker, uint64_t first, int64_t rows)
{
    const struct pairs *pairs = maker->pairs;
    for (int64_t i = 0; i < rows * pairs->d; i++) {
        const uint64_t number = first * (uint64_t)pairs->d + (uint64_t)i;
        const double value = random_normal(maker->seed, random_stream(RANDOM_PAIRS, 0), number);
        maker->noise[i] = rounded_to(value, pairs->precision);
    }
}

/* Did row i come back? */
static bool is_back(const struct maker *maker, int64_t i)
{
    for (int64_t k = i * maker->pairs->d; k < (i + 1) * maker->pairs->d; k++)
        if (!(fabs(maker->y[k] - maker->noise[k]) <= way_back * (1 + fabs(maker->noise[k]))))
            return false;
    return true;
}

/* Takes rows that did not come back out of the block; gives how many are left. */
static int64_t leave_out(struct maker *maker, int64_t rows)
{
    const int64_t d = maker->pairs->d;
    int64_t kept = 0;
    for (int64_t i = 0; i < rows; i++) {
        if (!is_back(maker, i))
            continue;
        memmove(maker->x + kept * d, maker->x + i * d, (size_t)d * sizeof *maker->x);
        memmove(maker->y + kept * d, maker->y + i * d, (size_t)d * sizeof *maker->y);
        kept++;
    }
    maker->pairs->left_out += rows - kept;
    return kept;
}

/* x as a trainer's precision holds it, and y = f(x) for that. */
static bool draw_block(struct maker *maker, uint64_t first, int64_t rows, struct fault *fault)
{
    const struct pairs *pairs = maker->pairs;
    draw(maker, first, rows);
    if (!base_flow_inverse(maker->base, maker->noise, rows, maker->x, NULL, NULL, fault))
        return false;
    for (int64_t i = 0; i < rows * pairs->d; i++)
        maker->x[i] = rounded_to(maker->x[i], pairs->precision);
    return base_flow_forward(maker->base, maker->x, rows, maker->y, NULL, NULL, fault);
}

/* Rows first .. first + part->n - 1 of the noise; part->n becomes how many have an x. */
static bool draw_part(struct maker *maker, int64_t first, struct part *part, struct fault *fault)
{
    struct pairs *pairs = maker->pairs;
    int64_t kept = 0;
    for (int64_t row = 0; row < part->n; row += BLOCK_ROWS) {
        int64_t rows = block_at(row, part->n);
        if (!draw_block(maker, (uint64_t)(first + row), rows, fault))
            return false;
        rows = leave_out(maker, rows);
        rows_from_double(maker->y, rows * pairs->d, pairs->precision, row_at(pairs, part->y, kept));
        rows_from_double(maker->x, rows * pairs->d, pairs->precision, row_at(pairs, part->x, kept));
        kept += rows;
    }
    part->n = kept;
    return true;
}

static bool draw_all(struct maker *maker, struct fault *fault)
{
    struct pairs *pairs = maker->pairs;
    const int64_t n_train = pairs->train.n;
    int64_t first = 0;
    pairs->of_noise = true;
    for (int i = 0; i < PARTS; i++) {
        struct part *const part = part_of(pairs, i);
        const int64_t n = part->n;
        if (!take(pairs, i, n, fault) || !take(pairs, PARTS + i, n, fault))
            return false;
        *part = (struct part){.n = n, .x = pairs->owned[PARTS + i], .y = pairs->owned[i]};
        if (!draw_part(maker, first, part, fault))
            return false;
        first += n;
    }
    return pairs->train.n > 0 ||
           fault_set(fault, FAULT_INPUT, "the base flow's inverse failed for all %lld rows of noise",
                     (long long)n_train);
}

/* ---- both ---------------------------------------------------------------------------------------------- */

static bool make(struct pairs *out, const struct samples *samples, struct maker *maker,
                 bool how(struct maker *maker, struct fault *fault), struct fault *fault)
{
    pairs_of_samples(out, samples);
    maker->pairs = out;
    if (samples->standard.d > 0)
        maker->log_scale = standard_log_scale(&samples->standard);
    const bool good = maker_init(maker, fault) && how(maker, fault);
    free(maker->x);
    if (!good)
        pairs_free(out);
    return good;
}

bool pairs_through(struct pairs *out, const struct samples *samples, struct base_flow *base,
                   struct fault *fault)
{
    return make(out, samples, &(struct maker){.base = base}, map_all, fault);
}

bool pairs_from_noise(struct pairs *out, const struct samples *samples, struct base_flow *base, uint64_t seed,
                      struct fault *fault)
{
    return make(out, samples, &(struct maker){.base = base, .seed = seed}, draw_all, fault);
}

void pairs_turn(struct pairs *pairs, const double *rotation)
{
    for (int i = 0; i < PARTS; i++)
        part_of(pairs, i)->rotation = rotation;
}
