/* SPDX-License-Identifier: MIT
 *
 * Numbers as people read them. Each writes into the caller's buffer and returns it, for use within one
 * fprintf. */
#ifndef GPFC_HUMAN_H
#define GPFC_HUMAN_H

#include <stdint.h>

struct human {
    char text[48];
};

const char *human_count(struct human *to, int64_t n);        /* "20,000" */
const char *human_seconds(struct human *to, double seconds); /* "0.4 s", "12 s", "3 min 20 s", "2 h 5 min" */
const char *human_bytes(struct human *to, double bytes);     /* "45 MB" */
const char *human_number(struct human *to, double number);   /* "2.7981", "6.1e-07"; "-" for NaN */

#endif
