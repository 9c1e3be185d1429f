/* SPDX-License-Identifier: MIT
 *
 * A graph becomes the only kernel of a bundle, whose runner is fed its inputs. Ports lose their names, so
 * that the runtime takes them as they are. */
#include "gpu/gpu_evaluate.h"

#include "cuda/runner_cuda.h"
#include "drive/kernel_cuda.h"
#include "emit_cuda/emit_cuda.h"
#include "gpu/in_test.h"
#include "numbers/rows.h"
#include "pass/pass.h"

struct evaluated {
    struct arena *arena;
    struct gpu_evaluate *options;
    const struct ir_graph *graph, *passed;
    struct gpfc_bundle bundle;
    struct gpfc_kernel kernel;
    int batch;
    void **in, **out; /* REALs, by port */
};

/* ---- the bundle ---------------------------------------------------------------------------------------- */

/* What is drawn for training is given here. */
static struct gpfc_port given(struct gpfc_port port, struct arena *arena, char kind, int i)
{
    port.name = arena_printf(arena, "%c%d", kind, i);
    if (port.role == GPFC_IN_NOISE)
        port.role = GPFC_IN_SAMPLE;
    if (port.role == GPFC_IN_NOISE_STEP || port.role == GPFC_IN_PARAMETER)
        port.role = GPFC_IN_SETTING;
    return port;
}

static void add_ports(struct evaluated *e)
{
    const struct ir_graph *graph = e->passed;
    struct gpfc_port *in = ARENA_ARRAY(e->arena, struct gpfc_port, (size_t)graph->n_inputs + 1);
    struct gpfc_port *out = ARENA_ARRAY(e->arena, struct gpfc_port, (size_t)graph->n_outputs + 1);
    for (int i = 0; i < graph->n_inputs; i++)
        in[i] = given(bundle_input_port(graph, i), e->arena, 'i', i);
    for (int o = 0; o < graph->n_outputs; o++)
        out[o] = given(bundle_output_port(graph, o), e->arena, 'o', o);
    e->kernel = (struct gpfc_kernel){
        .name = "kernel", .n_in = graph->n_inputs, .n_out = graph->n_outputs, .in = in, .out = out};
}

static bool add_code(struct evaluated *e, const char **fault)
{
    const enum real real = e->options->real;
    const struct bundle_kernel kernel = {.name = "kernel", .graph = e->passed};
    struct gpfc_cuda_kernel *row = kernel_cuda_new(e->arena, &kernel, real, fault);
    struct gpfc_cuda_image *image = ARENA_NEW(e->arena, struct gpfc_cuda_image);
    size_t bytes;
    e->options->cannot = !row;
    if (!row)
        return false;
    row->text = arena_printf(e->arena, "%s%s", emit_cuda_header(e->arena, real), row->text);
    char *const code = nvrtc_compile(row->text, "--gpu-architecture=sm_90", false, &bytes);
    image->architecture = 90;
    image->bytes = (int64_t)bytes;
    image->code = memcpy(arena_alloc(e->arena, bytes), code, bytes);
    free(code);
    row->n_images = 1;
    row->images = image;
    e->kernel.cuda = row;
    e->bundle = (struct gpfc_bundle){.abi_version = GPFC_ABI_VERSION,
                                     .name = "test",
                                     .precision = (int)real,
                                     .lanes = row->lanes,
                                     .n_kernels = 1,
                                     .kernels = &e->kernel};
    return true;
}

/* ---- arrays -------------------------------------------------------------------------------------------- */

static long count_of(const struct evaluated *e, const struct ir_node *node)
{
    return ir_elements(node->shape) * (node->rate == IR_VARYING ? e->batch : 1);
}

static void take_inputs(struct evaluated *e, const double *const *in)
{
    const int real = (int)e->options->real;
    e->in = ARENA_ARRAY(e->arena, void *, (size_t)e->passed->n_inputs + 1);
    for (int i = 0; i < e->passed->n_inputs; i++) {
        const long n = count_of(e, e->passed->inputs[i]);
        e->in[i] = arena_alloc(e->arena, (size_t)(n * real));
        for (long k = 0; k < n; k++)
            rows_put(in[i][k], e->in[i], k, real);
    }
    e->out = ARENA_ARRAY(e->arena, void *, (size_t)e->passed->n_outputs + 1);
    for (int o = 0; o < e->passed->n_outputs; o++)
        e->out[o] = arena_alloc(e->arena, (size_t)(count_of(e, e->passed->outputs[o].value) * real));
}

/* A pass may find out that an output is the same for all samples; who asked for one a sample gets copies. */
static void give_outputs(const struct evaluated *e, double *const *out)
{
    for (int o = 0; o < e->graph->n_outputs; o++) {
        const long n = count_of(e, e->passed->outputs[o].value),
                   wanted = count_of(e, e->graph->outputs[o].value);
        for (long k = 0; k < wanted; k++)
            out[o][k] = rows_number(e->out[o], k % n, (int)e->options->real);
    }
}

static void bind_ports(const struct evaluated *e, struct runner *runner)
{
    for (int i = 0; i < e->kernel.n_in; i++) {
        const struct gpfc_port *port = &e->kernel.in[i];
        const struct runner_rows rows = {.rows = e->in[i], .n = e->batch};
        if (port->role == GPFC_IN_SAMPLE)
            runner_input(runner, port->name, &rows);
        else
            runner_setting(runner, port->name, e->in[i]);
    }
    for (int o = 0; o < e->kernel.n_out; o++)
        if (e->kernel.out[o].role == GPFC_OUT_SAMPLE)
            runner_output(runner, e->kernel.out[o].name, e->out[o]);
        else
            runner_total(runner, e->kernel.out[o].name, e->out[o]);
}

/* ---- running ------------------------------------------------------------------------------------------- */

static bool run(const struct evaluated *e, struct fault *fault)
{
    struct device device = {.row = &device_row_cuda, .threads = 1};
    struct runner *runner = NULL;
    bool good = device.row->open(&device.state, 0, fault) &&
                runner_new(&runner, &device, &e->bundle, "kernel", e->batch, fault);
    if (good) {
        runner_parameters(runner, "");
        bind_ports(e, runner);
        good = runner_go(runner, e->batch, fault);
    }
    runner_free(runner);
    device.row->close(device.state);
    return good;
}

static bool fail(const struct ir_graph *graph, const char *why)
{
    (void)fprintf(stderr, "graph %s: %s\n", graph->name, why);
    return false;
}

bool gpu_evaluate(void *data, const struct ir_graph *graph, int batch, const double *const *in,
                  double *const *out)
{
    struct evaluated e = {
        .arena = arena_new(), .options = data, .graph = graph, .passed = graph, .batch = batch};
    const char *why = NULL;
    struct fault fault = {.exit_code = 0};
    if (e.options->passes)
        e.passed = pass_run(graph, false, &why, NULL, NULL);
    bool good = e.passed && nvrtc_load();
    if (good) {
        add_ports(&e);
        good = add_code(&e, &why);
    }
    if (good) {
        take_inputs(&e, in);
        good = run(&e, &fault);
        give_outputs(&e, out);
    }
    if (!good && !e.options->cannot)
        (void)fail(graph, why ? why : fault.text);
    arena_free(e.arena);
    return good;
}

void gpu_evaluate_begin(char *const *arguments)
{
    if (getenv("GPFC_STAND_IN"))
        return;
    set_up_stand_in();
    (void)setenv("GPFC_STAND_IN", "order=1", 1);
    (void)execv("/proc/self/exe", arguments);
    perror("execv");
}
