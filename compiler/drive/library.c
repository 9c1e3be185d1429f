/* SPDX-License-Identifier: MIT
 *
 * Fills the templates of the C library. */
#include "drive/library.h"

#include "gpfc.h"
#include "templates/templates.h"

#include <ctype.h>
#include <string.h>

const char *library_prefix(struct arena *arena, const char *name)
{
    bool digit = isdigit((unsigned char)name[0]);
    char *prefix = arena_printf(arena, "%s%s", digit || !name[0] ? "flow_" : "", name);
    for (char *c = prefix; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    return prefix;
}

static const char *upper(struct arena *arena, const char *prefix)
{
    char *text = arena_printf(arena, "GPFC_%s_H", prefix);
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return text;
}

static const char *parameter_lines(struct arena *arena, const struct model *model)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int i = 0; i < model->n_layers; i++) {
        const struct model_layer *layer = &model->layer[i];
        strbuf_addf(&text, " *     %-20s [%d][%d] at %ld\n", layer->weight_name, layer->out, layer->in,
                    layer->weight_offset);
        strbuf_addf(&text, " *     %-20s [%d] at %ld%s", layer->bias_name, layer->out, layer->bias_offset,
                    i + 1 < model->n_layers ? "\n" : "");
    }
    if (model->n_layers == 0)
        strbuf_add(&text, " *     none");
    return strbuf_text(&text);
}

static const char *offsets(struct arena *arena, const struct model *model)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int i = 0; i < model->n_layers; i++)
        strbuf_addf(&text, "%s%ld, %ld", i ? ", " : "", model->layer[i].weight_offset,
                    model->layer[i].bias_offset);
    if (model->n_layers == 0) /* C has no empty arrays */
        strbuf_add(&text, "0");
    return strbuf_text(&text);
}

static const char *fill_facts(struct arena *arena, const char *template, const struct library_facts *facts)
{
    const struct model *model = facts->model;
    const char *prefix = library_prefix(arena, model->name);
    const struct template_word with[] = {
        {"NAME", prefix},
        {"PREFIX", prefix},
        {"GUARD", upper(arena, prefix)},
        {"VERSION", gpfc_version()},
        {"FLOW", facts->flow},
        {"REAL", model->precision == MODEL_DOUBLE ? "double" : "float"},
        {"DIMENSION", arena_printf(arena, "%d", model->d)},
        {"STEPS", arena_printf(arena, "%d", model->steps)},
        {"THETA", arena_printf(arena, "%ld", model->n_parameters)},
        {"LANES", arena_printf(arena, "%d", facts->lanes)},
        {"OFFSETS", offsets(arena, model)},
        {"PARAMETERS", parameter_lines(arena, model)},
    };
    struct strbuf out;
    strbuf_init(&out, arena);
    template_fill(&out, template, sizeof with / sizeof *with, with);
    return strbuf_text(&out);
}

const char *library_header(struct arena *arena, const struct library_facts *facts)
{
    return fill_facts(arena, template_library_h_in, facts);
}

const char *library_code(struct arena *arena, const struct library_facts *facts)
{
    return fill_facts(arena, template_library_c_in, facts);
}

const char *library_abi_header(void)
{
    return template_kernel_abi_h;
}

const char *library_functions(struct arena *arena, const struct model *model)
{
    static const char *const names[] = {"apply", "invert", "apply_jacobian", "invert_jacobian",
                                        "workspace_bytes"};
    const char *prefix = library_prefix(arena, model->name);
    struct strbuf text;
    strbuf_init(&text, arena);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        strbuf_addf(&text, "%s%s_%s", i > 0 ? ", " : "", prefix, names[i]);
    return strbuf_text(&text);
}
