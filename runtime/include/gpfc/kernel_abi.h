/* SPDX-License-Identifier: MIT
 *
 * The interface between compiled kernels and the runtime: the only header that both halves share. Every field
 * is eight bytes wide, so that a code generator can write these structures without knowing a compiler's
 * padding rules.
 *
 * REAL below is float or double, as bundle.precision says. A tile is `lanes` samples; an array of a tile is
 * laid out [elements][lanes], lane fastest, and aligned to GPFC_ALIGNMENT. Arrays of uniform values are
 * row-major. */
#ifndef GPFC_KERNEL_ABI_H
#define GPFC_KERNEL_ABI_H

#include <stdint.h>

/* clang-format off */

#define GPFC_ABI_VERSION 7
#define GPFC_ALIGNMENT 64 /* bytes */
#define GPFC_MAX_RANK 6
#define GPFC_MAX_PORTS 1024 /* inputs or outputs of one kernel */

enum gpfc_role {         /* of a kernel's input or output */
    GPFC_IN_PARAMETER,   /* uniform  REAL [elements]          trained array, named as in bundle.parameters */
    GPFC_IN_SETTING,     /* uniform  REAL [elements]          number(s) given by the caller: "lambda", "t" */
    GPFC_IN_SAMPLE,      /* varying  REAL [elements][lanes]   data: "x", "y", "weight" */
    GPFC_IN_NOISE,       /* varying  REAL [elements][lanes]   standard normal numbers, drawn per sample */
    GPFC_IN_NOISE_STEP,  /* uniform  REAL [elements]          standard normal numbers, drawn once a step */
    GPFC_OUT_SAMPLE,     /* varying  REAL [elements][lanes]   written by tile() */
    GPFC_OUT_TOTAL       /* uniform  REAL [elements]          summed over the batch; written by after() */
};

struct gpfc_port {
    const char *name;
    int64_t role;     /* enum gpfc_role */
    int64_t elements; /* product of shape; 1 for a scalar */
    int64_t rank;
    int64_t shape[GPFC_MAX_RANK];
};

struct gpfc_cuda_image {  /* code of a kernel for GPUs, as NVRTC makes it */
    int64_t architecture; /* 90: sm_90, for capability 9.0 and later ones of the same major number */
    int64_t is_ptx;       /* 1: PTX, which the driver compiles, for that capability and all later ones */
    int64_t bytes;
    const char *code;
};

/* A kernel as CUDA C++. The text defines four functions, NAME being `name`, that have one parameter each:
 * eight-byte fields without padding,
 *   in[n_in], out[n_out]   device addresses by port; of a varying one [tiles][elements][lanes]
 *   uniform                device address of uniform_bytes
 *   room                   device address of room_bytes for each block of NAME_tile
 *   sums                   device address of REAL [blocks][sum_elements]
 *   tiles, blocks          integers: tiles of the launch; blocks of NAME_tile, which divide them: block b has
 *                          the tiles / blocks tiles from b * tiles / blocks on; at most `leaves`
 * They are launched one after another with `threads` threads a block:
 *   NAME_before   one block                               uniform inputs -> uniform
 *   NAME_tile     `blocks` blocks, with shared_bytes      its tiles' outputs, and its row of sums, written
 *   NAME_sum      sum_elements / threads blocks, upwards  adds all rows of sums to the first, as a tree
 *   NAME_after    one block                               uniform outputs, from the first row of sums
 * NAME_sum is left out where sum_elements is 0. NAME_tile may be launched several times, each time for the
 * next tiles, blocks and rows of sums; NAME_sum and NAME_after then get the tiles and blocks of all of them.
 * Bits of results depend on what tiles a block has, on nothing else. Tiles past the call's last one have
 * weight 0. */
struct gpfc_cuda_kernel {
    const char *name;     /* "train", of a base flow "base_train" */
    const char *schedule; /* "lanes=8 threads=256 .." */
    int64_t lanes;        /* samples of a tile */
    int64_t threads;      /* of a block */
    int64_t leaves;       /* most blocks of NAME_tile that take part in sums */
    int64_t uniform_bytes, room_bytes, shared_bytes;
    int64_t sum_elements; /* REALs */
    const char *text;     /* CUDA C++, for NVRTC with --std=c++17 --fmad=false */
    int64_t n_images;
    const struct gpfc_cuda_image *images;
};

/* One kernel is called in three parts:
 *   before(in, uniform)                     once: everything that depends only on uniform inputs
 *   tile(in, out, uniform, scratch, sums)   for each tile; adds its part to sums, so sums must start as zeros
 *   after(in, out, uniform, sums)           once: uniform outputs, from sums added up over all tiles
 * in[i] and out[i] follow the ports; before and after access uniform ports only, tile all inputs and varying
 * outputs. The caller adds up the sums of several tiles, elementwise and in any order. Thread-safe: nothing
 * is static; tile only reads `uniform`, and every thread brings its own scratch and sums. */
struct gpfc_kernel {
    const char *name;         /* "train", "apply", ... */
    int64_t n_in, n_out;
    const struct gpfc_port *in, *out;
    int64_t uniform_bytes;    /* written by before() */
    int64_t scratch_bytes;    /* of one thread */
    int64_t sum_elements;     /* REALs */
    double flop_per_sample;   /* nominal, from ops.def; loops multiplied out */
    double useful_flop_per_sample; /* the same if nothing had to be recomputed in the backward pass */
    void (*before)(const void *const *in, void *uniform);
    void (*tile)(const void *const *in, void *const *out, const void *uniform, void *scratch, void *sums);
    void (*after)(const void *const *in, void *const *out, const void *uniform, const void *sums);
    const struct gpfc_cuda_kernel *cuda; /* the same kernel for GPUs; NULL: none */
};

enum gpfc_init {           /* a parameter's initial values; a is gpfc_parameter.spread */
    GPFC_INIT_HIDDEN,      /* normal, standard deviation train.init_hidden, or 1/sqrt(fan_in) if that is 0 */
    GPFC_INIT_LAST,        /* normal, standard deviation train.init_last */
    GPFC_INIT_UNIFORM,     /* uniform on -a .. a */
    GPFC_INIT_NORMAL,      /* normal, standard deviation a */
    GPFC_INIT_CONSTANT,    /* a */
    GPFC_INIT_LOG_UNIFORM, /* log of uniform on 0 .. 1 */
    GPFC_INIT_TRIANGULAR   /* [out, in] as d x d blocks: block row i uniform on -b .. b in its columns 0 .. i,
                              with b = sqrt(6 / ((i + 1) in / d + out / d)), 0 above the diagonal */
};

struct gpfc_parameter {   /* a trained array; `theta` contains all of them one after another */
    const char *name;     /* "flow.layer0.weight" */
    int64_t offset;       /* REALs, into theta */
    int64_t rank;         /* 1 or 2 */
    int64_t shape[2];     /* [out, in] or [out, 0] */
    int64_t fan_in;       /* inputs of the layer */
    int64_t init;         /* enum gpfc_init */
    double spread;        /* a of it */
};

enum gpfc_decides {          /* what a setting belongs to: bits */
    GPFC_DECIDES_FLOW = 1,   /* specs that differ in it have different flows */
    GPFC_DECIDES_BASE = 2,   /* different base flows */
    GPFC_DECIDES_STEPS = 4   /* it is the flow's number of time steps, or "auto" */
};

struct gpfc_setting {     /* every key of the spec with its value, defaults filled in */
    const char *key;      /* "train.rate" */
    const char *text;     /* as text, always: "0.005", "gaussian", "[15, 15]" */
    double number;        /* for numbers and for booleans (0, 1); 0 otherwise */
    int64_t decides;      /* enum gpfc_decides */
};

struct gpfc_bundle {
    int64_t abi_version;  /* GPFC_ABI_VERSION */
    const char *name;     /* of the spec */
    const char *version;  /* of gpfc */
    const char *description; /* "gaussian, folded, 2 -> 15 15 -> 1, tanh, rk4 x 15" */
    const char *cpu;      /* the target of the kernels: "znver3" */
    const char *features; /* ",".. list of target features that the kernels use: "+avx2,+fma" */
    const char *cpu_name; /* of the machine compiled on and for, see cpu_name.h; "": for any such CPU */
    const char *schedule; /* the kernels' schedule: "lanes=16 vector=8 .." */
    int64_t tuned;        /* 1: the schedule was found by measuring */
    const char *toolchain; /* that made the kernels' code: "LLVM 19.1.7" */
    const char *compiler; /* path of the gpfc that compiled them; "": unknown */
    const char *spec_text;
    int64_t spec_hash;    /* of what determines the model: equal hashes accept each other's models */
    int64_t dimension;
    int64_t precision;    /* 4: float, 8: double */
    int64_t lanes;        /* of a tile */
    int64_t steps;        /* time steps of the flow; the maximum if their number is chosen in training */
    int64_t order;        /* order of their integrator; 0: no ODE */
    int64_t training_steps; /* of a training whose spec does not say how many */
    int64_t theta_elements;
    int64_t n_parameters, n_kernels, n_settings;
    const struct gpfc_parameter *parameters;
    const struct gpfc_kernel *kernels;
    const struct gpfc_setting *settings;
    const struct gpfc_bundle *base; /* the base flow f, if it is compiled too; NULL: none, or a mixture */
};

/* The kernels of a trainer, and their ports (inputs -> outputs), d the dimension, K the steps:
 *   train      parameters, "lambda" [], "x" [d], "y" [d], "weight" [], "noise" [K,2,d] if penalised
 *              -> totals "cost" [], "penalty" [], "grad.<parameter>"; cost and penalty: sums of
 *              weight * value
 *   measure    parameters, "x" [d], "y" [d], "noise" [K,2,d]
 *              -> per sample "s" [d], "cost" [], "energy" [], "penalty" []
 *   apply      parameters, "y" [d] -> "s" [d]
 *   invert     parameters, "s" [d] -> "y" [d]
 *   jacobian   parameters, "y" [d] -> "s" [d], "jacobian" [d,d]    ds_i/dy_j at [i][j]
 *   inverse_jacobian   parameters, "s" [d] -> "y" [d], "jacobian" [d,d]
 *   velocity   parameters, setting "t" [], "x" [d] -> "v" [d]     x in the flow's own space: the cube or z
 *   trajectory parameters, "y" [d] -> "path" [K+1,d]              in that space too; at t = 0, 1/K, .., 1
 * With flow.steps: auto all of them except velocity also have the setting "steps" [], the number n of steps
 * to run, 1 <= n <= K. Time is then cut into n steps, the first n rows of "noise" are used, a penalty is
 * comparable with that of K steps, and positions of a path after the n-th repeat its end. */

/* A base flow's bundle is one like a flow's: parameters, kernels and settings of its own. The spec's
 * base.rate is train.rate in its settings, and so on, so that the same training loop serves both. Its
 * spec_hash covers only what decides f, `steps` is 0 if it has no ODE, `base` is NULL. Its kernels, n the
 * number of blocks:
 *   train      parameters, "lambda" [], "x" [d], "weight" [], "noise" [n,d] if it draws any
 *              -> totals "cost" [], "penalty" [], "grad.<parameter>"; cost is minus the log likelihood, in
 *              nats
 *   measure    parameters, "x" [d] -> per sample "cost" [], by the exact log-determinant of the trained map
 *   apply      parameters, "x" [d] -> "y" [d], "logdet" []     logdet of dy/dx
 *   bnaf       block0 ...: parameters, "x" [d] -> "y" [d], "log_diagonal" [d]   one triangular block with its
 *              gate, without the reversal that follows it; log_diagonal[i] = log dy_i/dx_i; with base.tail:
 *              linear also tail: parameters, "x" [d] -> one output, named as the parameters of the arms
 *              without their last part, [d]: what reaches the last block
 *   ffjord     velocity0 ...: parameters, "t" [] per sample, "x" [d] -> "v" [d], "divergence" []
 *   cp_flow    block0 ...: parameters, "x" [d] -> "y" [d], "jacobian" [d,d]     one convex block, without
 *              ActNorm; statistics: parameters, "x" [d] -> one output for each ActNorm in the order in
 *              which x passes them, named as its parameters without their last part, [width]: the values that
 *              reach it; with base.tail: linear also extent: parameters, "x" [d] -> two outputs for each
 *              block, both [d]: what reaches it, named as the parameters of its arms without their last
 *              part, and what the block makes of it, without its arms. The cost of train, too, is of the
 *              map without arms */

/* The symbol a trainer's object file defines. */
extern const struct gpfc_bundle gpfc_bundle;

#endif
