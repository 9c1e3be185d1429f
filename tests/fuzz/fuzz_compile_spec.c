/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a spec, compiled to a header and to C, where the model is small. What is
 * refused is refused with a message, and never because the system fails. */
#include "fuzz/compile.h"
#include "fuzz/fuzz.h"
#include "spec_fixture.h"

enum { MOST_PARAMETERS = 64, MOST_DIMENSION = 4, MOST_SIZE = 4096 /* bytes of text */ };

/* Compiles of larger models take their time, and reach no other lines. */
static bool is_small(const uint8_t *data, size_t size)
{
    struct reading *const r = size <= MOST_SIZE ? read_bytes("fuzz.yaml", (const char *)data, size) : NULL;
    if (!r)
        return false;
    const bool small =
        !r->model_good || (r->model.d <= MOST_DIMENSION && r->model.n_parameters <= MOST_PARAMETERS &&
                           r->model.base->n_elements <= MOST_PARAMETERS);
    free_reading(r);
    return small;
}

bool fuzz_reached(void)
{
    return fuzz_compiled(GPFC_EMIT_C) > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gpfc_options options = {.cpu = "haswell", .data_folder = "/nowhere"};
    if (is_small(data, size) && fuzz_compile(data, size, &options, GPFC_EMIT_HEADER))
        (void)fuzz_compile(data, size, &options, GPFC_EMIT_C);
    return 0;
}
