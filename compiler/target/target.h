/* SPDX-License-Identifier: MIT
 *
 * The target: takes the name of a processor and what a code generator knows about the machine at hand, gives
 * all that is known about the processor: what its vectors can do and what a core does in a cycle. Knows no
 * programs and no code generator. */
#ifndef GPFC_TARGET_H
#define GPFC_TARGET_H

#include "target/machine.h"

#include <assert.h>

/* The machine at hand, in the words of a code generator. */
struct host {
    const char *triple;   /* "x86_64-pc-linux-gnu" */
    const char *name;     /* "znver3" */
    const char *features; /* "+avx2,-avx512f,.." */
    unsigned release;     /* of the generator, by which it knows the table's rows */
};

enum target_family {
#define FAMILY(name, ...) TARGET_##name,
#include "target/target_cpu.def"
    TARGET_FAMILY_COUNT
};

struct target_cpu {
    char triple[128]; /* "x86_64-pc-linux-gnu" */
    enum target_family family;
    bool has_bfloat;        /* AVX512-BF16: sums of two products of bfloat16 numbers */
    struct machine machine; /* its vectors, and what a core does in a cycle */
};

enum target_kind { TARGET_CPU };

struct target {
    enum target_kind kind;
    char name[64];        /* as code generators know it: "znver3" */
    const char *features; /* for them; "" where the name says all. "+avx2,-avx512f,..." for the host */
    bool is_host;         /* code for it runs on this machine, as far as its vectors go */
    union {               /* by kind */
        struct target_cpu cpu;
    };
};

/* The CPU that it is known to be. */
static inline const struct target_cpu *target_cpu(const struct target *target)
{
    assert(target->kind == TARGET_CPU);
    return &target->cpu;
}

/* `name`: a row of target_cpu.def, or "native" (NULL: the same) for this machine and exactly its features.
 * False: the name is unknown; *fault says so and names one that is near, or else all. */
bool target_find(struct arena *arena, const struct host *host, const char *name, struct target *out,
                 const char **fault) MUST_CHECK;

/* The features that the runtime asks the machine for before it runs the code: "+avx2,+fma". */
const char *target_needs(const struct target *target);

#endif
