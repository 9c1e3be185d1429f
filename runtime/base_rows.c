/* SPDX-License-Identifier: MIT */
#include "base_rows.h"

#include <math.h>
#include <string.h>

void rows_to_double(const void *from, int64_t n, int precision, double *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = precision == 4 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

void rows_from_double(const double *from, int64_t n, int precision, void *to)
{
    for (int64_t i = 0; i < n; i++)
        if (precision == 4)
            ((float *)to)[i] = (float)from[i];
        else
            ((double *)to)[i] = from[i];
}

static void add_report(struct base_flow_report *to, const struct base_flow_report *from)
{
    to->rows += from->rows;
    to->failed += from->failed;
    to->error_max = fmax(to->error_max, from->error_max);
    to->evaluations = from->evaluations > to->evaluations ? from->evaluations : to->evaluations;
}

/* A report counts rows and does not name them: what failed is halved until all of a part failed, or none. */
bool base_rows_inverse(struct base_flow *base, const double *y, int64_t n, double *x, unsigned char *failed,
                       struct base_flow_report *report, struct fault *fault)
{
    struct base_flow_report mine = {0};
    const int64_t d = base_flow_dimension(base), half = n / 2;
    if (!base_flow_inverse(base, y, n, x, NULL, &mine, fault))
        return false;
    if (mine.failed == 0 || mine.failed == n) {
        memset(failed, mine.failed > 0, (size_t)n);
        add_report(report, &mine);
        return true;
    }
    return base_rows_inverse(base, y, half, x, failed, report, fault) &&
           base_rows_inverse(base, y + half * d, n - half, x + half * d, failed + half, report, fault);
}
