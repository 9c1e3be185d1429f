/* SPDX-License-Identifier: MIT
 *
 * Rows of pairs and their neighbours: the rows that are nearest to one in x, and in y. A rank says how near a
 * row is: 0, none of the others is nearer; 1, all are; 0.5 on average, where it is any row. */
#ifndef GPFC_ROW_NEIGHBOURS_H
#define GPFC_ROW_NEIGHBOURS_H

#include "look/look_view.h"

enum { NEIGHBOURS = 5 }; /* odd: their ranks have a median */

struct row_neighbours {
    double nearest;              /* rank in y of the nearest in x; half of those at the same distance count */
    double rank_in_y, rank_in_x; /* medians: in y of the neighbours in x, in x of those in y */
    int32_t near[2][NEIGHBOURS]; /* in x, in y: the nearest first */
};

/* Of n rows of the sample, evenly taken; n > NEIGHBOURS. *out [n] is the caller's to free; NULL after a
 * fault. */
bool row_neighbours_find(struct row_neighbours **out, const struct look_view *view, int64_t n,
                         struct fault *fault) MUST_CHECK;

#endif
