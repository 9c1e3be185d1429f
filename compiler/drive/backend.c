/* SPDX-License-Identifier: MIT
 *
 * The list of backends, and what they have in common. */
#include "drive/backend.h"

#define BACKEND(name) extern const struct backend backend_##name;
#include "drive/backend_list.def"
const struct backend *const backend_list[BACKENDS] = {
#define BACKEND(name) [BACKEND_##name] = &backend_##name,
#include "drive/backend_list.def"
};

bool backend_makes(const struct backend *backend, enum gpfc_emit kind)
{
    return backend->makes >> kind & 1;
}

const struct backend *backend_for(enum gpfc_emit kind)
{
    for (int i = 0; i < BACKENDS; i++)
        if (backend_makes(backend_list[i], kind))
            return backend_list[i];
    return backend_list[0];
}

const struct backend *backend_in_process(void)
{
    for (int i = 0; i < BACKENDS; i++)
        if (backend_list[i]->load && backend_makes(backend_list[i], GPFC_EMIT_OBJECT))
            return backend_list[i];
    return NULL;
}

const struct planner *backend_planner(const struct backend *backend)
{
    return backend->planner ? backend->planner : backend_in_process()->planner;
}

bool backend_target(struct arena *arena, const char *name, struct target *out, const char **fault)
{
    for (int i = 0; i < BACKENDS; i++)
        if (backend_list[i]->host) {
            const struct host host = backend_list[i]->host(arena);
            return target_find(arena, &host, name, out, fault);
        }
    *fault = "no backend knows this machine";
    return false;
}

bool backend_make(const struct backend *backend, struct arena *work, struct arena *arena,
                  const struct backend_task *task, const struct backend_deal *deal, int piece,
                  enum gpfc_emit kind, struct backend_bytes *out, const char **fault)
{
    struct backend_code *code = backend->build(work, task, deal, piece, fault);
    return code && (!backend->optimize || backend->optimize(work, code, fault)) &&
           backend->print(arena, code, kind, out, fault);
}

const struct gpfc_kernel *backend_load(struct arena *work, struct arena *arena, const struct target *target,
                                       enum real real, const struct plan *plan, const char **fault)
{
    const struct backend *backend = backend_in_process();
    const struct bundle_kernel kernel = {.name = plan->graph->name, .graph = plan->graph, .plan = plan};
    const struct backend_task task = {.target = target, .real = real, .n_kernels = 1, .kernels = &kernel};
    struct backend_bytes object;
    if (!backend_make(backend, work, work, &task, NULL, 0, GPFC_EMIT_OBJECT, &object, fault))
        return NULL;
    const struct backend_loaded *loaded = backend->load(arena, &object, fault);
    return loaded ? backend->symbol(arena, loaded, arena_printf(arena, "gpfc_kernel_%s", kernel.name), fault)
                  : NULL;
}
