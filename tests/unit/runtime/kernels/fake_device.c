/* SPDX-License-Identifier: MIT */
#include "unit/runtime/kernels/fake_device.h"

#include "kernels/bundle.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_INPUTS = 4, MOST_OUTPUTS = 4, MOST_TOTALS = 8, MOST_SETTINGS = 2 };

struct input {
    const char *name;
    size_t row_bytes;
    struct runner_rows host;
    char *copy; /* [host.n] */
};

struct result { /* an output, or a total */
    const char *name;
    size_t bytes; /* of a row; of the total */
    void *host;
    char *copy;
};

struct faked {
    struct runner runner;
    struct runner *inner;
    const struct gpfc_bundle *bundle;
    const struct gpfc_kernel *kernel;
    int64_t rows;
    struct input input[MOST_INPUTS];
    struct result output[MOST_OUTPUTS], total[MOST_TOTALS], setting[MOST_SETTINGS];
    int n_inputs, n_outputs, n_totals, n_settings;
    const void *theta;
    void *theta_copy;
    const uint32_t *order;
    uint32_t *order_copy;
    int64_t first;
};

struct fake_device_counts fake_device_counts;

static struct faked *faked_of(struct runner *runner)
{
    return (struct faked *)runner;
}

/* ---- making -------------------------------------------------------------------------------------------- */

static size_t port_bytes(const struct faked *f, const struct gpfc_port *port)
{
    return (size_t)(port->elements * f->bundle->precision);
}

static void list_ports(struct faked *f)
{
    for (int64_t i = 0; i < f->kernel->n_in; i++) {
        const struct gpfc_port *port = &f->kernel->in[i];
        if (port->role == GPFC_IN_SAMPLE && strcmp(port->name, "weight") != 0)
            f->input[f->n_inputs++] = (struct input){.name = port->name, .row_bytes = port_bytes(f, port)};
        if (port->role == GPFC_IN_SETTING && strcmp(port->name, "steps") != 0)
            f->setting[f->n_settings++] = (struct result){
                .name = port->name, .bytes = port_bytes(f, port), .copy = malloc(port_bytes(f, port))};
    }
    for (int64_t o = 0; o < f->kernel->n_out; o++) {
        const struct gpfc_port *port = &f->kernel->out[o];
        const bool total = port->role == GPFC_OUT_TOTAL;
        const size_t bytes = port_bytes(f, port);
        *(total ? &f->total[f->n_totals++] : &f->output[f->n_outputs++]) = (struct result){
            .name = port->name, .bytes = bytes, .copy = malloc(bytes * (size_t)(total ? 1 : f->rows))};
    }
}

static void bind_inner(struct faked *f)
{
    runner_parameters(f->inner, f->theta_copy);
    for (int i = 0; i < f->n_settings; i++)
        runner_setting(f->inner, f->setting[i].name, f->setting[i].copy);
    for (int i = 0; i < f->n_outputs; i++)
        runner_output(f->inner, f->output[i].name, f->output[i].copy);
    for (int i = 0; i < f->n_totals; i++)
        runner_total(f->inner, f->total[i].name, f->total[i].copy);
}

static void faked_free(struct runner *runner)
{
    struct faked *f = faked_of(runner);
    runner_free(f->inner);
    for (int i = 0; i < f->n_inputs; i++)
        free(f->input[i].copy);
    for (int i = 0; i < f->n_outputs; i++)
        free(f->output[i].copy);
    for (int i = 0; i < f->n_totals; i++)
        free(f->total[i].copy);
    for (int i = 0; i < f->n_settings; i++)
        free(f->setting[i].copy);
    free(f->theta_copy);
    free(f->order_copy);
    free(f);
    fake_device_counts.left--;
}

/* ---- binding ------------------------------------------------------------------------------------------- */

static void faked_parameters(struct runner *runner, const void *theta)
{
    faked_of(runner)->theta = theta;
}

static void bind_result(struct result *results, int n, const char *name, void *host)
{
    for (int i = 0; i < n; i++)
        if (strcmp(results[i].name, name) == 0)
            results[i].host = host;
}

static void faked_setting(struct runner *runner, const char *name, const void *values)
{
    struct faked *f = faked_of(runner);
    for (int i = 0; i < f->n_settings; i++)
        if (strcmp(f->setting[i].name, name) == 0)
            memcpy(&f->setting[i].host, &values, sizeof values);
}

static void faked_output(struct runner *runner, const char *name, void *rows)
{
    bind_result(faked_of(runner)->output, faked_of(runner)->n_outputs, name, rows);
}

static void faked_total(struct runner *runner, const char *name, void *values)
{
    bind_result(faked_of(runner)->total, faked_of(runner)->n_totals, name, values);
}

static void faked_steps(struct runner *runner, int64_t steps)
{
    runner_steps(faked_of(runner)->inner, steps);
}

static void copy_in(struct faked *f, const struct input *input)
{
    const size_t bytes = (size_t)input->host.n * input->row_bytes;
    const struct runner_rows rows = {
        .rows = input->copy, .n = input->host.n, .rotation = input->host.rotation};
    memcpy(input->copy, input->host.rows, bytes);
    runner_input(f->inner, input->name, &rows);
}

static void faked_input(struct runner *runner, const char *name, const struct runner_rows *rows)
{
    struct faked *f = faked_of(runner);
    for (int i = 0; i < f->n_inputs; i++) {
        struct input *input = &f->input[i];
        if (strcmp(input->name, name) != 0)
            continue;
        input->host = *rows;
        free(input->copy);
        input->copy = malloc((size_t)rows->n * input->row_bytes + 1);
        copy_in(f, input);
        fake_device_counts.copied_once += rows->stays;
    }
}

static void faked_order(struct runner *runner, const uint32_t *order, int64_t first)
{
    faked_of(runner)->order = order;
    faked_of(runner)->first = first;
}

static void faked_noise(struct runner *runner, uint64_t seed, uint64_t stream, uint64_t first)
{
    runner_noise(faked_of(runner)->inner, seed, stream, first);
}

/* ---- running ------------------------------------------------------------------------------------------- */

static void check_input(struct faked *f, const struct input *input, int64_t n)
{
    struct fake_device_counts *counts = &fake_device_counts;
    if (!input->copy) {
        counts->unbound++;
        return;
    }
    for (int64_t i = 0; i < n; i++)
        counts->outside += (f->order ? (int64_t)f->order[f->first + i] : f->first + i) >= input->host.n;
    if (input->host.stays)
        counts->changed +=
            memcmp(input->copy, input->host.rows, (size_t)input->host.n * input->row_bytes) != 0;
    else
        copy_in(f, input);
    counts->copied_again += !input->host.stays;
}

/* Results that nobody writes would be NaNs. */
static void poison(struct faked *f, int64_t n)
{
    for (int i = 0; i < f->n_outputs; i++)
        memset(f->output[i].copy, 0xff, f->output[i].bytes * (size_t)n);
    for (int i = 0; i < f->n_totals; i++)
        memset(f->total[i].copy, 0xff, f->total[i].bytes);
}

static void upload(struct faked *f, int64_t n)
{
    memcpy(f->theta_copy, f->theta, (size_t)(f->bundle->theta_elements * f->bundle->precision));
    for (int i = 0; i < f->n_settings; i++)
        memcpy(f->setting[i].copy, f->setting[i].host, f->setting[i].bytes);
    if (f->order)
        memcpy(f->order_copy, f->order + f->first, (size_t)n * sizeof *f->order);
    runner_order(f->inner, f->order ? f->order_copy : NULL, f->order ? 0 : f->first);
}

static void download(struct faked *f, int64_t n)
{
    for (int i = 0; i < f->n_outputs; i++)
        if (f->output[i].host)
            memcpy(f->output[i].host, f->output[i].copy, f->output[i].bytes * (size_t)n);
    for (int i = 0; i < f->n_totals; i++)
        memcpy(f->total[i].host, f->total[i].copy, f->total[i].bytes);
}

static bool faked_go(struct runner *runner, int64_t n, struct fault *fault)
{
    struct faked *f = faked_of(runner);
    for (int i = 0; i < f->n_inputs; i++)
        check_input(f, &f->input[i], n);
    upload(f, n);
    poison(f, n);
    if (!runner_go(f->inner, n, fault))
        return false;
    download(f, n);
    fake_device_counts.goes++;
    fake_device_counts.rows += n;
    return true;
}

static double faked_flop(const struct runner *runner)
{
    return runner_flop(((const struct faked *)runner)->inner);
}

static double faked_useful_flop(const struct runner *runner)
{
    return runner_useful_flop(((const struct faked *)runner)->inner);
}

/* ---- the row of the table ------------------------------------------------------------------------------ */

static const struct runner_ops ops = {
    .free = faked_free,
    .parameters = faked_parameters,
    .setting = faked_setting,
    .steps = faked_steps,
    .input = faked_input,
    .output = faked_output,
    .total = faked_total,
    .order = faked_order,
    .noise = faked_noise,
    .go = faked_go,
    .flop = faked_flop,
    .useful_flop = faked_useful_flop,
};

static bool faked_new(struct runner **out, const struct device *device, const struct gpfc_bundle *bundle,
                      const char *kernel, int64_t rows, struct fault *fault)
{
    const struct device cpu = device_cpu(device->threads);
    struct faked *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f || !runner_new(&f->inner, &cpu, bundle, kernel, rows, fault)) {
        free(f);
        return false;
    }
    f->runner.ops = &ops;
    f->bundle = bundle;
    f->kernel = bundle_kernel(bundle, kernel);
    f->rows = rows;
    f->theta_copy = malloc((size_t)(bundle->theta_elements * bundle->precision));
    f->order_copy = malloc((size_t)rows * sizeof *f->order_copy);
    list_ports(f);
    bind_inner(f);
    *out = &f->runner;
    fake_device_counts.runners++;
    fake_device_counts.left++;
    return true;
}

const struct device_row fake_device_row = {.name = "fake", .make_runner = faked_new};
