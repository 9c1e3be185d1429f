/* SPDX-License-Identifier: MIT
 *
 * The file: what is the same for all programs (templates/kernels.c.in), then kernel by kernel. */
#include "emit_c/emit_c_internal.h"

#include "templates/templates.h"

#include <string.h>

/* Names of C, all different. */
static const char *const *kernel_names(struct arena *arena, const struct emit_c *what)
{
    const char **names = ARENA_ARRAY(arena, const char *, (size_t)what->n_kernels + 1);
    for (int k = 0; k < what->n_kernels; k++) {
        names[k] = c_identifier(arena, what->kernels[k].name);
        for (int i = 0; i < k; i++)
            if (strcmp(names[i], names[k]) == 0)
                names[k] = arena_printf(arena, "%s_%d", names[k], k);
    }
    return names;
}

bool emit_c(struct arena *arena, const struct emit_c *what, struct strbuf *out, const char **fault)
{
    const char *const *names = kernel_names(arena, what);
    const struct template_word words[] = {{"REAL", what->real == REAL_8 ? "double" : "float"},
                                          {"LANES", arena_printf(arena, "%d", what->lanes)}};
    template_fill(out, template_kernels_c_in, sizeof words / sizeof *words, words);
    for (int k = 0; k < what->n_kernels; k++)
        if (!c_kernel(arena, what, k, names[k], out, fault))
            return false;
    c_tables(what, names, out);
    return true;
}
