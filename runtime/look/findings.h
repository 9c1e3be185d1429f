/* SPDX-License-Identifier: MIT
 *
 * The list of findings: one of each kind (and of each of x and y), whatever the number of its columns. */
#ifndef GPFC_FINDINGS_H
#define GPFC_FINDINGS_H

#include "gpfc/runtime.h"
#include "ground/fault.h"

#include <stdbool.h>
#include <stdint.h>

enum finding_kind {
#define FINDING_KIND(name, title, effect, remedy) FINDING_##name,
#include "look/finding_kinds.def"
    FINDING_KINDS
};
_Static_assert(FINDING_KINDS <= 32, "a mark has a bit for each kind");

struct findings {
    int64_t d;       /* columns from d on are y's */
    uint32_t *marks; /* [columns] of each column, 1 << kind for what was found there; lent */
    struct gpfc_finding of[FINDING_KINDS][2]; /* of x, of y; kind NULL: not found */
    struct gpfc_finding list[2 * FINDING_KINDS];
    int64_t n;
};

enum { FINDING_OF_X = -1, FINDING_OF_Y = -2 }; /* instead of a column: none in particular */

/* The finding, whose text is that of its first column; rows can be added. column: from 0. */
struct gpfc_finding *findings_add(struct findings *findings, enum finding_kind kind,
                                  enum gpfc_finding_level level, int64_t column, const char *format, ...)
    PRINTF_LIKE(5, 6);
void findings_add_column(struct findings *findings, struct gpfc_finding *finding, int64_t column);
void finding_add_row(struct gpfc_finding *finding, int64_t row); /* from 0; not again if it is listed */
bool findings_mark(const struct findings *findings, enum finding_kind kind, int64_t column);
void findings_close(struct findings *findings); /* fills list, in the order of the kinds */

#endif
