/* SPDX-License-Identifier: MIT
 *
 * Different words, numbered from 0 in the order in which they first come. */
#ifndef GPFC_WORD_LIST_H
#define GPFC_WORD_LIST_H

#include "ground/fault.h"

#include <stdint.h>

struct word_list { /* zeroed: none */
    char **words;  /* [n], owned */
    int64_t n;
    uint32_t *places; /* a hash table of numbers plus 1; 0: free */
    int64_t room;     /* of places, a power of two, at least 2 n */
};

/* The number of a word, which is added where it is new. */
bool word_list_number(struct word_list *list, const char *text, size_t length, int64_t *out,
                      struct fault *fault) MUST_CHECK;
void word_list_free(struct word_list *list);

#endif
