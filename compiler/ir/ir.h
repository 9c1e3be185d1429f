/* SPDX-License-Identifier: MIT
 *
 * The intermediate language: a small SSA language of fixed-shape arrays that describes ONE sample. The batch
 * never appears; it is the SIMD lanes of a CPU or the threads of a GPU. Every value has a rate: known at
 * compile time, the same for all samples, or one per sample.
 *
 * A graph is one function: named inputs, nodes, named outputs. Nodes are immutable and hash-consed within
 * their graph (building an equal node returns the one that is there), so common subexpressions never exist
 * twice. Constructors simplify locally: zeros, identities, views, scalars. A loop (`steps`) owns a graph of
 * its own, its body.
 *
 * This header knows operations and shapes, but no flows. */
#ifndef GPFC_IR_H
#define GPFC_IR_H

#include "base/base.h"

enum {
    IR_MAX_RANK = 6,
    IR_MAX_LABELS = 16,        /* distinct indices of one `ein` */
    IR_MAX_SIZE = 4096,        /* of one axis */
    IR_MAX_OPERANDS = 32,      /* of one `ein` */
    IR_MAX_MATRIX = 256,       /* rows of the operand of `logdet` and `inverse` */
    IR_MAX_ELEMENTS = 1 << 28, /* of one value, a sample */
};

enum ir_op {
#define IR_STRUCTURAL(name, text) IR_##name,
#define IR_ELEMENTWISE(name, text, flops) IR_##name,
#include "ir/ops.def"
    IR_OP_COUNT
};

/* Found by data flow: a node's rate is the greatest of its operands' (bsum: uniform). */
enum ir_rate { IR_CONSTANT, IR_UNIFORM, IR_VARYING };

/* What an input is for. The first group are inputs of a kernel, the second parameters of a loop's body. */
enum ir_role {
    IR_PARAMETER, /* uniform: a trained array                                                        */
    IR_SETTING,   /* uniform: a number that the caller gives (penalty weight, time)                   */
    IR_SAMPLE,    /* varying: data, one row a sample                                                 */
    IR_NOISE,     /* standard normal numbers; varying: drawn per sample, uniform: once per step       */
    IR_CARRY,     /* state carried from one iteration to the next                                    */
    IR_SEQUENCE,  /* this iteration's slice of an array stacked along a leading axis                  */
    IR_CAPTURE,   /* a value of the surrounding graph, the same in every iteration                    */
    IR_ROLE_COUNT
};

struct ir_shape {
    int rank;
    int size[IR_MAX_RANK]; /* row-major, last index fastest; entries past rank are 0 */
};

struct ir_node;

/* coefficient * product of operands, summed over the labels that are not in the result. Labels are numbered:
 * the result's indices are 0 .. rank-1 in order, summed ones follow. A label in the result that no operand
 * has is a broadcast; a repeated label within an operand is its diagonal. No operand: a constant fill. */
struct ir_ein {
    double coefficient;
    int n_labels;
    int size[IR_MAX_LABELS];              /* extent of each label */
    unsigned char (*labels)[IR_MAX_RANK]; /* labels[k][axis]: label of operand k's axis */
};

/* result[.., r, ..] = sum over entries (r, c, value) of value * operand[.., c, ..], along `axis` of the
 * operand, whose place `n_lead` axes of the result take (their extents multiply to the number of rows; r
 * counts them row-major). */
struct ir_entry {
    int row, column;
    double value;
};
struct ir_select {
    int axis;
    int n_lead;
    int lead[IR_MAX_RANK];
    int n_entries;
    const struct ir_entry *entries; /* sorted by row, then column; no repeats, no zeros */
};

/* for k = 0 .. count-1 (count-1 .. 0 if backward): (carry', stacked, summed) = body(carry, sequence[k],
 * capture). The operands of the node are, in order, the initial carries, the sequences (leading axis
 * `count`), the captures; the body's inputs are in the same order. The body's outputs are, in order: the next
 * carries, the values to stack (into a leading axis, at k), the values to sum over k. Results of the node,
 * read through IR_RESULT: the final carries, the stacks, the sums, numbered in that order. Inside the body a
 * uniform sum is a sum of uniform values (bsum).
 * A limited loop, which stands in the program itself and not in a body, runs the rounds k with
 * k + 1/2 <= steps alone, where steps is the program's setting IR_LIMIT []; slices of stacks that belong to
 * the others are zeros. */
#define IR_LIMIT "steps"
struct ir_steps {
    int count;
    bool backward, limited;
    int n_carry, n_sequence, n_capture;
    int n_stack, n_sum;
    struct ir_graph *body;
};

struct ir_node {
    enum ir_op op;
    enum ir_rate rate;
    int id; /* place in its graph's nodes[]: operands come before their users */
    struct ir_shape shape;
    int n_args;
    const struct ir_node *const *args;
    union {
        struct {
            const char *name;
            enum ir_role role;
        } input;
        const double *values; /* CONST: product of shape */
        struct ir_ein ein;
        struct ir_select select;
        const struct ir_steps *steps;
        int result;      /* RESULT: which */
        double range[2]; /* CLAMP, INSIDE: low, high */
    };
};

struct ir_output {
    const char *name;
    const struct ir_node *value;
};

struct ir_graph {
    struct arena *arena;
    const char *name;
    int n_nodes;
    const struct ir_node **nodes; /* in order of creation, so topological */
    int n_inputs;
    const struct ir_node **inputs; /* in order of creation */
    int n_outputs;
    struct ir_output *outputs;
    struct ir_table *table; /* hash-consing */
};

/* ---- graphs -------------------------------------------------------------------------------------------- */

struct ir_graph *ir_graph_new(struct arena *arena, const char *name);
void ir_output_add(struct ir_graph *graph, const char *name, const struct ir_node *value);
void ir_output_drop(struct ir_graph *graph, const char *name); /* only the output, not its operands */
const struct ir_node *ir_input_find(const struct ir_graph *graph, const char *name);  /* NULL: none */
const struct ir_node *ir_output_find(const struct ir_graph *graph, const char *name); /* NULL: none */

/* ---- constructors: return a simplified equal of what was asked for ------------------------------------- */

struct ir_shape ir_shape_of(int rank, ...); /* ir_shape_of(2, 3, 4): [3,4] */
long ir_elements(struct ir_shape shape);    /* 1 for a scalar */
bool ir_shape_equal(struct ir_shape a, struct ir_shape b);

/* Inputs with equal names in one graph are a broken promise. Names are copied. */
const struct ir_node *ir_input(struct ir_graph *graph, const char *name, enum ir_role role, enum ir_rate rate,
                               struct ir_shape shape);
const struct ir_node *ir_const(struct ir_graph *graph, struct ir_shape shape, const double *values);
const struct ir_node *ir_eye(struct ir_graph *graph, int n);
/* An `ein` of nothing. */
const struct ir_node *ir_fill(struct ir_graph *graph, double value, struct ir_shape shape);
bool ir_is_zero(const struct ir_node *node);

/* The general constructor. Labels are any numbers below IR_MAX_LABELS*2; sizes are taken from the operands,
 * and for broadcast labels from `size` (indexed by label; may be NULL when there are none). */
const struct ir_node *ir_ein_labels(struct ir_graph *graph, double coefficient, int n_args,
                                    const struct ir_node *const *args,
                                    const unsigned char (*labels)[IR_MAX_RANK], int n_out,
                                    const unsigned char *out, const int *size);
/* By letters: ir_ein(g, 1.0, "ij,j->i", A, x). As many operands as the text has parts between commas (none:
 * "->"; one scalar: see ir_scale). Every letter of the result must be in an operand; see ir_broadcast for the
 * rest. */
const struct ir_node *ir_ein(struct ir_graph *graph, double coefficient, const char *spec, ...);
/* ir_broadcast(g, x, "i->ij", shape of the result). */
const struct ir_node *ir_broadcast(struct ir_graph *graph, const struct ir_node *x, const char *spec,
                                   struct ir_shape shape);

const struct ir_node *ir_scale(struct ir_graph *graph, double factor, const struct ir_node *x);
const struct ir_node *ir_mul(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b);
const struct ir_node *ir_add(struct ir_graph *graph, int n, const struct ir_node *const *terms);
const struct ir_node *ir_add2(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b);
const struct ir_node *ir_sub(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b);
const struct ir_node *ir_unary(struct ir_graph *graph, enum ir_op op, const struct ir_node *x);
const struct ir_node *ir_clamp(struct ir_graph *graph, const struct ir_node *x, double low, double high);
const struct ir_node *ir_inside(struct ir_graph *graph, const struct ir_node *x, double low, double high);
/* Of a symmetric matrix [n,n]; its lower triangle is read. Where it is not positive definite: NaN. */
const struct ir_node *ir_logdet(struct ir_graph *graph, const struct ir_node *matrix);
const struct ir_node *ir_inverse(struct ir_graph *graph, const struct ir_node *matrix);
/* Entries in any order, repeats are added up; copied. */
const struct ir_node *ir_select(struct ir_graph *graph, const struct ir_node *x, int axis, int n_lead,
                                const int *lead, int n_entries, const struct ir_entry *entries);
/* rows first .. first+count-1 of an axis */
const struct ir_node *ir_slice(struct ir_graph *graph, const struct ir_node *x, int axis, int first,
                               int count);
/* the slice at one index of an axis, with that axis dropped */
const struct ir_node *ir_pick(struct ir_graph *graph, const struct ir_node *x, int axis, int index);
/* Of a uniform x it would be B times x, which is not meant: a broken promise. Zero is allowed. */
const struct ir_node *ir_bsum(struct ir_graph *graph, const struct ir_node *x);
/* The sum over the batch of any value: of a uniform one, B times it. */
const struct ir_node *ir_batch_sum(struct ir_graph *graph, const struct ir_node *x);

/* `steps->body` must be complete. Checks (broken promises): counts, shapes and rates of carries, slices,
 * captures. */
const struct ir_node *ir_steps(struct ir_graph *graph, const struct ir_steps *steps,
                               const struct ir_node *const *args);
const struct ir_node *ir_result(struct ir_graph *graph, const struct ir_node *steps, int which);
int ir_result_count(const struct ir_node *steps);

/* Builds, in `graph`, a node with the same operation and attributes as `node` (of any graph of the same
 * arena) over other operands, through the simplifying constructors. Not for inputs. The one place that
 * transforms copy through. */
const struct ir_node *ir_rebuild(struct ir_graph *graph, const struct ir_node *node,
                                 const struct ir_node *const *args);

/* Copies what `roots` need from their graph into `to`, starting from map[] (indexed by id of the source
 * graph; NULL: not mapped yet), which is filled on the way. Inputs that are met unmapped are a broken
 * promise. */
void ir_copy_into(struct ir_graph *to, const struct ir_graph *from, int n_roots,
                  const struct ir_node *const *roots, const struct ir_node **map);

/* needed[id]: reachable from the outputs (only within this graph; bodies are their own graphs). */
void ir_mark_needed(const struct ir_graph *graph, bool *needed);

/* The setting that limited loops read; NULL: the graph has none. */
const struct ir_node *ir_limit(const struct ir_graph *graph);

/* ---- facts --------------------------------------------------------------------------------------------- */

const char *ir_op_name(enum ir_op op);
bool ir_op_is_elementwise(enum ir_op op);
const char *ir_role_name(enum ir_role role);
const char *ir_rate_name(enum ir_rate rate);

struct ir_count {      /* of what the outputs need, loops multiplied out, a sample */
    long nodes;        /* nodes in the text, each body once */
    double multiplies; /* multiply-adds of `ein` over varying values */
    double contracted; /* of them, those whose products are added up, over labels or over the batch */
    double flops;      /* all floating point operations over varying values, by ops.def; 2 a multiply-add */
};
struct ir_count ir_count(const struct ir_graph *graph);
/* Of one node only; a loop costs what its body does, which is not counted here. */
struct ir_count ir_count_of(const struct ir_node *node);

/* ---- check, text, meaning ------------------------------------------------------------------------------ */

/* Every rule that a constructor relies on, looked at again: shapes, rates, labels, order, loops. NULL: all
 * well; else an arena text that names graph, node and fault. Run after every pass. */
const char *ir_verify(const struct ir_graph *graph);

/* The text form (docs/ir.md). Only what outputs and inputs need is printed; same graph, same bytes. */
void ir_print(const struct ir_graph *graph, struct strbuf *out);

/* Reads graphs printed by ir_print; a file may hold several. Faults go to diag with places; then NULL. Gives
 * an arena array of the *n graphs that no loop of the text has as its body. Any text whatever ends in a
 * message, never a crash. */
struct ir_graph **ir_parse(struct arena *arena, const struct source *source, struct diag *diag, int *n);

/* The meaning of the language: a slow interpreter in double precision over a whole batch.
 * in[i]: the graph's i-th input; uniform: elements of its shape; varying: [batch][elements].
 * out[i]: the graph's i-th output, laid out likewise; memory of the caller. */
void ir_eval(const struct ir_graph *graph, int batch, const double *const *in, double *const *out);

#endif
