/* SPDX-License-Identifier: MIT */
#include "unit/runtime/cuda/fake_cuda.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 32, ROOM_BYTES = 1024 };

#define KERNEL "extern \"C\" __global__ void __launch_bounds__(32, 1) "

/* real, D, LANES, STEPS and ROOM_BYTES are defined before. */
static const char TEXT[] =
    "enum { SUMS = 2 + D * D + D };\n"
    "#define EACH(i, n) for (long i = threadIdx.x; i < (n); i += blockDim.x)\n"
    "struct uniform { real W[D][D], b[D], lambda; };\n"
    "template <int in_, int out_> struct arguments {\n"
    "    const real *in[in_]; real *out[out_]; struct uniform *uniform; char *room; real *sums;\n"
    "    long tiles, blocks;\n"
    "};\n"
    "typedef arguments<7, 4> train_arguments;\n"
    "typedef arguments<5, 4> measure_arguments;\n"
    "typedef arguments<3, 1> apply_arguments;\n"
    "\n"
    "__device__ static void take(struct uniform *u, const real *W, const real *b)\n"
    "{\n"
    "    EACH(i, D * D) u->W[i / D][i % D] = W[i];\n"
    "    EACH(i, D) u->b[i] = b[i];\n"
    "}\n"
    "__device__ static real moved(const struct uniform *u, const real *y, int i)\n"
    "{\n"
    "    real s = u->b[i];\n"
    "    for (int j = 0; j < D; j++) s += u->W[i][j] * y[j * LANES];\n"
    "    return s;\n"
    "}\n"
    "__device__ static real turn(const struct uniform *u, const real *z, const real *w)\n"
    "{\n"
    "    real c = 0;\n"
    "    for (int i = 0; i < D; i++)\n"
    "        for (int j = 0; j < D; j++)\n"
    "            c += u->W[i][j] * (z[i * LANES] * w[j * LANES] - w[i * LANES] * z[j * LANES]);\n"
    "    return c;\n"
    "}\n"
    "\n"
    "__device__ static void train_lane(const train_arguments &a, long tile, int lane, real *to)\n"
    "{\n"
    "    const struct uniform *const u = a.uniform;\n"
    "    const real *const x = a.in[3] + tile * D * LANES + lane, *const y = a.in[4] + tile * D * LANES + "
    "lane;\n"
    "    const real *const noise = a.in[6] + tile * STEPS * 2 * D * LANES + lane;\n"
    "    const real weight = a.in[5][tile * LANES + lane];\n"
    "    for (int i = 0; i < SUMS; i++) to[i] = 0;\n"
    "    for (int i = 0; i < D; i++) {\n"
    "        const real e = moved(u, y, i) + y[i * LANES] - x[i * LANES];\n"
    "        to[0] += weight * e * e;\n"
    "        to[2 + D * D + i] += 2 * weight * e;\n"
    "        for (int j = 0; j < D; j++) to[2 + i * D + j] += 2 * weight * e * y[j * LANES];\n"
    "    }\n"
    "    for (int k = 0; k < STEPS; k++) {\n"
    "        const real *const z = noise + 2 * k * D * LANES, *const w = z + D * LANES;\n"
    "        const real c = turn(u, z, w);\n"
    "        to[1] += weight * c * c;\n"
    "        for (int i = 0; i < D; i++)\n"
    "            for (int j = 0; j < D; j++)\n"
    "                to[2 + i * D + j] += 2 * weight * u->lambda * c *\n"
    "                                     (z[i * LANES] * w[j * LANES] - w[i * LANES] * z[j * LANES]);\n"
    "    }\n"
    "}\n" KERNEL "train_before(const train_arguments a)\n"
    "{\n"
    "    take(a.uniform, a.in[0], a.in[1]);\n"
    "    if (threadIdx.x == 0) a.uniform->lambda = a.in[2][0];\n"
    "}\n" KERNEL "train_tile(const train_arguments a)\n"
    "{\n"
    "    const long each = a.tiles / a.blocks;\n"
    "    real *const room = (real *)(a.room + blockIdx.x * ROOM_BYTES);\n"
    "    real total = 0;\n"
    "    for (long tile = blockIdx.x * each; tile < (blockIdx.x + 1) * each; tile++) {\n"
    "        if (threadIdx.x < LANES) train_lane(a, tile, threadIdx.x, room + threadIdx.x * SUMS);\n"
    "        __syncthreads();\n"
    "        for (int lane = 0; threadIdx.x < SUMS && lane < LANES; lane++)\n"
    "            total += room[lane * SUMS + threadIdx.x];\n"
    "        __syncthreads();\n"
    "    }\n"
    "    if (threadIdx.x < SUMS) a.sums[blockIdx.x * SUMS + threadIdx.x] = total;\n"
    "}\n" KERNEL "train_sum(const train_arguments a)\n"
    "{\n"
    "    const long i = blockIdx.x * blockDim.x + threadIdx.x;\n"
    "    for (long apart = 1; i < SUMS && apart < a.blocks; apart *= 2)\n"
    "        for (long k = 0; k + apart < a.blocks; k += 2 * apart)\n"
    "            a.sums[k * SUMS + i] += a.sums[(k + apart) * SUMS + i];\n"
    "}\n" KERNEL "train_after(const train_arguments a)\n"
    "{\n"
    "    EACH(i, 2) a.out[i][0] = a.sums[i];\n"
    "    EACH(i, D * D) a.out[2][i] = a.sums[2 + i];\n"
    "    EACH(i, D) a.out[3][i] = a.sums[2 + D * D + i];\n"
    "}\n"
    "\n" KERNEL "measure_before(const measure_arguments a) { take(a.uniform, a.in[0], a.in[1]); }\n" KERNEL
    "measure_tile(const measure_arguments a)\n"
    "{\n"
    "    const long each = a.tiles / a.blocks;\n"
    "    for (long tile = blockIdx.x * each; tile < (blockIdx.x + 1) * each; tile++)\n"
    "        if (threadIdx.x < LANES) {\n"
    "            const long at = tile * D * LANES + threadIdx.x, one = tile * LANES + threadIdx.x;\n"
    "            const real *const noise = a.in[4] + tile * STEPS * 2 * D * LANES + threadIdx.x;\n"
    "            real cost = 0, energy = 0, penalty = 0;\n"
    "            for (int i = 0; i < D; i++) {\n"
    "                const real v = moved(a.uniform, a.in[3] + at, i), s = a.in[3][at + i * LANES] + v;\n"
    "                const real e = s - a.in[2][at + i * LANES];\n"
    "                a.out[0][at + i * LANES] = s;\n"
    "                cost += e * e;\n"
    "                energy += v * v / 2;\n"
    "            }\n"
    "            for (int k = 0; k < STEPS; k++) {\n"
    "                const real c = turn(a.uniform, noise + 2 * k * D * LANES, noise + (2 * k + 1) * D * "
    "LANES);\n"
    "                penalty += c * c;\n"
    "            }\n"
    "            a.out[1][one] = cost, a.out[2][one] = energy, a.out[3][one] = penalty;\n"
    "        }\n"
    "}\n" KERNEL "measure_after(const measure_arguments) {}\n"
    "\n" KERNEL "apply_before(const apply_arguments a) { take(a.uniform, a.in[0], a.in[1]); }\n" KERNEL
    "apply_tile(const apply_arguments a)\n"
    "{\n"
    "    const long each = a.tiles / a.blocks;\n"
    "    for (long tile = blockIdx.x * each; tile < (blockIdx.x + 1) * each; tile++)\n"
    "        for (int i = 0; threadIdx.x < LANES && i < D; i++) {\n"
    "            const long at = tile * D * LANES + threadIdx.x;\n"
    "            a.out[0][at + i * LANES] = a.in[2][at + i * LANES] + moved(a.uniform, a.in[2] + at, i);\n"
    "        }\n"
    "}\n" KERNEL "apply_after(const apply_arguments) {}\n";

void fake_cuda_text(const struct gpfc_bundle *bundle, char *out, size_t bytes)
{
    const int length = snprintf(
        out, bytes, "typedef %s real;\nenum { D = %d, LANES = %d, STEPS = %d, ROOM_BYTES = %d };\n%s",
        bundle->precision == sizeof(float) ? "float" : "double", (int)bundle->dimension, FAKE_CUDA_LANES,
        FAKE_STEPS, ROOM_BYTES, TEXT);
    assert(length > 0 && (size_t)length < bytes);
    (void)length;
}

static bool has_text(const char *kernel)
{
    return strcmp(kernel, "train") == 0 || strcmp(kernel, "measure") == 0 || strcmp(kernel, "apply") == 0;
}

void fake_cuda_add(struct fake_cuda *out, struct fake *fake, const struct gpfc_cuda_image *images,
                   int64_t n_images)
{
    struct gpfc_bundle *const bundle = &fake->bundle;
    const int64_t d = bundle->dimension;
    assert(bundle->n_kernels <= FAKE_CUDA_KERNELS);
    fake_cuda_text(bundle, out->text, sizeof out->text);
    memcpy(out->kernels, bundle->kernels, (size_t)bundle->n_kernels * sizeof out->kernels[0]);
    for (int64_t i = 0; i < bundle->n_kernels; i++) {
        struct gpfc_kernel *const kernel = &out->kernels[i];
        const bool sums = strcmp(kernel->name, "train") == 0;
        out->cuda[i] = (struct gpfc_cuda_kernel){.name = kernel->name,
                                                 .schedule = "by hand",
                                                 .lanes = FAKE_CUDA_LANES,
                                                 .threads = THREADS,
                                                 .leaves = FAKE_CUDA_LEAVES,
                                                 .uniform_bytes = (d * d + d + 1) * bundle->precision,
                                                 .room_bytes = ROOM_BYTES,
                                                 .sum_elements = sums ? 2 + d * d + d : 0,
                                                 .text = out->text,
                                                 .n_images = n_images,
                                                 .images = images};
        if (has_text(kernel->name))
            kernel->cuda = &out->cuda[i];
    }
    bundle->kernels = out->kernels;
}
