/* SPDX-License-Identifier: MIT */
#include "data/array_names.h"

#include <stddef.h>

static const struct array_names whole = {{"x", "samples"}, {"y"}, "logdet", "labels", "weights"};

/* In the order in which they are looked for. Only with arrays for the training. */
static const struct {
    enum part_number part;
    struct array_names names;
} own[] = {
    {PART_TRAIN, {{"x_train"}, {"y_train"}, "logdet_train", "labels_train", "weights_train"}},
    {PART_TEST, {{"x_test"}, {"y_test"}, "logdet_test", "labels_test", "weights_test"}},
    {PART_VALIDATION,
     {{"x_validation"}, {"y_validation"}, "logdet_validation", "labels_validation", "weights_validation"}},
    {PART_VALIDATION, {{"x_val"}, {"y_val"}, "logdet_val", "labels_val", "weights_val"}},
};

struct array_plan array_plan_of(struct npz *npz)
{
    struct array_plan plan = {{NULL}};
    for (size_t i = 0; npz && i < sizeof own / sizeof own[0]; i++) {
        const bool with_training = own[i].part == PART_TRAIN || plan.of[PART_TRAIN];
        if (with_training && !plan.of[own[i].part] && npz_has(npz, own[i].names.x[0]))
            plan.of[own[i].part] = &own[i].names;
    }
    if (!plan.of[PART_TRAIN])
        plan.of[PART_TRAIN] = &whole;
    return plan;
}

bool array_plan_is_split(const struct array_plan *plan)
{
    return plan->of[PART_TEST] || plan->of[PART_VALIDATION];
}
