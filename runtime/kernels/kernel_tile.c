/* SPDX-License-Identifier: MIT
 *
 * One loop for each pair of precisions, compiled separately for rows of one and of two numbers: there the
 * loop over a row's numbers would cost more than the numbers. */
#include "kernels/kernel_tile.h"

#include "numbers/rotation.h"
#include "numbers/rows.h"

#include <stddef.h>

enum { LINE_BYTES = 64 };

static inline int64_t row_of(const struct tile *tile, int64_t lane)
{
    return tile->order ? (int64_t)tile->order[tile->first + lane] : tile->first + lane;
}

#define MOVE_OF(ROW, REAL)                                                                                   \
    static inline __attribute__((always_inline)) void gather_rows_##ROW##_##REAL(                            \
        const struct tile *tile, const loose_##ROW *rows, int64_t stride, int64_t elements, REAL *to)        \
    {                                                                                                        \
        const int64_t lanes = tile->lanes;                                                                   \
        for (int64_t lane = 0; lane < tile->n; lane++) {                                                     \
            const loose_##ROW *row = rows + row_of(tile, lane) * stride;                                     \
            for (int64_t e = 0; e < elements; e++)                                                           \
                to[e * lanes + lane] = (REAL)row[e];                                                         \
        }                                                                                                    \
        for (int64_t e = 0; e < elements && tile->n < lanes; e++)                                            \
            for (int64_t lane = tile->n; lane < lanes; lane++)                                               \
                to[e * lanes + lane] = to[e * lanes + tile->n - 1];                                          \
    }                                                                                                        \
    static void gather_##ROW##_##REAL(const struct tile *tile, const struct tile_rows *from,                 \
                                      int64_t elements, REAL *to)                                            \
    {                                                                                                        \
        if (elements == 1)                                                                                   \
            gather_rows_##ROW##_##REAL(tile, from->rows, from->stride, 1, to);                               \
        else if (elements == 2)                                                                              \
            gather_rows_##ROW##_##REAL(tile, from->rows, from->stride, 2, to);                               \
        else                                                                                                 \
            gather_rows_##ROW##_##REAL(tile, from->rows, from->stride, elements, to);                        \
    }                                                                                                        \
    static inline __attribute__((always_inline)) void scatter_rows_##ROW##_##REAL(                           \
        const struct tile *tile, const REAL *from, int64_t elements, loose_##ROW *rows, int64_t stride)      \
    {                                                                                                        \
        for (int64_t lane = 0; lane < tile->n; lane++) {                                                     \
            loose_##ROW *row = rows + row_of(tile, lane) * stride;                                           \
            for (int64_t e = 0; e < elements; e++)                                                           \
                row[e] = (ROW)from[e * tile->lanes + lane];                                                  \
        }                                                                                                    \
    }                                                                                                        \
    static void scatter_##ROW##_##REAL(const struct tile *tile, const REAL *from, int64_t elements,          \
                                       const struct tile_rows_out *to)                                       \
    {                                                                                                        \
        if (elements == 1)                                                                                   \
            scatter_rows_##ROW##_##REAL(tile, from, 1, to->rows, to->stride);                                \
        else if (elements == 2)                                                                              \
            scatter_rows_##ROW##_##REAL(tile, from, 2, to->rows, to->stride);                                \
        else                                                                                                 \
            scatter_rows_##ROW##_##REAL(tile, from, elements, to->rows, to->stride);                         \
    }
MOVE_OF(float, float)
MOVE_OF(float, double)
MOVE_OF(double, float)
MOVE_OF(double, double)
#undef MOVE_OF

void tile_gather(const struct tile *tile, const struct tile_rows *from, int64_t elements, int64_t precision,
                 void *to)
{
    if (is_single(precision) && is_single(from->precision))
        gather_float_float(tile, from, elements, to);
    else if (is_single(precision))
        gather_double_float(tile, from, elements, to);
    else if (is_single(from->precision))
        gather_float_double(tile, from, elements, to);
    else
        gather_double_double(tile, from, elements, to);
}

static const void *row_at(const struct tile *tile, const struct tile_rows *from, int64_t lane)
{
    const int64_t row = row_of(tile, lane < tile->n ? lane : tile->n - 1);
    return (const char *)from->rows + row * from->stride * from->precision;
}

/* The product costs next to nothing beside what a kernel does with the row. */
void tile_gather_turned(const struct tile *tile, const struct tile_rows *from, const double *rotation,
                        int64_t elements, int64_t precision, void *to)
{
    for (int64_t lane = 0; lane < tile->lanes; lane++)
        for (int64_t e = 0; e < elements; e++)
            rows_put(rotation_number(elements, rotation, e, row_at(tile, from, lane), from->precision), to,
                     e * tile->lanes + lane, precision);
}

void tile_scatter(const struct tile *tile, const void *from, int64_t elements, int64_t precision,
                  const struct tile_rows_out *to)
{
    if (is_single(precision) && is_single(to->precision))
        scatter_float_float(tile, from, elements, to);
    else if (is_single(precision))
        scatter_double_float(tile, from, elements, to);
    else if (is_single(to->precision))
        scatter_float_double(tile, from, elements, to);
    else
        scatter_double_double(tile, from, elements, to);
}

void tile_expect(const struct tile *tile, const struct tile_rows *from, int64_t elements)
{
    const int64_t bytes = elements * from->precision, stride = from->stride * from->precision;
    for (int64_t lane = 0; tile->order && lane < tile->n; lane++)
        for (int64_t at = 0; at < bytes; at += LINE_BYTES)
            __builtin_prefetch((const char *)from->rows + row_of(tile, lane) * stride + at);
}
