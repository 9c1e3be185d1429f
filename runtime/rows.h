/* SPDX-License-Identifier: MIT
 *
 * Numbers of a trainer's precision, and double, in which a base flow computes. */
#ifndef GPFC_ROWS_H
#define GPFC_ROWS_H

#include <stdint.h>

/* n numbers of precision 4 or 8, from or to double; `from` may be at any address, as in a file that is
 * mapped.
 */
void rows_to_double(const void *from, int64_t n, int precision, double *to);
/* Number i of those. */
double rows_number(const void *from, int64_t i, int precision);
void rows_from_double(const double *from, int64_t n, int precision, void *to);

#endif
