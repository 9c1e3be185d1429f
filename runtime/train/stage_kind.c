/* SPDX-License-Identifier: MIT */
#include "train/stage_kind.h"

#include "kernels/bundle.h"
#include "model/weights.h"

#include <string.h>

static const char *const base_keys[] = {"train.", "base.", NULL};
static const char *const flow_keys[] = {
    "train.", "penalty.", "cost.", "flow.most_steps", "flow.density_error", "flow.roundtrip", NULL};

const struct stage_kind stage_kinds[STAGES] = {
    [STAGE_BASE] = {.number = STAGE_BASE,
                    .name = "base",
                    .title = "base flow",
                    .key = "base",
                    .cost = "nll",
                    .rows = "samples",
                    .model = WEIGHTS_BASE_FILE,
                    .checkpoint = "base_checkpoint.safetensors",
                    .cost_is_nll = true,
                    .steered_by = base_keys},
    [STAGE_FLOW] = {.number = STAGE_FLOW,
                    .name = "flow",
                    .title = "flow",
                    .key = "train",
                    .cost = "cost",
                    .rows = "pairs",
                    .model = WEIGHTS_MODEL_FILE,
                    .checkpoint = "checkpoint.safetensors",
                    .after_base = true,
                    .model_has_steps = true,
                    .by_heart = true,
                    .weighs_penalty = true,
                    .steered_by = flow_keys},
};

const struct stage_kind *stage_kind_of(const struct gpfc_bundle *bundle)
{
    const struct gpfc_kernel *train = bundle_kernel(bundle, "train");
    return &stage_kinds[train && bundle_input(train, "y") < 0 ? STAGE_BASE : STAGE_FLOW];
}

const struct stage_kind *stage_kind_named(const char *name)
{
    for (int i = 0; name && i < STAGES; i++)
        if (strcmp(stage_kinds[i].name, name) == 0)
            return &stage_kinds[i];
    return &stage_kinds[STAGE_FLOW];
}
