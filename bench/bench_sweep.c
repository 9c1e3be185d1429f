/* SPDX-License-Identifier: MIT */
#include "bench_sweep.h"

#include "kernels/bundle.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int all_dimensions[] = {2, 3, 5, 8, 10, 16, 24, 32, 48, 64};
static const int all_widths[] = {8, 15, 16, 24, 32, 33, 48, 50, 64, 96, 100, 128};
static const int few_dimensions[] = {2, 5, 10, 32, 64};
static const int few_widths[] = {15, 32, 33, 50, 100};
static const char *const fields[] = {"gaussian", "cube"};

enum { MOST_CELLS = 1024, TIME_STEPS = 15, LEAST_ROWS = 64, MOST_ROWS = 1024, CHECK_ROWS = 5 };
static const double least_share = 0.5;
static const double call_flop = 4e9; /* nominal FLOP of one call: some 50 ms */

/* ---- cells --------------------------------------------------------------------------------------------- */

static struct sweep_cell *add_cell(struct sweep *sweep, int d, int n_hidden, int width, const char *row)
{
    struct sweep_cell *cell = &sweep->cells[sweep->n++];
    *cell = (struct sweep_cell){.row = row};
    cell->c = (struct bench_case){.name = "sweep",
                                  .d = d,
                                  .n_hidden = n_hidden,
                                  .field = "gaussian",
                                  .integrator = "rk4",
                                  .cost = "squared",
                                  .steps = TIME_STEPS,
                                  .batch = MOST_ROWS,
                                  .real = REAL_4};
    for (int i = 0; i < n_hidden; i++)
        cell->c.hidden[i] = width;
    return cell;
}

static void add_grid(struct sweep *sweep, const char *field, enum real real, bool quick)
{
    const int n_d = quick ? sizeof few_dimensions / sizeof(int) : sizeof all_dimensions / sizeof(int);
    const int n_width = quick ? sizeof few_widths / sizeof(int) : sizeof all_widths / sizeof(int);
    for (int i = 0; i < n_d; i++)
        for (int k = 0; k < n_width; k++) {
            struct sweep_cell *cell = add_cell(sweep, quick ? few_dimensions[i] : all_dimensions[i], 2,
                                               quick ? few_widths[k] : all_widths[k], NULL);
            cell->c.field = field;
            cell->c.real = real;
        }
}

/* One thing changed at a time, at the widths of the tables. */
static void add_others(struct sweep *sweep, int d, int width)
{
    add_cell(sweep, d, 3, width, "three layers");
    add_cell(sweep, d, 1, width, "one layer");
    add_cell(sweep, d, 2, width, "euler")->c.integrator = "euler";
    add_cell(sweep, d, 2, width, "midpoint")->c.integrator = "midpoint";
    add_cell(sweep, d, 2, width, "l1")->c.cost = "l1";
    add_cell(sweep, d, 2, width, "Euler penalty")->c.euler = true;
    struct sweep_cell *cell = add_cell(sweep, d, 2, width, "cube, Euler penalty");
    cell->c.field = "cube";
    cell->c.euler = true;
    cell = add_cell(sweep, d, 2, width, "double, Euler penalty");
    cell->c.real = REAL_8;
    cell->c.euler = true;
}

void sweep_keep(struct sweep *sweep, int n, const char *const *places)
{
    int kept = 0;
    for (int i = 0; i < sweep->n; i++) {
        char place[32];
        bool wanted = n == 0;
        (void)snprintf(place, sizeof place, "%d,%d", sweep->cells[i].c.d, sweep->cells[i].c.hidden[0]);
        for (int k = 0; k < n; k++)
            wanted |= strcmp(places[k], place) == 0;
        if (wanted)
            sweep->cells[kept++] = sweep->cells[i];
    }
    sweep->n = kept;
}

void sweep_cells(struct arena *arena, bool quick, struct sweep *out)
{
    *out = (struct sweep){.cells = ARENA_ARRAY(arena, struct sweep_cell, MOST_CELLS)};
    add_others(out, 2, 15);
    add_others(out, 10, 50);
    add_others(out, 32, 64);
    for (int i = 0; i < 2; i++)
        add_grid(out, fields[i], REAL_4, quick);
    for (int i = 0; i < 2; i++)
        add_grid(out, fields[i], REAL_8, true); /* double precision falls off where single does: few
                                                 cells show it */
}

/* ---- measuring ----------------------------------------------------------------------------------------- */

/* So many rows that a call takes a while, and whole tiles. */
static int64_t rows_for(double flop)
{
    int64_t rows = (int64_t)(call_flop / flop) / LEAST_ROWS * LEAST_ROWS;
    return rows < LEAST_ROWS ? LEAST_ROWS : rows > MOST_ROWS ? MOST_ROWS : rows;
}

static bool measure(struct arena *arena, struct sweep_cell *cell, double seconds, struct bench_print *print,
                    struct fault *fault)
{
    struct bench_kernels kernels;
    struct bench_contender contender = {.least = 0};
    struct bench_flop flop;
    double peak;
    if (!bench_flop(arena, &cell->c, &flop, fault) ||
        !bench_load(arena, &cell->c, BENCH_LLVM, &kernels, fault))
        return false;
    cell->c.batch = rows_for(flop.useful);
    if (!bench_print(arena, kernels.bundle, CHECK_ROWS, print, fault) ||
        !bench_runner_new(arena, &cell->c, kernels.bundle, true, &contender.runner, fault) ||
        !bench_measure(1, &contender, (int)kernels.bundle->precision, seconds, &peak, fault))
        return false;
    const double rows = (double)cell->c.batch, rate = contender.least * peak;
    cell->seconds = contender.least;
    cell->flop = flop.useful;
    cell->useful = flop.useful * rows / rate;
    cell->executed = bundle_kernel(kernels.bundle, "train")->flop_per_sample * rows / rate;
    cell->measured = true;
    return true;
}

/* Both precisions of a cell give the same cost and gradient. */
static bool compare(const struct sweep *sweep, const struct bench_print *prints, int i, struct fault *fault)
{
    const struct sweep_cell *cell = &sweep->cells[i];
    const enum real real = cell->c.real == REAL_8 ? REAL_4 : REAL_8;
    const struct sweep_cell *other =
        cell->row ? NULL : sweep_find(sweep, cell->c.field, real, cell->c.d, cell->c.hidden[0]);
    if (!other || !other->measured)
        return true;
    const struct bench_print a = prints[i], b = prints[other - sweep->cells];
    const double gap = fmax(fabs(a.cost / b.cost - 1), fabs(a.gradient / b.gradient - 1));
    return gap < 1e-3 ||
           fault_set(fault, FAULT_SYSTEM, "%s, d = %d, width %d: single and double differ by %.2g",
                     cell->c.field, cell->c.d, cell->c.hidden[0], gap);
}

static bool measure_apart(struct sweep_cell *cell, double seconds, struct bench_print *print,
                          struct fault *fault)
{
    jmp_buf no_memory;
    struct arena *arena = arena_new();
    volatile bool good = false;
    if (!arena)
        return fault_set(fault, FAULT_SYSTEM, "out of memory");
    if (!setjmp(no_memory)) {
        arena_on_failure(arena, &no_memory);
        good = measure(arena, cell, seconds, print, fault);
    } else {
        (void)fault_set(fault, FAULT_SYSTEM, "out of memory");
    }
    arena_free(arena);
    return good;
}

static void report(const struct sweep *sweep, int i)
{
    const struct sweep_cell *cell = &sweep->cells[i];
    (void)fprintf(stderr, "%d of %d: %s, %s, d = %d, %d x %d%s%s: %.0f %% of peak (%.0f %% executed)\n",
                  i + 1, sweep->n, cell->c.field, bench_precision(cell->c.real), cell->c.d, cell->c.n_hidden,
                  cell->c.hidden[0], cell->row ? ", " : "", cell->row ? cell->row : "", 100 * cell->useful,
                  100 * cell->executed);
}

/* A low share may be the machine's, not the kernel's: such a cell is measured once more, and the better one
 * holds. */
static bool measure_again(struct sweep_cell *cell, double seconds, struct bench_print *print,
                          struct fault *fault)
{
    struct sweep_cell again = *cell;
    if (cell->useful >= least_share)
        return true;
    if (!measure_apart(&again, 3 * seconds, print, fault))
        return false;
    if (again.useful > cell->useful)
        *cell = again;
    return true;
}

bool sweep_run(struct sweep *sweep, double seconds, void (*changed)(void *data), void *data,
               struct fault *fault)
{
    struct bench_print *prints = calloc((size_t)sweep->n, sizeof *prints);
    bool good = prints || fault_memory(fault, (size_t)sweep->n * sizeof *prints, "the sweep");
    for (int i = 0; good && i < sweep->n; i++) {
        good = measure_apart(&sweep->cells[i], seconds, &prints[i], fault) &&
               measure_again(&sweep->cells[i], seconds, &prints[i], fault) &&
               compare(sweep, prints, i, fault);
        if (good)
            report(sweep, i);
        if (good && changed)
            changed(data);
    }
    free(prints);
    return good;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

const struct sweep_cell *sweep_find(const struct sweep *sweep, const char *field, enum real real, int d,
                                    int width)
{
    for (int i = 0; i < sweep->n; i++) {
        const struct sweep_cell *cell = &sweep->cells[i];
        if (!cell->row && cell->c.d == d && cell->c.hidden[0] == width && cell->c.real == real &&
            strcmp(cell->c.field, field) == 0)
            return cell;
    }
    return NULL;
}

const struct sweep_cell *sweep_worst(const struct sweep *sweep)
{
    const struct sweep_cell *worst = NULL;
    for (int i = 0; i < sweep->n; i++) {
        const struct sweep_cell *cell = &sweep->cells[i];
        if (cell->measured && cell->c.hidden[0] >= SWEEP_WIDE && (!worst || cell->useful < worst->useful))
            worst = cell;
    }
    return worst;
}

static int add_sorted(int *out, int n, int room, int value)
{
    int at = 0;
    while (at < n && out[at] < value)
        at++;
    if ((at < n && out[at] == value) || n == room)
        return n;
    memmove(out + at + 1, out + at, (size_t)(n - at) * sizeof *out);
    out[at] = value;
    return n + 1;
}

int sweep_widths(const struct sweep *sweep, int *out, int room)
{
    int n = 0;
    for (int i = 0; i < sweep->n; i++)
        if (!sweep->cells[i].row)
            n = add_sorted(out, n, room, sweep->cells[i].c.hidden[0]);
    return n;
}

int sweep_dimensions(const struct sweep *sweep, int *out, int room)
{
    int n = 0;
    for (int i = 0; i < sweep->n; i++)
        if (!sweep->cells[i].row)
            n = add_sorted(out, n, room, sweep->cells[i].c.d);
    return n;
}
