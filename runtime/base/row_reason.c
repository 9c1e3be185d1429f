/* SPDX-License-Identifier: MIT */
#include "base/row_reason.h"

const char *row_reason_name(enum row_reason reason)
{
    static const char *const names[ROW_REASONS] = {
        [ROW_GOOD] = "",
        [ROW_NOT_FINITE] = "not finite",
        [ROW_OVERFLOW] = "overflow",
        [ROW_OUT_OF_RANGE] = "out of range",
        [ROW_NOT_CONVERGED] = "not converged",
        [ROW_PRECISION] = "precision",
    };
    return names[reason];
}
