/* SPDX-License-Identifier: MIT
 *
 * A legal base flow f, data -> N(0, I), that is compiled: BNAF, FFJORD or CP-Flow. Knows its parameters'
 * names, shapes, places and initial values; no IR. */
#ifndef GPFC_BASE_MODEL_H
#define GPFC_BASE_MODEL_H

#include "model/model.h"

struct spec_value;

enum base_kind { BASE_NONE, BASE_MIXTURE, BASE_BNAF, BASE_FFJORD, BASE_CP_FLOW };
enum base_divergence { BASE_DIVERGENCE_EXACT, BASE_DIVERGENCE_HUTCHINSON };
enum base_probe { BASE_PROBE_GAUSSIAN, BASE_PROBE_RADEMACHER };
enum base_tail { BASE_TAIL_LINEAR, BASE_TAIL_BOUNDED };
enum base_logdet { BASE_LOGDET_EXACT, BASE_LOGDET_ESTIMATE };

enum { BASE_MAX_ARRAYS = 1000 }; /* parameters: each is an input of every kernel */

struct base_parameter { /* a row of gpfc_bundle.parameters; see kernel_abi.h */
    const char *name;
    long offset; /* elements, into the base's theta */
    int rank;    /* 1 or 2 */
    int shape[2];
    int fan_in;
    int init; /* enum gpfc_init */
    double spread;
};

struct base_model {
    enum base_kind kind; /* BASE_NONE and BASE_MIXTURE: nothing to compile, all else here is 0 */
    int d;
    int blocks;                       /* BNAF blocks, CNFs or convex blocks, one after another */
    int n_hidden;                     /* of a block's network; CP-Flow: layers L, all as wide */
    int hidden[MODEL_MAX_LAYERS];     /* BNAF: all dimensions together, multiples of d */
    enum base_tail tail;              /* BNAF, CP-Flow */
    enum model_activation activation; /* FFJORD */
    enum model_integrator integrator; /* FFJORD: of the training */
    int steps;                        /* FFJORD: of a CNF */
    enum base_divergence divergence;  /* FFJORD: in the training */
    enum base_logdet logdet;          /* CP-Flow: in the training */
    int cg_steps;                     /* CP-Flow, estimate: of the conjugate gradients */
    enum base_probe probe;            /* of either estimate */
    double kinetic, jacobian;         /* FFJORD: weights of RNODE's penalties */
    int training_steps;               /* enough of them, where the spec does not say how many */
    int n_parameters;
    const struct base_parameter *parameters;
    long n_elements; /* of theta */
};

/* Fills parameters, n_parameters and n_elements from the rest. The names, [out, in], k counting from 0:
 *   BNAF     base.blockF.layerK.weight [out,in], base.blockF.layerK.log_scale [out],
 *            base.blockF.layerK.bias [out], base.blockF.gate [1] (every block but the last); with a linear
 *            tail, of the last block, base.blockF.tail.edge [2d] and .tail.log_scale [2d]: d lower arms,
 *            whose edge is negated, then d upper ones
 *   FFJORD   base.cnfC.layerK.weight [out,in], .bias [out], .gate_weight [out], .gate_bias [out],
 *            .time_weight [out]
 *   CP-Flow  base.normM.shift [d], base.normM.log_scale [d] (M = 0 .., the ActNorms between the blocks),
 *            base.convexC.quadratic [1] (w0), base.convexC.amount [1] (w1), base.convexC.zK.weight, .zK.bias,
 *            .xK.weight, .xK.bias, .aK.weight, .aK.bias, .normK.shift, .normK.log_scale; with a linear
 *            tail also .tail.edge [2d] and .tail.log_scale [2d], as BNAF's
 * in the order in which x passes them. CP-Flow, N blocks, L layers of width n (even):
 *   norm0, convex0, and, where N > 1, norm1, convex1, .., convex(N-1), normN; then the tails of all blocks
 *   of a convex block: quadratic, amount, z0.weight [n,d], z0.bias [n]; for K = 1 .. L-1, with J = K-1:
 *     zK.weight [n/2,n], zK.bias, xJ.weight [n/2,d], xJ.bias, aJ.weight [n/2,d], aJ.bias, normJ.shift,
 *     normJ.log_scale; and at last, J = L-1: zL.weight [1,n], xJ.weight [1,d], normJ.shift [1],
 *     normJ.log_scale [1]
 * The mathematics of each is in docs/mathematics.md. */
void base_model_parameters(struct arena *arena, struct base_model *base);

/* Are there kernels of it? Not where there is none, and not of a mixture. */
bool base_is_compiled(const struct base_model *base);

/* Of its training: a word of base.logdet that is no longer automatic. */
const char *base_logdet_word(const struct base_model *base);

/* NULL: none of that name. */
const struct base_parameter *base_parameter_find(const struct base_model *base, const char *name);

/* The settings of the base's bundle: every key as spec_values gives it, but with what the spec left to be
 * chosen (hidden, blocks, logdet, cg_steps), train.X being base.X where there is one, and penalty.kind
 * "rnode" where the base has a penalty, else "none". model_only: only those that decide what f is, for its
 * hash. */
int base_model_settings(struct arena *arena, const struct spec *spec, const struct base_model *base,
                        bool model_only, struct spec_value **out);

#endif
