/* SPDX-License-Identifier: MIT
 *
 * What reading and writing .npy have in common, and the reader on any source of bytes. Only for npy*.c, npz.c
 * and table*.c. */
#ifndef GPFC_NPY_FORMAT_H
#define GPFC_NPY_FORMAT_H

#include "files/byte_source.h"
#include "files/npy.h"

enum {
    NPY_PREFIX_1 = 10, /* bytes before the header's text in version 1: magic, version, 16-bit length */
    NPY_PREFIX_2 = 12  /* in versions 2 and 3: a 32-bit length */
};

struct npy_header {
    struct npy_shape shape;
    bool big_endian;
    bool columns_first; /* Fortran order: the first index runs fastest */
    char kind;          /* 'f', 'i' or 'u': floating point, signed, unsigned */
    int size;           /* bytes of an element */
    int64_t data_bytes;
};

/* Parses the header's text, a Python dictionary of 'descr', 'fortran_order' and 'shape'. name: for faults. */
bool npy_parse_header(struct npy_header *out, const char *name, const char *text, size_t length,
                      struct fault *fault) MUST_CHECK;

/* A reader of an array that lies in a source; takes the source, also where it fails. */
bool npy_open_source(struct npy_reader **out, const char *name, const struct byte_source *source,
                     struct fault *fault) MUST_CHECK;

/* Elements of any type, native byte order, from memory to double: finite or not. */
void npy_to_double(const struct npy_header *header, const void *from, size_t elements, double *to);

#endif
