/* SPDX-License-Identifier: MIT
 *
 * The progress of a running training: on a terminal one line that is overwritten, elsewhere a plain line now
 * and then. */
#ifndef GPFC_PROGRESS_H
#define GPFC_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *out;
    bool on, terminal;
    double started, shown; /* clock; seconds */
    double pause;          /* between two lines; grows where no terminal is */
    int64_t first_step;
};

struct progress_line {
    int64_t step, steps, epoch, epochs;
    const char *what;  /* "cost" */
    double cost, rate; /* of the last measure; of the step */
};

void progress_start(struct progress *progress, FILE *out, bool on, int64_t first_step);
void progress_show(struct progress *progress, const struct progress_line *line); /* if it is time */
void progress_clear(struct progress *progress); /* before something else is printed */

#endif
