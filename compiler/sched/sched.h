/* SPDX-License-Identifier: MIT
 *
 * A schedule: how a program is laid on a machine, as plain data. plan/ makes a plan by one; sched_choose,
 * sched_space and sched_cost find a good one. */
#ifndef GPFC_SCHED_H
#define GPFC_SCHED_H

#include "base/base.h"

/* what a backward pass finds stored; the rest it computes again. n above these: what saves n operations
 * for each element stored */
enum sched_keep {
    SCHED_KEEP_STATE, /* the state before each time step */
    SCHED_KEEP_ALL,   /* all it reads */
};

/* how tanh is computed, and the functions that it shares a core with: softplus and the logistic function */
enum sched_tanh {
    SCHED_TANH_DIVIDE, /* by a division */
    SCHED_TANH_NEWTON, /* by multiply-adds in its place */
    SCHED_TANHS,
};

/* of a sample's arrays with columns, as tangents have, in memory */
enum sched_layout {
    SCHED_LAYOUT_COLUMNS, /* [column][row][lane]: a column's rows lie side by side */
    SCHED_LAYOUT_ROWS,    /* [row][column][lane]: a row's columns do */
};

/* A CPU's part: each field is a row of sched_cpu_fields.def. */
struct sched_cpu {
    int vector;       /* elements of one vector register */
    int accumulators; /* registers that a contraction's block of results may take: rows * group */
    int group;        /* vectors of a tile's lanes that a nest computes at once, a power of two */
    int registers;    /* vector registers that hold sums and operands */
    int in_flight;    /* registers that an operand from memory takes: two where its vectors are loaded in
                         pairs */
    int unroll;       /* a nest of at most so many vector operations is unrolled whole */
    int sum_unroll;   /* of a contraction's innermost sum, steps that one round of its loop takes */
    int window;       /* vectors of operands that a sum over the batch has at hand while others go by */
    int partial;      /* a sum over the batch of at most so many elements keeps a vector of lanes for each of
                         them */
    int packed;       /* 1: a sum over the batch may have operands turned, so that vectors run along a row of
                         results */
    int tanh;         /* enum sched_tanh: decides what code is written, not how it is planned */
};

/* A GPU's part: each field is a row of sched_cuda_fields.def. */
struct sched_cuda {
    int threads;      /* of a block, which computes a tile */
    int shared;       /* KB of a block's shared memory that what is computed may take; where that is too
                         little, it lies in global memory */
    int leaves;       /* blocks at most: each adds up sums over the batch by itself */
    int accumulators; /* registers of a thread that a block of results may take */
    int resident;     /* that sums over the batch may take until all tiles are done */
};

/* How a program is laid on a machine: plain data, chosen by sched_choose or given. What every backend
 * has, each field a row of sched_fields.def, and the part of the backend that it is for, with a .def of
 * its own. */
struct schedule {
    int lanes;  /* samples of a tile, a power of two; on a CPU a multiple of vector */
    int keep;   /* enum sched_keep: decides how the program is built, not how it is planned */
    int layout; /* enum sched_layout */
    struct sched_cpu cpu;
    struct sched_cuda cuda;
};

/* Vectors that a nest over samples computes at once, and how often it does until it has all lanes. */
int sched_group(const struct schedule *schedule);
int sched_groups(const struct schedule *schedule);

/* What is known of the machine: bits of a vector register, number of vector registers. */
struct schedule sched_choose(int vector_bits, int registers, enum real real, int lanes_wanted);

#endif
