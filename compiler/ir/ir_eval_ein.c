/* SPDX-License-Identifier: MIT
 *
 * The meaning of `ein`: loops over labels, with strides. Three and more operands are contracted two at a
 * time, the cheapest pair first, because a loop over all labels at once can be many orders of magnitude too
 * long. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIMS = IR_MAX_LABELS + 1 }; /* and the batch */

struct tensor {
    const double *data;
    double *owned;              /* an intermediate product, to be freed; else NULL */
    unsigned labels;            /* bit l: has label l */
    long stride[IR_MAX_LABELS]; /* 0 for labels that it does not have */
    long batch_stride;          /* 0: the same for all samples */
};

/* One loop: its extent and how far one step of it is in both operands and in the result. */
struct dim {
    long n, a, b, out;
};

struct nest {
    int n_kept, n_summed;
    struct dim kept[MAX_DIMS], summed[MAX_DIMS]; /* outermost first */
};

/* ---- loops --------------------------------------------------------------------------------------------- */

/* Two neighbouring loops that step through all three arrays like one long loop are one. */
static int add_dim(struct dim *dims, int n, struct dim dim)
{
    if (dim.n == 1)
        return n;
    if (n > 0) {
        struct dim *outer = &dims[n - 1];
        if (outer->a == dim.n * dim.a && outer->b == dim.n * dim.b && outer->out == dim.n * dim.out) {
            dim.n *= outer->n;
            *outer = dim;
            return n;
        }
    }
    dims[n] = dim;
    return n + 1;
}

static void plan_nest(struct nest *nest, const struct ir_ein *ein, int batch, const struct tensor *a,
                      const struct tensor *b, const struct tensor *out)
{
    nest->n_kept = nest->n_summed = 0;
    if (out->batch_stride) {
        const struct dim dim = {batch, a->batch_stride, b->batch_stride, out->batch_stride};
        nest->n_kept = add_dim(nest->kept, 0, dim);
    }
    for (int label = 0; label < ein->n_labels; label++) {
        if (!((a->labels | b->labels | out->labels) >> label & 1))
            continue;
        const struct dim dim = {ein->size[label], a->stride[label], b->stride[label], out->stride[label]};
        if (out->labels >> label & 1)
            nest->n_kept = add_dim(nest->kept, nest->n_kept, dim);
        else
            nest->n_summed = add_dim(nest->summed, nest->n_summed, dim);
    }
}

/* Moves all offsets to the next position of the loops; false at the end. */
struct position {
    long index[MAX_DIMS];
    long a, b, out;
};

static bool advance(struct position *at, const struct dim *dims, int n)
{
    for (int k = n - 1; k >= 0; k--) {
        if (++at->index[k] < dims[k].n) {
            at->a += dims[k].a;
            at->b += dims[k].b;
            at->out += dims[k].out;
            return true;
        }
        at->index[k] = 0;
        at->a -= (dims[k].n - 1) * dims[k].a;
        at->b -= (dims[k].n - 1) * dims[k].b;
        at->out -= (dims[k].n - 1) * dims[k].out;
    }
    return false;
}

static double dot_inner(struct dim d, const double *a, const double *b)
{
    double total = 0;
    for (long i = 0; i < d.n; i++)
        total += a[i * d.a] * b[i * d.b];
    return total;
}

static double dot(const struct nest *nest, const double *a, const double *b)
{
    const struct dim inner = nest->summed[nest->n_summed - 1];
    if (nest->n_summed == 1)
        return dot_inner(inner, a, b);
    struct position at = {.a = 0};
    double total = 0;
    do
        total += dot_inner(inner, a + at.a, b + at.b);
    while (advance(&at, nest->summed, nest->n_summed - 1));
    return total;
}

static void multiply_row(struct dim row, double coefficient, const double *a, const double *b, double *out)
{
    for (long i = 0; i < row.n; i++)
        out[i * row.out] = coefficient * a[i * row.a] * b[i * row.b];
}

static void dot_row(const struct nest *nest, struct dim row, double coefficient, const double *a,
                    const double *b, double *out)
{
    for (long i = 0; i < row.n; i++)
        out[i * row.out] = coefficient * dot(nest, a + i * row.a, b + i * row.b);
}

/* Neighbours in memory, in the result and in one operand at least: the row as a whole takes one summed index
 * after the other, which compilers turn into vector code. */
static bool is_contiguous(struct dim row)
{
    return row.n >= 4 && row.out == 1 && row.a + row.b >= 1 && row.a <= 1 && row.b <= 1;
}

static void add_row(struct dim row, const double *a, const double *b, double *restrict out)
{
    if (row.a == 0)
        for (long i = 0; i < row.n; i++)
            out[i] += *a * b[i];
    else if (row.b == 0)
        for (long i = 0; i < row.n; i++)
            out[i] += a[i] * *b;
    else
        for (long i = 0; i < row.n; i++)
            out[i] += a[i] * b[i];
}

static void sum_row(const struct nest *nest, struct dim row, double coefficient, const double *a,
                    const double *b, double *out)
{
    const struct dim inner = nest->summed[nest->n_summed - 1];
    struct position at = {.a = 0};
    memset(out, 0, (size_t)row.n * sizeof *out);
    do
        for (long i = 0; i < inner.n; i++)
            add_row(row, a + at.a + i * inner.a, b + at.b + i * inner.b, out);
    while (advance(&at, nest->summed, nest->n_summed - 1));
    for (long i = 0; i < row.n; i++)
        out[i] *= coefficient;
}

/* out = coefficient * sum over the labels that out does not have of a * b */
static void contract(const struct ir_ein *ein, int batch, double coefficient, const struct tensor *a,
                     const struct tensor *b, const struct tensor *out, double *data)
{
    struct nest nest;
    plan_nest(&nest, ein, batch, a, b, out);
    const struct dim row = nest.n_kept ? nest.kept[nest.n_kept - 1] : (struct dim){.n = 1};
    struct position at = {.a = 0};
    do {
        if (nest.n_summed && is_contiguous(row))
            sum_row(&nest, row, coefficient, a->data + at.a, b->data + at.b, data + at.out);
        else if (nest.n_summed)
            dot_row(&nest, row, coefficient, a->data + at.a, b->data + at.b, data + at.out);
        else
            multiply_row(row, coefficient, a->data + at.a, b->data + at.b, data + at.out);
    } while (advance(&at, nest.kept, nest.n_kept - 1));
}

/* ---- operands ------------------------------------------------------------------------------------------ */

static struct tensor operand(const struct ir_node *node, int k, const struct ir_array *array)
{
    const struct ir_shape shape = node->args[k]->shape;
    struct tensor t = {.data = array->data, .batch_stride = array->varying ? ir_elements(shape) : 0};
    long stride = 1;
    for (int axis = shape.rank - 1; axis >= 0; axis--) {
        const int label = node->ein.labels[k][axis];
        t.labels |= 1u << label;
        t.stride[label] += stride; /* a repeated label: the diagonal */
        stride *= shape.size[axis];
    }
    return t;
}

/* Row-major over its labels in order of their numbers. */
static struct tensor result_layout(const struct ir_ein *ein, unsigned labels, bool varying)
{
    struct tensor t = {.labels = labels};
    long stride = 1;
    for (int label = ein->n_labels - 1; label >= 0; label--) {
        if (!(labels >> label & 1))
            continue;
        t.stride[label] = stride;
        stride *= ein->size[label];
    }
    t.batch_stride = varying ? stride : 0;
    return t;
}

/* ---- the order of contractions ------------------------------------------------------------------------- */

double ir_extent(const struct ir_ein *ein, unsigned labels)
{
    double n = 1;
    for (int label = 0; label < ein->n_labels; label++)
        if (labels >> label & 1)
            n *= ein->size[label];
    return n;
}

void ir_cheapest_pair(const struct ir_ein *ein, int batch, int n, const struct ir_factor *factors, int *first,
                      int *second)
{
    double best = -1;
    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
            double cost = ir_extent(ein, factors[i].labels | factors[j].labels);
            if (factors[i].varying || factors[j].varying)
                cost *= batch;
            if (best >= 0 && cost >= best)
                continue;
            best = cost;
            *first = i;
            *second = j;
        }
    }
}

/* Replaces two operands by their product, which keeps the labels that the others or the result need. */
static bool join_pair(const struct ir_ein *ein, int batch, unsigned out, int *n, struct tensor *t)
{
    struct ir_factor factors[IR_MAX_OPERANDS];
    int i = 0, j = 1;
    for (int k = 0; k < *n; k++)
        factors[k] = (struct ir_factor){t[k].labels, t[k].batch_stride != 0};
    ir_cheapest_pair(ein, batch, *n, factors, &i, &j);
    unsigned needed = out;
    for (int k = 0; k < *n; k++)
        if (k != i && k != j)
            needed |= t[k].labels;
    const bool varying = t[i].batch_stride || t[j].batch_stride;
    struct tensor product = result_layout(ein, (t[i].labels | t[j].labels) & needed, varying);
    const double elements = ir_extent(ein, product.labels) * (varying ? batch : 1);
    product.owned = elements < 1e15 ? malloc((size_t)elements * sizeof *product.owned) : NULL;
    if (!product.owned)
        return false;
    contract(ein, batch, 1, &t[i], &t[j], &product, product.owned);
    product.data = product.owned;
    free(t[i].owned);
    free(t[j].owned);
    t[i] = product;
    t[j] = t[--*n];
    return true;
}

bool ir_evaluate_ein(const struct ir_node *node, int batch, const struct ir_array *args, double *out)
{
    static const double one = 1;
    const struct ir_ein *ein = &node->ein;
    struct tensor t[IR_MAX_OPERANDS + 2];
    int n = 0;
    for (; n < node->n_args; n++)
        t[n] = operand(node, n, &args[n]);
    const struct tensor result = result_layout(ein, (1u << node->shape.rank) - 1, node->rate == IR_VARYING);
    bool ok = true;
    while (ok && n > 2)
        ok = join_pair(ein, batch, result.labels, &n, t);
    while (n < 2)
        t[n++] = (struct tensor){.data = &one};
    if (ok)
        contract(ein, batch, ein->coefficient, &t[0], &t[1], &result, out);
    for (int k = 0; k < n; k++)
        free(t[k].owned);
    return ok;
}
