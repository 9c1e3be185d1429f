/* SPDX-License-Identifier: MIT */
#include "fuzz/compile.h"

#include "fuzz/fuzz.h"
#include "fuzz/memory_file.h"

static int64_t compiled[GPFC_EMIT_EXECUTABLE + 1];

bool fuzz_compile(const uint8_t *data, size_t size, const struct gpfc_options *options, enum gpfc_emit emit)
{
    struct gpfc_options own = *options;
    struct gpfc_report report;
    own.input = memory_file(data, size);
    own.output = "/dev/null";
    own.emit = emit;
    own.no_wisdom = true;
    if (!own.input)
        return false;
    const enum gpfc_status status = gpfc_compile(&own, &report);
    demand(status != GPFC_FAILED && (status == GPFC_OK || (report.messages && report.messages[0])));
    gpfc_report_free(&report);
    compiled[emit] += status == GPFC_OK;
    return status == GPFC_OK;
}

int64_t fuzz_compiled(enum gpfc_emit emit)
{
    return compiled[emit];
}
