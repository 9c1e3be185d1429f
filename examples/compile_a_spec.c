/* SPDX-License-Identifier: MIT
 *
 * The compiler as a library: compiles a spec to an object file and says what became of it.
 *
 *     cc compile_a_spec.c $(pkg-config --static --cflags --libs gpfc-compiler) -o compile_a_spec
 *     ./compile_a_spec moons.yaml moons.o */
#include "gpfc/gpfc.h"

#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: compile_a_spec SPEC.yaml OBJECT.o\n");
        return GPFC_FAULTY;
    }
    const struct gpfc_options options = {
        .input = argv[1], .output = argv[2], .emit = GPFC_EMIT_OBJECT, .no_wisdom = true};
    struct gpfc_report report;
    const enum gpfc_status status = gpfc_compile(&options, &report);
    fputs(report.messages ? report.messages : "out of memory\n", stderr);
    for (int i = 0; i < report.n_families; i++)
        printf("%s: %s, %" PRId64 " parameters\n", report.family[i].name, report.family[i].description,
               report.family[i].parameters);
    if (status == GPFC_OK)
        printf("%s: %" PRId64 " bytes for %s\n", report.output, report.output_bytes, report.cpu);
    gpfc_report_free(&report);
    return status;
}
