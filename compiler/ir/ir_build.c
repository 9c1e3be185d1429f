/* SPDX-License-Identifier: MIT
 *
 * Constructors of constants, elementwise functions, functions of matrices and batch sums, and the folding of
 * constants that all constructors share. Products are made in ir_ein.c, sums in ir_add.c. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <math.h>

/* ---- constants ----------------------------------------------------------------------------------------- */

static bool all_equal(long n, const double *values)
{
    for (long i = 1; i < n; i++)
        if (values[i] != values[0])
            return false;
    return true;
}

static bool is_eye(struct ir_shape shape, const double *values)
{
    if (shape.rank != 2 || shape.size[0] != shape.size[1])
        return false;
    const long n = shape.size[0];
    for (long i = 0; i < n * n; i++)
        if (values[i] != (i % (n + 1) == 0))
            return false;
    return true;
}

const struct ir_node *ir_const(struct ir_graph *graph, struct ir_shape shape, const double *values)
{
    if (all_equal(ir_elements(shape), values))
        return ir_fill(graph, values[0], shape);
    if (is_eye(shape, values))
        return ir_eye(graph, shape.size[0]);
    const struct ir_node draft = {.op = IR_CONST, .shape = shape, .values = values};
    return ir_intern(graph, &draft);
}

const struct ir_node *ir_eye(struct ir_graph *graph, int n)
{
    if (n == 1)
        return ir_fill(graph, 1, ir_shape_of(2, 1, 1));
    const struct ir_node draft = {.op = IR_EYE, .shape = ir_shape_of(2, n, n)};
    return ir_intern(graph, &draft);
}

/* ---- folding ------------------------------------------------------------------------------------------- */

static bool is_fill(const struct ir_node *node)
{
    return node->op == IR_EIN && node->n_args == 0;
}

/* Identity matrices are not numbers here: dense, they would hide that they are identities. */
static bool has_numbers(const struct ir_node *node)
{
    return node->op == IR_CONST || (is_fill(node) && ir_elements(node->shape) <= IR_FOLD_ELEMENTS);
}

static double work_of(const struct ir_node *draft)
{
    if (draft->op == IR_LOGDET || draft->op == IR_INVERSE)
        return pow(draft->args[0]->shape.size[0], 3);
    if (draft->op != IR_EIN)
        return (double)ir_elements(draft->shape) * (1 + draft->n_args);
    double work = 1;
    for (int label = 0; label < draft->ein.n_labels; label++)
        work *= draft->ein.size[label];
    return work;
}

/* A broadcast of few numbers stays a broadcast. */
static bool pays(const struct ir_node *draft)
{
    const long n = ir_elements(draft->shape);
    long operands = 0;
    for (int i = 0; i < draft->n_args; i++) {
        if (!has_numbers(draft->args[i]))
            return false;
        operands += ir_elements(draft->args[i]->shape);
    }
    if (draft->op == IR_EIN && draft->n_args == 1 && n > operands)
        return false;
    return n <= IR_FOLD_ELEMENTS && work_of(draft) <= IR_FOLD_WORK;
}

static const double *numbers_of(struct arena *arena, const struct ir_node *node)
{
    if (node->op == IR_CONST)
        return node->values;
    const long n = ir_elements(node->shape);
    double *values = ARENA_ARRAY(arena, double, (size_t)n);
    for (long i = 0; i < n; i++)
        values[i] = node->ein.coefficient;
    return values;
}

const struct ir_node *ir_fold(struct ir_graph *graph, const struct ir_node *draft)
{
    if (!pays(draft))
        return NULL;
    struct ir_array *args = ARENA_ARRAY(graph->arena, struct ir_array, (size_t)draft->n_args);
    for (int i = 0; i < draft->n_args; i++)
        args[i].data = numbers_of(graph->arena, draft->args[i]);
    double *values = ARENA_ARRAY(graph->arena, double, (size_t)ir_elements(draft->shape));
    if (!ir_evaluate_node(draft, 1, args, values))
        return NULL;
    return ir_const(graph, draft->shape, values);
}

/* ---- elementwise functions ----------------------------------------------------------------------------- */

/* A function of a fill is a fill, however large. */
static const struct ir_node *function(struct ir_graph *graph, struct ir_node *draft, const struct ir_node *x)
{
    draft->shape = x->shape;
    draft->n_args = 1;
    draft->args = &x;
    if (is_fill(x)) {
        double y;
        ir_evaluate_function(draft, 1, &x->ein.coefficient, &y);
        return ir_fill(graph, y, x->shape);
    }
    const struct ir_node *folded = ir_fold(graph, draft);
    return folded ? folded : ir_intern(graph, draft);
}

const struct ir_node *ir_unary(struct ir_graph *graph, enum ir_op op, const struct ir_node *x)
{
    assert(ir_op_is_elementwise(op) && op != IR_CLAMP && op != IR_INSIDE);
    struct ir_node draft = {.op = op};
    if ((op == IR_HOLD || op == IR_BFLOAT) && (x->op == op || x->op == IR_EYE))
        return x;
    return function(graph, &draft, x);
}

const struct ir_node *ir_clamp(struct ir_graph *graph, const struct ir_node *x, double low, double high)
{
    assert(low <= high);
    struct ir_node draft = {.op = IR_CLAMP, .range = {low, high}};
    return function(graph, &draft, x);
}

const struct ir_node *ir_inside(struct ir_graph *graph, const struct ir_node *x, double low, double high)
{
    assert(low <= high);
    struct ir_node draft = {.op = IR_INSIDE, .range = {low, high}};
    return function(graph, &draft, x);
}

/* ---- functions of matrices ----------------------------------------------------------------------------- */

static const struct ir_node *matrix_function(struct ir_graph *graph, struct ir_node *draft,
                                             const struct ir_node *matrix)
{
    assert(matrix->shape.rank == 2 && matrix->shape.size[0] == matrix->shape.size[1]);
    assert(matrix->shape.size[0] <= IR_MAX_MATRIX);
    draft->n_args = 1;
    draft->args = &matrix;
    const struct ir_node *folded = ir_fold(graph, draft);
    return folded ? folded : ir_intern(graph, draft);
}

const struct ir_node *ir_logdet(struct ir_graph *graph, const struct ir_node *matrix)
{
    struct ir_node draft = {.op = IR_LOGDET};
    if (matrix->op == IR_EYE)
        return ir_fill(graph, 0, draft.shape);
    return matrix_function(graph, &draft, matrix);
}

const struct ir_node *ir_inverse(struct ir_graph *graph, const struct ir_node *matrix)
{
    struct ir_node draft = {.op = IR_INVERSE, .shape = matrix->shape};
    return matrix->op == IR_EYE ? matrix : matrix_function(graph, &draft, matrix);
}

/* ---- sums over the batch ------------------------------------------------------------------------------- */

const struct ir_node *ir_bsum(struct ir_graph *graph, const struct ir_node *x)
{
    if (ir_is_zero(x))
        return x;
    assert(x->rate == IR_VARYING && "the batch sum of a value that is the same for all samples");
    const struct ir_node draft = {.op = IR_BSUM, .shape = x->shape, .n_args = 1, .args = &x};
    return ir_intern(graph, &draft);
}
