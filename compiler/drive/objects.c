/* SPDX-License-Identifier: MIT
 *
 * Object code of a trainer's kernels: their nests, each distinct one once, in so many modules that threads
 * find work until the end. How many threads there are decides nothing but the time. */
#include "drive/compile.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct work {
    const struct compile *c;
    const struct bundle *bundle;
    const struct emit_nests *nests;
    struct arena *arena[COMPILE_OBJECTS]; /* of each object, which lasts until the compile ends */
    struct compile_object *object;        /* [COMPILE_OBJECTS] */
    const char *fault[COMPILE_OBJECTS];   /* NULL: done; lies in the object's arena or is constant */
    atomic_int next;                      /* object that nobody has begun */
};

static void free_arena(void *arena)
{
    arena_free(arena);
}

static struct arena *arena_within(struct arena *owner)
{
    struct owned *place = arena_own(owner, free_arena);
    struct arena *arena = arena_new();
    place->object = arena;
    if (!arena)
        arena_fail(owner);
    return arena;
}

/* ---- one object ---------------------------------------------------------------------------------------- */

static bool make_in(struct work *work, int i, struct arena *scratch, const char **fault)
{
    const struct compile *c = work->c;
    const struct emit_share share = {.nests = work->nests, .part = i};
    struct emit_module module;
    return emit_build(scratch, &c->cpu, c->is_double, c->n_kernels, c->kernels, &share, work->bundle, &module,
                      fault) &&
           emit_optimize(scratch, &module, fault) &&
           module_emit(work->arena[i], module.module, module.machine, LLVMObjectFile, &work->object[i].bytes,
                       &work->object[i].length, fault);
}

/* LLVM's modules take much more memory than the code, which alone stays. */
static void make(struct work *work, int i)
{
    jmp_buf no_memory;
    const char *fault = NULL;
    work->fault[i] = "out of memory";
    if (setjmp(no_memory))
        return;
    arena_on_failure(work->arena[i], &no_memory);
    struct owned *place = arena_own(work->arena[i], free_arena);
    struct arena *scratch = place->object = arena_new();
    if (!scratch)
        return;
    arena_on_failure(scratch, &no_memory);
    const bool made = make_in(work, i, scratch, &fault);
    work->fault[i] = made ? NULL : arena_strdup(work->arena[i], fault);
    arena_release(place);
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static void *make_some(void *data)
{
    struct work *work = data;
    for (int i; (i = atomic_fetch_add(&work->next, 1)) < COMPILE_OBJECTS;)
        make(work, i);
    return NULL;
}

static int processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* In as many threads as there are processors, this one among them. */
static void make_all(struct work *work)
{
    pthread_t thread[COMPILE_OBJECTS];
    const int wanted = processors() < COMPILE_OBJECTS ? processors() : COMPILE_OBJECTS;
    int n = 0;
    while (n + 1 < wanted && pthread_create(&thread[n], NULL, make_some, work) == 0)
        n++;
    make_some(work);
    for (int i = 0; i < n; i++)
        (void)pthread_join(thread[i], NULL);
}

enum gpfc_status objects_make(struct compile *c, const struct bundle *bundle)
{
    struct work *work = ARENA_NEW(c->arena, struct work);
    *work = (struct work){.c = c, .bundle = bundle, .object = c->object};
    work->nests = emit_nests_new(c->arena, c->n_kernels, c->kernels, COMPILE_OBJECTS);
    for (int i = 0; i < COMPILE_OBJECTS; i++)
        work->arena[i] = arena_within(c->arena);
    make_all(work);
    for (int i = 0; i < COMPILE_OBJECTS; i++)
        if (work->fault[i])
            return compile_fail(c, GPFC_FAILED, work->fault[i]);
    return GPFC_OK;
}
