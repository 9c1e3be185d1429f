/* SPDX-License-Identifier: MIT
 *
 * What the inverses by search share: the kernel of a block is called for the rows whose search has not
 * ended. */
#include "base/base_flow_parts.h"

void base_all_rows(struct base_chunk *chunk)
{
    for (int64_t row = 0; row < chunk->n; row++)
        chunk->order[row] = (uint32_t)row;
}

void base_evaluate(const struct base_compiled *flow, struct base_chunk *chunk, int block, int64_t n,
                   const struct kernel_rows_out *out)
{
    kernel_rows_go(flow->block[block], chunk->thread, chunk->order, n,
                   (struct kernel_rows_in[]){{chunk->x, flow->d}}, out);
    for (int64_t a = 0; a < n; a++)
        chunk->row[chunk->order[a]].evaluations++;
}

void base_search(const struct base_compiled *flow, struct base_chunk *chunk, const struct base_search *search)
{
    int64_t n = chunk->n;
    base_all_rows(chunk);
    while (n > 0) {
        int64_t left = 0;
        base_evaluate(flow, chunk, search->block, n, search->out);
        for (int64_t a = 0; a < n; a++)
            if (!search->advance(search->data, chunk->order[a]))
                chunk->order[left++] = chunk->order[a];
        n = left;
    }
}
