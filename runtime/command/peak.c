/* SPDX-License-Identifier: MIT
 *
 * One loop for every vector width, written with the compiler's vector types: twelve independent accumulators
 * hide the latency of the units (4 cycles x 2 units on today's cores need eight), and leave registers for the
 * factors. */
#include "command/peak.h"

#include "numbers/rows.h"

#include "ground/clock.h"

#include <math.h>

enum { ACCUMULATORS = 12, ROUNDS = 2000 };

/* a = a * factor + step, ROUNDS times in each of the accumulators; the sum is returned so that nothing is
 * dropped. Values stay near step / (1 - factor) = 1. */
#define PROBE(NAME, TARGET, REAL, BYTES)                                                                     \
    TARGET __attribute__((noinline)) static double NAME(REAL factor, REAL step)                              \
    {                                                                                                        \
        typedef REAL vector __attribute__((vector_size(BYTES)));                                             \
        vector a[ACCUMULATORS];                                                                              \
        vector f = (vector){0} + factor, s = (vector){0} + step;                                             \
        for (int i = 0; i < ACCUMULATORS; i++)                                                               \
            a[i] = (vector){0} + (REAL)i / ACCUMULATORS;                                                     \
        for (int round = 0; round < ROUNDS; round++)                                                         \
            _Pragma("GCC unroll 12") for (int i = 0; i < ACCUMULATORS; i++) a[i] = a[i] * f + s;             \
        vector sum = a[0];                                                                                   \
        for (int i = 1; i < ACCUMULATORS; i++)                                                               \
            sum += a[i];                                                                                     \
        return (double)sum[0];                                                                               \
    }

struct probe {
    const char *vectors;
    double (*single)(float, float);
    double (*full)(double, double);
    int bytes; /* of a vector */
};

#if defined(__x86_64__) || defined(__i386__)
PROBE(avx512_single, __attribute__((target("avx512f,prefer-vector-width=512"))), float, 64)
PROBE(avx512_double, __attribute__((target("avx512f,prefer-vector-width=512"))), double, 64)
PROBE(avx2_single, __attribute__((target("avx2,fma"))), float, 32)
PROBE(avx2_double, __attribute__((target("avx2,fma"))), double, 32)
PROBE(base_single, , float, 16)
PROBE(base_double, , double, 16)

static struct probe widest(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return (struct probe){"AVX-512", avx512_single, avx512_double, 64};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (struct probe){"AVX2", avx2_single, avx2_double, 32};
    return (struct probe){"SSE2", base_single, base_double, 16};
}
#else
PROBE(base_single, , float, 16)
PROBE(base_double, , double, 16)

static struct probe widest(void)
{
#ifdef __aarch64__
    return (struct probe){"NEON", base_single, base_double, 16};
#else
    return (struct probe){"128-bit vectors", base_single, base_double, 16};
#endif
}
#endif

const char *peak_vectors(void)
{
    return widest().vectors;
}

double peak_probe(int64_t precision, double seconds)
{
    const struct probe probe = widest();
    double flop = 2.0 * ACCUMULATORS * ROUNDS * (double)probe.bytes / (double)precision, best = 0, unused = 0;
    for (double end = clock_now() + seconds, before = clock_now(), now; before < end; before = now) {
        for (int i = 0; i < 20; i++)
            unused += is_single(precision) ? probe.single(0.999F, 0.001F) : probe.full(0.999, 0.001);
        now = clock_now();
        best = fmax(best, 20 * flop / (now - before));
    }
    return isfinite(unused) ? best : 0; /* always finite: here so that the sums are needed */
}
