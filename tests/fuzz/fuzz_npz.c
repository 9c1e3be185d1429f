/* SPDX-License-Identifier: MIT
 *
 * Any bytes as an .npz of pairs: loaded whole, split or not. What is refused is refused with a sentence; what
 * is loaded is finite, and has at least one training row. */
#include "data/samples.h"
#include "fuzz/fuzz.h"
#include "fuzz/memory_file.h"
#include "fuzz/mutate.h"
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
static void load(const char *path, int precision)
{
    const struct samples_request request = {.d = 2, .precision = precision, .file = path, .test = 0.25};
    struct fault fault = {.exit_code = 0};
    struct samples samples;
    if (!samples_load(&samples, &request, &fault)) {
        demand(fault.text[0] && fault.exit_code != 0);
        return;
    }
    demand(samples.train.n > 0 && samples.test.n >= 0);
    check_finite(samples.train.x, 2 * samples.train.n, precision);
    if (samples.test.y)
        check_finite(samples.test.y, 2 * samples.test.n, precision);
    samples_free(&samples);
}

static void load_both(const uint8_t *data, size_t size)
{
    const char *const path = memory_file(data, size);
    if (!path)
        return;
    load(path, 4);
    load(path, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    load_both(data, size);
    uint8_t *const sealed = seal_zip(data, size);
    if (sealed)
        load_both(sealed, size);
    free(sealed);
    return 0;
}
