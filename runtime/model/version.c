/* SPDX-License-Identifier: MIT */
#include "model/version.h"

#include <stdbool.h>
#include <stdio.h>

enum { PARTS = 3 };

/* "0.10.2"; what follows the numbers is ignored. */
static bool parse(const char *text, unsigned parts[PARTS])
{
    return text && sscanf(text, "%u.%u.%u", &parts[0], &parts[1], &parts[2]) == PARTS;
}

static bool is_newer(const char *there, const char *here)
{
    unsigned a[PARTS], b[PARTS];
    if (!parse(there, a) || !parse(here, b))
        return false;
    for (int i = 0; i < PARTS; i++)
        if (a[i] != b[i])
            return a[i] > b[i];
    return false;
}

void version_explain(const struct gpfc_bundle *bundle, const struct safetensors *file, struct fault *fault)
{
    const char *there = safetensors_metadata(file, "gpfc.version");
    if (fault->exit_code == FAULT_INPUT && is_newer(there, bundle->version))
        (void)fault_set(
            fault, FAULT_INPUT,
            "%.330s; gpfc %.20s wrote this file, and this trainer is of gpfc %s: compile the spec with "
            "the newer one",
            fault->text, there, bundle->version);
}

const char *version_of_c_compiler(void)
{
#ifdef __clang__
    return __VERSION__;
#else
    return "GCC " __VERSION__;
#endif
}
