/* SPDX-License-Identifier: MIT
 *
 * What a spec has kernels for: the flow and, if it is compiled too, its base flow. Each kind says how its
 * programs are built and what its bundle contains; the driver goes through a list of them. */
#ifndef GPFC_FAMILY_H
#define GPFC_FAMILY_H

#include "bundle/bundle.h"
#include "diff/diff.h"
#include "drive/front.h"
#include "gpfc.h"
#include "sched/sched.h"

struct family_kind {
    const char *name;   /* "flow", "base" */
    const char *prefix; /* of its programs' names: "", "base_" */
    bool is_mixable;    /* its training may multiply bfloat16 numbers */
    /* Programs; 0: it has none in this spec. The first is the training's. */
    int (*count)(const struct model *model);
    struct ir_graph *(*train)(struct arena *arena, const struct model *model, enum diff_keep keep);
    struct ir_graph *(*build)(struct arena *arena, const struct model *model, int k); /* k > 0 */
    int64_t (*batch)(const struct spec *spec);
    const char *(*words)(struct arena *arena, const struct model *model); /* one line that says what it is */
    /* Into the row: parameters, settings, hash and all else that depends on the kind. */
    void (*describe)(struct arena *arena, const struct front *front, struct gpfc_bundle *row);
};
extern const struct family_kind family_flow, family_base;
extern const struct family_kind family_text; /* programs from text, without a training */

struct family {
    const struct family_kind *kind;
    bool is_mixed;            /* its training multiplies bfloat16 numbers */
    struct schedule schedule; /* of all its kernels */
    bool settled;             /* nothing of it is left to be chosen, what is kept neither */
    bool measured;            /* by tuning, here or before */
    struct bundle_part kernels;
    struct gpfc_family *report;
};

/* Those of a model, with places for as many; a library has only the flow. Returns how many. */
int family_list(const struct model *model, bool is_library, struct family out[GPFC_FAMILIES]);

/* ---- for the kinds ------------------------------------------------------------------------------------- */

/* The values, and the folder of the data. */
void family_settings(struct arena *arena, const struct front *front, int n, const struct spec_value *values,
                     struct gpfc_bundle *row);
/* Equal for two specs whose models mean the same. */
int64_t family_hash(int n, const struct spec_value *values);
void family_add_widths(struct strbuf *text, int in, int n_hidden, const int *hidden, int out);

#endif
