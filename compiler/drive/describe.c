/* SPDX-License-Identifier: MIT
 *
 * What a trainer carries besides its kernels: parameters, settings and hashes of its flow and, where that is
 * compiled too, of its base; and the words by which the report names them. */
#include "drive/compile.h"

#include "gpfc/cpu_name.h"
#include "model/base_model.h"
#include "ode/ode.h"

#include <string.h>

/* ---- words --------------------------------------------------------------------------------------------- */

/* All of a row of layers: "2 -> 15 15 -> 1". */
static void add_widths(struct strbuf *text, int in, int n_hidden, const int *hidden, int out)
{
    strbuf_addf(text, "%d ->", in);
    for (int k = 0; k < n_hidden; k++)
        strbuf_addf(text, " %d", hidden[k]);
    strbuf_addf(text, " -> %d", out);
}

static const char *flow_words(struct arena *arena, const struct model *m)
{
    const int n_hidden = m->n_layers - 1;
    int hidden[MODEL_MAX_LAYERS];
    struct strbuf text;
    for (int k = 0; k < n_hidden; k++)
        hidden[k] = m->layer[k].out;
    strbuf_init(&text, arena);
    strbuf_addf(&text, "%s, %s, ", spec_word(SPEC_KEY_flow_field, m->field),
                spec_word(SPEC_KEY_flow_potential, m->potential));
    add_widths(&text, m->layer[0].in, n_hidden, hidden, m->layer[n_hidden].out);
    strbuf_addf(&text, ", %s, %s x %d%s%s", spec_word(SPEC_KEY_flow_activation, m->activation),
                spec_word(SPEC_KEY_flow_integrator, m->integrator), m->steps,
                m->automatic_steps ? " at most" : "", m->penalised ? ", Euler penalty" : "");
    return strbuf_text(&text);
}

static const char *base_words(struct arena *arena, const struct base_model *base)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_addf(&text, "%s, %d x (", spec_word(SPEC_KEY_base_kind, base->kind), base->blocks);
    add_widths(&text, base->d, base->n_hidden, base->hidden, base->d);
    strbuf_add(&text, ")");
    if (base->kind == BASE_FFJORD)
        strbuf_addf(&text, ", %s, %s x %d, divergence: %s",
                    spec_word(SPEC_KEY_base_activation, base->activation),
                    spec_word(SPEC_KEY_base_integrator, base->integrator), base->steps,
                    spec_word(SPEC_KEY_base_divergence, base->divergence));
    if (base->kind == BASE_CP_FLOW)
        strbuf_addf(&text, ", log-determinant: %s", base_logdet_word(base));
    return strbuf_text(&text);
}

void describe_flow(struct compile *c)
{
    struct gpfc_report *report = c->report;
    (void)snprintf(report->flow, sizeof report->flow, "%s", flow_words(c->arena, &c->model));
    report->parameters = c->model.n_parameters;
    if (!base_is_compiled(c->model.base))
        return;
    (void)snprintf(report->base, sizeof report->base, "%s", base_words(c->arena, c->model.base));
    report->base_parameters = c->model.base->n_elements;
}

static const char *schedule_text(struct compile *c, enum compile_half half)
{
    struct strbuf text;
    strbuf_init(&text, c->arena);
    if (c->settled[half])
        sched_text(&c->schedule[half], &text);
    return strbuf_text(&text);
}

void describe_choices(struct compile *c)
{
    c->report->lanes = c->schedule[COMPILE_OF_FLOW].lanes;
    for (int half = 0; half < COMPILE_HALVES; half++)
        (void)snprintf(c->report->choice[half].schedule, sizeof c->report->choice[half].schedule, "%s",
                       schedule_text(c, half));
}

/* ---- parameters ---------------------------------------------------------------------------------------- */

static void list_parameters(struct compile *c, struct gpfc_bundle *bundle)
{
    const struct model *m = &c->model;
    struct gpfc_parameter *rows = ARENA_ARRAY(c->arena, struct gpfc_parameter, (size_t)m->n_layers * 2);
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
    bundle->parameters = rows;
    bundle->n_parameters = 2 * m->n_layers;
    bundle->theta_elements = m->n_parameters;
}

static void list_base_parameters(struct compile *c, struct gpfc_bundle *bundle)
{
    const struct base_model *base = c->model.base;
    struct gpfc_parameter *rows =
        ARENA_ARRAY(c->arena, struct gpfc_parameter, (size_t)base->n_parameters + 1);
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
    bundle->parameters = rows;
    bundle->n_parameters = base->n_parameters;
    bundle->theta_elements = base->n_elements;
}

/* ---- settings ------------------------------------------------------------------------------------------ */

_Static_assert((int)GPFC_DECIDES_FLOW == (int)SPEC_OF_FLOW && (int)GPFC_DECIDES_BASE == (int)SPEC_OF_BASE &&
                   (int)GPFC_DECIDES_STEPS == (int)SPEC_OF_STEPS,
               "the interface's bits are the spec's");

static void list_settings(struct compile *c, struct gpfc_bundle *bundle, int n,
                          const struct spec_value *values)
{
    struct gpfc_setting *rows = ARENA_ARRAY(c->arena, struct gpfc_setting, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        rows[i] = (struct gpfc_setting){.key = values[i].key,
                                        .text = values[i].text,
                                        .number = values[i].number,
                                        .decides = values[i].decides};
    bundle->settings = rows;
    bundle->n_settings = n;
}

/* Equal for two specs whose models mean the same. */
static uint64_t hash_values(int n, const struct spec_value *values)
{
    uint64_t hash = 0;
    for (int i = 0; i < n; i++) {
        hash = hash_bytes(values[i].key, strlen(values[i].key), hash);
        hash = hash_bytes(values[i].text, strlen(values[i].text), hash);
    }
    return hash;
}

/* ---- bundles ------------------------------------------------------------------------------------------- */

/* Of a trainer for the machine at hand alone. */
static const char *cpu_name(struct compile *c)
{
    const char *asked = c->options->cpu ? c->options->cpu : c->spec.target_cpu.value;
    char *name = arena_alloc(c->arena, GPFC_CPU_NAME);
    if (strcmp(asked, "native") == 0)
        gpfc_cpu_name(name);
    return name;
}

/* For any processor: what a C compiler makes of it is not known here. */
static void describe_any(struct gpfc_bundle *row)
{
    row->cpu = "any";
    row->features = row->cpu_name = "";
    row->schedule = "plain C";
}

static void describe_target(struct compile *c, enum compile_half half, struct gpfc_bundle *row)
{
    row->cpu = c->target.name;
    row->features = target_needs(&c->target);
    row->cpu_name = cpu_name(c);
    row->schedule = schedule_text(c, half);
    row->tuned = c->measured[half];
}

static struct gpfc_bundle row_common(struct compile *c, enum compile_half half)
{
    struct gpfc_bundle row = {.abi_version = GPFC_ABI_VERSION,
                              .name = c->model.name,
                              .version = gpfc_version(),
                              .spec_text = c->source.text,
                              .dimension = c->model.d,
                              .precision = c->is_double ? 8 : 4,
                              .lanes = c->schedule[half].lanes,
                              .compiler = c->options->program ? c->options->program : ""};
    if (c->backend->any_processor)
        describe_any(&row);
    else
        describe_target(c, half, &row);
    return row;
}

static const struct bundle *describe_base(struct compile *c)
{
    const struct base_model *base = c->model.base;
    struct bundle *bundle = ARENA_NEW(c->arena, struct bundle);
    struct spec_value *values;
    *bundle = (struct bundle){.row = row_common(c, COMPILE_OF_BASE), .prefix = COMPILE_BASE_PREFIX};
    bundle->kernels = (struct bundle_part){c->part[COMPILE_BASE_TRAIN].first, c->part[COMPILE_BASE].end};
    bundle->row.description = base_words(c->arena, base);
    bundle->row.steps = base->steps;
    bundle->row.order = base->steps > 0 ? ode_order(base->integrator) : 0;
    bundle->row.training_steps = base->training_steps;
    list_base_parameters(c, &bundle->row);
    int n = base_model_settings(c->arena, &c->spec, base, false, &values);
    list_settings(c, &bundle->row, n, values);
    n = base_model_settings(c->arena, &c->spec, base, true, &values);
    bundle->row.spec_hash = (int64_t)hash_values(n, values);
    return bundle;
}

const struct bundle *describe_bundle(struct compile *c)
{
    struct bundle *bundle = ARENA_NEW(c->arena, struct bundle);
    struct spec_value *values;
    *bundle = (struct bundle){.row = row_common(c, COMPILE_OF_FLOW), .prefix = ""};
    bundle->kernels = (struct bundle_part){c->part[COMPILE_FLOW_TRAIN].first, c->part[COMPILE_FLOW].end};
    bundle->row.description = flow_words(c->arena, &c->model);
    bundle->row.steps = c->model.steps;
    bundle->row.order = ode_order(c->model.integrator);
    bundle->row.training_steps = c->model.training_steps;
    list_parameters(c, &bundle->row);
    int n = spec_values(c->arena, &c->spec, SPEC_ALL, &values);
    list_settings(c, &bundle->row, n, values);
    n = spec_values(c->arena, &c->spec, SPEC_OF_FLOW, &values);
    bundle->row.spec_hash = (int64_t)hash_values(n, values);
    bundle->base = base_is_compiled(c->model.base) ? describe_base(c) : NULL;
    return bundle;
}
