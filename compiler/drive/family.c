/* SPDX-License-Identifier: MIT
 *
 * The list of families, and what their kinds share. */
#include "drive/family.h"

#include <string.h>

const struct family_kind family_text = {.name = "programs", .prefix = ""};

int family_list(const struct model *model, bool is_library, struct family out[GPFC_FAMILIES])
{
    static const struct family_kind *const kinds[GPFC_FAMILIES] = {&family_flow, &family_base};
    int n = 0;
    for (int i = 0; i < (is_library ? 1 : GPFC_FAMILIES); i++)
        if (kinds[i]->count(model) > 0)
            out[n++] = (struct family){.kind = kinds[i]};
    return n;
}

/* ---- texts --------------------------------------------------------------------------------------------- */

/* All of a row of layers: "2 -> 15 15 -> 1". */
void family_add_widths(struct strbuf *text, int in, int n_hidden, const int *hidden, int out)
{
    strbuf_addf(text, "%d ->", in);
    for (int k = 0; k < n_hidden; k++)
        strbuf_addf(text, " %d", hidden[k]);
    strbuf_addf(text, " -> %d", out);
}

/* ---- settings ------------------------------------------------------------------------------------------ */

_Static_assert((int)GPFC_DECIDES_FLOW == (int)SPEC_OF_FLOW && (int)GPFC_DECIDES_BASE == (int)SPEC_OF_BASE &&
                   (int)GPFC_DECIDES_STEPS == (int)SPEC_OF_STEPS,
               "the interface's bits are the spec's");

void family_settings(struct arena *arena, const struct front *front, int n, const struct spec_value *values,
                     struct gpfc_bundle *row)
{
    struct gpfc_setting *rows = ARENA_ARRAY(arena, struct gpfc_setting, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        rows[i] = (struct gpfc_setting){.key = values[i].key,
                                        .text = values[i].text,
                                        .number = values[i].number,
                                        .decides = values[i].decides};
    rows[n] = (struct gpfc_setting){.key = "data.folder", .text = front->data_folder};
    row->settings = rows;
    row->n_settings = n + 1;
}

int64_t family_hash(int n, const struct spec_value *values)
{
    uint64_t hash = 0;
    for (int i = 0; i < n; i++) {
        hash = hash_bytes(values[i].key, strlen(values[i].key), hash);
        hash = hash_bytes(values[i].text, strlen(values[i].text), hash);
    }
    return (int64_t)hash;
}
