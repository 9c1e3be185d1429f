/* SPDX-License-Identifier: MIT
 *
 * What a format of table.h has to do, and the table of formats. For table*.c and the folder of a format that
 * has its own (parquet/) only. */
#ifndef GPFC_TABLE_FORMAT_H
#define GPFC_TABLE_FORMAT_H

#include "files/byte_source.h"
#include "files/table.h"
#include "files/word_list.h"

enum { TABLE_OWN_ARRAY = -1 }; /* instead of a column: weights that are an array beside the rows */

struct table_reader {
    const struct table_format *format;
    const char *name; /* for faults; lent */
    struct table_request request;
    struct table_info info;
    int64_t there;            /* columns of the file, and */
    const char *const *names; /* their names, lent by the format; NULL: none */
    int64_t width;           /* numbers of a row in the block: info.columns, and the weight if there is one */
    int64_t *from;           /* [width] which of them each is; TABLE_OWN_ARRAY */
    const char **chosen;     /* [info.columns] info.names */
    int64_t label;           /* which of them the labels are; -1: none, or an array of their own */
    const char *label_array; /* that one's name; NULL: there is none */
    int64_t weight;          /* as label; the columns are others also where weights are not read */
    const char *weight_array; /* as label_array */
    struct word_list words;   /* of labels */
    void *state;              /* the format's */
    double *block;            /* [block_rows][width], rows to be judged */
    int64_t *labels, *places; /* [block_rows] */
    int64_t block_rows;
    int64_t dropped;
};

struct table_writer {
    const struct table_format *format;
    struct table_making making;
    bool has_labels;
    void *state; /* the format's */
};

struct table_format {
    const char *name, *suffix;

    /* Takes the source, also where it fails. Fills there, names, info.rows, label_array and weight_array, and
       state, which close ends, also after a fault. */
    bool (*open)(struct table_reader *reader, const struct byte_source *source, struct fault *fault);
    bool (*start)(struct table_reader *reader, struct fault *fault); /* the columns are chosen now */

    /* The next rows, at most `rows`, with their labels and places, to the block; 0: after the last one.
       What is missing is not finite, or is a fault already. */
    bool (*read)(struct table_reader *reader, int64_t rows, int64_t *got, struct fault *fault);
    void (*close)(struct table_reader *reader);

    /* Faults: a number that cannot be used, in a column of the file, or TABLE_OWN_ARRAY; not as many columns
       as needed. */
    bool (*tell)(const struct table_reader *reader, int64_t place, int64_t column, double value,
                 struct fault *fault);
    bool (*tell_columns)(const struct table_reader *reader, struct fault *fault);
    void (*name_place)(const struct table_reader *reader, int64_t place, char *room, size_t bytes);

    bool (*create)(struct table_writer *writer, struct fault *fault);
    bool (*write)(struct table_writer *writer, const struct table_block *block, struct fault *fault);
    bool (*commit)(struct table_writer *writer, struct fault *fault); /* takes the state */
    void (*abandon)(struct table_writer *writer);
};

/* name_place of formats whose rows are counted from 0. */
void table_name_row(const struct table_reader *reader, int64_t place, char *room, size_t bytes);

/* A floating-point number as a label; false: it is not whole, or too large to be sure of that. */
bool table_label_of(double value, int64_t *out) MUST_CHECK;

/* What field i of a row is called in a file that has names: its columns as given, or "y1", then the number
 * beside them, then the label. Gives room where that is needed. */
const char *table_field_name(const struct table_writer *writer, int64_t i, char *room, size_t bytes);

extern const struct table_format table_npy, table_npz, table_csv, table_tsv, table_txt, table_parquet;

#endif
