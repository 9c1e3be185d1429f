/* SPDX-License-Identifier: MIT
 *
 * A nest by itself: everything that its code depends on, and nothing else. Takes a nest of a settled plan,
 * gives a record that points into neither plan nor graph: values are numbered in the order in which they are
 * first mentioned, memory is a parameter with strides. An emitter reads only this; nests whose records have
 * the same bytes are the same code (nest_key). */
#ifndef GPFC_PLAN_NEST_H
#define GPFC_PLAN_NEST_H

#include "plan/plan.h"

enum { NEST_NONE = -1 };

/* Records are compared byte by byte: no bytes between fields. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct nest_place { /* memory: address = parameter + sum_a stride[a] * index[a] */
    int32_t param;  /* NEST_NONE: not read from memory, or written to it */
    int32_t rank;   /* of the value, in memory or not */
    int32_t wide;   /* 1: one vector of lanes an element; 0: one number for all lanes */
    int32_t bfloat; /* 1: 16 bits an element */
    int64_t stride[IR_MAX_RANK];
};

struct nest_value {
    struct nest_place place; /* where it is read, if it is */
    int32_t op;              /* enum ir_op, if the nest computes it; NEST_NONE: another one does */
    int32_t inlined;         /* 1: computed where it is used; 0: a member's result, or in memory */
    int32_t size[IR_MAX_RANK];
    int32_t n_args, args; /* operands args .. args + n_args - 1 */
    int32_t select;       /* SELECT: which of the record's; NEST_NONE: it is none */
    int32_t n_labels;     /* EIN: as in struct ir_ein */
    int32_t label_size[IR_MAX_LABELS];
    double number[2]; /* EIN: the coefficient; CLAMP, INSIDE: low, high */
};

struct nest_operand { /* of an operation, or factor of a term */
    int32_t value;
    int32_t label[IR_MAX_RANK]; /* the label of each of its axes */
};

struct nest_entry {
    int32_t row, column;
    double value;
};

struct nest_select { /* as in struct ir_select */
    int32_t axis, n_lead, lead[IR_MAX_RANK];
    int32_t is_slice;                 /* 1: even steps, as in struct plan_slice; 0: the entries */
    int32_t first, step[IR_MAX_RANK]; /* of a slice */
    int32_t n_entries, entries;       /* entries .. entries + n_entries - 1 */
    double factor;                    /* of a slice */
};

struct nest_member { /* as in struct plan_member */
    int32_t value;
    int32_t axis[IR_MAX_LABELS];
};

struct nest_store {
    int32_t value; /* NEST_NONE: zero, or what lies at `from`; of a total or lanes: their sums */
    int32_t add;
    int32_t axis[IR_MAX_RANK];  /* nest axis of each axis of the value */
    struct nest_place to, from; /* from: a temporary that is copied */
};

struct nest_term { /* as in struct plan_term */
    double coefficient;
    int32_t n_labels, size[IR_MAX_LABELS];
    int32_t n_factors, factors; /* factors .. factors + n_factors - 1 */
    int32_t how;
};

struct nest {
    int32_t kind; /* enum plan_nest_kind */
    int32_t wide; /* 1: over samples */
    int32_t n_params;
    int32_t n_axes, size[IR_MAX_LABELS];
    int32_t n_summed, summed[IR_MAX_LABELS];
    int32_t total_rank, total_size[IR_MAX_RANK]; /* TOTAL, LANES */
    int32_t partial;                             /* 1: TOTAL: adds lane by lane */
    int32_t node;                                /* SELECT, MATRIX: the value, which the one store takes */
    int32_t n_members, n_sums, n_stores, n_terms, n_values, n_operands, n_factors, n_selects, n_entries;
    int32_t how_bytes;
    struct nest_place work; /* param NEST_NONE: it has none */
    /* the bytes of what these point to are the record's, too */
    struct nest_member *members, *sums;
    struct nest_store *stores;
    struct nest_term *terms;
    struct nest_value *values;
    struct nest_operand *operands, *factors;
    struct nest_select *selects;
    struct nest_entry *entries;
    const void *how; /* the backend's record */
};

#pragma GCC diagnostic pop

/* params, one for each of the record's, are what they point to in this plan: reads, then what stores go to,
 * then the temporaries that are copied, then the nest's own memory. */
const struct nest *nest_new(struct arena *arena, const struct plan_region *region,
                            const struct plan_nest *nest, const struct plan_value *const **params);

/* All bytes of the record. */
void nest_key(const struct nest *nest, struct strbuf *out);

const struct nest_operand *nest_operand(const struct nest *nest, const struct nest_value *value, int i);
const struct nest_value *nest_arg(const struct nest *nest, const struct nest_value *value, int i);
/* Is one of the factor's axes this label? Of -1, which stands for none: no. */
bool nest_factor_has(const struct nest *nest, const struct nest_operand *factor, int label);
long nest_total_elements(const struct nest *nest);

#endif
