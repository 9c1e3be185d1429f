/* SPDX-License-Identifier: MIT
 *
 * What the system reports about time and processors. */
#ifndef GPFC_BASE_CLOCK_H
#define GPFC_BASE_CLOCK_H

double wall_seconds(void); /* since some moment; only goes forward */
int processor_count(void); /* on which this process may run */

#endif
