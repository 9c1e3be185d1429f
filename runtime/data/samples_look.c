/* SPDX-License-Identifier: MIT
 *
 * Looks at samples as they stand in their file, in its order. */
#include "data/samples_parts.h"
#include "look/look.h"
#include "numbers/row_weights.h"
#include "numbers/rows.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { BLOCK_ROWS = 512 };

struct walk {
    struct samples *samples;
    int64_t width, rows;     /* of the block */
    int64_t before;          /* rows that were read for the parts before this one */
    int64_t next[PARTS];     /* rows of each part that were met */
    double *block;           /* [BLOCK_ROWS][width] */
    double *weights;         /* [BLOCK_ROWS] */
    int64_t *places;         /* [BLOCK_ROWS] */
    unsigned char *for_test; /* [BLOCK_ROWS] */
};

static bool take_memory(struct walk *walk, struct fault *fault)
{
    walk->block = samples_room(BLOCK_ROWS, (size_t)walk->width * sizeof *walk->block, fault);
    walk->weights = walk->block ? samples_room(BLOCK_ROWS, sizeof *walk->weights, fault) : NULL;
    walk->places = walk->weights ? samples_room(BLOCK_ROWS, sizeof *walk->places, fault) : NULL;
    walk->for_test = walk->places ? samples_room(BLOCK_ROWS, 1, fault) : NULL;
    return walk->for_test != NULL;
}

static bool flush(struct walk *walk, struct fault *fault)
{
    const struct samples *const samples = walk->samples;
    const struct look_rows rows = {.rows = walk->block,
                                   .n = walk->rows,
                                   .for_test = walk->for_test,
                                   .places = walk->places,
                                   .weights = samples->train.weights ? walk->weights : NULL};
    walk->rows = 0;
    return look_add(samples->look, &rows, fault);
}

/* Row `read` of those that were read for a part. */
static void take_row(struct walk *walk, enum part_number number, int64_t read)
{
    struct samples *const samples = walk->samples;
    const bool drawn = row_fate(&samples->fates[number], read) == ROW_FOR_TEST;
    const enum part_number which = drawn ? PART_TEST : number;
    const struct part *const part = samples_part(samples, which);
    const int64_t d = samples->d, row = walk->next[which]++, from = row * d * samples->precision;
    double *const to = walk->block + walk->rows * walk->width;
    rows_to_double((const char *)part->x + from, d, samples->precision, to);
    if (part->y)
        rows_to_double((const char *)part->y + from, d, samples->precision, to + d);
    walk->weights[walk->rows] = row_weight(part->weights, row);
    walk->places[walk->rows] =
        samples->places && number == PART_TRAIN ? samples->places[read] : walk->before + read;
    walk->for_test[walk->rows++] = which == PART_TEST;
}

/* Of a generator nothing was read. */
static int64_t rows_read(const struct walk *walk, enum part_number number)
{
    return walk->samples->file ? walk->samples->fates[number].rows : samples_part(walk->samples, number)->n;
}

/* A set of its own comes after the others. */
static bool walk_rows(struct walk *walk, struct fault *fault)
{
    for (int number = 0; number < PARTS; number++) {
        const int64_t n = rows_read(walk, number);
        for (int64_t read = 0; read < n; read++) {
            if (row_fate(&walk->samples->fates[number], read) == ROW_LEFT_OUT)
                continue;
            take_row(walk, number, read);
            if (walk->rows == BLOCK_ROWS && !flush(walk, fault))
                return false;
        }
        walk->before += n;
    }
    return walk->rows == 0 || flush(walk, fault);
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
    look_left_out(samples->look, samples->dropped, samples->weightless);
    const bool good =
        take_memory(&walk, fault) && walk_rows(&walk, fault) && look_finish(samples->look, fault);
    free(walk.block);
    free(walk.weights);
    free(walk.places);
    free(walk.for_test);
    return good;
}
