/* SPDX-License-Identifier: MIT
 *
 * Counts and rounded numbers become continuous: each is anywhere within half a step of where it was. The
 * density of such rows is, on average over a step, the probability of the value per step, so that the mean of
 * -log p is never below that of the values' probabilities: a bound, where the values alone have none. */
#include "data/samples_parts.h"
#include "look/look.h"
#include "numbers/random.h"

enum { SEED = 1 /* the same in every training and evaluation, so that resumed ones see the same rows */ };

static void spread(struct part *part, int64_t d, const struct gpfc_column *columns, uint64_t number)
{
    const uint64_t stream = random_stream(RANDOM_DEQUANTISE, number);
    double *const x = part->x;
    for (int64_t j = 0; j < d; j++)
        for (int64_t i = 0; i < part->n && columns[j].step > 0; i++)
            x[i * d + j] += columns[j].step * (random_uniform(SEED, stream, (uint64_t)(i * d + j)) - 0.5);
}

void samples_dequantise(struct samples *samples, const struct gpfc_look *look)
{
    for (int i = 0; i < PARTS; i++)
        spread(samples_part(samples, i), samples->d, look->columns, (uint64_t)i);
}
