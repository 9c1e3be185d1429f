/* SPDX-License-Identifier: MIT
 *
 * The constructor of `ein`, the one multilinear operation. Takes any labelled product, gives a node in
 * canonical form: fills, scales and views are absorbed into coefficient and labels, identity matrices rename
 * labels, operands stand in a fixed order, labels are numbered result first and then by appearance. So
 * products that are equal up to names are one node. Products within products and sums within products stay:
 * pass_merge looks after those.
 *
 * A view is an `ein` of one operand that sums nothing: scale, transpose, broadcast, diagonal. Labels of
 * extent 1 are summed at no cost, so an `ein` that drops such axes is a view too. */
#include "ir/ir_ein.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

/* ---- reading what was asked for ------------------------------------------------------------------------ */

static void note_size(struct ein_draft *d, int label, int size)
{
    assert(label < EIN_LABELS && size > 0);
    assert((d->size[label] == 0 || d->size[label] == size) && "one label, two extents");
    d->size[label] = size;
}

static void add_operand(struct ein_draft *d, const struct ir_node *arg, const unsigned char *labels)
{
    assert(d->n_args < IR_MAX_OPERANDS && arg->op != IR_STEPS);
    for (int axis = 0; axis < arg->shape.rank; axis++) {
        note_size(d, labels[axis], arg->shape.size[axis]);
        d->labels[d->n_args][axis] = labels[axis];
    }
    d->args[d->n_args++] = arg;
}

/* -1: summed */
static int place_in_out(const struct ein_draft *d, int label)
{
    for (int i = 0; i < d->n_out; i++)
        if (d->out[i] == label)
            return i;
    return -1;
}

static bool in_out(const struct ein_draft *d, int label)
{
    return place_in_out(d, label) >= 0;
}

static void set_out(struct ein_draft *d, int n_out, const unsigned char *out, const int *size)
{
    assert(n_out >= 0 && n_out <= IR_MAX_RANK);
    for (int i = 0; i < n_out; i++) {
        assert(!in_out(d, out[i]) && "a label twice in the result");
        if (d->size[out[i]] == 0) {
            assert(size && "a broadcast needs its extent");
            note_size(d, out[i], size[out[i]]);
        }
        d->out[d->n_out++] = out[i];
    }
}

static struct ir_shape draft_shape(const struct ein_draft *d)
{
    struct ir_shape shape = {.rank = d->n_out};
    for (int i = 0; i < d->n_out; i++)
        shape.size[i] = d->size[d->out[i]];
    return shape;
}

/* ---- absorbing operands -------------------------------------------------------------------------------- */

static void remove_operand(struct ein_draft *d, int p)
{
    d->n_args--;
    for (int i = p; i < d->n_args; i++) {
        d->args[i] = d->args[i + 1];
        memcpy(d->labels[i], d->labels[i + 1], IR_MAX_RANK);
    }
}

static bool sums_only_ones(const struct ir_node *ein)
{
    for (int label = ein->shape.rank; label < ein->ein.n_labels; label++)
        if (ein->ein.size[label] != 1)
            return false;
    return true;
}

static bool is_view(const struct ir_node *node)
{
    return node->op == IR_EIN && node->n_args <= 1 && sums_only_ones(node);
}

/* A summed label of extent 1: one that is there, else a free one. EIN_NO_LABEL: too many labels already. */
static int unit_label(struct ein_draft *d)
{
    int free_label = EIN_NO_LABEL, used = 0;
    for (int label = 0; label < EIN_LABELS; label++) {
        if (d->size[label] == 1 && !in_out(d, label))
            return label;
        if (d->size[label] == 0 && free_label == EIN_NO_LABEL)
            free_label = label;
        used += d->size[label] != 0;
    }
    if (used >= IR_MAX_LABELS || free_label == EIN_NO_LABEL)
        return EIN_NO_LABEL;
    d->size[free_label] = 1;
    return free_label;
}

static bool absorb_view(struct ein_draft *d, int p)
{
    const struct ir_node *view = d->args[p];
    unsigned char outer[IR_MAX_LABELS];
    memcpy(outer, d->labels[p], IR_MAX_RANK);
    if (view->ein.n_labels > view->shape.rank) {
        const int unit = unit_label(d);
        if (unit == EIN_NO_LABEL)
            return false;
        for (int label = view->shape.rank; label < view->ein.n_labels; label++)
            outer[label] = (unsigned char)unit;
    }
    d->coefficient *= view->ein.coefficient;
    if (view->n_args == 0) {
        remove_operand(d, p);
        return true;
    }
    const struct ir_node *inner = view->args[0];
    for (int axis = 0; axis < inner->shape.rank; axis++)
        d->labels[p][axis] = outer[view->ein.labels[0][axis]];
    d->args[p] = inner;
    return true;
}

static void rename_label(struct ein_draft *d, int from, int to)
{
    for (int i = 0; i < d->n_args; i++)
        for (int axis = 0; axis < d->args[i]->shape.rank; axis++)
            if (d->labels[i][axis] == from)
                d->labels[i][axis] = (unsigned char)to;
    d->size[from] = 0;
}

/* The same identity matrix, either way round, before operand p. */
static bool eye_is_repeated(const struct ein_draft *d, int p)
{
    const int x = d->labels[p][0], y = d->labels[p][1];
    for (int i = 0; i < p; i++) {
        const int v = d->labels[i][0], w = d->labels[i][1];
        if (d->args[i]->op == IR_EYE && ((v == x && w == y) || (v == y && w == x)))
            return true;
    }
    return false;
}

/* delta_xy makes x and y one label, unless the result has both. */
static bool absorb_eye(struct ein_draft *d, int p)
{
    const int x = d->labels[p][0], y = d->labels[p][1];
    if (x == y || eye_is_repeated(d, p)) {
        remove_operand(d, p);
        return true;
    }
    if (in_out(d, x) && in_out(d, y)) {
        if (place_in_out(d, x) > place_in_out(d, y)) { /* either way round is the same matrix */
            d->labels[p][0] = (unsigned char)y;
            d->labels[p][1] = (unsigned char)x;
        }
        return false;
    }
    remove_operand(d, p);
    if (in_out(d, x))
        rename_label(d, y, x);
    else
        rename_label(d, x, y);
    return true;
}

static bool absorb_operand(struct ein_draft *d, int p)
{
    if (d->args[p]->op == IR_EYE)
        return absorb_eye(d, p);
    return is_view(d->args[p]) && absorb_view(d, p);
}

static void absorb_all(struct ein_draft *d)
{
    for (int p = 0; p < d->n_args;)
        if (!absorb_operand(d, p))
            p++;
}

/* ---- summed labels ------------------------------------------------------------------------------------- */

static bool in_operands(const struct ein_draft *d, int label)
{
    for (int i = 0; i < d->n_args; i++)
        for (int axis = 0; axis < d->args[i]->shape.rank; axis++)
            if (d->labels[i][axis] == label)
                return true;
    return false;
}

/* A summed label that no operand has counts its extent, once. */
static void drop_vanished(struct ein_draft *d)
{
    for (int label = 0; label < EIN_LABELS; label++) {
        if (d->size[label] == 0 || in_out(d, label) || in_operands(d, label))
            continue;
        d->coefficient *= d->size[label];
        d->size[label] = 0;
    }
}

/* All summed labels of extent 1 become one. */
static void merge_units(struct ein_draft *d)
{
    int unit = EIN_NO_LABEL;
    for (int label = 0; label < EIN_LABELS; label++) {
        if (d->size[label] != 1 || in_out(d, label))
            continue;
        if (unit == EIN_NO_LABEL)
            unit = label;
        else
            rename_label(d, label, unit);
    }
}

/* ---- the node ------------------------------------------------------------------------------------------ */

static void renumber(struct ein_draft *d, const struct ein_numbering *n, struct ir_ein *ein)
{
    for (int i = 0; i < d->n_args; i++)
        for (int axis = 0; axis < IR_MAX_RANK; axis++)
            d->labels[i][axis] = axis < d->args[i]->shape.rank ? n->number[d->labels[i][axis]] : 0;
    for (int label = 0; label < EIN_LABELS; label++)
        if (n->number[label] != EIN_NO_LABEL)
            ein->size[n->number[label]] = d->size[label];
    ein->n_labels = n->count;
    ein->coefficient = d->coefficient;
    ein->labels = d->labels;
}

static bool is_identity(const struct ein_draft *d)
{
    if (d->n_args != 1 || d->coefficient != 1 || d->args[0]->shape.rank != d->n_out)
        return false;
    for (int axis = 0; axis < d->n_out; axis++)
        if (d->labels[0][axis] != axis)
            return false;
    return true;
}

static const struct ir_node *finish(struct ir_graph *graph, struct ein_draft *d)
{
    struct ir_node draft = {.op = IR_EIN, .shape = draft_shape(d)};
    struct ein_numbering n;
    ein_order(d, &n);
    assert(n.count <= IR_MAX_LABELS && "too many labels in one ein");
    renumber(d, &n, &draft.ein);
    if (is_identity(d))
        return d->args[0];
    draft.n_args = d->n_args;
    draft.args = d->args;
    if (d->n_args > 0) {
        const struct ir_node *folded = ir_fold(graph, &draft);
        if (folded)
            return folded;
    }
    return ir_intern(graph, &draft);
}

/* ---- the constructors ---------------------------------------------------------------------------------- */

const struct ir_node *ir_fill(struct ir_graph *graph, double value, struct ir_shape shape)
{
    struct ir_node draft = {.op = IR_EIN, .shape = shape};
    draft.ein.coefficient = value == 0 ? 0 : value; /* no negative zero */
    draft.ein.n_labels = shape.rank;
    memcpy(draft.ein.size, shape.size, sizeof shape.size);
    return ir_intern(graph, &draft);
}

bool ir_is_zero(const struct ir_node *node)
{
    return node->op == IR_EIN && node->n_args == 0 && node->ein.coefficient == 0;
}

const struct ir_node *ir_ein_labels(struct ir_graph *graph, double coefficient, int n_args,
                                    const struct ir_node *const *args,
                                    const unsigned char (*labels)[IR_MAX_RANK], int n_out,
                                    const unsigned char *out, const int *size)
{
    struct ein_draft d;
    memset(&d, 0, sizeof d);
    d.coefficient = coefficient;
    for (int i = 0; i < n_args; i++)
        add_operand(&d, args[i], labels[i]);
    set_out(&d, n_out, out, size);
    absorb_all(&d);
    drop_vanished(&d);
    merge_units(&d);
    if (d.coefficient == 0 || d.n_args == 0)
        return ir_fill(graph, d.coefficient, draft_shape(&d));
    return finish(graph, &d);
}

/* ---- by letters ---------------------------------------------------------------------------------------- */

struct letters { /* "ij,j->i" */
    int n_args;
    unsigned char labels[IR_MAX_OPERANDS][IR_MAX_RANK];
    int rank[IR_MAX_OPERANDS];
    int n_out;
    unsigned char out[IR_MAX_RANK];
    char letter[EIN_LABELS]; /* of each label; 0: not in use */
};

static unsigned char label_of(struct letters *l, char letter)
{
    assert((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'));
    int label = 0;
    while (label < EIN_LABELS - 1 && l->letter[label] && l->letter[label] != letter)
        label++;
    l->letter[label] = letter;
    return (unsigned char)label;
}

static void read_letters(struct letters *l, const char *spec)
{
    const char *arrow = strstr(spec, "->");
    assert(arrow);
    memset(l, 0, sizeof *l);
    l->n_args = arrow != spec;
    for (const char *c = spec; c < arrow; c++) {
        const int k = l->n_args - 1;
        if (*c == ',') {
            assert(l->n_args < IR_MAX_OPERANDS);
            l->n_args++;
        } else {
            assert(l->rank[k] < IR_MAX_RANK);
            l->labels[k][l->rank[k]++] = label_of(l, *c);
        }
    }
    for (const char *c = arrow + 2; *c; c++) {
        assert(l->n_out < IR_MAX_RANK);
        l->out[l->n_out++] = label_of(l, *c);
    }
}

const struct ir_node *ir_ein(struct ir_graph *graph, double coefficient, const char *spec, ...)
{
    struct letters l;
    read_letters(&l, spec);
    const struct ir_node *args[IR_MAX_OPERANDS];
    va_list list;
    va_start(list, spec);
    for (int i = 0; i < l.n_args; i++) {
        args[i] = va_arg(list, const struct ir_node *);
        assert(args[i]->shape.rank == l.rank[i] && "ein: letters and rank differ");
    }
    va_end(list);
    return ir_ein_labels(graph, coefficient, l.n_args, args, l.labels, l.n_out, l.out, NULL);
}

const struct ir_node *ir_broadcast(struct ir_graph *graph, const struct ir_node *x, const char *spec,
                                   struct ir_shape shape)
{
    struct letters l;
    read_letters(&l, spec);
    assert(l.n_out == shape.rank && l.rank[0] == x->shape.rank); /* "->ij": a scalar x has no letters */
    int size[EIN_LABELS] = {0};
    for (int i = 0; i < l.n_out; i++)
        size[l.out[i]] = shape.size[i];
    const struct ir_node *result = ir_ein_labels(graph, 1, 1, &x, l.labels, l.n_out, l.out, size);
    assert(ir_shape_equal(result->shape, shape));
    return result;
}

const struct ir_node *ir_scale(struct ir_graph *graph, double factor, const struct ir_node *x)
{
    static const unsigned char labels[1][IR_MAX_RANK] = {{0, 1, 2, 3, 4, 5}};
    if (factor == 1)
        return x;
    return ir_ein_labels(graph, factor, 1, &x, labels, x->shape.rank, labels[0], NULL);
}

const struct ir_node *ir_mul(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b)
{
    static const unsigned char labels[2][IR_MAX_RANK] = {{0, 1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5}};
    assert(ir_shape_equal(a->shape, b->shape));
    const struct ir_node *args[2] = {a, b};
    return ir_ein_labels(graph, 1, 2, args, labels, a->shape.rank, labels[0], NULL);
}
