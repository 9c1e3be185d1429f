/* SPDX-License-Identifier: MIT
 *
 * Is it right? The kernel of a case on a few rows, against the interpreter's double precision on the same
 * numbers. */
#include "bench.h"

#include "files/npy.h"
#include "ir/ir.h"
#include "kernels/bundle.h"
#include "kernels/runner.h"
#include "numbers/random.h"

#include <math.h>
#include <string.h>

enum { CHECK_ROWS = 3 /* the rest of the tile is padding */, PEER_ROWS = 64, NOISE_SEED = 5 };

/* Some hundred operations in a row, each as exact as its precision: measured gaps are a tenth of these. */
static double gap_limit(const struct gpfc_bundle *bundle)
{
    return bundle->precision == sizeof(float) ? 1e-3 : 1e-10;
}

static double lambda_of(const struct bench_case *c)
{
    return c->euler ? 0.1 : 0; /* enough for the penalty's gradient to be seen */
}

/* ---- kernels ------------------------------------------------------------------------------------------- */

struct outputs { /* [port][elements * rows] in the kernels' precision */
    void *array[GPFC_MAX_PORTS];
};

static void bind_outputs(struct arena *arena, struct runner *run, const struct gpfc_kernel *kernel,
                         int64_t rows, int64_t precision, struct outputs *out)
{
    for (int64_t o = 0; o < kernel->n_out; o++) {
        const struct gpfc_port *port = &kernel->out[o];
        out->array[o] = arena_array(arena, (size_t)(port->elements * rows), (size_t)precision);
        if (port->role == GPFC_OUT_SAMPLE)
            runner_output(run, port->name, out->array[o]);
        else
            runner_total(run, port->name, out->array[o]);
    }
}

static bool run_kernel(struct arena *arena, const struct gpfc_bundle *bundle, const char *name, double lambda,
                       const struct bench_data *data, struct outputs *out, struct fault *fault)
{
    struct runner *run;
    const float single = (float)lambda;
    const struct device device = device_cpu(1);
    if (!runner_new(&run, &device, bundle, name, data->rows, fault))
        return false;
    runner_parameters(run, data->theta);
    runner_setting(run, "lambda", bundle->precision == sizeof(float) ? (const void *)&single : &lambda);
    runner_input(run, "x", &(struct runner_rows){.rows = data->x, .n = data->rows, .stays = true});
    runner_input(run, "y", &(struct runner_rows){.rows = data->y, .n = data->rows, .stays = true});
    runner_noise(run, NOISE_SEED, random_stream(RANDOM_NOISE, 0), 0);
    bind_outputs(arena, run, bundle_kernel(bundle, name), data->rows, bundle->precision, out);
    const bool good = runner_go(run, data->rows, fault);
    runner_free(run);
    return good;
}

static double number(const struct gpfc_bundle *bundle, const void *array, int64_t i)
{
    return bundle->precision == sizeof(float) ? (double)((const float *)array)[i]
                                              : ((const double *)array)[i];
}

/* ---- the interpreter ----------------------------------------------------------------------------------- */

/* The numbers that the runtime draws for these rows. */
static double *noise(struct arena *arena, const struct gpfc_bundle *bundle, int64_t elements, int64_t rows)
{
    double *out = ARENA_ARRAY(arena, double, (size_t)(elements * rows));
    void *tile = arena_array(arena, (size_t)(elements * rows), (size_t)bundle->precision);
    random_fill_tile(NOISE_SEED, random_stream(RANDOM_NOISE, 0), 0, elements, rows, (int)bundle->precision,
                     tile);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t e = 0; e < elements; e++)
            out[row * elements + e] = number(bundle, tile, e * rows + row);
    return out;
}

static double *weights_of_rows(struct arena *arena, int64_t rows)
{
    double *weight = ARENA_ARRAY(arena, double, (size_t)rows);
    for (int64_t i = 0; i < rows; i++)
        weight[i] = 1.0 / (double)rows;
    return weight;
}

static const double *parameter(const struct gpfc_bundle *bundle, const struct bench_data *data,
                               const char *name)
{
    for (int64_t k = 0; k < bundle->n_parameters; k++)
        if (strcmp(bundle->parameters[k].name, name) == 0)
            return data->theta64 + bundle->parameters[k].offset;
    return NULL;
}

static const double *input(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                           const struct bench_data *data, const struct ir_node *node)
{
    const char *name = node->input.name;
    double *lambda = ARENA_NEW(arena, double);
    *lambda = lambda_of(c);
    if (node->input.role == IR_PARAMETER)
        return parameter(bundle, data, name);
    if (node->input.role == IR_NOISE)
        return noise(arena, bundle, ir_elements(node->shape), data->rows);
    if (strcmp(name, "lambda") == 0)
        return lambda;
    if (strcmp(name, "weight") == 0)
        return weights_of_rows(arena, data->rows);
    return strcmp(name, "x") == 0 ? data->x64 : data->y64;
}

static double **interpret(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                          const struct bench_data *data, const struct ir_graph *graph)
{
    const double **in = ARENA_ARRAY(arena, const double *, (size_t)graph->n_inputs + 1);
    double **out = ARENA_ARRAY(arena, double *, (size_t)graph->n_outputs + 1);
    for (int i = 0; i < graph->n_inputs; i++)
        in[i] = input(arena, c, bundle, data, graph->inputs[i]);
    for (int o = 0; o < graph->n_outputs; o++)
        out[o] =
            ARENA_ARRAY(arena, double, (size_t)(ir_elements(graph->outputs[o].value->shape) * data->rows));
    ir_eval(graph, (int)data->rows, in, out);
    return out;
}

/* ---- both ---------------------------------------------------------------------------------------------- */

/* The largest difference, relative to the largest number; a NaN is as far away as can be. */
static double gap_of(const struct gpfc_bundle *bundle, const double *expected, const void *found, int64_t n)
{
    double most = 0, scale = 1e-300;
    for (int64_t i = 0; i < n; i++) {
        const double gap = fabs(expected[i] - number(bundle, found, i));
        most = isnan(gap) ? INFINITY : fmax(most, gap);
        scale = fmax(scale, fabs(expected[i]));
    }
    return most == 0 ? 0 : most / scale;
}

static bool compare(const struct bench_case *c, const struct gpfc_bundle *bundle,
                    const struct ir_graph *graph, double *const *expected, const struct outputs *found,
                    double *gap, struct fault *fault)
{
    const struct gpfc_kernel *kernel = bundle_kernel(bundle, c->apply ? "apply" : "train");
    *gap = 0;
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *value = graph->outputs[o].value;
        const int port = bundle_output(kernel, graph->outputs[o].name);
        const int64_t n = ir_elements(value->shape) * (value->rate == IR_VARYING ? CHECK_ROWS : 1);
        const double here = port < 0 ? INFINITY : gap_of(bundle, expected[o], found->array[port], n);
        *gap = fmax(*gap, here);
        if (!(here <= gap_limit(bundle)))
            return fault_set(fault, FAULT_SYSTEM, "case %s: output %s differs from the interpreter's by %.2g",
                             c->name, graph->outputs[o].name, here);
    }
    return true;
}

bool bench_check(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                 double *gap, struct fault *fault)
{
    struct bench_data data;
    struct outputs *found = ARENA_NEW(arena, struct outputs);
    struct ir_graph *graph = bench_program(arena, c, fault);
    if (!graph)
        return false;
    bench_data_make(arena, bundle, CHECK_ROWS, &data);
    if (!run_kernel(arena, bundle, bench_kernel_name(c), lambda_of(c), &data, found, fault))
        return false;
    double **expected = interpret(arena, c, bundle, &data, graph);
    return compare(c, bundle, graph, expected, found, gap, fault);
}

/* ---- without the interpreter --------------------------------------------------------------------------- */

static bool print_of(struct arena *arena, const struct gpfc_bundle *bundle, double lambda,
                     const struct bench_data *data, struct bench_print *out, struct fault *fault)
{
    struct outputs *found = ARENA_NEW(arena, struct outputs);
    const struct gpfc_kernel *kernel = bundle_kernel(bundle, "train");
    if (!run_kernel(arena, bundle, "train", lambda, data, found, fault))
        return false;
    double square = 0;
    for (int64_t o = 0; o < kernel->n_out; o++)
        for (int64_t i = 0; strncmp(kernel->out[o].name, "grad.", 5) == 0 && i < kernel->out[o].elements; i++)
            square += number(bundle, found->array[o], i) * number(bundle, found->array[o], i);
    const int cost = bundle_output(kernel, "cost");
    *out = (struct bench_print){number(bundle, found->array[cost], 0), sqrt(square)};
    return isfinite(out->cost) && isfinite(out->gradient)
               ? true
               : fault_set(fault, FAULT_SYSTEM, "%s: not finite", bundle->name);
}

bool bench_print(struct arena *arena, const struct gpfc_bundle *bundle, int64_t rows, struct bench_print *out,
                 struct fault *fault)
{
    struct bench_data data;
    bench_data_make(arena, bundle, rows, &data);
    return print_of(arena, bundle, 0, &data, out, fault);
}

/* ---- for others ---------------------------------------------------------------------------------------- */

static const struct gpfc_port *noise_port(const struct gpfc_kernel *kernel)
{
    for (int64_t i = 0; i < kernel->n_in; i++)
        if (kernel->in[i].role == GPFC_IN_NOISE)
            return &kernel->in[i];
    return NULL;
}

static bool write_numbers(struct arena *arena, const struct gpfc_bundle *bundle,
                          const struct bench_data *data, const char *path, struct fault *fault)
{
    struct npy_writer *writer;
    const struct gpfc_port *port = noise_port(bundle_kernel(bundle, "train"));
    const int64_t n = data->rows * bundle->dimension, n_noise = port ? port->elements * data->rows : 0;
    const double *const drawn = port ? noise(arena, bundle, port->elements, data->rows) : NULL;
    if (!npy_create(&writer, path, sizeof(double), bundle->theta_elements + 2 * n + n_noise, 1, fault))
        return false;
    if (npy_write_rows(writer, data->theta64, bundle->theta_elements, fault) &&
        npy_write_rows(writer, data->x64, n, fault) && npy_write_rows(writer, data->y64, n, fault) &&
        (!port || npy_write_rows(writer, drawn, n_noise, fault)))
        return npy_writer_commit(writer, fault);
    npy_writer_abandon(writer);
    return false;
}

bool bench_numbers(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                   const char *path, struct bench_print *out, struct fault *fault)
{
    struct bench_data data;
    bench_data_make(arena, bundle, PEER_ROWS, &data);
    return print_of(arena, bundle, lambda_of(c), &data, out, fault) &&
           write_numbers(arena, bundle, &data, path, fault);
}
