/* SPDX-License-Identifier: MIT
 *
 * Share of the core's peak over dimensions and widths: what `make bench-sweep` measures. */
#ifndef GPFC_BENCH_SWEEP_H
#define GPFC_BENCH_SWEEP_H

#include "bench.h"

enum { SWEEP_WIDE = 32 /* hidden widths from here on must reach the minimum share */ };

struct sweep_cell {
    struct bench_case c;
    const char *row;         /* what differs from the grid: "midpoint", "50,50,50", ..; NULL: in the grid */
    double seconds;          /* of the kernel's call */
    double useful, executed; /* share of peak */
    double flop;             /* useful, a sample */
    bool measured;
};

struct sweep {
    int n;
    struct sweep_cell *cells;
};

/* All cells, none measured yet; quick: few of them. */
void sweep_cells(struct arena *arena, bool quick, struct sweep *out);
/* Drops all cells but those at these places, "d,width"; none: drops nothing. */
void sweep_keep(struct sweep *sweep, int n, const char *const *places);
/* The first worst of those that must reach the minimum share, in the grid or not; NULL: none was measured. */
const struct sweep_cell *sweep_worst(const struct sweep *sweep);
void sweep_table(const struct sweep *sweep, struct strbuf *out); /* Markdown */
/* SVG: a heat map for each field and precision */
void sweep_picture(const struct sweep *sweep, struct strbuf *out);

/* The widths and dimensions of the grid's cells, in order. */
int sweep_widths(const struct sweep *sweep, int *out, int room);
int sweep_dimensions(const struct sweep *sweep, int *out, int room);
const struct sweep_cell *sweep_find(const struct sweep *sweep, const char *field, enum real real, int d,
                                    int width);

/* Measures every cell; progress goes to standard error. After each cell `changed(data)` is called. */
bool sweep_run(struct sweep *sweep, double seconds, void (*changed)(void *data), void *data,
               struct fault *fault) MUST_CHECK;

#endif
