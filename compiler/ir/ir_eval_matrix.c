/* SPDX-License-Identifier: MIT
 *
 * The meaning of LOGDET and INVERSE: Cholesky's factor A = L L', in double precision, one matrix after the
 * other. Reads the lower triangle of A. A pivot that is not positive becomes NaN, and so does the whole
 * result. */
#include "ir/ir_internal.h"

#include <math.h>
#include <stdlib.h>

/* L below the diagonal, 1/L_jj on it. Gives log det A. */
static double factor(long n, const double *a, double *l)
{
    double logarithm = 0;
    for (long j = 0; j < n; j++)
        for (long i = j; i < n; i++) {
            double sum = a[i * n + j];
            for (long k = 0; k < j; k++)
                sum -= l[i * n + k] * l[j * n + k];
            if (i > j) {
                l[i * n + j] = sum * l[j * n + j];
                continue;
            }
            const double pivot = sum > 0 ? sum : NAN;
            l[j * n + j] = 1 / sqrt(pivot);
            logarithm += log(pivot);
        }
    return logarithm;
}

/* M = 1/L, transposed, above the diagonal: M_ij = -(sum over j <= k < i of L_ik M_kj)/L_ii. */
static void invert_factor(long n, double *l)
{
    for (long j = 0; j < n; j++)
        for (long i = j + 1; i < n; i++) {
            double sum = 0;
            for (long k = j; k < i; k++)
                sum += l[i * n + k] * l[j * n + k];
            l[j * n + i] = -sum * l[i * n + i];
        }
}

/* M' M */
static void square_inverse(long n, const double *l, double *out)
{
    for (long i = 0; i < n; i++)
        for (long j = 0; j <= i; j++) {
            double sum = 0;
            for (long k = i; k < n; k++)
                sum += l[i * n + k] * l[j * n + k];
            out[i * n + j] = out[j * n + i] = sum;
        }
}

bool ir_evaluate_matrix(const struct ir_node *node, long count, const double *x, double *out)
{
    const long n = node->args[0]->shape.size[0];
    double *l = malloc((size_t)(n * n) * sizeof *l);
    const bool done = l != NULL;
    for (long b = 0; b < count && done; b++) {
        const double logarithm = factor(n, x + b * n * n, l);
        if (node->op == IR_LOGDET) {
            out[b] = logarithm;
            continue;
        }
        invert_factor(n, l);
        square_inverse(n, l, out + b * n * n);
    }
    free(l);
    return done;
}
