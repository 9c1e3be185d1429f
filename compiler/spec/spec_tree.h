/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of this folder: a YAML text as a tree of nodes, and the table of keys as rows. */
#ifndef GPFC_SPEC_TREE_H
#define GPFC_SPEC_TREE_H

#include "spec/spec.h"

/* ---- tree: YAML's part --------------------------------------------------------------------------------- */

enum spec_node_kind {
    SPEC_NODE_SCALAR,
    SPEC_NODE_MAPPING,  /* children: key, value, key, value, ... */
    SPEC_NODE_SEQUENCE, /* children: items */
    SPEC_NODE_REFUSED   /* already reported (an alias, an unclosed list): not reported again */
};

/* Nodes stand in the order of the text, a node before its children: the first child of node i is i + 1, the
 * node after all that belongs to node i is nodes[i].end. */
struct spec_node {
    enum spec_node_kind kind;
    struct place at;
    const char *text; /* of a scalar: length bytes, then a NUL */
    size_t length;    /* of a mapping or list: nodes within it */
    bool plain;       /* a scalar without quotes and not a block: may be a number */
    int end;
};

struct spec_tree {
    int count; /* 0: nothing was read */
    const struct spec_node *nodes;
    bool complete; /* false: a fault of the text ended the reading early */
};

/* Reads the text as YAML; faults of the YAML go to diag. */
void spec_tree_read(struct arena *arena, const struct source *source, struct diag *diag,
                    struct spec_tree *out);

/* ---- table: spec_keys.def and spec_choices.def --------------------------------------------------------- */

enum spec_kind {
    SPEC_KIND_INT,
    SPEC_KIND_REAL,
    SPEC_KIND_CHOICE,
    SPEC_KIND_TEXT,
    SPEC_KIND_SIZES,
    SPEC_KIND_NAMES,
    SPEC_KIND_INT_OR_AUTO,
    SPEC_KIND_REAL_OR_AUTO,
    SPEC_KIND_COUNT_OR_FILE
};

struct spec_word {
    const char *word, *help; /* see spec_word_text */
};

struct spec_row {
    const char *path; /* "flow.field" */
    enum spec_kind kind;
    size_t offset;                                 /* of its field in struct spec ... */
    size_t at_offset, given_offset, faulty_offset; /* ... and of the members that all kinds have */
    const char *initial;           /* the default, as it would be written; see spec_is_required */
    double least, greatest;        /* of numbers and the items of SIZES; of integers within +-2^53 */
    const struct spec_word *words; /* of CHOICE: n_words of them */
    int n_words;
    const char *file; /* of COUNT_OR_FILE: the setting that holds the path */
    int model;        /* of enum spec_part: bits */
    const char *help;
};

extern const struct spec_row spec_rows[SPEC_ROWS];

bool spec_is_required(const struct spec_row *row);
int spec_fewest_sizes(const struct spec_row *row); /* of SIZES: 0 where [] is the default */
const char *spec_word_text(const struct spec_row *row,
                           int word); /* as users write it: "2spirals" of _2spirals */

/* Length of the path's section with its dot, "flow." of "flow.field": 5; 0 at the top. */
int spec_section_length(const char *path);

/* ---- one key's value ----------------------------------------------------------------------------------- */

/* Puts the value at nodes[index] into the row's field. What is wrong with it goes to diag; then the default
 * stays. */
void spec_field_read(struct diag *diag, const struct spec_row *row, const struct spec_tree *tree, int index,
                     struct spec *spec);
void spec_field_place(struct spec *spec, const struct spec_row *row, struct place at, bool is_given);
bool *spec_field_faulty(struct spec *spec, const struct spec_row *row);
/* The default; for a required key the minimum, so that code that examines a faulty spec finds a value. */
void spec_field_default(const struct spec_row *row, struct spec *spec);

/* For messages: "an integer from 1 to 4095"; "a list", "nothing", "'x'". */
const char *spec_expected(struct arena *arena, const struct spec_row *row);
const char *spec_found(struct arena *arena, const struct spec_node *node);

/* ---- numbers: decimal, whatever the locale ------------------------------------------------------------- */

enum spec_number {
    SPEC_NUMBER_GOOD,
    SPEC_NUMBER_NOT,      /* not a number at all */
    SPEC_NUMBER_FRACTION, /* a number, but not written as an integer (1e3, 1024.0) */
    SPEC_NUMBER_ZEROS,    /* leading zeros */
    SPEC_NUMBER_TOO_LARGE
};

enum spec_number spec_parse_int(const char *text, size_t length, int64_t *out);
enum spec_number spec_parse_real(const char *text, size_t length, double *out);

/* The shortest text that is read back as the same number. */
const char *spec_real_text(struct arena *arena, double value);

#endif
