/* SPDX-License-Identifier: MIT
 *
 * spec_keys.def and spec_choices.def as rows that the reader, the help and the settings iterate over. */
#include "spec/spec.h"
#include "spec/spec_tree.h"

#include <assert.h>
#include <string.h>

#define SPEC_CHOICE_BEGIN(choice) static const struct spec_word words_of_##choice[] = {
#define SPEC_WORD(choice, name, text) {.word = #name, .help = (text)},
#define SPEC_CHOICE_END(choice)                                                                              \
    }                                                                                                        \
    ;
#include "spec/spec_choices.def"

#define ROW(key, name, type)                                                                                 \
    .path = (key), .kind = SPEC_KIND_##type, .offset = offsetof(struct spec, name),                          \
    .at_offset = offsetof(struct spec, name.at), .given_offset = offsetof(struct spec, name.given),          \
    .faulty_offset = offsetof(struct spec, name.faulty)
#define SPEC_INT(key, name, first, low, high, meaning, text)                                                 \
    {ROW(key, name, INT), .initial = #first,  .least = (low),                                                \
     .greatest = (high),  .model = (meaning), .help = (text)},
#define SPEC_REAL(key, name, first, low, high, meaning, text)                                                \
    {ROW(key, name, REAL), .initial = #first,  .least = (low),                                               \
     .greatest = (high),   .model = (meaning), .help = (text)},
#define SPEC_CHOICE(key, name, choice, first, meaning, text)                                                 \
    {ROW(key, name, CHOICE),           .initial = #first,  .words = words_of_##choice,                       \
     .n_words = SPEC_##choice##_words, .model = (meaning), .help = (text)},
#define SPEC_TEXT(key, name, first, meaning, text)                                                           \
    {ROW(key, name, TEXT), .initial = (first), .model = (meaning), .help = (text)},
#define SPEC_SIZES(key, name, first, meaning, text)                                                          \
    {ROW(key, name, SIZES), .initial = (first), .least = 1,                                                  \
     .greatest = 4096,      .model = (meaning), .help = (text)},
#define SPEC_NAMES(key, name, first, meaning, text)                                                          \
    {ROW(key, name, NAMES), .initial = (first), .model = (meaning), .help = (text)},
#define SPEC_INT_OR_AUTO(key, name, first, low, high, meaning, text)                                         \
    {ROW(key, name, INT_OR_AUTO), .initial = #first,  .least = (low),                                        \
     .greatest = (high),          .model = (meaning), .help = (text)},
#define SPEC_REAL_OR_AUTO(key, name, first, low, high, meaning, text)                                        \
    {ROW(key, name, REAL_OR_AUTO), .initial = #first,  .least = (low),                                       \
     .greatest = (high),           .model = (meaning), .help = (text)},
#define SPEC_COUNT_OR_FILE(key, name, second, first, low, high, meaning, text)                               \
    {ROW(key, name, COUNT_OR_FILE),                                                                          \
     .initial = #first,                                                                                      \
     .least = (low),                                                                                         \
     .greatest = (high),                                                                                     \
     .file = (second),                                                                                       \
     .model = (meaning),                                                                                     \
     .help = (text)},

const struct spec_row spec_rows[SPEC_ROWS] = {
#include "spec/spec_keys.def"
};

bool spec_is_required(const struct spec_row *row)
{
    return strcmp(row->initial, "SPEC_REQUIRED") == 0;
}

int spec_fewest_sizes(const struct spec_row *row)
{
    return strcmp(row->initial, "[]") == 0 ? 0 : 1;
}

int spec_section_length(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? (int)(dot - path) + 1 : 0;
}

const char *spec_path(enum spec_key key)
{
    return spec_rows[key].path;
}

const char *spec_word(enum spec_key key, int word)
{
    assert(word >= 0 && word < spec_rows[key].n_words);
    return spec_word_text(&spec_rows[key], word);
}

const char *spec_word_text(const struct spec_row *row, int word)
{
    const char *text = row->words[word].word;
    return text[0] == '_' ? text + 1 : text;
}
