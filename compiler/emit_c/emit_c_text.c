/* SPDX-License-Identifier: MIT
 *
 * Lines, loops, numbers and names of C. */
#include "emit_c/emit_c_internal.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

const char c_index[IR_MAX_LABELS + 1] = "abcdefghijmnopqr"; /* k: rounds, l: lanes, s t u w: memory */
const char *const c_round[C_MOST_LEAD] = {"k0", "k1", "k2", "k3"};

void c_code_init(struct c_code *code, const struct c_kernel *kernel)
{
    const int ports = kernel->graph->n_inputs + kernel->graph->n_outputs;
    *code = (struct c_code){.port = ARENA_ARRAY(kernel->arena, bool, (size_t)ports + 1)};
    strbuf_init(&code->text, kernel->arena);
}

void c_line(struct c_region *r, const char *format, ...)
{
    va_list args;
    strbuf_addf(&r->code->text, "%*s", 4 * r->indent, "");
    va_start(args, format);
    strbuf_vaddf(&r->code->text, format, args);
    va_end(args);
    strbuf_add(&r->code->text, "\n");
}

const char *c_number(struct arena *arena, double value, enum real real)
{
    if (isnan(value))
        return "NAN";
    if (isinf(value))
        return value > 0 ? "INFINITY" : "-INFINITY";
    const char *text = arena_printf(arena, real == REAL_8 ? "%.17g" : "%.9g", value);
    return arena_printf(arena, "%s%s%s", text, strpbrk(text, ".e") ? "" : ".0", real == REAL_8 ? "" : "f");
}

const char *c_identifier(struct arena *arena, const char *name)
{
    char *copy = arena_strdup(arena, name);
    for (char *at = copy; *at; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    return copy;
}

/* ---- loops --------------------------------------------------------------------------------------------- */

void c_loops_open(struct c_region *r, int n, const unsigned char *labels, const int *size, bool block)
{
    for (int i = 0; i < n; i++) {
        const char letter = c_index[labels[i]];
        c_line(r, "for (int %c = 0; %c < %d; %c++)%s", letter, letter, size[i], letter,
               block && i + 1 == n ? " {" : "");
        r->indent++;
    }
    if (block && n == 0) {
        c_line(r, "{");
        r->indent++;
    }
}

void c_loops_close(struct c_region *r, int n, bool block)
{
    r->indent -= n;
    if (block && n == 0)
        r->indent--;
    if (block) {
        r->indent += n > 0 ? n - 1 : 0;
        c_line(r, "}");
        r->indent -= n > 0 ? n - 1 : 0;
    }
}

void c_lanes_open(struct c_region *r, bool wide)
{
    if (!wide)
        return;
    c_line(r, "for (int l = 0; l < L; l++)");
    r->indent++;
}

void c_lanes_close(struct c_region *r, bool wide)
{
    r->indent -= wide;
}

/* ---- values -------------------------------------------------------------------------------------------- */

static void mark_used(struct c_code *code, const struct c_value *value)
{
    code->place[value->place] = true;
    if (value->place == C_PORT)
        code->port[value->port] = true;
    for (int i = 0; i < value->n_lead; i++)
        code->round[value->lead[i]] = true;
}

const char *c_at(const struct c_region *r, const struct c_value *value, int rank, const char *const *index)
{
    struct strbuf text;
    const char *all[C_MOST_LEAD + IR_MAX_RANK];
    int n = 0;
    mark_used(r->code, value);
    for (int i = 0; i < value->n_lead; i++)
        all[n++] = c_round[value->lead[i]];
    for (int axis = 0; axis < rank; axis++)
        all[n++] = index[axis];
    if (value->kind == C_NUMBER)
        return value->base;
    if (value->kind == C_EYE)
        return arena_printf(r->kernel->arena, "(%s == %s)", all[0], all[1]);
    strbuf_init(&text, r->kernel->arena);
    strbuf_add(&text, value->base);
    for (int i = 0; i < n; i++)
        strbuf_addf(&text, "[%s]", all[i]);
    strbuf_add(&text, value->wide ? "[l]" : "");
    return strbuf_text(&text);
}

const char *c_access(const struct c_region *r, const struct c_value *value, int rank,
                     const unsigned char *labels)
{
    const char *index[IR_MAX_RANK] = {NULL};
    for (int axis = 0; axis < rank; axis++)
        index[axis] = arena_printf(r->kernel->arena, "%c", c_index[labels ? labels[axis] : axis]);
    return c_at(r, value, rank, index);
}

struct c_value c_member(struct c_region *r, const char *name, struct ir_shape shape, bool wide)
{
    strbuf_addf(r->members, "%*s%sreal %s", 4 * (r->depth + 1), "", wide ? "_Alignas(64) " : "", name);
    for (int axis = 0; axis < shape.rank; axis++)
        strbuf_addf(r->members, "[%d]", shape.size[axis]);
    strbuf_addf(r->members, "%s;\n", wide ? "[L]" : "");
    return (struct c_value){.kind = C_ARRAY,
                            .wide = wide,
                            .base = arena_printf(r->kernel->arena, "%s%s", r->prefix, name),
                            .place = r->place};
}

void c_copy(struct c_region *r, struct ir_shape shape, const struct c_value *to, const char *operation,
            const struct c_value *from)
{
    static const unsigned char labels[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    const bool wide = to->wide || (from && from->wide);
    c_loops_open(r, shape.rank, labels, shape.size, false);
    c_lanes_open(r, wide);
    c_line(r, "%s %s %s;", c_access(r, to, shape.rank, NULL), operation,
           from ? c_access(r, from, shape.rank, NULL) : "0");
    c_lanes_close(r, wide);
    c_loops_close(r, shape.rank, false);
}
