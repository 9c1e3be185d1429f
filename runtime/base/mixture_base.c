/* SPDX-License-Identifier: MIT */
#include "base/mixture_base.h"

#include "ground/clock.h"
#include "kernels/settings.h"
#include "numbers/rows.h"

#include <stdlib.h>

static struct mixture_options options_of(const struct gpfc_bundle *bundle, uint64_t seed, int threads)
{
    return (struct mixture_options){
        .components = setting_integer(bundle, SETTING_base_components),
        .ridge = setting_number(bundle, SETTING_base_ridge),
        .iterations = setting_integer(bundle, SETTING_base_iterations),
        .seed = seed,
        .threads = threads,
    };
}

bool mixture_base_fit(struct base_flow **out, const struct gpfc_bundle *bundle, const struct samples *samples,
                      uint64_t seed, int threads, struct mixture_fitted *fitted, struct fault *fault)
{
    const struct mixture_options options = options_of(bundle, seed, threads);
    const int64_t n = samples->train.n * samples->d;
    const double start = clock_now();
    struct mixture *mixture = NULL;
    double *const x = malloc((size_t)n * sizeof *x);
    *out = NULL;
    if (!x)
        return fault_memory(fault, (size_t)n * sizeof *x, "the base flow");
    rows_to_double(samples->train.x, n, samples->precision, x);
    const bool good = mixture_fit(&mixture, x, samples->train.weights, samples->train.n, samples->d, &options,
                                  &fitted->report, fault);
    free(x);
    fitted->done = good;
    fitted->seconds = clock_now() - start;
    return good && base_flow_of_mixture(out, mixture, threads, fault);
}
