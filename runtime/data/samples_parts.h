/* SPDX-License-Identifier: MIT
 *
 * What the files of the samples share. Only for samples*.c. */
#ifndef GPFC_SAMPLES_PARTS_H
#define GPFC_SAMPLES_PARTS_H

#include "data/data_path.h"
#include "data/samples.h"
#include "files/table.h"
#include "look/look.h"

/* Room for n rows of row_bytes; NULL, with a fault, if there is none. */
void *samples_room(int64_t n, size_t row_bytes, struct fault *fault) MUST_CHECK;

/* Is x to be standardised? */
bool samples_standardised(const struct samples_request *request, bool has_y);

/* Are the numbers of x to be others than in the file? Then x is read in double, so that a mean that
 * is large beside the deviation costs no digits, and not mapped. */
bool samples_changed(const struct samples_request *request, bool has_y);

/* Rows in which a number is missing are left out once all tables of a file are read, where there are several:
 * until then these keep them. */
bool samples_drops_late(const struct samples_request *request, bool has_y);
enum table_missing samples_missing(const struct samples_request *request, bool has_y);

/* x, in double, of columns that have a step. */
struct gpfc_look;
void samples_dequantise(struct samples *samples, const struct gpfc_look *look);

/* The numbers of request->weights_file, as many at a time as there are rows. Closed also after a fault. */
struct samples_weights {
    struct data_paths paths;
    struct table_reader *reader;
};

bool samples_weights_open(struct samples_weights *out, const struct samples_request *request,
                          struct fault *fault) MUST_CHECK;
bool samples_weights_next(struct samples_weights *weights, int64_t n, double *to,
                          struct fault *fault) MUST_CHECK;
bool samples_weights_end(struct samples_weights *weights,
                         struct fault *fault) MUST_CHECK; /* no more of them */
void samples_weights_close(struct samples_weights *weights);

/* All of them: double (*out)[n], the caller's to free, also after a fault. */
bool samples_read_weights(const struct samples_request *request, int64_t n, void **out,
                          struct fault *fault) MUST_CHECK;

/* Of a file with a split of its own: there is no saying to which of its rows those of a weights_file
 * belong. */
bool samples_refuse_weights(const struct samples_request *request, struct fault *fault) MUST_CHECK;

/* Scales the weights as samples.h says. */
void samples_scale_weights(struct samples *samples);

/* request->file as files. */
struct samples_paths {
    struct data_paths of;
    char x_format[TABLE_FORMAT_ROOM], y_format[TABLE_FORMAT_ROOM];
};

bool samples_paths_find(struct samples_paths *out, const char *file, const char *folder,
                        struct fault *fault) MUST_CHECK;
void samples_paths_free(struct samples_paths *paths); /* also after a fault */

/* An .npz has several arrays, and a stream is read only once. */
bool samples_check_stream(const struct table_reader *reader, const char *path,
                          struct fault *fault) MUST_CHECK;

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
