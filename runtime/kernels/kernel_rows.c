/* SPDX-License-Identifier: MIT */
#include "kernels/kernel_rows.h"

#include "kernels/bundle.h"
#include "kernels/kernel_call.h"
#include "kernels/kernel_tile.h"
#include "numbers/rows.h"

#include <stdlib.h>

struct kernel_rows {
    struct kernel_call call;
    int n_in, n_out;
    int in_port[KERNEL_ROWS_PORTS], out_port[KERNEL_ROWS_PORTS];
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
    const struct gpfc_kernel *kernel = rows->call.kernel;
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

static bool is_parameter(const struct kernel_rows *rows, int port)
{
    return rows->call.kernel->in[port].role == GPFC_IN_PARAMETER && rows->call.rooms[0].in[port];
}

static bool bind_parameters(const struct kernel_rows *rows, const void *theta, struct fault *fault)
{
    const struct gpfc_kernel *kernel = rows->call.kernel;
    kernel_call_parameters(&rows->call, theta);
    for (int i = 0; i < kernel->n_in; i++)
        if (!is_given(rows, i) && !is_parameter(rows, i))
            return fault_set(fault, FAULT_SYSTEM, "kernel '%s' of this trainer has an unexpected input '%s'",
                             kernel->name, kernel->in[i].name);
    return true;
}

/* What depends on the parameters only; outputs among it go to every thread's room. */
static void prepare(const struct kernel_rows *rows)
{
    kernel_call_before(&rows->call);
    for (int i = 0; i < rows->call.threads; i++)
        kernel_call_after(&rows->call, i, rows->call.rooms[i].sums);
}

bool kernel_rows_new(struct kernel_rows **out, const struct gpfc_bundle *bundle, const char *kernel,
                     const void *theta, const struct kernel_rows_names *names, int threads,
                     struct fault *fault)
{
    struct kernel_rows *rows = calloc(1, sizeof *rows);
    *out = NULL;
    if (!rows)
        return fault_memory(fault, sizeof *rows, "a kernel");
    if (!kernel_call_init(&rows->call, bundle, kernel, threads, true, fault) ||
        !find_ports(rows, names, fault) || !bind_parameters(rows, theta, fault)) {
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
    kernel_call_free(&rows->call);
    free(rows);
}

/* ---- running ------------------------------------------------------------------------------------------- */

/* An output that is the same for all rows. */
static void repeat_total(const struct tile *tile, const void *total, int64_t elements, int64_t precision,
                         const struct kernel_rows_out *to)
{
    for (int64_t lane = 0; lane < tile->n; lane++)
        rows_to_double(total, elements, precision, to->first + tile->order[tile->first + lane] * to->stride);
}

static void go_tile(const struct kernel_rows *rows, int thread, const struct tile *tile,
                    const struct kernel_rows_in *in, const struct kernel_rows_out *out)
{
    const struct kernel_room *room = &rows->call.rooms[thread];
    const struct gpfc_kernel *kernel = rows->call.kernel;
    for (int i = 0; i < rows->n_in; i++) {
        const int port = rows->in_port[i];
        const struct tile_rows from = {.rows = in[i].first, .stride = in[i].stride, .precision = 8};
        tile_gather(tile, &from, kernel->in[port].elements, rows->call.precision, room->in_tile[port]);
    }
    kernel_call_tile(&rows->call, thread, room->sums);
    for (int i = 0; i < rows->n_out; i++) {
        const struct gpfc_port *port = &kernel->out[rows->out_port[i]];
        const struct tile_rows_out to = {.rows = out[i].first, .stride = out[i].stride, .precision = 8};
        const void *from = room->out[rows->out_port[i]];
        if (to.rows && port->role == GPFC_OUT_TOTAL)
            repeat_total(tile, from, port->elements, rows->call.precision, &out[i]);
        else if (to.rows)
            tile_scatter(tile, from, port->elements, rows->call.precision, &to);
    }
}

void kernel_rows_go(const struct kernel_rows *rows, int thread, const uint32_t *order, int64_t n,
                    const struct kernel_rows_in *in, const struct kernel_rows_out *out)
{
    const int64_t lanes = rows->call.lanes;
    for (int64_t first = 0; first < n; first += lanes) {
        const struct tile tile = {
            .order = order, .first = first, .n = n - first < lanes ? n - first : lanes, .lanes = lanes};
        go_tile(rows, thread, &tile, in, out);
    }
}
