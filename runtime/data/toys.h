/* SPDX-License-Identifier: MIT
 *
 * The built-in generators of two-dimensional samples. Sample i is a function of (name, seed, i) only. */
#ifndef GPFC_TOYS_H
#define GPFC_TOYS_H

#include <stdbool.h>
#include <stdint.h>

/* The number of a name ("eight_gaussians", "moons", ...), -1 where there is none of that name. */
int toy_find(const char *name);

/* Samples first .. first + count - 1, as [count][2]. */
void toy_samples(int number, uint64_t seed, int64_t first, int64_t count, double *out);

#endif
