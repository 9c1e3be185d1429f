/* SPDX-License-Identifier: MIT
 *
 * The constructor of `select`, the sparse constant linear map along one axis, and slices by it. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <stdlib.h>

static int compare_entries(const void *a, const void *b)
{
    const struct ir_entry *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

/* Sorted, repeats added up, zeros dropped. Gives the number that is left. */
static int tidy_entries(struct ir_entry *entries, int n)
{
    int kept = 0;
    if (n > 0) /* entries may be NULL */
        qsort(entries, (size_t)n, sizeof *entries, compare_entries);
    for (int i = 0; i < n;) {
        struct ir_entry sum = entries[i++];
        while (i < n && entries[i].row == sum.row && entries[i].column == sum.column)
            sum.value += entries[i++].value;
        if (sum.value != 0)
            entries[kept++] = sum;
    }
    return kept;
}

static struct ir_shape result_shape(struct ir_shape x, const struct ir_select *select)
{
    assert(x.rank - 1 + select->n_lead <= IR_MAX_RANK);
    struct ir_shape shape = {.rank = 0};
    for (int i = 0; i < select->axis; i++)
        shape.size[shape.rank++] = x.size[i];
    for (int i = 0; i < select->n_lead; i++)
        shape.size[shape.rank++] = select->lead[i];
    for (int i = select->axis + 1; i < x.rank; i++)
        shape.size[shape.rank++] = x.size[i];
    return shape;
}

static long row_count(const struct ir_select *select)
{
    long rows = 1;
    for (int i = 0; i < select->n_lead; i++)
        rows *= select->lead[i];
    return rows;
}

static bool is_identity(const struct ir_select *select, int extent)
{
    if (select->n_lead != 1 || select->lead[0] != extent || select->n_entries != extent)
        return false;
    for (int i = 0; i < extent; i++) {
        const struct ir_entry e = select->entries[i];
        if (e.row != i || e.column != i || e.value != 1)
            return false;
    }
    return true;
}

/* Along an axis of extent 1, when all rows are alike, there is nothing to choose: an `ein`. */
static bool is_broadcast(const struct ir_select *select, int extent)
{
    if (extent != 1 || select->n_entries != row_count(select))
        return false;
    for (int i = 1; i < select->n_entries; i++)
        if (select->entries[i].value != select->entries[0].value)
            return false;
    return true;
}

static const struct ir_node *broadcast(struct ir_graph *graph, const struct ir_node *x,
                                       const struct ir_select *select, struct ir_shape shape)
{
    unsigned char labels[1][IR_MAX_RANK] = {{0}}, out[IR_MAX_RANK];
    int size[IR_MAX_RANK + 1];
    for (int i = 0; i < shape.rank; i++) {
        out[i] = (unsigned char)i;
        size[i] = shape.size[i];
    }
    size[IR_MAX_RANK] = 1;
    for (int axis = 0; axis < x->shape.rank; axis++)
        labels[0][axis] = (unsigned char)(axis < select->axis ? axis : axis - 1 + select->n_lead);
    labels[0][select->axis] = IR_MAX_RANK;
    return ir_ein_labels(graph, select->entries[0].value, 1, &x, labels, shape.rank, out, size);
}

static struct ir_entry *copy_entries(struct ir_graph *graph, int n, const struct ir_entry *entries, long rows,
                                     int columns)
{
    struct ir_entry *copy = ARENA_ARRAY(graph->arena, struct ir_entry, (size_t)n);
    for (int i = 0; i < n; i++) {
        assert(entries[i].row >= 0 && entries[i].row < rows);
        assert(entries[i].column >= 0 && entries[i].column < columns);
        copy[i] = entries[i];
    }
    (void)rows, (void)columns;
    return copy;
}

const struct ir_node *ir_select(struct ir_graph *graph, const struct ir_node *x, int axis, int n_lead,
                                const int *lead, int n_entries, const struct ir_entry *entries)
{
    assert(axis >= 0 && axis < x->shape.rank && n_lead >= 0 && n_lead <= IR_MAX_RANK && n_entries >= 0);
    const int extent = x->shape.size[axis];
    struct ir_node draft = {.op = IR_SELECT, .select = {.axis = axis, .n_lead = n_lead}};
    for (int i = 0; i < n_lead; i++)
        draft.select.lead[i] = lead[i];
    struct ir_entry *copy = copy_entries(graph, n_entries, entries, row_count(&draft.select), extent);
    draft.select.n_entries = tidy_entries(copy, n_entries);
    draft.select.entries = copy;
    draft.shape = result_shape(x->shape, &draft.select);
    if (draft.select.n_entries == 0 || ir_is_zero(x))
        return ir_fill(graph, 0, draft.shape);
    if (is_identity(&draft.select, extent))
        return x;
    if (is_broadcast(&draft.select, extent))
        return broadcast(graph, x, &draft.select, draft.shape);
    draft.n_args = 1;
    draft.args = &x;
    const struct ir_node *folded = ir_fold(graph, &draft);
    return folded ? folded : ir_intern(graph, &draft);
}

const struct ir_node *ir_slice(struct ir_graph *graph, const struct ir_node *x, int axis, int first,
                               int count)
{
    assert(first >= 0 && count > 0 && axis < x->shape.rank && first + count <= x->shape.size[axis]);
    struct ir_entry *entries = ARENA_ARRAY(graph->arena, struct ir_entry, (size_t)count);
    for (int i = 0; i < count; i++)
        entries[i] = (struct ir_entry){.row = i, .column = first + i, .value = 1};
    return ir_select(graph, x, axis, 1, &count, count, entries);
}

const struct ir_node *ir_pick(struct ir_graph *graph, const struct ir_node *x, int axis, int index)
{
    const struct ir_entry entry = {.row = 0, .column = index, .value = 1};
    return ir_select(graph, x, axis, 0, NULL, 1, &entry);
}
