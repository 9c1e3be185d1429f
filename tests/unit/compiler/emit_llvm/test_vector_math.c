/* SPDX-License-Identifier: MIT
 *
 * Vector functions against libm of the next wider precision (double for float, long double for double):
 * errors in ulp over random, even and awkward arguments. The bounds are those that
 * compiler/emit_llvm/math/vector_math.h states. */
#include "unit/compiler/emit_llvm/vector_math_fixture.h"

/* ---- what is true -------------------------------------------------------------------------------------- */

/* Halley's step for erf(y) = x, by erfc where x is next to 1 and 1 - x exact. */
static long double wide_erfinv(long double x)
{
    const long double root = 0.886226925452758013649083741670572591L; /* sqrt(pi)/2 */
    const long double size = fabsl(x), w = log1pl(-size * size), s = 4.33074675078L + w / 2;
    long double y = size < 1e-9L ? root * size : sqrtl(sqrtl(s * s - w / 0.147L) - s);
    for (int i = 0; size >= 1e-9L && i < 4; i++) {
        const long double gap = size > 0.5L ? (1 - size) - erfcl(y) : erfl(y) - size;
        const long double e = gap * root * expl(y * y);
        y -= e / (1 + y * e);
    }
    return copysignl(y, x);
}

static long double wide_softplus(long double x)
{
    return fmaxl(x, 0) + log1pl(expl(-fabsl(x)));
}

static long double wide_sigmoid(long double x)
{
    const long double e = expl(-fabsl(x));
    return (x < 0 ? e : 1) / (1 + e);
}

static long double wide_recip(long double x)
{
    return 1 / x;
}

static double narrow_softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double narrow_sigmoid(double x)
{
    const double e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

static double narrow_recip(double x)
{
    return 1 / x;
}

static double narrow_erfinv(double x)
{
    return (double)wide_erfinv(x);
}

/* 8 bits of a float, the ones that bfloat16 stores. */
static double narrow_bfloat(double x)
{
    int exponent;
    const double near = (double)(float)x;
    (void)frexp(near, &exponent);
    const int last = exponent - 8 < -133 ? -133 : exponent - 8;
    return ldexp(nearbyint(ldexp(near, -last)), last);
}

static long double wide_bfloat(long double x)
{
    return (long double)narrow_bfloat((double)x);
}

struct function {
    enum ir_op op;
    double (*narrow)(double);         /* truth for float */
    long double (*wide)(long double); /* truth for double */
    double even[2];                   /* evenly spread arguments in -even .. even, for float and double */
    double most[2];                   /* largest size of arguments of random exponent */
    double bound[2][2];               /* ulp; [in double precision][without fused multiply-add] */
    bool positive;                    /* defined only there */
};

static const struct function functions[] = {
    {IR_TANH, tanh, tanhl, {10, 22}, {FLT_MAX, DBL_MAX}, {{3.5, 4}, {3, 3}}, false},
    {IR_EXP, exp, expl, {90, 712}, {100, 800}, {{1, 1.5}, {1, 1.5}}, false},
    {IR_LOG, log, logl, {4, 4}, {FLT_MAX, DBL_MAX}, {{1, 1}, {1, 1}}, true},
    {IR_SQRT, sqrt, sqrtl, {4, 4}, {FLT_MAX, DBL_MAX}, {{0.501, 0.501}, {0.501, 0.501}}, true},
    {IR_RECIP, narrow_recip, wide_recip, {4, 4}, {FLT_MAX, DBL_MAX}, {{0.501, 0.501}, {0.501, 0.501}}, false},
    {IR_SIN, sin, sinl, {40, 1e6}, {1e4, 1e6}, {{2.5, 2.5}, {2.5, 2.5}}, false},
    {IR_COS, cos, cosl, {40, 1e6}, {1e4, 1e6}, {{2.5, 2.5}, {2.5, 2.5}}, false},
    {IR_ERF, erf, erfl, {4.2, 6.2}, {FLT_MAX, DBL_MAX}, {{2.5, 2.5}, {2.5, 2.5}}, false},
    {IR_ERFINV, narrow_erfinv, wide_erfinv, {1, 1}, {1, 1}, {{5, 5}, {5.5, 6.5}}, false},
    {IR_SOFTPLUS, narrow_softplus, wide_softplus, {100, 720}, {FLT_MAX, DBL_MAX}, {{3, 3}, {3, 3}}, false},
    {IR_SIGMOID, narrow_sigmoid, wide_sigmoid, {100, 720}, {FLT_MAX, DBL_MAX}, {{3, 3}, {3, 3}}, false},
    {IR_BFLOAT, narrow_bfloat, wide_bfloat, {100, 1e6}, {1e38, 1e38}, {{0, 0}, {0, 0}}, false},
};

/* ---- arguments ----------------------------------------------------------------------------------------- */

enum { RANDOM = 100000, AWKWARD = 20000, POINTS = 2 * RANDOM + AWKWARD };

/* Next to multiples of pi/4, to +-1, to whole numbers and powers of two: where reductions and pieces meet. */
static double awkward(uint64_t *state, enum real real)
{
    const double near[] = {1,
                           floor(256 * draw_uniform(state)),
                           1 - random_exponent(state, 0.5, real),
                           ldexp(1, (int)(draw_bits(state) % 40) - 20),
                           (double)(draw_bits(state) % 12732) * 0.78539816339744831,
                           ((double)(draw_bits(state) % 100) - 50) * 0.34657359027997264};
    double x = near[draw_bits(state) % CHECK_COUNT(near)];
    const int step = (int)(draw_bits(state) % 9) - 4;
    return real == REAL_8 ? x * (1 + step * DBL_EPSILON)
                          : (double)((float)x * (1 + (float)step * FLT_EPSILON));
}

/* POINTS arguments that are numbers of the type. */
static void fill_points(const struct function *f, enum real real, double *x)
{
    uint64_t state = 1 + (uint64_t)f->op;
    for (int i = 0; i < POINTS; i++) {
        double size = i < RANDOM       ? f->even[real == REAL_8] * draw_uniform(&state)
                      : i < 2 * RANDOM ? random_exponent(&state, f->most[real == REAL_8], real)
                                       : awkward(&state, real);
        size = real == REAL_8 ? size : (double)(float)size;
        if (f->op == IR_ERFINV && fabs(size) >= 1)
            size = real == REAL_8 ? 1 - DBL_EPSILON / 2 : 1 - FLT_EPSILON / 2;
        if (fabs(size) > f->most[real == REAL_8])
            size = f->most[real == REAL_8];
        x[i] = f->positive ? fabs(size) : draw_bits(&state) & 1 ? size : -size;
    }
}

/* ---- errors -------------------------------------------------------------------------------------------- */

static void measure(const struct function *f, struct kernel_key key, const double *x,
                    const long double *truth)
{
    double *y = calloc(POINTS, sizeof *y), worst = 0, where = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(y);
    evaluate(key, POINTS, x, y);
    for (int i = 0; i < POINTS; i++) {
        const double error = error_ulp(y[i], truth[i], key.real);
        if (error > worst) {
            worst = error;
            where = x[i];
        }
    }
    const double bound = f->bound[key.real == REAL_8][!key.has_fma];
    (void)printf("\n    %-8s %s %-5s %d %6.3f ulp (bound %g) at %.17g", ir_op_name(f->op),
                 key.real == REAL_8 ? "double" : "float ", key.has_fma ? "fused" : "", key.tanh, worst, bound,
                 where);
    CU_ASSERT_TRUE(worst <= bound);
    free(y);
}

static void errors_are_bounded(void)
{
    double *x = calloc(POINTS, sizeof *x);
    long double *truth = calloc(POINTS, sizeof *truth);
    CU_ASSERT_TRUE_FATAL(x && truth);
    for (size_t i = 0; i < CHECK_COUNT(functions); i++)
        for (enum real real = REAL_4; real <= REAL_8; real += REAL_8 - REAL_4) {
            const struct function *f = &functions[i];
            fill_points(f, real, x);
            for (int k = 0; k < POINTS; k++)
                truth[k] = real == REAL_8 ? f->wide(x[k]) : (long double)f->narrow(x[k]);
            for (int variant = 0; variant < variants_of(f->op) * (1 + host_has_fma); variant++) {
                const bool has_fma = variant >= variants_of(f->op);
                const enum sched_tanh tanh = (enum sched_tanh)(variant % variants_of(f->op));
                measure(f, (struct kernel_key){f->op, real, 8, has_fma, tanh}, x, truth);
            }
        }
    free(x);
    free(truth);
}

static void a_wrong_result_is_seen(void)
{
    CU_ASSERT_EQUAL(error_ulp(1 + 3 * (double)FLT_EPSILON, 1, REAL_4), 3);
    CU_ASSERT_EQUAL(error_ulp(1.5 - 2 * DBL_EPSILON, 1.5L, REAL_8), 2);
    CU_ASSERT_EQUAL(error_ulp(NAN, 1, REAL_8), INFINITY);
    CU_ASSERT_EQUAL(error_ulp(INFINITY, 1e30L, REAL_4), INFINITY);
    CU_ASSERT_EQUAL(error_ulp(-INFINITY, 1e300L, REAL_4), INFINITY);
    CU_ASSERT_EQUAL(error_ulp(1, 0, REAL_4), INFINITY);
}

static void logarithms_of_subnormals(void)
{
    for (enum real real = REAL_4; real <= REAL_8; real += REAL_8 - REAL_4) {
        const double x[4] = {real == REAL_8 ? 0x1p-1074 : 0x1p-149, real == REAL_8 ? 0x1.8p-1030 : 0x1.8p-130,
                             1, 1};
        double y[4];
        evaluate((struct kernel_key){.op = IR_LOG, .real = real, .lanes = 4, .has_fma = host_has_fma}, 4, x,
                 y);
        for (int i = 0; i < 2; i++)
            CU_ASSERT_TRUE(error_ulp(y[i], logl(x[i]), real) <= 1);
    }
}

/* Every float from 4 to 10, where tanh comes near 1: the fit has no room of its own there, only luck that was
 * tried. */
static void tanh_stays_below_one(void)
{
    enum { BLOCK = 1 << 16 };
    double *x = calloc(BLOCK, sizeof *x), *y = calloc(BLOCK, sizeof *y), top = 0;
    CU_ASSERT_TRUE_FATAL(x && y);
    for (int variant = 0; variant < SCHED_TANHS * (1 + host_has_fma); variant++)
        for (double start = 4; start < 10;) {
            const struct kernel_key key = {IR_TANH, REAL_4, 8, variant >= SCHED_TANHS,
                                           (enum sched_tanh)(variant % SCHED_TANHS)};
            for (int i = 0; i < BLOCK; i++, start = (double)nextafterf((float)start, 11))
                x[i] = start;
            evaluate(key, BLOCK, x, y);
            for (int i = 0; i < BLOCK; i++)
                top = fmax(top, y[i]);
        }
    CU_ASSERT_EQUAL(top, 1);
    free(x);
    free(y);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a wrong result is seen", a_wrong_result_is_seen},
        {"errors are bounded", errors_are_bounded},
        {"logarithms of subnormal numbers", logarithms_of_subnormals},
        {"tanh stays below one", tanh_stays_below_one},
    };
    return run_cases("vector_math", cases, CHECK_COUNT(cases));
}
