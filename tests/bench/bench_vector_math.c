/* SPDX-License-Identifier: MIT
 *
 * Nanoseconds and cycles an element of every vector function, at widths of one to eight registers of this
 * host: one thread, 4096 elements that stay in the first cache, best of many runs. Cycles are those of the
 * time stamp counter where there is one. */
#include "unit/compiler/emit_llvm/vector_math_kernels.h"

#include "drive/backend.h"

#include <stdlib.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

enum { ELEMENTS = 4096, RUNS = 400 };

static const enum ir_op operations[] = {
#define IR_ELEMENTWISE(name, text, flops) IR_##name,
#include "ir/ops.def"
};
enum { OPERATIONS = sizeof operations / sizeof operations[0], WIDTHS = 4 };

static uint64_t cycles_now(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;
#endif
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Evenly spread in (-1, 1), where all functions but sqrt and log have values; arithmetic on NaN is as
 * fast. */
static void fill(void *x, enum real real)
{
    for (int i = 0; i < ELEMENTS; i++) {
        const double value = (2.0 * i + 1) / ELEMENTS - 1;
        if (real == REAL_8)
            ((double *)x)[i] = value;
        else
            ((float *)x)[i] = (float)value;
    }
}

static void measure(struct kernel_set *set, struct kernel_key key, void *x, void *y)
{
    vector_kernel *kernel = kernel_set_find(set, key);
    double best_seconds = 1, best_cycles = 1e18;
    for (int run = 0; run < RUNS; run++) {
        const double start = seconds_now();
        const uint64_t before = cycles_now();
        kernel(x, y, ELEMENTS / key.lanes);
        const double cycles = (double)(cycles_now() - before), seconds = seconds_now() - start;
        best_seconds = seconds < best_seconds ? seconds : best_seconds;
        best_cycles = cycles < best_cycles ? cycles : best_cycles;
    }
    printf(" %7.3f %6.2f", best_seconds * 1e9 / ELEMENTS, best_cycles / ELEMENTS);
}

static int list_keys(const struct machine *host, struct kernel_key *keys)
{
    int n = 0;
    for (enum real real = REAL_4; real <= REAL_8; real += REAL_8 - REAL_4)
        for (int i = 0; i < OPERATIONS; i++)
            for (int tanh = 0; tanh < (operations[i] == IR_TANH ? SCHED_TANHS : 1); tanh++)
                for (int w = 0; w < WIDTHS; w++)
                    keys[n++] =
                        (struct kernel_key){.op = operations[i],
                                            .real = real,
                                            .lanes = (host->vector_bits / (real == REAL_8 ? 64 : 32)) << w,
                                            .has_fma = host->has_fma,
                                            .tanh = (enum sched_tanh)tanh};
    return n;
}

int main(void)
{
    struct arena *arena = arena_new();
    struct kernel_key keys[2 * (OPERATIONS + SCHED_TANHS) * WIDTHS];
    struct target host;
    const char *fault = "out of memory";
    struct kernel_set *set = NULL;
    int n = 0;
    if (arena && backend_target(arena, "native", &host, &fault)) {
        n = list_keys(&host.cpu.machine, keys);
        set = kernel_set_new(arena, n, keys, &fault);
    }
    void *x = aligned_alloc(64, ELEMENTS * sizeof(double)), *y = aligned_alloc(64, ELEMENTS * sizeof(double));
    if (!set || !x || !y) {
        fprintf(stderr, "bench_vector_math: %s\n", fault);
        return EXIT_FAILURE;
    }
    printf("%s, registers of %d bits; ns and cycles an element at so many registers\n", host.name,
           host.cpu.machine.vector_bits);
    printf("%-16s %14d %14d %14d %14d\n", "", 1, 2, 4, 8);
    for (int i = 0; i < n; i++) {
        if (i % WIDTHS == 0) {
            fill(x, keys[i].real);
            printf("%-8s %-6s%d", ir_op_name(keys[i].op), keys[i].real == REAL_8 ? "double" : "float",
                   keys[i].tanh);
        }
        measure(set, keys[i], x, y);
        if (i % WIDTHS == WIDTHS - 1)
            printf("\n");
    }
    free(x);
    free(y);
    kernel_set_free(set);
    arena_free(arena);
    return EXIT_SUCCESS;
}
