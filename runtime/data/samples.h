/* SPDX-License-Identifier: MIT
 *
 * What a trainer learns from, as it was given: rows x for training, for the test and perhaps for validation,
 * and, where a file has them, y = f(x), log-determinants and labels; in the trainer's precision, row-major,
 * [n][d], finite, at least one training row. From
 *
 *   .npz   x_train x_test x_validation (or x_val), of which the last two may be missing; or x, or samples.
 *          With or without y_train ..., or y; likewise logdet, labels and weights
 *   .npy   only x
 *   .csv   (or .tsv, .txt, .parquet) a column for each coordinate of x, and one of labels, or none
 *   X,Y    two files, for instance "X.npy,Y.csv": x and y
 *   none   a generator (toys.h)
 *
 * which are read as table.h says; so columns of x may be chosen, and rows left out in which a number of
 * x, y or logdet is missing. Log-determinants are those of f, and used only with y.
 *
 * A row may have a weight: the number of equal rows that it stands for, if all weights are whole numbers, or
 * else in proportion to which it counts; those are scaled to have the mean 1 in training. A row of weight 0
 * is left out.
 *
 * Where the data has no split of its own, a share `test` of it is the test: of a file rows drawn by a fixed
 * seed, so that training and every later evaluation see the same ones; of a generator the last ones. x may be
 * standardised: each coordinate less the training rows' mean, over their deviation.
 *
 * x and y of a file with a split of its own (or without a test), in the trainer's precision and not deflated,
 * are not read into memory but mapped (file_map.h): they are to be read alone, and may lie at any address
 * (rows.h). */
#ifndef GPFC_SAMPLES_H
#define GPFC_SAMPLES_H

#include "data/array_names.h"
#include "data/row_fates.h"
#include "data/standard.h"
#include "files/table.h"
#include "ground/fault.h"
#include "ground/file_map.h"

#include <stdint.h>

struct samples_request {
    int64_t d;
    int64_t precision;            /* 4: float, 8: double */
    const char *file;             /* NULL: the generator */
    const char *folder;           /* where it is looked for, as in data_path.h; or NULL */
    const char *generator;        /* a name of toys.h, or NULL; not looked at where there is a file */
    int64_t rows;                 /* of the generator */
    double test;                  /* 0 .. 0.9 */
    uint64_t seed;                /* of the generator */
    struct table_columns columns; /* of x in the file */
    const char *weights_file;     /* of one column, for rows without a split of their own; or NULL */
    const char *weights_folder;   /* where that is looked for, as `folder` */
    bool look;                    /* the data are looked at */
    bool dequantise;              /* x, where the file has no y: noise within the steps of discrete columns */
    bool standardise;             /* x, where the file has no y */
    const struct standard *standard; /* a model's: it is used (d = 0: none is) whatever `standardise` says; or
                                        NULL. Where the file has a y, none is */
};

struct part { /* rows for training, for the test, or to validate by */
    int64_t n;
    void *x;                /* REAL [n][d], standardised */
    void *y;                /* REAL [n][d]; NULL: not given */
    const double *rotation; /* [d][d], lent: a flow takes y after it; NULL: y itself */
    double *logdet;         /* [n]; NULL: not given */
    int64_t *labels;        /* [n]; NULL: not given */
    double *weights;        /* [n], above 0; NULL: all the same */
};

struct look;

struct samples {
    int64_t d;
    int64_t precision;
    struct part train, test;      /* test.n may be 0 */
    struct part validation;       /* of a file that has such rows; else n = 0 */
    struct standard standard;     /* as used; d = 0: none */
    struct file_map x_map[PARTS]; /* of each part's x, where it lies in a file */
    struct file_map y_map[PARTS];
    const char *file;              /* the request's, lent; NULL: generated */
    int64_t dropped;               /* rows that were left out because a number is missing */
    int64_t weightless;            /* ... because their weight is 0 */
    struct row_fates fates[PARTS]; /* of the rows that were read for each part */
    bool test_is_drawn;            /* from those for training; else it was read for itself */
    int64_t *places;               /* [fates[PART_TRAIN].rows] in the file; NULL: each is what it counts to */
    char **names;                  /* [d] of x's columns; NULL: the file has none */
    struct look *look;             /* NULL: not looked at */
    bool by_line;                  /* places are lines from 1, not rows from 0 */
};

/* "a.csv:17", "a.npz: row 15 of x_test (counted from 0)": where row `row` of a part came from; gives room. */
const char *samples_place(const struct samples *samples, const struct part *part, int64_t row, char *room,
                          size_t bytes);

struct part *samples_part(struct samples *samples, enum part_number number);

bool samples_load(struct samples *out, const struct samples_request *request, struct fault *fault) MUST_CHECK;
/* What the rows of request->file are like, without keeping them; *out is the caller's to free. */
bool samples_look_through(struct look **out, const struct samples_request *request,
                          struct fault *fault) MUST_CHECK;
void samples_free(struct samples *samples); /* what is in it; a zeroed one is allowed */

#endif
