/* SPDX-License-Identifier: MIT
 *
 * What the files of the mixture share. Only for mixture*.c. */
#ifndef GPFC_MIXTURE_PARTS_H
#define GPFC_MIXTURE_PARTS_H

#include "base/mixture.h"

/* A mixture with all arrays zero. */
bool mixture_new(struct mixture **out, int64_t components, int64_t d, struct fault *fault) MUST_CHECK;

/* Fills factors, log_weights and log_scales from weights and covariances. False: covariance number *which is
 * not positive definite. */
bool mixture_factor(struct mixture *mixture, int64_t *which) MUST_CHECK;

/* Rows are worked on in blocks of so many side by side, so that the compiler can use vectors: x [d][lanes].
 * What a row gives does not depend on the others of its block. */
enum { MIXTURE_LANES = 16 };

/* Rows x [rows][d], at most MIXTURE_LANES, to [d][lanes]; lanes past the last row repeat it. */
void mixture_block_rows(const double *x, int64_t rows, int64_t d, double *block);
/* terms [K][lanes] = log ( w_k N(x; m_k, C_k) ); z: room for [d][lanes]. */
void mixture_block_terms(const struct mixture *mixture, const double *block, double *z, double *terms);
/* terms -> shares exp(term) / p(x), [K][lanes]; log p(x) [lanes]. */
void mixture_block_shares(int64_t components, double *terms, double *log_p);

/* log sum exp, in full precision; -inf where all terms are. */
double mixture_log_sum(const double *terms, int64_t n);

/* The threads for a wish: itself, or those of this machine where it is 0. */
int mixture_team(int threads);

#endif
