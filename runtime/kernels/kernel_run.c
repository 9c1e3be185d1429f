/* SPDX-License-Identifier: MIT */
#include "kernels/kernel_run.h"

#include "ground/parallel.h"
#include "kernels/kernel_room.h"
#include "kernels/kernel_sum.h"
#include "kernels/kernel_tile.h"
#include "numbers/random.h"

#include <assert.h>
#include <stdlib.h>

/* A thread that gets less than this, a fraction of a millisecond, may have more to wait than to do: on a
 * machine that others use too, OpenMP's threads wait for each other for milliseconds. */
static const double least_flop_of_thread = 1e7;

/* Leaves: enough for many threads and for an even share; fewer where zeroing and adding up a leaf's sums,
 * which costs about as much as `sum_flop` for each number, would take more than `sum_share` of the leaf's
 * tiles, or where all the sums would take more than MOST_SUM_BYTES. */
enum { MOST_LEAVES = 64, ENOUGH_LEAVES = 16, MOST_SUM_BYTES = 64 << 20 };
static const double sum_flop = 8, sum_share = 0.02;

struct kernel_run {
    const struct gpfc_bundle *bundle;
    const struct gpfc_kernel *kernel;
    int64_t lanes, real; /* bytes of a REAL */
    int64_t rows;
    int threads;
    size_t bytes;

    const void *in[GPFC_MAX_PORTS]; /* rows of the varying inputs */
    void *out[GPFC_MAX_PORTS];      /* rows of the varying outputs; NULL: not wanted */
    const uint32_t *order;
    int weight;    /* the port that is filled here; -1: none */
    int64_t steps; /* time steps that are run; 0: that is no input */
    union {
        float single;
        double exact;
    } steps_room; /* the same as a REAL */
    uint64_t noise_seed, noise_stream, noise_first;

    void *uniform;
    struct kernel_sum *sum;
    char *step_noise; /* the NOISE_STEP ports' values, port by port */
    size_t step_noise_at[GPFC_MAX_PORTS];
    struct kernel_room *rooms; /* [threads]; what their pointers to uniform values and totals are bound to is
                                  the same in all */
};

/* ---- memory -------------------------------------------------------------------------------------------- */

static void bind_in(struct kernel_run *run, int port, const void *values)
{
    for (int i = 0; i < run->threads; i++)
        run->rooms[i].in[port] = values;
}

static bool take_step_noise(struct kernel_run *run)
{
    size_t bytes = 0;
    for (int i = 0; i < run->kernel->n_in; i++)
        if (run->kernel->in[i].role == GPFC_IN_NOISE_STEP) {
            run->step_noise_at[i] = bytes;
            bytes += kernel_aligned((size_t)(run->kernel->in[i].elements * run->real));
        }
    run->step_noise = kernel_memory(bytes);
    for (int i = 0; run->step_noise && i < run->kernel->n_in; i++)
        if (run->kernel->in[i].role == GPFC_IN_NOISE_STEP)
            bind_in(run, i, run->step_noise + run->step_noise_at[i]);
    run->bytes += bytes;
    return run->step_noise != NULL;
}

static bool take_all(struct kernel_run *run, struct fault *fault)
{
    const struct gpfc_kernel *kernel = run->kernel;
    const struct kernel_room_plan plan = {.kernel = kernel, .lanes = run->lanes, .precision = run->real};
    const int64_t leaves = kernel_run_leaves(run, run->rows);
    if (!kernel_rooms_new(&run->rooms, &plan, run->threads, fault))
        return false;
    run->bytes = (size_t)kernel->uniform_bytes + kernel_sum_bytes(leaves, kernel->sum_elements, run->real) +
                 (size_t)run->threads * run->rooms[0].bytes;
    run->uniform = kernel_memory((size_t)kernel->uniform_bytes);
    run->sum = kernel_sum_new(leaves, kernel->sum_elements, run->real);
    return (run->uniform && run->sum && take_step_noise(run)) ||
           fault_memory(fault, run->bytes, "the kernels' work space");
}

bool kernel_run_new(struct kernel_run **out, const struct gpfc_bundle *bundle, const char *kernel,
                    int64_t rows, int threads, struct fault *fault)
{
    assert(rows > 0 && threads > 0);
    *out = NULL;
    const struct gpfc_kernel *found = bundle_kernel(bundle, kernel);
    if (!found)
        return fault_set(fault, FAULT_SYSTEM, "this trainer has no kernel '%s'", kernel);
    struct kernel_run *run = calloc(1, sizeof *run);
    if (!run)
        return fault_memory(fault, sizeof *run, "a kernel");
    *run = (struct kernel_run){
        .bundle = bundle,
        .kernel = found,
        .lanes = bundle->lanes,
        .real = bundle->precision,
        .rows = rows,
        .threads = threads,
        .weight = bundle_input(found, "weight"),
    };
    if (!take_all(run, fault)) {
        kernel_run_free(run);
        return false;
    }
    kernel_run_steps(run, bundle->steps);
    *out = run;
    return true;
}

void kernel_run_free(struct kernel_run *run)
{
    if (!run)
        return;
    kernel_rooms_free(run->rooms, run->threads);
    kernel_sum_free(run->sum);
    free(run->step_noise);
    free(run->uniform);
    free(run);
}

/* ---- binding ------------------------------------------------------------------------------------------- */

void kernel_run_parameters(struct kernel_run *run, const void *theta)
{
    for (int64_t i = 0; i < run->bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &run->bundle->parameters[i];
        int port = bundle_input(run->kernel, parameter->name);
        if (port >= 0)
            bind_in(run, port, (const char *)theta + parameter->offset * run->real);
    }
}

/* The input or output of that name, if it has that role; else -1. */
static int port_in(const struct kernel_run *run, const char *name, enum gpfc_role role)
{
    int port = bundle_input(run->kernel, name);
    return port >= 0 && run->kernel->in[port].role == role ? port : -1;
}

static int port_out(const struct kernel_run *run, const char *name, enum gpfc_role role)
{
    int port = bundle_output(run->kernel, name);
    return port >= 0 && run->kernel->out[port].role == role ? port : -1;
}

void kernel_run_setting(struct kernel_run *run, const char *name, const void *values)
{
    int port = port_in(run, name, GPFC_IN_SETTING);
    if (port >= 0)
        bind_in(run, port, values);
}

void kernel_run_steps(struct kernel_run *run, int64_t steps)
{
    const int port = port_in(run, "steps", GPFC_IN_SETTING);
    assert(port < 0 || (steps > 0 && steps <= run->bundle->steps));
    if (port < 0)
        return;
    run->steps = steps;
    if (run->real == sizeof(float))
        run->steps_room.single = (float)steps;
    else
        run->steps_room.exact = (double)steps;
    bind_in(run, port, &run->steps_room);
}

void kernel_run_input(struct kernel_run *run, const char *name, const void *rows)
{
    int port = port_in(run, name, GPFC_IN_SAMPLE);
    if (port >= 0)
        run->in[port] = rows;
}

void kernel_run_output(struct kernel_run *run, const char *name, void *rows)
{
    int port = port_out(run, name, GPFC_OUT_SAMPLE);
    if (port >= 0)
        run->out[port] = rows;
}

void kernel_run_total(struct kernel_run *run, const char *name, void *values)
{
    int port = port_out(run, name, GPFC_OUT_TOTAL);
    for (int i = 0; port >= 0 && i < run->threads; i++)
        run->rooms[i].out[port] = values;
}

void kernel_run_order(struct kernel_run *run, const uint32_t *order)
{
    run->order = order;
}

void kernel_run_noise(struct kernel_run *run, uint64_t seed, uint64_t stream, uint64_t first)
{
    run->noise_seed = seed;
    run->noise_stream = stream;
    run->noise_first = first;
}

/* Of the kernel's work, in time steps that are run; as good as all of it depends on them. */
static double share_run(const struct kernel_run *run)
{
    return run->steps > 0 ? (double)run->steps / (double)run->bundle->steps : 1;
}

/* Numbers of a noise port [K,..] that steps which are run read: the first ones. */
static int64_t noise_elements(const struct kernel_run *run, const struct gpfc_port *port)
{
    return run->steps > 0 ? port->elements / run->bundle->steps * run->steps : port->elements;
}

/* ---- tiles --------------------------------------------------------------------------------------------- */

struct batch { /* one call of kernel_run_go */
    const struct kernel_run *run;
    int64_t n, tiles, leaves;
};

static struct tile tile_at(const struct batch *batch, int64_t number)
{
    const int64_t lanes = batch->run->lanes, first = number * lanes, left = batch->n - first;
    return (struct tile){
        .order = batch->run->order, .first = first, .n = left < lanes ? left : lanes, .lanes = lanes};
}

static void fill_weights(const struct batch *batch, const struct tile *tile, void *to)
{
    const double weight = 1.0 / (double)batch->n;
    if (batch->run->real == sizeof(float))
        for (int64_t lane = 0; lane < tile->lanes; lane++)
            ((float *)to)[lane] = lane < tile->n ? (float)weight : 0;
    else
        for (int64_t lane = 0; lane < tile->lanes; lane++)
            ((double *)to)[lane] = lane < tile->n ? weight : 0;
}

static bool is_gathered(const struct kernel_run *run, int port)
{
    return run->kernel->in[port].role == GPFC_IN_SAMPLE && port != run->weight;
}

static struct tile_rows rows_of(const struct kernel_run *run, int port)
{
    assert(run->in[port]);
    return (struct tile_rows){
        .rows = run->in[port], .stride = run->kernel->in[port].elements, .precision = run->real};
}

static void fill_inputs(const struct batch *batch, const struct kernel_room *room, const struct tile *tile)
{
    const struct kernel_run *run = batch->run;
    for (int i = 0; i < run->kernel->n_in; i++) {
        const struct gpfc_port *port = &run->kernel->in[i];
        if (port->role == GPFC_IN_NOISE)
            random_fill_tile(run->noise_seed, run->noise_stream, run->noise_first + (uint64_t)tile->first,
                             noise_elements(run, port), run->lanes, (int)run->real, room->in_tile[i]);
        else if (i == run->weight)
            fill_weights(batch, tile, room->in_tile[i]);
        else if (port->role == GPFC_IN_SAMPLE) {
            const struct tile_rows rows = rows_of(run, i);
            tile_gather(tile, &rows, port->elements, run->real, room->in_tile[i]);
        }
    }
}

static void expect_inputs(const struct batch *batch, int64_t number)
{
    const struct kernel_run *run = batch->run;
    if (!run->order || number >= batch->tiles)
        return;
    const struct tile tile = tile_at(batch, number);
    for (int i = 0; i < run->kernel->n_in; i++)
        if (is_gathered(run, i)) {
            const struct tile_rows rows = rows_of(run, i);
            tile_expect(&tile, &rows, run->kernel->in[i].elements);
        }
}

static void spread_outputs(const struct kernel_run *run, const struct kernel_room *room,
                           const struct tile *tile)
{
    const struct tile here = {.first = tile->first, .n = tile->n, .lanes = tile->lanes};
    for (int i = 0; i < run->kernel->n_out; i++) {
        const struct gpfc_port *port = &run->kernel->out[i];
        const struct tile_rows_out rows = {
            .rows = run->out[i], .stride = port->elements, .precision = run->real};
        if (port->role == GPFC_OUT_SAMPLE && rows.rows)
            tile_scatter(&here, room->out[i], port->elements, run->real, &rows);
    }
}

/* ---- leaves -------------------------------------------------------------------------------------------- */

static bool worth_a_leaf(const struct kernel_run *run, int64_t tiles, int64_t leaves)
{
    const double elements = (double)run->kernel->sum_elements;
    const double flop = run->kernel->flop_per_sample * (double)run->lanes * (double)tiles;
    return elements * sum_flop * (double)leaves <= sum_share * flop || leaves <= ENOUGH_LEAVES;
}

int64_t kernel_run_leaves(const struct kernel_run *run, int64_t n)
{
    const int64_t tiles = (n + run->lanes - 1) / run->lanes;
    int64_t leaves = 1;
    while (2 * leaves <= tiles && 2 * leaves <= MOST_LEAVES && worth_a_leaf(run, tiles, 2 * leaves) &&
           kernel_sum_bytes(2 * leaves, run->kernel->sum_elements, run->real) <= MOST_SUM_BYTES)
        leaves *= 2;
    return leaves;
}

static void run_leaf(void *data, int64_t leaf, int thread)
{
    const struct batch *batch = data;
    const struct kernel_run *run = batch->run;
    const struct kernel_room *room = &run->rooms[thread];
    void *sums = kernel_sum_leaf(run->sum, leaf);
    const int64_t end = (leaf + 1) * batch->tiles / batch->leaves;
    for (int64_t number = leaf * batch->tiles / batch->leaves; number < end; number++) {
        const struct tile tile = tile_at(batch, number);
        fill_inputs(batch, room, &tile);
        expect_inputs(batch, number + 1);
        run->kernel->tile(room->in, room->out, run->uniform, room->scratch, sums);
        spread_outputs(run, room, &tile);
    }
    kernel_sum_leaf_done(run->sum, leaf);
}

/* ---- one call ------------------------------------------------------------------------------------------ */

static void draw_step_noise(const struct kernel_run *run)
{
    for (int i = 0; i < run->kernel->n_in; i++)
        if (run->kernel->in[i].role == GPFC_IN_NOISE_STEP)
            random_fill_normal(run->noise_seed, run->noise_stream, run->step_noise_at[i] / (size_t)run->real,
                               run->kernel->in[i].elements, (int)run->real,
                               run->step_noise + run->step_noise_at[i]);
}

/* All or one: to change the number of threads costs more than to have some wait. */
static int threads_for(const struct kernel_run *run, int64_t n)
{
    return kernel_run_flop(run) * (double)n >= 2 * least_flop_of_thread ? run->threads : 1;
}

void kernel_run_go(struct kernel_run *run, int64_t n)
{
    assert(n > 0 && n <= run->rows);
    struct batch batch = {
        .run = run,
        .n = n,
        .tiles = (n + run->lanes - 1) / run->lanes,
        .leaves = kernel_run_leaves(run, n),
    };
    const struct kernel_room *first = &run->rooms[0];
    draw_step_noise(run);
    run->kernel->before(first->in, run->uniform);
    kernel_sum_start(run->sum, batch.leaves);
    parallel_for(threads_for(run, n), batch.leaves, run_leaf, &batch);
    run->kernel->after(first->in, first->out, run->uniform, kernel_sum_all(run->sum));
}

double kernel_run_flop(const struct kernel_run *run)
{
    return run->kernel->flop_per_sample * share_run(run);
}

double kernel_run_useful_flop(const struct kernel_run *run)
{
    return run->kernel->useful_flop_per_sample * share_run(run);
}

size_t kernel_run_bytes(const struct kernel_run *run)
{
    return run->bytes;
}
