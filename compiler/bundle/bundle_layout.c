/* SPDX-License-Identifier: MIT
 *
 * Proves that bundle_fields.def says what kernel_abi.h does: each field at its place, of its kind and eight
 * bytes wide, and none left out. */
#include "bundle/bundle.h"

#include <stddef.h>

/* Bytes of a field of struct `type`, by its kind. */
#define BYTES_OF_ONE(type, field) 8
#define BYTES_OF_ALL(type, field) sizeof(((struct type *)0)->field)
#define BYTES_TEXT BYTES_OF_ONE
#define BYTES_INTEGER BYTES_OF_ONE
#define BYTES_NUMBER BYTES_OF_ONE
#define BYTES_FLAG BYTES_OF_ONE
#define BYTES_HASH BYTES_OF_ONE
#define BYTES_ROLE BYTES_OF_ONE
#define BYTES_VERSION BYTES_OF_ONE
#define BYTES_REAL_BYTES BYTES_OF_ONE
#define BYTES_LANES BYTES_OF_ONE
#define BYTES_SHAPE BYTES_OF_ALL
#define BYTES_PAIR BYTES_OF_ALL
#define BYTES_TABLE BYTES_OF_ONE
#define BYTES_BUNDLE BYTES_OF_ONE
#define BYTES_BYTES BYTES_OF_ONE
#define BYTES_REALS BYTES_OF_ONE
#define BYTES_FUNCTION BYTES_OF_ONE
#define BYTES_CODE BYTES_OF_ONE
#define BYTES_ROW BYTES_OF_ONE

/* Is it of the type that printers take for the kind? */
#define IS_INTEGER(field) _Generic(field, int64_t : 1, default : 0)
#define IS_INTEGERS(field) _Generic(field, int64_t * : 1, default : 0)
#define IS_POINTER(field) (sizeof(field) == 8 && _Generic(field, int64_t : 0, double : 0, default : 1))
#define IS_TEXT(field) _Generic(field, const char * : 1, default : 0)
#define IS_NUMBER(field) _Generic(field, double : 1, default : 0)
#define IS_FLAG IS_INTEGER
#define IS_HASH IS_INTEGER
#define IS_ROLE IS_INTEGER
#define IS_VERSION IS_INTEGER
#define IS_REAL_BYTES IS_INTEGER
#define IS_LANES IS_INTEGER
#define IS_SHAPE IS_INTEGERS
#define IS_PAIR IS_INTEGERS
#define IS_TABLE IS_POINTER
#define IS_BUNDLE IS_POINTER
#define IS_BYTES IS_INTEGER
#define IS_REALS IS_INTEGER
#define IS_FUNCTION IS_POINTER
#define IS_CODE IS_TEXT
#define IS_ROW IS_POINTER

/* The fields of the list as a struct without padding: the place of each is the sum of those before it. */
#define LISTED(type, kind, field) char field[BYTES_##kind(type, field)];
#define BUNDLE_PORT(kind, field) LISTED(gpfc_port, kind, field)
struct listed_gpfc_port {
#include "bundle/bundle_fields.def"
};
#define BUNDLE_IMAGE(kind, field) LISTED(gpfc_cuda_image, kind, field)
struct listed_gpfc_cuda_image {
#include "bundle/bundle_fields.def"
};
#define BUNDLE_CUDA(kind, field) LISTED(gpfc_cuda_kernel, kind, field)
struct listed_gpfc_cuda_kernel {
#include "bundle/bundle_fields.def"
};
#define BUNDLE_KERNEL(kind, field) LISTED(gpfc_kernel, kind, field)
struct listed_gpfc_kernel {
#include "bundle/bundle_fields.def"
};
#define BUNDLE_PARAMETER(kind, field) LISTED(gpfc_parameter, kind, field)
struct listed_gpfc_parameter {
#include "bundle/bundle_fields.def"
};
#define BUNDLE_SETTING(kind, field) LISTED(gpfc_setting, kind, field)
struct listed_gpfc_setting {
#include "bundle/bundle_fields.def"
};
#define BUNDLE_BUNDLE(kind, field) LISTED(gpfc_bundle, kind, field)
struct listed_gpfc_bundle {
#include "bundle/bundle_fields.def"
};

#define COMPLETE(type)                                                                                       \
    _Static_assert(sizeof(struct listed_##type) == sizeof(struct type),                                      \
                   "bundle_fields.def and " #type " differ in length")
COMPLETE(gpfc_port);
COMPLETE(gpfc_cuda_image);
COMPLETE(gpfc_cuda_kernel);
COMPLETE(gpfc_kernel);
COMPLETE(gpfc_parameter);
COMPLETE(gpfc_setting);
COMPLETE(gpfc_bundle);

#define AGREES(type, kind, field)                                                                            \
    _Static_assert(offsetof(struct listed_##type, field) == offsetof(struct type, field),                    \
                   "bundle_fields.def has " #field " of " #type " at another place");                        \
    _Static_assert(IS_##kind(((struct type *)0)->field), #field " of " #type " is no " #kind);
#define BUNDLE_PORT(kind, field) AGREES(gpfc_port, kind, field)
#define BUNDLE_IMAGE(kind, field) AGREES(gpfc_cuda_image, kind, field)
#define BUNDLE_CUDA(kind, field) AGREES(gpfc_cuda_kernel, kind, field)
#define BUNDLE_KERNEL(kind, field) AGREES(gpfc_kernel, kind, field)
#define BUNDLE_PARAMETER(kind, field) AGREES(gpfc_parameter, kind, field)
#define BUNDLE_SETTING(kind, field) AGREES(gpfc_setting, kind, field)
#define BUNDLE_BUNDLE(kind, field) AGREES(gpfc_bundle, kind, field)
#include "bundle/bundle_fields.def"
