/* SPDX-License-Identifier: MIT */
#include "kernels/runner_ports.h"

#include "kernels/bundle.h"
#include "kernels/kernel_room.h"
#include "kernels/kernel_tile.h"
#include "numbers/random.h"
#include "numbers/rows.h"

#include <assert.h>
#include <stdlib.h>

/* ---- making -------------------------------------------------------------------------------------------- */

static bool take_step_noise(struct runner_ports *ports, struct fault *fault)
{
    const struct gpfc_kernel *kernel = ports->kernel;
    size_t bytes = 0;
    for (int i = 0; i < kernel->n_in; i++)
        if (kernel->in[i].role == GPFC_IN_NOISE_STEP) {
            ports->step_noise_at[i] = bytes;
            bytes += kernel_aligned((size_t)(kernel->in[i].elements * ports->bundle->precision));
        }
    ports->step_noise = kernel_memory(bytes);
    return ports->step_noise || fault_memory(fault, bytes, "the kernels' work space");
}

bool runner_ports_init(struct runner_ports *out, const struct gpfc_bundle *bundle, const char *kernel,
                       int64_t lanes, struct fault *fault)
{
    *out = (struct runner_ports){.bundle = bundle,
                                 .kernel = bundle_kernel(bundle, kernel),
                                 .lanes = lanes,
                                 .steps_run = bundle->steps};
    if (!out->kernel)
        return fault_set(fault, FAULT_SYSTEM, "this trainer has no kernel '%s'", kernel);
    out->weight = bundle_input(out->kernel, "weight");
    out->steps = runner_port_in(out, "steps", GPFC_IN_SETTING);
    runner_ports_steps(out, bundle->steps);
    return take_step_noise(out, fault);
}

void runner_ports_free(struct runner_ports *ports)
{
    free(ports->step_noise);
    *ports = (struct runner_ports){.bundle = NULL};
}

/* ---- binding ------------------------------------------------------------------------------------------- */

int runner_port_in(const struct runner_ports *ports, const char *name, enum gpfc_role role)
{
    const int port = bundle_input(ports->kernel, name);
    return port >= 0 && ports->kernel->in[port].role == role ? port : -1;
}

int runner_port_out(const struct runner_ports *ports, const char *name, enum gpfc_role role)
{
    const int port = bundle_output(ports->kernel, name);
    return port >= 0 && ports->kernel->out[port].role == role ? port : -1;
}

void runner_ports_steps(struct runner_ports *ports, int64_t steps)
{
    if (ports->steps < 0)
        return;
    assert(steps > 0 && steps <= ports->bundle->steps);
    ports->steps_run = steps;
    rows_put((double)steps, &ports->steps_room, 0, ports->bundle->precision);
}

/* The rows are read where they are, so that it makes no difference how many there are and whether they
 * stay. */
void runner_ports_input(struct runner_ports *ports, const char *name, const struct runner_rows *rows)
{
    const int port = runner_port_in(ports, name, GPFC_IN_SAMPLE);
    if (port < 0)
        return;
    ports->in[port] = rows->rows;
    ports->rotation[port] = rows->rotation;
}

void runner_ports_output(struct runner_ports *ports, const char *name, void *rows)
{
    const int port = runner_port_out(ports, name, GPFC_OUT_SAMPLE);
    if (port >= 0)
        ports->out[port] = rows;
}

void runner_ports_order(struct runner_ports *ports, const uint32_t *order, int64_t first)
{
    ports->order = order ? order + first : NULL;
    ports->first = order ? 0 : first;
}

void runner_ports_noise(struct runner_ports *ports, uint64_t seed, uint64_t stream, uint64_t first)
{
    ports->noise_seed = seed;
    ports->noise_stream = stream;
    ports->noise_first = first;
}

/* Of the kernel's work, in time steps that are run; as good as all of it depends on them. */
static double share_run(const struct runner_ports *ports)
{
    return ports->steps >= 0 ? (double)ports->steps_run / (double)ports->bundle->steps : 1;
}

double runner_ports_flop(const struct runner_ports *ports)
{
    return ports->kernel->flop_per_sample * share_run(ports);
}

double runner_ports_useful_flop(const struct runner_ports *ports)
{
    return ports->kernel->useful_flop_per_sample * share_run(ports);
}

/* ---- tiles --------------------------------------------------------------------------------------------- */

/* Numbers of a noise port [K,..] that steps which are run read: the first ones. */
static int64_t noise_elements(const struct runner_ports *ports, const struct gpfc_port *port)
{
    return ports->steps >= 0 ? port->elements / ports->bundle->steps * ports->steps_run : port->elements;
}

int64_t runner_ports_tiles(const struct runner_ports *ports, int64_t n)
{
    return (n + ports->lanes - 1) / ports->lanes;
}

/* Rows of the call that are in this tile; 0 beyond the last. */
static int64_t rows_in(const struct runner_ports *ports, int64_t n, int64_t number)
{
    const int64_t left = n - number * ports->lanes;
    return left < 0 ? 0 : left < ports->lanes ? left : ports->lanes;
}

static struct tile tile_at(const struct runner_ports *ports, int64_t n, int64_t number)
{
    const int64_t rows = rows_in(ports, n, number);
    return (struct tile){.order = ports->order,
                         .first = rows > 0 ? number * ports->lanes : n - 1,
                         .n = rows > 0 ? rows : 1,
                         .lanes = ports->lanes};
}

static void fill_weights(const struct runner_ports *ports, int64_t n, int64_t rows, void *to)
{
    const double weight = 1.0 / (double)n;
    for (int64_t lane = 0; lane < ports->lanes; lane++)
        rows_put(lane < rows ? weight : 0, to, lane, ports->bundle->precision);
}

static bool is_gathered(const struct runner_ports *ports, int port)
{
    return ports->kernel->in[port].role == GPFC_IN_SAMPLE && port != ports->weight;
}

static struct tile_rows rows_of(const struct runner_ports *ports, int port)
{
    const int64_t elements = ports->kernel->in[port].elements, real = ports->bundle->precision;
    assert(ports->in[port]);
    return (struct tile_rows){
        .rows = ports->in[port] + ports->first * elements * real, .stride = elements, .precision = real};
}

static void fill_rows(const struct runner_ports *ports, int port, const struct tile *tile, void *to)
{
    const struct tile_rows rows = rows_of(ports, port);
    const int64_t elements = ports->kernel->in[port].elements, real = ports->bundle->precision;
    if (ports->rotation[port])
        tile_gather_turned(tile, &rows, ports->rotation[port], elements, real, to);
    else
        tile_gather(tile, &rows, elements, real, to);
}

void runner_ports_fill(const struct runner_ports *ports, int64_t n, int64_t number, void *const in[])
{
    const struct tile tile = tile_at(ports, n, number);
    for (int i = 0; i < ports->kernel->n_in; i++) {
        const struct gpfc_port *port = &ports->kernel->in[i];
        if (port->role == GPFC_IN_NOISE)
            random_fill_tile(ports->noise_seed, ports->noise_stream,
                             ports->noise_first + (uint64_t)tile.first, noise_elements(ports, port),
                             ports->lanes, ports->bundle->precision, in[i]);
        else if (i == ports->weight)
            fill_weights(ports, n, rows_in(ports, n, number), in[i]);
        else if (port->role == GPFC_IN_SAMPLE)
            fill_rows(ports, i, &tile, in[i]);
    }
}

void runner_ports_expect(const struct runner_ports *ports, int64_t n, int64_t number)
{
    if (!ports->order || rows_in(ports, n, number) == 0)
        return;
    const struct tile tile = tile_at(ports, n, number);
    for (int i = 0; i < ports->kernel->n_in; i++)
        if (is_gathered(ports, i)) {
            const struct tile_rows rows = rows_of(ports, i);
            tile_expect(&tile, &rows, ports->kernel->in[i].elements);
        }
}

void runner_ports_spread(const struct runner_ports *ports, int64_t n, int64_t number, void *const out[])
{
    const struct tile here = {
        .first = number * ports->lanes, .n = rows_in(ports, n, number), .lanes = ports->lanes};
    for (int i = 0; i < ports->kernel->n_out; i++) {
        const struct gpfc_port *port = &ports->kernel->out[i];
        const int64_t real = ports->bundle->precision;
        const struct tile_rows_out rows = {
            .rows = ports->out[i], .stride = port->elements, .precision = real};
        if (port->role == GPFC_OUT_SAMPLE && rows.rows)
            tile_scatter(&here, out[i], port->elements, real, &rows);
    }
}

void runner_ports_draw(const struct runner_ports *ports)
{
    const int64_t real = ports->bundle->precision;
    for (int i = 0; i < ports->kernel->n_in; i++)
        if (ports->kernel->in[i].role == GPFC_IN_NOISE_STEP)
            random_fill_normal(ports->noise_seed, ports->noise_stream, ports->step_noise_at[i] / (size_t)real,
                               ports->kernel->in[i].elements, real,
                               ports->step_noise + ports->step_noise_at[i]);
}
