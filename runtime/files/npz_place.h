/* SPDX-License-Identifier: MIT
 *
 * Where the bytes of a member are in a zip file, which libzip does not report. Only for npz.c. */
#ifndef GPFC_NPZ_PLACE_H
#define GPFC_NPZ_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/* Of the member at `index` of the directory, which is stored (not deflated) and has `length` bytes. False:
 * not found. What is found may still be wrong in a file that lies: compare it with what libzip reads. */
bool npz_place(int descriptor, int64_t file_bytes, uint64_t index, const char *name, int64_t length,
               int64_t *offset);

#endif
