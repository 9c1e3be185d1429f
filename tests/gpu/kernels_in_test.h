/* SPDX-License-Identifier: MIT
 *
 * Kernels that are right, and marks at which a test makes them wrong: the text between two '@' can be left
 * out. */
#ifndef GPFC_KERNELS_IN_TEST_H
#define GPFC_KERNELS_IN_TEST_H

static const char KERNELS[] =
    "#ifdef STAND_IN_ON_CPU\n"
    "#define SHARED(name) float *const name = (float *)stand_in_shared()\n"
    "#else\n"
    "#define SHARED(name) extern __shared__ float name[]\n"
    "#endif\n"
    "extern \"C\" __constant__ float factor[2];\n"
    "__constant__ float factor[2] = {2.0f, 0.5f};\n"
    "struct pair { float *to; const float *from; };\n"
    "\n"
    "extern \"C\" __global__ void __launch_bounds__(64, 1) scale(const struct pair p, int n)\n"
    "{\n"
    "    const int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
    "    if (i < n @-1@) p.to[i] = factor[0] * p.from[i];\n"
    "}\n"
    "\n"
    "extern \"C\" __global__ void sum(float *to, const float *from)\n" /* of a block's 128, by a tree */
    "{\n"
    "    SHARED(s);\n"
    "    const int i = threadIdx.x;\n"
    "    s[i] = from[blockIdx.x * 128 + i];\n"
    "    @__syncthreads();@\n"
    "    for (int half = 64; half > 0; half /= 2) {\n"
    "        if (i < half) s[i] += s[i + half];\n"
    "        @__syncthreads();@\n"
    "    }\n"
    "    if (i == 0) to[blockIdx.x] = s[0];\n"
    "}\n"
    "\n"
    "extern \"C\" __global__ void reverse(float *to, const float *from)\n" /* each warp its 32, twice */
    "{\n"
    "    SHARED(s);\n"
    "    const int i = threadIdx.x, warp = i / 32 * 32, lane = i % 32;\n"
    "    float x = from[i];\n"
    "    for (int k = 0; k < 2; k++) {\n"
    "        s[warp + lane] = x;\n"
    "        @__syncwarp();@\n"
    "        x = s[warp + 31 - lane] + __shfl_xor_sync(0xffffffffu, x, 0) * 0;\n"
    "        @__syncwarp();@\n"
    "    }\n"
    "    to[i] = x;\n"
    "}\n"
    "\n"
    "extern \"C\" __global__ void halves(float *to)\n" /* 16 lanes each exchange by themselves */
    "{\n"
    "    const unsigned mask = threadIdx.x % 32 < 16 ? 0xffffu : 0xffff0000u;\n"
    "    float x = threadIdx.x;\n"
    "    for (int d = 8; d > 0; d /= 2) x += __shfl_xor_sync(mask, x, d);\n"
    "    if (threadIdx.x % 32 < 16) x += __shfl_xor_sync(0xffffu, x, 1);\n"
    "    to[threadIdx.x] = x;\n"
    "}\n"
    "\n"
    "extern \"C\" __global__ void late(float *to, int which)\n"
    "{\n"
    "    SHARED(s);\n"
    "    const int i = threadIdx.x;\n"
    "    if (which == 0 && i < 3) __syncthreads();\n"          /* not all reach it */
    "    if (which == 1) { if (i < 3) __syncthreads(); else\n" /* different ones */
    "        __syncthreads(); }\n"
    "    if (which == 2 && i < 3) __syncwarp();\n"             /* lanes that do not come */
    "    if (which == 3) to[i] = s[i];\n"                      /* nobody wrote */
    "    if (which == 4) to[0] = i;\n"                         /* two threads */
    "    if (which == 5 && i == 0) to[1] = blockIdx.x;\n"      /* two blocks */
    "    if (which == 6) to[64 + i] = 0;\n"                    /* behind the end */
    "    if (which == 7 && i == 0) *(double *)(to + 1) = 0;\n" /* misaligned */
    "    if (which == 8) ((char *)to)[i] = 1;\n"               /* right: different bytes of one word */
    "    if (which == 9 && i == 0) to[1] += to[1];\n"          /* two blocks, right if there is one */
    "}\n"
    "\n"
    "extern \"C\" __global__ void strided(float *to, int stride)\n" /* for counts */
    "{\n"
    "    SHARED(s);\n"
    "    s[stride * threadIdx.x] = 1;\n"
    "    __syncthreads();\n"
    "    to[stride * threadIdx.x] = 1;\n"
    "}\n";

#endif
