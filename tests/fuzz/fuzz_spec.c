/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a spec: read, checked into a model, its settings written out. What is refused is refused with
 * a message; what is accepted is a model within its limits. */
#include "fuzz/fuzz.h"
#include "spec_fixture.h"

#include <stdlib.h>
#include <string.h>

static void check_model(const struct model *model)
{
    demand(model->d >= 1 && model_is_identity(model) == (model->n_layers == 0));
    if (model_is_identity(model))
        return;
    demand(model->n_layers >= 2 && model->n_layers <= MODEL_MAX_LAYERS);
    demand(model->n_parameters > 0 && model->n_parameters <= MODEL_MAX_PARAMETERS);
    for (int k = 0; k < model->n_layers; k++)
        demand(model->layer[k].in >= 1 && model->layer[k].out >= 1 && model->layer[k].out <= MODEL_MAX_SIZE);
}

static void check_base(struct reading *r, const struct base_model *base)
{
    const bool compiled = base_is_compiled(base);
    long elements = 0;
    demand(compiled == (base->n_parameters > 0) && base->n_parameters <= BASE_MAX_ARRAYS);
    for (int i = 0; i < base->n_parameters; i++) {
        const struct base_parameter *p = &base->parameters[i];
        demand(p->offset == elements && p->shape[0] >= 1 && p->shape[0] <= MODEL_MAX_SIZE);
        elements += (long)p->shape[0] * (p->rank == 2 ? p->shape[1] : 1);
    }
    demand(elements == base->n_elements && elements <= MODEL_MAX_PARAMETERS);
    struct spec_value *values;
    for (int i = base_model_settings(r->arena, &r->spec, base, false, &values); i-- > 0;)
        demand(values[i].key && values[i].text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading *r = read_bytes("fuzz.yaml", (const char *)data, size);
    if (!r)
        return 0;
    demand(r->spec_good == r->spec.good);
    demand(r->model_good == (r->diag.errors == 0));
    demand(r->diag.errors == 0 || strstr(diag_text(&r->diag), "error: "));
    struct spec_value *values;
    for (int i = spec_values(r->arena, &r->spec, SPEC_ALL, &values); i-- > 0;)
        demand(values[i].key && values[i].text);
    if (r->model_good) {
        check_model(&r->model);
        check_base(r, r->model.base);
    }
    free_reading(r);
    return 0;
}
