/* SPDX-License-Identifier: MIT
 *
 * A base flow as a family of kernels. */
#include "drive/family.h"

#include "baseflow/baseflow.h"
#include "model/base_model.h"
#include "ode/ode.h"

static const char *base_words(struct arena *arena, const struct model *model)
{
    const struct base_model *base = model->base;
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_addf(&text, "%s, %d x (", spec_word(SPEC_KEY_base_kind, base->kind), base->blocks);
    family_add_widths(&text, base->d, base->n_hidden, base->hidden, base->d);
    strbuf_add(&text, ")");
    if (base->kind == BASE_BNAF || base->kind == BASE_CP_FLOW)
        strbuf_addf(&text, ", tail: %s", spec_word(SPEC_KEY_base_tail, base->tail));
    if (base->kind == BASE_FFJORD)
        strbuf_addf(&text, ", %s, %s x %d, divergence: %s",
                    spec_word(SPEC_KEY_base_activation, base->activation),
                    spec_word(SPEC_KEY_base_integrator, base->integrator), base->steps,
                    spec_word(SPEC_KEY_base_divergence, base->divergence));
    if (base->kind == BASE_CP_FLOW)
        strbuf_addf(&text, ", log-determinant: %s", base_logdet_word(base));
    return strbuf_text(&text);
}

static void list_parameters(struct arena *arena, const struct base_model *base, struct gpfc_bundle *row)
{
    struct gpfc_parameter *rows = ARENA_ARRAY(arena, struct gpfc_parameter, (size_t)base->n_parameters + 1);
    for (int i = 0; i < base->n_parameters; i++) {
        const struct base_parameter *p = &base->parameters[i];
        rows[i] = (struct gpfc_parameter){.name = p->name,
                                          .offset = p->offset,
                                          .rank = p->rank,
                                          .shape = {p->shape[0], p->rank > 1 ? p->shape[1] : 0},
                                          .fan_in = p->fan_in,
                                          .init = p->init,
                                          .spread = p->spread};
    }
    row->parameters = rows;
    row->n_parameters = base->n_parameters;
    row->theta_elements = base->n_elements;
}

static int count(const struct model *model)
{
    return base_is_compiled(model->base) ? baseflow_kernel_count(model->base) : 0;
}

static struct ir_graph *train(struct arena *arena, const struct model *model, enum diff_keep keep)
{
    return baseflow_train(arena, model->base, keep);
}

static struct ir_graph *build(struct arena *arena, const struct model *model, int k)
{
    return baseflow_build(arena, model->base, k);
}

static int64_t batch(const struct spec *spec)
{
    return spec->base_batch.value;
}

static void describe(struct arena *arena, const struct front *front, struct gpfc_bundle *row)
{
    const struct base_model *base = front->model.base;
    struct spec_value *values;
    row->steps = base->steps;
    row->order = base->steps > 0 ? ode_order(base->integrator) : 0;
    row->training_steps = base->training_steps;
    list_parameters(arena, base, row);
    int n = base_model_settings(arena, &front->spec, base, false, &values);
    family_settings(arena, front, n, values, row);
    n = base_model_settings(arena, &front->spec, base, true, &values);
    row->spec_hash = family_hash(n, values);
}

const struct family_kind family_base = {.name = "base",
                                        .prefix = "base_",
                                        .count = count,
                                        .train = train,
                                        .build = build,
                                        .batch = batch,
                                        .words = base_words,
                                        .describe = describe};
