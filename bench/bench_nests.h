/* SPDX-License-Identifier: MIT
 *
 * What `make bench-nests` does: where the time of a kernel goes, nest by nest, measured in whole training
 * steps. */
#ifndef GPFC_BENCH_NESTS_H
#define GPFC_BENCH_NESTS_H

#include "bench.h"

struct bench_nests_options {
    int n_names;              /* 0: all cases */
    const char *const *names; /* of cases, or paths of specs, whose training programs are meant */
    double seconds;           /* of a kernel; 0: as usual */
    bool json;
};

/* Equal nests of a part, together. */
struct bench_nest {
    const char *part, *what;
    int64_t node; /* of the first of them */
    int nests;
    double calls, seconds, flop; /* of a step; seconds without the looks at the clock */
};

struct bench_profile {
    const struct bench_case *c;
    const struct gpfc_bundle *bundle;
    double step, clocked_step; /* seconds: the minimum, without clocks and with them */
    double counted;            /* the latter without the looks: what the nests and the rest add up to */
    double kernel;             /* of that, in nests */
    double look;               /* seconds of one */
    double looks;              /* of a step */
    double peak, flop;         /* FLOP a second; of a step, as the kernel has it */
    int n;
    struct bench_nest *nests; /* largest first */
};

void bench_nests_table(const struct bench_profile *profile);
bool bench_nests_json(const struct bench_profile *profile, struct fault *fault) MUST_CHECK;

bool bench_nests(struct arena *arena, const struct bench_nests_options *options,
                 struct fault *fault) MUST_CHECK;

#endif
