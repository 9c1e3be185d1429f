/* SPDX-License-Identifier: MIT
 *
 * Bits of numbers, mixed: equal numbers give equal words, others almost certainly different ones. */
#ifndef GPFC_MIX_H
#define GPFC_MIX_H

#include <stdint.h>
#include <string.h>

/* The last step of SplitMix64: one to one. */
static inline uint64_t mix_word(uint64_t word)
{
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
    return word ^ (word >> 31);
}

/* One more number of a sequence. -0 is 0. */
static inline uint64_t mix_number(uint64_t before, double number)
{
    uint64_t word;
    const double plain = number + 0.0;
    memcpy(&word, &plain, sizeof word);
    word = (before ^ word) * 0x9E3779B97F4A7C15u;
    return word ^ (word >> 32);
}

#endif
