/* SPDX-License-Identifier: MIT
 *
 * What is known of the processor that kernels are compiled for: plain data, from a table of processors and,
 * for the machine at hand, from what it says of its caches. Nothing is measured, so that the same processor
 * gets the same answer whenever it is asked, and other processors get one without being there. Knows no
 * programs and no code generator. */
#ifndef GPFC_MACHINE_H
#define GPFC_MACHINE_H

#include "base/base.h"

struct machine {
    char name[64];   /* as LLVM knows it: "znver3" */
    bool is_known;   /* has a row of its own in the table */
    int vector_bits; /* of one vector register: 512, 256 or 128 */
    int registers;   /* vector registers */
    bool has_fma;
    double hertz; /* of a core at such work, about */
    /* of a core, in a cycle, on full vectors */
    double multiply_adds; /* fused or, where there are none, pairs of a multiplication and an addition */
    double pairs; /* sums of two products of bfloat16 numbers; 0: it has none, or nothing is known of them */
    double loads, stores;
    double shuffles;
    double issue;  /* operations of any kind */
    int latency;   /* cycles from one multiply-add to the next that needs it */
    int window;    /* operations among which a core looks for work */
    double divide; /* cycles of a division of vectors of float, when divisions follow each other */
    /* memory */
    long l1_bytes, l2_bytes;                             /* of a core */
    long l3_bytes;                                       /* of all cores that share it, */
    int l3_cores;                                        /* so many; without a third level it is the second */
    double l2_bandwidth, l3_bandwidth, memory_bandwidth; /* bytes a cycle, of one core while the others work
                                                            too */
};

/* What target_cpu_find knows of a processor, and the rest of it. native: it is the machine at hand. Without a
 * row for `name`, what its vectors are like decides. */
void machine_find(struct machine *out, const char *name, int vector_bits, int registers, bool has_fma,
                  bool native);

/* Bytes of the third level that a core may count on: half of the cores are taken to work at the same time. */
long machine_l3_share(const struct machine *machine);

#endif
