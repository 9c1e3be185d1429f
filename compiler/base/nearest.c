/* SPDX-License-Identifier: MIT
 *
 * Which word was meant: the nearest in a list by edit distance (insert, remove, replace, swap two
 * neighbours), ignoring case. */
#include "base/base.h"

#include <string.h>

enum { MAX_WORD = 48 }; /* a longer one was not meant to be any of ours */

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int edit_distance(const char *a, int n_a, const char *b, int n_b)
{
    int cost[MAX_WORD + 1][MAX_WORD + 1]; /* cost[i][j]: from the first i letters of a to the first j of b */
    for (int i = 0; i <= n_a; i++)
        cost[i][0] = i;
    for (int j = 0; j <= n_b; j++)
        cost[0][j] = j;
    for (int i = 1; i <= n_a; i++) {
        for (int j = 1; j <= n_b; j++) {
            const bool equal = lower(a[i - 1]) == lower(b[j - 1]);
            cost[i][j] = least(cost[i - 1][j - 1] + !equal, least(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[n_a][n_b];
}

/* Up to a third of the letters may differ, one at least: "steps" is meant by "stpes", not by "cost". A word
 * of one letter says too little. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    const size_t length = strlen(word);
    if (length < 2 || length > MAX_WORD)
        return NULL;
    const char *nearest = NULL;
    int best = (int)length < 6 ? 2 : (int)length / 3 + 1; /* the first distance that is too far */
    for (size_t i = 0; i < count; i++) {
        const size_t other = strlen(candidates[i]);
        if (other > MAX_WORD)
            continue;
        const int distance = edit_distance(word, (int)length, candidates[i], (int)other);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
