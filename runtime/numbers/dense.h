/* SPDX-License-Identifier: MIT
 *
 * Small dense matrices of doubles, row-major, without gaps: what an optimiser needs between two training
 * steps. Results depend only on the numbers. Nothing is allocated; arguments must not overlap. */
#ifndef GPFC_DENSE_H
#define GPFC_DENSE_H

#include <stdint.h>

/* c[rows][columns] = a[rows][inner] b[inner][columns] */
void dense_multiply(int64_t rows, int64_t inner, int64_t columns, const double *a, const double *b,
                    double *c);

/* to[columns][rows], the transpose of from[rows][columns] */
void dense_transpose(int64_t rows, int64_t columns, const double *from, double *to);

/* The rows of a[n][n] made orthonormal in their order (Gram and Schmidt's result, by Householder's
 * reflections): row k of `out` is in the span of rows 0 .. k of a, with a product with row k of a that is not
 * negative. Where rows of a depend on each other or are zero, any directions that are left stand for them.
 * a is overwritten. */
void dense_orthonormal(int64_t n, double *a, double *out);

#endif
