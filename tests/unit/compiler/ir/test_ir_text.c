/* SPDX-License-Identifier: MIT
 *
 * The text form of the IR: how programs print, that they read back to the same bytes and values, and that
 * every error in a text is reported with its position. */
#include "check.h"
#include "ir/ir.h"
#include "property/random_program.h"

#include <math.h>

struct text {
    struct arena *arena;
    struct source source;
    struct diag diag;
    struct ir_graph **graphs;
    int n;
};

static struct text parse(const char *text)
{
    struct text t = {.arena = arena_new()};
    t.source = (struct source){"test.ir", arena_strdup(t.arena, text), strlen(text)};
    diag_init(&t.diag, t.arena);
    t.graphs = ir_parse(t.arena, &t.source, &t.diag, &t.n);
    return t;
}

static const char *print(struct arena *arena, const struct ir_graph *graph)
{
    struct strbuf out;
    strbuf_init(&out, arena);
    ir_print(graph, &out);
    return strbuf_text(&out);
}

/* The text is one program; it reads back to itself. */
static void check_round_trip(const char *text)
{
    struct text t = parse(text);
    if (!t.graphs)
        printf("%s", strbuf_text(&t.diag.text));
    CU_ASSERT_PTR_NOT_NULL(t.graphs);
    if (t.graphs && t.n == 1)
        CU_ASSERT_STRING_EQUAL(print(t.arena, t.graphs[0]), text);
    CU_ASSERT_EQUAL(t.n, 1);
    arena_free(t.arena);
}

/* ---- how it looks -------------------------------------------------------------------------------------- */

static const char every_operation[] = "graph every {\n"
                                      "  %0 = input \"W\" parameter : uniform [3,2]\n"
                                      "  %1 = input \"x\" sample : varying [2]\n"
                                      "  %2 = input \"noise\" noise : uniform [3]\n"
                                      "  %3 = input \"t\" setting : uniform []\n"
                                      "  %4 = const {1, -0.5, 3.1415926535897931} : constant [3]\n"
                                      "  %5 = eye : constant [3,3]\n"
                                      "  %6 = ein 2.5 \"ab,b->a\" %0 %1 : varying [3]\n"
                                      "  %7 = ein 0.10000000000000001 \"->ab\" : constant [3,4]\n"
                                      "  %8 = ein 1 \"a,ab->ab\" %2 %5 : uniform [3,3]\n"
                                      "  %9 = ein 1 \"->a\" %3 : uniform [3]\n"
                                      "  %10 = add %2 %4 %6 : varying [3]\n"
                                      "  %11 = select 0 [2,2] {0 1 1, 3 0 -2, 3 2 0.5} %10 : varying [2,2]\n"
                                      "  %12 = tanh %11 : varying [2,2]\n"
                                      "  %13 = clamp -1 0.5 %12 : varying [2,2]\n"
                                      "  %14 = inside -inf 1 %12 : varying [2,2]\n"
                                      "  %15 = bsum %13 : uniform [2,2]\n"
                                      "  %16 = inverse %12 : varying [2,2]\n"
                                      "  %17 = hold %16 : varying [2,2]\n"
                                      "  %18 = logdet %15 : uniform []\n"
                                      "  output \"matrix\" %8\n"
                                      "  output \"fill\" %7\n"
                                      "  output \"broadcast\" %9\n"
                                      "  output \"total\" %15\n"
                                      "  output \"hold\" %17\n"
                                      "  output \"logdet\" %18\n"
                                      "  output \"a \\\"quoted\\\" \\\\ name\\x0a\" %14\n"
                                      "}\n";

static const char loops[] =
    "graph inner {\n"
    "  %0 = input \"c\" carry : varying [2]\n"
    "  %1 = input \"k\" capture : uniform []\n"
    "  %2 = ein 1 \"a,->a\" %0 %1 : varying [2]\n"
    "  output \"c\" %2\n"
    "}\n"
    "\n"
    "graph outer {\n"
    "  %0 = input \"c\" carry : varying [2]\n"
    "  %1 = input \"s\" sequence : uniform []\n"
    "  %2 = steps inner 3 backward carry %0 sequence capture %1 stack 0 sum 0 : varying\n"
    "  %3 = result 0 %2 : varying [2]\n"
    "  output \"c\" %3\n"
    "  output \"stack\" %0\n"
    "  output \"sum\" %1\n"
    "}\n"
    "\n"
    "graph main {\n"
    "  %0 = input \"x\" sample : varying [2]\n"
    "  %1 = input \"t\" parameter : uniform [4]\n"
    "  %2 = steps outer 4 forward carry %0 sequence %1 capture stack 1 sum 1 : varying\n"
    "  %3 = result 0 %2 : varying [2]\n"
    "  %4 = result 1 %2 : varying [4,2]\n"
    "  %5 = result 2 %2 : uniform []\n"
    "  output \"x\" %3\n"
    "  output \"path\" %4\n"
    "  output \"sum\" %5\n"
    "}\n";

static void every_operation_reads_back(void)
{
    check_round_trip(every_operation);
}

static void loops_read_back(void)
{
    check_round_trip(loops);
    struct text t = parse(loops);
    CU_ASSERT_EQUAL_FATAL(t.n, 1);
    const struct ir_node *steps = t.graphs[0]->nodes[2];
    CU_ASSERT_EQUAL_FATAL(steps->op, IR_STEPS);
    CU_ASSERT_FALSE(steps->steps->backward);
    CU_ASSERT_TRUE(steps->steps->body->nodes[2]->steps->backward);
    arena_free(t.arena);
}

static void only_what_is_needed_is_printed(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "small");
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    (void)ir_unary(g, IR_EXP, x);
    ir_output_add(g, "y", ir_unary(g, IR_COS, x));
    (void)ir_input(g, "unread", IR_SETTING, IR_UNIFORM, ir_shape_of(1, 2));
    CU_ASSERT_STRING_EQUAL(print(arena, g), "graph small {\n"
                                            "  %0 = input \"x\" sample : varying []\n"
                                            "  %1 = cos %0 : varying []\n"
                                            "  %2 = input \"unread\" setting : uniform [2]\n"
                                            "  output \"y\" %1\n"
                                            "}\n");
    arena_free(arena);
}

static const struct ir_node *loop_over(struct ir_graph *g, const struct ir_node *x, const char *name,
                                       enum ir_op op)
{
    struct ir_graph *body = ir_graph_new(g->arena, name);
    const struct ir_node *c = ir_input(body, "c", IR_CARRY, IR_VARYING, x->shape);
    ir_output_add(body, "c", ir_unary(body, op, c));
    const struct ir_steps steps = {.count = 2, .n_carry = 1, .body = body};
    return ir_result(g, ir_steps(g, &steps, &x), 0);
}

/* Two bodies of one name, and one that is called like the whole: each gets a name of its own. */
static void names_of_bodies_are_distinct(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "main");
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    x = loop_over(g, loop_over(g, x, "step", IR_SIN), "step", IR_COS);
    x = loop_over(g, loop_over(g, x, "main", IR_ERF), "not a word", IR_EXP);
    ir_output_add(g, "y", loop_over(g, x, "inf", IR_TANH));
    const char *text = print(arena, g);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "graph step {"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "graph step.2 {"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "graph main.2 {"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "graph \"not a word\" {"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "graph \"inf\" {"));
    check_round_trip(text);
    arena_free(arena);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static void texts_may_be_written_by_hand(void)
{
    struct text t = parse("# numbers in any order, spaces and line ends where one likes\r\n"
                          "graph g{%7=input\"x\"sample:varying[2] %3 = ein 2 \"p->p\"\n"
                          "  %7 : varying [2]  # simplifies with the next one\n"
                          "%9 = ein 0.5 \"q->q\" %3 : varying [2] output \"y\" %9 }");
    CU_ASSERT_EQUAL_FATAL(t.n, 1);
    CU_ASSERT_EQUAL(t.graphs[0]->n_nodes, 2);
    CU_ASSERT_PTR_EQUAL(t.graphs[0]->outputs[0].value, t.graphs[0]->inputs[0]);
    arena_free(t.arena);
}

/* What was varying in the text may turn out to be a constant: no fault. */
static void programs_may_be_simplified_when_read(void)
{
    struct text t =
        parse("graph g {\n %0 = input \"x\" sample : varying [2]\n %1 = ein 0 \"a->a\" %0 : varying [2]\n"
              " %2 = cos %1 : varying [2]\n output \"y\" %2\n}\n");
    CU_ASSERT_EQUAL_FATAL(t.n, 1);
    CU_ASSERT_EQUAL(t.graphs[0]->outputs[0].value->rate, IR_CONSTANT);
    arena_free(t.arena);
}

static void several_graphs(void)
{
    char text[2 * sizeof loops + 64];
    (void)snprintf(text, sizeof text, "%sgraph other { }\n%s", loops, loops);
    struct text t = parse(text);
    CU_ASSERT_EQUAL_FATAL(t.n, 3);
    CU_ASSERT_STRING_EQUAL(t.graphs[0]->name, "main");
    CU_ASSERT_STRING_EQUAL(t.graphs[1]->name, "other");
    CU_ASSERT_STRING_EQUAL(t.graphs[2]->name, "main");
    CU_ASSERT_PTR_NOT_EQUAL(t.graphs[0]->nodes[2]->steps->body, t.graphs[2]->nodes[2]->steps->body);
    arena_free(t.arena);
}

static void numbers_are_exact(void)
{
    static const double numbers[8] = {1.0 / 3, 5e-324, -1.7976931348623157e308, INFINITY, -INFINITY, 0.1,
                                      0,       1e22};
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "numbers");
    ir_output_add(g, "c", ir_const(g, ir_shape_of(1, 8), numbers));
    ir_output_add(g, "nan", ir_fill(g, NAN, ir_shape_of(0)));
    const char *text = print(arena, g);
    check_round_trip(text);
    struct text t = parse(text);
    CU_ASSERT_EQUAL_FATAL(t.n, 1);
    CU_ASSERT_EQUAL(memcmp(t.graphs[0]->outputs[0].value->values, numbers, sizeof numbers), 0);
    CU_ASSERT_TRUE(isnan(t.graphs[0]->outputs[1].value->ein.coefficient));
    arena_free(t.arena);
    arena_free(arena);
}

/* ---- faults -------------------------------------------------------------------------------------------- */

#define X "  %0 = input \"x\" sample : varying [2]\n"
#define P "  %1 = input \"p\" parameter : uniform [2,3]\n"
#define BODY                                                                                                 \
    "graph b {\n  %0 = input \"c\" carry : varying [2]\n  %1 = tanh %0 : varying [2]\n  output \"c\" "       \
    "%1\n}\n"

static const struct {
    const char *text, *fault;
} faults[] = {
    {"", "test.ir:1:1: error: no graph in this text"},
    {"# nothing\n", "test.ir:2:1: error: no graph in this text"},
    {"grph f {}", "test.ir:1:1: error: expected graph"},
    {"graph {}", "test.ir:1:7: error: expected the name of a graph"},
    {"graph f {", "test.ir:1:10: error: expected '}': the graph \"f\" does not end"},
    {"graph f {\ngraph g {}\n", "test.ir:2:1: error: expected '}'"},
    {"graph f {\n  $\n}", "test.ir:2:3: error: unexpected character"},
    {"graph f {\n  %0 = tanh %1 : varying []\n}", "test.ir:2:13: error: value %1 is not defined before this"},
    {"graph f {\n  % = eye : constant []\n}", "test.ir:2:3: error: expected a number after '%'"},
    {"graph f {\n  %99999999 = eye : constant [2,2]\n}", "value numbers end at"},
    {"graph f {\n" X "  %0 = tanh %0 : varying [2]\n}", "test.ir:3:3: error: value %0 is already defined"},
    {"graph f {\n" X "  %1 = tahn %0 : varying [2]\n}", "test.ir:3:8: error: unknown operation tahn\n"},
    {"graph f {\n" X "  %1 = tahn %0 : varying [2]\n}", "did you mean tanh?"},
    {"graph f {\n" X "  %1 = tanh %0 varying [2]\n}", "test.ir:3:16: error: expected ':'"},
    {"graph f {\n" X "  %1 = tanh %0 : fast [2]\n}",
     "test.ir:3:18: error: expected constant, uniform or varying"},
    {"graph f {\n" X "  %1 = tanh %0 : varying [2\n}", "test.ir:4:1: error: expected ','"},
    {"graph f {\n" X "  %1 = tanh %0 : varying [3]\n}",
     "test.ir:3:8: error: tanh: the operand has another shape"},
    {"graph f {\n" X "  %1 = tanh %0 %0 : varying [2]\n}", "tanh: the number of operands is wrong"},
    {"graph f {\n" X "  %1 = tanh %0 : uniform [2]\n}", "test.ir:3:8: error: this is varying, not uniform"},
    {"graph f {\n  %0 = eye : constant [0,0]\n}", "an extent is a whole number from 1 to 4096"},
    {"graph f {\n  %0 = eye : constant [2.5,2]\n}", "an extent is a whole number from 1 to 4096"},
    {"graph f {\n  %0 = eye : constant [1,1,1,1,1,1,1]\n}", "more than 6 axes"},
    {"graph f {\n  %0 = ein 1 \"->abc\" : constant [4096,4096,4096]\n}", "more than 16777216 elements"},
    {"graph f {\n  %0 = eye : constant [2,3]\n}", "eye: an identity matrix is square"},
    {"graph f {\n" X X "}", "test.ir:3:3: error: value %0 is already defined"},
    {"graph f {\n" X "  %1 = input \"x\" sample : varying []\n}",
     "test.ir:3:14: error: input \"x\" already exists"},
    {"graph f {\n  %0 = input \"x\" simple : varying []\n}",
     "test.ir:2:18: error: expected the role of the input"},
    {"graph f {\n  %0 = input \"x\" sample : uniform []\n}", "input: samples are varying"},
    {"graph f {\n  %0 = input \"\" sample : varying []\n}", "input: an input without a name"},
    {"graph f {\n  %0 = input \"x sample : varying []\n}",
     "test.ir:2:14: error: the string does not end on its line"},
    {"graph f {\n  %0 = input \"\\n\" sample : varying []\n}", "the string contains an escape"},
    {"graph f {\n  %0 = input \"\\x00\" sample : varying []\n}", "the string contains an escape"},
    {"graph f {\n  %0 = const {1, 2} : constant [3]\n}",
     "const: more or fewer numbers than the shape has elements"},
    {"graph f {\n  %0 = const {1 2} : constant [2]\n}", "test.ir:2:17: error: expected '}'"},
    {"graph f {\n  %0 = const {1, 2e} : constant [2]\n}", "test.ir:2:18: error: this is not a number"},
    {"graph f {\n" X P "  %2 = ein 1 \"ab,b\" %1 %0 : varying [2]\n}", "labels look like"},
    {"graph f {\n" X P "  %2 = ein 1 \"ab,b->b\" %1 %0 : varying [2]\n}",
     "ein: a label of an operand has another extent"},
    {"graph f {\n" X P "  %2 = ein 1 \"ba,b->ab\" %1 %0 : varying [3]\n}",
     "more or fewer labels than its shape"},
    {"graph f {\n" X P "  %2 = ein 1 \"b,b->b\" %1 %0 : varying [2]\n}",
     "an operand has more axes than labels"},
    {"graph f {\n" X P "  %2 = ein 1 \"ba,bc->b\" %1 %0 : varying [2]\n}",
     "an operand has fewer axes than labels"},
    {"graph f {\n" X P "  %2 = ein 1 \"ba->b\" %1 %0 : varying [2]\n}",
     "for more or fewer operands than there are"},
    {"graph f {\n" X P "  %2 = ein 1 \"ba,b->\" %1 : varying []\n}",
     "for more or fewer operands than there are"},
    {"graph f {\n" X P "  %2 = ein 1 \"a->\" : varying []\n}",
     "there are labels for more operands than there are"},
    {"graph f {\n" X P "  %2 = ein 1 \"b1->b\" %1 : uniform [2]\n}", "an operand has more axes than labels"},
    {"graph f {\n" X P "  %2 = ein 1 \"ba->bb\" %1 : uniform [2,2]\n}", "a label twice in the result"},
    {"graph f {\n" X P "  %2 = ein 1 \"ba->b!\" %1 : uniform [2,2]\n}", "labels are letters"},
    {"graph f {\n" X "  %1 = add %0 : varying [2]\n}", "add: a sum of fewer than two terms"},
    {"graph f {\n" X P "  %2 = add %0 %1 : varying [2]\n}", "add: a term of another shape"},
    {"graph f {\n" X "  %1 = select 7 [] {0 0 1} %0 : varying []\n}", "axis is a whole number from 0 to 5"},
    {"graph f {\n" X "  %1 = select 1 [] {0 0 1} %0 : varying []\n}", "select: no such axis"},
    {"graph f {\n" X "  %1 = select 0 [2] {0 2 1} %0 : varying [2]\n}",
     "select: an entry outside of the matrix"},
    {"graph f {\n" X "  %1 = select 0 [2] {0 .5 1} %0 : varying [2]\n}",
     "a row or a column that is not an index"},
    {"graph f {\n" X "  %1 = select 0 [2] {0 0 1, 0 0 1} %0 : varying [2]\n}",
     "entries that are not in order"},
    {"graph f {\n" X "  %1 = select 0 [3] {0 0 1} %0 : varying [2]\n}",
     "select: the shape of the result is wrong"},
    {"graph f {\n" P "  %2 = bsum %1 : uniform [2,3]\n}",
     "bsum: the batch sum of a value that does not vary"},
    {"graph f {\n" P "  %2 = logdet %1 : uniform []\n}", "logdet: the operand is not a square matrix"},
    {"graph f {\n" X "  %2 = inverse %0 : varying [2]\n}", "inverse: the operand is not a square matrix"},
    {"graph f {\n %0 = eye : constant [257,257]\n %1 = inverse %0 : constant [257,257]\n}",
     "inverse: a matrix of too many rows"},
    {"graph f {\n %0 = eye : constant [2,2]\n %1 = logdet %0 : constant [2,2]\n}",
     "logdet: a determinant is one number"},
    {"graph f {\n" X "  %1 = clamp 1 0 %0 : varying [2]\n}", "clamp: a range from high to low"},
    {"graph f {\n" X "  %1 = clamp nan 0 %0 : varying [2]\n}", "clamp: a range from high to low"},
    {"graph f {\n" X "  %1 = result 0 %0 : varying [2]\n}",
     "result: a result of something that is not a loop"},
    {"graph f {\n" X "  %1 = steps b 2 forward carry %0 sequence capture stack 0 sum 0 : varying\n}",
     "test.ir:3:14: error: no graph \"b\" is defined before this one"},
    {"graph f {\n" X "  %1 = steps f 2 forward carry %0 sequence capture stack 0 sum 0 : varying\n}",
     "no graph \"f\" is defined before this one"},
    {BODY "graph f {\n" X "  %1 = steps b 0 forward carry %0 sequence capture stack 0 sum 0 : varying\n}",
     "number of iterations is a whole number from 1 to 4096"},
    {BODY "graph f {\n" X "  %1 = steps b 2 sideways carry %0 sequence capture stack 0 sum 0 : varying\n}",
     "expected forward"},
    {BODY "graph f {\n" X "  %1 = steps b 2 forward carry sequence capture %0 stack 1 sum 0 : varying\n}",
     "steps: an input of the body has another role than its operand"},
    {BODY "graph f {\n" X "  %1 = steps b 2 forward carry %0 sequence capture stack 0 sum 1 : varying\n}",
     "steps: the body has another number of outputs"},
    {BODY "graph f {\n" X "  %1 = steps b 2 forward carry %0 sequence capture stack 0 sum 0 : varying\n"
          "  output \"l\" %1\n}",
     "a loop can be read only through its results"},
    {BODY "graph f {\n" X "  %1 = steps b 2 forward carry %0 sequence capture stack 0 sum 0 : varying\n"
          "  %2 = result 1 %1 : varying [2]\n}",
     "result: no such result"},
    {"graph f {\n" X "  output \"y\" %0\n  output \"y\" %0\n}", "an output of that name already exists"},
    {"graph f {\n" X "  output \"\" %0\n}", "an output needs a name"},
    {"graph f {\n" X "  output y %0\n}", "test.ir:3:10: error: expected a text in quotes"},
};

static void every_error_has_its_position(void)
{
    for (size_t i = 0; i < CHECK_COUNT(faults); i++) {
        struct text t = parse(faults[i].text);
        const bool told = !t.graphs && t.n == 0 && strstr(strbuf_text(&t.diag.text), faults[i].fault);
        if (!told)
            printf("%s\nwanted: %s\n   got: %s\n", faults[i].text, faults[i].fault,
                   strbuf_text(&t.diag.text));
        CU_ASSERT_TRUE(told);
        arena_free(t.arena);
    }
}

/* All of them in one run; what a faulty line would have made is no fault where it is used. */
static void all_faults_are_reported(void)
{
    struct text t = parse("graph f {\n" X "  %1 = tahn %0 : varying [2]\n  %2 = cos %1 : varying [2]\n"
                          "  %3 = sin %0 : varying [3]\n  output \"a\" %2\n  output \"b\" %9\n}\n");
    CU_ASSERT_PTR_NULL(t.graphs);
    CU_ASSERT_EQUAL(t.diag.errors, 3);
    const char *text = strbuf_text(&t.diag.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "test.ir:3:8:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "test.ir:5:8:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "test.ir:7:14:"));
    arena_free(t.arena);
}

/* A short text that asks for as many loops in loops as there are graphs. */
static void nesting_has_a_limit(void)
{
    struct arena *arena = arena_new();
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_add(&text, "graph g0 {\n  %0 = input \"c\" carry : varying []\n  %1 = tanh %0 : varying []\n"
                      "  output \"c\" %1\n}\n");
    for (int i = 1; i < 20; i++)
        strbuf_addf(&text,
                    "graph g%d {\n  %%0 = input \"c\" carry : varying []\n"
                    "  %%1 = steps g%d 4096 forward carry %%0 sequence capture stack 0 sum 0 : varying\n"
                    "  %%2 = result 0 %%1 : varying []\n  output \"c\" %%2\n}\n",
                    i, i - 1);
    struct text t = parse(strbuf_text(&text));
    CU_ASSERT_PTR_NULL(t.graphs);
    CU_ASSERT_EQUAL(t.diag.errors, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_text(&t.diag.text), "more than 16 loops within loops"));
    arena_free(t.arena);
    arena_free(arena);
}

/* ---- random programs ----------------------------------------------------------------------------------- */

enum { BATCH = 2 };

static void check_random(unsigned seed)
{
    struct arena *arena = arena_new();
    const struct random_options options = {.nodes = 10 + (int)seed % 40, .loops = seed % 3 > 0};
    const struct ir_graph *g = random_program(arena, seed, &options);
    const char *text = print(arena, g);
    CU_ASSERT_STRING_EQUAL(text, print(arena, g));
    check_round_trip(text);
    struct text t = parse(text);
    CU_ASSERT_EQUAL_FATAL(t.n, 1);
    double **in = random_inputs(arena, g, BATCH, seed);
    double **a = random_outputs(arena, g, BATCH), **b = random_outputs(arena, t.graphs[0], BATCH);
    ir_eval(g, BATCH, (const double *const *)in, a);
    ir_eval(t.graphs[0], BATCH, (const double *const *)in, b);
    for (int i = 0; i < g->n_outputs; i++)
        CU_ASSERT_EQUAL(memcmp(a[i], b[i], (size_t)random_count(g->outputs[i].value, BATCH) * sizeof **a), 0);
    arena_free(t.arena);
    arena_free(arena);
}

static void random_programs_read_back(void)
{
    for (unsigned seed = 0; seed < 200; seed++)
        check_random(seed);
}

/* Truncated texts are reported, or still complete; they never do harm. */
static void cut_texts_are_reported(void)
{
    for (size_t n = 0; n < sizeof loops; n += 3) {
        char text[sizeof loops];
        memcpy(text, loops, n);
        text[n] = '\0';
        struct text t = parse(text);
        CU_ASSERT_TRUE((t.graphs != NULL) == (t.diag.errors == 0));
        arena_free(t.arena);
    }
}

/* ---- documentation ------------------------------------------------------------------------------------- */

/* The indented lines of docs/ir.md are programs. */
static void examples_of_the_documentation_parse(void)
{
    struct arena *arena = arena_new();
    struct source page;
    struct strbuf text;
    const char *why;
    strbuf_init(&text, arena);
    CU_ASSERT_EQUAL_FATAL(source_read(arena, check_path("docs/ir.md"), 1 << 20, &page, &why), SOURCE_OK);
    for (const char *line = page.text; *line; line += strcspn(line, "\n") + 1)
        if (strncmp(line, "    ", 4) == 0)
            strbuf_addn(&text, line, strcspn(line, "\n") + 1);
    struct text t = parse(strbuf_text(&text));
    CU_ASSERT_STRING_EQUAL(strbuf_text(&t.diag.text), "");
    CU_ASSERT_EQUAL(t.n, 2);
    arena_free(t.arena);
    arena_free(arena);
}

static void limited_loops_read_back(void)
{
    check_round_trip(
        "graph step {\n"
        "  %0 = input \"c\" carry : varying []\n"
        "  %1 = tanh %0 : varying []\n"
        "  output \"c\" %1\n"
        "}\n"
        "\n"
        "graph main {\n"
        "  %0 = input \"x\" sample : varying []\n"
        "  %1 = input \"steps\" setting : uniform []\n"
        "  %2 = steps step 4 backward limited carry %0 sequence capture stack 0 sum 0 : varying\n"
        "  %3 = result 0 %2 : varying []\n"
        "  output \"y\" %3\n"
        "}\n");
}

static const struct check_case cases[] = {
    {"every operation reads back", every_operation_reads_back},
    {"loops read back", loops_read_back},
    {"limited loops read back", limited_loops_read_back},
    {"only what is needed is printed", only_what_is_needed_is_printed},
    {"names of bodies are distinct", names_of_bodies_are_distinct},
    {"texts may be written by hand", texts_may_be_written_by_hand},
    {"programs may be simplified when read", programs_may_be_simplified_when_read},
    {"several graphs", several_graphs},
    {"numbers are exact", numbers_are_exact},
    {"every error has its position", every_error_has_its_position},
    {"all faults are reported", all_faults_are_reported},
    {"nesting has a limit", nesting_has_a_limit},
    {"random programs read back", random_programs_read_back},
    {"cut texts are reported", cut_texts_are_reported},
    {"examples of the documentation parse", examples_of_the_documentation_parse},
};

int main(void)
{
    return check_main("ir_text", cases, CHECK_COUNT(cases));
}
