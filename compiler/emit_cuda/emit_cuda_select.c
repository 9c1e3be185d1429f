/* SPDX-License-Identifier: MIT
 *
 * A sparse constant linear map along one axis, or a sum of such maps of several values: an item is an element
 * of the result, which gathers the entries of its row from tables. */
#include "emit_cuda/emit_cuda_internal.h"

/* The selections of a nest: one, or the terms of a sum of them. */
static const struct nest_value *selection_of(const struct nest *nest, int i)
{
    const struct nest_value *value = &nest->values[nest->node];
    return value->op == IR_SELECT ? value : nest_arg(nest, value, i);
}

struct tables { /* names: entries of row r are first[r] .. first[r + 1] - 1 */
    const char *first, *column, *factor;
};

static int rows_of(const struct nest_select *select)
{
    int rows = 1;
    for (int i = 0; i < select->n_lead; i++)
        rows *= select->lead[i];
    return rows;
}

/* Entries sorted by row, each row's in the order in which they stand. */
static struct tables tables_new(struct cuda_nest *ne, const struct nest_select *select)
{
    struct arena *arena = ne->kernel->arena;
    const int rows = rows_of(select), n = select->n_entries;
    const struct nest_entry *entries = &ne->nest->entries[select->entries];
    int *first = ARENA_ARRAY(arena, int, (size_t)rows + 1), *column = ARENA_ARRAY(arena, int, (size_t)n + 1);
    double *factor = ARENA_ARRAY(arena, double, (size_t)n + 1);
    int at = 0;
    for (int row = 0; row < rows; row++) {
        first[row] = at;
        for (int i = 0; i < n; i++)
            if (entries[i].row == row) {
                column[at] = entries[i].column;
                factor[at++] = entries[i].value;
            }
    }
    first[rows] = at;
    return (struct tables){cuda_ints(ne->kernel, first, rows + 1), cuda_ints(ne->kernel, column, n ? n : 1),
                           cuda_reals(ne->kernel, factor, n ? n : 1)};
}

/* The row's number: the indices of the axes that replace the one selected from. */
static const char *row_at(const struct cuda_nest *ne, const struct nest_select *select,
                          const struct cuda_index *at)
{
    const char *row = "0";
    for (int i = 0; i < select->n_lead; i++) {
        const struct cuda_index index = at[select->axis + i];
        row = arena_printf(ne->kernel->arena, "(%s * %d + %s)", row, select->lead[i],
                           index.dynamic ? index.dynamic : "0");
    }
    return row;
}

static void add_entries(struct cuda_nest *ne, const struct nest_value *term, const struct cuda_index *at,
                        const struct cuda_lanes *sum)
{
    struct cuda_kernel *k = ne->kernel;
    const struct nest_select *select = &ne->nest->selects[term->select];
    const struct tables tables = tables_new(ne, select);
    const struct nest_operand *x = nest_operand(ne->nest, term, 0);
    const char *row = row_at(ne, select, at), *entry = cuda_name(k, 'e'), *column = cuda_name(k, 'n');
    struct cuda_index from[IR_MAX_RANK];
    struct cuda_known *before = cuda_known_begin(ne);
    cuda_line(k, "ROLLED");
    cuda_open(k, "for (int %s = %s[%s]; %s < %s[%s + 1]; %s++)", entry, tables.first, row, entry,
              tables.first, row, entry);
    cuda_line(k, "const int %s = %s[%s];", column, tables.column, entry);
    for (int axis = 0; axis < ne->nest->values[x->value].place.rank; axis++)
        from[axis] = axis == select->axis ? (struct cuda_index){column, 0}
                                          : at[axis < select->axis ? axis : axis - 1 + select->n_lead];
    const struct cuda_lanes value = cuda_value(ne, x->value, from);
    for (int v = 0; v < ne->samples; v++)
        cuda_line(k, "%s = multiply_add(%s[%s], %s, %s);", sum->of[v], tables.factor, entry, value.of[v],
                  sum->of[v]);
    cuda_close(k);
    cuda_known_end(ne, before);
}

void cuda_select(struct cuda_nest *ne)
{
    struct cuda_kernel *k = ne->kernel;
    const struct nest_value *value = &ne->nest->values[ne->nest->node];
    const int n_terms = value->op == IR_SELECT ? 1 : value->n_args;
    const int samples = ne->nest->wide ? k->schedule->lanes / ne->samples : 1;
    struct cuda_index at[IR_MAX_RANK];
    struct cuda_lanes sum;
    long items = samples;
    for (int axis = 0; axis < value->place.rank; axis++)
        items *= value->size[axis];
    const char *rest = cuda_items_open(k, items);
    ne->lane = cuda_item_part(k, &rest, samples, ne->samples).dynamic;
    for (int axis = value->place.rank - 1; axis >= 0; axis--)
        at[axis] = cuda_item_part(k, &rest, value->size[axis], 1);
    for (int v = 0; v < ne->samples; v++) {
        sum.of[v] = cuda_name(k, 'a');
        cuda_line(k, "real %s = 0;", sum.of[v]);
    }
    for (int i = 0; i < n_terms; i++)
        add_entries(ne, selection_of(ne->nest, i), at, &sum);
    cuda_store(ne, &ne->nest->stores[0].to, at, sum, false);
    cuda_close(k);
}
