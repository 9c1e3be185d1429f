/* SPDX-License-Identifier: MIT
 *
 * Object code of a trainer's kernels: the training kernel, which takes about as long to compile as all others, in one
 * thread and object, the others in another. */
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
    struct work work[COMPILE_OBJECTS] = {
        {.c = c, .part = {0, 1}, .bundle = bundle, .object = &c->object[0]},
        {.c = c, .part = {1, c->n_kernels}, .object = &c->object[1]},
    };
    for (int i = 0; i < COMPILE_OBJECTS; i++)
        work[i].arena = arena_within(c->arena);
    pthread_t second;
    bool threaded = pthread_create(&second, NULL, run, &work[1]) == 0;
    run(&work[0]);
    if (threaded)
        (void)pthread_join(second, NULL);
    else
        run(&work[1]);
    for (int i = 0; i < COMPILE_OBJECTS; i++)
        if (work[i].fault)
            return compile_fail(c, GPFC_FAILED, work[i].fault);
    return GPFC_OK;
}
