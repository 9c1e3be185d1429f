/* SPDX-License-Identifier: MIT
 *
 * Why a row's result is not what was asked for. */
#ifndef GPFC_ROW_REASON_H
#define GPFC_ROW_REASON_H

enum row_reason {
    ROW_GOOD,
    ROW_NOT_FINITE,    /* a number that was given is NaN or infinite */
    ROW_OVERFLOW,      /* a result is too large for its type */
    ROW_OUT_OF_RANGE,  /* no point within a million of the origin has this image */
    ROW_NOT_CONVERGED, /* the search, or the path of an ODE, was given up */
    ROW_PRECISION,     /* numbers of this precision come no nearer */
    ROW_REASONS
};

const char *row_reason_name(enum row_reason reason); /* "out of range" */

#endif
