/* SPDX-License-Identifier: MIT
 *
 * What the files of tuning share, and nobody else. */
#ifndef GPFC_TUNING_H
#define GPFC_TUNING_H

#include "drive/compile.h"
#include "tune/tune.h"
#include "tune/wisdom.h"

/* ---- tuning.c ------------------------------------------------------------------------------------------ */

extern const char *const tuning_half[COMPILE_HALVES]; /* "flow", "base" */
const char *tuning_text(struct arena *arena, const struct schedule *schedule);
void tuning_warn(struct compile *c, const char *text);
/* This one was measured, and is it. */
void tuning_take(struct compile *c, enum compile_half half, const struct schedule *schedule);

/* ---- tuning_wisdom.c: what is kept from compile to compile --------------------------------------------- */

/* Takes what was found before for this machine and these programs. */
void tuning_use_wisdom(struct compile *c, int halves);
/* A record of what was found here: by what it is found again, before; and all else, afterwards. */
struct wisdom_record tuning_record(struct compile *c, enum compile_half half);
void tuning_fill_record(struct compile *c, enum compile_half half, struct wisdom_record *record);
void tuning_keep_wisdom(struct compile *c, int n, const struct wisdom_record *records);

/* ---- tuning_report.c ----------------------------------------------------------------------------------- */

/* What became of n candidates, into the report. */
void tuning_report(struct compile *c, enum compile_half half, const struct tune_result *result, int n);

#endif
