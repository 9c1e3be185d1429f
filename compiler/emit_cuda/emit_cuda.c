/* SPDX-License-Identifier: MIT
 *
 * What all kernels stand on: the template of functions, with the numbers by which they are approximated. */
#include "emit_cuda/emit_cuda.h"

#include "emit_cuda/emit_cuda_internal.h"
#include "ir/function_tables.h"
#include "templates/templates.h"

static const struct table {
    const char *name;
    const double *single, *double_;
    int n_single, n_double;
} tables[] = {
#define TABLE(name)                                                                                          \
    {#name, name##_float, name##_double, sizeof name##_float / sizeof(double),                               \
     sizeof name##_double / sizeof(double)},
    TABLE(log2_split) TABLE(exp) TABLE(softplus) TABLE(log) TABLE(erf) TABLE(erfinv_numerator)
        TABLE(erfinv_denominator) TABLE(sin) TABLE(half_pi_fused)
#undef TABLE
    /* in double precision tanh comes from e^x */
    {"tanh_numerator", tanh_numerator_float, NULL, sizeof tanh_numerator_float / sizeof(double), 0},
    {"tanh_denominator", tanh_denominator_float, NULL, sizeof tanh_denominator_float / sizeof(double), 0},
};
enum { TABLES = sizeof tables / sizeof tables[0] };

/* "0.5f, 0.25f" */
static const char *numbers(struct arena *arena, const double *values, int n, enum real real)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int i = 0; i < n; i++)
        strbuf_addf(&text, "%s%s", i ? ", " : "", cuda_number(arena, values[i], real));
    return strbuf_text(&text);
}

const char *emit_cuda_header(struct arena *arena, enum real real)
{
    struct strbuf text;
    struct template_word words[TABLES + 2] = {{"REAL", real == REAL_8 ? "double" : "float"},
                                              {"REAL_BYTES", real == REAL_8 ? "8" : "4"}};
    for (int i = 0; i < TABLES; i++) {
        const struct table *t = &tables[i];
        const char *text_of = real == REAL_8 ? numbers(arena, t->double_, t->n_double, real)
                                             : numbers(arena, t->single, t->n_single, real);
        words[2 + i] = (struct template_word){t->name, text_of};
    }
    strbuf_init(&text, arena);
    template_fill(&text, template_device_cuh_in, sizeof words / sizeof words[0], words);
    return strbuf_text(&text);
}
