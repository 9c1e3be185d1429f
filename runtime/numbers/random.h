/* SPDX-License-Identifier: MIT
 *
 * Random numbers as functions of (seed, stream, index), by Philox4x32-10 of Random123: no state, so the
 * numbers are the same for any thread, order and division into ranges, and in a resumed run. Key: the seed
 * (low, high word). Counter: the block (low, high), the stream (low, high). A block of four words makes two
 * uniform or normal numbers in double, or four normal ones in single precision.
 *
 * Normals are pairs by Box and Muller. In single precision a number takes one word, and reaches 6.6 standard
 * deviations; in double two words, 8.5. */
#ifndef GPFC_RANDOM_H
#define GPFC_RANDOM_H

#include <stdint.h>

/* Streams are any 64-bit numbers; random_stream keeps the purposes apart. */
enum random_purpose {
    RANDOM_DATA = 1, /* generated samples                        */
    RANDOM_SPLIT,    /* which rows of a file are the test set    */
    RANDOM_MIXTURE,  /* starts of the base flow's fit            */
    RANDOM_WEIGHTS,  /* initial weights; number: the parameter   */
    RANDOM_SHUFFLE,  /* order of the samples; number: the epoch  */
    RANDOM_NOISE,    /* of the penalty; number: the step         */
    RANDOM_MEASURE,  /* of evaluation                            */
    RANDOM_PAIRS,    /* of pairs that are made from noise        */
    RANDOM_LOOK,     /* directions in which data are looked at   */
    RANDOM_DEQUANTISE,
    RANDOM_SAMPLE,     /* noise of samples that a model draws */
    RANDOM_VALIDATION, /* which training rows validate */
    RANDOM_DRAW        /* rows drawn by their weights; number: the epoch */
};

/* number < 2^56 */
static inline uint64_t random_stream(enum random_purpose purpose, uint64_t number)
{
    return ((uint64_t)purpose << 56) | number;
}

/* The raw block: four words. */
void random_block(uint64_t seed, uint64_t stream, uint64_t block, uint32_t out[4]);

/* Number `index`: uniform on the open interval (0, 1), 52 bits; standard normal. */
double random_uniform(uint64_t seed, uint64_t stream, uint64_t index);
double random_normal(uint64_t seed, uint64_t stream, uint64_t index);

/* out[i] is number first + i. Precision 8 gives those of random_normal; precision 4 a sequence of its own. */
void random_fill_normal(uint64_t seed, uint64_t stream, uint64_t first, int64_t count, int64_t precision,
                        void *out);

/* Normals for one tile: out[e * lanes + l] is number e of sample first_sample + l, for e < elements, so a
 * sample's numbers do not depend on its tile. With P = elements rounded up to a multiple of 4 it is number
 * (first_sample + l) * P + e of the fill. */
void random_fill_tile(uint64_t seed, uint64_t stream, uint64_t first_sample, int64_t elements, int64_t lanes,
                      int64_t precision, void *out);

/* A uniformly random order of 0 .. n-1; n < 2^32. */
void random_permutation(uint64_t seed, uint64_t stream, int64_t n, uint32_t *out);

#endif
