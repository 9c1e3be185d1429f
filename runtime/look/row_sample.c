/* SPDX-License-Identifier: MIT */
#include "look/row_sample.h"

#include "look/hash.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

static bool is_kept(const struct row_sample *sample, int64_t number)
{
    return sample->halvings == 0 || hash_count(number) >> (64 - sample->halvings) == 0;
}

static bool make_room(struct row_sample *sample, struct fault *fault)
{
    int64_t room = sample->room > 0 ? 2 * sample->room : FIRST_ROOM;
    room = room < sample->most ? room : sample->most;
    double *const rows = realloc(sample->rows, (size_t)(room * sample->width) * sizeof *rows);
    if (rows)
        sample->rows = rows;
    int64_t *const numbers = rows ? realloc(sample->numbers, (size_t)room * sizeof *numbers) : NULL;
    if (numbers)
        sample->numbers = numbers;
    double *const weights = numbers ? realloc(sample->weights, (size_t)room * sizeof *weights) : NULL;
    if (!weights)
        return fault_memory(fault, (size_t)(room * sample->width) * sizeof *rows, "a sample of the rows");
    sample->weights = weights;
    sample->room = room;
    return true;
}

static void halve(struct row_sample *sample)
{
    int64_t kept = 0;
    sample->halvings++;
    for (int64_t i = 0; i < sample->n; i++) {
        if (!is_kept(sample, sample->numbers[i]))
            continue;
        memmove(sample->rows + kept * sample->width, sample->rows + i * sample->width,
                (size_t)sample->width * sizeof *sample->rows);
        sample->weights[kept] = sample->weights[i];
        sample->numbers[kept++] = sample->numbers[i];
    }
    sample->n = kept;
}

bool row_sample_add(struct row_sample *sample, const double *row, int64_t number, double weight,
                    struct fault *fault)
{
    while (sample->n == sample->most)
        halve(sample);
    if (!is_kept(sample, number))
        return true;
    if (sample->n == sample->room && !make_room(sample, fault))
        return false;
    memcpy(sample->rows + sample->n * sample->width, row, (size_t)sample->width * sizeof *row);
    sample->weights[sample->n] = weight;
    sample->numbers[sample->n++] = number;
    return true;
}

void row_sample_free(struct row_sample *sample)
{
    free(sample->rows);
    free(sample->numbers);
    free(sample->weights);
    *sample = (struct row_sample){.n = 0};
}
