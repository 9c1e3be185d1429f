/* SPDX-License-Identifier: MIT */
#include "cross/compiled_base.h"

#include "baseflow/baseflow.h"
#include "oracle/base_cases.h"
#include "spec/spec.h"

#include <string.h>

/* loss and measure, the first two, are of no use here. */
enum { FIRST_KERNEL = 2 };

static void fill_theta(struct compiled_base *base, struct oracle_run *run, enum real real)
{
    const struct base_model *model = &run->base;
    struct gpfc_parameter *parameters =
        ARENA_ARRAY(base->arena, struct gpfc_parameter, (size_t)model->n_parameters);
    double *doubles = ARENA_ARRAY(base->arena, double, (size_t)model->n_elements);
    float *singles = ARENA_ARRAY(base->arena, float, (size_t)model->n_elements);
    for (int i = 0; i < model->n_parameters; i++) {
        const struct base_parameter *p = &model->parameters[i];
        const struct oracle_array *array = oracle_find(run->file, base_array_name(run, p->name));
        parameters[i] = (struct gpfc_parameter){
            .name = p->name, .offset = p->offset, .rank = p->rank, .shape = {p->shape[0], p->shape[1]}};
        for (long e = 0; e < array->elements; e++) {
            doubles[p->offset + e] = array->values[e];
            singles[p->offset + e] = (float)array->values[e];
        }
    }
    base->bundle.parameters = parameters;
    base->bundle.n_parameters = model->n_parameters;
    base->bundle.theta_elements = model->n_elements;
    base->theta = real == REAL_8 ? (void *)doubles : (void *)singles;
}

static bool compile_kernels(struct compiled_base *base, const struct base_model *model,
                            const struct compiled_options *options)
{
    const char *fault = NULL;
    for (int k = FIRST_KERNEL; k < baseflow_kernel_count(model); k++) {
        const int64_t n = base->bundle.n_kernels;
        const struct ir_graph *graph = baseflow_build(base->arena, model, k);
        base->compiled[n] = compiled_new(base->arena, graph, options, &fault);
        if (!base->compiled[n]) {
            (void)fprintf(stderr, "graph %s: %s\n", graph->name, fault);
            return false;
        }
        base->kernels[n] = *compiled_kernel(base->compiled[n]);
        base->bundle.lanes = compiled_lanes(base->compiled[n]);
        base->bundle.n_kernels++;
    }
    return true;
}

bool compiled_base_make(struct compiled_base *out, struct oracle_file *file, enum real real)
{
    const struct compiled_options options = {.real = real, .passes = true};
    *out = (struct compiled_base){.arena = arena_new()};
    struct oracle_run run = {.file = file, .arena = out->arena};
    base_read(&run);
    out->bundle = (struct gpfc_bundle){.abi_version = GPFC_ABI_VERSION,
                                       .name = "compiled",
                                       .dimension = run.base.d,
                                       .precision = real,
                                       .kernels = out->kernels};
    fake_settings_make(&out->settings, &out->bundle);
    fake_settings_put(&out->settings, "base.kind", spec_word(SPEC_KEY_base_kind, (int)run.base.kind));
    fill_theta(out, &run, real);
    return compile_kernels(out, &run.base, &options);
}

void compiled_base_free(struct compiled_base *base)
{
    arena_free(base->arena);
}
