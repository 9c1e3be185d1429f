/* SPDX-License-Identifier: MIT
 *
 * Looks at every access of a kernel to memory: kernels are compiled with -fsanitize=thread, whose calls end
 * here. A fault is printed once for each place in the text; a process in which there was one ends with status
 * 66. */
#ifndef GPFC_STAND_IN_CHECK_H
#define GPFC_STAND_IN_CHECK_H

/* A fault of threads that wait, at a line of the kernels' text. */
void check_wait(const char *what, int line, unsigned thread, unsigned other);

#endif
