/* SPDX-License-Identifier: MIT
 *
 * Looks at samples as they stand in their file, in its order. */
#include "data/samples_parts.h"
#include "look/look.h"
#include "numbers/rows.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { BLOCK_ROWS = 512 };

struct walk {
    struct samples *samples;
    int64_t width, rows;     /* of the block */
    int64_t next[PARTS];     /* rows of each part that were met */
    double *block;           /* [BLOCK_ROWS][width] */
    unsigned char *for_test; /* [BLOCK_ROWS] */
};

static int64_t rows_met(const struct walk *walk)
{
    return walk->next[PART_TRAIN] + walk->next[PART_TEST] + walk->next[PART_VALIDATION];
}

/* The row that comes next in the file; a set of its own comes after the others. */
static enum part_number which_is_next(const struct walk *walk)
{
    const struct samples *const samples = walk->samples;
    const int64_t met = rows_met(walk);
    if (met >= samples->train.n + samples->test.n)
        return PART_VALIDATION;
    return samples->for_test        ? (enum part_number)samples->for_test[met]
           : met < samples->train.n ? PART_TRAIN
                                    : PART_TEST;
}

static void take_row(struct walk *walk)
{
    const enum part_number which = which_is_next(walk);
    struct samples *const samples = walk->samples;
    const struct part *const part = samples_part(samples, which);
    const int64_t d = samples->d, from = walk->next[which]++ * d * samples->precision;
    double *const to = walk->block + walk->rows * walk->width;
    rows_to_double((const char *)part->x + from, d, samples->precision, to);
    if (part->y)
        rows_to_double((const char *)part->y + from, d, samples->precision, to + d);
    walk->for_test[walk->rows++] = which == PART_TEST;
}

static bool walk_rows(struct walk *walk, struct look *look, struct fault *fault)
{
    const struct samples *const samples = walk->samples;
    for (int64_t left = samples->train.n + samples->test.n + samples->validation.n; left > 0;
         left -= walk->rows) {
        const int64_t first = rows_met(walk);
        walk->rows = 0;
        while (walk->rows < BLOCK_ROWS && walk->rows < left)
            take_row(walk);
        const int64_t *const places = samples->places ? samples->places + first : NULL;
        if (!look_add(look, walk->block, walk->rows, walk->for_test, places, fault))
            return false;
    }
    return true;
}

/* A number whose square overflows is the first that cannot be trained on. */
struct look_request samples_look_request(const struct samples_request *request, bool has_y)
{
    return (struct look_request){
        .d = request->d,
        .has_y = has_y,
        .dequantised = request->dequantise,
        .standardised = samples_standardised(request, has_y),
        .greatest = sqrt(request->precision == 4 ? (double)FLT_MAX : DBL_MAX),
    };
}

bool samples_look(struct samples *samples, const struct samples_request *request, struct fault *fault)
{
    struct look_request wanted = samples_look_request(request, samples->train.y);
    wanted.by_line = samples->by_line && samples->places;
    wanted.names = (const char *const *)samples->names;
    struct walk walk = {.samples = samples, .width = samples->d * (wanted.has_y ? 2 : 1)};
    if (!look_new(&samples->look, &wanted, fault))
        return false;
    walk.block = samples_room(BLOCK_ROWS, (size_t)walk.width * sizeof *walk.block, fault);
    walk.for_test = walk.block ? samples_room(BLOCK_ROWS, 1, fault) : NULL;
    const bool good =
        walk.for_test && walk_rows(&walk, samples->look, fault) && look_finish(samples->look, fault);
    free(walk.block);
    free(walk.for_test);
    return good;
}
