/* SPDX-License-Identifier: MIT
 *
 * Streams, events and graphs. Work is done as late as the interface allows: when somebody waits for it. A
 * program that reads a result without waiting, or writes into memory that is still to be copied, so gets
 * wrong numbers here each time, not now and then. */
#ifndef GPFC_STAND_IN_STREAM_H
#define GPFC_STAND_IN_STREAM_H

#include "cuda/cuda_interface.h"

/* A piece of work: `run` gets what `data` points to, which the stand-in owns; it is freed by `release` (NULL:
 * free) after the last run. A copy in a graph runs many times. */
struct work {
    CUresult (*run)(const void *data);
    void *data;
    void (*release)(void *data);
};

/* Takes the work over. With a capture under way, it goes into the graph. */
CUresult stream_add(CUstream stream, struct work work);
/* Does all that every stream has to do. */
CUresult streams_finish(void);

#endif
