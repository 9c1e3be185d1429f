/* SPDX-License-Identifier: MIT
 *
 * A mixture as base flow of samples, fitted as a spec says. */
#ifndef GPFC_MIXTURE_BASE_H
#define GPFC_MIXTURE_BASE_H

#include "base/base_flow.h"
#include "data/samples.h"

struct mixture_fitted { /* how it went */
    bool done;          /* false: none was fitted */
    struct mixture_report report;
    double seconds;
};

/* From base.* of the bundle's settings, to the training rows. */
bool mixture_base_fit(struct base_flow **out, const struct gpfc_bundle *bundle, const struct samples *samples,
                      uint64_t seed, int threads, struct mixture_fitted *fitted,
                      struct fault *fault) MUST_CHECK;

#endif
