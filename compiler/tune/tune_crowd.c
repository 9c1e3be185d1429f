/* SPDX-License-Identifier: MIT */
#include "tune/tune_crowd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HELPERS = 255 };

struct block {
    void *bytes;
    size_t room;
};

struct helper {
    struct crowd *crowd;
    pthread_t thread;
    struct block scratch, sums;
};

struct crowd {
    struct owned *place;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const struct tune_run *run;
    long turn;        /* how often there was something to do */
    atomic_bool stop; /* what is being done */
    bool ended;
    int started, running; /* of the helpers */
    int n;
    struct helper helper[MOST_HELPERS];
};

/* ---- one helper ---------------------------------------------------------------------------------------- */

/* The thread that uses it takes it, so that it lies near. False: no memory, and then the helper stays
 * idle. */
static bool make_room(struct block *block, size_t bytes)
{
    if (block->room >= bytes)
        return true;
    free(block->bytes);
    block->room = (bytes + GPFC_ALIGNMENT - 1) / GPFC_ALIGNMENT * GPFC_ALIGNMENT;
    block->bytes = aligned_alloc(GPFC_ALIGNMENT, block->room);
    if (block->bytes)
        memset(block->bytes, 0, block->room);
    else
        block->room = 0;
    return block->bytes != NULL;
}

static void run_tile(const struct helper *helper, const struct tune_run *run)
{
    tune_run_tile_in(run, helper->scratch.bytes, helper->sums.bytes);
}

/* The first tile finds cold caches; who times waits for it. */
static void work(struct helper *helper, const struct tune_run *run)
{
    struct crowd *crowd = helper->crowd;
    const size_t real = (size_t)run->real;
    const bool ready = make_room(&helper->scratch, (size_t)run->kernel->scratch_bytes + 1) &&
                       make_room(&helper->sums, (size_t)run->kernel->sum_elements * real + 1);
    if (ready)
        run_tile(helper, run);
    pthread_mutex_lock(&crowd->lock);
    crowd->started++;
    pthread_cond_broadcast(&crowd->changed);
    pthread_mutex_unlock(&crowd->lock);
    while (ready && !atomic_load(&crowd->stop))
        run_tile(helper, run);
}

static void *help(void *data)
{
    struct helper *helper = data;
    struct crowd *crowd = helper->crowd;
    pthread_mutex_lock(&crowd->lock);
    for (long done = 0; !crowd->ended;) {
        if (crowd->turn == done) {
            pthread_cond_wait(&crowd->changed, &crowd->lock);
            continue;
        }
        const struct tune_run *run = crowd->run;
        done = crowd->turn;
        pthread_mutex_unlock(&crowd->lock);
        work(helper, run);
        pthread_mutex_lock(&crowd->lock);
        crowd->running--;
        pthread_cond_broadcast(&crowd->changed);
    }
    pthread_mutex_unlock(&crowd->lock);
    free(helper->scratch.bytes);
    free(helper->sums.bytes);
    return NULL;
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static void crowd_free(void *object)
{
    struct crowd *crowd = object;
    pthread_mutex_lock(&crowd->lock);
    crowd->ended = true;
    pthread_cond_broadcast(&crowd->changed);
    pthread_mutex_unlock(&crowd->lock);
    for (int i = 0; i < crowd->n; i++)
        (void)pthread_join(crowd->helper[i].thread, NULL);
    (void)pthread_cond_destroy(&crowd->changed);
    (void)pthread_mutex_destroy(&crowd->lock);
}

struct crowd *crowd_new(struct arena *arena, int threads)
{
    struct owned *place = arena_own(arena, crowd_free);
    struct crowd *crowd = ARENA_NEW(arena, struct crowd);
    (void)pthread_mutex_init(&crowd->lock, NULL);
    (void)pthread_cond_init(&crowd->changed, NULL);
    atomic_init(&crowd->stop, false);
    crowd->place = place;
    place->object = crowd;
    while (crowd->n < threads - 1 && crowd->n < MOST_HELPERS) {
        struct helper *helper = &crowd->helper[crowd->n];
        helper->crowd = crowd;
        if (pthread_create(&helper->thread, NULL, help, helper) != 0)
            break;
        crowd->n++;
    }
    return crowd;
}

void crowd_close(struct crowd *crowd)
{
    arena_release(crowd->place);
}

void crowd_begin(struct crowd *crowd, const struct tune_run *run)
{
    pthread_mutex_lock(&crowd->lock);
    atomic_store(&crowd->stop, false);
    crowd->run = run;
    crowd->turn++;
    crowd->started = 0;
    crowd->running = crowd->n;
    pthread_cond_broadcast(&crowd->changed);
    while (crowd->started < crowd->n)
        pthread_cond_wait(&crowd->changed, &crowd->lock);
    pthread_mutex_unlock(&crowd->lock);
}

void crowd_end(struct crowd *crowd)
{
    atomic_store(&crowd->stop, true);
    pthread_mutex_lock(&crowd->lock);
    while (crowd->running > 0)
        pthread_cond_wait(&crowd->changed, &crowd->lock);
    pthread_mutex_unlock(&crowd->lock);
}
