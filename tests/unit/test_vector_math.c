/* SPDX-License-Identifier: MIT
 *
 * Vector functions against libm of the next wider precision (double for float, long double for double):
 * errors in ulp over random, even and awkward arguments, special values, symmetry, independence of the lanes;
 * and that their code for any processor holds no call and no jump. The bounds are those that
 * compiler/emit/vector_math.h states. */
#include "check.h"
#include "vector_math_kernels.h"

#include <float.h>
#include <math.h>

/* ---- what is true ------------------------------------------------------------------------------------- */

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

struct function {
    enum ir_op op;
    double (*narrow)(double);         /* truth for float */
    long double (*wide)(long double); /* truth for double */
    double even[2];                   /* evenly spread arguments in -even .. even, for float and double */
    double most[2];                   /* largest size of arguments of random exponent */
    double bound[2][2];               /* ulp; [is_double][without fused multiply-add] */
    bool positive;                    /* defined there alone */
};

static const struct function functions[] = {
    {IR_TANH, tanh, tanhl, {10, 22}, {FLT_MAX, DBL_MAX}, {{3.5, 4}, {2.5, 3}}, false},
    {IR_EXP, exp, expl, {90, 712}, {100, 800}, {{1, 1.5}, {1, 1.5}}, false},
    {IR_LOG, log, logl, {4, 4}, {FLT_MAX, DBL_MAX}, {{1, 1}, {1, 1}}, true},
    {IR_SQRT, sqrt, sqrtl, {4, 4}, {FLT_MAX, DBL_MAX}, {{0.501, 0.501}, {0.501, 0.501}}, true},
    {IR_RECIP, narrow_recip, wide_recip, {4, 4}, {FLT_MAX, DBL_MAX}, {{0.501, 0.501}, {0.501, 0.501}}, false},
    {IR_SIN, sin, sinl, {40, 1e6}, {1e4, 1e6}, {{2.5, 2.5}, {2.5, 2.5}}, false},
    {IR_COS, cos, cosl, {40, 1e6}, {1e4, 1e6}, {{2.5, 2.5}, {2.5, 2.5}}, false},
    {IR_ERF, erf, erfl, {4.2, 6.2}, {FLT_MAX, DBL_MAX}, {{3, 3}, {2.5, 3}}, false},
    {IR_ERFINV, narrow_erfinv, wide_erfinv, {1, 1}, {1, 1}, {{4, 5}, {4.5, 6}}, false},
    {IR_SOFTPLUS,
     narrow_softplus,
     wide_softplus,
     {100, 720},
     {FLT_MAX, DBL_MAX},
     {{2.5, 3}, {2.5, 3}},
     false},
    {IR_SIGMOID, narrow_sigmoid, wide_sigmoid, {100, 720}, {FLT_MAX, DBL_MAX}, {{3, 3}, {2.5, 3}}, false},
};

static const enum ir_op operations[] = {
#define IR_ELEMENTWISE(name, text, flops) IR_##name,
#include "ir/ops.def"
};

/* ---- arguments ---------------------------------------------------------------------------------------- */

enum { RANDOM = 100000, AWKWARD = 20000, POINTS = 2 * RANDOM + AWKWARD, PADDING = 64 };

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double next_unit(uint64_t *state) /* [0, 1) */
{
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

/* Any exponent is as likely as any other, down to the least normal number. */
static double random_exponent(uint64_t *state, double most, bool is_double)
{
    const int low = is_double ? -1022 : -126;
    for (;;) {
        int exponent = low + (int)(next_random(state) % (unsigned)(ilogb(most) - low + 1));
        double x = ldexp(1 + next_unit(state), exponent);
        if (x <= most)
            return x;
    }
}

/* Next to multiples of pi/4, to +-1, to whole numbers and powers of two: where reductions and pieces meet. */
static double awkward(uint64_t *state, bool is_double)
{
    const double near[] = {1,
                           floor(256 * next_unit(state)),
                           1 - random_exponent(state, 0.5, is_double),
                           ldexp(1, (int)(next_random(state) % 40) - 20),
                           (double)(next_random(state) % 12732) * 0.78539816339744831,
                           ((double)(next_random(state) % 100) - 50) * 0.34657359027997264};
    double x = near[next_random(state) % CHECK_COUNT(near)];
    const int step = (int)(next_random(state) % 9) - 4;
    return is_double ? x * (1 + step * DBL_EPSILON) : (double)((float)x * (1 + (float)step * FLT_EPSILON));
}

/* POINTS arguments that are numbers of the type. */
static void fill_points(const struct function *f, bool is_double, double *x)
{
    uint64_t state = 1 + (uint64_t)f->op;
    for (int i = 0; i < POINTS; i++) {
        double size = i < RANDOM       ? f->even[is_double] * next_unit(&state)
                      : i < 2 * RANDOM ? random_exponent(&state, f->most[is_double], is_double)
                                       : awkward(&state, is_double);
        size = is_double ? size : (double)(float)size;
        if (f->op == IR_ERFINV && fabs(size) >= 1)
            size = is_double ? 1 - DBL_EPSILON / 2 : 1 - FLT_EPSILON / 2;
        if (fabs(size) > f->most[is_double])
            size = f->most[is_double];
        x[i] = f->positive ? fabs(size) : next_random(&state) & 1 ? size : -size;
    }
}

/* ---- machine code ------------------------------------------------------------------------------------- */

static const int widths[] = {0, 1, 4, 8, 16};
static struct arena *arena;
static struct kernel_set *kernels;
static bool host_has_fma;

/* Every function in every precision, at widths[first], widths[first + step], ... */
static int list_keys(struct kernel_key *keys, bool has_fma, size_t first, size_t step)
{
    int n = 0;
    for (size_t i = 0; i < CHECK_COUNT(operations); i++)
        for (int is_double = 0; is_double < 2; is_double++)
            for (size_t k = first; k < CHECK_COUNT(widths); k += step)
                keys[n++] = (struct kernel_key){operations[i], is_double, widths[k], has_fma};
    return n;
}

static bool kernels_ready(void)
{
    struct kernel_key keys[2 * CHECK_COUNT(operations) * 2 * CHECK_COUNT(widths)];
    struct target_cpu host;
    const char *fault = "out of memory";
    arena = arena_new();
    if (!arena || !target_cpu_find(arena, "native", &host, &fault))
        return false;
    host_has_fma = host.has_fma;
    int n = list_keys(keys, false, 0, 1);
    if (host_has_fma)
        n += list_keys(keys + n, true, 0, 1);
    kernels = kernel_set_new(arena, n, keys, &fault);
    if (!kernels)
        (void)fprintf(stderr, "%s\n", fault);
    return kernels;
}

/* y = f(x) over n numbers of the key's type, held as doubles. */
static void evaluate(struct kernel_key key, int n, const double *x, double *y)
{
    const int lanes = key.lanes ? key.lanes : 1, vectors = (n + lanes - 1) / lanes;
    const size_t bytes = (size_t)(n + PADDING) * sizeof(double);
    void *in = calloc(1, bytes), *out = calloc(1, bytes);
    CU_ASSERT_TRUE_FATAL(in && out);
    for (int i = 0; i < n; i++)
        if (key.is_double)
            ((double *)in)[i] = x[i];
        else
            ((float *)in)[i] = (float)x[i];
    vector_kernel *kernel = kernel_set_find(kernels, key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kernel);
    kernel(in, out, vectors);
    for (int i = 0; i < n; i++)
        y[i] = key.is_double ? ((double *)out)[i] : (double)((float *)out)[i];
    free(in);
    free(out);
}

/* ---- errors ------------------------------------------------------------------------------------------- */

/* |y - truth| in units of the last place of the truth. Around the least normal number nothing is promised but
 * that the result is small too; just below the largest, that it is large. */
static double error_ulp(double y, long double truth, bool is_double)
{
    const long double least = is_double ? DBL_MIN : FLT_MIN, most = is_double ? DBL_MAX : FLT_MAX;
    const int digits = is_double ? DBL_MANT_DIG : FLT_MANT_DIG;
    if (isnan(y))
        return INFINITY;
    if (fabsl(truth) < 1.5L * least)
        return fabs(y) <= 2 * least ? 0 : INFINITY;
    if (isinf(y) || fabsl(truth) > most)
        return isinf(y) && fabsl(truth) > most * (1 - 0x1p-20L) && (y > 0) == (truth > 0) ? 0 : INFINITY;
    int exponent;
    (void)frexpl(truth, &exponent);
    return (double)(fabsl((long double)y - truth) / ldexpl(1, exponent - digits));
}

static void measure(const struct function *f, bool is_double, bool has_fma, const double *x,
                    const long double *truth)
{
    const struct kernel_key key = {f->op, is_double, 8, has_fma};
    double *y = calloc(POINTS, sizeof *y), worst = 0, where = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(y);
    evaluate(key, POINTS, x, y);
    for (int i = 0; i < POINTS; i++) {
        const double error = error_ulp(y[i], truth[i], is_double);
        if (error > worst) {
            worst = error;
            where = x[i];
        }
    }
    const double bound = f->bound[is_double][!has_fma];
    (void)printf("\n    %-8s %s %-5s %6.3f ulp (bound %g) at %.17g", ir_op_name(f->op),
                 is_double ? "double" : "float ", has_fma ? "fused" : "", worst, bound, where);
    CU_ASSERT_TRUE(worst <= bound);
    free(y);
}

static void errors_are_bounded(void)
{
    double *x = calloc(POINTS, sizeof *x);
    long double *truth = calloc(POINTS, sizeof *truth);
    CU_ASSERT_TRUE_FATAL(x && truth);
    for (size_t i = 0; i < CHECK_COUNT(functions); i++)
        for (int is_double = 0; is_double < 2; is_double++) {
            const struct function *f = &functions[i];
            fill_points(f, is_double, x);
            for (int k = 0; k < POINTS; k++)
                truth[k] = is_double ? f->wide(x[k]) : (long double)f->narrow(x[k]);
            measure(f, is_double, false, x, truth);
            if (host_has_fma)
                measure(f, is_double, true, x, truth);
        }
    free(x);
    free(truth);
}

static void a_wrong_result_is_seen(void)
{
    CU_ASSERT_EQUAL(error_ulp(1 + 3 * (double)FLT_EPSILON, 1, false), 3);
    CU_ASSERT_EQUAL(error_ulp(1.5 - 2 * DBL_EPSILON, 1.5L, true), 2);
    CU_ASSERT_EQUAL(error_ulp(NAN, 1, true), INFINITY);
    CU_ASSERT_EQUAL(error_ulp(INFINITY, 1e30L, false), INFINITY);
    CU_ASSERT_EQUAL(error_ulp(-INFINITY, 1e300L, false), INFINITY);
    CU_ASSERT_EQUAL(error_ulp(1, 0, false), INFINITY);
}

/* ---- special values ----------------------------------------------------------------------------------- */

#define NO NAN /* stands for a result that is not a number */
static const struct {
    enum ir_op op;
    double x, y;
} specials[] = {
    {IR_TANH, INFINITY, 1},
    {IR_TANH, -INFINITY, -1},
    {IR_TANH, 30, 1},
    {IR_TANH, 0.0, 0.0},
    {IR_TANH, -0.0, -0.0},
    {IR_TANH, 0x1p-100, 0x1p-100},
    {IR_TANH, NAN, NO},
    {IR_EXP, 0, 1},
    {IR_EXP, INFINITY, INFINITY},
    {IR_EXP, -INFINITY, 0},
    {IR_EXP, 1e5, INFINITY},
    {IR_EXP, -1e5, 0},
    {IR_EXP, NAN, NO},
    {IR_LOG, 1, 0},
    {IR_LOG, 0.0, -INFINITY},
    {IR_LOG, -0.0, -INFINITY},
    {IR_LOG, INFINITY, INFINITY},
    {IR_LOG, -1, NO},
    {IR_LOG, -INFINITY, NO},
    {IR_LOG, NAN, NO},
    {IR_LOG, -1e-40, NO},
    {IR_SQRT, 4, 2},
    {IR_SQRT, -1, NO},
    {IR_SQRT, NAN, NO},
    {IR_SQRT, INFINITY, INFINITY},
    {IR_RECIP, 4, 0.25},
    {IR_RECIP, 0.0, INFINITY},
    {IR_RECIP, -0.0, -INFINITY},
    {IR_RECIP, INFINITY, 0},
    {IR_RECIP, NAN, NO},
    {IR_SIN, 0.0, 0.0},
    {IR_SIN, -0.0, -0.0},
    {IR_SIN, INFINITY, NO},
    {IR_SIN, NAN, NO},
    {IR_COS, 0, 1},
    {IR_COS, -INFINITY, NO},
    {IR_COS, NAN, NO},
    {IR_ERF, INFINITY, 1},
    {IR_ERF, -INFINITY, -1},
    {IR_ERF, 7, 1},
    {IR_ERF, 0.0, 0.0},
    {IR_ERF, -0.0, -0.0},
    {IR_ERF, NAN, NO},
    {IR_ERFINV, 1, INFINITY},
    {IR_ERFINV, -1, -INFINITY},
    {IR_ERFINV, 0.0, 0.0},
    {IR_ERFINV, -0.0, -0.0},
    {IR_ERFINV, 1.5, NO},
    {IR_ERFINV, -INFINITY, NO},
    {IR_ERFINV, NAN, NO},
    {IR_SOFTPLUS, INFINITY, INFINITY},
    {IR_SOFTPLUS, -INFINITY, 0},
    {IR_SOFTPLUS, NAN, NO},
    {IR_SOFTPLUS, 1000, 1000},
    {IR_SOFTPLUS, -1000, 0},
    {IR_SIGMOID, INFINITY, 1},
    {IR_SIGMOID, -INFINITY, 0},
    {IR_SIGMOID, 0, 0.5},
    {IR_SIGMOID, NAN, NO},
    {IR_SIGMOID, 1000, 1},
    {IR_SIGMOID, -1000, 0},
    {IR_CLAMP, -2, -0.75},
    {IR_CLAMP, 2, 1.5},
    {IR_CLAMP, 0.5, 0.5},
    {IR_CLAMP, INFINITY, 1.5},
    {IR_CLAMP, -INFINITY, -0.75},
    {IR_CLAMP, NAN, NO},
    {IR_INSIDE, -0.75, 1},
    {IR_INSIDE, 1.5, 1},
    {IR_INSIDE, 0, 1},
    {IR_INSIDE, 1.75, 0},
    {IR_INSIDE, -1, 0},
    {IR_INSIDE, NAN, 0},
    {IR_INSIDE, INFINITY, 0},
};

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

static void special_values_are_right(void)
{
    for (size_t i = 0; i < CHECK_COUNT(specials); i++)
        for (int variant = 0; variant < 2 * (1 + host_has_fma); variant++) {
            const struct kernel_key key = {specials[i].op, variant & 1, 8, variant & 2};
            double x[8], y[8];
            for (int k = 0; k < 8; k++)
                x[k] = specials[i].x;
            evaluate(key, 8, x, y);
            if (!same(y[5], specials[i].y))
                (void)printf("\n    %s(%g) = %g, not %g (%s)", ir_op_name(key.op), x[5], y[5], specials[i].y,
                             key.is_double ? "double" : "float");
            CU_ASSERT_TRUE(same(y[5], specials[i].y));
        }
}

static void logarithms_of_subnormals(void)
{
    for (int is_double = 0; is_double < 2; is_double++) {
        const double x[4] = {is_double ? 0x1p-1074 : 0x1p-149, is_double ? 0x1.8p-1030 : 0x1.8p-130, 1, 1};
        double y[4];
        evaluate((struct kernel_key){IR_LOG, is_double, 4, host_has_fma}, 4, x, y);
        for (int i = 0; i < 2; i++)
            CU_ASSERT_TRUE(error_ulp(y[i], logl(x[i]), is_double) <= 1);
    }
}

/* ---- symmetry, lanes ---------------------------------------------------------------------------------- */

static bool is_odd(enum ir_op op)
{
    return op == IR_TANH || op == IR_SIN || op == IR_ERF || op == IR_ERFINV || op == IR_RECIP;
}

static void odd_is_odd_and_even_is_even(void)
{
    enum { N = 4096 };
    double x[N], y[N], opposite[N], mirrored[N];
    uint64_t state = 11;
    for (int i = 0; i < N; i++)
        x[i] = (double)(float)random_exponent(&state, i & 1 ? 1 : 100, false);
    for (int i = 0; i < N; i++)
        opposite[i] = -x[i];
    for (size_t k = 0; k < CHECK_COUNT(operations); k++)
        for (int variant = 0; variant < 2 * (1 + host_has_fma); variant++) {
            const struct kernel_key key = {operations[k], variant & 1, 8, variant & 2};
            if (!is_odd(key.op) && key.op != IR_COS)
                continue;
            evaluate(key, N, x, y);
            evaluate(key, N, opposite, mirrored);
            for (int i = 0; i < N; i++)
                CU_ASSERT_TRUE(same(mirrored[i], is_odd(key.op) ? -y[i] : y[i]));
        }
}

/* Any number beside any other, special ones too, at every width: the result is the scalar's, bit by bit. */
static void lanes_are_independent(void)
{
    enum { N = 4096 };
    const double odd_ones[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1, -1, 1e-40, 1e30, -1e30};
    double x[N], y[N], alone[N];
    uint64_t state = 5;
    for (int i = 0; i < N; i++)
        x[i] = next_random(&state) % 3 == 0 ? odd_ones[next_random(&state) % CHECK_COUNT(odd_ones)]
                                            : (double)(float)(40 * next_unit(&state) - 20);
    for (size_t k = 0; k < CHECK_COUNT(operations); k++)
        for (int is_double = 0; is_double < 2; is_double++) {
            evaluate((struct kernel_key){operations[k], is_double, 0, host_has_fma}, N, x, alone);
            for (size_t w = 1; w < CHECK_COUNT(widths); w++) {
                evaluate((struct kernel_key){operations[k], is_double, widths[w], host_has_fma}, N, x, y);
                for (int i = 0; i < N; i++)
                    CU_ASSERT_TRUE(same(y[i], alone[i]));
            }
        }
}

/* Every float from 4 to 10, where tanh comes near 1: the fit has no room of its own there, only luck that was
 * tried. */
static void tanh_stays_below_one(void)
{
    enum { BLOCK = 1 << 16 };
    double *x = calloc(BLOCK, sizeof *x), *y = calloc(BLOCK, sizeof *y), top = 0;
    CU_ASSERT_TRUE_FATAL(x && y);
    for (int has_fma = 0; has_fma <= host_has_fma; has_fma++)
        for (double start = 4; start < 10;) {
            for (int i = 0; i < BLOCK; i++, start = (double)nextafterf((float)start, 11))
                x[i] = start;
            evaluate((struct kernel_key){IR_TANH, false, 8, has_fma}, BLOCK, x, y);
            for (int i = 0; i < BLOCK; i++)
                top = fmax(top, y[i]);
        }
    CU_ASSERT_EQUAL(top, 1);
    free(x);
    free(y);
}

/* ---- code for any processor --------------------------------------------------------------------------- */

/* The first line that begins with one of the words, after blanks; NULL: none does. */
static const char *find_line(const char *text, const char *const *words)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n\t ");
        for (const char *const *word = words; *word; word++)
            if (strncmp(line, *word, strlen(*word)) == 0)
                return line;
    }
    return NULL;
}

static const char *find_call(const char *assembly)
{
    return find_line(assembly, (const char *const[]){"call", "bl\t", "blr\t", NULL});
}

static const char *find_jump(const char *assembly)
{
    return find_line(assembly, (const char *const[]){"j", "b\t", "b.", "br\t", "cb", "tb", NULL});
}

static const char *assemble(const struct target_cpu *cpu, size_t first, size_t step)
{
    struct kernel_key keys[2 * CHECK_COUNT(operations) * CHECK_COUNT(widths)];
    const char *fault = NULL;
    const int n = list_keys(keys, cpu->has_fma, first, step);
    const char *assembly = kernel_assembly(arena, cpu, n, keys, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(assembly);
    CU_ASSERT_PTR_NOT_NULL(strstr(assembly, "tanh_f32_"));
    return assembly;
}

static void is_absent(const char *cpu, const char *found)
{
    if (found)
        (void)printf("\n    %s: %.*s", cpu, (int)strcspn(found, "\n"), found);
    CU_ASSERT_PTR_NULL(found);
}

/* Scalars may be selected by a jump: x86 has no better. */
static void code_is_straight(void)
{
    static const char *const cpus[] = {"x86-64", "sandybridge", "haswell", "skylake-avx512",
                                       "generic-aarch64"};
    for (size_t i = 0; i < CHECK_COUNT(cpus); i++) {
        struct target_cpu cpu;
        const char *fault = NULL;
        CU_ASSERT_TRUE_FATAL(target_cpu_find(arena, cpus[i], &cpu, &fault));
        const char *vectors = assemble(&cpu, 2, 2);
        is_absent(cpus[i], find_jump(vectors));
        is_absent(cpus[i], find_call(vectors));
        is_absent(cpus[i], find_call(assemble(&cpu, 0, CHECK_COUNT(widths))));
    }
    CU_ASSERT_PTR_NOT_NULL(find_call("f:\n\tmovq\t%rax, %rbx\n\tcallq\ttanhf\n"));
    CU_ASSERT_PTR_NOT_NULL(find_call("f:\n\tfmov\td0, d1\n\tbl\ttanhf\n"));
    CU_ASSERT_PTR_NOT_NULL(find_jump("f:\n\tja\t.L1\n"));
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a wrong result is seen", a_wrong_result_is_seen},
        {"errors are bounded", errors_are_bounded},
        {"special values are right", special_values_are_right},
        {"logarithms of subnormal numbers", logarithms_of_subnormals},
        {"odd is odd and even is even", odd_is_odd_and_even_is_even},
        {"lanes are independent", lanes_are_independent},
        {"tanh stays below one", tanh_stays_below_one},
        {"code is straight on every processor", code_is_straight},
    };
    const int status = kernels_ready() ? check_main("vector_math", cases, CHECK_COUNT(cases)) : EXIT_FAILURE;
    kernel_set_free(kernels);
    arena_free(arena);
    return status;
}
