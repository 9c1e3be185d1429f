/* SPDX-License-Identifier: MIT */
#include "files/word_list.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

/* FNV-1a. */
static uint64_t hash_of(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

/* The place of a word, or the free one where it belongs. */
static uint32_t *find_place(const struct word_list *list, const char *text, size_t length)
{
    for (uint64_t i = hash_of(text, length);; i++) {
        uint32_t *const place = &list->places[i & (uint64_t)(list->room - 1)];
        if (*place == 0)
            return place;
        const char *const word = list->words[*place - 1];
        if (strlen(word) == length && memcmp(word, text, length) == 0)
            return place;
    }
}

static bool grow(struct word_list *list, struct fault *fault)
{
    const int64_t room = list->room ? 2 * list->room : FIRST_ROOM;
    char **const words = realloc(list->words, (size_t)room / 2 * sizeof *words);
    if (words)
        list->words = words;
    uint32_t *const places = words ? calloc((size_t)room, sizeof *places) : NULL;
    if (!places)
        return fault_memory(fault, (size_t)room * sizeof *words, "the words of labels");
    free(list->places);
    list->places = places;
    list->room = room;
    for (int64_t i = 0; i < list->n; i++)
        *find_place(list, list->words[i], strlen(list->words[i])) = (uint32_t)i + 1;
    return true;
}

bool word_list_number(struct word_list *list, const char *text, size_t length, int64_t *out,
                      struct fault *fault)
{
    if (2 * (list->n + 1) > list->room && !grow(list, fault))
        return false;
    uint32_t *const place = find_place(list, text, length);
    if (*place == 0) {
        char *const word = strndup(text, length);
        if (!word)
            return fault_memory(fault, length, "the words of labels");
        list->words[list->n++] = word;
        *place = (uint32_t)list->n;
    }
    *out = (int64_t)*place - 1;
    return true;
}

void word_list_free(struct word_list *list)
{
    for (int64_t i = 0; i < list->n; i++)
        free(list->words[i]);
    free(list->words);
    free(list->places);
    *list = (struct word_list){.n = 0};
}
