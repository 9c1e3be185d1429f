/* SPDX-License-Identifier: MIT */
#include "train/split.h"

#include "numbers/random.h"
#include "numbers/row_weights.h"

#include <stdlib.h>

enum { SPLIT_SEED = 1 };

bool split_new(struct split *out, double share, int64_t n, struct fault *fault)
{
    int64_t validation = (int64_t)(share * (double)n + 0.5);
    if (validation >= n)
        validation = n - 1;
    *out = (struct split){.train = n - validation, .validation = validation};
    if (validation == 0)
        return true;
    out->rows = malloc((size_t)n * sizeof *out->rows);
    if (!out->rows)
        return fault_memory(fault, (size_t)n * sizeof *out->rows, "the validation set");
    random_permutation(SPLIT_SEED, random_stream(RANDOM_VALIDATION, 0), n, out->rows);
    return true;
}

struct split split_given(int64_t n, int64_t validation)
{
    return (struct split){.train = n, .validation = validation};
}

bool split_weigh(struct split *split, const double *weights, struct fault *fault)
{
    const size_t n = (size_t)split->train;
    if (!weights)
        return true;
    split->weights = malloc(n * sizeof *split->weights);
    split->drawn = malloc(n * sizeof *split->drawn);
    if (!split->weights || !split->drawn)
        return fault_memory(fault, n * sizeof *split->weights, "the weights of the samples");
    for (size_t i = 0; i < n; i++)
        split->weights[i] = weights[split->rows ? split->rows[i] : i];
    return true;
}

void split_free(struct split *split)
{
    free(split->rows);
    free(split->weights);
    free(split->drawn);
    *split = (struct split){.rows = NULL};
}

const uint32_t *split_validation(const struct split *split)
{
    return split->rows ? split->rows + split->train : NULL;
}

/* Places in a draw become the rows that were drawn there. */
static void draw(const struct split *split, uint64_t seed, uint64_t epoch, uint32_t *order)
{
    const double shift = random_uniform(seed, random_stream(RANDOM_DRAW, epoch), 0);
    row_weights_draw(split->weights, split->train, shift, split->train, split->drawn);
    for (int64_t i = 0; i < split->train; i++)
        order[i] = split->drawn[order[i]];
}

void split_shuffle(const struct split *split, uint64_t seed, uint64_t epoch, uint32_t *order)
{
    random_permutation(seed, random_stream(RANDOM_SHUFFLE, epoch), split->train, order);
    if (split->weights)
        draw(split, seed, epoch, order);
    for (int64_t i = 0; split->rows && i < split->train; i++)
        order[i] = split->rows[order[i]];
}
