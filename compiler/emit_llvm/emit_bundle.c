/* SPDX-License-Identifier: MIT
 *
 * The structures of kernel_abi.h as constants of the module. Each of their fields is eight bytes wide, so no
 * padding rules are needed here. */
#include "emit_llvm/emitter.h"

#include "gpfc/kernel_abi.h"

#include <assert.h>
#include <string.h>

_Static_assert(sizeof(struct gpfc_port) == 8 * (4 + GPFC_MAX_RANK), "fields of eight bytes");
_Static_assert(sizeof(struct gpfc_kernel) == 8 * 13, "fields of eight bytes");
_Static_assert(sizeof(struct gpfc_parameter) == 8 * 8, "fields of eight bytes");
_Static_assert(sizeof(struct gpfc_setting) == 8 * 3, "fields of eight bytes");
_Static_assert(sizeof(struct gpfc_bundle) == 8 * 23, "fields of eight bytes");

enum { MOST_FIELDS = 32 };

/* A struct's fields, collected in order. */
struct fields {
    struct emitter *e;
    unsigned n;
    LLVMValueRef value[MOST_FIELDS];
};

static void add_integer(struct fields *fields, int64_t value)
{
    assert(fields->n < MOST_FIELDS);
    fields->value[fields->n++] = LLVMConstInt(fields->e->index, (unsigned long long)value, true);
}

static void add_number(struct fields *fields, double value)
{
    assert(fields->n < MOST_FIELDS);
    fields->value[fields->n++] = LLVMConstReal(LLVMDoubleTypeInContext(fields->e->context), value);
}

static void add_pointer(struct fields *fields, LLVMValueRef value)
{
    assert(fields->n < MOST_FIELDS);
    fields->value[fields->n++] = value ? value : LLVMConstNull(fields->e->pointer);
}

static LLVMValueRef global_new(struct emitter *e, LLVMValueRef value, const char *name)
{
    LLVMValueRef global = LLVMAddGlobal(e->module, LLVMTypeOf(value), name);
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

static void add_text(struct fields *fields, const char *text)
{
    struct emitter *e = fields->e;
    LLVMValueRef value = LLVMConstStringInContext(e->context, text, (unsigned)strlen(text), false);
    add_pointer(fields, global_new(e, value, "text"));
}

static LLVMValueRef close_struct(struct fields *fields)
{
    return LLVMConstStructInContext(fields->e->context, fields->value, fields->n, false);
}

/* An array of structs; NULL if there are none. */
static LLVMValueRef table_new(struct emitter *e, LLVMValueRef *rows, int n, const char *name)
{
    if (n == 0)
        return NULL;
    return global_new(e, LLVMConstArray(LLVMTypeOf(rows[0]), rows, (unsigned)n), name);
}

/* ---- ports --------------------------------------------------------------------------------------------- */

static LLVMValueRef port_row(struct emitter *e, const char *name, int role, struct ir_shape shape)
{
    struct fields fields = {.e = e};
    add_text(&fields, name);
    add_integer(&fields, role);
    add_integer(&fields, ir_elements(shape));
    add_integer(&fields, shape.rank);
    for (int axis = 0; axis < GPFC_MAX_RANK; axis++)
        add_integer(&fields, axis < shape.rank ? shape.size[axis] : 0);
    return close_struct(&fields);
}

int emit_input_role(const struct ir_node *input)
{
    switch (input->input.role) {
    case IR_PARAMETER:
        return GPFC_IN_PARAMETER;
    case IR_NOISE:
        return input->rate == IR_VARYING ? GPFC_IN_NOISE : GPFC_IN_NOISE_STEP;
    case IR_SETTING:
    case IR_SAMPLE:
    case IR_CARRY:
    case IR_SEQUENCE:
    case IR_CAPTURE:
    case IR_ROLE_COUNT:
        break;
    }
    return input->rate == IR_VARYING ? GPFC_IN_SAMPLE : GPFC_IN_SETTING;
}

static LLVMValueRef input_table(struct emitter *e, const struct ir_graph *graph)
{
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)graph->n_inputs + 1);
    for (int i = 0; i < graph->n_inputs; i++)
        rows[i] = port_row(e, graph->inputs[i]->input.name, emit_input_role(graph->inputs[i]),
                           graph->inputs[i]->shape);
    return table_new(e, rows, graph->n_inputs, "inputs");
}

static LLVMValueRef output_table(struct emitter *e, const struct ir_graph *graph)
{
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)graph->n_outputs + 1);
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *value = graph->outputs[o].value;
        int role = value->rate == IR_VARYING ? GPFC_OUT_SAMPLE : GPFC_OUT_TOTAL;
        rows[o] = port_row(e, graph->outputs[o].name, role, value->shape);
    }
    return table_new(e, rows, graph->n_outputs, "outputs");
}

/* ---- kernels and the bundle ---------------------------------------------------------------------------- */

static LLVMValueRef kernel_row(struct emitter *e, const char *name, const struct emit_kernel *kernel,
                               const struct kernel_functions *functions)
{
    const struct plan *plan = kernel->plan;
    struct fields fields = {.e = e};
    add_text(&fields, name);
    add_integer(&fields, plan->graph->n_inputs);
    add_integer(&fields, plan->graph->n_outputs);
    add_pointer(&fields, input_table(e, plan->graph));
    add_pointer(&fields, output_table(e, plan->graph));
    add_integer(&fields, plan->uniform_elements * e->real_bytes);
    add_integer(&fields, plan->scratch_elements * e->real_bytes);
    add_integer(&fields, plan->sum_elements);
    add_number(&fields, kernel->flop_per_sample);
    add_number(&fields, kernel->useful_flop_per_sample);
    add_pointer(&fields, functions->before);
    add_pointer(&fields, functions->tile);
    add_pointer(&fields, functions->after);
    return close_struct(&fields);
}

static LLVMValueRef parameter_table(struct emitter *e, const struct emit_bundle *bundle)
{
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)bundle->n_parameters + 1);
    for (int i = 0; i < bundle->n_parameters; i++) {
        const struct emit_parameter *parameter = &bundle->parameters[i];
        struct fields fields = {.e = e};
        add_text(&fields, parameter->name);
        add_integer(&fields, parameter->offset);
        add_integer(&fields, parameter->rank);
        add_integer(&fields, parameter->shape[0]);
        add_integer(&fields, parameter->shape[1]);
        add_integer(&fields, parameter->fan_in);
        add_integer(&fields, parameter->init);
        add_number(&fields, parameter->spread);
        rows[i] = close_struct(&fields);
    }
    return table_new(e, rows, bundle->n_parameters, "parameters");
}

static LLVMValueRef setting_table(struct emitter *e, const struct emit_bundle *bundle)
{
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)bundle->n_settings + 1);
    for (int i = 0; i < bundle->n_settings; i++) {
        struct fields fields = {.e = e};
        add_text(&fields, bundle->settings[i].key);
        add_text(&fields, bundle->settings[i].text);
        add_number(&fields, bundle->settings[i].number);
        rows[i] = close_struct(&fields);
    }
    return table_new(e, rows, bundle->n_settings, "settings");
}

static void export_symbol(struct emitter *e, LLVMValueRef value, const char *name)
{
    LLVMSetLinkage(global_new(e, value, name), LLVMExternalLinkage);
}

/* What the runtime asks the machine for before it runs the kernels. */
static const char *needed_features(const struct target_cpu *cpu)
{
    static const char *const family[] = {
        [TARGET_SSE2] = "+sse2",
        [TARGET_AVX] = "+avx",
        [TARGET_AVX2] = "+avx2,+fma",
        [TARGET_AVX512] = "+avx512f,+avx512dq,+avx512bw,+avx512vl",
        [TARGET_AVX512BF] = "+avx512f,+avx512dq,+avx512bw,+avx512vl,+avx512bf16",
        [TARGET_NEON] = "+neon",
    };
    return cpu->features[0] ? cpu->features : family[cpu->family];
}

struct kernel_list { /* as emit_build got them, and what was made of them */
    const struct emit_kernel *kernels;
    const struct kernel_functions *functions;
};

static LLVMValueRef kernel_table(struct emitter *e, const struct kernel_list *list,
                                 const struct emit_bundle *bundle)
{
    const int first = bundle->kernels.first, n = bundle->kernels.end - first;
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        const struct emit_kernel *kernel = &list->kernels[first + i];
        rows[i] = kernel_row(e, kernel->name + strlen(bundle->prefix), kernel, &list->functions[first + i]);
    }
    return table_new(e, rows, n, "kernels");
}

static LLVMValueRef bundle_row(struct emitter *e, const struct kernel_list *list,
                               const struct emit_bundle *bundle, LLVMValueRef base)
{
    struct fields fields = {.e = e};
    add_integer(&fields, GPFC_ABI_VERSION);
    add_text(&fields, bundle->name);
    add_text(&fields, bundle->version);
    add_text(&fields, e->cpu->name);
    add_text(&fields, needed_features(e->cpu));
    add_text(&fields, bundle->cpu_name);
    add_text(&fields, bundle->schedule);
    add_integer(&fields, bundle->tuned);
    add_text(&fields, bundle->compiler);
    add_text(&fields, bundle->spec_text);
    add_integer(&fields, (int64_t)bundle->spec_hash);
    add_integer(&fields, bundle->dimension);
    add_integer(&fields, e->real_bytes);
    add_integer(&fields, bundle->lanes);
    add_integer(&fields, bundle->steps);
    add_integer(&fields, bundle->theta_elements);
    add_integer(&fields, bundle->n_parameters);
    add_integer(&fields, bundle->kernels.end - bundle->kernels.first);
    add_integer(&fields, bundle->n_settings);
    add_pointer(&fields, parameter_table(e, bundle));
    add_pointer(&fields, kernel_table(e, list, bundle));
    add_pointer(&fields, setting_table(e, bundle));
    add_pointer(&fields, base);
    return close_struct(&fields);
}

void emit_bundle_symbols(struct emitter *e, int n_kernels, const struct emit_kernel *kernels,
                         const struct kernel_functions *functions, const struct emit_bundle *bundle)
{
    const struct kernel_list list = {.kernels = kernels, .functions = functions};
    if (bundle) {
        LLVMValueRef base =
            bundle->base ? global_new(e, bundle_row(e, &list, bundle->base, NULL), "base") : NULL;
        export_symbol(e, bundle_row(e, &list, bundle, base), "gpfc_bundle");
        return;
    }
    for (int i = 0; i < n_kernels; i++)
        export_symbol(e, kernel_row(e, kernels[i].name, &kernels[i], &functions[i]),
                      arena_printf(e->arena, "gpfc_kernel_%s", kernels[i].name));
}
