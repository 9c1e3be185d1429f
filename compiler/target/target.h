/* SPDX-License-Identifier: MIT
 *
 * The target: takes the name of a processor and what a code generator knows about the machine at hand, gives
 * all that is known about the processor: what its vectors can do and what a core does in a cycle. Knows no
 * programs and no code generator. */
#ifndef GPFC_TARGET_H
#define GPFC_TARGET_H

#include "target/machine.h"

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
    char name[64];        /* as code generators know it: "znver3" */
    const char *features; /* for them; "" where the name says all. "+avx2,-avx512f,..." for the host */
    char triple[128];     /* "x86_64-pc-linux-gnu" */
    enum target_family family;
    int vector_bits; /* of one register: 512, 256 or 128 */
    int registers;   /* vector registers: 32 or 16 */
    bool has_fma;
    bool has_avx512; /* F, DQ, BW and VL */
    bool has_bfloat; /* AVX512-BF16: sums of two products of bfloat16 numbers */
};

enum target_kind { TARGET_PROCESSOR };

struct target {
    enum target_kind kind;
    char name[64];
    bool is_host; /* code for it runs on this machine, as far as its vectors go */
    /* of a processor */
    struct target_cpu cpu;
    struct machine machine;
};

/* `name`: a row of target_cpu.def, or "native" (NULL: the same) for this machine and exactly its features.
 * False: the name is unknown; *fault says so and names one that is near, or else all. */
bool target_find(struct arena *arena, const struct host *host, const char *name, struct target *out,
                 const char **fault) MUST_CHECK;

/* The features that the runtime asks the machine for before it runs the code: "+avx2,+fma". */
const char *target_needs(const struct target *target);

#endif
