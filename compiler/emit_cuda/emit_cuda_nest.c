/* SPDX-License-Identifier: MIT
 *
 * A nest's text: the pointers it works on, and how its items are dealt out to threads. */
#include "emit_cuda/emit_cuda_internal.h"

#include <assert.h>

/* ---- items --------------------------------------------------------------------------------------------- */

const char *cuda_items_open(struct cuda_kernel *k, long items)
{
    const char *item = cuda_name(k, 'i');
    const int threads = k->schedule->cuda.threads;
    if (items <= threads) {
        cuda_open(k, "if (tid < %ld)", items);
        return "tid";
    }
    cuda_line(k, "ROLLED");
    cuda_open(k, "for (int %s = tid; %s < %ld; %s += %d)", item, item, items, item, threads);
    return item;
}

struct cuda_index cuda_item_part(struct cuda_kernel *k, const char **rest, int size, int step)
{
    if (size == 1)
        return (struct cuda_index){NULL, 0};
    const char *part = cuda_name(k, 'n');
    cuda_line(k, step > 1 ? "const int %s = %s %% %d * %d;" : "const int %s = %s %% %d;", part, *rest, size,
              step);
    *rest = arena_printf(k->arena, "(%s / %d)", *rest, size);
    return (struct cuda_index){part, 0};
}

/* ---- pointers ------------------------------------------------------------------------------------------ */

static const char *base_of(struct cuda_kernel *k, const struct plan_value *value)
{
    switch (value->space) {
    case PLAN_IN:
        k->in_used[value->port] = true;
        return arena_printf(k->arena, "in%d", value->port);
    case PLAN_OUT:
        k->out_used[value->port] = true;
        return arena_printf(k->arena, "out%d", value->port);
    case PLAN_UNIFORM:
        return "uniform";
    case PLAN_SCRATCH:
        return "scratch";
    case PLAN_STACK:
        return "stack";
    case PLAN_SUMS:
        return "sums";
    case PLAN_CONST:
        return cuda_reals(k, value->data, ir_elements(value->origin->shape));
    case PLAN_NOWHERE:
        break;
    }
    assert(!"a value of another part of the kernel is read");
    return "";
}

/* Of 16 bits an element: steps count those, the offset does not. */
const char *cuda_address(struct cuda_kernel *k, const struct plan_value *value)
{
    struct strbuf text;
    strbuf_init(&text, k->arena);
    strbuf_add(&text, base_of(k, value));
    if (value->offset)
        strbuf_addf(&text, " + %ld", value->offset);
    if (value->bfloat) {
        const char *start = strbuf_text(&text);
        strbuf_init(&text, k->arena);
        strbuf_addf(&text, "(unsigned short *)(%s)", start);
    }
    for (int depth = 0; depth < PLAN_MAX_DEPTH; depth++)
        if (value->step[depth])
            strbuf_addf(&text, " + %ld * k%d", value->step[depth], depth);
    return strbuf_text(&text);
}

static void pointer(struct cuda_kernel *k, const char *name, const struct plan_value *value)
{
    const bool only_read = value->space == PLAN_IN || value->space == PLAN_CONST;
    cuda_line(k, "%s%s *const %s = %s;", only_read ? "const " : "", value->bfloat ? "unsigned short" : "real",
              name, cuda_address(k, value));
}

void cuda_nest_open(struct cuda_nest *ne, struct cuda_kernel *k, const struct nest *nest,
                    const struct plan_value *const *params)
{
    *ne = (struct cuda_nest){.kernel = k, .nest = nest, .params = params};
    ne->how = sched_cuda_how(nest->how_bytes ? nest->how : NULL);
    ne->samples = nest->wide ? ne->how->samples : 1;
    ne->param = ARENA_ARRAY(k->arena, const char *, (size_t)nest->n_params + 1);
    ne->used = ARENA_ARRAY(k->arena, bool, (size_t)nest->n_params + 1);
    ne->in_register = ARENA_ARRAY(k->arena, struct cuda_lanes, (size_t)nest->n_values + 1);
    for (int i = 0; i < nest->n_params; i++)
        ne->param[i] = cuda_name(k, 'p');
    cuda_open(k, "%s", "");
    strbuf_init(&ne->body, k->arena);
    ne->around = k->out;
    k->out = &ne->body;
}

void cuda_nest_close(struct cuda_nest *ne)
{
    struct cuda_kernel *k = ne->kernel;
    k->out = ne->around;
    for (int i = 0; i < ne->nest->n_params; i++)
        if (ne->used[i])
            pointer(k, ne->param[i], ne->params[i]);
    strbuf_add(k->out, strbuf_text(&ne->body));
    cuda_close(k);
}

/* ---- nests --------------------------------------------------------------------------------------------- */

static void comment(struct cuda_kernel *k, const struct plan_nest *nest)
{
    struct strbuf what;
    strbuf_init(&what, k->arena);
    plan_nest_text(nest, &what);
    cuda_line(k, "/* %s */", strbuf_text(&what));
}

static const char *stays_as(struct cuda_kernel *k, const struct nest *nest,
                            const struct plan_value *const *params)
{
    struct cuda_stay *stay = &k->stays[k->n_stays++];
    *stay = (struct cuda_stay){nest, params, cuda_name(k, 'w')};
    return stay->name;
}

static void write_nest(struct cuda_nest *ne, const char *registers)
{
    switch ((enum plan_nest_kind)ne->nest->kind) {
    case PLAN_MAP:
        cuda_map(ne);
        break;
    case PLAN_TOTAL:
        cuda_total(ne, registers);
        break;
    case PLAN_SELECT:
        cuda_select(ne);
        break;
    case PLAN_MATRIX:
        cuda_matrix(ne);
        break;
    case PLAN_LANES: /* no sum keeps its lanes */
        break;
    }
}

void cuda_nest(struct cuda_kernel *k, const struct plan_region *region, const struct plan_nest *from)
{
    const struct plan_value *const *params;
    const struct nest *nest = nest_new(k->arena, region, from, &params);
    const bool stays = nest->kind == PLAN_TOTAL && sched_cuda_how(from->how)->stays;
    const char *registers = stays ? stays_as(k, nest, params) : NULL;
    cuda_order(k, nest, params, stays);
    comment(k, from);
    struct cuda_nest ne;
    cuda_nest_open(&ne, k, nest, params);
    write_nest(&ne, registers);
    cuda_nest_close(&ne);
}
