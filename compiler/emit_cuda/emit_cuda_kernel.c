/* SPDX-License-Identifier: MIT
 *
 * The functions of a kernel: loops over steps, and the nests in them. */
#include "emit_cuda/emit_cuda_internal.h"

#include "templates/templates.h"

#include <string.h>

/* ---- loops --------------------------------------------------------------------------------------------- */

static void write_region(struct cuda_kernel *k, const struct plan_region *region);

static int limit_port(struct cuda_kernel *k)
{
    const struct ir_graph *graph = k->plan->graph;
    int port = 0;
    while (graph->inputs[port] != ir_limit(graph))
        port++;
    k->in_used[port] = true;
    return port;
}

/* Zeros in slices of a stack that belong to rounds which are not run. */
static void clear_rest(struct cuda_kernel *k, const struct plan_value *stack, struct ir_shape shape,
                       int depth)
{
    const int lanes = stack->wide ? k->schedule->lanes : 1;
    struct cuda_index at[IR_MAX_RANK];
    cuda_order_write(k, stack);
    const char *rest = cuda_items_open(k, ir_elements(shape) * lanes);
    const struct cuda_index lane = cuda_item_part(k, &rest, lanes, 1);
    struct strbuf place;
    strbuf_init(&place, k->arena);
    strbuf_addf(&place, "(%s)[%s", cuda_address(k, stack), lane.dynamic ? lane.dynamic : "0");
    for (int axis = shape.rank - 1; axis >= 0; axis--) {
        at[axis] = cuda_item_part(k, &rest, shape.size[axis], 1);
        if (at[axis].dynamic)
            strbuf_addf(&place, " + %ld * %s", stack->stride[axis], at[axis].dynamic);
    }
    cuda_line(k, "if (%s >= rounds%d)", at[0].dynamic ? at[0].dynamic : "0", depth);
    cuda_line(k, "    %s] = 0;", strbuf_text(&place));
    cuda_close(k);
}

static void open_limited(struct cuda_kernel *k, const struct plan_loop *loop)
{
    const int d = loop->depth;
    cuda_line(k, "const int rounds%d = rounds_of(in%d[0], %d);", d, limit_port(k), loop->node->steps->count);
    cuda_line(k, "ROLLED");
    cuda_open(k, "for (int j%d = 0; j%d < rounds%d; j%d++)", d, d, d, d);
    cuda_line(k, loop->node->steps->backward ? "const int k%d = rounds%d - 1 - j%d;" : "const int k%d = j%d;",
              d, d, d);
}

static void open_loop(struct cuda_kernel *k, const struct plan_loop *loop)
{
    const int d = loop->depth, count = loop->node->steps->count;
    cuda_line(k, "ROLLED");
    if (loop->node->steps->backward)
        cuda_open(k, "for (int k%d = %d; k%d >= 0; k%d--)", d, count - 1, d, d);
    else
        cuda_open(k, "for (int k%d = 0; k%d < %d; k%d++)", d, d, count, d);
}

/* What comes before the loop is not waited for in each of its rounds. */
static void write_loop(struct cuda_kernel *k, const struct plan_region *region, const struct plan_loop *loop)
{
    const bool limited = loop->node->steps->limited;
    cuda_barrier_after_any(k);
    cuda_open(k, "%s", "");
    (limited ? open_limited : open_loop)(k, loop);
    write_region(k, loop->body);
    cuda_barrier(k);
    cuda_close(k);
    for (int r = 0; limited && r < loop->n_results; r++)
        if (plan_is_rest_read(region->graph, loop, r))
            clear_rest(k, &loop->results[r].place, loop->results[r].read->shape, loop->depth);
    cuda_close(k);
}

static void write_region(struct cuda_kernel *k, const struct plan_region *region)
{
    for (int i = 0; i < region->n_items; i++) {
        if (region->items[i].loop)
            write_loop(k, region, region->items[i].loop);
        else
            cuda_nest(k, region, region->items[i].nest);
    }
}

/* ---- parts --------------------------------------------------------------------------------------------- */

/* "in3 = call.in[3] + tile * 80"; before and after have no tiles */
static void port_line(struct cuda_kernel *k, const char *kind, int port, const struct ir_node *node,
                      bool tile)
{
    const bool varies = tile && node->rate == IR_VARYING, is_in = kind[0] == 'i';
    const char *at = "";
    if (varies)
        at = arena_printf(k->arena, " + tile * %ld", ir_elements(node->shape) * k->schedule->lanes);
    cuda_line(k,
              is_in ? "const real *__restrict__ const %s%d = call.%s[%d]%s;"
                    : "real *const %s%d = call.%s[%d]%s;",
              kind, port, kind, port, at);
}

static void port_lines(struct cuda_kernel *k, bool tile)
{
    const struct ir_graph *graph = k->plan->graph;
    for (int i = 0; i < graph->n_inputs; i++)
        if (k->in_used[i])
            port_line(k, "in", i, graph->inputs[i], tile);
    for (int o = 0; o < graph->n_outputs; o++)
        if (k->out_used[o])
            port_line(k, "out", o, graph->outputs[o].value, tile);
}

/* A part's text, and in front of it the ports that it uses. */
static const char *part(struct cuda_kernel *k, const struct plan_region *region, int indent, bool tile)
{
    struct strbuf body, head;
    strbuf_init(&body, k->arena);
    strbuf_init(&head, k->arena);
    k->reads.n = k->writes.n = 0;
    memset(k->in_used, 0, (size_t)k->plan->graph->n_inputs * sizeof *k->in_used);
    memset(k->out_used, 0, (size_t)k->plan->graph->n_outputs * sizeof *k->out_used);
    k->indent = indent;
    k->out = &body;
    write_region(k, region);
    k->out = &head;
    port_lines(k, tile);
    strbuf_add(&head, strbuf_text(&body));
    return strbuf_text(&head);
}

static const char *over_stays(struct cuda_kernel *k,
                              void (*write)(struct cuda_kernel *k, const struct cuda_stay *stay),
                              bool barrier)
{
    struct strbuf text;
    strbuf_init(&text, k->arena);
    k->out = &text;
    k->indent = 1;
    if (barrier && k->n_stays)
        cuda_barrier(k);
    for (int i = 0; i < k->n_stays; i++)
        write(k, &k->stays[i]);
    return strbuf_text(&text);
}

static const char *ports_of_call(const struct cuda_kernel *k)
{
    const struct ir_graph *graph = k->plan->graph;
    struct strbuf text;
    strbuf_init(&text, k->arena);
    if (graph->n_inputs)
        strbuf_addf(&text, "    const real *in[%d];\n", graph->n_inputs);
    if (graph->n_outputs)
        strbuf_addf(&text, "    real *out[%d];\n", graph->n_outputs);
    return strbuf_text(&text);
}

/* ---- kernels ------------------------------------------------------------------------------------------- */

struct memory { /* of a block: elements in global memory, bytes of shared memory */
    long room;
    long shared;
    const char *scratch; /* where that is */
};

static struct memory memory_of(struct cuda_kernel *k)
{
    const struct plan *plan = k->plan;
    const char *far = arena_printf(k->arena, "room + %ld", plan->stack_elements);
    struct memory memory = {plan->stack_elements + plan->scratch_elements, 0, far};
    if (sched_cuda_is_near(plan, k->real)) {
        memory.shared = plan->scratch_elements * (long)k->real;
        memory.scratch =
            arena_printf(k->arena, "%ld <= SHARED_BYTES ? SHARED_MEMORY() : %s", memory.shared, far);
    }
    return memory;
}

/* The function that adds up the blocks' sums; none where there are none. */
static const char *sum_function(const struct cuda_kernel *k)
{
    if (k->plan->sum_elements == 0)
        return "";
    return arena_printf(
        k->arena,
        "extern \"C\" __global__ void __launch_bounds__(%d, 1) %s_sum(const struct %s_call call)\n"
        "{\n"
        "    add_rows(call.sums, %ld, call.blocks);\n"
        "}\n\n",
        k->schedule->cuda.threads, k->name, k->name, k->plan->sum_elements);
}

static const char *whole_text(struct cuda_kernel *k, const struct memory *memory, const char *schedule)
{
    struct arena *arena = k->arena;
    struct strbuf text;
    const char *before = part(k, k->plan->before, 1, false), *tile = part(k, k->plan->tile, 2, true);
    const char *start = over_stays(k, cuda_stay_declare, false), *end = over_stays(k, cuda_stay_flush, true);
    const char *after = part(k, k->plan->after, 1, false);
    const char *sum = sum_function(k);
    const struct template_word words[] = {
        {"NAME", k->name},
        {"SCHEDULE", schedule},
        {"PORTS", ports_of_call(k)},
        {"DECLARATIONS", strbuf_text(&k->declarations)},
        {"THREADS", arena_printf(arena, "%d", k->schedule->cuda.threads)},
        {"ROOM", arena_printf(arena, "%ld", memory->room)},
        {"SCRATCH", memory->scratch},
        {"SUMS", arena_printf(arena, "%ld", k->plan->sum_elements)},
        {"BEFORE", before},
        {"START", start},
        {"TILE", tile},
        {"END", end},
        {"SUM", sum},
        {"AFTER", after},
    };
    strbuf_init(&text, arena);
    template_fill(&text, template_kernel_cu_in, sizeof words / sizeof words[0], words);
    return strbuf_text(&text);
}

struct gpfc_cuda_kernel emit_cuda_kernel(struct arena *arena, const char *name, const struct plan *plan,
                                         enum real real)
{
    struct cuda_kernel k = {
        .arena = arena, .plan = plan, .schedule = plan->schedule, .name = name, .real = real};
    struct strbuf schedule;
    strbuf_init(&schedule, arena);
    strbuf_init(&k.declarations, arena);
    sched_cuda_text(plan->schedule, &schedule);
    k.in_used = ARENA_ARRAY(arena, bool, (size_t)plan->graph->n_inputs + 1);
    k.out_used = ARENA_ARRAY(arena, bool, (size_t)plan->graph->n_outputs + 1);
    k.stays = ARENA_ARRAY(arena, struct cuda_stay, (size_t)plan->n_nests + 1);
    const struct memory memory = memory_of(&k);
    return (struct gpfc_cuda_kernel){
        .name = name,
        .schedule = strbuf_text(&schedule),
        .lanes = plan->schedule->lanes,
        .threads = plan->schedule->cuda.threads,
        .leaves = plan->schedule->cuda.leaves,
        .uniform_bytes = plan->uniform_elements * (long)real,
        .room_bytes = memory.room * (long)real,
        .shared_bytes = memory.shared,
        .sum_elements = plan->sum_elements,
        .text = whole_text(&k, &memory, strbuf_text(&schedule)),
    };
}
