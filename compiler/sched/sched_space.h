/* SPDX-License-Identifier: MIT
 *
 * Schedules as data: which ones are worth trying on a machine, their text form "lanes=16 keep=all ..", and
 * which of them can be compiled. Knows no program: what a schedule costs, for one, is sched_cost.h's. */
#ifndef GPFC_SCHED_SPACE_H
#define GPFC_SCHED_SPACE_H

#include "sched/sched.h"
#include "target/machine.h"

enum { SCHED_MOST = 512 /* schedules of the widest extent */ };

enum sched_extent {
    SCHED_FEW,   /* what every compile compares by the cost model */
    SCHED_QUICK, /* what is worth measuring in a minute */
    SCHED_FULL,  /* every choice that was ever seen to win */
};

/* Schedules worth trying for elements of so many bytes, all different and legal, the likeliest first; at most
 * `room` are stored. The first is sched_first's. Gives how many. */
int sched_space(const struct machine *machine, enum real real, enum sched_extent extent, struct schedule *out,
                int room);

/* What is tried first: sched_choose's, with as large partial sums as the second cache has room for beside
 * what is kept. */
struct schedule sched_first(const struct machine *machine, enum real real);

/* A set of fields, as bits by their order in sched_text. */
typedef unsigned sched_fields;

/* "lanes=16 keep=all layout=columns vector=8 ..", every field, in the order of sched_fields.def and then of
 * the backend's. */
void sched_text(const struct schedule *schedule, struct strbuf *out);

/* What each field means, as comments in YAML. */
void sched_help(struct strbuf *out);

/* Reads fields in any order, separated by blanks or commas; those left out stay as they are, *given (may be
 * NULL) are those that were not. False: *fault, an arena text, says what is wrong with the text, and
 * *schedule is unchanged. */
bool sched_parse(struct arena *arena, const char *text, struct schedule *schedule, sched_fields *given,
                 const char **fault) MUST_CHECK;

/* Can it be compiled for the machine? False: *fault, an arena text, says why not. */
bool sched_check(struct arena *arena, const struct schedule *schedule, const struct machine *machine,
                 enum real real, const char **fault) MUST_CHECK;

bool sched_equal(const struct schedule *a, const struct schedule *b);

/* Lets `fixed` decide the fields `given`; what of the rest no longer goes with them follows: the lanes go
 * with a vector, the accumulators with the registers. */
void sched_fix(struct schedule *schedule, const struct schedule *fixed, sched_fields given);

/* The bit of a field by its name; 0: there is none of that name. */
sched_fields sched_field_bit(const char *name);

#endif
