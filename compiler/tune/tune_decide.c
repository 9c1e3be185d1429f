/* SPDX-License-Identifier: MIT */
#include "tune/tune_decide.h"

#include <math.h>

static const double NOISE = 0.985; /* a better one's time is less than so much of the first one's */
static const double SAME = 1.005;  /* is allowed where it need not be faster */

static bool is_below(struct tune_quotients q, double limit)
{
    return q.least < limit && q.median < limit;
}

bool tune_is_better(struct tune_quotients alone, struct tune_quotients crowded)
{
    return (is_below(alone, NOISE) && is_below(crowded, SAME)) ||
           (is_below(crowded, NOISE) && is_below(alone, SAME));
}

int tune_best(const struct tune_quotients *alone, const struct tune_quotients *crowded, int n)
{
    int best = -1;
    double least = INFINITY;
    for (int i = 0; i < n; i++) {
        const double both = alone[i].least * crowded[i].least;
        if (!tune_is_better(alone[i], crowded[i]) || both >= least)
            continue;
        best = i;
        least = both;
    }
    return best;
}
