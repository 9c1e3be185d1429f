/* SPDX-License-Identifier: MIT
 *
 * The compiler as a library: the stages as one call. No global state: two calls may run in two threads.
 * Prints nothing and does not end the process; messages are returned as text.
 *
 * But where LLVM finds no memory, it prints a line on standard error and calls abort(): LLVM has no other way
 * out. A program that must go on then compiles in a child process; gpfc itself catches SIGABRT to end with
 * status 1. Everywhere else a lack of memory is GPFC_FAILED.
 *
 * Names used throughout: d latent dimension, H hidden width, K time steps, B batch, P parameters; x t u v w y
 * z theta as in the paper. */
#ifndef GPFC_H
#define GPFC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gpfc_status {
    GPFC_OK = 0,
    GPFC_FAILED = 1, /* the system: unreadable, unwritable, no space, no memory, linker */
    GPFC_FAULTY = 2, /* the user's text or options */
};

enum gpfc_emit {
    GPFC_EMIT_IR,         /* text of the kernels' programs after all passes */
    GPFC_EMIT_C,          /* C11 source with the bundle, for any C compiler */
    GPFC_EMIT_CUDA,       /* CUDA C++ of the kernels, for NVRTC and nvcc */
    GPFC_EMIT_LLVM,       /* LLVM's text */
    GPFC_EMIT_ASM,        /* assembly */
    GPFC_EMIT_OBJECT,     /* object file with the bundle (kernel_abi.h) */
    GPFC_EMIT_HEADER,     /* C header of the library */
    GPFC_EMIT_LIBRARY,    /* NAME.h, NAME.so and NAME.a which need only libm */
    GPFC_EMIT_EXECUTABLE, /* the trainer */
};

enum gpfc_tune { GPFC_TUNE_NONE, GPFC_TUNE_QUICK, GPFC_TUNE_FULL };

struct gpfc_tuning {  /* how far it is */
    const char *part; /* "flow", "base" */
    int done, total;  /* candidates */
    int wrong;        /* of them */
    bool finished;
    double ratio; /* time of the best so far over the untuned one's */
    double seconds_left;
};

struct gpfc_options {
    const char *input;  /* path of a spec, or of IR text with from_ir; "-": standard input */
    const char *output; /* path; NULL: made from the spec's name */
    enum gpfc_emit emit;
    bool from_ir;
    const char *cpu;  /* NULL: as the spec says */
    const char *dump; /* "flow,diff,hoist,..": stages whose text goes to dumped; NULL: none; "all" */
    bool dump_alone;  /* nothing is written, linked or compiled further than the dumps need */
    /* Called for each dump. While a compile runs, the locale of its thread is "C". */
    void (*dumped)(void *data, const char *stage, const char *text);
    void *data;
    const char *data_folder; /* what the spec's relative paths of data are relative to; NULL: the spec's
                                folder, or, for standard input, the working directory */
    enum gpfc_tune tune;
    double tune_seconds; /* in all; 0: by `tune` */
    bool no_wisdom;      /* neither read nor kept */
    /* called now and then while tuning; NULL: never */
    void (*tuning)(void *data, const struct gpfc_tuning *now);
    const char *program;     /* absolute path of gpfc itself, for trainers to call; NULL: unknown */
    const char *clocked;     /* a kernel ("train", "base_train") that counts the time of its nests, for
                            profiles by a program that holds the object file; NULL: none */
    const char *runtime_dir; /* where libgpfcrt.a and its headers lie; NULL: as installed, or the build
                                tree */
};

enum gpfc_source { GPFC_BY_CHOICE, GPFC_FROM_WISDOM, GPFC_BY_TUNING };

struct gpfc_choice { /* of a schedule */
    char *schedule;  /* "lanes=16 vector=8 .."; NULL or "" where none was chosen */
    enum gpfc_source source;
    double default_seconds, seconds; /* of a training step, as measured: untuned, and by this schedule; 0
                                        where not */
    double crowded;                  /* time on all threads over the untuned one's; 0 where not measured */
    int candidates, timed, wrong, broken;
    char *table; /* of candidates, after tuning; a line each */
};

struct gpfc_family {   /* what is compiled: the flow, and its base flow where that is compiled too */
    const char *name;  /* "flow", "base" */
    char *description; /* "gaussian, folded, 2 -> 15 15 -> 1, tanh, rk4 x 15" */
    int64_t parameters;
    struct gpfc_choice choice;
};

enum { GPFC_FAMILIES = 2 };

/* All texts belong to the report until gpfc_report_free; what a compile did not come to is NULL or 0. */
struct gpfc_report {
    char *messages;  /* faults and warnings, ready to print; "" if none; NULL: out of memory */
    char *output;    /* the file written */
    char *functions; /* of a library: "moons_apply, moons_invert, .." */
    int n_families;
    struct gpfc_family family[GPFC_FAMILIES];
    int64_t nodes_before, nodes_after; /* of the training program, before and after the passes */
    double flop_before, flop_after;    /* a sample, of the training program */
    char *cpu;
    int vector_bits, lanes;
    double seconds;
    int64_t output_bytes;
};

/* Reads the input and writes the output file, or hands over dumps. The report is always filled as far as the
 * compile came; free it with gpfc_report_free, whatever is returned. Thread-safe. */
enum gpfc_status gpfc_compile(const struct gpfc_options *options, struct gpfc_report *report);
void gpfc_report_free(struct gpfc_report *report);

/* Names of the stages that --dump takes, comma-separated, for --help. */
const char *gpfc_stages(void);
const char *gpfc_version(void);

#endif
