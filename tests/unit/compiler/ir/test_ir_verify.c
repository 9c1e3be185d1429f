/* SPDX-License-Identifier: MIT
 *
 * The verifier of the IR: a whole graph passes, and each way of breaking one is reported, with graph, node
 * and error. */
#include "check.h"
#include "ir/ir.h"
#include "property/random_program.h"

struct fixture {
    struct arena *arena;
    struct ir_graph *g, *body;
    const struct ir_node *W, *x, *c, *eye, *p, *sum, *chosen, *total, *loop, *end, *stack, *h, *limited,
        *inverse;
};

static struct fixture set_up(void)
{
    static const double numbers[3] = {1, 2, 3};
    struct fixture f = {.arena = arena_new()};
    f.g = ir_graph_new(f.arena, "main");
    f.W = ir_input(f.g, "W", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 3, 3));
    f.x = ir_input(f.g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 3));
    f.c = ir_const(f.g, ir_shape_of(1, 3), numbers);
    f.eye = ir_eye(f.g, 3);
    f.p = ir_ein(f.g, 1, "ij,j->i", f.W, f.x);
    f.sum = ir_add2(f.g, f.p, f.c);
    f.chosen = ir_slice(f.g, f.sum, 0, 1, 2);
    f.total = ir_bsum(f.g, f.sum);
    f.h = ir_unary(f.g, IR_TANH, f.chosen);
    f.limited = ir_clamp(f.g, f.h, 0, 1);
    f.body = ir_graph_new(f.arena, "inside");
    const struct ir_node *c = ir_input(f.body, "c", IR_CARRY, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *s = ir_input(f.body, "s", IR_SEQUENCE, IR_UNIFORM, ir_shape_of(1, 3));
    const struct ir_node *k = ir_input(f.body, "k", IR_CAPTURE, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *const terms[3] = {c, s, k};
    ir_output_add(f.body, "c", ir_add(f.body, 3, terms));
    ir_output_add(f.body, "stack", c);
    struct ir_steps steps = {
        .count = 3, .n_carry = 1, .n_sequence = 1, .n_capture = 1, .n_stack = 1, .body = f.body};
    const struct ir_node *const args[3] = {f.sum, f.W, f.x};
    f.loop = ir_steps(f.g, &steps, args);
    f.end = ir_result(f.g, f.loop, 0);
    f.stack = ir_result(f.g, f.loop, 1);
    ir_output_add(f.g, "end", f.end);
    ir_output_add(f.g, "total", f.total);
    f.inverse = ir_inverse(f.g, f.W);
    return f;
}

/* Nodes are not to be changed; these tests are the exception. */
static struct ir_node *change(const struct ir_node *node)
{
    return (struct ir_node *)(uintptr_t)node;
}

static struct ir_steps *change_steps(const struct ir_node *node)
{
    return (struct ir_steps *)(uintptr_t)node->steps;
}

/* The second of two. */
static struct ir_entry *change_entry(const struct fixture *f)
{
    return (struct ir_entry *)(uintptr_t)f->chosen->select.entries + 1;
}

static void swap_args(const struct ir_node *node, int a, int b)
{
    const struct ir_node **args = (const struct ir_node **)(uintptr_t)node->args;
    const struct ir_node *arg = args[a];
    args[a] = args[b];
    args[b] = arg;
}

static void set_arg(const struct ir_node *node, int i, const struct ir_node *arg)
{
    ((const struct ir_node **)(uintptr_t)node->args)[i] = arg;
}

/* ---- ways to break a graph ----------------------------------------------------------------------------- */

/* One a line. */
/* clang-format off */
static void break_id(struct fixture *f) { change(f->p)->id++; }
static void break_op(struct fixture *f) { change(f->p)->op = IR_OP_COUNT; }
static void break_shape(struct fixture *f) { change(f->x)->shape.size[0] = 0; }
static void break_huge(struct fixture *f) { change(f->x)->shape = (struct ir_shape){3, {4096, 4096, 4096}}; }
static void break_rate(struct fixture *f) { change(f->p)->rate = IR_UNIFORM; }
static void break_order(struct fixture *f) { set_arg(f->p, 0, f->sum); }
static void break_stranger(struct fixture *f) { set_arg(f->p, 0, f->body->nodes[0]); }
static void break_role(struct fixture *f) { change(f->x)->input.role = IR_PARAMETER; }
static void break_input_list(struct fixture *f) { f->g->n_inputs = 1; }
static void break_input_name(struct fixture *f) { change(f->x)->input.name = "W"; }
static void break_output_name(struct fixture *f) { f->g->outputs[1].name = "end"; }
static void break_output(struct fixture *f) { f->g->outputs[1].value = f->loop; }
static void break_output_stranger(struct fixture *f) { f->g->outputs[1].value = f->body->nodes[0]; }
static void break_const(struct fixture *f) { change(f->c)->values = NULL; }
static void break_eye(struct fixture *f) { change(f->eye)->shape.size[1] = 2; }
static void break_label(struct fixture *f) { change(f->p)->ein.labels[1][0] = 7; }
static void break_label_extent(struct fixture *f) { change(f->p)->ein.size[1] = 4; }
static void break_result_extent(struct fixture *f) { change(f->p)->ein.size[0] = 4; }
static void break_label_count(struct fixture *f) { change(f->p)->ein.n_labels = 17; }
static void break_lost_label(struct fixture *f)
{
    change(f->p)->ein.n_labels = 3;
    change(f->p)->ein.size[2] = 2;
}
static void break_coefficient(struct fixture *f) { change(f->p)->ein.coefficient = 2; }
static void break_operand_order(struct fixture *f) { swap_args(f->sum, 0, 1); }
static void break_term(struct fixture *f) { set_arg(f->sum, 0, f->W); }
static void break_term_count(struct fixture *f) { change(f->sum)->n_args = 1; }
static void break_axis(struct fixture *f) { change(f->chosen)->select.axis = 1; }
static void break_lead(struct fixture *f) { change(f->chosen)->select.lead[0] = 3; }
static void break_entry(struct fixture *f) { change_entry(f)->column = 3; }
static void break_entry_order(struct fixture *f) { *change_entry(f) = (struct ir_entry){0, 0, 1}; }
static void break_entry_value(struct fixture *f) { change_entry(f)->value = 0; }
static void break_bsum(struct fixture *f) { set_arg(f->total, 0, f->c); }
static void break_function(struct fixture *f) { change(f->h)->shape = f->x->shape; }
static void break_function_args(struct fixture *f) { change(f->h)->n_args = 0; }
static void break_range(struct fixture *f) { change(f->limited)->range[1] = -1; }
static void break_matrix(struct fixture *f) { set_arg(f->inverse, 0, f->x); }
static void break_inverse(struct fixture *f) { change(f->inverse)->shape = f->x->shape; }
static void break_logdet(struct fixture *f) { change(f->inverse)->op = IR_LOGDET; }
static void break_count(struct fixture *f) { change_steps(f->loop)->count = 0; }
static void break_sequence(struct fixture *f) { change_steps(f->loop)->count = 4; }
static void break_carries(struct fixture *f) { change_steps(f->loop)->n_carry = 2; }
static void break_kinds(struct fixture *f)
{
    change_steps(f->loop)->n_sequence = 0;
    change_steps(f->loop)->n_capture = 2;
}
static void break_results(struct fixture *f) { change_steps(f->loop)->n_sum = 1; }
static void break_negative(struct fixture *f) { change_steps(f->loop)->n_stack = -1; }
static void break_faster_operand(struct fixture *f)
{
    const struct ir_node *varying = ir_broadcast(f->g, f->x, "i->ij", ir_shape_of(2, 3, 3));
    struct ir_steps steps = *f->loop->steps;
    const struct ir_node *const args[3] = {f->sum, f->W, f->p};
    const struct ir_node *loop = ir_steps(f->g, &steps, args);
    set_arg(loop, 1, varying);
}
static void break_carry_rate(struct fixture *f) { change(f->body->inputs[0])->rate = IR_UNIFORM; }
static void break_body(struct fixture *f) { change(f->body->outputs[0].value)->rate = IR_CONSTANT; }
static void break_limit(struct fixture *f) { change_steps(f->loop)->limited = true; }
static void break_limit_rate(struct fixture *f)
{
    (void)ir_input(f->g, IR_LIMIT, IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    change_steps(f->loop)->limited = true;
}
static void break_limited_body(struct fixture *f)
{
    const struct ir_node *const args[3] = {f->sum, f->W, f->x};
    struct ir_graph *outer = ir_graph_new(f->arena, "outer");
    struct ir_steps steps = *f->loop->steps;
    steps.limited = true;
    const struct ir_node *in[3] = {ir_input(outer, "c", IR_CARRY, IR_VARYING, ir_shape_of(1, 3)),
                                   ir_input(outer, "W", IR_CAPTURE, IR_UNIFORM, ir_shape_of(2, 3, 3)),
                                   ir_input(outer, "x", IR_CAPTURE, IR_VARYING, ir_shape_of(1, 3))};
    (void)ir_input(outer, IR_LIMIT, IR_CAPTURE, IR_UNIFORM, ir_shape_of(0));
    ir_output_add(outer, "c", ir_result(outer, ir_steps(outer, &steps, in), 0));
    const struct ir_node *const all[4] = {args[0], args[1], args[2], ir_fill(f->g, 2, ir_shape_of(0))};
    const struct ir_steps around = {.count = 2, .n_carry = 1, .n_capture = 3, .body = outer};
    ir_output_add(f->g, "outer", ir_result(f->g, ir_steps(f->g, &around, all), 0));
}
static void break_result_number(struct fixture *f) { change(f->end)->result = 5; }
static void break_result_shape(struct fixture *f) { change(f->stack)->shape = f->x->shape; }
static void break_result_arg(struct fixture *f) { set_arg(f->end, 0, f->x); }
static void break_loop_read(struct fixture *f)
{
    const struct ir_node *sum = ir_add2(f->g, f->end, f->x);
    set_arg(sum, 0, f->loop);
}

/* clang-format on */

static const struct {
    void (*run)(struct fixture *);
    const char *fault; /* how the text ends or what it holds */
} breaks[] = {
    {break_id, "node 5 (ein): its id"},
    {break_op, "(?): no such operation"},
    {break_shape, "graph 'main': node 1 (input): a shape that is too large or has no elements"},
    {break_huge, "a shape that is too large"},
    {break_rate, "(ein): the rate does not follow"},
    {break_order, "(ein): an operand that comes later"},
    {break_stranger, "(ein): an operand of another graph"},
    {break_role, "(input): parameters and settings are uniform"},
    {break_input_list, "an input that is not listed"},
    {break_input_name, "two inputs are called 'W'"},
    {break_output_name, "two outputs are called 'end'"},
    {break_output, "no value of the graph is in output 'total'"},
    {break_output_stranger, "no value of the graph is in output 'total'"},
    {break_const, "a constant without values"},
    {break_eye, "an identity matrix is square"},
    {break_label, "an unknown label"},
    {break_label_extent, "a label of an operand has another extent"},
    {break_result_extent, "a label of the result has another extent"},
    {break_label_count, "too few or too many labels"},
    {break_lost_label, "a summed label that no operand has"},
    {break_coefficient, "an equal node exists, or its entry in the table is lost"},
    {break_operand_order, "an equal node exists, or its entry in the table is lost"},
    {break_term, "a term of another shape"},
    {break_term_count, "a sum of fewer than two terms"},
    {break_axis, "no such axis"},
    {break_lead, "the shape of the result is wrong"},
    {break_entry, "an entry outside of the matrix"},
    {break_entry_order, "entries that are not in order"},
    {break_entry_value, "an entry that is zero"},
    {break_bsum, "the batch sum of a value that does not vary"},
    {break_function, "(tanh): the operand has another shape"},
    {break_function_args, "(tanh): the number of operands is wrong"},
    {break_range, "(clamp): a range from high to low"},
    {break_matrix, "(inverse): the operand is not a square matrix"},
    {break_inverse, "(inverse): the operand has another shape"},
    {break_logdet, "(logdet): a determinant is one number"},
    {break_count, "the number of iterations is out of range"},
    {break_sequence, "a sequence has the wrong shape"},
    {break_carries, "the body has another number of inputs"},
    {break_kinds, "another role than its operand"},
    {break_results, "the body has another number of outputs"},
    {break_negative, "a negative number"},
    {break_faster_operand, "an operand is faster than the body's input"},
    {break_carry_rate, "graph 'main': node 10 (steps): an operand is faster than the body's input"},
    {break_body, "graph 'inside': node 3 (add): the rate"},
    {break_result_number, "no such result"},
    {break_limit, "a limited loop, but no uniform number 'steps'"},
    {break_limit_rate, "a limited loop, but no uniform number 'steps'"},
    {break_limited_body, "a limited loop within a loop"},
    {break_result_shape, "the shape of a loop's result is wrong"},
    {break_result_arg, "a result of something that is not a loop"},
    {break_loop_read, "a loop can be read only through its results"},
};

static void whole_graphs_pass(void)
{
    struct fixture f = set_up();
    CU_ASSERT_PTR_NULL(ir_verify(f.g));
    CU_ASSERT_PTR_NULL(ir_verify(f.body));
    arena_free(f.arena);
}

static void every_fault_is_reported(void)
{
    for (size_t i = 0; i < CHECK_COUNT(breaks); i++) {
        struct fixture f = set_up();
        breaks[i].run(&f);
        const char *fault = ir_verify(f.g);
        const bool told = fault && strstr(fault, breaks[i].fault);
        if (!told)
            printf("wanted: %s\n   got: %s\n", breaks[i].fault, fault ? fault : "nothing");
        CU_ASSERT_TRUE(told);
        arena_free(f.arena);
    }
}

static void random_programs_pass(void)
{
    for (unsigned seed = 0; seed < 200; seed++) {
        struct arena *arena = arena_new();
        const struct random_options options = {.nodes = 40, .loops = seed % 2};
        CU_ASSERT_PTR_NULL(ir_verify(random_program(arena, seed, &options)));
        arena_free(arena);
    }
}

static const struct check_case cases[] = {
    {"whole graphs pass", whole_graphs_pass},
    {"every fault is reported", every_fault_is_reported},
    {"random programs pass", random_programs_pass},
};

int main(void)
{
    return check_main("ir_verify", cases, CHECK_COUNT(cases));
}
