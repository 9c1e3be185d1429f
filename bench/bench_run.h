/* SPDX-License-Identifier: MIT
 *
 * What `make bench` does: every case is checked, then timed beside its peers. */
#ifndef GPFC_BENCH_RUN_H
#define GPFC_BENCH_RUN_H

#include "bench.h"

enum { BENCH_MOST_NAMES = 32 };

struct bench_run_options {
    int n_names; /* 0: all cases */
    const char *names[BENCH_MOST_NAMES];
    double seconds;                /* of a case; 0: as usual */
    const char *history, *picture; /* files; NULL: none */
    int n_peers;
    const char *peers[BENCH_MOST_PEERS]; /* "NAME=COMMAND" */
    bool no_plain_c;
};

bool bench_run(struct arena *arena, const struct bench_run_options *options, struct fault *fault) MUST_CHECK;

#endif
