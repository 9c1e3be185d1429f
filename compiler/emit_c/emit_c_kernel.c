/* SPDX-License-Identifier: MIT
 *
 * One kernel: its three structs of memory and its three functions. A node is computed before the tiles, in
 * each, or after them, by what it depends on. */
#include "emit_c/emit_c_internal.h"

#include "gpfc/kernel_abi.h"
#include "plan/plan.h"

#include <limits.h>
#include <string.h>

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

static struct c_value port_value(struct arena *arena, const char *array, int port, const struct ir_node *node)
{
    return (struct c_value){.kind = C_ARRAY,
                            .wide = node->rate == IR_VARYING,
                            .base = arena_printf(arena, "(*%s%d)", array, port)};
}

/* Pointers for the ports that the code names. */
static void declare_ports(struct c_kernel *kernel, const char *code, struct strbuf *out)
{
    struct arena *arena = kernel->arena;
    const struct ir_graph *graph = kernel->graph;
    for (int i = 0; i < graph->n_inputs; i++) {
        const char *name = arena_printf(arena, "in%d", i);
        if (strstr(code, arena_printf(arena, "(*%s)", name)))
            strbuf_addf(out, "    %s = in[%d]; /* %s */\n",
                        pointer_to(arena, "const ", name, graph->inputs[i]), i,
                        c_identifier(arena, graph->inputs[i]->input.name));
    }
    for (int o = 0; o < graph->n_outputs; o++) {
        const char *name = arena_printf(arena, "out%d", o);
        if (strstr(code, arena_printf(arena, "(*%s)", name)))
            strbuf_addf(out, "    %s = out[%d]; /* %s */\n",
                        pointer_to(arena, "", name, graph->outputs[o].value), o,
                        c_identifier(arena, graph->outputs[o].name));
    }
    for (int i = 0; i < graph->n_inputs; i++)
        if (graph->inputs[i] == ir_limit(graph) && strstr(code, ", limit)"))
            strbuf_addf(out, "    const real limit = *(const real *)in[%d];\n", i);
}

/* ---- parts --------------------------------------------------------------------------------------------- */

struct parts {
    struct c_region region[PLAN_PARTS];
    struct strbuf code[PLAN_PARTS];
    bool *total;
    enum plan_part *part;
};

static void bind_ports(struct c_kernel *kernel, struct c_region *r)
{
    for (int i = 0; i < kernel->graph->n_inputs; i++)
        r->value[kernel->graph->inputs[i]->id] = port_value(kernel->arena, "in", i, kernel->graph->inputs[i]);
}

static void open_parts(struct c_kernel *kernel, struct parts *parts)
{
    static const char *const prefix[] = {"u->", "s->", "w->"};
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
        strbuf_init(&parts->code[p], arena);
        r->wide = p == PLAN_TILE;
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
        const struct c_value to = port_value(kernel->arena, "out", o, value);
        c_copy(r, value->shape, &to, "=", &r->value[value->id]);
    }
}

/* ---- pieces -------------------------------------------------------------------------------------------- */

static const char *const memory[PLAN_PARTS][3][3] = {
    /* type, name, is it to be read only */
    {{"uniform", "u", ""}, {NULL, NULL, NULL}, {NULL, NULL, NULL}},
    {{"uniform", "u", "const "}, {"scratch", "s", ""}, {"sums", "t", ""}},
    {{"uniform", "u", "const "}, {"uniform", "w", ""}, {"sums", "t", "const "}},
};

/* Is a variable used, or handed on? */
static bool names(const char *code, const char *name)
{
    static const char before[] = " ([,;-", after[] = " ])-,;";
    const size_t length = strlen(name);
    for (const char *at = strstr(code, name); at; at = strstr(at + 1, name))
        if (at > code && strchr(before, at[-1]) && strchr(after, at[length]))
            return true;
    return false;
}

void c_piece(struct c_kernel *kernel, const char *code, int depth, struct strbuf *calls, int indent)
{
    struct strbuf parameters, arguments, *out = &kernel->functions;
    strbuf_init(&parameters, kernel->arena);
    strbuf_init(&arguments, kernel->arena);
    for (int i = 0; i < 3 && memory[kernel->part][i][0]; i++) {
        const char *const *m = memory[kernel->part][i];
        if (!names(code, m[1]))
            continue;
        strbuf_addf(&parameters, ", %sstruct %s_%s *%s", m[2], kernel->name, m[0], m[1]);
        strbuf_addf(&arguments, ", %s", m[1]);
    }
    for (int i = 0; i < depth; i++) {
        if (!names(code, arena_printf(kernel->arena, "k%d", i)))
            continue;
        strbuf_addf(&parameters, ", int k%d", i);
        strbuf_addf(&arguments, ", k%d", i);
    }
    const int number = kernel->n_functions++;
    strbuf_addf(out, "APART static void %s_part%d(const void *const *in%s)\n{\n    (void)in;\n", kernel->name,
                number, strbuf_text(&parameters));
    declare_ports(kernel, code, out);
    strbuf_addf(out, "%s}\n\n", code);
    strbuf_addf(calls, "%*s%s_part%d(in%s);\n", 4 * indent, "", kernel->name, number,
                strbuf_text(&arguments));
}

/* ---- text ---------------------------------------------------------------------------------------------- */

static void print_struct(const struct c_kernel *kernel, const char *what, const struct strbuf *members,
                         struct strbuf *out)
{
    strbuf_addf(out, "struct %s_%s {\n%s};\n\n", kernel->name, what,
                members->length ? strbuf_text(members) : "    real unused;\n");
}

/* "const struct train_uniform *u = uniform;", where the code needs it. */
static void declare_memory(const struct c_kernel *kernel, const char *code, const char *name,
                           const char *what, const char *from, struct strbuf *out)
{
    if (names(code, name))
        strbuf_addf(out, "    %sstruct %s_%s *%s = %s;\n", strchr("ut", name[0]) ? "const " : "",
                    kernel->name, what, name, from);
}

static void print_function(struct c_kernel *kernel, const struct parts *parts, enum plan_part part,
                           struct strbuf *out)
{
    static const char *const head[] = {
        "before(const void *const *in, void *uniform)",
        "tile(const void *const *in, void *const *out, const void *uniform, void *scratch, void *sums)",
        "after(const void *const *in, void *const *out, const void *uniform, const void *sums)"};
    static const char *const unused[] = {"(void)in, (void)uniform;",
                                         "(void)in, (void)out, (void)uniform, (void)scratch, (void)sums;",
                                         "(void)in, (void)out, (void)uniform, (void)sums;"};
    const char *code = strbuf_text(&parts->code[part]);
    strbuf_addf(out, "static void %s_%s\n{\n    %s\n", kernel->name, head[part], unused[part]);
    declare_ports(kernel, code, out);
    if (part == PLAN_BEFORE) {
        strbuf_addf(out, "    struct %s_uniform *u = uniform;\n    (void)u;\n", kernel->name);
    } else {
        declare_memory(kernel, code, "u", "uniform", "uniform", out);
        declare_memory(kernel, code, "w", "uniform", "(void *)(uintptr_t)uniform", out);
        declare_memory(kernel, code, "s", "scratch", "scratch", out);
    }
    if (part == PLAN_TILE)
        strbuf_addf(out, "    struct %s_sums *t = sums;\n    (void)t;\n", kernel->name);
    if (part == PLAN_AFTER)
        declare_memory(kernel, code, "t", "sums", "sums", out);
    strbuf_addf(out, "%s}\n\n", code);
}

static void print_kernel(struct c_kernel *kernel, const struct parts *parts, struct strbuf *out)
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
