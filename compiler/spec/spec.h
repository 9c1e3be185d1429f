/* SPDX-License-Identifier: MIT
 *
 * A spec as the user wrote it: every key of spec_keys.def with its value and its position. The only folder
 * that knows YAML. Whether the values together make a model is checked in model/. */
#ifndef GPFC_SPEC_H
#define GPFC_SPEC_H

#include "base/base.h"

enum { SPEC_MAX_LAYERS = 16, SPEC_MAX_NAMES = 256 };
#define SPEC_AUTO "auto"

/* enum spec_field_word { SPEC_field_gaussian, SPEC_field_cube, SPEC_field_words }; and so on: the values of a
 * spec_choice, with their number last. */
#define SPEC_CHOICE_BEGIN(choice)                                                                            \
    enum spec_##choice##_word                                                                                \
    {
#define SPEC_WORD(choice, word, help) SPEC_##choice##_##word,
#define SPEC_CHOICE_END(choice)                                                                              \
    SPEC_##choice##_words                                                                                    \
    }                                                                                                        \
    ;
#include "spec/spec_choices.def"

/*
 * Every value has its position, whether it was given, and whether it was faulty: then that was reported, and
 * the default stands in its place. */
struct spec_int {
    int64_t value;
    struct place at; /* of the value; of the enclosing mapping, or the start, where it was left out */
    bool given, faulty;
};
struct spec_real {
    double value;
    struct place at;
    bool given, faulty;
};
struct spec_choice {
    int value; /* SPEC_<choice>_<word> */
    struct place at;
    bool given, faulty;
};
struct spec_text {
    const char *value; /* arena; never NULL */
    struct place at;
    bool given, faulty;
};
struct spec_sizes {
    int count;
    int64_t value[SPEC_MAX_LAYERS];
    struct place item_at[SPEC_MAX_LAYERS];
    struct place at;
    bool given, faulty;
};

struct spec_names {
    int count;
    const char *const *value; /* [count], arena */
    struct place at;
    bool given, faulty;
};

struct spec_int_or_auto {
    int64_t value;  /* 0 where automatic */
    bool automatic; /* SPEC_AUTO */
    struct place at;
    bool given, faulty;
};

struct spec_real_or_auto {
    double value;   /* 0 where automatic */
    bool automatic; /* SPEC_AUTO */
    struct place at;
    bool given, faulty;
};

struct spec_count_or_file {
    int64_t value;    /* the default where a file is given */
    const char *file; /* arena; "": a count */
    struct place at;
    bool given, faulty;
};

/* Every key: SPEC_KEY_flow_field is "flow.field". */
enum spec_key {
#define SPEC_INT(path, field, ...) SPEC_KEY_##field,
#define SPEC_REAL(path, field, ...) SPEC_KEY_##field,
#define SPEC_CHOICE(path, field, ...) SPEC_KEY_##field,
#define SPEC_TEXT(path, field, ...) SPEC_KEY_##field,
#define SPEC_SIZES(path, field, ...) SPEC_KEY_##field,
#define SPEC_NAMES(path, field, ...) SPEC_KEY_##field,
#define SPEC_INT_OR_AUTO(path, field, ...) SPEC_KEY_##field,
#define SPEC_REAL_OR_AUTO(path, field, ...) SPEC_KEY_##field,
#define SPEC_COUNT_OR_FILE(path, field, ...) SPEC_KEY_##field,
#include "spec/spec_keys.def"
    SPEC_ROWS
};

struct spec {
    const struct source *source;
    bool whole; /* the text was YAML to its end: what is not given was left out */
    bool good;  /* spec_read found no fault */
#define SPEC_INT(path, field, ...) struct spec_int field;
#define SPEC_REAL(path, field, ...) struct spec_real field;
#define SPEC_CHOICE(path, field, ...) struct spec_choice field;
#define SPEC_TEXT(path, field, ...) struct spec_text field;
#define SPEC_SIZES(path, field, ...) struct spec_sizes field;
#define SPEC_NAMES(path, field, ...) struct spec_names field;
#define SPEC_INT_OR_AUTO(path, field, ...) struct spec_int_or_auto field;
#define SPEC_REAL_OR_AUTO(path, field, ...) struct spec_real_or_auto field;
#define SPEC_COUNT_OR_FILE(path, field, ...) struct spec_count_or_file field;
#include "spec/spec_keys.def"
};

/* Reads a spec. All errors that can be found key by key (unknown key with the nearest known one, wrong type,
 * out of range, given twice, missing) go to diag, in one run; false if there were any. Limits: 1 MiB, depth
 * 16, 10,000 events, no aliases, anchors and tags, one document. */
bool spec_read(struct arena *arena, const struct source *source, struct diag *diag,
               struct spec *out) MUST_CHECK;

/* A key as users write it, and a word that it takes: "flow.field", "cube". */
const char *spec_path(enum spec_key key);
const char *spec_word(enum spec_key key, int word);

/* Every key with default, range or choices, and meaning, as `gpfc --help-spec` prints it: itself a spec, but
 * for the keys that must be given. */
void spec_help(struct strbuf *out);

/* Every key with its value as text, in the order of spec_keys.def, defaults filled in: a trainer's settings,
 * or the part of them that decides what the flow or the base flow is, whose hash distinguishes models of
 * different specs apart. data.samples is two: the count, and the file as "data.file", "" where there is
 * none. A list of names is one in YAML and in JSON: ["a", "b"]. */
enum spec_part { SPEC_ALL = 0, SPEC_OF_FLOW = 1, SPEC_OF_BASE = 2, SPEC_OF_STEPS = 4 };
struct spec_value {
    const char *key;
    const char *text;
    double number;
    int decides; /* of enum spec_part: bits */
};
int spec_values(struct arena *arena, const struct spec *spec, enum spec_part part, struct spec_value **out);

#endif
