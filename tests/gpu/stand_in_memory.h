/* SPDX-License-Identifier: MIT
 *
 * Memory that kernels may touch, and for each four bytes of it who wrote and who read. */
#ifndef GPFC_STAND_IN_MEMORY_H
#define GPFC_STAND_IN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When an access was: barriers order all threads of a block, __syncwarp those of a warp. */
struct stamp {
    uint32_t barrier; /* barriers of this block so far, plus 1; 0: never */
    uint32_t warp;    /* of the thread's __syncwarp since then */
};

struct cell {
    struct stamp written, read; /* last ones of the launch and block below */
    uint32_t launch, block;
    uint16_t writer, reader;         /* threads */
    uint8_t write_bytes, read_bytes; /* which of the four, as bits */
    bool has_value;
    bool many_lanes,
        many_warps; /* others than `reader` have read since the last __syncwarp, the last barrier */
};

enum memory_kind { MEMORY_DEVICE, MEMORY_PINNED, MEMORY_MODULE, MEMORY_SHARED };

struct memory {
    char *at;
    size_t bytes;
    enum memory_kind kind;
    struct cell *cells; /* NULL for pinned memory, which only copies touch */
    struct memory *next;
};

/* All bits set, so that every float in it is a NaN. NULL: the device has no room left, or this machine. */
struct memory *memory_new(size_t bytes, enum memory_kind kind);
/* Constants and variables of a module: they have their values, and are freed by nobody. */
struct memory *memory_of_module(char *at, size_t bytes);
/* False: no memory of this kind begins there. */
bool memory_free(const void *at, enum memory_kind kind);
void memory_forget_module(const char *at);

/* The memory that holds this byte, NULL: none. */
struct memory *memory_find(const void *at);
/* Do all the bytes lie within one memory of this kind? */
bool memory_holds(const void *at, size_t bytes, enum memory_kind kind);
/* The bytes have a value now: something was copied to them. */
void memory_filled(const void *at, size_t bytes);
/* What a new block finds in shared memory. */
void memory_poison(struct memory *memory);

size_t memory_device_bytes(void); /* in use */

#endif
