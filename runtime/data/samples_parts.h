/* SPDX-License-Identifier: MIT
 *
 * What the files of the samples share. Only for samples*.c. */
#ifndef GPFC_SAMPLES_PARTS_H
#define GPFC_SAMPLES_PARTS_H

#include "data/data_path.h"
#include "data/samples.h"
#include "files/table.h"
#include "look/look.h"

/* How many of n rows are for the test; at least one is left for training. */
int64_t samples_test_rows(int64_t n, double share);

/* Room for n rows of row_bytes; NULL, with a fault, if there is none. */
void *samples_room(int64_t n, size_t row_bytes, struct fault *fault) MUST_CHECK;

/* Is x to be standardised? */
bool samples_standardised(const struct samples_request *request, bool has_y);

/* Are the numbers of x to be others than in the file? Then x is read in double, so that a mean that
 * is large beside the deviation costs no digits, and not mapped. */
bool samples_changed(const struct samples_request *request, bool has_y);

/* x, in double, of columns that have a step. */
struct gpfc_look;
void samples_dequantise(struct samples *samples, const struct gpfc_look *look);

/* Which of n rows, n_test of them, are for the test: (*for_test)[n], the caller's to free also after a
 * fault. */
bool samples_choose_test(int64_t n, int64_t n_test, unsigned char **for_test, struct fault *fault) MUST_CHECK;

/* Rows to train, to[0], and test, to[1], by for_test[n]; next: how many each has. */
void samples_hand_out(const unsigned char *for_test, const void *rows, int64_t n, size_t row_bytes,
                      void *const to[2], int64_t next[2]);

/* request->file as files. */
struct samples_paths {
    struct data_paths of;
    char x_format[TABLE_FORMAT_ROOM], y_format[TABLE_FORMAT_ROOM];
};

bool samples_paths_find(struct samples_paths *out, const char *file, const char *folder,
                        struct fault *fault) MUST_CHECK;
void samples_paths_free(struct samples_paths *paths); /* also after a fault */

/* Files of arrays as they are, and tables of which columns or rows may be chosen. What was read before a
 * fault is in *out. */
bool samples_read_arrays(struct samples *out, const struct samples_request *request,
                         const struct samples_paths *paths, struct fault *fault) MUST_CHECK;
bool samples_read_table(struct samples *out, const struct samples_request *request,
                        const struct samples_paths *paths, struct fault *fault) MUST_CHECK;

/* All that request->file has, split; x as it stands there, in double where it will be standardised. What was
 * made until a fault is in *out. */
bool samples_read_file(struct samples *out, const struct samples_request *request,
                       struct fault *fault) MUST_CHECK;

/* What is asked of a look at them, but for what only their file knows. */
struct look_request samples_look_request(const struct samples_request *request, bool has_y);

/* Makes samples->look of the samples as they were read, before they are standardised. */
bool samples_look(struct samples *samples, const struct samples_request *request,
                  struct fault *fault) MUST_CHECK;

#endif
