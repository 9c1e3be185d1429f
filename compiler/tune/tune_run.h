/* SPDX-License-Identifier: MIT
 *
 * A kernel with memory to run in, one tile at a time, in this thread. */
#ifndef GPFC_TUNE_RUN_H
#define GPFC_TUNE_RUN_H

#include "base/base.h"
#include "gpfc/kernel_abi.h"

struct tune_run {
    const struct gpfc_kernel *kernel;
    int lanes;
    enum real real;
    void **in, **out; /* by port: of one tile, or of a uniform value */
    void *uniform, *scratch, *sums;
};

/* Memory is filled with NaNs, so that what is read before it was written shows. It ends with the arena. */
struct tune_run *tune_run_new(struct arena *arena, const struct gpfc_kernel *kernel, int lanes,
                              enum real real);
void tune_run_begin(const struct tune_run *run); /* before(), and sums that are 0 */
void tune_run_tile(const struct tune_run *run);
void tune_run_tile_in(const struct tune_run *run, void *scratch, void *sums); /* instead of the run's own */
void tune_run_end(const struct tune_run *run); /* after(): total outputs are there */

bool tune_port_varies(const struct gpfc_port *port);
void tune_put(const struct tune_run *run, void *array, long i, double value);
double tune_get(const struct tune_run *run, const void *array, long i);

#endif
