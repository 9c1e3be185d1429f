/* SPDX-License-Identifier: MIT
 *
 * What both test programs of emit_llvm/math/vector_math.h start from: machine code for every function,
 * precision and width on this host, and random arguments. */
#ifndef GPFC_VECTOR_MATH_FIXTURE_H
#define GPFC_VECTOR_MATH_FIXTURE_H

#include "check.h"
#include "draw.h"
#include "drive/backend.h"
#include "unit/compiler/emit_llvm/vector_math_kernels.h"

#include <float.h>
#include <math.h>

static const enum ir_op operations[] = {
#define IR_ELEMENTWISE(name, text, flops) IR_##name,
#include "ir/ops.def"
};

static const int widths[] = {0, 1, 4, 8, 16};
static struct arena *arena;
static struct kernel_set *kernels;
static bool host_has_fma;

/* Variants of tanh that a function has. */
static inline int variants_of(enum ir_op op)
{
    return op == IR_TANH || op == IR_SOFTPLUS || op == IR_SIGMOID ? SCHED_TANHS : 1;
}

enum { MOST_KEYS = 2 * (CHECK_COUNT(operations) + 3 * (SCHED_TANHS - 1)) * 2 * CHECK_COUNT(widths) };

/* Every function in every precision and variant, at widths[first], widths[first + step], ... */
static inline int list_keys(struct kernel_key *keys, bool has_fma, size_t first, size_t step)
{
    int n = 0;
    for (size_t i = 0; i < CHECK_COUNT(operations); i++)
        for (enum real real = REAL_4; real <= REAL_8; real += REAL_8 - REAL_4)
            for (size_t k = first; k < CHECK_COUNT(widths); k += step)
                for (int tanh = 0; tanh < variants_of(operations[i]); tanh++)
                    keys[n++] =
                        (struct kernel_key){operations[i], real, widths[k], has_fma, (enum sched_tanh)tanh};
    return n;
}

static inline bool kernels_ready(void)
{
    struct kernel_key keys[MOST_KEYS];
    struct target host;
    const char *fault = "out of memory";
    arena = arena_new();
    if (!arena || !backend_target(arena, "native", &host, &fault))
        return false;
    host_has_fma = host.cpu.machine.has_fma;
    int n = list_keys(keys, false, 0, 1);
    if (host_has_fma)
        n += list_keys(keys + n, true, 0, 1);
    else
        check_skip("no fused operations on this processor");
    kernels = kernel_set_new(arena, n, keys, &fault);
    if (!kernels)
        (void)fprintf(stderr, "%s\n", fault);
    return kernels;
}

/* y = f(x) over n numbers of the key's type, held as doubles. */
static inline void evaluate(struct kernel_key key, int n, const double *x, double *y)
{
    const int lanes = key.lanes ? key.lanes : 1, vectors = (n + lanes - 1) / lanes;
    const size_t bytes = (size_t)(n + 64) * sizeof(double);
    void *in = calloc(1, bytes), *out = calloc(1, bytes);
    CU_ASSERT_TRUE_FATAL(in && out);
    for (int i = 0; i < n; i++)
        if (key.real == REAL_8)
            ((double *)in)[i] = x[i];
        else
            ((float *)in)[i] = (float)x[i];
    vector_kernel *kernel = kernel_set_find(kernels, key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kernel);
    kernel(in, out, vectors);
    for (int i = 0; i < n; i++)
        y[i] = key.real == REAL_8 ? ((double *)out)[i] : (double)((float *)out)[i];
    free(in);
    free(out);
}

/* Any exponent is as likely as any other, down to the smallest normal number. */
static inline double random_exponent(uint64_t *state, double most, enum real real)
{
    const int low = real == REAL_8 ? -1022 : -126;
    for (;;) {
        int exponent = low + (int)(draw_bits(state) % (unsigned)(ilogb(most) - low + 1));
        double x = ldexp(1 + draw_uniform(state), exponent);
        if (x <= most)
            return x;
    }
}

/* |y - truth| in units of the last place of the truth. Around the smallest normal number nothing is promised
 * but that the result is small too; just below the largest, that it is large. */
static inline double error_ulp(double y, long double truth, enum real real)
{
    const long double least = real == REAL_8 ? DBL_MIN : FLT_MIN, most = real == REAL_8 ? DBL_MAX : FLT_MAX;
    const int digits = real == REAL_8 ? DBL_MANT_DIG : FLT_MANT_DIG;
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

static inline int run_cases(const char *suite, const struct check_case *cases, size_t n)
{
    const int status = kernels_ready() ? check_main(suite, cases, n) : EXIT_FAILURE;
    kernel_set_free(kernels);
    arena_free(arena);
    return status;
}

#endif
