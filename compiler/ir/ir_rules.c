/* SPDX-License-Identifier: MIT
 *
 * The rules that a single node obeys, one function for each operation. The verifier checks finished nodes by
 * them, the parser checks drafts before it hands them to the constructors, and the constructor of loops its
 * operands. A rule returns NULL, or says what is wrong. */
#include "ir/ir_internal.h"

typedef const char *rule(const struct ir_node *node);

static const char *operand_count(const struct ir_node *node, int n)
{
    return node->n_args == n ? NULL : "the number of operands is wrong";
}

/* ---- leaves -------------------------------------------------------------------------------------------- */

static const char *rule_input(const struct ir_node *node)
{
    const enum ir_role role = node->input.role;
    if ((unsigned)role >= IR_ROLE_COUNT)
        return "an input without a role";
    if (!node->input.name || !node->input.name[0])
        return "an input without a name";
    if ((role == IR_PARAMETER || role == IR_SETTING) && node->rate != IR_UNIFORM)
        return "parameters and settings are uniform";
    if (role == IR_SAMPLE && node->rate != IR_VARYING)
        return "samples are varying";
    if (role == IR_NOISE && node->rate == IR_CONSTANT)
        return "noise is uniform or varying";
    return operand_count(node, 0);
}

static const char *rule_const(const struct ir_node *node)
{
    return node->values ? operand_count(node, 0) : "a constant without values";
}

static const char *rule_eye(const struct ir_node *node)
{
    if (node->shape.rank != 2 || node->shape.size[0] != node->shape.size[1])
        return "an identity matrix is square";
    return operand_count(node, 0);
}

/* ---- ein ----------------------------------------------------------------------------------------------- */

static const char *rule_ein_extents(const struct ir_node *node)
{
    const struct ir_ein *ein = &node->ein;
    if (ein->n_labels < node->shape.rank || ein->n_labels > IR_MAX_LABELS)
        return "too few or too many labels";
    for (int label = 0; label < ein->n_labels; label++)
        if (ein->size[label] < 1 || ein->size[label] > IR_MAX_SIZE)
            return "a label without a legal extent";
    for (int axis = 0; axis < node->shape.rank; axis++)
        if (ein->size[axis] != node->shape.size[axis])
            return "a label of the result has another extent than its axis";
    return NULL;
}

static const char *rule_ein_operand(const struct ir_node *node, int k, unsigned *seen)
{
    const struct ir_shape shape = node->args[k]->shape;
    for (int axis = 0; axis < shape.rank; axis++) {
        const int label = node->ein.labels[k][axis];
        if (label >= node->ein.n_labels)
            return "an unknown label";
        if (node->ein.size[label] != shape.size[axis])
            return "a label of an operand has another extent than its axis";
        *seen |= 1u << label;
    }
    return NULL;
}

static const char *rule_ein(const struct ir_node *node)
{
    if (node->n_args > IR_MAX_OPERANDS)
        return "too many operands";
    const char *fault = rule_ein_extents(node);
    unsigned seen = (1u << node->shape.rank) - 1;
    for (int k = 0; k < node->n_args && !fault; k++)
        fault = rule_ein_operand(node, k, &seen);
    if (!fault && seen != (1u << node->ein.n_labels) - 1)
        return "a summed label that no operand has";
    return fault;
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

static const char *rule_add(const struct ir_node *node)
{
    if (node->n_args < 2)
        return "a sum of fewer than two terms";
    for (int i = 0; i < node->n_args; i++)
        if (!ir_shape_equal(node->args[i]->shape, node->shape))
            return "a term of another shape";
    return NULL;
}

static const char *rule_bsum(const struct ir_node *node)
{
    if (node->n_args != 1)
        return operand_count(node, 1);
    if (!ir_shape_equal(node->args[0]->shape, node->shape))
        return "the operand has another shape";
    return node->args[0]->rate == IR_VARYING ? NULL : "the batch sum of a value that does not vary";
}

/* ---- matrices ------------------------------------------------------------------------------------------ */

static const char *rule_matrix(const struct ir_node *node)
{
    if (node->n_args != 1)
        return operand_count(node, 1);
    const struct ir_shape shape = node->args[0]->shape;
    if (shape.rank != 2 || shape.size[0] != shape.size[1])
        return "the operand is not a square matrix";
    return shape.size[0] <= IR_MAX_MATRIX ? NULL : "a matrix of too many rows";
}

static const char *rule_logdet(const struct ir_node *node)
{
    const char *fault = rule_matrix(node);
    return fault || node->shape.rank == 0 ? fault : "a determinant is one number";
}

static const char *rule_inverse(const struct ir_node *node)
{
    const char *fault = rule_matrix(node);
    return fault || ir_shape_equal(node->args[0]->shape, node->shape) ? fault
                                                                      : "the operand has another shape";
}

/* ---- select -------------------------------------------------------------------------------------------- */

static const char *rule_select_shape(const struct ir_node *node)
{
    const struct ir_select *select = &node->select;
    const struct ir_shape x = node->args[0]->shape;
    if (select->axis < 0 || select->axis >= x.rank)
        return "no such axis";
    if (select->n_lead < 0 || x.rank - 1 + select->n_lead != node->shape.rank)
        return "the rank of the result is wrong";
    for (int axis = 0; axis < node->shape.rank; axis++) {
        const int last = select->axis + select->n_lead;
        const int expected = axis < select->axis ? x.size[axis]
                             : axis < last       ? select->lead[axis - select->axis]
                                                 : x.size[axis + 1 - select->n_lead];
        if (node->shape.size[axis] != expected)
            return "the shape of the result is wrong";
    }
    return NULL;
}

static const char *rule_entry(const struct ir_entry *entries, int i, long rows, int columns)
{
    const struct ir_entry e = entries[i];
    if (e.row < 0 || e.row >= rows || e.column < 0 || e.column >= columns)
        return "an entry outside of the matrix";
    if (e.value == 0)
        return "an entry that is zero";
    if (i > 0 &&
        (e.row < entries[i - 1].row || (e.row == entries[i - 1].row && e.column <= entries[i - 1].column)))
        return "entries that are not in order";
    return NULL;
}

static const char *rule_select(const struct ir_node *node)
{
    if (node->n_args != 1)
        return operand_count(node, 1);
    const char *fault = rule_select_shape(node);
    if (fault)
        return fault;
    const struct ir_select *select = &node->select;
    long rows = 1;
    for (int i = 0; i < select->n_lead; i++)
        rows *= select->lead[i];
    for (int i = 0; i < select->n_entries && !fault; i++)
        fault = rule_entry(select->entries, i, rows, node->args[0]->shape.size[select->axis]);
    return select->n_entries > 0 ? fault : "nothing is selected";
}

/* ---- loops --------------------------------------------------------------------------------------------- */

static bool is_stack_of(struct ir_shape stack, struct ir_shape slice, int count)
{
    if (stack.rank != slice.rank + 1 || stack.size[0] != count)
        return false;
    for (int i = 0; i < slice.rank; i++)
        if (stack.size[i + 1] != slice.size[i])
            return false;
    return true;
}

static enum ir_role expected_role(const struct ir_steps *steps, int which)
{
    if (which < steps->n_carry)
        return IR_CARRY;
    return which < steps->n_carry + steps->n_sequence ? IR_SEQUENCE : IR_CAPTURE;
}

static const char *rule_steps_operand(const struct ir_steps *steps, int which, const struct ir_node *arg)
{
    const struct ir_node *input = steps->body->inputs[which];
    const enum ir_role role = expected_role(steps, which);
    if (input->input.role != role)
        return "an input of the body has another role than its operand";
    if (input->rate < arg->rate)
        return "an operand is faster than the body's input";
    if (role == IR_SEQUENCE)
        return is_stack_of(arg->shape, input->shape, steps->count) ? NULL : "a sequence has the wrong shape";
    return ir_shape_equal(arg->shape, input->shape) ? NULL
                                                    : "an operand has another shape than the body's input";
}

static const char *rule_steps_result(const struct ir_steps *steps, int which)
{
    const struct ir_node *value = steps->body->outputs[which].value;
    if (ir_result_kind(steps, which) == IR_RESULT_STACK)
        return value->shape.rank < IR_MAX_RANK ? NULL : "a stack of too many axes";
    if (ir_result_kind(steps, which) == IR_RESULT_SUM)
        return NULL;
    if (!ir_shape_equal(value->shape, steps->body->inputs[which]->shape))
        return "a carry changes its shape";
    return value->rate <= steps->body->inputs[which]->rate ? NULL
                                                           : "a carry becomes faster than the body's input";
}

static const char *rule_steps(const struct ir_node *node)
{
    const struct ir_steps *steps = node->steps;
    if (steps->count < 1 || steps->count > IR_MAX_SIZE)
        return "the number of iterations is out of range";
    if (steps->n_carry < 0 || steps->n_sequence < 0 || steps->n_capture < 0 || steps->n_stack < 0 ||
        steps->n_sum < 0)
        return "a negative number of operands or results";
    if (node->n_args != steps->n_carry + steps->n_sequence + steps->n_capture ||
        node->n_args != steps->body->n_inputs)
        return "the body has another number of inputs";
    if (steps->body->n_outputs != ir_steps_results(steps))
        return "the body has another number of outputs";
    const char *fault = NULL;
    for (int i = 0; i < node->n_args && !fault; i++)
        fault = rule_steps_operand(steps, i, node->args[i]);
    for (int i = 0; i < steps->body->n_outputs && !fault; i++)
        fault = rule_steps_result(steps, i);
    return fault;
}

static const char *rule_result(const struct ir_node *node)
{
    if (node->n_args != 1)
        return operand_count(node, 1);
    if (node->args[0]->op != IR_STEPS)
        return "a result of something that is not a loop";
    const struct ir_steps *steps = node->args[0]->steps;
    if (node->result < 0 || node->result >= ir_steps_results(steps))
        return "no such result";
    const struct ir_shape shape = steps->body->outputs[node->result].value->shape;
    const bool stack = ir_result_kind(steps, node->result) == IR_RESULT_STACK;
    if (stack ? !is_stack_of(node->shape, shape, steps->count) : !ir_shape_equal(node->shape, shape))
        return "the shape of a loop's result is wrong";
    return NULL;
}

/* ---- elementwise functions ----------------------------------------------------------------------------- */

static const char *rule_function(const struct ir_node *node)
{
    if (node->n_args != 1)
        return operand_count(node, 1);
    if (!ir_shape_equal(node->args[0]->shape, node->shape))
        return "the operand has another shape";
    if ((node->op == IR_CLAMP || node->op == IR_INSIDE) && !(node->range[0] <= node->range[1]))
        return "a range from high to low";
    return NULL;
}

/* ---- all ----------------------------------------------------------------------------------------------- */

static rule *const rule_of[IR_OP_COUNT] = {
    [IR_INPUT] = rule_input,   [IR_CONST] = rule_const,     [IR_EYE] = rule_eye,
    [IR_EIN] = rule_ein,       [IR_ADD] = rule_add,         [IR_SELECT] = rule_select,
    [IR_BSUM] = rule_bsum,     [IR_STEPS] = rule_steps,     [IR_RESULT] = rule_result,
    [IR_LOGDET] = rule_logdet, [IR_INVERSE] = rule_inverse,
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = rule_function,
#include "ir/ops.def"
};

const char *ir_form_fault(const struct ir_node *node)
{
    if ((unsigned)node->op >= IR_OP_COUNT)
        return "no such operation";
    if (!ir_shape_is_legal(node->shape))
        return "a shape that is too large or has no elements";
    for (int i = 0; i < node->n_args; i++)
        if (node->args[i]->op == IR_STEPS && node->op != IR_RESULT)
            return "a loop can be read only through its results";
    return rule_of[node->op](node);
}

const char *ir_node_fault(const struct ir_node *node)
{
    const char *fault = ir_form_fault(node);
    if (!fault && node->rate != ir_rate_rule(node))
        fault = "the rate does not follow from the operands";
    return fault;
}
