/* SPDX-License-Identifier: MIT
 *
 * The structures of kernel_abi.h as initialisers. */
#include "emit_c/emit_c_internal.h"

#include "gpfc/kernel_abi.h"

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

/* ---- ports --------------------------------------------------------------------------------------------- */

static const char *const input_roles[] = {
    [GPFC_IN_PARAMETER] = "GPFC_IN_PARAMETER",   [GPFC_IN_SETTING] = "GPFC_IN_SETTING",
    [GPFC_IN_NOISE_STEP] = "GPFC_IN_NOISE_STEP", [GPFC_IN_SAMPLE] = "GPFC_IN_SAMPLE",
    [GPFC_IN_NOISE] = "GPFC_IN_NOISE",
};

static void port(struct strbuf *out, const char *name, const char *role, struct ir_shape shape)
{
    strbuf_add(out, "    {");
    text(out, name);
    strbuf_addf(out, ", %s, %ld, %d, {", role, ir_elements(shape), shape.rank);
    for (int axis = 0; axis < shape.rank || axis == 0; axis++)
        strbuf_addf(out, "%s%d", axis ? ", " : "", axis < shape.rank ? shape.size[axis] : 0);
    strbuf_add(out, "}},\n");
}

static void ports(struct strbuf *out, const char *name, const struct ir_graph *graph)
{
    if (graph->n_inputs)
        strbuf_addf(out, "static const struct gpfc_port %s_in[] = {\n", name);
    for (int i = 0; i < graph->n_inputs; i++)
        port(out, graph->inputs[i]->input.name, input_roles[emit_input_role(graph->inputs[i])],
             graph->inputs[i]->shape);
    if (graph->n_inputs)
        strbuf_add(out, "};\n");
    if (graph->n_outputs)
        strbuf_addf(out, "static const struct gpfc_port %s_out[] = {\n", name);
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *value = graph->outputs[o].value;
        port(out, graph->outputs[o].name, value->rate == IR_VARYING ? "GPFC_OUT_SAMPLE" : "GPFC_OUT_TOTAL",
             value->shape);
    }
    if (graph->n_outputs)
        strbuf_add(out, "};\n");
}

/* ---- kernels ------------------------------------------------------------------------------------------- */

static void kernel(const struct emit_c *what, int k, const char *shown, const char *name, struct strbuf *out)
{
    const struct ir_graph *graph = what->graphs[k];
    const double flop = ir_count(graph).flops;
    strbuf_add(out, "{");
    text(out, shown);
    strbuf_addf(out, ", %d, %d, ", graph->n_inputs, graph->n_outputs);
    strbuf_addf(out, graph->n_inputs ? "%s_in, " : "0, ", name);
    strbuf_addf(out, graph->n_outputs ? "%s_out,\n     " : "0,\n     ", name);
    strbuf_addf(out,
                "sizeof(struct %s_uniform), sizeof(struct %s_scratch), %s_sum_elements, %.17g, %.17g,\n     ",
                name, name, name, flop, what->useful_flop ? what->useful_flop[k] : flop);
    strbuf_addf(out, "%s_before, %s_tile, %s_after}", name, name, name);
}

static void kernels(const struct emit_c *what, const struct emit_bundle *bundle, const char *name,
                    const char *const *names, struct strbuf *out)
{
    strbuf_addf(out, "static const struct gpfc_kernel %s_kernels[] = {\n", name);
    for (int k = bundle->kernels.first; k < bundle->kernels.end; k++) {
        strbuf_add(out, "    ");
        kernel(what, k, what->graphs[k]->name + strlen(bundle->prefix), names[k], out);
        strbuf_add(out, ",\n");
    }
    strbuf_add(out, "};\n\n");
}

/* ---- bundles ------------------------------------------------------------------------------------------- */

static void parameters(const struct emit_bundle *bundle, const char *name, struct strbuf *out)
{
    strbuf_addf(out, "static const struct gpfc_parameter %s_parameters[] = {\n", name);
    for (int i = 0; i < bundle->n_parameters; i++) {
        const struct emit_parameter *p = &bundle->parameters[i];
        strbuf_add(out, "    {");
        text(out, p->name);
        strbuf_addf(out, ", %ld, %d, {%ld, %ld}, %ld, %d, %.17g},\n", p->offset, p->rank, p->shape[0],
                    p->shape[1], p->fan_in, p->init, p->spread);
    }
    strbuf_add(out, "};\n\n");
}

static void settings(const struct emit_bundle *bundle, const char *name, struct strbuf *out)
{
    strbuf_addf(out, "static const struct gpfc_setting %s_settings[] = {\n", name);
    for (int i = 0; i < bundle->n_settings; i++) {
        strbuf_add(out, "    {");
        text(out, bundle->settings[i].key);
        strbuf_add(out, ", ");
        text(out, bundle->settings[i].text);
        strbuf_addf(out, ", %.17g},\n", bundle->settings[i].number);
    }
    strbuf_add(out, "};\n\n");
}

static void field(struct strbuf *out, const char *name, const char *value)
{
    strbuf_addf(out, "    .%s = ", name);
    text(out, value);
    strbuf_add(out, ",\n");
}

/* For any processor: what the C compiler makes of it is not known here. */
static void bundle_of(const struct emit_c *what, const struct emit_bundle *bundle, const char *name,
                      const char *const *names, struct strbuf *out)
{
    parameters(bundle, name, out);
    settings(bundle, name, out);
    kernels(what, bundle, name, names, out);
    const bool outer = strcmp(name, "bundle") == 0; /* the base is within it */
    strbuf_addf(out, "%sconst struct gpfc_bundle gpfc_%s = {\n    .abi_version = GPFC_ABI_VERSION,\n",
                outer ? "" : "static ", name);
    field(out, "name", bundle->name);
    field(out, "version", bundle->version);
    field(out, "cpu", "any");
    field(out, "features", "");
    field(out, "cpu_name", "");
    field(out, "schedule", "plain C");
    field(out, "compiler", bundle->compiler);
    field(out, "spec_text", bundle->spec_text);
    strbuf_addf(out, "    .spec_hash = (int64_t)UINT64_C(0x%llx),\n", (unsigned long long)bundle->spec_hash);
    strbuf_addf(out,
                "    .dimension = %d,\n    .precision = sizeof(real),\n    .lanes = L,\n    .steps = %d,\n",
                bundle->dimension, bundle->steps);
    strbuf_addf(
        out,
        "    .theta_elements = %ld,\n    .n_parameters = %d,\n    .n_kernels = %d,\n    .n_settings = %d,\n",
        bundle->theta_elements, bundle->n_parameters, bundle->kernels.end - bundle->kernels.first,
        bundle->n_settings);
    strbuf_addf(
        out, "    .parameters = %s_parameters,\n    .kernels = %s_kernels,\n    .settings = %s_settings,\n",
        name, name, name);
    strbuf_addf(out, "%s};\n\n", bundle->base ? "    .base = &gpfc_base,\n" : "");
}

void c_tables(const struct emit_c *what, const char *const *names, struct strbuf *out)
{
    strbuf_add(out, "/* ---- what the runtime is told ---- */\n\n");
    for (int k = 0; k < what->n_kernels; k++)
        ports(out, names[k], what->graphs[k]);
    strbuf_add(out, "\n");
    if (what->bundle && what->bundle->base)
        bundle_of(what, what->bundle->base, "base", names, out);
    if (what->bundle) {
        bundle_of(what, what->bundle, "bundle", names, out);
        return;
    }
    for (int k = 0; k < what->n_kernels; k++) {
        strbuf_addf(out, "const struct gpfc_kernel gpfc_kernel_%s =\n    ", names[k]);
        kernel(what, k, what->graphs[k]->name, names[k], out);
        strbuf_add(out, ";\n");
    }
}
