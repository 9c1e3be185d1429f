/* SPDX-License-Identifier: MIT
 *
 * Looks at samples as they stand in their file, in its order. */
#include "data/samples_parts.h"
#include "look/look.h"
#include "numbers/rows.h"

#include <stdlib.h>

enum { BLOCK_ROWS = 512 };

struct walk {
    const struct samples *samples;
    int64_t width, rows;     /* of the block */
    int64_t next[2];         /* rows of the training and of the test that were met */
    double *block;           /* [BLOCK_ROWS][width] */
    unsigned char *for_test; /* [BLOCK_ROWS] */
};

/* The row that comes next in the file; a set of its own comes after the other. */
static int which_is_next(const struct walk *walk)
{
    const struct samples *const samples = walk->samples;
    return samples->for_test ? samples->for_test[walk->next[0] + walk->next[1]]
                             : walk->next[0] == samples->train.n;
}

static void take_row(struct walk *walk)
{
    const int which = which_is_next(walk);
    const struct samples *const samples = walk->samples;
    const struct part *const part = which ? &samples->test : &samples->train;
    const int64_t d = samples->d, from = walk->next[which]++ * d * samples->precision;
    double *const to = walk->block + walk->rows * walk->width;
    rows_to_double((const char *)part->x + from, d, samples->precision, to);
    if (part->y)
        rows_to_double((const char *)part->y + from, d, samples->precision, to + d);
    walk->for_test[walk->rows++] = which != 0;
}

static bool walk_rows(struct walk *walk, struct look *look, struct fault *fault)
{
    for (int64_t left = walk->samples->train.n + walk->samples->test.n; left > 0; left -= walk->rows) {
        const int64_t first = walk->next[0] + walk->next[1];
        walk->rows = 0;
        while (walk->rows < BLOCK_ROWS && walk->rows < left)
            take_row(walk);
        const int64_t *const places = walk->samples->places ? walk->samples->places + first : NULL;
        if (!look_add(look, walk->block, walk->rows, walk->for_test, places, fault))
            return false;
    }
    return true;
}

bool samples_look(struct samples *samples, bool dequantised, struct fault *fault)
{
    const struct look_request request = {.d = samples->d,
                                         .has_y = samples->train.y != NULL,
                                         .dequantised = dequantised,
                                         .by_line = samples->by_line && samples->places,
                                         .names = (const char *const *)samples->names};
    struct walk walk = {.samples = samples, .width = samples->d * (request.has_y ? 2 : 1)};
    if (!look_new(&samples->look, &request, fault))
        return false;
    walk.block = samples_room(BLOCK_ROWS, (size_t)walk.width * sizeof *walk.block, fault);
    walk.for_test = walk.block ? samples_room(BLOCK_ROWS, 1, fault) : NULL;
    const bool good =
        walk.for_test && walk_rows(&walk, samples->look, fault) && look_finish(samples->look, fault);
    free(walk.block);
    free(walk.for_test);
    return good;
}
