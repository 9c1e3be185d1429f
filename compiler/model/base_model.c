/* SPDX-License-Identifier: MIT
 *
 * The parameters of a base flow: names, shapes, offsets in theta, and initial values. Initial values are
 * those of the flows' own authors: De Cao et al. 2019 (BNAF), Grathwohl et al. 2019 (FFJORD), Huang et al.
 * 2021 (CP-Flow). */
#include "model/base_model.h"

#include "gpfc/kernel_abi.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct list {
    struct arena *arena;
    struct base_parameter *rows; /* NULL: only counted */
    int count;
    long elements;
    const char *prefix; /* "base.block0.layer1" */
};

/* columns 0: a vector. */
static void add(struct list *list, const char *name, int rows, int columns, int fan_in, enum gpfc_init init,
                double spread)
{
    if (list->rows)
        list->rows[list->count] = (struct base_parameter){
            .name = arena_printf(list->arena, "%s.%s", list->prefix, name),
            .offset = list->elements,
            .rank = columns ? 2 : 1,
            .shape = {rows, columns},
            .fan_in = fan_in,
            .init = (int)init,
            .spread = spread,
        };
    list->count++;
    list->elements += (long)rows * (columns ? columns : 1);
}

/* What PyTorch's linear layers start with, weight and bias alike. */
static void add_linear(struct list *list, const char *name, int rows, int columns, int in)
{
    add(list, name, rows, columns, in, GPFC_INIT_UNIFORM, 1 / sqrt(in));
}

static void enter(struct list *list, const char *part, int which)
{
    list->prefix = arena_printf(list->arena, "base.%s%d", part, which);
}

static void enter_layer(struct list *list, const char *part, int which, int layer)
{
    list->prefix = arena_printf(list->arena, "base.%s%d.layer%d", part, which, layer);
}

/* Width of what enters layer k of a block's network; n_hidden + 1: of what leaves the last. */
static int width(const struct base_model *base, int k)
{
    return k == 0 || k > base->n_hidden ? base->d : base->hidden[k - 1];
}

/* ---- BNAF ---------------------------------------------------------------------------------------------- */

static void add_tail(struct list *list, int d, double edge)
{
    add(list, "tail.edge", 2 * d, 0, d, GPFC_INIT_CONSTANT, edge);
    add(list, "tail.log_scale", 2 * d, 0, d, GPFC_INIT_CONSTANT, 0);
}

static void bnaf_block(struct list *list, const struct base_model *base, int block)
{
    for (int k = 0; k <= base->n_hidden; k++) {
        const int in = width(base, k), out = width(base, k + 1);
        enter_layer(list, "block", block, k);
        add(list, "weight", out, in, in, GPFC_INIT_TRIANGULAR, 0);
        add(list, "log_scale", out, 0, in, GPFC_INIT_LOG_UNIFORM, 0);
        add(list, "bias", out, 0, in, GPFC_INIT_UNIFORM, 1 / sqrt(out)); /* of out, as its authors have it */
    }
    enter(list, "block", block);
    if (block + 1 < base->blocks)
        add(list, "gate", 1, 0, 1, GPFC_INIT_NORMAL, 1);
    else if (base->tail == BASE_TAIL_LINEAR)
        add_tail(list, base->d, 3); /* for N(0, I), until set from data before the training begins */
}

/* ---- FFJORD -------------------------------------------------------------------------------------------- */

/* The gate and the hyper bias are linear layers with the time as their only input. */
static void ffjord_block(struct list *list, const struct base_model *base, int block)
{
    for (int k = 0; k <= base->n_hidden; k++) {
        const int in = width(base, k), out = width(base, k + 1);
        enter_layer(list, "cnf", block, k);
        add_linear(list, "weight", out, in, in);
        add_linear(list, "bias", out, 0, in);
        add_linear(list, "gate_weight", out, 0, 1);
        add_linear(list, "gate_bias", out, 0, 1);
        add_linear(list, "time_weight", out, 0, 1);
    }
}

/* ---- CP-Flow ------------------------------------------------------------------------------------------- */

/* Shift and scale of an ActNorm; set from data before the training begins. */
static void add_norm(struct list *list, const char *shift, const char *log_scale, int size)
{
    add(list, shift, size, 0, size, GPFC_INIT_CONSTANT, 0);
    add(list, log_scale, size, 0, size, GPFC_INIT_CONSTANT, 0);
}

/* z_k from z_(k-1) of width n, for k = 1 .. L; the last has one output, no biases and no part a. */
static void convex_layer(struct list *list, const struct base_model *base, int k)
{
    const int n = base->hidden[0], d = base->d;
    const bool last = k == base->n_hidden;
    const int out = last ? 1 : n / 2;
#define NAME(format, which) arena_printf(list->arena, format, which)
    add_linear(list, NAME("z%d.weight", k), out, n, n);
    if (!last)
        add_linear(list, NAME("z%d.bias", k), out, 0, n);
    add_linear(list, NAME("x%d.weight", k - 1), out, d, d);
    if (!last) {
        add_linear(list, NAME("x%d.bias", k - 1), out, 0, d);
        add_linear(list, NAME("a%d.weight", k - 1), out, d, d);
        add_linear(list, NAME("a%d.bias", k - 1), out, 0, d);
    }
    add_norm(list, NAME("norm%d.shift", k - 1), NAME("norm%d.log_scale", k - 1), out);
#undef NAME
}

/* F starts as |x|^2 / 2 + log(2) u(x): softplus(log(e - 1)) is 1. */
static void convex_block(struct list *list, const struct base_model *base, int block)
{
    enter(list, "convex", block);
    add(list, "quadratic", 1, 0, 1, GPFC_INIT_CONSTANT, log(expm1(1)));
    add(list, "amount", 1, 0, 1, GPFC_INIT_CONSTANT, 0);
    add_linear(list, "z0.weight", base->hidden[0], base->d, base->d);
    add_linear(list, "z0.bias", base->hidden[0], 0, base->d);
    for (int k = 1; k <= base->n_hidden; k++)
        convex_layer(list, base, k);
}

/* After all else, so that the rest begins with the same values as without arms; nowhere, until set from data
 * when the training ends. */
static void convex_tails(struct list *list, const struct base_model *base)
{
    for (int block = 0; base->tail == BASE_TAIL_LINEAR && block < base->blocks; block++) {
        enter(list, "convex", block);
        add_tail(list, base->d, 1e30);
    }
}

/* A single block has no ActNorm after it, as in its authors' code. */
static void cp_flow(struct list *list, const struct base_model *base)
{
    for (int block = 0; block < base->blocks; block++) {
        enter(list, "norm", block);
        add_norm(list, "shift", "log_scale", base->d);
        convex_block(list, base, block);
    }
    if (base->blocks > 1) {
        enter(list, "norm", base->blocks);
        add_norm(list, "shift", "log_scale", base->d);
    }
    convex_tails(list, base);
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void list_all(struct list *list, const struct base_model *base)
{
    switch (base->kind) {
    case BASE_NONE:
    case BASE_MIXTURE:
        return;
    case BASE_BNAF:
        for (int block = 0; block < base->blocks; block++)
            bnaf_block(list, base, block);
        return;
    case BASE_FFJORD:
        for (int block = 0; block < base->blocks; block++)
            ffjord_block(list, base, block);
        return;
    case BASE_CP_FLOW:
        cp_flow(list, base);
        return;
    }
}

void base_model_parameters(struct arena *arena, struct base_model *base)
{
    struct list list = {.arena = arena};
    list_all(&list, base);
    list = (struct list){.arena = arena,
                         .rows = ARENA_ARRAY(arena, struct base_parameter, (size_t)list.count + 1)};
    list_all(&list, base);
    base->parameters = list.rows;
    base->n_parameters = list.count;
    base->n_elements = list.elements;
}

bool base_is_compiled(const struct base_model *base)
{
    return base->blocks > 0;
}

const struct base_parameter *base_parameter_find(const struct base_model *base, const char *name)
{
    for (int i = 0; i < base->n_parameters; i++)
        if (strcmp(base->parameters[i].name, name) == 0)
            return &base->parameters[i];
    return NULL;
}
