/* SPDX-License-Identifier: MIT
 *
 * The command gpfc: what its files share. Only they print. */
#ifndef GPFC_MAIN_H
#define GPFC_MAIN_H

#include "gpfc.h"

enum { MAIN_EMIT_COUNT = GPFC_EMIT_EXECUTABLE + 1 };
extern const char *const main_emit_names[MAIN_EMIT_COUNT];

struct arguments {
    struct gpfc_options options;
    bool help_spec, quiet, json;
    bool emits;     /* --emit was given */
    int tenth_told; /* of tuning */
};

/* ---- main_report.c ------------------------------------------------------------------------------------- */

void main_print_table(const struct arguments *arguments, const struct gpfc_report *report);
/* False: out of memory. */
bool main_print_json(const struct arguments *arguments, enum gpfc_status status,
                     const struct gpfc_report *report);

/* How far tuning is, on the standard error; `data`: the arguments. On a terminal one line that changes. */
void main_print_tuning(void *data, const struct gpfc_tuning *now);

/* ---- main_wisdom.c ------------------------------------------------------------------------------------- */

/* gpfc wisdom show|export|import|forget: argv[0] is "wisdom". Gives the exit status. */
int main_wisdom(int argc, char **argv);

#endif
