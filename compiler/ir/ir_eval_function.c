/* SPDX-License-Identifier: MIT
 *
 * The meaning of the elementwise functions, one number at a time, in double precision: a function
 * evaluate_<name> for each row of ops.def. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static const double half_sqrt_pi = 0.88622692545275801365; /* sqrt(pi)/2 = 1/erf'(0) */

static double evaluate_TANH(double x, const double *range)
{
    (void)range;
    return tanh(x);
}

static double evaluate_EXP(double x, const double *range)
{
    (void)range;
    return exp(x);
}

static double evaluate_LOG(double x, const double *range)
{
    (void)range;
    return log(x);
}

static double evaluate_SQRT(double x, const double *range)
{
    (void)range;
    return sqrt(x);
}

static double evaluate_RECIP(double x, const double *range)
{
    (void)range;
    return 1 / x;
}

static double evaluate_SIN(double x, const double *range)
{
    (void)range;
    return sin(x);
}

static double evaluate_COS(double x, const double *range)
{
    (void)range;
    return cos(x);
}

static double evaluate_ERF(double x, const double *range)
{
    (void)range;
    return erf(x);
}

/* A start with relative error below 2e-3 on all of (0,1): erf(x)^2 is nearly 1 - exp(-x^2 (4/pi + a x^2)/(1 +
 * a x^2)), which can be solved for x; a = 0.147 spreads the error evenly. */
static double erfinv_start(double y)
{
    const double a = 0.147, pi = 3.14159265358979323846;
    const double w = log1p(-y * y), s = 2 / (pi * a) + w / 2;
    return sqrt(sqrt(s * s - w / a) - s);
}

/* Halley's step for erf(x) = y, or above 1/2 for erfc(x) = 1 - y, where 1 - y is exact and keeps all digits.
 * With e = (erf(x) - y)/erf'(x): x - e/(1 + x e); three times from 2e-3 is far below round-off. */
static double erfinv_positive(double y)
{
    if (y < 1e-8)
        return half_sqrt_pi * y; /* the next term is y^3 */
    double x = erfinv_start(y);
    for (int i = 0; i < 3; i++) {
        const double gap = y > 0.5 ? (1 - y) - erfc(x) : erf(x) - y;
        const double e = gap * half_sqrt_pi * exp(x * x);
        x -= e / (1 + x * e);
    }
    return x;
}

static double evaluate_ERFINV(double y, const double *range)
{
    (void)range;
    const double size = fabs(y);
    if (size < 1)
        return copysign(erfinv_positive(size), y);
    return size == 1 ? copysign(INFINITY, y) : NAN;
}

static double evaluate_SOFTPLUS(double x, const double *range)
{
    (void)range;
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double evaluate_SIGMOID(double x, const double *range)
{
    (void)range;
    const double e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

/* Comparisons so that NaN stays NaN. */
static double evaluate_CLAMP(double x, const double *range)
{
    if (x < range[0])
        return range[0];
    return x > range[1] ? range[1] : x;
}

static double evaluate_INSIDE(double x, const double *range)
{
    return x >= range[0] && x <= range[1];
}

/* From double by way of float, as kernels of either precision do. The halfway case goes to the even one. */
static double evaluate_BFLOAT(double x, const double *range)
{
    (void)range;
    float near = (float)x;
    uint32_t bits;
    if (isnan(near))
        return x;
    memcpy(&bits, &near, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&near, &bits, sizeof near);
    return near;
}

static double evaluate_HOLD(double x, const double *range)
{
    (void)range;
    return x;
}

void ir_evaluate_function(const struct ir_node *node, long n, const double *x, double *y)
{
    static double (*const evaluate[IR_OP_COUNT])(double, const double *) = {
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = evaluate_##name,
#include "ir/ops.def"
    };
    double (*const function)(double, const double *) = evaluate[node->op];
    assert(function);
    for (long i = 0; i < n; i++)
        y[i] = function(x[i], node->range);
}
