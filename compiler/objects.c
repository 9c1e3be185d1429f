/* SPDX-License-Identifier: MIT
 *
 * Object code of a trainer's kernels: those for training, which take about as long to compile as all others, and the
 * others, each part in a thread and an object of its own. */
#include "compile.h"

#include <pthread.h>

struct work {
    const struct compile *c;
    struct emit_part part;
    const struct emit_bundle *bundle;
    struct arena *arena; /* of this thread alone; holds the object until the compile ends */
    struct compile_object *object;
    const char *fault; /* NULL: done; lies in the arena or is constant */
};

static const char *make(struct work *work)
{
    const struct compile *c = work->c;
    struct emit_module module;
    const char *fault = "a kernel could not be compiled";
    if (!emit_build(work->arena, &c->cpu, c->is_double, c->n_kernels, c->kernels, &work->part, work->bundle,
                    &module, &fault) ||
        !emit_optimize(work->arena, &module, &fault) ||
        !module_emit(work->arena, module.module, module.machine, LLVMObjectFile, &work->object->bytes,
                     &work->object->length, &fault))
        return fault;
    return NULL;
}

static void *run(void *data)
{
    struct work *work = data;
    jmp_buf no_memory;
    work->fault = "out of memory";
    if (!setjmp(no_memory)) {
        arena_on_failure(work->arena, &no_memory);
        work->fault = make(work);
    }
    return NULL;
}

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

enum gpfc_status objects_make(struct compile *c, const struct emit_bundle *bundle)
{
    struct work work[COMPILE_PARTS] = {0};
    pthread_t thread[COMPILE_PARTS];
    bool threaded[COMPILE_PARTS] = {false};
    for (int i = 0; i < COMPILE_PARTS; i++)
        work[i] = (struct work){.c = c, .part = c->part[i], .bundle = i == 0 ? bundle : NULL,
                                .arena = arena_within(c->arena), .object = &c->object[i]};
    for (int i = 1; i < COMPILE_PARTS; i++)
        if (c->part[i].first < c->part[i].end)
            threaded[i] = pthread_create(&thread[i], NULL, run, &work[i]) == 0;
    for (int i = 0; i < COMPILE_PARTS; i++)
        if (!threaded[i] && c->part[i].first < c->part[i].end)
            run(&work[i]);
    for (int i = 0; i < COMPILE_PARTS; i++)
        if (threaded[i])
            (void)pthread_join(thread[i], NULL);
    for (int i = 0; i < COMPILE_PARTS; i++)
        if (work[i].fault)
            return compile_fail(c, GPFC_FAILED, work[i].fault);
    return GPFC_OK;
}
