/* SPDX-License-Identifier: MIT
 *
 * What was learnt by tuning: a file of records, one JSON object a line, each with a checksum; those from
 * elsewhere may lack it. A record says for which processor, program and versions it is valid; its key is a
 * hash of these. Files are replaced as a whole, under a lock, so that programs that write at the same time
 * do not overwrite each other's records. Broken records are skipped and counted. */
#ifndef GPFC_WISDOM_H
#define GPFC_WISDOM_H

#include "base/base.h"

enum { WISDOM_KEY = 17 /* hexadecimal digits, and a NUL */ };

struct wisdom_record {
    char key[WISDOM_KEY]; /* filled by wisdom_key and by the readers */
    /* what it holds for: decides the key */
    const char *machine;   /* what the processor calls itself: "AMD EPYC 7B13" */
    const char *target;    /* what is compiled for: "znver3" */
    const char *features;  /* hash of the list of its features */
    const char *program;   /* hash of the training program, before any choice */
    const char *precision; /* "single" */
    const char *fixed;     /* what the spec says of the schedule; "" as a rule */
    const char *toolchain; /* what makes the code: "LLVM 19.1.7" */
    const char *gpfc;
    /* what was found */
    const char *schedule; /* of sched_text */
    const char *name;     /* of the spec, for people */
    const char *part;     /* "flow", "base" */
    const char *effort;   /* "quick", "full" */
    int64_t default_ns,
        tuned_ns; /* of a training step: by the schedule taken without tuning, and by this one */
    int64_t when; /* seconds since 1970 */
};

struct wisdom {
    int n;
    struct wisdom_record *records; /* no two with one key */
    int broken;                    /* lines that were passed over */
    int broken_line;               /* the first of them */
    const char *why;               /* what is wrong with it */
};

/* $GPFC_WISDOM, else gpfc/wisdom in the user's cache; NULL: there is neither. */
const char *wisdom_path(struct arena *arena);

void wisdom_key(struct wisdom_record *record);
/* NULL: none. */
const struct wisdom_record *wisdom_find(const struct wisdom *wisdom, const char *key);

/* ---- text ---------------------------------------------------------------------------------------------- */

/* Any bytes: what is no sound record is counted. Of records with one key the last counts. */
void wisdom_parse(struct arena *arena, const char *text, size_t length, struct wisdom *out);
const char *wisdom_print(struct arena *arena, const struct wisdom *wisdom);

/* ---- files --------------------------------------------------------------------------------------------- */

/* A file that is not there holds no records. is_own: the user's own, which nobody else may have written to.
 * False: *fault. */
bool wisdom_read(struct arena *arena, const char *path, bool is_own, struct wisdom *out,
                 const char **fault) MUST_CHECK;

/* Under the lock of the user's file: `change` gets what it holds, and says whether it changed that; folder
 * and file are made where they are not there. */
bool wisdom_change(struct arena *arena, const char *path,
                   bool (*change)(void *data, struct arena *, struct wisdom *), void *data,
                   const char **fault) MUST_CHECK;

/* Adds records, in place of those with their keys. */
bool wisdom_put(struct arena *arena, const char *path, int n, const struct wisdom_record *records,
                const char **fault) MUST_CHECK;

#endif
