/* SPDX-License-Identifier: MIT
 *
 * What the two halves of the parser share: ir_parse.c reads graphs and statements, ir_parse_node.c what
 * follows the name of an operation. Functions that return false have reported the error. */
#ifndef GPFC_IR_PARSE_H
#define GPFC_IR_PARSE_H

#include "ir/ir_internal.h"
#include "ir/ir_lex.h"

enum {                          /* caps, so that a short text cannot ask for the whole machine */
       TEXT_ELEMENTS = 1 << 24, /* of a shape                        */
       TEXT_VALUES = 1 << 20,   /* numbers of a constant or a select */
       TEXT_OPERANDS = 4096,    /* of a node                         */
       TEXT_PORTS = 4096,       /* inputs, and outputs, of a graph   */
       TEXT_NUMBER = 1 << 20,   /* after '%'                         */
       TEXT_GRAPHS = 1024,      /* in a text                         */
       TEXT_DEPTH = 16,         /* loops within loops                */
};

/* A graph of the text. */
struct parsed {
    const char *name;
    struct ir_graph *graph;
    bool faulty;
    bool is_body; /* a loop uses it */
    int depth;    /* 1: has no loops */
};

struct slot {                   /* what %i is */
    int owner;                  /* the graph that it belongs to, from 1; else nothing is known of it there */
    const struct ir_node *node; /* NULL: its line has a fault */
};

struct parser {
    struct arena *arena;
    struct diag *diag;
    struct ir_lexer lexer;
    struct parsed *graphs;
    int n_graphs;
    struct parsed *current;
    struct slot *slots;
    int n_slots;
};

/* One line: %number = operation attributes operands : rate shape */
struct statement {
    struct place at;      /* of the operation */
    struct ir_node draft; /* as far as it is known */
    bool faulty;          /* uses a value whose own line has an error: nothing more to report */
    const struct ir_node **args;
    const char *spec; /* EIN: "ab,b->a" */
    double *values;   /* CONST, SELECT: what stands in braces */
    int n_values;
    struct ir_steps steps;
};

struct place parse_here(const struct parser *p);
bool parse_sign(struct parser *p, char sign) MUST_CHECK;
bool parse_is_word(const struct parser *p, const char *word);
bool parse_word(struct parser *p, const char *word) MUST_CHECK;
bool parse_number(struct parser *p, double *number) MUST_CHECK;
bool parse_int(struct parser *p, int low, int high, const char *what, int *number) MUST_CHECK;
bool parse_list(struct parser *p, int most, int low, int high, int *n, int *numbers) MUST_CHECK; /* [1,2,3] */
bool parse_string(struct parser *p, const char **text) MUST_CHECK;
bool parse_name(struct parser *p, const char **name) MUST_CHECK; /* a word or a string */

/* Adds the %values that follow to the operands; how many there were. */
bool parse_operands(struct parser *p, struct statement *s, int *count) MUST_CHECK;

/* What stands between the operation and its operands (of a loop: its operands too). */
bool parse_attributes(struct parser *p, struct statement *s) MUST_CHECK;
/* Once operands and shape are known: what of the draft follows from the text. */
bool parse_finish_draft(struct parser *p, struct statement *s) MUST_CHECK;

#endif
