/* SPDX-License-Identifier: MIT
 *
 * Takes rows and a mixture, gives a better one. A component's sums count rows from its present mean, so that
 * data far from the origin keeps its digits. */
#include "base/mixture_em.h"

#include "base/mixture_parts.h"
#include "ground/parallel.h"
#include "numbers/row_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = MIXTURE_LANES,
    CHUNK_ROWS = 512,
    GREATEST_CHUNKS = 256,
    SUMS_BYTES = 64 << 20 /* all chunks' sums together, at most */
};

static const double TOLERANCE = 1e-6; /* nats a row: EM ends where an iteration gains less */
static const double NOTHING = 1e-20;  /* a component's share in a row is not looked at below */

/* ---- memory -------------------------------------------------------------------------------------------- */

static size_t sums_of_component(int64_t d)
{
    return (size_t)(1 + d + d * d);
}

static size_t room_of_thread(const struct em *em)
{
    return (size_t)(em->K + 2 * em->d) * LANES;
}

/* A function of the sizes only, never of the threads. */
static int64_t chunks_for(const struct em *em, int64_t n)
{
    const int64_t wanted = (n + CHUNK_ROWS - 1) / CHUNK_ROWS;
    const int64_t room = (int64_t)(SUMS_BYTES / sizeof(double) / em->sums_of_chunk);
    const int64_t most = room < GREATEST_CHUNKS ? room : GREATEST_CHUNKS;
    return wanted < most ? wanted : most > 1 ? most : 1;
}

void em_rows(struct em *em, const double *x, const double *weights, int64_t n)
{
    em->x = x;
    em->weights = weights;
    em->total = row_weights_sum(weights, n);
    em->n = n;
    em->chunks = chunks_for(em, n);
    em->chunk_rows = (n + em->chunks - 1) / em->chunks;
}

bool em_new(struct em *em, int64_t n, int64_t d, int64_t K, int team, struct fault *fault)
{
    *em = (struct em){.d = d, .K = K, .team = team, .sums_of_chunk = (size_t)K * sums_of_component(d) + 1};
    const size_t bytes = (size_t)chunks_for(em, n) * em->sums_of_chunk * sizeof(double);
    em->sums = malloc(bytes);
    em->room = malloc((size_t)team * room_of_thread(em) * sizeof(double));
    em->prior = calloc((size_t)(d * d), sizeof(double));
    if (em->sums && em->room && em->prior && mixture_new(&em->mixture, K, d, fault))
        return true;
    em_free(em);
    return fault_memory(fault, bytes, "the fit of the base flow");
}

void em_free(struct em *em)
{
    mixture_free(em->mixture);
    free(em->prior);
    free(em->sums);
    free(em->room);
}

/* ---- the prior ----------------------------------------------------------------------------------------- */

/* One row more, by Welford's way: digits are kept wherever the data lies. count: the weights so far. C: lower
 * sums of products. */
static void measure_row(const double *x, double weight, int64_t d, double count, double *mean, double *step,
                        double *C)
{
    for (int64_t i = 0; i < d; i++) {
        step[i] = x[i] - mean[i];
        mean[i] += weight * step[i] / count;
        for (int64_t j = 0; j <= i; j++)
            C[i * d + j] += weight * (x[i] - mean[i]) * step[j];
    }
}

static double mean_variance(const double *C, int64_t d)
{
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
        sum += C[i * d + i];
    return sum / (double)d;
}

/* The covariance of all rows, shrunk as if they were divided into K equal volumes. Rows that are all the same
 * get the smallest width that their size leaves room for. */
void em_measure(struct em *em, double ridge)
{
    const int64_t d = em->d;
    double *const mean = em->room, *const step = em->room + d, *const C = em->prior;
    memset(mean, 0, (size_t)d * sizeof *mean);
    memset(C, 0, (size_t)(d * d) * sizeof *C);
    double count = 0;
    for (int64_t row = 0; row < em->n; row++) {
        const double weight = row_weight(em->weights, row);
        count += weight;
        measure_row(em->x + row * d, weight, d, count, mean, step, C);
    }
    const double shrink = pow((double)em->K, -2.0 / (double)d) / em->total;
    double size = 1e-100, least;
    for (int64_t i = 0; i < d; i++) {
        size = fmax(size, mean[i] * mean[i]);
        for (int64_t j = 0; j <= i; j++)
            C[j * d + i] = C[i * d + j] *= shrink;
    }
    least = fmax(mean_variance(C, d) * 1e-12, size * 1e-20);
    em->ridge = fmax(ridge * mean_variance(C, d) * pow((double)em->K, 2.0 / (double)d), least);
}

/* ---- sums over the rows -------------------------------------------------------------------------------- */

/* Adds up a component's shares [lanes] of a block of rows, of their distances v [d][lanes] from its mean, and
 * of the products of these. */
static void add_block(const struct em *em, int64_t k, const double *block, const double *shares, double *v,
                      double *sums)
{
    const int64_t d = em->d;
    double *const own = sums + (size_t)k * sums_of_component(d), *const rows = own + 1,
                  *const products = rows + d;
    double weighted[LANES], total = 0;
#pragma omp simd reduction(+ : total)
    for (int l = 0; l < LANES; l++)
        total += shares[l];
    own[0] += total;
    for (int64_t i = 0; i < d; i++) {
        const double mean = em->mixture->means[k * d + i];
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int l = 0; l < LANES; l++) {
            v[i * LANES + l] = block[i * LANES + l] - mean;
            weighted[l] = shares[l] * v[i * LANES + l];
            sum += weighted[l];
        }
        rows[i] += sum;
        for (int64_t j = 0; j <= i; j++) {
            double product = 0;
#pragma omp simd reduction(+ : product)
            for (int l = 0; l < LANES; l++)
                product += weighted[l] * v[j * LANES + l];
            products[i * d + j] += product;
        }
    }
}

/* All of each row to the nearest mean, coordinates in units of scale. */
static void nearest_shares(const struct em *em, const double *block, const double *scale, double *shares)
{
    double least[LANES];
    for (int64_t k = 0; k < em->K; k++)
        for (int l = 0; l < LANES; l++) {
            double sum = 0;
            for (int64_t i = 0; i < em->d; i++) {
                const double step = (block[i * LANES + l] - em->mixture->means[k * em->d + i]) / scale[i];
                sum += step * step;
            }
            shares[k * LANES + l] = sum;
            least[l] = k == 0 || sum < least[l] ? sum : least[l];
        }
    for (int l = 0; l < LANES; l++) {
        bool given = false;
        for (int64_t k = 0; k < em->K; k++) {
            const bool is_nearest = !given && shares[k * LANES + l] <= least[l];
            shares[k * LANES + l] = is_nearest;
            given = given || is_nearest;
        }
    }
}

/* Shares by the mixture; log p is added to the last sum. weights: of the block's rows. */
static void mixture_shares(const struct em *em, const double *block, const double *weights, int64_t rows,
                           double *z, double *shares, double *sums)
{
    double log_p[LANES];
    mixture_block_terms(em->mixture, block, z, shares);
    mixture_block_shares(em->K, shares, log_p);
    for (int64_t l = 0; l < rows; l++)
        sums[em->sums_of_chunk - 1] += row_weight(weights, l) * log_p[l];
}

static bool has_share(const double *shares)
{
    double greatest = 0;
    for (int l = 0; l < LANES; l++)
        greatest = shares[l] > greatest ? shares[l] : greatest;
    return greatest > NOTHING;
}

/* A row's shares are those of all the rows that it stands for. */
static void weigh_shares(const double *weights, int64_t rows, double *shares)
{
    for (int64_t l = 0; l < rows; l++)
        shares[l] *= weights[l];
}

/* Rows from `first` on. */
static void sum_block(const struct em *em, int64_t first, int64_t rows, const double *scale, double *room,
                      double *sums)
{
    const double *const x = em->x + first * em->d, *const weights = em->weights ? em->weights + first : NULL;
    double *const block = room, *const z = block + em->d * LANES, *const shares = z + em->d * LANES;
    mixture_block_rows(x, rows, em->d, block);
    if (scale)
        nearest_shares(em, block, scale, shares);
    else
        mixture_shares(em, block, weights, rows, z, shares, sums);
    for (int64_t k = 0; k < em->K; k++) {
        for (int64_t l = rows; l < LANES; l++) /* not rows but the last one again */
            shares[k * LANES + l] = 0;
        if (weights)
            weigh_shares(weights, rows, shares + k * LANES);
        if (has_share(shares + k * LANES))
            add_block(em, k, block, shares + k * LANES, z, sums);
    }
}

static void sum_chunk(const struct em *em, int64_t chunk, const double *scale, double *room)
{
    const int64_t from = chunk * em->chunk_rows, end = from + em->chunk_rows, to = end < em->n ? end : em->n;
    double *const sums = em->sums + (size_t)chunk * em->sums_of_chunk;
    memset(sums, 0, em->sums_of_chunk * sizeof *sums);
    for (int64_t row = from; row < to; row += LANES)
        sum_block(em, row, to - row < LANES ? to - row : LANES, scale, room, sums);
}

struct summing { /* one call of sum_rows */
    const struct em *em;
    const double *scale;
};

static void sum_part(void *data, int64_t chunk, int thread)
{
    const struct summing *const summing = data;
    const struct em *const em = summing->em;
    sum_chunk(em, chunk, summing->scale, em->room + (size_t)thread * room_of_thread(em));
}

/* Sums of all chunks, added up in chunk 0 in their order. scale: nearest means; NULL: shares by the
 * mixture. */
static void sum_rows(const struct em *em, const double *scale)
{
    parallel_for(em->team, em->chunks, sum_part, &(struct summing){em, scale});
    for (int64_t chunk = 1; chunk < em->chunks; chunk++)
        for (size_t i = 0; i < em->sums_of_chunk; i++)
            em->sums[i] += em->sums[(size_t)chunk * em->sums_of_chunk + i];
}

/* Mean log-likelihood of the mixture that the sums were made with. */
static double likelihood(const struct em *em)
{
    return em->sums[em->sums_of_chunk - 1] / em->total;
}

/* ---- weights, means and covariances from the sums ------------------------------------------------------ */

static void maximize_component(const struct em *em, int64_t k)
{
    const int64_t d = em->d;
    const double *const own = em->sums + (size_t)k * sums_of_component(d);
    const double *const rows = own + 1, *const products = rows + d;
    double *const mean = em->mixture->means + k * d, *const C = em->mixture->covariances + k * d * d;
    const double weight = own[0], inverse = weight > 0 ? 1 / weight : 0;
    em->mixture->weights[k] = weight / em->total;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j <= i; j++) {
            const double centred = products[i * d + j] - rows[i] * rows[j] * inverse;
            C[i * d + j] = C[j * d + i] = (centred + em->prior[i * d + j]) / (weight + 1);
        }
    for (int64_t i = 0; i < d; i++) {
        C[i * d + i] += em->ridge;
        mean[i] += rows[i] * inverse;
    }
}

static bool maximize(const struct em *em, struct fault *fault)
{
    int64_t which = 0;
    double total = 0;
    for (int64_t k = 0; k < em->K; k++) {
        maximize_component(em, k);
        total += em->mixture->weights[k];
    }
    for (int64_t k = 0; k < em->K; k++) /* shares left out as nothing */
        em->mixture->weights[k] /= total;
    return mixture_factor(em->mixture, &which) ||
           fault_set(fault, FAULT_INPUT,
                     "the base flow's component %" PRId64
                     " has no covariance: numbers are too large or too similar",
                     which);
}

bool em_assign(struct em *em, const double *scale, struct fault *fault)
{
    sum_rows(em, scale);
    return maximize(em, fault);
}

bool em_iterate(struct em *em, int64_t iterations, struct mixture_report *report, struct fault *fault)
{
    sum_rows(em, NULL);
    double before = likelihood(em);
    *report = (struct mixture_report){.nll = -before};
    while (report->iterations < iterations && !report->converged) {
        if (!maximize(em, fault))
            return false;
        sum_rows(em, NULL);
        const double after = likelihood(em);
        report->iterations++;
        report->converged = after - before < TOLERANCE;
        report->nll = -after;
        before = after;
    }
    return true;
}
