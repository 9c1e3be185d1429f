/* SPDX-License-Identifier: MIT
 *
 * What a processor's core does in a cycle, for the cost model: plain data from a table of processors and, for
 * the machine at hand, from the caches that it reports. Nothing is measured, so the answer for a processor is
 * always the same, and can be had for processors that are not at hand. */
#ifndef GPFC_MACHINE_H
#define GPFC_MACHINE_H

#include "base/base.h"

struct machine {
    char name[64];   /* as LLVM knows it: "znver3" */
    bool is_known;   /* has numbers of its own in the table */
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

/* The numbers of a row of target_cpu.def. */
struct machine_model {
    double gigahertz, multiply_adds, loads, stores, shuffles, issue;
    int latency, window;
    double divide;
    long l1, l2, l3; /* KiB */
    int l3_cores;
    double l2_bandwidth, l3_bandwidth, memory_bandwidth;
    double pairs;
};

/* Without what is known of its registers. */
struct machine machine_from_model(const struct machine_model *model);

/* Bytes of the third level that a core may count on: half of the cores are taken to work at the same time. */
long machine_l3_share(const struct machine *machine);

#endif
