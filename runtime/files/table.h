/* SPDX-License-Identifier: MIT
 *
 * Rows of numbers in files, whatever their format: read from the first row to the last in blocks, and written
 * likewise, so that a file larger than memory works. Every command reads and writes rows through this.
 *
 *   npy       NumPy's arrays of numbers or truth values: of any size and byte order, C or Fortran order
 *   npz       such an array by name out of several, and whole numbers in an array of labels
 *   csv       text, a line for each row (csv.h); tsv and txt are the same with other separators
 *   parquet   columns of numbers, and of words for labels; read where DuckDB's library is, written everywhere
 *
 * A suffix of a name says which, in upper or lower case; otherwise the first bytes do. The path "-" is
 * standard input or output.
 *
 * A file's columns are all of its numbers, unless some are chosen. A label is a whole number that belongs to
 * a row, or a word: then it stands for the number of the word, in the order in which the words first
 * occur. A weight is a number of at least 0 that says for how many rows, or for what share of them, a row
 * stands. */
#ifndef GPFC_TABLE_H
#define GPFC_TABLE_H

#include "ground/fault.h"

#include <stddef.h>
#include <stdint.h>

/* ---- formats ------------------------------------------------------------------------------------------- */

enum { TABLE_FORMAT_ROOM = 8 };

/* Can it be read only once: standard input, a pipe, a terminal? */
bool table_is_stream(const char *path);

/* "npy", "csv", ..., by a file's suffix or its first bytes; "" for a stream, whose format is known once it is
 * opened (table_info). */
bool table_format(const char *path, char format[TABLE_FORMAT_ROOM], struct fault *fault) MUST_CHECK;

/* Are these bytes a path with a suffix of some format? */
bool table_has_suffix(const char *path, size_t length);

/* ---- reading ------------------------------------------------------------------------------------------- */

/* What becomes of a row in which a number is missing: an empty field, NA, NaN. */
enum table_missing {
    TABLE_REFUSE, /* reading ends with a fault that names the place */
    TABLE_DROP,   /* the row is left out, and counted */
    TABLE_KEEP    /* the number is NaN, or infinite */
};

struct table_columns {        /* zeroed: all, and no missing numbers */
    const char *const *names; /* [n], or numbers from 1; n = 0: all but that of the labels */
    int64_t n;
    const char *weights; /* of the weights, by name or number, or an array of an .npz; NULL: only the usual
                            array, if there is one */
    const char *label;   /* likewise; NULL: a column named "label" or "labels", or the usual array */
    enum table_missing missing;
    bool loose_columns; /* all columns, if these are not there, and the file has as many as needed */
    bool loose_label;   /* no labels, if these are not there */
    bool loose_weights; /* no weights, if these are not there */
};

struct table_request {
    const char *path;
    const char *const *arrays; /* of an .npz: the first of these names that it has; NULL ends them */
    const char *labels;        /* of an .npz: the usual name of the labels' array; NULL: "labels" */
    const char *weights;       /* that of the weights' array; NULL: weights are not read, and a column of them
                                  is no other */
    struct table_columns columns;
    int64_t needed;    /* columns; 0: any number of them */
    int64_t precision; /* 4 or 8: of the rows that are read. A number too large for float is a fault */
};

struct table_info {
    const char *format;       /* "npy" */
    int64_t rows;             /* in the file; -1: known only at its end */
    int64_t columns;          /* chosen */
    const char *const *names; /* [columns]; NULL: the file has none */
    const char *label;        /* what the labels' column or array is called; NULL: there are no labels */
    const char *weights;      /* likewise the weights' that are read */
};

struct table_reader;

/* The path is lent until table_close, all else of the request until this returns. */
bool table_open(struct table_reader **out, const struct table_request *request,
                struct fault *fault) MUST_CHECK;
void table_close(struct table_reader *reader); /* NULL is allowed */

const struct table_info *table_info(const struct table_reader *reader); /* lent */

#define TABLE_NO_LABEL INT64_MIN

struct table_rows {
    int64_t most;    /* rows for which there is room, at least 1 */
    void *x;         /* REAL [most][columns] of the request's precision */
    int64_t *labels; /* [most], or NULL: not wanted; TABLE_NO_LABEL where one is missing and that is kept */
    int64_t *places; /* [most], or NULL: not wanted; for table_place */
    double *weights; /* [most], where info has them; or NULL: not wanted */
    int64_t got;     /* rows that are there now; 0 after the last one */
};

bool table_read(struct table_reader *reader, struct table_rows *rows, struct fault *fault) MUST_CHECK;

int64_t table_dropped(const struct table_reader *reader);                 /* rows, so far */
const char *table_word(const struct table_reader *reader, int64_t label); /* NULL: labels are numbers */
/* "a.csv:17", "a.npy: row 15 (counted from 0)"; gives room. */
const char *table_place(const struct table_reader *reader, int64_t place, char *room, size_t bytes);

/* ---- writing ------------------------------------------------------------------------------------------- */

struct table_making {
    const char *path;
    const char *format;       /* "csv"; NULL: by the path's suffix */
    const char *like;         /* the format where neither tells, such as that of the input; NULL: "npy" */
    const char *array;        /* name in an .npz; with numbers from 1, of columns that have no names: "y1" */
    const char *const *names; /* [columns], or NULL */
    const char *beside; /* name of a double that each row has beside its columns; NULL: none. An .npz has
                                 an array of it, others a column; an .npy is refused */
    int64_t columns;
    int64_t rows;                      /* -1: known only at the end */
    int64_t precision;                 /* 4 or 8 */
    const struct table_reader *labels; /* whose labels are written, too, where the format has a place for
                                          them; NULL: none are */
};

/* Nothing is at path before table_commit (safe_file.h). Text has a line of names, but for .txt; its numbers
 * are those that are read again, with a decimal point. */
struct table_writer;

bool table_create(struct table_writer **out, const struct table_making *making,
                  struct fault *fault) MUST_CHECK;
struct table_block {
    const void *x;         /* REAL [rows][columns] */
    const double *beside;  /* [rows]; may be NULL where making->beside is */
    const int64_t *labels; /* [rows]; may be NULL where making->labels has none */
    int64_t rows;
};
bool table_write(struct table_writer *writer, const struct table_block *block,
                 struct fault *fault) MUST_CHECK;
/* Takes *writer, which becomes NULL, as it may be already. */
bool table_commit(struct table_writer **writer, struct fault *fault) MUST_CHECK;
void table_abandon(struct table_writer *writer); /* takes; NULL is allowed */

#endif
