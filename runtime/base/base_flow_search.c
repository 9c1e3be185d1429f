/* SPDX-License-Identifier: MIT
 *
 * What the inverses by search share: the kernel of a block is called for the rows whose search has not ended,
 * and what each search is off by is judged by one rule. */
#include "base/base_flow_parts.h"

#include <math.h>

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

static void judge_row(const struct base_compiled *flow, struct base_row *row, const double *x,
                      const double *error)
{
    double size = 1;
    row->error = 0;
    for (int64_t i = 0; i < flow->d; i++) {
        size = fmax(size, fabs(x[i]));
        row->error = isnan(error[i]) ? INFINITY : fmax(row->error, error[i]);
    }
    if (!(row->error <= flow->tolerance * size))
        row->failed = true;
}

void base_judge(const struct base_compiled *flow, struct base_chunk *chunk, const double *error)
{
    for (int64_t row = 0; row < chunk->n; row++)
        judge_row(flow, &chunk->row[row], chunk->x + row * flow->d, error + row * flow->d);
}
