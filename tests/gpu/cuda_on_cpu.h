/* SPDX-License-Identifier: MIT
 *
 * CUDA C++ for a CPU: the stand-in for NVRTC puts this before the text of kernels, and a C++ compiler takes
 * it. A block's threads are fibers of one thread; where they wait for each other they call the stand-in for
 * the driver, which switches to the next. What is here is what gpfc's kernels use, no more. Dynamic shared
 * memory is what stand_in_shared returns. */
#pragma once
#include "stand_in_kernel.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <type_traits>
#include <utility>

#define STAND_IN_ON_CPU 1
#define __global__ __attribute__((noinline))
#define __device__
#define __host__
#define __constant__ __attribute__((visibility("default")))
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

#define threadIdx (stand_in_place.thread)
#define blockIdx (stand_in_place.block)
#define blockDim (stand_in_place.threads)
#define gridDim (stand_in_place.blocks)
#define __syncthreads() stand_in_barrier(__LINE__)
#define __syncwarp(...) stand_in_warp(stand_in_lanes(__VA_ARGS__), __LINE__)

static inline unsigned stand_in_lanes(unsigned lanes = 0xffffffffu)
{
    return lanes;
}

/* ---- exchange within a warp ---------------------------------------------------------------------------- */

static inline int stand_in_lane(void)
{
    return (int)(threadIdx.x & 31);
}

template <class T> static inline T stand_in_shuffle(unsigned lanes, T mine, int from, int line)
{
    T of_all[32];
    stand_in_exchange(lanes, &mine, sizeof mine, of_all, line);
    return from >= 0 && from < 32 ? of_all[from] : mine;
}

#define __shfl_sync(lanes, value, from) stand_in_shuffle(lanes, value, from, __LINE__)
#define __shfl_xor_sync(lanes, value, bits) stand_in_shuffle(lanes, value, stand_in_lane() ^ (bits), __LINE__)
#define __shfl_down_sync(lanes, value, by) stand_in_shuffle(lanes, value, stand_in_lane() + (by), __LINE__)

/* ---- how the driver calls a kernel --------------------------------------------------------------------- */

/* Of this module alone: those of two modules would become one. */
namespace
{
template <auto kernel> struct stand_in_call;
template <class... P, void (*kernel)(P...)> struct stand_in_call<kernel> {
    static constexpr size_t sizes[sizeof...(P) + 1] = {sizeof(P)..., 0};

    template <size_t... i>
    __attribute__((no_sanitize("thread"))) static void apply(void **parameters, std::index_sequence<i...>)
    {
        kernel(*(std::remove_const_t<P> *)parameters[i]...);
    }

    __attribute__((no_sanitize("thread"))) static void call(void **parameters)
    {
        apply(parameters, std::make_index_sequence<sizeof...(P)>{});
    }
};
} // namespace

/* A line of its own for each kernel, after the text. */
#define STAND_IN_KERNEL(name)                                                                                \
    extern "C" __attribute__((visibility("default"))) struct stand_in_kernel stand_in_kernel_##name;         \
    struct stand_in_kernel stand_in_kernel_##name = {stand_in_call<name>::call,                              \
                                                     sizeof stand_in_call<name>::sizes / sizeof(size_t) - 1, \
                                                     stand_in_call<name>::sizes};
