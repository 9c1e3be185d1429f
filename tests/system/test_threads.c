/* SPDX-License-Identifier: MIT
 *
 * Compiles in several threads at once: each writes what it would have written by itself, and the umask, which
 * belongs to the whole process, is unchanged. */
#include "check.h"
#include "comma_locale.h"
#include "gpfc.h"
#include "scratch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __SANITIZE_THREAD__
/* LLVM's library is not built with the thread sanitizer, which so does not see all of its locks. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:libLLVM\n";
}
#endif

enum { THREADS = 3, ROUNDS = 40 };

struct job {
    struct gpfc_options options;
    char spec[600], output[600];
    int rounds, failed;
};

static void *compile(void *data)
{
    struct job *job = data;
    for (int i = 0; i < job->rounds; i++) {
        struct gpfc_report report;
        job->failed += gpfc_compile(&job->options, &report) != GPFC_OK;
        gpfc_report_free(&report);
    }
    return NULL;
}

static void write_spec(const char *path, int hidden)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    (void)fprintf(file, "name: flow\ndimension: 2\nflow: {hidden: [%d], steps: 2}\n", hidden);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static void make_job(struct job *job, const struct scratch *scratch, enum gpfc_emit emit, int number,
                     int rounds)
{
    *job = (struct job){.rounds = rounds};
    (void)snprintf(job->spec, sizeof job->spec, "%s/%d.yaml", scratch->folder, number);
    (void)snprintf(job->output, sizeof job->output, "%s/%d.out", scratch->folder, number);
    write_spec(job->spec, 3 + number % 2);
    job->options =
        (struct gpfc_options){.input = job->spec, .output = job->output, .emit = emit, .cpu = "x86-64"};
}

static void run_all(const struct scratch *scratch, struct job *jobs, enum gpfc_emit emit, int rounds)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        make_job(&jobs[i], scratch, emit, i, rounds);
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, compile, &jobs[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
        CU_ASSERT_EQUAL(jobs[i].failed, 0);
    }
}

static long read_file(const char *path, char *to, size_t room)
{
    FILE *file = fopen(path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    long length = (long)fread(to, 1, room, file);
    (void)fclose(file);
    return length;
}

static bool same_bytes(const char *a, const char *b)
{
    enum { ROOM = 1 << 22 };
    char *left = malloc(ROOM), *right = malloc(ROOM);
    CU_ASSERT_FATAL(left != NULL && right != NULL);
    long n = read_file(a, left, ROOM);
    bool same = n > 0 && read_file(b, right, ROOM) == n && memcmp(left, right, (size_t)n) == 0;
    free(left);
    free(right);
    return same;
}

/* As a program may that writes 0,5. */
static void locales_make_no_difference(void)
{
    static const enum gpfc_emit kinds[] = {GPFC_EMIT_IR, GPFC_EMIT_C, GPFC_EMIT_ASM, GPFC_EMIT_HEADER};
    struct scratch scratch;
    struct job plain[CHECK_COUNT(kinds)], other;
    struct gpfc_report report;
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    for (size_t i = 0; i < CHECK_COUNT(kinds); i++) {
        make_job(&plain[i], &scratch, kinds[i], (int)(2 * i), 1);
        (void)compile(&plain[i]);
    }
    if (!comma_locale_enter())
        return;
    for (size_t i = 0; i < CHECK_COUNT(kinds); i++) {
        make_job(&other, &scratch, kinds[i], (int)(2 * i + 10), 1);
        (void)compile(&other);
        CU_ASSERT_TRUE(other.failed == 0 && localeconv()->decimal_point[0] == ',');
        CU_ASSERT_TRUE(same_bytes(plain[i].output, other.output));
    }
    other.options.input = plain[0].output; /* the text of a program, with numbers */
    other.options.from_ir = true;
    other.options.emit = GPFC_EMIT_IR;
    CU_ASSERT_EQUAL(gpfc_compile(&other.options, &report), GPFC_OK);
    gpfc_report_free(&report);
    comma_locale_leave();
    CU_ASSERT_TRUE(same_bytes(plain[0].output, other.output));
    scratch_remove(&scratch);
}

static void objects_are_as_if_made_one_at_a_time(void)
{
    struct scratch scratch;
    struct job jobs[THREADS], alone;
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    run_all(&scratch, jobs, GPFC_EMIT_OBJECT, 1);
    make_job(&alone, &scratch, GPFC_EMIT_OBJECT, 4, 1);
    (void)compile(&alone);
    CU_ASSERT_EQUAL(alone.failed, 0);
    CU_ASSERT_TRUE(same_bytes(jobs[0].output, alone.output));
    CU_ASSERT_TRUE(same_bytes(jobs[2].output, alone.output));
    CU_ASSERT_FALSE(same_bytes(jobs[1].output, alone.output));
    scratch_remove(&scratch);
}

static void the_umask_is_not_changed(void)
{
    struct scratch scratch;
    struct job jobs[THREADS];
    struct stat status;
    mode_t before = umask(027);
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    run_all(&scratch, jobs, GPFC_EMIT_HEADER, ROUNDS);
    CU_ASSERT_EQUAL(umask(before), 027);
    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(stat(jobs[i].output, &status), 0);
        CU_ASSERT_EQUAL(status.st_mode & 0777, 0640);
    }
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"locales make no difference", locales_make_no_difference},
        {"objects are as if made one at a time", objects_are_as_if_made_one_at_a_time},
        {"the umask is not changed", the_umask_is_not_changed},
    };
    return check_main("threads", cases, sizeof cases / sizeof cases[0]);
}
