/* SPDX-License-Identifier: MIT
 *
 * Programs compiled and run in this process, with the interface of ir_eval, so that every case serves
 * both. */
#ifndef GPFC_TESTS_COMPILED_H
#define GPFC_TESTS_COMPILED_H

#include "check.h"
#include "drive/backend.h"

struct compiled_options {
    enum real real;
    const char *cpu;      /* NULL: this machine */
    int lanes;            /* 0: chosen */
    bool passes;          /* run the passes first */
    bool clocked;         /* it counts the time of its nests */
    const char *schedule; /* fields that differ from those chosen; NULL: none */
    bool poison;          /* fill scratch and uniform memory with NaN before every tile */
};

struct compiled;

/* check_main, with all cases once for each backend that makes code for processors: what is compiled
 * meanwhile, is by that. */
int compiled_main(const char *name, const struct check_case *cases, size_t n);
/* That one. */
const struct backend *compiled_backend(void);
/* Whether each program goes through a C compiler, or the build has the address sanitizer: either takes too
 * long for all that a test has. What a sanitizer finds, it finds in small programs too. */
bool compiled_is_slow(void);

/* Whether this machine runs what is compiled for that processor; NULL: itself. */
bool compiled_runs_here(const char *cpu);

/* C, compiled by $CC and loaded into this process until the arena ends; a handle for dlsym. NULL: *fault. */
void *compiled_open_c(struct arena *arena, const char *text, const char **fault);

/* NULL: *fault says why, an arena text. */
struct compiled *compiled_new(struct arena *arena, const struct ir_graph *graph,
                              const struct compiled_options *options, const char **fault);
int compiled_lanes(const struct compiled *compiled);
/* emit.h; NULL: it counts nothing */
const struct emit_clocks *compiled_clocks(const struct compiled *compiled);
const struct gpfc_kernel *compiled_kernel(const struct compiled *compiled); /* gone with it */

/* Whether sums over the batch would count the empty lanes of a tile, as no input "weight" keeps them out. */
bool compiled_takes_whole_tiles(const struct compiled *compiled);

/* As ir_eval: in[i], out[o] of the graph's inputs and outputs in double precision, varying ones
 * [batch][elements]. `batch` is a multiple of the lanes where whole tiles are taken. */
void compiled_run(const struct compiled *compiled, int batch, const double *const *in, double *const *out);

/* Both at once. */
bool compiled_eval(struct arena *arena, const struct ir_graph *graph, const struct compiled_options *options,
                   int batch, const double *const *in, double *const *out, const char **fault);

/* The same as the callback of bindings.h and oracle_cases.h; `options`: struct compiled_options. A fault is
 * printed. */
bool compiled_evaluate(void *options, const struct ir_graph *graph, int batch, const double *const *in,
                       double *const *out);

#endif
