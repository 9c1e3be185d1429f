/* SPDX-License-Identifier: MIT
 *
 * One kernel: its three structs of memory and its three functions. A node is computed before the tiles, in
 * each, or after them, by what it depends on. */
#include "emit_c/emit_c_internal.h"

#include "gpfc/kernel_abi.h"
#include "plan/plan.h"

#include <limits.h>

/* ---- ports --------------------------------------------------------------------------------------------- */

static const char *pointer_to(struct arena *arena, const char *qualifier, const char *name,
                              const struct ir_node *node)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_addf(&text, "%sreal (*%s)", qualifier, name);
    for (int axis = 0; axis < node->shape.rank; axis++)
        strbuf_addf(&text, "[%d]", node->shape.size[axis]);
    strbuf_add(&text, node->rate == IR_VARYING ? "[L]" : "");
    return strbuf_text(&text);
}

/* Of port `number`, the outputs counted after the inputs. */
static struct c_value port_value(const struct c_kernel *kernel, int number)
{
    const struct ir_graph *graph = kernel->graph;
    const int output = number - graph->n_inputs;
    const struct ir_node *node = output < 0 ? graph->inputs[number] : graph->outputs[output].value;
    return (struct c_value){.kind = C_ARRAY,
                            .wide = node->rate == IR_VARYING,
                            .base = output < 0 ? arena_printf(kernel->arena, "(*in%d)", number)
                                               : arena_printf(kernel->arena, "(*out%d)", output),
                            .place = C_PORT,
                            .port = number};
}

static void declare_ports(const struct c_kernel *kernel, const struct c_code *code, struct strbuf *out)
{
    struct arena *arena = kernel->arena;
    const struct ir_graph *graph = kernel->graph;
    for (int i = 0; i < graph->n_inputs; i++)
        if (code->port[i])
            strbuf_addf(out, "    %s = in[%d]; /* %s */\n",
                        pointer_to(arena, "const ", arena_printf(arena, "in%d", i), graph->inputs[i]), i,
                        c_identifier(arena, graph->inputs[i]->input.name));
    for (int o = 0; o < graph->n_outputs; o++)
        if (code->port[graph->n_inputs + o])
            strbuf_addf(out, "    %s = out[%d]; /* %s */\n",
                        pointer_to(arena, "", arena_printf(arena, "out%d", o), graph->outputs[o].value), o,
                        c_identifier(arena, graph->outputs[o].name));
    for (int i = 0; i < graph->n_inputs; i++)
        if (graph->inputs[i] == ir_limit(graph) && code->limit)
            strbuf_addf(out, "    const real limit = *(const real *)in[%d];\n", i);
}

/* ---- parts --------------------------------------------------------------------------------------------- */

struct parts {
    struct c_region region[PLAN_PARTS];
    struct c_code code[PLAN_PARTS];
    bool *total;
    enum plan_part *part;
};

static void bind_ports(struct c_kernel *kernel, struct c_region *r)
{
    for (int i = 0; i < kernel->graph->n_inputs; i++)
        r->value[kernel->graph->inputs[i]->id] = port_value(kernel, i);
}

static void open_parts(struct c_kernel *kernel, struct parts *parts)
{
    static const char *const prefix[] = {"u->", "s->", "w->"};
    static const enum c_place place[] = {C_UNIFORM, C_SCRATCH, C_AFTER};
    struct arena *arena = kernel->arena;
    const struct ir_graph *graph = kernel->graph;
    bool *needed = ARENA_ARRAY(arena, bool, (size_t)graph->n_nodes + 1);
    ir_mark_needed(graph, needed);
    parts->total = plan_totals(arena, graph, true);
    parts->part = ARENA_ARRAY(arena, enum plan_part, (size_t)graph->n_nodes + 1);
    for (int p = 0; p < PLAN_PARTS; p++) {
        struct c_region *r = &parts->region[p];
        bool *wanted = ARENA_ARRAY(arena, bool, (size_t)graph->n_nodes + 1);
        c_region_init(r, kernel, graph);
        c_code_init(&parts->code[p], kernel);
        r->wide = p == PLAN_TILE;
        r->place = place[p];
        r->prefix = prefix[p];
        r->members = p == PLAN_TILE ? &kernel->scratch : &kernel->uniform;
        r->code = &parts->code[p];
        r->indent = 1;
        r->total = parts->total;
        r->value = parts->region[0].value;
        for (int id = 0; id < graph->n_nodes; id++) {
            parts->part[id] =
                c_is_given(graph->nodes[id]) ? PLAN_GIVEN : plan_part_of(graph->nodes[id], parts->total);
            wanted[id] = needed[id] && parts->part[id] == (enum plan_part)p;
        }
        r->wanted = wanted;
    }
    c_constants(&parts->region[0]);
    bind_ports(kernel, &parts->region[0]);
}

/* Sums over the batch have a place each, that after() reads. */
static void place_totals(struct c_kernel *kernel, struct parts *parts)
{
    struct c_region *tile = &parts->region[PLAN_TILE], sums = *tile;
    sums.place = C_SUMS;
    sums.prefix = "t->";
    sums.members = &kernel->sums;
    for (int id = 0; id < kernel->graph->n_nodes; id++) {
        const struct ir_node *node = kernel->graph->nodes[id];
        const bool result =
            node->op == IR_RESULT && parts->total[id] && node->result >= node->args[0]->steps->n_carry;
        if (!tile->wanted[id] || (node->op != IR_BSUM && !result))
            continue;
        tile->value[id] = c_member(&sums, arena_printf(kernel->arena, "v%d", id), node->shape, false);
        tile->targets[id] = (struct c_targets){1, 1, ARENA_NEW(kernel->arena, struct c_value)};
        tile->targets[id].value[0] = tile->value[id];
    }
}

/* A uniform carry of a loop over samples lies among the samples' values; only they can read it. */
static bool is_uniform_carry(const struct ir_node *node)
{
    return node->op == IR_RESULT && node->rate != IR_VARYING && node->args[0]->rate == IR_VARYING &&
           node->result < node->args[0]->steps->n_carry;
}

static bool check_uniform_carries(const struct parts *parts)
{
    static const char what[] = "a loop over samples gives a value that is the same for all";
    const struct c_region *tile = &parts->region[PLAN_TILE];
    const struct ir_graph *graph = tile->graph;
    for (int p = 0; p < PLAN_PARTS; p++)
        for (int id = 0; id < graph->n_nodes && p != PLAN_TILE; id++)
            for (int i = 0; parts->region[p].wanted[id] && i < graph->nodes[id]->n_args; i++)
                if (is_uniform_carry(graph->nodes[id]->args[i]))
                    return c_fail(tile, graph->nodes[id]->args[i], what);
    for (int o = 0; o < graph->n_outputs; o++)
        if (is_uniform_carry(graph->outputs[o].value))
            return c_fail(tile, graph->outputs[o].value, what);
    return true;
}

static void write_outputs(struct c_kernel *kernel, struct parts *parts)
{
    for (int o = 0; o < kernel->graph->n_outputs; o++) {
        const struct ir_node *value = kernel->graph->outputs[o].value;
        struct c_region *r = &parts->region[value->rate == IR_VARYING ? PLAN_TILE : PLAN_AFTER];
        const struct c_value to = port_value(kernel, kernel->graph->n_inputs + o);
        c_copy(r, value->shape, &to, "=", &r->value[value->id]);
    }
}

/* ---- memory -------------------------------------------------------------------------------------------- */

enum { MOST_MEMORIES = 3 };
struct memory { /* of a part: a parameter of its pieces, a variable of its function */
    enum c_place place;
    const char *qualifier, *type, *name, *from;
    bool always; /* declared, used or not */
};
static const struct memory memories[PLAN_PARTS][MOST_MEMORIES] = {
    [PLAN_BEFORE] = {{C_UNIFORM, "", "uniform", "u", "uniform", true}},
    [PLAN_TILE] = {{C_UNIFORM, "const ", "uniform", "u", "uniform", false},
                   {C_SCRATCH, "", "scratch", "s", "scratch", false},
                   {C_SUMS, "", "sums", "t", "sums", true}},
    [PLAN_AFTER] = {{C_UNIFORM, "const ", "uniform", "u", "uniform", false},
                    {C_AFTER, "", "uniform", "w", "(void *)(uintptr_t)uniform", false},
                    {C_SUMS, "const ", "sums", "t", "sums", false}},
};

static void declare_memory(const struct c_kernel *kernel, const struct c_code *code, enum plan_part part,
                           struct strbuf *out)
{
    for (const struct memory *m = memories[part]; m < memories[part] + MOST_MEMORIES && m->name; m++) {
        if (m->always || code->place[m->place])
            strbuf_addf(out, "    %sstruct %s_%s *%s = %s;\n", m->qualifier, kernel->name, m->type, m->name,
                        m->from);
        if (m->always)
            strbuf_addf(out, "    (void)%s;\n", m->name);
    }
}

/* ---- pieces -------------------------------------------------------------------------------------------- */

/* What the code uses, as parameters of its function and as arguments of its call. */
static void pass_used(const struct c_region *caller, const struct c_code *code, struct strbuf *parameters,
                      struct strbuf *arguments)
{
    const struct c_kernel *kernel = caller->kernel;
    const struct memory *first = memories[kernel->part];
    for (const struct memory *m = first; m < first + MOST_MEMORIES && m->name; m++) {
        if (!code->place[m->place])
            continue;
        caller->code->place[m->place] = true;
        strbuf_addf(parameters, ", %sstruct %s_%s *%s", m->qualifier, kernel->name, m->type, m->name);
        strbuf_addf(arguments, ", %s", m->name);
    }
    for (int i = 0; i < caller->depth; i++) {
        if (!code->round[i])
            continue;
        caller->code->round[i] = true;
        strbuf_addf(parameters, ", int %s", c_round[i]);
        strbuf_addf(arguments, ", %s", c_round[i]);
    }
}

void c_piece(struct c_region *caller, const struct c_code *code)
{
    struct c_kernel *kernel = caller->kernel;
    struct strbuf parameters, arguments, *out = &kernel->functions;
    strbuf_init(&parameters, kernel->arena);
    strbuf_init(&arguments, kernel->arena);
    pass_used(caller, code, &parameters, &arguments);
    const int number = kernel->n_functions++;
    strbuf_addf(out, "APART static void %s_part%d(const void *const *in%s)\n{\n    (void)in;\n", kernel->name,
                number, strbuf_text(&parameters));
    declare_ports(kernel, code, out);
    strbuf_addf(out, "%s}\n\n", strbuf_text(&code->text));
    c_line(caller, "%s_part%d(in%s);", kernel->name, number, strbuf_text(&arguments));
}

/* ---- text ---------------------------------------------------------------------------------------------- */

static void print_struct(const struct c_kernel *kernel, const char *what, const struct strbuf *members,
                         struct strbuf *out)
{
    strbuf_addf(out, "struct %s_%s {\n%s};\n\n", kernel->name, what,
                members->length ? strbuf_text(members) : "    real unused;\n");
}

static void print_function(const struct c_kernel *kernel, const struct parts *parts, enum plan_part part,
                           struct strbuf *out)
{
    static const char *const head[] = {
        "before(const void *const *in, void *uniform)",
        "tile(const void *const *in, void *const *out, const void *uniform, void *scratch, void *sums)",
        "after(const void *const *in, void *const *out, const void *uniform, const void *sums)"};
    static const char *const unused[] = {"(void)in, (void)uniform;",
                                         "(void)in, (void)out, (void)uniform, (void)scratch, (void)sums;",
                                         "(void)in, (void)out, (void)uniform, (void)sums;"};
    const struct c_code *code = &parts->code[part];
    strbuf_addf(out, "static void %s_%s\n{\n    %s\n", kernel->name, head[part], unused[part]);
    declare_ports(kernel, code, out);
    declare_memory(kernel, code, part, out);
    strbuf_addf(out, "%s}\n\n", strbuf_text(&code->text));
}

static void print_kernel(const struct c_kernel *kernel, const struct parts *parts, struct strbuf *out)
{
    strbuf_addf(out, "/* ---- %s ---- */\n\n", kernel->name);
    strbuf_add(out, strbuf_text(kernel->constants));
    print_struct(kernel, "uniform", &kernel->uniform, out);
    print_struct(kernel, "scratch", &kernel->scratch, out);
    print_struct(kernel, "sums", &kernel->sums, out);
    strbuf_addf(out, "enum { %s_sum_elements = %s };\n\n", kernel->name,
                kernel->sums.length
                    ? arena_printf(kernel->arena, "sizeof(struct %s_sums) / sizeof(real)", kernel->name)
                    : "0");
    strbuf_add(out, strbuf_text(&kernel->functions));
    for (int p = 0; p < PLAN_PARTS; p++)
        print_function(kernel, parts, (enum plan_part)p, out);
}

bool c_kernel(struct arena *arena, const struct emit_c *what, int which, const char *name, struct strbuf *out,
              const char **fault)
{
    struct c_kernel *kernel = ARENA_NEW(arena, struct c_kernel);
    struct parts *parts = ARENA_NEW(arena, struct parts);
    *kernel = (struct c_kernel){.arena = arena, .real = what->real, .name = name};
    kernel->graph = plan_legalise(what->kernels[which].graph, LONG_MAX);
    kernel->constants = ARENA_NEW(arena, struct strbuf);
    strbuf_init(kernel->constants, arena);
    strbuf_init(&kernel->uniform, arena);
    strbuf_init(&kernel->scratch, arena);
    strbuf_init(&kernel->sums, arena);
    strbuf_init(&kernel->functions, arena);
    open_parts(kernel, parts);
    place_totals(kernel, parts);
    bool good = check_uniform_carries(parts);
    for (kernel->part = 0; good && kernel->part < PLAN_PARTS; kernel->part++)
        good = c_region(&parts->region[kernel->part]);
    if (good) {
        write_outputs(kernel, parts);
        print_kernel(kernel, parts, out);
    }
    *fault = kernel->fault;
    return good;
}
