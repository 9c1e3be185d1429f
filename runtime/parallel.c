/* SPDX-License-Identifier: MIT */
#include "parallel.h"

#include <omp.h>

/* The thread sanitizer does not see how the OpenMP library makes threads wait for each other, so it is told:
 * what was written before the loop is seen within, what was written within is seen after it. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define HAND_OVER(place) __tsan_release(place)
#define TAKE_OVER(place) __tsan_acquire(place)
#else
#define HAND_OVER(place) ((void)(place))
#define TAKE_OVER(place) ((void)(place))
#endif

int parallel_threads(void)
{
    return omp_get_max_threads();
}

struct loop {
    int64_t parts;
    parallel_body *body;
    void *data;
    char begun, done; /* places for the sanitizer */
};

static void run_parts(struct loop *loop)
{
    TAKE_OVER(&loop->begun);
#pragma omp for schedule(dynamic) nowait
    for (int64_t part = 0; part < loop->parts; part++)
        loop->body(loop->data, part, omp_get_thread_num());
    HAND_OVER(&loop->done);
}

/* The structure by which the compiler hands the loop to the threads is written before the hand-over can be
 * told of. */
__attribute__((no_sanitize("thread"))) static void run_threads(struct loop *loop, int threads)
{
#pragma omp parallel num_threads(threads)
    run_parts(loop);
}

void parallel_for(int threads, int64_t parts, parallel_body *body, void *data)
{
    struct loop loop = {.parts = parts, .body = body, .data = data};
    HAND_OVER(&loop.begun);
    if (threads > 1 && parts > 1)
        run_threads(&loop, threads);
    else
        for (int64_t part = 0; part < parts; part++)
            body(data, part, 0);
    TAKE_OVER(&loop.done);
}
