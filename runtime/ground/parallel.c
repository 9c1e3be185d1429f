/* SPDX-License-Identifier: MIT
 *
 * OpenMP starts the threads and synchronises them; work is distributed here: a thread takes parts from its
 * own range, and when that is empty steals from the others'. So a thread's memory and its parts stay
 * together, and a delayed thread does not delay all. */
#include "ground/parallel.h"

#include <omp.h>
#include <stdatomic.h>
#include <stddef.h>

/* The thread sanitizer does not see how the OpenMP library makes threads wait for each other, so it is
 * informed: what was written before the loop is seen within, what was written within is seen after it. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define HAND_OVER(place) __tsan_release(place)
#define TAKE_OVER(place) __tsan_acquire(place)
#else
#define HAND_OVER(place) ((void)(place))
#define TAKE_OVER(place) ((void)(place))
#endif

enum { LINE_BYTES = 64, MOST_RUNS = 64 }; /* more threads than that share them */

int parallel_threads(void)
{
    return omp_get_max_threads();
}

struct run { /* of parts; on a cache line of its own */
    _Alignas(LINE_BYTES) atomic_llong next;
    long long end;
};

struct loop {
    struct run runs[MOST_RUNS];
    int n_runs, threads;
    parallel_body *body;
    parallel_each_body *each;
    void *data;
    char begun, done; /* places for the sanitizer */
};

static void take_parts(struct loop *loop, int thread)
{
    for (int k = 0; k < loop->n_runs; k++) {
        struct run *run = &loop->runs[(thread + k) % loop->n_runs];
        for (;;) {
            const long long part = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
            if (part >= run->end)
                break;
            loop->body(loop->data, part, thread);
        }
    }
}

/* There may be fewer threads than were asked for: where the environment limits them, and in a loop within
 * another one. */
static void take_numbers(struct loop *loop, int thread, int there)
{
    for (int number = thread; number < loop->threads; number += there)
        loop->each(loop->data, number);
}

static void run_thread(struct loop *loop)
{
    TAKE_OVER(&loop->begun);
    if (loop->each)
        take_numbers(loop, omp_get_thread_num(), omp_get_num_threads());
    else
        take_parts(loop, omp_get_thread_num());
    HAND_OVER(&loop->done);
}

/* The structure by which the compiler hands the loop to the threads is written before the hand-over can be
 * told of. */
__attribute__((no_sanitize("thread"))) static void run_threads(struct loop *loop)
{
#pragma omp parallel num_threads(loop->threads)
    run_thread(loop);
}

static void run_loop(struct loop *loop)
{
    HAND_OVER(&loop->begun);
    run_threads(loop);
    TAKE_OVER(&loop->done);
}

static void cut_runs(struct loop *loop, int64_t parts)
{
    loop->n_runs = loop->threads < MOST_RUNS ? loop->threads : MOST_RUNS;
    for (int i = 0; i < loop->n_runs; i++) {
        atomic_init(&loop->runs[i].next, i * parts / loop->n_runs);
        loop->runs[i].end = (i + 1) * parts / loop->n_runs;
    }
}

void parallel_for(int threads, int64_t parts, parallel_body *body, void *data)
{
    if (threads == 1 || parts == 1) {
        for (int64_t part = 0; part < parts; part++)
            body(data, part, 0);
        return;
    }
    struct loop loop;
    loop.threads = threads;
    loop.body = body;
    loop.each = NULL;
    loop.data = data;
    cut_runs(&loop, parts);
    run_loop(&loop);
}

void parallel_each(int threads, parallel_each_body *body, void *data)
{
    struct loop loop;
    loop.threads = threads;
    loop.each = body;
    loop.data = data;
    if (threads == 1)
        body(data, 0);
    else
        run_loop(&loop);
}
