/* SPDX-License-Identifier: MIT
 *
 * Takes rows, gives the Gaussian mixture that EM finds from the best of several starts. A start is tried on a
 * part of the rows: k-means++ (Arthur and Vassilvitskii 2007, each centre the best of a few candidates),
 * k-means, some EM. */
#include "base/mixture.h"
#include "base/mixture_em.h"
#include "base/mixture_parts.h"
#include "numbers/random.h"
#include "numbers/row_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STARTS_TIMES_COMPONENTS =
        64, /* so many starts times components, 1 to GREATEST_STARTS starts, to bound the time */
    GREATEST_STARTS = 8,
    ROWS_OF_COMPONENT = 512, /* in the part of the rows */
    KMEANS_ITERATIONS = 10,
    EM_ITERATIONS = 12
};

/* The weight of a wide component added to all others. Between components the density then never falls so low
 * that f(x), a double, no longer distinguishes the points of the gap: slopes dy/dx stay above about 1e-9, and
 * so f has an inverse to all but nine of its sixteen digits anywhere. Of ten million samples one comes from
 * there; a larger weight would put samples where the data's law has none. */
static const double BACKGROUND = 1e-7;

struct search {
    struct em em;
    uint64_t seed, drawn; /* how many random numbers were used */
    int64_t m;            /* rows of the part */
    double *part;         /* [m][d] */
    double *part_weights; /* [m]; NULL: 1 each, also where rows are drawn by their weights: */
    uint32_t *chosen;     /* [m] which rows; NULL: all of them, or any */
    double *nearest;      /* [m] squared distance to the nearest centre so far */
    double *trial;        /* [m] the same with a candidate, and with the best candidate */
    double *best_trial;
    double *scale; /* [d] standard deviations */
    double *kept;  /* the arrays of the best mixture so far: weights, means, covariances */
    double least_nll;
};

static double draw(struct search *s)
{
    return random_uniform(s->seed, random_stream(RANDOM_MIXTURE, 0), s->drawn++);
}

/* ---- k-means++ ----------------------------------------------------------------------------------------- */

static double least_distances(const struct search *s, const double *centre, const double *before,
                              double *after)
{
    const int64_t d = s->em.d;
    double total = 0;
    for (int64_t row = 0; row < s->m; row++) {
        double sum = 0;
        for (int64_t i = 0; i < d; i++) {
            const double step = (s->part[row * d + i] - centre[i]) / s->scale[i];
            sum += step * step;
        }
        after[row] = before && before[row] < sum ? before[row] : sum;
        total += row_weight(s->part_weights, row) * after[row];
    }
    return total;
}

/* A row with a chance as its weight. */
static int64_t any_row(const double *weights, int64_t n, double u)
{
    if (!weights)
        return (int64_t)(u * (double)n);
    double left = u * row_weights_sum(weights, n);
    int64_t row = 0;
    while (row < n - 1 && left >= weights[row])
        left -= weights[row++];
    return row;
}

/* A row with a chance as its weight and distance; any row where all distances are 0. */
static int64_t far_row(struct search *s, double total)
{
    const double u = draw(s);
    double left = u * total;
    if (!(total > 0))
        return any_row(s->part_weights, s->m, u);
    for (int64_t row = 0; row < s->m - 1; row++) {
        left -= row_weight(s->part_weights, row) * s->nearest[row];
        if (left < 0)
            return row;
    }
    return s->m - 1;
}

static void swap(double **a, double **b)
{
    double *const kept = *a;
    *a = *b;
    *b = kept;
}

/* The candidate with the smallest total distance; returns that. */
static double add_centre(struct search *s, int64_t k, int candidates, double total)
{
    const int64_t d = s->em.d;
    double *const mean = s->em.mixture->means + k * d, least = INFINITY;
    for (int c = 0; c < candidates; c++) {
        const double *const row = s->part + far_row(s, total) * d;
        const double left = least_distances(s, row, s->nearest, s->trial);
        if (left < least) {
            least = left;
            memcpy(mean, row, (size_t)d * sizeof *mean);
            swap(&s->trial, &s->best_trial);
        }
    }
    swap(&s->nearest, &s->best_trial);
    return least;
}

static void place_centres(struct search *s)
{
    const int64_t d = s->em.d;
    const double *const first = s->part + any_row(s->part_weights, s->m, draw(s)) * d;
    const int candidates = 2 + (int)log2((double)s->em.K);
    memcpy(s->em.mixture->means, first, (size_t)d * sizeof *first);
    double total = least_distances(s, first, NULL, s->nearest);
    for (int64_t k = 1; k < s->em.K; k++)
        total = add_centre(s, k, candidates, total);
}

/* ---- starts -------------------------------------------------------------------------------------------- */

/* weights, means and covariances stand one after another in a mixture. */
static size_t kept_bytes(const struct em *em)
{
    return (size_t)(em->K * (1 + em->d + em->d * em->d)) * sizeof(double);
}

static bool try_start(struct search *s, struct fault *fault)
{
    struct mixture_report report;
    place_centres(s);
    for (int i = 0; i < KMEANS_ITERATIONS; i++)
        if (!em_assign(&s->em, s->scale, fault))
            return false;
    if (!em_iterate(&s->em, EM_ITERATIONS, &report, fault))
        return false;
    if (report.nll < s->least_nll) {
        s->least_nll = report.nll;
        memcpy(s->kept, s->em.mixture->weights, kept_bytes(&s->em));
    }
    return true;
}

static bool try_starts(struct search *s, struct fault *fault)
{
    const int64_t wanted = STARTS_TIMES_COMPONENTS / s->em.K;
    const int64_t starts = wanted < 1 ? 1 : wanted < GREATEST_STARTS ? wanted : GREATEST_STARTS;
    s->least_nll = INFINITY;
    for (int64_t i = 0; i < starts; i++)
        if (!try_start(s, fault))
            return false;
    if (isinf(s->least_nll)) /* no start had a likelihood at all: numbers beyond what squares can hold */
        return fault_set(fault, FAULT_INPUT, "the base flow cannot be fitted: the data are too large");
    int64_t which;
    memcpy(s->em.mixture->weights, s->kept, kept_bytes(&s->em));
    return mixture_factor(s->em.mixture, &which) ||
           fault_set(fault, FAULT_INPUT, "the base flow cannot be fitted");
}

/* ---- the fit ------------------------------------------------------------------------------------------- */

static void search_free(struct search *s)
{
    em_free(&s->em);
    free(s->part);
    free(s->part_weights);
    free(s->chosen);
    free(s->nearest);
    free(s->trial);
    free(s->best_trial);
    free(s->scale);
    free(s->kept);
}

static bool search_new(struct search *s, int64_t n, int64_t d, bool weighted,
                       const struct mixture_options *options, struct fault *fault)
{
    const int64_t K = options->components;
    const size_t m = (size_t)(n < K * ROWS_OF_COMPONENT ? n : K * ROWS_OF_COMPONENT);
    *s = (struct search){.seed = options->seed, .m = (int64_t)m};
    if (!em_new(&s->em, n, d, K, mixture_team(options->threads), fault))
        return false;
    s->part = malloc(m * (size_t)d * sizeof(double));
    s->nearest = malloc(m * sizeof(double));
    s->trial = malloc(m * sizeof(double));
    s->best_trial = malloc(m * sizeof(double));
    s->scale = malloc((size_t)d * sizeof(double));
    s->kept = malloc(kept_bytes(&s->em));
    const bool draws = s->m < n;
    if (weighted && draws)
        s->chosen = malloc(m * sizeof *s->chosen);
    else if (weighted)
        s->part_weights = malloc(m * sizeof *s->part_weights);
    if (s->part && s->nearest && s->trial && s->best_trial && s->scale && s->kept &&
        (!weighted || s->chosen || s->part_weights))
        return true;
    search_free(s);
    return fault_memory(fault, m * (size_t)d * sizeof(double), "the fit of the base flow");
}

/* All rows, or some that are drawn; and the scale of each coordinate, from the prior's diagonal. */
static void choose_part(struct search *s, const double *x, const double *weights, int64_t n)
{
    const int64_t d = s->em.d;
    if (s->chosen)
        row_weights_draw(weights, n, draw(s), s->m, s->chosen);
    for (int64_t row = 0; row < s->m; row++) {
        const int64_t from = s->chosen   ? (int64_t)s->chosen[row]
                             : s->m == n ? row
                                         : (int64_t)(draw(s) * (double)n);
        memcpy(s->part + row * d, x + from * d, (size_t)d * sizeof *x);
        if (s->part_weights)
            s->part_weights[row] = weights[row];
    }
    for (int64_t i = 0; i < d; i++)
        s->scale[i] = sqrt(s->em.prior[i * d + i] + s->em.ridge);
}

static bool fit(struct search *s, const double *x, const double *weights, int64_t n,
                const struct mixture_options *options, struct mixture_report *report, struct fault *fault)
{
    em_rows(&s->em, x, weights, n);
    em_measure(&s->em, options->ridge);
    choose_part(s, x, weights, n);
    em_rows(&s->em, s->part, s->part_weights, s->m);
    if (!try_starts(s, fault))
        return false;
    em_rows(&s->em, x, weights, n);
    return em_iterate(&s->em, options->iterations, report, fault);
}

/* ---- the background ------------------------------------------------------------------------------------ */

/* Around the mean of all, and wider in every direction than the data and than any component, so that it rules
 * far out. */
static void set_background(const struct em *em, struct mixture *m)
{
    const int64_t d = m->d, K = em->K;
    const double widen =
        4 * pow((double)K, 2.0 / (double)d); /* the prior is the data's covariance shrunk by that */
    double *const mean = m->means + K * d, *const C = m->covariances + K * d * d;
    m->weights[K] = BACKGROUND;
    for (int64_t i = 0; i < d * d; i++) {
        C[i] = widen * em->prior[i];
        for (int64_t k = 0; k < K; k++)
            C[i] += m->covariances[k * d * d + i];
    }
    for (int64_t k = 0; k < K; k++) {
        for (int64_t i = 0; i < d; i++)
            mean[i] += m->weights[k] * m->means[k * d + i];
        m->weights[k] *= 1 - BACKGROUND;
    }
}

/* The fitted components with the background as the last one. A single component has no gaps, and stays as it
 * is. */
static bool finish(struct em *em, struct mixture **out, struct fault *fault)
{
    const size_t K = (size_t)em->K, d = (size_t)em->d;
    int64_t which = 0;
    if (K == 1) {
        *out = em->mixture;
        em->mixture = NULL;
        return true;
    }
    if (!mixture_new(out, em->K + 1, em->d, fault))
        return false;
    memcpy((*out)->weights, em->mixture->weights, K * sizeof(double));
    memcpy((*out)->means, em->mixture->means, K * d * sizeof(double));
    memcpy((*out)->covariances, em->mixture->covariances, K * d * d * sizeof(double));
    set_background(em, *out);
    if (mixture_factor(*out, &which))
        return true;
    mixture_free(*out);
    *out = NULL;
    return fault_set(fault, FAULT_INPUT,
                     "the base flow cannot be fitted: the data's covariance is not finite");
}

bool mixture_fit(struct mixture **out, const double *x, const double *weights, int64_t n, int64_t d,
                 const struct mixture_options *options, struct mixture_report *report, struct fault *fault)
{
    struct search search;
    struct mixture_report local;
    *out = NULL;
    if (n < options->components)
        return fault_set(fault, FAULT_INPUT, "%" PRId64 " rows for a base flow of %" PRId64 " components", n,
                         options->components);
    if (!search_new(&search, n, d, weights != NULL, options, fault))
        return false;
    const bool done = fit(&search, x, weights, n, options, report ? report : &local, fault) &&
                      finish(&search.em, out, fault);
    search_free(&search);
    return done;
}
