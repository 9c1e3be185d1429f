/* SPDX-License-Identifier: MIT
 *
 * Any bytes as an .npz of samples or pairs: loaded whole, split or not, looked at or not; and as a table.
 * What is refused is refused with a sentence; what is loaded is finite, and has at least one training row. */
#include "data/samples.h"
#include "fuzz/fuzz.h"
#include "fuzz/memory_file.h"
#include "fuzz/mutate.h"
#include "fuzz/read_table.h"
#include "look/look.h"
#include "numbers/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void check_finite(const void *numbers, int64_t n, int precision)
{
    for (int64_t i = 0; i < n; i++)
        demand(isfinite(rows_number(numbers, i, precision)));
}

/* What is of this precision in the file, and not split, may stay there. */
static const struct samples_request requests[] = {
    {.precision = 4, .test = 0.25},
    {.precision = 8, .test = 0},
    {.precision = 8, .test = 0.5, .look = true, .standardise = true, .columns = {.missing = TABLE_DROP}},
    {.precision = 4,
     .look = true,
     .dequantise = true,
     .columns = {.names = (const char *const[]){"2", "1"}, .n = 2, .label = "labels", .weights = "w"}},
};

static void load(const char *path, const struct samples_request *how)
{
    struct samples_request request = *how;
    struct fault fault = {.exit_code = 0};
    struct samples samples;
    request.d = 2;
    request.file = path;
    if (!samples_load(&samples, &request, &fault)) {
        demand(fault.text[0] && fault.exit_code != 0);
        return;
    }
    demand(samples.train.n > 0 && samples.test.n >= 0);
    check_finite(samples.train.x, 2 * samples.train.n, (int)request.precision);
    if (samples.test.y)
        check_finite(samples.test.y, 2 * samples.test.n, (int)request.precision);
    samples_free(&samples);
}

/* Without loading them. */
static void look_through(const char *path, const struct samples_request *how)
{
    struct samples_request request = *how;
    struct fault fault = {.exit_code = 0};
    struct look *look;
    request.d = 2;
    request.file = path;
    if (samples_look_through(&look, &request, &fault))
        look_free(look);
    else
        demand(fault.text[0] && fault.exit_code != 0);
}

static void load_all(const uint8_t *data, size_t size)
{
    const char *const path = memory_file(data, size);
    if (!path)
        return;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        load(path, &requests[i]);
    look_through(path, &requests[0]);
    look_through(path, &requests[2]);
    read_table(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_sealed(data, size, seal_zip, load_all);
}
