/* SPDX-License-Identifier: MIT */
#include "kernel_rows.h"

#include "bundle.h"

#include <stdlib.h>
#include <string.h>

struct room { /* what one thread writes */
    char *block;
    void *scratch, *sums;
    const void *in[GPFC_MAX_PORTS];
    void *out[GPFC_MAX_PORTS]; /* of outputs that are the same for all rows: REAL [elements], written once */
    void *in_tile[GPFC_MAX_PORTS];
};

struct kernel_rows {
    const struct gpfc_kernel *kernel;
    size_t real; /* bytes */
    int64_t lanes;
    int n_in, n_out;
    int in_port[KERNEL_ROWS_PORTS], out_port[KERNEL_ROWS_PORTS];
    const void *parameters[GPFC_MAX_PORTS]; /* by port */
    void *uniform;
    int threads;
    struct room *rooms;
};

/* ---- making ----------------------------------------------------------------------------------------- */

static size_t aligned(size_t bytes)
{
    return (bytes + GPFC_ALIGNMENT - 1) / GPFC_ALIGNMENT * GPFC_ALIGNMENT;
}

static void *take(size_t bytes)
{
    const size_t size = aligned(bytes > 0 ? bytes : 1);
    void *block = aligned_alloc(GPFC_ALIGNMENT, size);
    if (block != NULL)
        memset(block, 0, size);
    return block;
}

static size_t tile_bytes(const struct kernel_rows *rows, const struct gpfc_port *port)
{
    return aligned((size_t)(port->elements * rows->lanes) * rows->real);
}

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
    for (; rows->n_in < KERNEL_ROWS_PORTS && names->in[rows->n_in] != NULL; rows->n_in++) {
        const int port = bundle_input(kernel, names->in[rows->n_in]);
        if (port < 0 || kernel->in[port].role != GPFC_IN_SAMPLE)
            return fault_set(fault, FAULT_SYSTEM, "kernel '%s' of this trainer has no input '%s'",
                             kernel->name, names->in[rows->n_in]);
        rows->in_port[rows->n_in] = port;
    }
    for (; rows->n_out < KERNEL_ROWS_PORTS && names->out[rows->n_out] != NULL; rows->n_out++) {
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
            rows->parameters[port] = (const char *)theta + (size_t)bundle->parameters[i].offset * rows->real;
    }
    for (int i = 0; i < rows->kernel->n_in; i++)
        if (rows->parameters[i] == NULL && !is_given(rows, i))
            return fault_set(fault, FAULT_SYSTEM, "kernel '%s' of this trainer takes '%s' besides",
                             rows->kernel->name, rows->kernel->in[i].name);
    return true;
}

static bool room_init(const struct kernel_rows *rows, struct room *room)
{
    const struct gpfc_kernel *kernel = rows->kernel;
    const size_t scratch = aligned((size_t)kernel->scratch_bytes);
    size_t bytes = scratch + aligned((size_t)kernel->sum_elements * rows->real);
    for (int i = 0; i < kernel->n_in; i++)
        bytes += rows->parameters[i] == NULL ? tile_bytes(rows, &kernel->in[i]) : 0;
    for (int i = 0; i < kernel->n_out; i++)
        bytes += tile_bytes(rows, &kernel->out[i]);
    char *next = room->block = take(bytes);
    if (room->block == NULL)
        return false;
    room->scratch = next;
    room->sums = next += scratch;
    next += aligned((size_t)kernel->sum_elements * rows->real);
    for (int i = 0; i < kernel->n_in; i++) {
        room->in_tile[i] = next;
        room->in[i] = rows->parameters[i] != NULL ? rows->parameters[i] : next;
        next += rows->parameters[i] == NULL ? tile_bytes(rows, &kernel->in[i]) : 0;
    }
    for (int i = 0; i < kernel->n_out; i++) {
        room->out[i] = next;
        next += tile_bytes(rows, &kernel->out[i]);
    }
    return true;
}

static bool take_all(struct kernel_rows *rows)
{
    rows->uniform = take((size_t)rows->kernel->uniform_bytes);
    rows->rooms = calloc((size_t)rows->threads, sizeof *rows->rooms);
    if (rows->uniform == NULL || rows->rooms == NULL)
        return false;
    for (int i = 0; i < rows->threads; i++)
        if (!room_init(rows, &rows->rooms[i]))
            return false;
    return true;
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
    if (found == NULL)
        return fault_set(fault, FAULT_SYSTEM, "this trainer has no kernel '%s'", kernel);
    struct kernel_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return fault_memory(fault, sizeof *rows, "a kernel");
    *rows = (struct kernel_rows){
        .kernel = found, .real = (size_t)bundle->precision, .lanes = bundle->lanes, .threads = threads};
    bool good = find_ports(rows, names, fault) && bind_parameters(rows, bundle, theta, fault);
    if (good && !take_all(rows))
        good = fault_memory(fault, (size_t)(found->uniform_bytes + found->scratch_bytes),
                            "the kernels' work space");
    if (!good) {
        kernel_rows_free(rows);
        return false;
    }
    prepare(rows);
    *out = rows;
    return true;
}

void kernel_rows_free(struct kernel_rows *rows)
{
    if (rows == NULL)
        return;
    for (int i = 0; rows->rooms != NULL && i < rows->threads; i++)
        free(rows->rooms[i].block);
    free(rows->rooms);
    free(rows->uniform);
    free(rows);
}

/* ---- running ---------------------------------------------------------------------------------------- */

struct tile {
    const uint32_t *order; /* of its n rows; empty lanes repeat the last */
    int64_t n, lanes;
};

#define MOVE_OF(REAL)                                                                                        \
    static void gather_##REAL(const struct tile *tile, int64_t elements, const struct kernel_rows_in *from,  \
                              REAL *to)                                                                      \
    {                                                                                                        \
        for (int64_t lane = 0; lane < tile->lanes; lane++) {                                                 \
            const double *row =                                                                              \
                from->first + tile->order[lane < tile->n ? lane : tile->n - 1] * from->stride;               \
            for (int64_t e = 0; e < elements; e++)                                                           \
                to[e * tile->lanes + lane] = (REAL)row[e];                                                   \
        }                                                                                                    \
    }                                                                                                        \
    static void scatter_##REAL(const struct tile *tile, const struct gpfc_port *port, const REAL *from,      \
                               const struct kernel_rows_out *to)                                             \
    {                                                                                                        \
        const bool same = port->role == GPFC_OUT_TOTAL;                                                      \
        for (int64_t lane = 0; lane < tile->n; lane++) {                                                     \
            double *row = to->first + tile->order[lane] * to->stride;                                        \
            for (int64_t e = 0; e < port->elements; e++)                                                     \
                row[e] = (double)from[same ? e : e * tile->lanes + lane];                                    \
        }                                                                                                    \
    }
MOVE_OF(float)
MOVE_OF(double)
#undef MOVE_OF

static void go_tile(const struct kernel_rows *rows, const struct room *room, const struct tile *tile,
                    const struct kernel_rows_in *in, const struct kernel_rows_out *out)
{
    const struct gpfc_kernel *kernel = rows->kernel;
    for (int i = 0; i < rows->n_in; i++) {
        const int port = rows->in_port[i];
        if (rows->real == sizeof(float))
            gather_float(tile, kernel->in[port].elements, &in[i], room->in_tile[port]);
        else
            gather_double(tile, kernel->in[port].elements, &in[i], room->in_tile[port]);
    }
    kernel->tile(room->in, room->out, rows->uniform, room->scratch, room->sums);
    for (int i = 0; i < rows->n_out; i++) {
        const int port = rows->out_port[i];
        if (out[i].first == NULL)
            continue;
        if (rows->real == sizeof(float))
            scatter_float(tile, &kernel->out[port], room->out[port], &out[i]);
        else
            scatter_double(tile, &kernel->out[port], room->out[port], &out[i]);
    }
}

void kernel_rows_go(const struct kernel_rows *rows, int thread, const uint32_t *order, int64_t n,
                    const struct kernel_rows_in *in, const struct kernel_rows_out *out)
{
    for (int64_t first = 0; first < n; first += rows->lanes) {
        const struct tile tile = {.order = order + first,
                                  .n = n - first < rows->lanes ? n - first : rows->lanes,
                                  .lanes = rows->lanes};
        go_tile(rows, &rows->rooms[thread], &tile, in, out);
    }
}
