/* SPDX-License-Identifier: MIT
 *
 * Comparison of numbers with those of an oracle file: verdicts and the first difference go into the run. */
#include "oracle/oracle_compare.h"

#include "draw.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

void oracle_note(struct oracle_run *run, const char *text)
{
    run->wrong++;
    if (run->first[0] == '\0')
        (void)snprintf(run->first, sizeof run->first, "%s: %s: %s", run->file->path, run->name, text);
}

double **oracle_evaluate(struct oracle_run *run, const struct ir_graph *graph, int batch,
                         const struct bindings *bindings)
{
    double **out = evaluate_bound(graph, batch, bindings, run->evaluate, run->data);
    if (!out)
        oracle_note(run, "could not be evaluated");
    return out;
}

/* got[i * stride] against want[i]; `scale`: of the whole, where its elements vanish. */
void oracle_compare(struct oracle_run *run, const char *name, const double *got, const double *want,
                    long stored, int stride, double limit, double scale)
{
    bool good = true;
    for (long i = 0; i < stored; i++) {
        const double size = fmax(fabs(want[i]), scale), error = fabs(got[i * stride] - want[i]);
        const double share = size > 0.0 ? error / size / limit : (error == 0.0 ? 0.0 : HUGE_VAL);
        if (share > run->worst)
            run->worst = share;
        if (good && !(share <= 1.0)) {
            char text[256];
            (void)snprintf(text, sizeof text, "%s[%ld] is %.17g, not %.17g (relative error %.2e, limit %.0e)",
                           name, i * stride, got[i * stride], want[i], error / size, limit);
            oracle_note(run, text);
            good = false;
        }
    }
    run->compared += stored;
}

/* got against the n elements from `from` of an array of the file, or against those of it that are stored.
 * Round-off of a finite difference is of the size of the whole, whatever the size of an element. */
void oracle_compare_slice(struct oracle_run *run, const char *name, const double *got, long from, long n,
                          double limit)
{
    const struct oracle_array *array = oracle_find(run->file, name);
    assert(array && (array->stride == 1 || n == array->elements));
    const long stored = array->stride == 1 ? n : array->stored;
    const double floor = limit == run->limits.difference ? 1.0 : run->limits.floor;
    oracle_compare(run, name, got, array->values + from, stored, array->stride, limit,
                   floor * largest_of(array->values, array->stored));
}

void oracle_compare_all(struct oracle_run *run, const char *name, const double *got, double limit)
{
    const struct oracle_array *array = oracle_find(run->file, name);
    assert(array);
    oracle_compare_slice(run, name, got, 0, array->elements, limit);
}
