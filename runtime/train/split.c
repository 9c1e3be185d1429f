/* SPDX-License-Identifier: MIT */
#include "train/split.h"

#include "numbers/random.h"

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

void split_free(struct split *split)
{
    free(split->rows);
    *split = (struct split){.rows = NULL};
}

const uint32_t *split_validation(const struct split *split)
{
    return split->rows ? split->rows + split->train : NULL;
}

void split_shuffle(const struct split *split, uint64_t seed, uint64_t epoch, uint32_t *order)
{
    random_permutation(seed, random_stream(RANDOM_SHUFFLE, epoch), split->train, order);
    for (int64_t i = 0; split->rows && i < split->train; i++)
        order[i] = split->rows[order[i]];
}
