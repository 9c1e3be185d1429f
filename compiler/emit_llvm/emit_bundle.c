/* SPDX-License-Identifier: MIT
 *
 * The structures of kernel_abi.h as constants of the module, field by field in the order of
 * bundle_fields.def. Each field is eight bytes wide, so no padding rules are needed here. */
#include "emit_llvm/emitter.h"

#include <assert.h>
#include <string.h>

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

static void add_bytes(struct fields *fields, const char *bytes, size_t n, bool is_text)
{
    struct emitter *e = fields->e;
    LLVMValueRef value = LLVMConstStringInContext(e->context, bytes, (unsigned)n, !is_text);
    add_pointer(fields, global_new(e, value, is_text ? "text" : "code"));
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

/* ---- fields by their kind ------------------------------------------------------------------------------ */

static void add_integers(struct fields *fields, const int64_t *values, int n)
{
    for (int i = 0; i < n; i++)
        add_integer(fields, values[i]);
}

/* What rows refer to is built where its field comes. */
struct origin {
    const struct bundle_kernel *kernel; /* of a kernel's row */
    const struct kernel_functions *functions;
    const struct bundle *bundle; /* of a bundle's row; its kernels are among these */
    const struct bundle_kernel *all_kernels;
    const struct kernel_functions *all_functions;
    LLVMValueRef base;
};

typedef LLVMValueRef table_of(struct emitter *e, const struct origin *origin);
static table_of in_table, out_table, parameters_table, kernels_table, settings_table, images_table, cuda_row;

/* In a function with `fields`, the row and, where it refers to others, its `origin`. */
#define ADD_TEXT(field) add_bytes(&fields, row->field, strlen(row->field), true);
#define ADD_CODE(field) add_bytes(&fields, row->field, (size_t)row->bytes, false);
#define ADD_INTEGER(field) add_integer(&fields, row->field);
#define ADD_NUMBER(field) add_number(&fields, row->field);
#define ADD_FLAG ADD_INTEGER
#define ADD_HASH ADD_INTEGER
#define ADD_ROLE ADD_INTEGER
#define ADD_VERSION ADD_INTEGER
#define ADD_REAL_BYTES ADD_INTEGER
#define ADD_LANES ADD_INTEGER
#define ADD_BYTES ADD_INTEGER
#define ADD_REALS ADD_INTEGER
#define ADD_SHAPE(field) add_integers(&fields, row->field, sizeof row->field / sizeof *row->field);
#define ADD_PAIR ADD_SHAPE
#define ADD_TABLE(field) add_pointer(&fields, field##_table(e, origin));
#define ADD_ROW(field) add_pointer(&fields, field##_row(e, origin));
#define ADD_BUNDLE(field) add_pointer(&fields, origin->field);
#define ADD_FUNCTION(field) add_pointer(&fields, origin->functions->field);

static LLVMValueRef port_constant(struct emitter *e, const struct gpfc_port *row)
{
    struct fields fields = {.e = e};
#define BUNDLE_PORT(kind, field) ADD_##kind(field)
#include "bundle/bundle_fields.def"
    return close_struct(&fields);
}

static LLVMValueRef parameter_constant(struct emitter *e, const struct gpfc_parameter *row)
{
    struct fields fields = {.e = e};
#define BUNDLE_PARAMETER(kind, field) ADD_##kind(field)
#include "bundle/bundle_fields.def"
    return close_struct(&fields);
}

static LLVMValueRef setting_constant(struct emitter *e, const struct gpfc_setting *row)
{
    struct fields fields = {.e = e};
#define BUNDLE_SETTING(kind, field) ADD_##kind(field)
#include "bundle/bundle_fields.def"
    return close_struct(&fields);
}

static LLVMValueRef image_constant(struct emitter *e, const struct gpfc_cuda_image *row)
{
    struct fields fields = {.e = e};
#define BUNDLE_IMAGE(kind, field) ADD_##kind(field)
#include "bundle/bundle_fields.def"
    return close_struct(&fields);
}

static LLVMValueRef cuda_constant(struct emitter *e, const struct gpfc_cuda_kernel *row,
                                  const struct origin *origin)
{
    struct fields fields = {.e = e};
#define BUNDLE_CUDA(kind, field) ADD_##kind(field)
#include "bundle/bundle_fields.def"
    return close_struct(&fields);
}

static LLVMValueRef kernel_constant(struct emitter *e, const struct gpfc_kernel *row,
                                    const struct origin *origin)
{
    struct fields fields = {.e = e};
#define BUNDLE_KERNEL(kind, field) ADD_##kind(field)
#include "bundle/bundle_fields.def"
    return close_struct(&fields);
}

static LLVMValueRef bundle_constant(struct emitter *e, const struct gpfc_bundle *row,
                                    const struct origin *origin)
{
    struct fields fields = {.e = e};
#define BUNDLE_BUNDLE(kind, field) ADD_##kind(field)
#include "bundle/bundle_fields.def"
    return close_struct(&fields);
}

/* ---- kernels ------------------------------------------------------------------------------------------- */

static LLVMValueRef in_table(struct emitter *e, const struct origin *origin)
{
    const struct ir_graph *graph = origin->kernel->graph;
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)graph->n_inputs + 1);
    for (int i = 0; i < graph->n_inputs; i++) {
        const struct gpfc_port port = bundle_input_port(graph, i);
        rows[i] = port_constant(e, &port);
    }
    return table_new(e, rows, graph->n_inputs, "inputs");
}

static LLVMValueRef out_table(struct emitter *e, const struct origin *origin)
{
    const struct ir_graph *graph = origin->kernel->graph;
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)graph->n_outputs + 1);
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct gpfc_port port = bundle_output_port(graph, o);
        rows[o] = port_constant(e, &port);
    }
    return table_new(e, rows, graph->n_outputs, "outputs");
}

static LLVMValueRef images_table(struct emitter *e, const struct origin *origin)
{
    const struct gpfc_cuda_kernel *cuda = origin->kernel->cuda;
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)cuda->n_images + 1);
    for (int i = 0; i < cuda->n_images; i++)
        rows[i] = image_constant(e, &cuda->images[i]);
    return table_new(e, rows, (int)cuda->n_images, "images");
}

static LLVMValueRef cuda_row(struct emitter *e, const struct origin *origin)
{
    const struct gpfc_cuda_kernel *cuda = origin->kernel->cuda;
    return cuda ? global_new(e, cuda_constant(e, cuda, origin), "cuda") : NULL;
}

static LLVMValueRef kernel_value(struct emitter *e, const struct bundle_kernel *kernel, const char *prefix,
                                 const struct kernel_functions *functions)
{
    const struct plan *plan = kernel->plan;
    const struct origin origin = {.kernel = kernel, .functions = functions};
    struct gpfc_kernel row = bundle_kernel_row(kernel, prefix);
    row.uniform_bytes = plan->uniform_elements * e->real_bytes;
    row.scratch_bytes = plan->scratch_elements * e->real_bytes;
    row.sum_elements = plan->sum_elements;
    return kernel_constant(e, &row, &origin);
}

/* ---- the bundle ---------------------------------------------------------------------------------------- */

static LLVMValueRef parameters_table(struct emitter *e, const struct origin *origin)
{
    const struct gpfc_bundle *row = &origin->bundle->row;
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)row->n_parameters + 1);
    for (int i = 0; i < row->n_parameters; i++)
        rows[i] = parameter_constant(e, &row->parameters[i]);
    return table_new(e, rows, (int)row->n_parameters, "parameters");
}

static LLVMValueRef settings_table(struct emitter *e, const struct origin *origin)
{
    const struct gpfc_bundle *row = &origin->bundle->row;
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)row->n_settings + 1);
    for (int i = 0; i < row->n_settings; i++)
        rows[i] = setting_constant(e, &row->settings[i]);
    return table_new(e, rows, (int)row->n_settings, "settings");
}

static LLVMValueRef kernels_table(struct emitter *e, const struct origin *origin)
{
    const struct bundle *bundle = origin->bundle;
    const int first = bundle->kernels.first, n = bundle->kernels.end - first;
    LLVMValueRef *rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        rows[i] = kernel_value(e, &origin->all_kernels[first + i], bundle->prefix,
                               &origin->all_functions[first + i]);
    return table_new(e, rows, n, "kernels");
}

static LLVMValueRef bundle_value(struct emitter *e, struct origin origin, const struct bundle *bundle,
                                 LLVMValueRef base)
{
    const struct gpfc_bundle row = bundle_row(bundle);
    origin.bundle = bundle;
    origin.base = base;
    return bundle_constant(e, &row, &origin);
}

static void export_symbol(struct emitter *e, LLVMValueRef value, const char *name)
{
    LLVMSetLinkage(global_new(e, value, name), LLVMExternalLinkage);
}

void emit_bundle_symbols(struct emitter *e, int n_kernels, const struct bundle_kernel *kernels,
                         const struct kernel_functions *functions, const struct bundle *bundle)
{
    if (bundle) {
        const struct origin all = {.all_kernels = kernels, .all_functions = functions};
        LLVMValueRef base =
            bundle->base ? global_new(e, bundle_value(e, all, bundle->base, NULL), "base") : NULL;
        export_symbol(e, bundle_value(e, all, bundle, base), "gpfc_bundle");
        return;
    }
    for (int i = 0; i < n_kernels; i++)
        export_symbol(e, kernel_value(e, &kernels[i], "", &functions[i]),
                      arena_printf(e->arena, "gpfc_kernel_%s", kernels[i].name));
}
