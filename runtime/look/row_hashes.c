/* SPDX-License-Identifier: MIT */
#include "look/row_hashes.h"

#include "look/hash.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024, DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, LISTED = 4 };

/* ---- taking rows --------------------------------------------------------------------------------------- */

static bool make_room(struct row_hashes *hashes, struct fault *fault)
{
    if (hashes->n < hashes->room)
        return true;
    const int64_t room = hashes->room > 0 ? 2 * hashes->room : FIRST_ROOM;
    uint64_t *const words = realloc(hashes->words, (size_t)room * sizeof *words);
    if (!words)
        return fault_memory(fault, (size_t)room * sizeof *words, "the rows' hashes");
    hashes->words = words;
    hashes->room = room;
    return true;
}

bool row_hashes_add(struct row_hashes *hashes, const double *row, int64_t width, bool for_test,
                    struct fault *fault)
{
    if (hashes->n == hashes->most)
        return true;
    if (!make_room(hashes, fault))
        return false;
    uint64_t word = (uint64_t)width;
    for (int64_t i = 0; i < width; i++)
        word = hash_number(word, row[i]);
    hashes->words[hashes->n++] = (word & ~UINT64_C(1)) | for_test;
    return true;
}

void row_hashes_mark(struct row_hashes *hashes, const unsigned char *for_test, int64_t n)
{
    for (int64_t i = 0; i < hashes->n && i < n; i++)
        hashes->words[i] = (hashes->words[i] & ~UINT64_C(1)) | for_test[i];
}

void row_hashes_free(struct row_hashes *hashes)
{
    free(hashes->words);
    *hashes = (struct row_hashes){.n = 0};
}

/* ---- sorting ------------------------------------------------------------------------------------------- */

static void sort_digit(const uint64_t *from, uint64_t *to, int64_t n, int shift, int64_t *starts)
{
    memset(starts, 0, DIGITS * sizeof *starts);
    for (int64_t i = 0; i < n; i++)
        starts[from[i] >> shift & (DIGITS - 1)]++;
    int64_t sum = 0;
    for (int64_t digit = 0; digit < DIGITS; digit++) {
        const int64_t count = starts[digit];
        starts[digit] = sum;
        sum += count;
    }
    for (int64_t i = 0; i < n; i++)
        to[starts[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

/* a[n], ascending, by digits from the lowest on; b is as large. Six of them, so that a ends in itself. */
static void sort_words(uint64_t *a, uint64_t *b, int64_t n, int64_t starts[DIGITS])
{
    for (int shift = 0; shift < 64; shift += 2 * DIGIT_BITS) {
        sort_digit(a, b, n, shift, starts);
        sort_digit(b, a, n, shift + DIGIT_BITS, starts);
    }
}

/* ---- comparing ----------------------------------------------------------------------------------------- */

/* Words that are there more than once, each once, in their order, lowest bit 0 (1: a test row has it, and a
 * training row): to the front of `sorted`. */
static int64_t keep_repeated(uint64_t *sorted, int64_t n, struct row_matches *out)
{
    int64_t kept = 0;
    for (int64_t from = 0, end; from < n; from = end) {
        int64_t tests = 0;
        for (end = from; end < n && sorted[end] >> 1 == sorted[from] >> 1; end++)
            tests += sorted[end] & 1;
        const bool both = tests > 0 && tests < end - from;
        out->different++;
        out->in_both += both ? tests : 0;
        if (end - from > 1)
            sorted[kept++] = (sorted[from] & ~UINT64_C(1)) | both;
    }
    return kept;
}

static uint64_t *find_word(uint64_t *words, int64_t n, uint64_t word)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (words[middle] >> 1 < word >> 1)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && words[low] >> 1 == word >> 1 ? words + low : NULL;
}

/* The first rows that are to be listed. seen[k]: word k was met. */
static void list_rows(const struct row_hashes *hashes, uint64_t *repeated, int64_t n, unsigned char *seen,
                      struct row_matches *out)
{
    const int64_t leaks = out->in_both < LISTED ? out->in_both : LISTED;
    const int64_t again = out->compared - out->different, repeats = again < LISTED ? again : LISTED;
    for (int64_t row = 0; row < hashes->n && (out->n_leaked < leaks || out->n_repeats < repeats); row++) {
        const uint64_t word = hashes->words[row], *const found = find_word(repeated, n, word);
        if (!found)
            continue;
        if (seen[found - repeated] && out->n_repeats < repeats)
            out->repeats[out->n_repeats++] = row;
        if ((*found & 1) && (word & 1) && out->n_leaked < leaks)
            out->leaked[out->n_leaked++] = row;
        seen[found - repeated] = 1;
    }
}

bool row_hashes_match(const struct row_hashes *hashes, struct row_matches *out, struct fault *fault)
{
    const int64_t n = hashes->n;
    const size_t bytes = (size_t)(2 * n) * sizeof(uint64_t) + DIGITS * sizeof(int64_t);
    *out = (struct row_matches){.compared = n};
    uint64_t *const sorted = malloc(bytes);
    if (!sorted)
        return fault_memory(fault, bytes, "the comparison of the rows");
    if (n > 0)
        memcpy(sorted, hashes->words, (size_t)n * sizeof *sorted);
    sort_words(sorted, sorted + n, n, (int64_t *)(void *)(sorted + 2 * n));
    const int64_t kept = keep_repeated(sorted, n, out);
    memset(sorted + n, 0, (size_t)n * sizeof *sorted);
    list_rows(hashes, sorted, kept, (unsigned char *)(sorted + n), out);
    free(sorted);
    return true;
}
