/* SPDX-License-Identifier: MIT
 *
 * Folding of the last layer. Takes weight and bias of the network's outputs, gives the antisymmetric
 * potential U_ij = W_ij h + b_ij as a linear map of them: both are uniform, so it is done once an iteration
 * and not once a sample.
 *
 *   folded   the outputs are U_ij, i < j, in row order (0,1), (0,2), ..., (d-2,d-1)
 *   blocks   the paper's (14), summed over its blocks: U_ij = sum over n <= min(i,j) of (u^n_i - u^n_j),
 *            where
 *            output i(d-1) + n is component i of block n; components i < n take no part
 *
 * In the plane the potential is a single function, U_01. */
#include "flow/flow.h"

#include <assert.h>

struct fold {
    int n;
    struct ir_entry *entries;
};

static void fold_add(struct fold *fold, int row, int column, double value)
{
    fold->entries[fold->n++] = (struct ir_entry){.row = row, .column = column, .value = value};
}

/* U_ij = u_p and U_ji = -u_p for the p-th pair. */
static void fold_pairs(struct fold *fold, int d)
{
    int p = 0;
    for (int i = 0; i < d; i++) {
        for (int j = i + 1; j < d; j++, p++) {
            fold_add(fold, i * d + j, p, 1.0);
            fold_add(fold, j * d + i, p, -1.0);
        }
    }
}

static void fold_blocks(struct fold *fold, int d)
{
    for (int i = 0; i < d; i++) {
        for (int j = 0; j < d; j++) {
            const int least = i < j ? i : j; /* i != j below, so that it is at most d-2, the last block */
            for (int n = 0; n <= least && i != j; n++) {
                fold_add(fold, i * d + j, i * (d - 1) + n, 1.0);
                fold_add(fold, i * d + j, j * (d - 1) + n, -1.0);
            }
        }
    }
}

static size_t fold_size(int d, enum model_potential potential)
{
    const size_t n = (size_t)d, pairs = n * (n - 1) / 2;
    /* blocks: each ordered pair has 2 entries a block; the sum of min(i,j) + 1 over i < j is d(d-1)(d+1)/6 */
    return potential == MODEL_FOLDED ? 2 * pairs : 4 * pairs * (n + 1) / 3;
}

bool flow_is_planar(const struct model *model)
{
    return model->d == 2;
}

/* Only the rows of U_01, as the one row of a map to no axis. Returns the number of its axes. */
static int keep_first(struct fold *fold)
{
    int n = 0;
    for (int e = 0; e < fold->n; e++)
        if (fold->entries[e].row == 1)
            fold->entries[n++] =
                (struct ir_entry){.column = fold->entries[e].column, .value = fold->entries[e].value};
    fold->n = n;
    return 0;
}

void flow_fold(struct ir_graph *graph, const struct model *model, const struct ir_node *weight,
               const struct ir_node *bias, const struct ir_node **W, const struct ir_node **b)
{
    const int d = model->d, lead[2] = {d, d};
    const size_t size = fold_size(d, model->potential);
    struct fold fold = {.n = 0, .entries = ARENA_ARRAY(graph->arena, struct ir_entry, size)};
    switch (model->potential) {
    case MODEL_FOLDED:
        fold_pairs(&fold, d);
        break;
    case MODEL_BLOCKS:
        fold_blocks(&fold, d);
        break;
    }
    assert((size_t)fold.n == size);
    const int n_lead = flow_is_planar(model) ? keep_first(&fold) : 2;
    *W = ir_select(graph, weight, 0, n_lead, lead, fold.n, fold.entries);
    *b = ir_select(graph, bias, 0, n_lead, lead, fold.n, fold.entries);
}
