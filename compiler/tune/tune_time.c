/* SPDX-License-Identifier: MIT */
#include "tune/tune_time.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

static const double ROUND_SECONDS =
    4e-3; /* what one contender takes of a round, or one tile if that is longer */

/* CPU time of this thread: what others do on the machine costs less of it than of the wall's. */
static double cpu_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- one contender ------------------------------------------------------------------------------------- */

static double time_tiles(const struct contender *c, int n)
{
    const double start = cpu_clock();
    for (int i = 0; i < n; i++)
        tune_run_tile(c->run);
    return cpu_clock() - start;
}

/* A training step is before(), some equal tiles and after(). One tile goes first, unmeasured: it finds the
 * caches as another contender left them, which in a training happens once. */
static double time_step(const struct contender *c, struct crowd *crowd)
{
    const double start = cpu_clock();
    tune_run_begin(c->run);
    const double begun = cpu_clock() - start;
    if (crowd)
        crowd_begin(crowd, c->run);
    tune_run_tile(c->run);
    const double tiles = time_tiles(c, c->timed);
    if (crowd)
        crowd_end(crowd);
    const double end = cpu_clock();
    tune_run_end(c->run);
    return begun + tiles * (double)c->tiles / c->timed + (cpu_clock() - end);
}

struct contender *contender_new(struct arena *arena, const struct tune_case *tuned,
                                const struct gpfc_kernel *kernel, int lanes, enum real real, long batch)
{
    struct contender *c = ARENA_NEW(arena, struct contender);
    c->run = tune_run_new(arena, kernel, lanes, real);
    c->tiles = (batch + lanes - 1) / lanes;
    c->timed = 1;
    tune_case_fill(tuned, c->run, batch);
    return c;
}

/* The first runs fill the caches, and determine how many tiles make a round. */
static void warm_up(struct contender *c)
{
    tune_run_begin(c->run);
    (void)time_tiles(c, 1);
    const double tile = time_tiles(c, 1), tiles = tile > 0 ? ROUND_SECONDS / tile : (double)c->tiles;
    c->timed = tiles < 1 ? 1 : tiles > (double)c->tiles ? (int)c->tiles : (int)tiles;
    tune_run_end(c->run);
}

void contender_reset(struct contender *c)
{
    c->rounds = 0;
}

/* ---- rounds -------------------------------------------------------------------------------------------- */

void contenders_round(struct contender *const *list, int n, int first, struct crowd *crowd)
{
    for (int i = 0; i < n; i++) {
        struct contender *c = list[(first + i) % n];
        assert(c->rounds < TUNE_MOST_ROUNDS);
        if (c->rounds == 0)
            warm_up(c);
        c->seconds[c->rounds++] = time_step(c, crowd);
    }
}

double contender_least(const struct contender *c)
{
    double least = c->rounds > 0 ? c->seconds[0] : 0;
    for (int i = 1; i < c->rounds; i++)
        if (c->seconds[i] < least)
            least = c->seconds[i];
    return least;
}

double contender_ratio(const struct contender *c, const struct contender *reference)
{
    return contender_least(c) / contender_least(reference);
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double contender_median_ratio(const struct contender *c, const struct contender *reference)
{
    double ratio[TUNE_MOST_ROUNDS];
    assert(c->rounds == reference->rounds && c->rounds > 0);
    for (int i = 0; i < c->rounds; i++)
        ratio[i] = c->seconds[i] / reference->seconds[i];
    qsort(ratio, (size_t)c->rounds, sizeof ratio[0], compare_numbers);
    return ratio[c->rounds / 2];
}
