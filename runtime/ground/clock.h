/* SPDX-License-Identifier: MIT
 *
 * Clocks, in seconds. */
#ifndef GPFC_CLOCK_H
#define GPFC_CLOCK_H

/* On a clock that never goes backwards. */
double clock_now(void);
/* Of processor time, summed over all threads since the process started. */
double clock_cpu(void);

#endif
