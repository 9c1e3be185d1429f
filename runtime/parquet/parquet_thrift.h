/* SPDX-License-Identifier: MIT
 *
 * Apache Thrift's compact protocol, in which the headers and the footer of a Parquet file are written: a
 * structure is a list of fields in the order of their numbers. What cannot be written shows in
 * ferror(to). */
#ifndef GPFC_PARQUET_THRIFT_H
#define GPFC_PARQUET_THRIFT_H

#include <stdint.h>
#include <stdio.h>

struct thrift { /* a structure that is being written */
    FILE *to;
    int last; /* number of the field that was written last; 0: none was */
};

void thrift_i32(struct thrift *s, int field, int32_t value);
void thrift_i64(struct thrift *s, int field, int64_t value);
void thrift_text(struct thrift *s, int field, const char *value);

/* The field is a structure, whose own fields and end follow. */
struct thrift thrift_open(struct thrift *s, int field);
void thrift_close(struct thrift *s);

/* The field is a list of n elements, which follow. */
void thrift_list_i32(struct thrift *s, int field, int64_t n);
void thrift_list_text(struct thrift *s, int field, int64_t n);
void thrift_list_open(struct thrift *s, int field, int64_t n); /* of structures: {.to} is one */
void thrift_item_i32(struct thrift *s, int32_t value);
void thrift_item_text(struct thrift *s, const char *value);

/* The bytes of a text, as many as it has: those that are no UTF-8 as '?'. */
void thrift_utf8(const char *text, FILE *to);

#endif
