/* SPDX-License-Identifier: MIT
 *
 * Takes (seed, stream, index), gives numbers. */
#include "numbers/random.h"

#include "numbers/rows.h"

#include <Random123/philox.h>
#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    GROUP = 16, /* blocks computed side by side, so that the compiler can use vectors */
    SINGLES_IN_BLOCK = 4,
    DOUBLES_IN_BLOCK = 2
};

static const double TWO_PI = 6.283185307179586476925;

static inline philox4x32_ctr_t philox(uint64_t seed, uint64_t stream, uint64_t block)
{
    const philox4x32_ctr_t counter = {
        {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
    const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    return philox4x32(counter, key);
}

void random_block(uint64_t seed, uint64_t stream, uint64_t block, uint32_t out[4])
{
    const philox4x32_ctr_t words = philox(seed, stream, block);
    memcpy(out, words.v, sizeof words.v);
}

/* ---- double -------------------------------------------------------------------------------------------- */

/* (k + 1/2) / 2^52, k < 2^52: never 0 nor 1, and exact. */
static double uniform_of(uint32_t high, uint32_t low)
{
    const uint64_t bits = ((uint64_t)high << 32 | low) >> 12;
    return ((double)bits + 0.5) * 0x1p-52;
}

double random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
    const philox4x32_ctr_t w = philox(seed, stream, index / DOUBLES_IN_BLOCK);
    return index % DOUBLES_IN_BLOCK ? uniform_of(w.v[2], w.v[3]) : uniform_of(w.v[0], w.v[1]);
}

static void normal_pair(uint64_t seed, uint64_t stream, uint64_t block, double out[DOUBLES_IN_BLOCK])
{
    const philox4x32_ctr_t w = philox(seed, stream, block);
    const double radius = sqrt(-2 * log(uniform_of(w.v[0], w.v[1])));
    const double angle = TWO_PI * uniform_of(w.v[2], w.v[3]);
    out[0] = radius * cos(angle);
    out[1] = radius * sin(angle);
}

double random_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
    double pair[DOUBLES_IN_BLOCK];
    normal_pair(seed, stream, index / DOUBLES_IN_BLOCK, pair);
    return pair[index % DOUBLES_IN_BLOCK];
}

/* ---- single: GROUP blocks at a time, without branches -------------------------------------------------- */

static inline float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* log x for 0 < x <= 1: x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt 2), log(1 + f) = f - f^2/2 + f^3 p(f),
 * p the polynomial nearest to that (error 2e-7, times f^3). */
static inline float log_of(float x)
{
    const uint32_t half_root = 0x3F3504F3u; /* bits of sqrt(1/2) */
    const uint32_t bits = bits_of_float(x) - half_root;
    const float e = (float)((int32_t)bits >> 23);
    const float f = float_of_bits((bits & 0x007FFFFFu) + half_root) - 1.0f;
    float p = -0.0790274377239f;
    p = p * f + 0.126223198492f;
    p = p * f - 0.129981837637f;
    p = p * f + 0.142144959239f;
    p = p * f - 0.166412814631f;
    p = p * f + 0.200010450942f;
    p = p * f - 0.250003064226f;
    p = p * f + 0.333333307282f;
    return e * 0.693147180560f + (f - f * f * (0.5f - f * p));
}

/* cos and sin of 2 pi w / 2^32: the nearest quarter turn, and polynomials (error 5e-9, 5e-11) in the rest r,
 * |r| <= 1/2 quarter. */
static inline void circle_of(uint32_t w, float *cosine, float *sine)
{
    const uint32_t quarter = (w + 0x20000000u) >> 30; /* 4: a whole turn, 0 again */
    const float r = (float)(int32_t)(w - (quarter << 30)) * 0x1p-30f, q = r * r;
    const float s =
        r * (((-0.00460214921281f * q + 0.0796802176478f) * q - 0.645963477665f) * q + 1.57079632195f);
    const float c =
        (((0.00090362806638f * q - 0.0208600695003f) * q + 0.253669203655f) * q - 1.23370054063f) * q + 1.0f;
    const uint32_t swap = 0u - (quarter & 1u); /* all ones in the odd quarters */
    const uint32_t cosine_sign = ((quarter + 1u) & 2u) << 30, sine_sign = (quarter & 2u) << 30;
    const uint32_t cb = bits_of_float(c), sb = bits_of_float(s);
    *cosine = float_of_bits(((sb & swap) | (cb & ~swap)) ^ cosine_sign);
    *sine = float_of_bits(((cb & swap) | (sb & ~swap)) ^ sine_sign);
}

/* (w + 1/2) / 2^32, rounded: above 0, at most 1. In two halves, since vectors convert only signed
 * integers. */
static inline float radius_squared_of(uint32_t w)
{
    const float u = (float)(int32_t)(w >> 16) * 0x1p-16f + ((float)(int32_t)(w & 0xFFFFu) + 0.5f) * 0x1p-32f;
    return -2.0f * log_of(u);
}

/* philox() of many blocks, w[j][l] word j of block[l]. Random123 has no form of it that compilers vectorise:
 * this halves the time. Constants: Salmon and others, "Parallel random numbers: as easy as 1, 2, 3" (2011),
 * table 2. */
static void philox_group(uint64_t seed, uint64_t stream, const uint64_t block[GROUP], uint32_t w[4][GROUP])
{
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    for (int l = 0; l < GROUP; l++) {
        w[0][l] = (uint32_t)block[l];
        w[1][l] = (uint32_t)(block[l] >> 32);
        w[2][l] = (uint32_t)stream;
        w[3][l] = (uint32_t)(stream >> 32);
    }
    for (int round = 0; round < 10; round++, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) {
#pragma omp simd
        for (int l = 0; l < GROUP; l++) {
            const uint64_t p0 = (uint64_t)w[0][l] * 0xD2511F53u, p1 = (uint64_t)w[2][l] * 0xCD9E8D57u;
            w[0][l] = (uint32_t)(p1 >> 32) ^ w[1][l] ^ key0;
            w[1][l] = (uint32_t)p1;
            w[2][l] = (uint32_t)(p0 >> 32) ^ w[3][l] ^ key1;
            w[3][l] = (uint32_t)p0;
        }
    }
}

/* out[j][l]: normal j of block[l]. Always GROUP of them, so that every number takes the same path. */
static void normal_group(uint64_t seed, uint64_t stream, const uint64_t block[GROUP],
                         float out[SINGLES_IN_BLOCK][GROUP])
{
    uint32_t words[SINGLES_IN_BLOCK][GROUP];
    philox_group(seed, stream, block, words);
    for (int j = 0; j < SINGLES_IN_BLOCK; j += 2) {
#pragma omp simd
        for (int l = 0; l < GROUP; l++) {
            const float radius = sqrtf(radius_squared_of(words[j][l]));
            float cosine, sine;
            circle_of(words[j + 1][l], &cosine, &sine);
            out[j][l] = radius * cosine;
            out[j + 1][l] = radius * sine;
        }
    }
}

/* ---- ranges -------------------------------------------------------------------------------------------- */

static void fill_double(uint64_t seed, uint64_t stream, uint64_t first, int64_t count, double *out)
{
    double pair[DOUBLES_IN_BLOCK];
    for (int64_t i = 0; i < count; i++) {
        const uint64_t index = first + (uint64_t)i;
        if (i == 0 || index % DOUBLES_IN_BLOCK == 0)
            normal_pair(seed, stream, index / DOUBLES_IN_BLOCK, pair);
        out[i] = pair[index % DOUBLES_IN_BLOCK];
    }
}

static void fill_single(uint64_t seed, uint64_t stream, uint64_t first, int64_t count, float *out)
{
    enum { NUMBERS = GROUP * SINGLES_IN_BLOCK };
    const uint64_t end = first + (uint64_t)count;
    for (uint64_t start = first - first % SINGLES_IN_BLOCK; start < end; start += NUMBERS) {
        uint64_t block[GROUP];
        float normals[SINGLES_IN_BLOCK][GROUP];
        for (int l = 0; l < GROUP; l++)
            block[l] = start / SINGLES_IN_BLOCK + (uint64_t)l;
        normal_group(seed, stream, block, normals);
        for (uint64_t k = start < first ? first - start : 0; k < NUMBERS && start + k < end; k++)
            out[start + k - first] = normals[k % SINGLES_IN_BLOCK][k / SINGLES_IN_BLOCK];
    }
}

void random_fill_normal(uint64_t seed, uint64_t stream, uint64_t first, int64_t count, int64_t precision,
                        void *out)
{
    assert(precision == 4 || precision == 8);
    if (is_single(precision))
        fill_single(seed, stream, first, count, out);
    else
        fill_double(seed, stream, first, count, out);
}

/* ---- tiles --------------------------------------------------------------------------------------------- */

/* Numbers of a sample, rounded up so that its blocks are its own in both precisions. */
static uint64_t padded(int64_t elements)
{
    return ((uint64_t)elements + 3) / 4 * 4;
}

static void tile_double(uint64_t seed, uint64_t stream, uint64_t first_sample, int64_t elements,
                        int64_t lanes, double *out)
{
    const uint64_t blocks = padded(elements) / DOUBLES_IN_BLOCK;
    for (int64_t l = 0; l < lanes; l++)
        for (int64_t e = 0; e < elements; e += DOUBLES_IN_BLOCK) {
            double pair[DOUBLES_IN_BLOCK];
            normal_pair(seed, stream, (first_sample + (uint64_t)l) * blocks + (uint64_t)e / DOUBLES_IN_BLOCK,
                        pair);
            for (int64_t j = 0; j < DOUBLES_IN_BLOCK && e + j < elements; j++)
                out[(e + j) * lanes + l] = pair[j];
        }
}

/* Lanes first_lane .. of the elements e .. e + 3. */
static void tile_group(uint64_t seed, uint64_t stream, uint64_t first_sample, int64_t elements, int64_t lanes,
                       int64_t first_lane, int64_t e, float *out)
{
    const uint64_t blocks = padded(elements) / SINGLES_IN_BLOCK;
    const int64_t used = lanes - first_lane < GROUP ? lanes - first_lane : GROUP;
    uint64_t block[GROUP];
    float normals[SINGLES_IN_BLOCK][GROUP];
    for (int64_t l = 0; l < GROUP; l++) /* past the last lane: the last one again */
        block[l] = (first_sample + (uint64_t)(first_lane + (l < used ? l : used - 1))) * blocks +
                   (uint64_t)e / SINGLES_IN_BLOCK;
    normal_group(seed, stream, block, normals);
    for (int64_t j = 0; j < SINGLES_IN_BLOCK && e + j < elements; j++)
        memcpy(out + (e + j) * lanes + first_lane, normals[j], (size_t)used * sizeof *out);
}

void random_fill_tile(uint64_t seed, uint64_t stream, uint64_t first_sample, int64_t elements, int64_t lanes,
                      int64_t precision, void *out)
{
    assert(precision == 4 || precision == 8);
    if (!is_single(precision)) {
        tile_double(seed, stream, first_sample, elements, lanes, out);
        return;
    }
    for (int64_t l = 0; l < lanes; l += GROUP)
        for (int64_t e = 0; e < elements; e += SINGLES_IN_BLOCK)
            tile_group(seed, stream, first_sample, elements, lanes, l, e, out);
}

/* ---- order --------------------------------------------------------------------------------------------- */

/* Uniform below bound, from 64 random bits: off by at most bound / 2^64. */
static uint64_t below(uint64_t bits, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)bits * bound) >> 64);
}

/* Places `last` down to last - GROUP + 1 change each with one of those up to itself, drawn from its own
 * block. */
static void draw_places(uint64_t seed, uint64_t stream, uint64_t last, uint32_t place[GROUP])
{
    uint64_t block[GROUP];
    uint32_t w[4][GROUP];
    for (int l = 0; l < GROUP; l++)
        block[l] = last - (uint64_t)l;
    philox_group(seed, stream, block, w);
    for (int l = 0; l < GROUP; l++)
        place[l] = (uint32_t)below((uint64_t)w[0][l] << 32 | w[1][l], block[l] + 1);
}

/* Fisher and Yates: place i changes with a random one of 0 .. i. */
void random_permutation(uint64_t seed, uint64_t stream, int64_t n, uint32_t *out)
{
    uint32_t place[GROUP];
    assert(n >= 0 && n <= (int64_t)UINT32_MAX);
    for (int64_t i = 0; i < n; i++)
        out[i] = (uint32_t)i;
    for (int64_t last = n - 1; last > 0; last -= GROUP) {
        draw_places(seed, stream, (uint64_t)last, place);
        const int64_t end = last < GROUP ? last : GROUP;
        for (int64_t l = 0; l < end; l++)
            __builtin_prefetch(&out[place[l]], 1);
        for (int64_t l = 0; l < end; l++) {
            const uint32_t kept = out[last - l];
            out[last - l] = out[place[l]];
            out[place[l]] = kept;
        }
    }
}
