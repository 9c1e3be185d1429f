/* SPDX-License-Identifier: MIT
 *
 * Sums of many parts that are the same to the last bit whichever thread computes which part when: the parts
 * are the leaves of a binary tree, ((0+1)+(2+3))+..., and the thread that finishes the second half of a
 * branch adds the two halves. */
#ifndef GPFC_KERNEL_SUM_H
#define GPFC_KERNEL_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_sum;

/* For up to `leaves`, a power of two, each of so many numbers of precision 4 or 8. NULL: no memory. */
struct kernel_sum *kernel_sum_new(int64_t leaves, int64_t elements, int64_t precision);
void kernel_sum_free(struct kernel_sum *sum); /* NULL is allowed */
size_t kernel_sum_bytes(int64_t leaves, int64_t elements, int64_t precision);

/* The next leaf_done are those of `leaves` leaves, a power of two. */
void kernel_sum_start(struct kernel_sum *sum, int64_t leaves);

/* Leaf's numbers, zeroed, to be added to. One call for each leaf, then one of the next: from any thread. */
void *kernel_sum_leaf(struct kernel_sum *sum, int64_t leaf);
void kernel_sum_leaf_done(struct kernel_sum *sum, int64_t leaf);

/* The sum of all, when all are done. */
const void *kernel_sum_all(const struct kernel_sum *sum);

#endif
