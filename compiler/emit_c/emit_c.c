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

static void add_filled(struct strbuf *out, const char *template, const char *real, int lanes)
{
    for (const char *at = template; *at;) {
        if (strncmp(at, "@REAL@", 6) == 0) {
            strbuf_add(out, real);
            at += 6;
        } else if (strncmp(at, "@LANES@", 7) == 0) {
            strbuf_addf(out, "%d", lanes);
            at += 7;
        } else {
            strbuf_addn(out, at++, 1);
        }
    }
}

bool emit_c(struct arena *arena, const struct emit_c *what, struct strbuf *out, const char **fault)
{
    const char *const *names = kernel_names(arena, what);
    add_filled(out, template_kernels_c_in, what->real == REAL_8 ? "double" : "float", what->lanes);
    for (int k = 0; k < what->n_kernels; k++)
        if (!c_kernel(arena, what, k, names[k], out, fault))
            return false;
    c_tables(what, names, out);
    return true;
}
