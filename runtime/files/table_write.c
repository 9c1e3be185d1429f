/* SPDX-License-Identifier: MIT
 *
 * Takes rows, gives a file of the format that its name or a word says. */
#include "files/table_names.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not every format that is read can be written to everything: what came as an .npz goes on as an .npy. */
static const struct table_format *format_like(const char *like, struct fault *fault)
{
    return !like || strcmp(like, table_npz.name) == 0 ? &table_npy : table_format_of_word(like, fault);
}

static const struct table_format *find_format(const struct table_making *making, struct fault *fault)
{
    if (making->format)
        return table_format_of_word(making->format, fault);
    const struct table_format *const format = table_format_of_suffix(making->path);
    return format ? format : format_like(making->like, fault);
}

const char *table_field_name(const struct table_writer *w, int64_t i, char *room, size_t bytes)
{
    const struct table_making *const m = &w->making;
    if (i >= m->columns)
        return m->beside && i == m->columns ? m->beside : table_info(m->labels)->label;
    if (m->names)
        return m->names[i];
    (void)snprintf(room, bytes, "%s%" PRId64, m->array, i + 1);
    return room;
}

bool table_create(struct table_writer **out, const struct table_making *making, struct fault *fault)
{
    struct table_writer *w;
    *out = NULL;
    assert(making->precision == 4 || making->precision == 8);
    if (!table_path_known(making->path, fault) || !fault_calloc(fault, (void **)&w, 1, sizeof *w, "a writer"))
        return false;
    w->making = *making;
    w->has_labels = making->labels && table_info(making->labels)->label;
    w->format = find_format(making, fault);
    if (w->format && w->format->create(w, fault)) {
        *out = w;
        return true;
    }
    free(w);
    return false;
}

bool table_write(struct table_writer *writer, const struct table_block *block, struct fault *fault)
{
    assert((block->labels || !writer->has_labels) && (block->beside || !writer->making.beside));
    return writer->format->write(writer, block, fault);
}

bool table_commit(struct table_writer **writer, struct fault *fault)
{
    struct table_writer *const taken = *writer;
    *writer = NULL;
    const bool good = !taken || taken->format->commit(taken, fault);
    free(taken);
    return good;
}

void table_abandon(struct table_writer *writer)
{
    if (!writer)
        return;
    writer->format->abandon(writer);
    free(writer);
}
