/* SPDX-License-Identifier: MIT
 *
 * A trainer's commands as a person or a script meets them, for test programs that are such a trainer
 * themselves: started anew with "--trainer MODEL key=value,... WORDS" they run a bundle written by hand. Its
 * files are in one scratch folder. */
#ifndef GPFC_FAKE_TRAINER_H
#define GPFC_FAKE_TRAINER_H

#include "check.h"
#include "scratch.h"
#include "unit/runtime/kernels/fake_bundle.h"
#include "unit/runtime/model/fake_pairs.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

extern struct scratch scratch;

/* What a test changes of the bundle, in the trainer's process; NULL: nothing. */
extern void (*fake_trainer_change)(struct fake *fake);

/* check_main, or the trainer, or a program that waits for signals ("--interrupted"). */
int fake_trainer_main(int argc, char **argv, const char *suite, const struct check_case *cases, size_t n);

const char *in_folder(const char *name);
/* The folder, with pairs.npz; a training on it, to the folder "run". */
void set_up(void);
void train_a_model(void);

/* ---- running it ---------------------------------------------------------------------------------------- */

struct outcome {
    int code; /* exit code; 1000 + signal */
    char *out, *err;
};

/* settings: "key=value,..."; words: separated by blanks, one that starts with @ is a path in the scratch
 * folder. */
pid_t start(enum fake_model model, const char *settings, const char *words);
struct outcome finish(pid_t child);
struct outcome run(enum fake_model model, const char *settings, const char *words);
void outcome_free(struct outcome *outcome);
/* Exit code, and a part of what was printed on standard error ("" for any). */
void expect(enum fake_model model, const char *settings, const char *words, int code, const char *err);
/* What was printed with --json; of the exit code 0. */
json_t *run_json(enum fake_model model, const char *settings, const char *words);
double number(const json_t *json, const char *key);

/* ---- files --------------------------------------------------------------------------------------------- */

void write_npy(const char *name, int64_t precision, int64_t rows, int64_t columns, const void *values);
float *read_npy(const char *name, int64_t rows, int64_t columns);
/* In this precision, 4 or 8. */
void *read_npy_as(int64_t precision, const char *name, int64_t rows, int64_t columns);
/* x_train, y_train, x_test, y_test in one .npz; compressed by a method of libzip's, or deflated. */
void write_npz_by(int method, const char *name, const struct pairs *pairs);
void write_npz(const char *name, const struct pairs *pairs);
/* Until the file is so long. */
void wait_for_metrics(const char *name, off_t bytes);
void same_files(const char *a_name, const char *b_name);

#endif
