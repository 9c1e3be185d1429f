/* SPDX-License-Identifier: MIT
 *
 * What turns kernels into code, one row each (backend_list.def): what it makes, whether its programs are
 * planned, how it builds, prints and loads. Callers ask for the kind of code they need, and never name a code
 * generator. */
#ifndef GPFC_BACKEND_H
#define GPFC_BACKEND_H

#include "bundle/bundle.h"
#include "gpfc.h"
#include "plan/plan.h"
#include "sched/sched_space.h"
#include "target/target.h"

struct backend_task { /* what code is made of */
    const struct target *target;
    enum real real;
    int lanes; /* samples of a tile */
    int n_kernels;
    const struct bundle_kernel *kernels; /* with plans, where the backend plans */
    const struct bundle *bundle;         /* becomes the symbol "gpfc_bundle"; NULL: each kernel is a symbol
                                            "<prefix>_kernel_<name>" */
    const char *prefix;                  /* NULL: "gpfc" */
};

struct backend_deal; /* of the work to several pieces of code that are linked together */
struct backend_code; /* being made; belongs to its arena */
struct backend_loaded;

struct backend_bytes {
    const char *bytes; /* NULL: none */
    size_t length;
};

/* How programs are planned for a kind of target: its schedules (sched_space.h), what they cost, and the plan
 * by one of them. Nobody else looks at what only a target of that kind has. */
struct planner {
    struct schedule (*first)(const struct target *target, enum real real);
    int (*space)(const struct target *target, enum real real, enum sched_extent extent, struct schedule *out,
                 int room);
    bool (*check)(struct arena *arena, const struct schedule *schedule, const struct target *target,
                  enum real real, const char **fault);
    /* NULL: *fault. */
    struct plan *(*plan)(struct arena *arena, const struct ir_graph *graph, struct schedule schedule,
                         const char **fault);
    double (*cost)(const struct plan *plan, const struct target *target, enum real real); /* s of a tile */
    /* Why products of bfloat16 numbers are no faster than those of floats, after the target's name; NULL:
     * they are. */
    const char *(*bfloat_fault)(const struct target *target);
};

struct backend {
    const char *name;
    unsigned makes;     /* sum of 1 << enum gpfc_emit */
    bool any_processor; /* what it makes knows nothing of the target */
    /* What it knows of the machine at hand; NULL: nothing. */
    struct host (*host)(struct arena *arena);
    /* Name and version of what it works with; two that are equal make the same code. */
    const char *(*toolchain)(struct arena *arena);
    const struct planner *planner; /* NULL: it takes programs as they are */
    /* NULL: all is built as one. */
    const struct backend_deal *(*deal)(struct arena *arena, const struct backend_task *task, int n_pieces);
    /* All of it (deal NULL), or a piece; not optimised. In any thread, each with an arena of its own. */
    struct backend_code *(*build)(struct arena *arena, const struct backend_task *task,
                                  const struct backend_deal *deal, int piece, const char **fault);
    bool (*optimize)(struct arena *arena, struct backend_code *code, const char **fault); /* NULL: no need */
    /* One of those that it makes, as the code is now. */
    bool (*print)(struct arena *arena, const struct backend_code *code, enum gpfc_emit kind,
                  struct backend_bytes *out, const char **fault);
    /* An object into this process, until the arena ends, and what a symbol of it stands for. NULL: cannot. */
    struct backend_loaded *(*load)(struct arena *arena, const struct backend_bytes *object,
                                   const char **fault);
    const void *(*symbol)(struct arena *arena, const struct backend_loaded *loaded, const char *name,
                          const char **fault);
};

/* ---- backend.c ----------------------------------------------------------------------------------------- */

enum {
#define BACKEND(name) BACKEND_##name,
#include "drive/backend_list.def"
    BACKENDS
};
extern const struct backend *const backend_list[BACKENDS];

bool backend_makes(const struct backend *backend, enum gpfc_emit kind);
/* That makes this kind; for what needs no code, the first. */
const struct backend *backend_for(enum gpfc_emit kind);
/* That makes objects which run in this process. */
const struct backend *backend_in_process(void);

/* Its own, or, of one that takes programs as they are, that of the machine at hand. */
const struct planner *backend_planner(const struct backend *backend);

/* The target of this name, by what a backend knows of the machine at hand; otherwise as target_find. */
bool backend_target(struct arena *arena, const char *name, struct target *out, const char **fault) MUST_CHECK;

/* Built, optimised and printed. What is printed belongs to `arena`, all else to `work`, which may be the
 * same. */
bool backend_make(const struct backend *backend, struct arena *work, struct arena *arena,
                  const struct backend_task *task, const struct backend_deal *deal, int piece,
                  enum gpfc_emit kind, struct backend_bytes *out, const char **fault) MUST_CHECK;

/* One kernel, from its plan to where it can be called until the arena ends. NULL: *fault. */
const struct gpfc_kernel *backend_load(struct arena *work, struct arena *arena, const struct target *target,
                                       enum real real, const struct plan *plan,
                                       const char **fault) MUST_CHECK;

#endif
