/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a program in the text form of the IR, compiled to C and to LLVM's text. What is refused is
 * refused with a message, and never because the system fails. */
#include "fuzz/compile.h"
#include "fuzz/fuzz.h"

bool fuzz_reached(void)
{
    return fuzz_compiled(GPFC_EMIT_LLVM) > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gpfc_options options = {.from_ir = true, .cpu = "haswell"};
    if (fuzz_compile(data, size, &options, GPFC_EMIT_C))
        (void)fuzz_compile(data, size, &options, GPFC_EMIT_LLVM);
    return 0;
}
