/* SPDX-License-Identifier: MIT */
#include "kernels/kernel_rows.h"

#include "kernels/bundle.h"
#include "kernels/kernel_room.h"
#include "kernels/kernel_tile.h"
#include "numbers/rows.h"

#include <stdlib.h>

struct kernel_rows {
    const struct gpfc_kernel *kernel;
    int64_t real; /* bytes of a REAL */
    int64_t lanes;
    int n_in, n_out;
    int in_port[KERNEL_ROWS_PORTS], out_port[KERNEL_ROWS_PORTS];
    const void *parameters[GPFC_MAX_PORTS]; /* by port */
    void *uniform;
    int threads;
    struct kernel_room *rooms;
};

/* ---- making -------------------------------------------------------------------------------------------- */

static bool is_given(const struct kernel_rows *rows, int port)
{
    for (int i = 0; i < rows->n_in; i++)
        if (rows->in_port[i] == port)
            return true;
    return false;
}

static bool find_ports(struct kernel_rows *rows, const struct kernel_rows_names *names, struct fault *fault)
{
    const struct gpfc_kernel *kernel = rows->kernel;
    for (; rows->n_in < KERNEL_ROWS_PORTS && names->in[rows->n_in]; rows->n_in++) {
        const int port = bundle_input(kernel, names->in[rows->n_in]);
        if (port < 0 || kernel->in[port].role != GPFC_IN_SAMPLE)
            return fault_set(fault, FAULT_SYSTEM, "kernel '%s' of this trainer has no input '%s'",
                             kernel->name, names->in[rows->n_in]);
        rows->in_port[rows->n_in] = port;
    }
    for (; rows->n_out < KERNEL_ROWS_PORTS && names->out[rows->n_out]; rows->n_out++) {
        const int port = bundle_output(kernel, names->out[rows->n_out]);
        if (port < 0)
            return fault_set(fault, FAULT_SYSTEM, "kernel '%s' of this trainer has no output '%s'",
                             kernel->name, names->out[rows->n_out]);
        rows->out_port[rows->n_out] = port;
    }
    return true;
}

static bool bind_parameters(struct kernel_rows *rows, const struct gpfc_bundle *bundle, const void *theta,
                            struct fault *fault)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const int port = bundle_input(rows->kernel, bundle->parameters[i].name);
        if (port >= 0)
            rows->parameters[port] = (const char *)theta + bundle->parameters[i].offset * rows->real;
    }
    for (int i = 0; i < rows->kernel->n_in; i++)
        if (!rows->parameters[i] && !is_given(rows, i))
            return fault_set(fault, FAULT_SYSTEM, "kernel '%s' of this trainer takes '%s' besides",
                             rows->kernel->name, rows->kernel->in[i].name);
    return true;
}

static bool take_all(struct kernel_rows *rows, struct fault *fault)
{
    const struct gpfc_kernel *kernel = rows->kernel;
    const struct kernel_room_plan plan = {
        .kernel = kernel, .lanes = rows->lanes, .precision = rows->real, .alone = true};
    if (!kernel_rooms_new(&rows->rooms, &plan, rows->threads, fault))
        return false;
    rows->uniform = kernel_memory((size_t)kernel->uniform_bytes);
    for (int i = 0; i < rows->threads; i++)
        for (int port = 0; port < kernel->n_in; port++)
            if (rows->parameters[port])
                rows->rooms[i].in[port] = rows->parameters[port];
    return rows->uniform || fault_memory(fault, (size_t)kernel->uniform_bytes, "the kernels' work space");
}

/* What depends on the parameters alone; outputs among it go to every thread's room. */
static void prepare(struct kernel_rows *rows)
{
    const struct gpfc_kernel *kernel = rows->kernel;
    kernel->before(rows->rooms[0].in, rows->uniform);
    for (int i = 0; i < rows->threads; i++)
        kernel->after(rows->rooms[i].in, rows->rooms[i].out, rows->uniform, rows->rooms[i].sums);
}

bool kernel_rows_new(struct kernel_rows **out, const struct gpfc_bundle *bundle, const char *kernel,
                     const void *theta, const struct kernel_rows_names *names, int threads,
                     struct fault *fault)
{
    *out = NULL;
    const struct gpfc_kernel *found = bundle_kernel(bundle, kernel);
    if (!found)
        return fault_set(fault, FAULT_SYSTEM, "this trainer has no kernel '%s'", kernel);
    struct kernel_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return fault_memory(fault, sizeof *rows, "a kernel");
    *rows = (struct kernel_rows){
        .kernel = found, .real = bundle->precision, .lanes = bundle->lanes, .threads = threads};
    if (!find_ports(rows, names, fault) || !bind_parameters(rows, bundle, theta, fault) ||
        !take_all(rows, fault)) {
        kernel_rows_free(rows);
        return false;
    }
    prepare(rows);
    *out = rows;
    return true;
}

void kernel_rows_free(struct kernel_rows *rows)
{
    if (!rows)
        return;
    kernel_rooms_free(rows->rooms, rows->threads);
    free(rows->uniform);
    free(rows);
}

/* ---- running ------------------------------------------------------------------------------------------- */

/* An output that is the same for all rows. */
static void repeat_total(const struct tile *tile, const void *total, int64_t elements, int64_t precision,
                         const struct kernel_rows_out *to)
{
    for (int64_t lane = 0; lane < tile->n; lane++)
        rows_to_double(total, elements, (int)precision,
                       to->first + tile->order[tile->first + lane] * to->stride);
}

static void go_tile(const struct kernel_rows *rows, const struct kernel_room *room, const struct tile *tile,
                    const struct kernel_rows_in *in, const struct kernel_rows_out *out)
{
    const struct gpfc_kernel *kernel = rows->kernel;
    for (int i = 0; i < rows->n_in; i++) {
        const int port = rows->in_port[i];
        const struct tile_rows from = {.rows = in[i].first, .stride = in[i].stride, .precision = 8};
        tile_gather(tile, &from, kernel->in[port].elements, rows->real, room->in_tile[port]);
    }
    kernel->tile(room->in, room->out, rows->uniform, room->scratch, room->sums);
    for (int i = 0; i < rows->n_out; i++) {
        const struct gpfc_port *port = &kernel->out[rows->out_port[i]];
        const struct tile_rows_out to = {.rows = out[i].first, .stride = out[i].stride, .precision = 8};
        const void *from = room->out[rows->out_port[i]];
        if (to.rows && port->role == GPFC_OUT_TOTAL)
            repeat_total(tile, from, port->elements, rows->real, &out[i]);
        else if (to.rows)
            tile_scatter(tile, from, port->elements, rows->real, &to);
    }
}

void kernel_rows_go(const struct kernel_rows *rows, int thread, const uint32_t *order, int64_t n,
                    const struct kernel_rows_in *in, const struct kernel_rows_out *out)
{
    for (int64_t first = 0; first < n; first += rows->lanes) {
        const struct tile tile = {.order = order,
                                  .first = first,
                                  .n = n - first < rows->lanes ? n - first : rows->lanes,
                                  .lanes = rows->lanes};
        go_tile(rows, &rows->rooms[thread], &tile, in, out);
    }
}
