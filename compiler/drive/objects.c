/* SPDX-License-Identifier: MIT
 *
 * Object code of a trainer's kernels: their nests, each distinct one once, in enough modules to keep all
 * threads busy until the end. The number of threads affects only the time. */
#include "drive/objects.h"

#include "base/clock.h"
#include "base/plain_locale.h"

#include <pthread.h>
#include <stdatomic.h>

struct work {
    const struct compile *c;
    const struct backend_task *task;
    const struct backend_deal *deal;
    struct arena *arena[COMPILE_OBJECTS]; /* of each object, which lasts until the compile ends */
    struct backend_bytes *object;         /* [COMPILE_OBJECTS] */
    const char *fault[COMPILE_OBJECTS];   /* NULL: done; lies in the object's arena or is constant */
    atomic_int next;                      /* object that nobody has begun */
    int n;
};

/* ---- one object ---------------------------------------------------------------------------------------- */

/* A backend's working data take much more memory than the code; only the code is kept. */
static void make(struct work *work, int i)
{
    struct arena *arena = work->arena[i];
    jmp_buf no_memory, *const former = arena_on_failure(arena, &no_memory);
    const char *fault = NULL;
    struct owned *place;
    work->fault[i] = "out of memory";
    if (!setjmp(no_memory)) {
        struct arena *scratch = arena_within(arena, &place);
        const bool made = backend_make(work->c->backend, scratch, arena, work->task, work->deal, i,
                                       GPFC_EMIT_OBJECT, &work->object[i], &fault);
        work->fault[i] = made ? NULL : arena_strdup(arena, fault);
        arena_release(place);
    }
    arena_on_failure(arena, former);
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static void *make_some(void *data)
{
    struct work *work = data;
    const struct plain_locale locale = plain_locale_enter();
    for (int i; (i = atomic_fetch_add(&work->next, 1)) < work->n;)
        make(work, i);
    plain_locale_leave(locale);
    return NULL;
}

/* In as many threads as there are processors, this one among them. */
static void make_all(struct work *work)
{
    pthread_t thread[COMPILE_OBJECTS];
    const int wanted = processor_count() < work->n ? processor_count() : work->n;
    int n = 0;
    while (n + 1 < wanted && pthread_create(&thread[n], NULL, make_some, work) == 0)
        n++;
    make_some(work);
    for (int i = 0; i < n; i++)
        (void)pthread_join(thread[i], NULL);
}

enum gpfc_status objects_make(struct compile *c, const struct backend_task *task)
{
    struct work *work = ARENA_NEW(c->arena, struct work);
    struct owned *place;
    *work = (struct work){.c = c, .task = task, .object = c->code.object, .n = 1};
    if (c->backend->deal) {
        work->n = COMPILE_OBJECTS;
        work->deal = c->backend->deal(c->arena, task, work->n);
    }
    for (int i = 0; i < work->n; i++)
        work->arena[i] = arena_within(c->arena, &place);
    make_all(work);
    for (int i = 0; i < work->n; i++)
        if (work->fault[i])
            return compile_fail(c, GPFC_FAILED, work->fault[i]);
    return GPFC_OK;
}
