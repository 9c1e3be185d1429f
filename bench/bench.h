/* SPDX-License-Identifier: MIT
 *
 * The program behind `make bench` and `make bench-sweep`: it makes a trainer's kernels of a case with the
 * compiler as a library, checks that they are right, then times them, in turns with others and with the
 * core's peak. */
#ifndef GPFC_BENCH_H
#define GPFC_BENCH_H

#include "base/base.h"
#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

/* ---- bench_case.c: what is measured -------------------------------------------------------------------- */

enum { BENCH_MOST_LAYERS = 4 };

struct bench_case {
    const char *name;
    int d, n_hidden, hidden[BENCH_MOST_LAYERS];
    const char *field;      /* gaussian, cube */
    const char *integrator; /* euler, midpoint, rk4 */
    const char *cost;       /* squared, l1 */
    int steps;
    int64_t batch;
    enum real real;
    bool euler;       /* the exact Euler penalty */
    bool apply;       /* only the trained map, no training step */
    const char *spec; /* a file, in place of all that is above but name and batch; NULL: none */
    bool base;        /* its base flow's training */
};

extern const struct bench_case bench_cases[];
extern const int bench_case_count;

/* The case's kernel, in the bundle of its half. */
const char *bench_kernel_name(const struct bench_case *c);

const char *bench_precision(enum real real); /* as a spec says it */
const char *bench_spec_text(struct arena *arena, const struct bench_case *c);
/* "50,50,50" */
const char *bench_hidden_text(struct arena *arena, const struct bench_case *c);

/* The program of the case's kernel before the passes, with everything kept; NULL: a fault. */
struct ir_graph *bench_program(struct arena *arena, const struct bench_case *c,
                               struct fault *fault) MUST_CHECK;

/* What a sample costs by the table of operations. useful: with everything kept that the backward pass reads,
 * so that nothing is computed twice; contractions: of these, 2 for each product that is added up over
 * something, as in products of matrices. */
struct bench_flop {
    double useful, contractions;
};
bool bench_flop(struct arena *arena, const struct bench_case *c, struct bench_flop *out,
                struct fault *fault) MUST_CHECK;

/* ---- bench_load.c: kernels in this process ------------------------------------------------------------- */

enum bench_backend { BENCH_LLVM, BENCH_CLOCKED, BENCH_C };

struct bench_kernels {                /* belongs to the arena */
    const struct gpfc_bundle *bundle; /* the base flow's, of a case that is one */
    struct emit_clocks *clocks;       /* of BENCH_CLOCKED */
    double compile_seconds;           /* gpfc itself, without the linker */
    char cpu[64];
};

/* Compiles the case's spec, links it and opens it. BENCH_CLOCKED: its kernel counts the time of its nests.
 * BENCH_C: `--emit=c`, by the C compiler with vectors and fused products, at -O2: at -O3 gcc and clang take
 * minutes for these programs and gain little. */
bool bench_load(struct arena *arena, const struct bench_case *c, enum bench_backend backend,
                struct bench_kernels *out, struct fault *fault) MUST_CHECK;

/* ---- bench_data.c: weights and rows -------------------------------------------------------------------- */

struct bench_data {
    void *theta, *x, *y;         /* in the kernels' precision; rows are [n][d] */
    double *theta64, *x64, *y64; /* the same numbers */
    int64_t rows;
};
void bench_data_make(struct arena *arena, const struct gpfc_bundle *bundle, int64_t rows,
                     struct bench_data *out);

/* ---- bench_check.c: the answer ------------------------------------------------------------------------- */

/* Runs the case's kernel on a few rows, and the interpreter on the same. *gap: the largest difference of an
 * output, relative to the largest number in it. Fault: it is past what the precision allows. */
bool bench_check(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                 double *gap, struct fault *fault) MUST_CHECK;

/* The cost and the length of its gradient at given weights and rows, the same for any backend and
 * precision. */
struct bench_print {
    double cost, gradient;
};
bool bench_print(struct arena *arena, const struct gpfc_bundle *bundle, int64_t rows, struct bench_print *out,
                 struct fault *fault) MUST_CHECK;

/* Writes weights, then x and y, then the penalty's noise of some rows as one array, [n][1] in double
 * precision, and returns what they compute, with a penalty of weight 0.1 where the case has one. */
bool bench_numbers(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                   const char *path, struct bench_print *out, struct fault *fault) MUST_CHECK;

/* ---- bench_time.c: the time ---------------------------------------------------------------------------- */

struct bench_runner; /* belongs to the arena */

/* Whole training steps (rows gathered, noise, kernels, optimiser); of `apply`, all rows of a batch.
 * kernel_alone: the training kernel without gathering and optimiser. One thread. */
bool bench_runner_new(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                      bool kernel_alone, struct bench_runner **out, struct fault *fault) MUST_CHECK;

/* One step, in the processor's seconds. */
bool bench_run_once(struct bench_runner *runner, double *seconds, struct fault *fault) MUST_CHECK;

struct bench_contender {
    struct bench_runner *runner;
    double least, median; /* seconds */
    int64_t count;
    double *all;
};

/* Contenders and the peak take turns until `seconds` are over, each at least twice. Seconds are the
 * processor's, so a step that waited for its core is not counted as longer. */
bool bench_measure(int n, struct bench_contender *contenders, int precision, double seconds, double *peak,
                   struct fault *fault) MUST_CHECK;

/* ---- bench_peer.c: other programs ---------------------------------------------------------------------- */

enum { BENCH_MOST_PEERS = 4 };

struct bench_peer {
    const char *name, *command;
    const char *numbers;       /* path of bench_numbers, */
    struct bench_print wanted; /* and what it said */
    bool is_checked;           /* there are some */
};

/* Runs a command of the shell, in which {d} {hidden} {steps} {batch} {field} {penalty} {mode} {precision}
 * {seconds} {numbers} stand for the case's. Its last line of output is a JSON object with "least_s" (or
 * "step_s"), the seconds of a step, and, if it can, the "cost" and the length of its "gradient" at the
 * numbers; a fault where these are others. */
bool bench_peer(struct arena *arena, const struct bench_case *c, const struct bench_peer *peer,
                double seconds, double *least, struct fault *fault) MUST_CHECK;

/* ---- bench_history.c: figures that stay ---------------------------------------------------------------- */

struct bench_figures {
    const struct bench_case *c;
    double gap;                            /* of the check */
    double least, median, peak;            /* seconds, seconds, FLOP a second */
    double executed, useful, contractions; /* FLOP of all samples of a step */
    double compile_seconds;
    double plain_c; /* seconds; 0: not measured */
    int n_peers;
    const char *peer_name[BENCH_MOST_PEERS];
    double peer[BENCH_MOST_PEERS]; /* seconds; 0: not measured */
    const char *cpu;
};
bool bench_history_add(struct arena *arena, const char *path, const struct bench_figures *f,
                       struct fault *fault) MUST_CHECK;

/* ---- bench_picture.c ----------------------------------------------------------------------------------- */

/* The file of the history as an SVG. */
bool bench_picture(struct arena *arena, const char *history, const char *path,
                   struct fault *fault) MUST_CHECK;

#endif
