/* SPDX-License-Identifier: MIT
 *
 * From plans to machine code through LLVM's C API. Makes no decisions: what is computed where, in which
 * blocks, and what is stored where has been settled by sched/. LLVM's headers are not included from here. */
#ifndef GPFC_EMIT_H
#define GPFC_EMIT_H

#include "bundle/bundle.h"
#include "plan/plan.h"
#include "target/target.h"

/* What a kernel that counts keeps in the symbol "gpfc_clocks_NAME", for one thread at a time. A nest's time
 * begins where that of the nest before ends, so that little but a look at the clock is added to the kernel,
 * and all of its time is counted. */
struct emit_clock {
    const char *part; /* "before", "tile", "after" */
    const char *what; /* plan_nest_text */
    int64_t node;     /* plan_nest_node */
    double flop;      /* of a call, all lanes */
    int64_t ticks, calls;
};
struct emit_clocks {
    int64_t last;  /* what the clock said */
    int64_t begun; /* calls of before, tile, after */
    int64_t n;
    struct emit_clock nest[];
};

/* What LLVM knows of the machine at hand, and its own version: "LLVM 19.1.7". */
struct host emit_host(struct arena *arena);
const char *emit_toolchain(struct arena *arena);

struct emit_module; /* all of it belongs to the arena */

/* The nests of some kernels, each once that are equal but for the memory they work on, dealt out to n_parts
 * modules. Lasts as long as the arena; may be read in several threads. */
struct emit_nests;
const struct emit_nests *emit_nests_new(struct arena *arena, int n_kernels,
                                        const struct bundle_kernel *kernels, int n_parts);

/* One of several modules that are linked together; the first has the kernels and the bundle, and calls the
 * others' nests. */
struct emit_share {
    const struct emit_nests *nests;
    int part;
};

/* Builds the module of some kernels and, if bundle is not NULL, the symbol "gpfc_bundle"; without one, each
 * kernel's struct gpfc_kernel is a symbol "gpfc_kernel_<name>". share: what of it is built here; NULL: all.
 * Not optimised yet. Thread-safe, each call with its own arena. NULL: *fault says why. */
struct emit_module *emit_build(struct arena *arena, const struct target *target, enum real real,
                               int n_kernels, const struct bundle_kernel *kernels,
                               const struct emit_share *share, const struct bundle *bundle,
                               const char **fault) MUST_CHECK;
/* Of a module without a bundle: the symbols become "<prefix>_kernel_<name>", so that two such go into one
 * program. */
void emit_rename(struct arena *arena, struct emit_module *module, int n_kernels,
                 const struct bundle_kernel *kernels, const char *prefix);
bool emit_optimize(struct arena *arena, struct emit_module *module, const char **fault) MUST_CHECK;

/* As it is now: in LLVM's language; as assembly or an object file. */
const char *emit_text(struct arena *arena, const struct emit_module *module);
bool emit_assembly(struct arena *arena, const struct emit_module *module, const char **text, size_t *length,
                   const char **fault) MUST_CHECK;
bool emit_object(struct arena *arena, const struct emit_module *module, const char **bytes, size_t *length,
                 const char **fault) MUST_CHECK;

#endif
