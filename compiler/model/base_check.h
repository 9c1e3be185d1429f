/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of this folder: the base flow's part of a spec. */
#ifndef GPFC_BASE_CHECK_H
#define GPFC_BASE_CHECK_H

#include "model/base_model.h"
#include "spec/spec.h"

/* Reports all conflicts of the keys of base with each other and with the dimension. */
void base_check(struct diag *diag, const struct spec *spec);

/* Fills in what was left open; of a spec without errors, or with none in its base. */
const struct base_model *base_from_spec(struct arena *arena, const struct spec *spec);

/* A key that belongs to a choice which was not taken: a fault, or, where it just does nothing, a warning. */
struct dependent {
    bool given, wanted, fault;
    struct place at;
    const char *key, *wants; /* "'cost.kind: l1'" */
};
#define DEPENDENT(field, wanted, fault, wants)                                                               \
    {                                                                                                        \
        spec->field.given, wanted, fault, spec->field.at, spec_path(SPEC_KEY_##field), wants                 \
    }
/* "'cost.kind: l1'" */
const char *wanted_word(struct arena *arena, enum spec_key key, int word);
/* "'train.schedule: cosine' or 'plateau'" */
const char *wanted_either(struct arena *arena, enum spec_key key, int word, int other);

/* Does the learning rate fall to 0 in the end? What is faulty may. */
static inline bool schedule_falls(const struct spec_choice *schedule)
{
    return schedule->value == SPEC_schedule_cosine || schedule->value == SPEC_schedule_plateau ||
           schedule->faulty;
}
void tell_dependents(struct diag *diag, const struct dependent *keys, size_t n);

#endif
