/* SPDX-License-Identifier: MIT
 *
 * Arrays in NumPy's .npy format, read and written row by row, so that a file larger than memory works. The
 * first index counts rows. Reads versions 1 to 3; integers, floating-point numbers and booleans of the usual
 * sizes, of either byte order, in C and Fortran order. Anything else is refused, and the message names what
 * was found. A reader checks the announced size against the file before it allocates. The same reader is used
 * for the members of an .npz (npz.h). */
#ifndef GPFC_NPY_H
#define GPFC_NPY_H

#include "ground/fault.h"
#include "ground/file_map.h"

#include <stdint.h>

enum { NPY_MAX_RANK = 8, NPY_MAX_HEADER = 65536 /* bytes */ };

struct npy_shape {
    int64_t precision; /* 2: float16, 4: float32, 8: float64, 0: integers */
    int rank;          /* 0 for a scalar */
    int64_t shape[NPY_MAX_RANK];
    int64_t rows;    /* shape[0]; 1 for a scalar */
    int64_t columns; /* elements of a row: product of the other extents */
};

struct npy_reader;

/* path may also be a pipe; then a missing end shows only when it is reached. */
bool npy_open(struct npy_reader **out, const char *path, struct fault *fault) MUST_CHECK;
void npy_close(struct npy_reader *reader); /* NULL is allowed */

struct npy_shape npy_shape(const struct npy_reader *reader);

/* Is it [any number of rows][d]? The fault names both shapes. */
bool npy_expect_columns(const struct npy_reader *reader, int64_t d, struct fault *fault) MUST_CHECK;

/* The next rows, at most `rows`, as [*got][columns] of the wanted precision (4 or 8), converted where the
 * file holds another type. A number too large for float is a fault, as NaN and infinity are. *got is 0 after
 * the last row. */
bool npy_read_rows(struct npy_reader *reader, int64_t precision, int64_t rows, void *to, int64_t *got,
                   struct fault *fault) MUST_CHECK;

/* The same in double, whatever the numbers are: NaN and infinity, too. */
bool npy_read_numbers(struct npy_reader *reader, int64_t rows, double *to, int64_t *got,
                      struct fault *fault) MUST_CHECK;

/* A fault at an element that was read: what is wrong with `value` where float (precision 4) or double is
 * needed. */
bool npy_tell_number(const struct npy_reader *reader, int64_t row, int64_t column, double value,
                     struct fault *fault);

/* All rows as they lie in a file, instead of reading them: of the wanted precision as it is, and checked
 * likewise, but at any address. Nothing mapped (out->pages is NULL), and nothing read, where they do not lie
 * like that: another type, byte order or order of indices, deflated, a pipe. For a reader that has read
 * nothing. */
bool npy_map_rows(struct npy_reader *reader, int64_t precision, struct file_map *out,
                  struct fault *fault) MUST_CHECK;

/* The next rows of whole numbers: of any type of integers or truth values, or floating point numbers that are
 * whole. */
bool npy_read_integers(struct npy_reader *reader, int64_t rows, int64_t *to, int64_t *got,
                       struct fault *fault) MUST_CHECK;

/* Writes [rows][columns] as version 1, little endian, C order; whole numbers for precision 0, a list [rows]
 * for NPY_LIST columns. rows may be -1: as many as come. Nothing is at path before npy_writer_commit
 * (safe_file.h). */
enum { NPY_LIST = -1 };
struct npy_writer;

bool npy_create(struct npy_writer **out, const char *path, int64_t precision, int64_t rows, int64_t columns,
                struct fault *fault) MUST_CHECK;
/* As a file without a name in the folder of `path`, for a member of that (npz_make). */
bool npy_create_unnamed(struct npy_writer **out, const char *path, int *descriptor, int64_t precision,
                        int64_t rows, int64_t columns, struct fault *fault) MUST_CHECK;
bool npy_write_rows(struct npy_writer *writer, const void *from, int64_t rows,
                    struct fault *fault) MUST_CHECK;
bool npy_writer_commit(struct npy_writer *writer,
                       struct fault *fault) MUST_CHECK; /* takes; as many rows as announced have come */
void npy_writer_abandon(struct npy_writer *writer);     /* takes; NULL is allowed */

#endif
