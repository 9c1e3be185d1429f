/* SPDX-License-Identifier: MIT
 *
 * Compiles a graph by any backend, loads it into this process, and feeds it tiles. */
#include "cross/compiled.h"

#include "emit_llvm/emit.h"
#include "gpfc/kernel_abi.h"
#include "pass/pass.h"
#include "sched/sched_space.h"
#include "tune/tune_run.h"

#include <assert.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct compiled {
    const struct ir_graph *graph; /* before the passes */
    const struct gpfc_kernel *kernel;
    const struct emit_clocks *clocks;
    enum real real;
    bool poison;
    int lanes;
};

bool compiled_runs_here(const char *cpu)
{
    struct arena *arena = arena_new();
    struct target found = {.is_host = false};
    const char *fault = NULL;
    const bool runs = backend_target(arena, cpu, &found, &fault) && found.is_host;
    arena_free(arena);
    return runs;
}

/* ---- every backend ------------------------------------------------------------------------------------- */

static const struct backend *begun; /* NULL: the cases are not run for each */

#define BACKEND(name)                                                                                        \
    extern const struct backend backend_##name;                                                              \
    static int begin_##name(void)                                                                            \
    {                                                                                                        \
        begun = &backend_##name;                                                                             \
        return 0;                                                                                            \
    }
#include "drive/backend_list.def"

const struct backend *compiled_backend(void)
{
    return begun ? begun : backend_in_process();
}

#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

bool compiled_is_slow(void)
{
    return SANITIZED || !compiled_backend()->load;
}

/* Kernels for GPUs have tests of their own (tests/gpu). */
static bool runs_here(const struct backend *backend)
{
    return backend->load || backend_makes(backend, GPFC_EMIT_C);
}

int compiled_main(const char *name, const struct check_case *cases, size_t n)
{
    static char names[BACKENDS][128];
    struct check_suite suites[BACKENDS] = {
#define BACKEND(name) [BACKEND_##name] = {.begin = begin_##name},
#include "drive/backend_list.def"
    };
    int found = 0;
    for (int i = 0; i < BACKENDS; i++) {
        if (!runs_here(backend_list[i]))
            continue;
        (void)snprintf(names[found], sizeof names[found], "%s, %s", name, backend_list[i]->name);
        suites[found] = (struct check_suite){names[found], suites[i].begin, cases, n};
        found++;
    }
    return check_suites(suites, (size_t)found);
}

/* ---- loading ------------------------------------------------------------------------------------------- */

static void close_library(void *library)
{
    (void)dlclose(library);
}

/* C, through the system's compiler. */
static bool compile_c(struct arena *arena, const char *text, const char *stem)
{
    const char *cc = getenv("CC"), *source = arena_printf(arena, "%s.c", stem);
    FILE *file = fopen(source, "w");
    const bool written = file && fputs(text, file) >= 0;
    if (!file || fclose(file) != 0 || !written)
        return false;
    return system(arena_printf(arena,
                               "%s -std=c11 -O0 -Wall -Wextra -Werror -fPIC -shared -I '%s/runtime/include' "
                               "-o %s.so %s.c -lm",
                               cc && cc[0] ? cc : "cc", check_path(""), stem, stem)) == 0;
}

void *compiled_open_c(struct arena *arena, const char *text, const char **fault)
{
    char folder[] = "/tmp/gpfc-compiled-XXXXXX";
    struct owned *place = arena_own(arena, close_library);
    *fault = "cannot be compiled";
    if (!mkdtemp(folder))
        return NULL;
    const char *stem = arena_printf(arena, "%s/programs", folder);
    if (compile_c(arena, text, stem))
        place->object = dlopen(arena_printf(arena, "%s.so", stem), RTLD_NOW | RTLD_LOCAL);
    (void)unlink(arena_printf(arena, "%s.c", stem));
    (void)unlink(arena_printf(arena, "%s.so", stem));
    (void)rmdir(folder);
    return place->object;
}

/* Code in this process, of either kind. */
struct code {
    const struct backend *backend;
    const struct backend_loaded *loaded;
    void *library;
};

static bool load(struct arena *arena, const struct backend_bytes *bytes, struct code *code,
                 const char **fault)
{
    if (code->backend->load)
        code->loaded = code->backend->load(arena, bytes, fault);
    else
        code->library = compiled_open_c(arena, bytes->bytes, fault);
    return code->loaded || code->library;
}

static const void *find(struct arena *arena, const struct code *code, const char *kind, const char *name,
                        const char **fault)
{
    const char *symbol = arena_printf(arena, "gpfc_%s_%s", kind, name);
    if (code->loaded)
        return code->backend->symbol(arena, code->loaded, symbol, fault);
    const void *found = dlsym(code->library, symbol);
    *fault = found ? NULL : "no such symbol";
    return found;
}

/* ---- compiling ----------------------------------------------------------------------------------------- */

static bool make(struct arena *arena, const struct ir_graph *graph, const struct compiled_options *options,
                 const struct backend *backend, struct compiled *out, struct backend_bytes *bytes,
                 const char **fault)
{
    struct target target;
    if (!backend_target(arena, options->cpu, &target, fault))
        return false;
    if (options->passes)
        graph = pass_run(graph, false, fault, NULL, NULL);
    if (!graph)
        return false;
    const enum real real = options->real;
    struct schedule schedule =
        sched_choose(target.cpu.machine.vector_bits, target.cpu.machine.registers, real, options->lanes);
    if (options->schedule && !sched_parse(arena, options->schedule, &schedule, NULL, fault))
        return false;
    const struct plan *plan = backend->planner ? backend->planner->plan(arena, graph, schedule, fault) : NULL;
    if (backend->planner && !plan)
        return false;
    out->lanes = plan ? plan->schedule->lanes : schedule.lanes;
    const struct bundle_kernel kernel = {
        .name = graph->name, .graph = graph, .plan = plan, .clocked = options->clocked};
    const struct backend_task task = {
        .target = &target, .real = real, .lanes = out->lanes, .n_kernels = 1, .kernels = &kernel};
    return backend_make(backend, arena, arena, &task, NULL, 0, backend->load ? GPFC_EMIT_OBJECT : GPFC_EMIT_C,
                        bytes, fault);
}

struct compiled *compiled_new(struct arena *arena, const struct ir_graph *graph,
                              const struct compiled_options *options, const char **fault)
{
    struct compiled *compiled = ARENA_NEW(arena, struct compiled);
    struct code code = {.backend = compiled_backend()};
    struct backend_bytes bytes;
    *compiled = (struct compiled){.graph = graph, .real = options->real, .poison = options->poison};
    if (!make(arena, graph, options, code.backend, compiled, &bytes, fault) ||
        !load(arena, &bytes, &code, fault))
        return NULL;
    compiled->kernel = find(arena, &code, "kernel", graph->name, fault);
    if (options->clocked)
        compiled->clocks = find(arena, &code, "clocks", graph->name, fault);
    return compiled->kernel && (compiled->clocks || !options->clocked) ? compiled : NULL;
}

const struct emit_clocks *compiled_clocks(const struct compiled *compiled)
{
    return compiled->clocks;
}

int compiled_lanes(const struct compiled *compiled)
{
    return compiled->lanes;
}

const struct gpfc_kernel *compiled_kernel(const struct compiled *compiled)
{
    return compiled->kernel;
}

/* ---- running ------------------------------------------------------------------------------------------- */

static bool is_weight(const struct gpfc_port *port)
{
    return port->role == GPFC_IN_SAMPLE && strcmp(port->name, "weight") == 0;
}

/* As in the runtime: lanes past the batch repeat its last sample, with weight 0. */
static void gather(const struct tune_run *run, const struct gpfc_port *port, int batch, int first,
                   const double *from, void *tile)
{
    for (int lane = 0; lane < run->lanes; lane++) {
        const bool is_empty = first + lane >= batch;
        const long sample = is_empty ? batch - 1 : first + lane;
        for (long i = 0; i < port->elements; i++)
            tune_put(run, tile, i * run->lanes + lane,
                     is_empty && is_weight(port) ? 0 : from[sample * port->elements + i]);
    }
}

static void scatter(const struct tune_run *run, const struct gpfc_port *port, int batch, int first,
                    const void *tile, double *to)
{
    for (int lane = 0; lane < run->lanes && first + lane < batch; lane++)
        for (long i = 0; i < port->elements; i++)
            to[(first + lane) * port->elements + i] = tune_get(run, tile, i * run->lanes + lane);
}

/* Its memory is NaNs until it is written to. */
static struct tune_run *run_new(struct arena *arena, const struct compiled *c, const double *const *in)
{
    const struct gpfc_kernel *k = c->kernel;
    struct tune_run *run = tune_run_new(arena, k, c->lanes, c->real);
    for (int64_t i = 0; i < k->n_in; i++)
        for (long e = 0; !tune_port_varies(&k->in[i]) && e < k->in[i].elements; e++)
            tune_put(run, run->in[i], e, in[i][e]);
    return run;
}

static void run_tile(const struct compiled *c, const struct tune_run *run, int batch, int first,
                     const double *const *in, double *const *out)
{
    const struct gpfc_kernel *k = c->kernel;
    for (int64_t i = 0; i < k->n_in; i++)
        if (tune_port_varies(&k->in[i]))
            gather(run, &k->in[i], batch, first, in[i], run->in[i]);
    if (c->poison)
        memset(run->scratch, 0xff, (size_t)k->scratch_bytes);
    tune_run_tile(run);
    for (int64_t o = 0; o < k->n_out; o++)
        if (tune_port_varies(&k->out[o]))
            scatter(run, &k->out[o], batch, first, run->out[o], out[o]);
}

/* A pass may find out that an output is the same for all samples; who asked for one a sample gets copies. */
static void copy_total(const struct compiled *c, const struct tune_run *run, int64_t o, int batch, double *to)
{
    long n = c->kernel->out[o].elements;
    int copies = c->graph->outputs[o].value->rate == IR_VARYING ? batch : 1;
    for (long i = 0; i < n * copies; i++)
        to[i] = tune_get(run, run->out[o], i % n);
}

bool compiled_takes_whole_tiles(const struct compiled *c)
{
    for (int64_t i = 0; i < c->kernel->n_in; i++)
        if (is_weight(&c->kernel->in[i]))
            return false;
    return c->kernel->sum_elements > 0;
}

void compiled_run(const struct compiled *c, int batch, const double *const *in, double *const *out)
{
    struct arena *arena = arena_new();
    const struct tune_run *run = run_new(arena, c, in);
    assert(batch % c->lanes == 0 || !compiled_takes_whole_tiles(c));
    tune_run_begin(run);
    for (int first = 0; first < batch; first += c->lanes)
        run_tile(c, run, batch, first, in, out);
    tune_run_end(run);
    for (int64_t o = 0; o < c->kernel->n_out; o++)
        if (!tune_port_varies(&c->kernel->out[o]))
            copy_total(c, run, o, batch, out[o]);
    arena_free(arena);
}

bool compiled_eval(struct arena *arena, const struct ir_graph *graph, const struct compiled_options *options,
                   int batch, const double *const *in, double *const *out, const char **fault)
{
    struct compiled *compiled = compiled_new(arena, graph, options, fault);
    if (!compiled)
        return false;
    compiled_run(compiled, batch, in, out);
    return true;
}

bool compiled_evaluate(void *options, const struct ir_graph *graph, int batch, const double *const *in,
                       double *const *out)
{
    const char *fault = NULL;
    if (compiled_eval(graph->arena, graph, options, batch, in, out, &fault))
        return true;
    (void)fprintf(stderr, "graph %s: %s\n", graph->name, fault);
    return false;
}
