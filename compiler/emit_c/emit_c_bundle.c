/* SPDX-License-Identifier: MIT
 *
 * The structures of kernel_abi.h as initialisers, field by field in the order of bundle_fields.def. */
#include "emit_c/emit_c_internal.h"

#include <string.h>

static void text(struct strbuf *out, const char *value)
{
    strbuf_add(out, "\"");
    for (const unsigned char *at = (const unsigned char *)value; *at; at++) {
        if (*at == '"' || *at == '\\')
            strbuf_addf(out, "\\%c", *at);
        else if (*at == '\n')
            strbuf_add(out, at[1] ? "\\n\"\n    \"" : "\\n");
        else if (*at < 0x20 || *at >= 0x7f || (*at == '?' && at[1] == '?')) /* no trigraphs, no encodings */
            strbuf_addf(out, "\\%03o", *at);
        else
            strbuf_addf(out, "%c", *at);
    }
    strbuf_add(out, "\"");
}

/* ---- fields by their kind ------------------------------------------------------------------------------ */

static const char *const role_names[] = {
    [GPFC_IN_PARAMETER] = "GPFC_IN_PARAMETER",   [GPFC_IN_SETTING] = "GPFC_IN_SETTING",
    [GPFC_IN_NOISE_STEP] = "GPFC_IN_NOISE_STEP", [GPFC_IN_SAMPLE] = "GPFC_IN_SAMPLE",
    [GPFC_IN_NOISE] = "GPFC_IN_NOISE",           [GPFC_OUT_SAMPLE] = "GPFC_OUT_SAMPLE",
    [GPFC_OUT_TOTAL] = "GPFC_OUT_TOTAL",
};

/* An initialiser while it is written: values one after another or, where it names its fields, a line each. */
struct fields {
    struct strbuf *out;
    const char *of; /* begins the names of what it refers to: "train", "bundle" */
    bool named;
    int n;
    const char *kind; /* of the last one */
};

/* Where memory and functions begin, so does a line. */
static void open_field(struct fields *fields, const char *kind, const char *name)
{
    const bool code = strcmp(kind, "BYTES") == 0 || strcmp(kind, "FUNCTION") == 0;
    if (fields->named)
        strbuf_addf(fields->out, "    .%s = ", name);
    else if (fields->n++ > 0)
        strbuf_add(fields->out, code && strcmp(kind, fields->kind) != 0 ? ",\n     " : ", ");
    fields->kind = kind;
}

static void close_field(const struct fields *fields)
{
    if (fields->named)
        strbuf_add(fields->out, ",\n");
}

static void integers(struct strbuf *out, const int64_t *values, int64_t n)
{
    strbuf_addf(out, "{%lld", (long long)values[0]);
    for (int64_t i = 1; i < n; i++)
        strbuf_addf(out, ", %lld", (long long)values[i]);
    strbuf_add(out, "}");
}

/* "uniform_bytes" of train: what its struct takes */
static void bytes(struct strbuf *out, const char *of, const char *field)
{
    strbuf_addf(out, "sizeof(struct %s_%.*s)", of, (int)strcspn(field, "_"), field);
}

static void table(struct strbuf *out, const char *of, const char *field, int64_t n)
{
    if (n > 0)
        strbuf_addf(out, "%s_%s", of, field);
    else
        strbuf_add(out, "0");
}

/* Each in a function with `fields`, its `out` and the row. */
#define PUT(kind, field, statement)                                                                          \
    open_field(&fields, kind, #field);                                                                       \
    statement;                                                                                               \
    close_field(&fields);
#define PUT_TEXT(field) PUT("TEXT", field, text(out, row->field))
#define PUT_INTEGER(field) PUT("INTEGER", field, strbuf_addf(out, "%lld", (long long)row->field))
#define PUT_NUMBER(field) PUT("NUMBER", field, strbuf_addf(out, "%.17g", row->field))
#define PUT_ROLE(field) PUT("ROLE", field, strbuf_add(out, role_names[row->field]))
#define PUT_VERSION(field) PUT("VERSION", field, strbuf_add(out, "GPFC_ABI_VERSION"))
#define PUT_REAL_BYTES(field) PUT("REAL_BYTES", field, strbuf_add(out, "sizeof(real)"))
#define PUT_LANES(field) PUT("LANES", field, strbuf_add(out, "L"))
#define PUT_HASH(field)                                                                                      \
    PUT("HASH", field, strbuf_addf(out, "(int64_t)UINT64_C(0x%llx)", (unsigned long long)row->field))
#define PUT_SHAPE(field) PUT("SHAPE", field, integers(out, row->field, row->rank))
#define PUT_PAIR(field) PUT("PAIR", field, integers(out, row->field, 2))
#define PUT_TABLE(field) PUT("TABLE", field, table(out, fields.of, #field, row->n_##field))
#define PUT_BYTES(field) PUT("BYTES", field, bytes(out, fields.of, #field))
#define PUT_REALS(field) PUT("REALS", field, strbuf_addf(out, "%s_" #field, fields.of))
#define PUT_FUNCTION(field) PUT("FUNCTION", field, strbuf_addf(out, "%s_" #field, fields.of))
/* What is false or points nowhere is as C has it anyway. */
#define PUT_FLAG(field)                                                                                      \
    if (row->field) {                                                                                        \
        PUT("FLAG", field, strbuf_add(out, "1"))                                                             \
    }
#define PUT_BUNDLE(field)                                                                                    \
    if (row->field) {                                                                                        \
        PUT("BUNDLE", field, strbuf_add(out, "&gpfc_" #field))                                               \
    }

#define PUT_ROW(field) PUT("ROW", field, strbuf_add(out, "0")) /* C is for processors */

static void put_port(struct strbuf *out, const struct gpfc_port *row)
{
    struct fields fields = {.out = out};
#define BUNDLE_PORT(kind, field) PUT_##kind(field)
#include "bundle/bundle_fields.def"
}

static void put_kernel(struct strbuf *out, const char *of, const struct gpfc_kernel *row)
{
    struct fields fields = {.out = out, .of = of};
#define BUNDLE_KERNEL(kind, field) PUT_##kind(field)
#include "bundle/bundle_fields.def"
}

static void put_parameter(struct strbuf *out, const struct gpfc_parameter *row)
{
    struct fields fields = {.out = out};
#define BUNDLE_PARAMETER(kind, field) PUT_##kind(field)
#include "bundle/bundle_fields.def"
}

static void put_setting(struct strbuf *out, const struct gpfc_setting *row)
{
    struct fields fields = {.out = out};
#define BUNDLE_SETTING(kind, field) PUT_##kind(field)
#include "bundle/bundle_fields.def"
}

static void put_bundle(struct strbuf *out, const char *of, const struct gpfc_bundle *row)
{
    struct fields fields = {.out = out, .of = of, .named = true};
#define BUNDLE_BUNDLE(kind, field) PUT_##kind(field)
#include "bundle/bundle_fields.def"
}

/* ---- kernels ------------------------------------------------------------------------------------------- */

static void open_table(struct strbuf *out, const char *type, const char *of, const char *field)
{
    strbuf_addf(out, "static const struct gpfc_%s %s_%s[] = {\n", type, of, field);
}

static void port(struct strbuf *out, const struct gpfc_port *row)
{
    strbuf_add(out, "    {");
    put_port(out, row);
    strbuf_add(out, "},\n");
}

static void ports(struct strbuf *out, const char *name, const struct ir_graph *graph)
{
    struct gpfc_port row;
    if (graph->n_inputs)
        open_table(out, "port", name, "in");
    for (int i = 0; i < graph->n_inputs; i++) {
        row = bundle_input_port(graph, i);
        port(out, &row);
    }
    if (graph->n_inputs)
        strbuf_add(out, "};\n");
    if (graph->n_outputs)
        open_table(out, "port", name, "out");
    for (int o = 0; o < graph->n_outputs; o++) {
        row = bundle_output_port(graph, o);
        port(out, &row);
    }
    if (graph->n_outputs)
        strbuf_add(out, "};\n");
}

static void kernel(const struct bundle_kernel *kernel, const char *prefix, const char *name,
                   struct strbuf *out)
{
    const struct gpfc_kernel row = bundle_kernel_row(kernel, prefix);
    strbuf_add(out, "{");
    put_kernel(out, name, &row);
    strbuf_add(out, "}");
}

static void kernels(const struct emit_c *what, const struct bundle *bundle, const char *name,
                    const char *const *names, struct strbuf *out)
{
    open_table(out, "kernel", name, "kernels");
    for (int k = bundle->kernels.first; k < bundle->kernels.end; k++) {
        strbuf_add(out, "    ");
        kernel(&what->kernels[k], bundle->prefix, names[k], out);
        strbuf_add(out, ",\n");
    }
    strbuf_add(out, "};\n\n");
}

/* ---- bundles ------------------------------------------------------------------------------------------- */

static void parameters(const struct gpfc_bundle *row, const char *name, struct strbuf *out)
{
    if (row->n_parameters == 0) /* C has no empty arrays */
        return;
    open_table(out, "parameter", name, "parameters");
    for (int i = 0; i < row->n_parameters; i++) {
        strbuf_add(out, "    {");
        put_parameter(out, &row->parameters[i]);
        strbuf_add(out, "},\n");
    }
    strbuf_add(out, "};\n\n");
}

static void settings(const struct gpfc_bundle *row, const char *name, struct strbuf *out)
{
    open_table(out, "setting", name, "settings");
    for (int i = 0; i < row->n_settings; i++) {
        strbuf_add(out, "    {");
        put_setting(out, &row->settings[i]);
        strbuf_add(out, "},\n");
    }
    strbuf_add(out, "};\n\n");
}

static void bundle_of(const struct emit_c *what, const struct bundle *bundle, const char *name,
                      const char *const *names, struct strbuf *out)
{
    const struct gpfc_bundle row = bundle_row(bundle);
    const bool outer = strcmp(name, "bundle") == 0; /* the base is within it */
    parameters(&row, name, out);
    settings(&row, name, out);
    kernels(what, bundle, name, names, out);
    strbuf_addf(out, "%sconst struct gpfc_bundle gpfc_%s = {\n", outer ? "" : "static ", name);
    put_bundle(out, name, &row);
    strbuf_add(out, "};\n\n");
}

void c_tables(const struct emit_c *what, const char *const *names, struct strbuf *out)
{
    strbuf_add(out, "/* ---- what the runtime knows ----- */\n\n");
    for (int k = 0; k < what->n_kernels; k++)
        ports(out, names[k], what->kernels[k].graph);
    strbuf_add(out, "\n");
    if (what->bundle && what->bundle->base)
        bundle_of(what, what->bundle->base, "base", names, out);
    if (what->bundle) {
        bundle_of(what, what->bundle, "bundle", names, out);
        return;
    }
    for (int k = 0; k < what->n_kernels; k++) {
        strbuf_addf(out, "const struct gpfc_kernel gpfc_kernel_%s =\n    ", names[k]);
        kernel(&what->kernels[k], "", names[k], out);
        strbuf_add(out, ";\n");
    }
}
