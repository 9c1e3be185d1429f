/* SPDX-License-Identifier: MIT
 *
 * Takes adjacent rows, gives the terms of their densities: the inner loops of EM. */
#include "base/mixture_parts.h"
#include "numbers/normal.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = MIXTURE_LANES };

void mixture_block_rows(const double *x, int64_t rows, int64_t d, double *block)
{
    for (int64_t l = 0; l < LANES; l++)
        for (int64_t i = 0; i < d; i++)
            block[i * LANES + l] = x[(l < rows ? l : rows - 1) * d + i];
}

/* exp x for x <= 0, to 2 ulp, without branches; below -700 it stays at exp -700, 1e-304. With n the integer
 * nearest to x / log 2, found by adding 1.5 * 2^52, and r = x - n log 2: 2^n (1 + r + r^2 p(r)), p the
 * polynomial nearest to that (error 1e-16). */
static inline double exp_of(double x)
{
    const double clamped = x < -700 ? -700 : x;
    const double shifted = clamped * 1.44269504088896340736 + 0x1.8p52;
    const double n = shifted - 0x1.8p52;
    const double r = (clamped - n * 0x1.62e42fee00000p-1) - n * 0x1.a39ef35793c76p-33;
    double p = 2.51003758325612337e-8;
    p = p * r + 2.76200758799833666e-7;
    p = p * r + 2.75572684803100255e-6;
    p = p * r + 2.48015213223686933e-5;
    p = p * r + 1.98412698630405453e-4;
    p = p * r + 1.38888889171967191e-3;
    p = p * r + 8.33333333333006445e-3;
    p = p * r + 4.16666666666241619e-2;
    p = p * r + 0.166666666666666675;
    p = p * r + 0.5;
    const double value = 1 + (r + r * r * p);
    uint64_t exponent, bits;
    memcpy(&exponent, &shifted, sizeof exponent);
    memcpy(&bits, &value, sizeof bits);
    bits += exponent << 52; /* the low bits of shifted are n */
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

/* z_i of L z = x - mean, by forward substitution, its square added to squares. */
static void substitute(const struct mixture *m, int64_t k, int64_t i, const double *block, double *z,
                       double *squares)
{
    const double *const row = m->factors + (k * m->d + i) * m->d;
    const double mean = m->means[k * m->d + i], inverse = 1 / row[i];
    double *const zi = z + i * LANES;
#pragma omp simd
    for (int l = 0; l < LANES; l++)
        zi[l] = block[i * LANES + l] - mean;
    for (int64_t j = 0; j < i; j++)
#pragma omp simd
        for (int l = 0; l < LANES; l++)
            zi[l] -= row[j] * z[j * LANES + l];
#pragma omp simd
    for (int l = 0; l < LANES; l++) {
        zi[l] *= inverse;
        squares[l] += zi[l] * zi[l];
    }
}

void mixture_block_terms(const struct mixture *m, const double *block, double *z, double *terms)
{
    for (int64_t k = 0; k < m->components; k++) {
        double squares[LANES] = {0}, constant = m->log_weights[k];
        for (int64_t i = 0; i < m->d; i++) {
            substitute(m, k, i, block, z, squares);
            constant -= m->log_scales[k * m->d + i] + NORMAL_HALF_LOG_2PI;
        }
        for (int l = 0; l < LANES; l++)
            terms[k * LANES + l] = constant - 0.5 * squares[l];
    }
}

void mixture_block_shares(int64_t components, double *terms, double *log_p)
{
    double greatest[LANES], sum[LANES] = {0};
    memcpy(greatest, terms, sizeof greatest);
    for (int64_t k = 1; k < components; k++)
#pragma omp simd
        for (int l = 0; l < LANES; l++)
            greatest[l] = terms[k * LANES + l] > greatest[l] ? terms[k * LANES + l] : greatest[l];
    for (int64_t k = 0; k < components; k++)
#pragma omp simd
        for (int l = 0; l < LANES; l++) {
            terms[k * LANES + l] = exp_of(terms[k * LANES + l] - greatest[l]);
            sum[l] += terms[k * LANES + l];
        }
    for (int l = 0; l < LANES; l++) {
        log_p[l] = greatest[l] + log(sum[l]);
        sum[l] = 1 / sum[l];
    }
    for (int64_t k = 0; k < components; k++)
#pragma omp simd
        for (int l = 0; l < LANES; l++)
            terms[k * LANES + l] *= sum[l];
}
