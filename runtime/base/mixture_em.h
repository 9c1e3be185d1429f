/* SPDX-License-Identifier: MIT
 *
 * EM for a Gaussian mixture. Only for mixture_em.c and mixture_fit.c.
 *
 * Rows are cut into chunks whose sums are added in their order, so that the number of threads changes
 * nothing. */
#ifndef GPFC_MIXTURE_EM_H
#define GPFC_MIXTURE_EM_H

#include "base/mixture.h"

struct em {
    const double *x;       /* [n][d], rows that are fitted to; lent */
    const double *weights; /* [n] for how many rows each stands; lent; NULL: for one */
    double total;          /* sum of the weights */
    int64_t n, d, K;
    struct mixture *mixture; /* owned */
    double *prior;           /* [d][d] what a component's covariance is without rows; as strong as one row */
    double ridge;            /* added to the diagonal of every covariance */
    int64_t chunks, chunk_rows;
    size_t sums_of_chunk; /* elements */
    double
        *sums; /* [chunks][sums_of_chunk]; of a component: weight, [d] rows, [d][d] products; last: log p */
    double *room; /* [team][K + 2 d][lanes] */
    int team;
};

/* Memory for at most n rows. */
bool em_new(struct em *em, int64_t n, int64_t d, int64_t K, int team, struct fault *fault) MUST_CHECK;
void em_free(struct em *em);

/* The rows to fit to from here on. */
void em_rows(struct em *em, const double *x, const double *weights, int64_t n);

/* Prior and ridge from the rows' covariance; ridge: relative to their mean variance. */
void em_measure(struct em *em, double ridge);

/* Every row belongs to the nearest mean, coordinates in units of scale[d]; then new weights, means,
 * covariances. */
bool em_assign(struct em *em, const double *scale, struct fault *fault) MUST_CHECK;

/* EM until an iteration gains too little, at most so many. report->nll is the mixture's at the end. */
bool em_iterate(struct em *em, int64_t iterations, struct mixture_report *report,
                struct fault *fault) MUST_CHECK;

#endif
