/* SPDX-License-Identifier: MIT
 *
 * From a program to loops and buffers: takes a graph and a backend's choices, gives a plan. A plan has three
 * parts, as a kernel has (kernel_abi.h): `before` (uniform work, once), `tile` (one tile of samples), `after`
 * (uniform work on sums). A part is a list of nests and counted loops; a nest is a small loop nest over (row,
 * column, lane) with everything fused into it that its loops allow. It says what is computed, over which
 * axes, from where to where; how a machine does that is the backend's record, which is kept here and not
 * looked into. Knows tiles and buffers; no registers, no flows, no code generator. */
#ifndef GPFC_PLAN_H
#define GPFC_PLAN_H

#include "ir/ir.h"

struct schedule;

enum {
    PLAN_MAX_DEPTH = 4,    /* loops within loops */
    PLAN_MAX_FACTORS = 12, /* of one product in a total */
};

enum plan_space {
    PLAN_NOWHERE, /* never in memory: in registers within its nest, or computed where it is used */
    PLAN_IN,      /* kernel input `port` */
    PLAN_OUT,     /* kernel output `port` */
    PLAN_UNIFORM, /* the kernel's uniform memory */
    PLAN_SCRATCH, /* the thread's scratch memory */
    PLAN_STACK,   /* where loops' stacks lie, if the backend keeps them apart */
    PLAN_SUMS,    /* sums over the batch */
    PLAN_CONST,   /* a constant of the program */
};

/* Where a value lies: address = space + offset + sum_l step[l] * iteration[l] + sum_a stride[a] * index[a],
 * in elements. */
struct plan_value {
    enum plan_space space;
    int port;
    long offset;
    long step[PLAN_MAX_DEPTH];
    long stride[IR_MAX_RANK];
    bool wide; /* one vector of `lanes` an element (strides count the lanes); else one number for all lanes */
    bool inlined; /* computed where it is used */
    bool bfloat;  /* one number for all lanes, rounded to bfloat16: 16 bits an element, in which strides and
                  steps count; offset counts elements of the program */
    const double *data;           /* PLAN_CONST: the numbers, row-major */
    const struct ir_node *origin; /* PLAN_CONST: the node they are of */
};

enum plan_target { PLAN_TO_SELF, PLAN_TO_OUTPUT, PLAN_TO_RESULT, PLAN_TO_TEMPORARY };

struct plan_store {             /* a value at the nest's indices -> memory */
    const struct ir_node *node; /* NULL: zero, or what lies in temporary `from` */
    int from;                   /* temporary of the region; -1: none */
    enum plan_target target; /* the node's own place; output `which` of the region's graph; result `which` of
                                `loop`; temporary `which` of the region */
    int which;
    struct plan_loop *loop;
    bool add; /* add to what is there */
    int rank;
    int axis[IR_MAX_RANK]; /* nest axis of each axis of the value */
    struct plan_value to;  /* filled when memory is laid out */
};

struct plan_member { /* a value computed in a nest; in registers for the nest's later members and stores */
    const struct ir_node *node;
    int axis[IR_MAX_LABELS]; /* nest axis of each label (an elementwise node's labels are its axes); -1:
                                summed */
};

/* Sums that loops add to lane by lane: no lanes are added up within. */
struct plan_partial {
    struct ir_shape shape;
    int end;                 /* item of the outermost region that adds up the lanes */
    struct plan_value place; /* one vector an element */
};

struct plan_factor {
    const struct ir_node *node;
    unsigned char labels[IR_MAX_RANK];
};
struct plan_term { /* coefficient * product of factors, to be summed over the labels past the total's rank */
    double coefficient;
    int n_labels;
    int size[IR_MAX_LABELS];
    int n_factors;
    struct plan_factor factor[PLAN_MAX_FACTORS];
    int how; /* the backend's own; 0 at first */
};

enum plan_nest_kind {
    PLAN_MAP,    /* values over axes; the first member may be a contraction, whose summed labels are inner
                 loops */
    PLAN_TOTAL,  /* one bsum: outer products summed over lanes and summed labels into a block of registers */
    PLAN_SELECT, /* a sparse linear map along one axis, or a sum of such maps, entry by entry */
    PLAN_MATRIX, /* the determinant or inverse of a matrix, by Cholesky's factor in a place of its own */
    PLAN_LANES,  /* a total's partial sums, a vector of lanes an element: zeros at first, lanes added up at
                   last */
};

struct plan_nest {
    enum plan_nest_kind kind;
    void *how; /* the backend's record of how the nest is computed: plain data without pointers or padding */
    size_t how_bytes;
    /* MAP: axes[0] is the row axis; axes past it are loops, the last outermost */
    int n_axes;
    int size[IR_MAX_LABELS];
    int n_members;
    struct plan_member *members;
    int n_sums; /* products of members and others, summed over loops around the rows: added up in memory,
                   never read here */
    struct plan_member *sums;
    int n_summed; /* of a contraction: its summed labels, outermost first */
    int summed[IR_MAX_LABELS];
    int n_stores;
    struct plan_store *stores;
    /* TOTAL, LANES */
    const struct ir_node *total;
    struct plan_partial *partial; /* TOTAL: what it adds to, a vector of lanes each; NULL: lanes are added up
                                     at once */
    /* TOTAL */
    int n_terms;
    struct plan_term *terms;
    /* SELECT, MATRIX: from memory to memory */
    const struct ir_node *node;
    struct ir_shape work_shape; /* of memory that the nest has to itself while it runs; rank 0: none */
    struct plan_value work;     /* where that is; LANES: the partial sums */
};

struct plan_region;

/* Memory of a region's own: all, or all but the stacks, and those. */
enum plan_frame { PLAN_VALUES, PLAN_STACKS, PLAN_FRAMES };

struct plan_result {            /* of a loop */
    const struct ir_node *read; /* its RESULT node; NULL: never read */
    int temporary;              /* of the surrounding region, where it lies if never read; -1: none */
    int output; /* a sum over the batch: output of the surrounding graph that it adds to; -1: none */
    struct plan_partial *partial; /* of such a sum: where its lanes lie while loops run; NULL: they are added
                                     up at once */
    struct plan_value place;
};

struct plan_loop {
    const struct ir_node *node;
    int depth;               /* loops around it */
    int prologue;            /* item of the surrounding region at which its results begin to be written */
    long frame[PLAN_FRAMES]; /* where the body's memory lies in the surrounding region's */
    struct plan_region *body;
    int n_results;
    struct plan_result *results;
};

struct plan_item { /* one of the two */
    struct plan_nest *nest;
    struct plan_loop *loop;
};

struct plan_temporary {
    struct ir_shape shape;
    bool is_stack; /* of a loop */
    struct plan_value value;
};

struct node_facts;

struct plan_region {
    const struct ir_graph *graph;
    struct node_facts *facts; /* the planner's own */
    struct plan_value *value; /* by node id; the parts of one graph share it */
    bool wide;                /* values here have lanes */
    int depth;
    int n_items, room;
    struct plan_item *items;
    int n_temporaries;
    struct plan_temporary *temporaries;
    long frame_elements[PLAN_FRAMES]; /* memory of its own, that of loops within too */
};

/* What a planner asks of its backend. */
struct plan_choices {
    const struct schedule *schedule; /* the backend's: what the functions go by */
    int lanes;           /* samples of a tile: numbers of a sample's element, which lie side by side */
    int partial_lanes;   /* numbers of an element to which loops add lane by lane */
    int aligned;         /* elements: places start at multiples, so that vectors are aligned */
    bool columns_close;  /* of an array with columns, as tangents have, a row's columns lie side by side, not
                             a column's rows */
    bool stacks_apart;   /* stacks of loops over samples lie in a memory of their own */
    bool sums_in_maps;   /* a map may add to sums: its rows are not computed side by side */
    long longest_joined; /* sums over the batch that go through more values of summed labels share no nest */

    /* Each gives the nest its `how`, and work_shape where it asks for memory. */
    void (*map)(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                struct plan_nest *nest);
    /* Its terms are known, and `partial`: whether it adds to sums lane by lane. May sort the terms. */
    void (*total)(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                  struct plan_nest *nest);
    void (*matrix)(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                   struct plan_nest *nest);
    /* May a total in a loop add lane by lane, with the lanes added up once after the loop? */
    bool (*keeps_lanes)(const struct schedule *schedule, const struct plan_nest *total);
    /* When all values of a region have places: what is decided by them. */
    void (*placed)(const struct schedule *schedule, struct plan_region *region);
    /* For plan_print. */
    void (*schedule_text)(const struct schedule *schedule, struct strbuf *out);
    void (*how_text)(const struct plan_nest *nest, struct strbuf *out);
};

struct plan {
    struct arena *arena;
    const struct ir_graph *graph;
    struct plan_choices choices;
    const struct schedule *schedule; /* that of the choices */
    struct plan_region *before, *tile, *after;
    long uniform_elements, scratch_elements, stack_elements, sum_elements;
    int n_nests;
};

/* NULL, with *fault an arena text, where the program cannot be computed tile by tile (a sample's value that
 * depends on a sum over the batch) or is nested too deeply. */
struct plan *plan_make(struct arena *arena, const struct ir_graph *graph, const struct plan_choices *choices,
                       const char **fault);

/* Rewrites sums over the batch so that each is one bsum of a varying value: linear functions of bsums inside
 * loops move below the bsum. Those that are added up are joined while they go through `most` values of summed
 * labels at most. Run by plan_make. */
struct ir_graph *plan_legalise(const struct ir_graph *graph, long most);

/* Of a loop that may run fewer rounds than it has: does anybody but such loops, which do not run the rest
 * either, read what result r has for it? */
bool plan_is_rest_read(const struct ir_graph *graph, const struct plan_loop *loop, int r);

/* A `select` that takes elements in even steps: with i, j, .. the indices of the axes that replace its axis,
 * result[.., i, j, .., ..] = value * x[.., first + step[0] i + step[1] j + .., ..]. Part of an axis, one
 * index of it, an axis in two, an axis backwards: they are computed where they are used. */
struct plan_slice {
    double value;
    int first;
    int step[IR_MAX_RANK];
};
bool plan_is_slice(const struct ir_node *node, struct plan_slice *slice);

void plan_print(const struct plan *plan, struct strbuf *out);

/* What a nest does, without the names of its values: equal nests say the same. "weights 10x50 over 50, then
 * add, tanh". */
void plan_nest_text(const struct plan_nest *nest, struct strbuf *out);
/* The first node it computes; -1: none. */
int plan_nest_node(const struct plan_nest *nest);
/* Operations of a call for one sample, as ir_count has them: uniform work is free, what is computed where it
 * is used belongs to the nest that uses it. */
double plan_nest_flop(const struct plan_region *region, const struct plan_nest *nest);

/* total[id]: depends on a sum over the batch, so is known only after all tiles. wide: of a program or body
 * with samples. */
bool *plan_totals(struct arena *arena, const struct ir_graph *graph, bool wide);

/* Which part computes a node, by what it depends on; not those that are given. */
enum plan_part { PLAN_BEFORE, PLAN_TILE, PLAN_AFTER, PLAN_PARTS, PLAN_GIVEN = PLAN_PARTS };
enum plan_part plan_part_of(const struct ir_node *node, const bool *total);

/* Does the nest have memory to itself, or partial sums: nest->work? */
bool plan_has_work(const struct plan_nest *nest);

/* One value for each index of the result, no sums: `add`, functions, `ein` without summed labels, slices. */
bool plan_is_elementwise(const struct ir_node *node);
bool plan_is_contraction(const struct ir_node *node);
/* Labels of an operand in terms of the node's own axes (elementwise nodes but slices) or labels
 * (contractions). */
void plan_operand_labels(const struct ir_node *node, int operand, unsigned char labels[IR_MAX_RANK]);
/* The axis of a value that runs along rows. */
int plan_row(const struct plan_region *region, const struct ir_node *node);

/* Does the nest compute the node? */
bool plan_is_member(const struct plan_nest *nest, const struct ir_node *node);

/* Of a total: is one of the factor's axes this label? Of -1, which stands for none: no. */
bool plan_factor_has(const struct plan_factor *factor, int label);

/* Calls visit for every value in memory or registers that computing `node` reads, looking through inlined
 * ones. */
void plan_visit_bases(const struct plan_region *region, const struct ir_node *node,
                      void (*visit)(void *data, const struct ir_node *base), void *data);

#endif
