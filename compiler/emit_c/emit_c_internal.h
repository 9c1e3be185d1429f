/* SPDX-License-Identifier: MIT
 *
 * Internal to this folder. */
#ifndef GPFC_EMIT_C_INTERNAL_H
#define GPFC_EMIT_C_INTERNAL_H

#include "emit_c/emit_c.h"

enum { C_MOST_LEAD = 4 };

/* What a value is part of: a number or array of the file, which every function sees, or something that a
 * function must be given. */
enum c_place { C_FILE, C_UNIFORM, C_SCRATCH, C_AFTER, C_SUMS, C_PORT, C_PLACES };

/* How a value is written in C: `base`, then [lead].., then an index for each axis, then [l] for the lane. */
enum c_kind { C_NONE, C_ARRAY, C_NUMBER, C_EYE };
struct c_value {
    enum c_kind kind;
    bool wide;        /* one number a lane; else one for all */
    const char *base; /* "s->v12"; of a number: itself */
    enum c_place place;
    int port; /* its number in c_code.port, if that is its place */
    int n_lead;
    int lead[C_MOST_LEAD]; /* the loop whose round it is, in a slice of a sequence or stack: its depth */
};

struct c_targets { /* what a sum over the batch adds to */
    int n, room;
    struct c_value *value;
};

/* Statements of one function, and what they use of what it must be given: marked as they are written. */
struct c_code {
    struct strbuf text;
    bool place[C_PLACES];
    bool *port;              /* the kernel's inputs, then its outputs */
    bool round[C_MOST_LEAD]; /* by the loop's depth */
    bool limit;              /* of rounds */
};

/* One kernel while it is written. */
struct c_kernel {
    struct arena *arena;
    enum real real;
    const char *name; /* as C has it: "train" */
    const struct ir_graph *graph;
    struct strbuf *constants; /* arrays of the file */
    int n_constants, n_functions;
    struct strbuf functions;              /* pieces of the three */
    int part;                             /* which of the three is written: before, tile, after */
    struct strbuf uniform, scratch, sums; /* members of the three structs */
    const char *fault;
};

/* A graph, or a part of one, while it is written. */
struct c_region {
    struct c_kernel *kernel;
    const struct ir_graph *graph;
    bool wide;              /* of a tile */
    int depth;              /* loops around it */
    enum c_place place;     /* of its own values */
    const char *prefix;     /* of their names: "s->loop12." */
    struct strbuf *members; /* the struct that they are members of */
    struct c_code *code;
    int indent;
    const bool *wanted;        /* by id: computed here */
    const bool *total;         /* by id: known after all tiles only */
    bool *fused;               /* by id: computed where it is read, by a sum over the batch */
    struct c_value *value;     /* by id */
    struct c_targets *targets; /* by id, of sums over the batch */
};

/* ---- emit_c_text.c ------------------------------------------------------------------------------------- */

void c_code_init(struct c_code *code, const struct c_kernel *kernel);
void c_line(struct c_region *r, const char *format, ...) PRINTF_LIKE(2, 3);
const char *c_number(struct arena *arena, double value, enum real real);
const char *c_identifier(struct arena *arena, const char *name);
extern const char c_index[IR_MAX_LABELS + 1];  /* letters of the labels */
extern const char *const c_round[C_MOST_LEAD]; /* names of the loops' rounds, by depth */

/* Loops over labels; `block`: the innermost opens a brace. Each further line is indented by one more for
 * each. */
void c_loops_open(struct c_region *r, int n, const unsigned char *labels, const int *size, bool block);
void c_loops_close(struct c_region *r, int n, bool block);
/* for (int l ..) before the next line, if wide */
void c_lanes_open(struct c_region *r, bool wide);
void c_lanes_close(struct c_region *r, bool wide);

/* The value at indices that are texts, for a statement of r->code, where it is marked as used. */
const char *c_at(const struct c_region *r, const struct c_value *value, int rank, const char *const *index);
/* The value at labels' letters; labels NULL: a, b, c .. */
const char *c_access(const struct c_region *r, const struct c_value *value, int rank,
                     const unsigned char *labels);

/* A member of the region's struct, and the value it is. */
struct c_value c_member(struct c_region *r, const char *name, struct ir_shape shape, bool wide);
/* to = from, or to += from, element by element; from NULL: zero. A wide sum goes into a narrow target lane by
 * lane. */
void c_copy(struct c_region *r, struct ir_shape shape, const struct c_value *to, const char *operation,
            const struct c_value *from);

/* ---- emit_c_node.c: statements ------------------------------------------------------------------------- */

bool c_is_given(const struct ir_node *node); /* an input or a constant */
void c_node(struct c_region *r, const struct ir_node *node);

/* ---- emit_c_region.c: graphs; emit_c_loop.c ------------------------------------------------------------ */

/* A function of the code, which is given the memory and the rounds that it uses, and its call in the code of
 * the region. */
void c_piece(struct c_region *caller, const struct c_code *code);
/* All wanted nodes in order. False: kernel->fault. */
bool c_region(struct c_region *r);
void c_region_init(struct c_region *r, struct c_kernel *kernel, const struct ir_graph *graph);
void c_constants(struct c_region *r); /* those of the graph are given their values */
bool c_fail(const struct c_region *r, const struct ir_node *node, const char *what);
/* A loop of the graph; likewise. */
bool c_loop(struct c_region *r, const struct ir_node *node);

/* ---- emit_c_kernel.c, emit_c_bundle.c ------------------------------------------------------------------ */

bool c_kernel(struct arena *arena, const struct emit_c *what, int which, const char *name, struct strbuf *out,
              const char **fault);
void c_tables(const struct emit_c *what, const char *const *names, struct strbuf *out);

#endif
