/* SPDX-License-Identifier: MIT
 *
 * Rows of samples, [n][elements], into a tile as kernels take it, [elements][lanes], and back. Rows may be at
 * any address, as in a memory-mapped file; a tile is aligned. */
#ifndef GPFC_KERNEL_TILE_H
#define GPFC_KERNEL_TILE_H

#include <stdint.h>

struct tile { /* lane l holds row order[first + l], or row first + l where order is NULL */
    const uint32_t *order;
    int64_t first;
    int64_t n, lanes; /* 1 <= n <= lanes */
};

struct tile_rows {    /* row r: the numbers from r * stride on */
    const void *rows; /* of precision 4: float, or 8: double */
    int64_t stride;   /* numbers */
    int64_t precision;
};
struct tile_rows_out {
    void *rows;
    int64_t stride;
    int64_t precision;
};

/* Of the tile's rows `elements` numbers each, as the precision of `to`. Empty lanes repeat the last row. */
void tile_gather(const struct tile *tile, const struct tile_rows *from, int64_t elements, int64_t precision,
                 void *to);

/* The same of rows that are turned (rotation.h). */
void tile_gather_turned(const struct tile *tile, const struct tile_rows *from, const double *rotation,
                        int64_t elements, int64_t precision, void *to);

/* Empty lanes go nowhere. */
void tile_scatter(const struct tile *tile, const void *from, int64_t elements, int64_t precision,
                  const struct tile_rows_out *to);

/* What tile_gather will read is on its way: rows in a random order of a large set are not in a cache. */
void tile_expect(const struct tile *tile, const struct tile_rows *from, int64_t elements);

#endif
