/* SPDX-License-Identifier: MIT
 *
 * Internal to the files of tuning. */
#ifndef GPFC_TUNING_PARTS_H
#define GPFC_TUNING_PARTS_H

#include "drive/compile.h"
#include "tune/tune.h"
#include "tune/wisdom.h"

/* ---- tuning_wisdom.c: what is kept from compile to compile --------------------------------------------- */

/* Takes what was found before for this machine and these programs. */
void tuning_use_wisdom(struct compile *c);
/* A record of what was found here: by what it is found again, before; and all else, afterwards. */
struct wisdom_record tuning_record(struct compile *c, const struct family *f);
void tuning_fill_record(struct compile *c, const struct family *f, struct wisdom_record *record);
void tuning_keep_wisdom(struct compile *c, int n, const struct wisdom_record *records);

/* ---- tuning_report.c ----------------------------------------------------------------------------------- */

/* What became of n candidates, into the report. */
void tuning_report(struct compile *c, const struct family *f, const struct tune_result *result, int n);

#endif
