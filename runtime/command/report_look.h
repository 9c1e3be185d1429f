/* SPDX-License-Identifier: MIT
 *
 * What was found in data, as a table for people and as JSON for programs. */
#ifndef GPFC_REPORT_LOOK_H
#define GPFC_REPORT_LOOK_H

#include "gpfc/runtime.h"

#include <jansson.h>
#include <stdio.h>

/* How many rows and columns, and the findings; from `least` on, a note or worse. */
void report_findings(FILE *out, const struct gpfc_look *look, enum gpfc_finding_level least);

/* Mean, deviation and range of each column. */
void report_columns(FILE *out, const struct gpfc_look *look);

/* A list; and the object of which it is a part, with the columns. */
json_t *report_findings_json(const struct gpfc_look *look);
json_t *report_look_json(const struct gpfc_look *look);

/* "equal rows: all 4,000 rows are the same; check how the file was written" */
void report_finding_sentence(const struct gpfc_finding *finding, char *room, size_t bytes);

#endif
