/* SPDX-License-Identifier: MIT */
#include "look/row_places.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16 };

static bool make_room(struct row_places *places, struct fault *fault)
{
    if (places->n < places->room)
        return true;
    const int64_t room = places->room > 0 ? 2 * places->room : FIRST_ROOM;
    struct place_change *const changes = realloc(places->changes, (size_t)room * sizeof *changes);
    if (!changes)
        return fault_memory(fault, (size_t)room * sizeof *changes, "the places of rows");
    places->changes = changes;
    places->room = room;
    return true;
}

bool row_places_add(struct row_places *places, int64_t row, int64_t place, struct fault *fault)
{
    const int64_t before = places->n > 0 ? places->changes[places->n - 1].difference : 0;
    if (place - row == before)
        return true;
    if (!make_room(places, fault))
        return false;
    places->changes[places->n++] = (struct place_change){.row = row, .difference = place - row};
    return true;
}

int64_t row_places_find(const struct row_places *places, int64_t row)
{
    int64_t i = places->n;
    while (i > 0 && places->changes[i - 1].row > row)
        i--;
    return row + (i > 0 ? places->changes[i - 1].difference : 0);
}

void row_places_free(struct row_places *places)
{
    free(places->changes);
    *places = (struct row_places){.n = 0};
}
