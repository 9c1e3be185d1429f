/* SPDX-License-Identifier: MIT
 *
 * Rotations: orthogonal matrices [d][d] of determinant 1, row-major, doubles. Results depend only on the
 * numbers. Nothing is allocated; arguments must not overlap. */
#ifndef GPFC_ROTATION_H
#define GPFC_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

enum { ROTATION_ROOM = 4 }; /* matrices [d][d] */

/* The rotation R with the largest sum of R_ij m_ij: of all, it makes the mean of |x - R y|^2 smallest where m
 * is the mean of x y^T (Kabsch 1976). Where several do, one of them. m must be finite. */
void rotation_nearest(int64_t d, const double *m, double *rotation, double *room);

/* Coordinate i of R y, of one row y, REAL [d]. */
double rotation_number(int64_t d, const double *rotation, int64_t i, const void *y, int64_t precision);

/* R y of each row, or R^T y, REAL [n][d]. */
void rotation_turn(int64_t d, const double *rotation, bool back, const void *from, void *to, int64_t n,
                   int64_t precision);

#endif
