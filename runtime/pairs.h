/* SPDX-License-Identifier: MIT
 *
 * The data a trainer works on: pairs (x, y), y = f(x), for training and for the test, in the trainer's
 * precision. Arrays are row-major, [n][d], finite, and there is at least one training row. Pairs come from
 *
 *   a file     .npz with x_train y_train x_test y_test; or with x, y, or "X.npy,Y.npy", split here
 *   a file     with x alone (x_train x_test, or x; or one .npy), and the base flow, given or fitted here
 *   nothing    a generator, and the base flow, given or fitted here
 */
#ifndef GPFC_PAIRS_H
#define GPFC_PAIRS_H

#include "fault.h"
#include "mixture.h"

#include <stdint.h>

struct pairs_request {
    int64_t d;
    int precision;         /* 4: float, 8: double */
    const char *file;      /* NULL: the generator */
    const char *generator; /* a name of toys.h, or NULL; not looked at where there is a file */
    int64_t samples;       /* of the generator: the first (1 - test) of them train */
    double test;           /* share kept for the test where the data has no split of its own, 0 .. 0.9 */
    uint64_t seed;         /* of generator and fit; the split of a file is always the same one */
    bool fit_base;         /* fit a mixture to x_train where there is no y and no base */
    struct mixture_options mixture; /* for that; its seed and threads are not looked at */
    const struct mixture *base;     /* use this one instead, out of a model; lent until pairs_free; or NULL */
    int threads;
};

struct pairs {
    int64_t d;
    int precision;
    int64_t n_train, n_test;      /* n_test may be 0 */
    void *x_train, *y_train;      /* [n_train][d] */
    void *x_test, *y_test;        /* [n_test][d] */
    const struct mixture *base;   /* f where it is known here: the request's or the fitted one; else NULL */
    struct mixture *fitted;       /* owned; NULL where nothing was fitted */
    struct mixture_report report; /* of the fit */
    double fit_seconds;
    double nll_train, nll_test; /* of f, mean, nats: by the base, or logdet_train/_test of the file; or NaN */
};

bool pairs_load(struct pairs *out, const struct pairs_request *request, struct fault *fault) MUST_CHECK;
void pairs_free(struct pairs *pairs); /* what is in it; a zeroed one is allowed */

#endif
