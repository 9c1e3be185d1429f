/* SPDX-License-Identifier: MIT
 *
 * What is known of the data once all rows have passed by, and the families of findings that look at it. Each
 * family is a file; the order of the calls is look.c's: later ones may ask for marks of earlier ones. */
#ifndef GPFC_LOOK_VIEW_H
#define GPFC_LOOK_VIEW_H

#include "look/columns.h"
#include "look/findings.h"
#include "look/look.h"
#include "look/row_hashes.h"

struct look_view {
    int64_t n, test;  /* rows; how many of these are test rows */
    int64_t d, width; /* columns of x, and of a row */
    bool has_y;
    const struct column *columns; /* [width] of all rows */
    int64_t sampled;              /* rows of the sample */
    const double *rows;           /* [sampled][width] */
    const int64_t *numbers;       /* [sampled] which rows these are */
    const double *weights;        /* [sampled]; NULL: all the same */
    double effective;             /* how many rows of equal weight tell as much as all */
    const double *sorted;         /* [width][sampled], each column ascending */
    int64_t kept;                 /* rows of it without values far out; of these: */
    const double *means;          /* [width] */
    const double *covariance;     /* [width][width] */
    struct row_matches matches;
    bool dequantised, standardised;
    double greatest;          /* a number that can be trained on, as it is after standardisation */
    double *steps;            /* [d] of discrete columns, to be filled */
    const char *const *names; /* [d] of x's columns, or NULL */
    struct findings *findings;
};

/* One column of it. */
struct look_column {
    int64_t number;
    const struct column *sums;
    int64_t n;            /* of the sample */
    const double *sorted; /* [n] */
};
struct look_column look_column(const struct look_view *view, int64_t number);
/* "b", or "column 2" */
const char *look_name(const struct look_view *view, int64_t number, char *room, size_t bytes);
enum { LOOK_NUMBER = 32, LOOK_DIGITS = 10 };
/* A value of the data with the digits that it was written with, up to LOOK_DIGITS: to be searched for. */
const char *look_number(double value, char room[LOOK_NUMBER]);
double look_quantile(const struct look_column *column, double p);

void find_in_rows(const struct look_view *view);    /* too few, all equal */
void find_duplicates(const struct look_view *view); /* rows that equal another; asks for recurring values */
void find_in_columns(const struct look_view *view); /* constant, equal, numbered ones */
void find_discrete(const struct look_view *view);   /* columns of few values */
void find_far(const struct look_view *view);        /* sentinels, outlying rows, heavy tails */
void find_recurring(const struct look_view *view);  /* values that recur; asks for sentinels */
void find_too_large(const struct look_view *view);
bool find_collinear(const struct look_view *view, struct fault *fault) MUST_CHECK;
void find_in_weights(const struct look_view *view); /* few of the rows count */
bool find_in_latents(const struct look_view *view, struct fault *fault) MUST_CHECK; /* is y N(0, I)? */
bool find_unrelated(const struct look_view *view, struct fault *fault) MUST_CHECK;  /* is y = f(x)? */

/* What is asked of the distribution of rows that have weights, asked of rows drawn by these. */
bool find_in_weighted(const struct look_view *view, bool find(const struct look_view *, struct fault *),
                      struct fault *fault) MUST_CHECK;

#endif
