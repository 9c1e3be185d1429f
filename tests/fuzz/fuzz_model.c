/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a model, and as a checkpoint, of a trainer compiled from FUZZ_SPEC: applied, inverted,
 * trained for a step. What is refused is refused with a sentence; what is mapped is finite. A checksum is
 * made right, so that what is behind it is reached. */
#include "fuzz/fuzz.h"
#include "fuzz/fuzz_bundle.h"
#include "fuzz/memory_file.h"
#include "fuzz/mutate.h"
#include "model/flow.h"
#include "numbers/rows.h"
#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

enum { D = 2, ROWS = 5, TRAIN = 24, TEST = 8, PAIRS = TRAIN + TEST, MOST_BATCH = 64 };

/* How often each was done, to its end. */
static int64_t mapped[2], trained;

bool fuzz_reached(void)
{
    return mapped[false] > 0 && mapped[true] > 0 && trained > 0;
}

static const struct gpfc_bundle *bundle(void)
{
    static const struct gpfc_bundle *compiled;
    if (!compiled)
        compiled = fuzz_bundle(FUZZ_SPEC);
    return compiled;
}

static void put(void *numbers, size_t precision, int64_t i, double x)
{
    if (precision == sizeof(float))
        ((float *)numbers)[i] = (float)x;
    else
        ((double *)numbers)[i] = x;
}

/* Near the origin, and, the last two rows, far from it. */
static void fill_rows(void *rows, size_t precision)
{
    for (int64_t i = 0; i < ROWS * D; i++)
        put(rows, precision, i, (double)(i % 7 - 3) * (i < 3 * D ? 0.5 : 1e3));
}

static void check_rows(const void *rows, size_t precision)
{
    for (int64_t i = 0; i < ROWS * D; i++)
        demand(isfinite(rows_number(rows, i, (int)precision)));
}

static void map_rows(struct gpfc_flow *flow, enum flow_part part, bool back)
{
    double from[ROWS * D], to[ROWS * D];
    const struct flow_rows rows = {.from = from, .to = to, .n = ROWS};
    const size_t real = (size_t)bundle()->precision, data = flow_data_bytes(flow, part);
    struct fault fault = {.exit_code = 0};
    fill_rows(from, back ? real : data);
    const bool good = (back ? flow_backward : flow_forward)(flow, part, &rows, &fault);
    demand(good || fault.text[0]);
    if (!good)
        return;
    check_rows(to, back ? data : real);
    mapped[back]++;
}

static void use_flow(const char *path, enum flow_part part)
{
    struct fault fault = {.exit_code = 0};
    struct gpfc_flow *flow;
    const struct device device = device_cpu(1);
    if (!flow_open(&flow, bundle(), path, part, &device, &fault)) {
        demand(fault.text[0] && fault.exit_code != 0);
        return;
    }
    map_rows(flow, part, false);
    map_rows(flow, part, true);
    gpfc_flow_close(flow);
}

/* Made once: the same rows for every input. */
static const struct pairs *training_pairs(void)
{
    static double x[PAIRS * D], y[PAIRS * D];
    static struct pairs pairs;
    const size_t real = (size_t)bundle()->precision, test = TRAIN * D * real;
    for (int64_t i = 0; i < PAIRS * D; i++) {
        put(x, real, i, sin((double)i));
        put(y, real, i, cos(3.1 * (double)i));
    }
    pairs = (struct pairs){.d = D,
                           .precision = bundle()->precision,
                           .train = {.n = TRAIN, .x = x, .y = y},
                           .test = {.n = TEST, .x = (char *)x + test, .y = (char *)y + test},
                           .nll_train = NAN,
                           .nll_test = NAN};
    return &pairs;
}

static bool train(struct trainer *trainer, const struct checkpoint *checkpoint, struct fault *fault)
{
    if (!checkpoint_load(checkpoint, trainer, fault))
        return false;
    if ((!trainer_done(trainer) && !trainer_step(trainer, fault)) || !trainer_measure(trainer, fault))
        return false;
    trained++;
    return true;
}

/* With another batch than a large one, which takes memory but reaches no other line. */
static void resume(const char *path)
{
    struct fault fault = {.exit_code = 0};
    struct checkpoint checkpoint;
    struct trainer *trainer;
    if (!checkpoint_open(&checkpoint, bundle(), path, 1, &fault)) {
        demand(fault.text[0] && fault.exit_code != 0);
        return;
    }
    struct trainer_options options = checkpoint.note.options;
    options.device = device_cpu(1);
    if (options.batch > MOST_BATCH)
        options.batch = MOST_BATCH;
    const struct gpfc_bundle *const own = checkpoint.stage->number == STAGE_BASE ? bundle()->base : bundle();
    if (trainer_new(&trainer, own, training_pairs(), &options, &fault)) {
        demand(train(trainer, &checkpoint, &fault) || fault.text[0]);
        trainer_free(trainer);
    } else
        demand(fault.text[0]);
    checkpoint_close(&checkpoint);
}

static void use(const uint8_t *data, size_t size)
{
    const char *const path = memory_file(data, size);
    if (!path)
        return;
    use_flow(path, FLOW_PART_FLOW);
    use_flow(path, FLOW_PART_BASE);
    use_flow(path, FLOW_PART_BOTH);
    resume(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_sealed(data, size, seal_safetensors, use);
}
