/* SPDX-License-Identifier: MIT
 *
 * Lines, names, numbers and tables of CUDA C++. */
#include "emit_cuda/emit_cuda_internal.h"

#include <math.h>
#include <string.h>

static void indented(struct cuda_kernel *k, const char *format, va_list args)
{
    strbuf_addf(k->out, "%*s", 4 * k->indent, "");
    strbuf_vaddf(k->out, format, args);
}

void cuda_line(struct cuda_kernel *k, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    indented(k, format, args);
    va_end(args);
    strbuf_add(k->out, "\n");
}

void cuda_open(struct cuda_kernel *k, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    indented(k, format, args);
    va_end(args);
    strbuf_add(k->out, format[0] ? " {\n" : "{\n");
    k->indent++;
}

void cuda_close(struct cuda_kernel *k)
{
    k->indent--;
    cuda_line(k, "}");
}

const char *cuda_name(struct cuda_kernel *k, char kind)
{
    return arena_printf(k->arena, "%c%d", kind, k->n_names++);
}

const char *cuda_number(struct arena *arena, double value, enum real real)
{
    if (isnan(value))
        return "REAL_NAN";
    if (isinf(value))
        return value > 0 ? "REAL_INFINITY" : "(-REAL_INFINITY)";
    const char *text = arena_printf(arena, real == REAL_8 ? "%.17g" : "%.9g", value);
    text = arena_printf(arena, "%s%s%s", text, strpbrk(text, ".e") ? "" : ".0", real == REAL_8 ? "" : "f");
    return text[0] == '-' ? arena_printf(arena, "(%s)", text) : text;
}

/* ---- tables -------------------------------------------------------------------------------------------- */

static const char *table_open(struct cuda_kernel *k, const char *type, long n)
{
    const char *name = arena_printf(k->arena, "%s_table%d", k->name, k->n_tables++);
    strbuf_addf(&k->declarations, "static __device__ const %s %s[%ld] = {", type, name, n);
    return name;
}

static const char *between(long i)
{
    enum { A_LINE = 12 };
    return i == 0 ? "" : i % A_LINE ? ", " : ",\n    ";
}

const char *cuda_reals(struct cuda_kernel *k, const double *values, long n)
{
    const char *name = table_open(k, "real", n);
    for (long i = 0; i < n; i++)
        strbuf_addf(&k->declarations, "%s%s", between(i), cuda_number(k->arena, values[i], k->real));
    strbuf_add(&k->declarations, "};\n");
    return name;
}

const char *cuda_ints(struct cuda_kernel *k, const int *values, long n)
{
    const char *name = table_open(k, "int", n);
    for (long i = 0; i < n; i++)
        strbuf_addf(&k->declarations, "%s%d", between(i), values[i]);
    strbuf_add(&k->declarations, "};\n");
    return name;
}

/* ---- indices ------------------------------------------------------------------------------------------- */

struct cuda_index cuda_plus(struct cuda_index a, long constant)
{
    a.constant += constant;
    return a;
}

struct cuda_index cuda_step(struct arena *arena, struct cuda_index a, int step, struct cuda_index b)
{
    a.constant += step * b.constant;
    if (!b.dynamic || step == 0)
        return a;
    const char *part = step == 1 ? b.dynamic : arena_printf(arena, "%d * %s", step, b.dynamic);
    a.dynamic = arena_printf(arena, a.dynamic ? "(%s + %s)" : "(%s%s)", a.dynamic ? a.dynamic : "", part);
    return a;
}
