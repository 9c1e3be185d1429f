/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a safetensors file, and as a model with a base flow. What is refused is refused with a
 * sentence; what is read is a table of tensors inside the file. */
#include "base/mixture.h"
#include "fuzz/fuzz.h"
#include "fuzz/mutate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Reads every byte of numbers, so that a sanitizer sees data outside the file. */
static void read_tensor(const struct safetensors *file, const struct tensor *t, size_t size)
{
    const int precision = strcmp(t->dtype, "F32") == 0 ? 4 : strcmp(t->dtype, "F64") == 0 ? 8 : 0;
    const int64_t elements = tensor_elements(t);
    struct fault fault = {.exit_code = 0};
    demand(t->rank >= 0 && t->rank <= TENSOR_MAX_RANK && elements >= 0);
    if (precision == 0)
        return;
    demand((size_t)elements <= size / (size_t)precision);
    void *const copy = malloc((size_t)elements * (size_t)precision + 1);
    if (copy)
        demand(safetensors_take(file, t->name, precision, t->rank, t->shape, copy, &fault));
    free(copy);
}

static void read_base(const struct safetensors *file)
{
    struct fault fault = {.exit_code = 0};
    struct mixture *base;
    if (!mixture_from_tensors(&base, file, &fault)) {
        demand(fault.text[0] && !base);
        return;
    }
    double x[8] = {0.5}, y[8];
    if (base && base->d <= 8) {
        demand(mixture_forward(base, x, 1, y, NULL, 1, &fault));
        demand(mixture_inverse(base, y, 1, x, NULL, 1, &fault));
    }
    mixture_free(base);
}

static void read_file(const uint8_t *data, size_t size)
{
    struct fault fault = {.exit_code = 0};
    struct safetensors *file;
    if (!safetensors_parse(&file, "fuzz", data, size, &fault)) {
        demand(fault.text[0] && fault.exit_code == FAULT_INPUT);
        return;
    }
    (void)safetensors_metadata(file, "spec");
    for (size_t i = 0; i < safetensors_count(file); i++)
        read_tensor(file, safetensors_at(file, i), size);
    read_base(file);
    safetensors_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_sealed(data, size, seal_safetensors, read_file);
}
