/* SPDX-License-Identifier: MIT
 *
 * What one core can compute at most: fused multiply-adds on registers only, with the widest vectors it
 * has. */
#ifndef GPFC_PEAK_H
#define GPFC_PEAK_H

#include <stdint.h>

/* Runs for about so many seconds; FLOP (a multiply-add is two) a second, in float (4) or double (8). */
double peak_probe(int64_t precision, double seconds);

const char *peak_vectors(void); /* "AVX-512", "AVX2", "SSE2", "NEON", "scalar" */

#endif
