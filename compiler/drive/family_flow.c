/* SPDX-License-Identifier: MIT
 *
 * The flow as a family of kernels. */
#include "drive/family.h"

#include "flow/flow.h"
#include "ode/ode.h"

_Static_assert(FLOW_LOSS == 0, "the training comes first");

static const char *flow_words(struct arena *arena, const struct model *m)
{
    const int n_hidden = m->n_layers - 1;
    int hidden[MODEL_MAX_LAYERS];
    struct strbuf text;
    if (model_is_identity(m))
        return "the identity, as always in dimension 1";
    for (int k = 0; k < n_hidden; k++)
        hidden[k] = m->layer[k].out;
    strbuf_init(&text, arena);
    strbuf_addf(&text, "%s, %s, ", spec_word(SPEC_KEY_flow_field, m->field),
                spec_word(SPEC_KEY_flow_potential, m->potential));
    family_add_widths(&text, m->layer[0].in, n_hidden, hidden, m->layer[n_hidden].out);
    strbuf_addf(&text, ", %s, %s x %d%s%s", spec_word(SPEC_KEY_flow_activation, m->activation),
                spec_word(SPEC_KEY_flow_integrator, m->integrator), m->steps,
                m->automatic_steps ? " at most" : "", m->penalised ? ", Euler penalty" : "");
    return strbuf_text(&text);
}

static void list_parameters(struct arena *arena, const struct model *m, struct gpfc_bundle *row)
{
    struct gpfc_parameter *rows = ARENA_ARRAY(arena, struct gpfc_parameter, (size_t)m->n_layers * 2 + 1);
    for (int i = 0; i < m->n_layers; i++) {
        const struct model_layer *layer = &m->layer[i];
        const struct gpfc_parameter both = {.fan_in = layer->in,
                                            .init = i + 1 == m->n_layers ? GPFC_INIT_LAST : GPFC_INIT_HIDDEN};
        struct gpfc_parameter *weight = &rows[2 * i], *bias = &rows[2 * i + 1];
        *weight = *bias = both;
        weight->name = layer->weight_name;
        weight->offset = layer->weight_offset;
        weight->rank = 2;
        weight->shape[0] = bias->shape[0] = layer->out;
        weight->shape[1] = layer->in;
        bias->name = layer->bias_name;
        bias->offset = layer->bias_offset;
        bias->rank = 1;
    }
    row->parameters = rows;
    row->n_parameters = 2 * m->n_layers;
    row->theta_elements = m->n_parameters;
}

static int count(const struct model *model)
{
    (void)model;
    return FLOW_KERNEL_COUNT;
}

static struct ir_graph *build(struct arena *arena, const struct model *model, int k)
{
    return flow_build(arena, model, (enum flow_kernel)k);
}

static int64_t batch(const struct spec *spec)
{
    return spec->train_batch.value;
}

static void describe(struct arena *arena, const struct front *front, struct gpfc_bundle *row)
{
    const struct model *m = &front->model;
    struct spec_value *values;
    row->steps = m->steps;
    row->order = ode_order(m->integrator);
    row->training_steps = m->training_steps;
    list_parameters(arena, m, row);
    int n = spec_values(arena, &front->spec, SPEC_ALL, &values);
    family_settings(arena, front, n, values, row);
    n = spec_values(arena, &front->spec, SPEC_OF_FLOW, &values);
    row->spec_hash = family_hash(n, values);
}

const struct family_kind family_flow = {.name = "flow",
                                        .prefix = "",
                                        .is_mixable = true,
                                        .count = count,
                                        .train = flow_train,
                                        .build = build,
                                        .batch = batch,
                                        .words = flow_words,
                                        .describe = describe};
