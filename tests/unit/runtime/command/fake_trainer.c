/* SPDX-License-Identifier: MIT */
#include "unit/runtime/command/fake_trainer.h"

#include "files/npy.h"
#include "gpfc/runtime.h"
#include "ground/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <zip.h>

enum { MOST_WORDS = 12 };

struct scratch scratch;
void (*fake_trainer_change)(struct fake *fake);

/* ---- the trainer --------------------------------------------------------------------------------------- */

static int be_a_trainer(int argc, char **argv)
{
    static struct fake fake;
    fake_make(&fake, (enum fake_model)atoi(argv[2]));
    for (char *pair = strtok(argv[3], ","); pair; pair = strtok(NULL, ",")) {
        char *value = strchr(pair, '=');
        *value = '\0';
        if (strcmp(pair, "hash") == 0)
            fake.bundle.spec_hash = atoi(value + 1);
        else if (strcmp(pair, "features") == 0)
            fake.bundle.features = value + 1;
        else if (strcmp(pair, "cpu_name") == 0)
            fake.bundle.cpu_name = value + 1;
        else
            fake_set(&fake, pair, value + 1);
    }
    if (fake_trainer_change)
        fake_trainer_change(&fake);
    char program[] = "./fake";
    argv[3] = program;
    return gpfc_trainer_main(&fake.bundle, argc - 3, argv + 3);
}

/* Waits for signals; reports on standard output when one was noted. */
static int be_interrupted(void)
{
    struct interrupt *interrupt;
    struct fault fault = {0};
    if (!interrupt_watch(&interrupt, &fault) || write(STDOUT_FILENO, "r", 1) != 1)
        return 1;
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int told = 0, i = 0; i < 20000; i++) {
        if (!told && interrupt_noted(interrupt) != 0)
            told = write(STDOUT_FILENO, "n", 1) == 1;
        (void)nanosleep(&moment, NULL);
    }
    return 1;
}

/* ---- running it ---------------------------------------------------------------------------------------- */

const char *in_folder(const char *name)
{
    return scratch_path(&scratch, name);
}

/* "@name", and "--option=@name" */
static char *full_word(const char *word)
{
    const char *const at = strchr(word, '@');
    char room[1024];
    if (!at || (at > word && at[-1] != '='))
        return strdup(word);
    (void)snprintf(room, sizeof room, "%.*s%s", (int)(at - word), word, in_folder(at + 1));
    return strdup(room);
}

static void split_words(const char *words, char *const room, size_t bytes, char *list[MOST_WORDS + 1])
{
    int n = 0;
    (void)snprintf(room, bytes, "%s", words);
    for (char *word = strtok(room, " "); word && n < MOST_WORDS; word = strtok(NULL, " "))
        list[n++] = full_word(word);
    list[n] = NULL;
}

pid_t start(enum fake_model model, const char *settings, const char *words)
{
    char room[1024], number[8], *list[MOST_WORDS + 1], *argv[MOST_WORDS + 5];
    char self[] = "/proc/self/exe", mode[] = "--trainer", *copy = strdup(settings);
    int n = 0;
    (void)snprintf(number, sizeof number, "%d", (int)model);
    split_words(words, room, sizeof room, list);
    argv[n++] = self;
    argv[n++] = mode;
    argv[n++] = number;
    argv[n++] = copy;
    for (int i = 0; (argv[n] = list[i]); i++)
        n++;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int out = open(in_folder("stdout"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
        int err = open(in_folder("stderr"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
            (void)execv(self, argv);
        _exit(99);
    }
    for (int i = 0; list[i]; i++)
        free(list[i]);
    free(copy);
    CU_ASSERT_TRUE_FATAL(child > 0);
    return child;
}

struct outcome finish(pid_t child)
{
    int status = 0;
    CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
    return (struct outcome){.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
                            .out = scratch_read(in_folder("stdout"), NULL),
                            .err = scratch_read(in_folder("stderr"), NULL)};
}

void outcome_free(struct outcome *outcome)
{
    free(outcome->out);
    free(outcome->err);
}

struct outcome run(enum fake_model model, const char *settings, const char *words)
{
    return finish(start(model, settings, words));
}

void expect(enum fake_model model, const char *settings, const char *words, int code, const char *err)
{
    struct outcome outcome = run(model, settings, words);
    if (outcome.code != code || !strstr(outcome.err, err))
        (void)fprintf(stderr, "%s: exit %d instead of %d; %s", words, outcome.code, code, outcome.err);
    CU_ASSERT_EQUAL(outcome.code, code);
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.err, err));
    outcome_free(&outcome);
}

json_t *run_json(enum fake_model model, const char *settings, const char *words)
{
    struct outcome outcome = run(model, settings, words);
    json_t *json = json_loads(outcome.out, 0, NULL);
    if (outcome.code != 0 || !json)
        (void)fprintf(stderr, "%s: exit %d; %s%s", words, outcome.code, outcome.out, outcome.err);
    CU_ASSERT_EQUAL(outcome.code, 0);
    outcome_free(&outcome);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    return json;
}

double number(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    CU_ASSERT_TRUE(json_is_number(value));
    return json_number_value(value);
}

/* ---- files --------------------------------------------------------------------------------------------- */

void write_npy(const char *name, int64_t precision, int64_t rows, int64_t columns, const void *values)
{
    struct npy_writer *writer;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(npy_create(&writer, in_folder(name), precision, rows, columns, &fault));
    CU_ASSERT_TRUE_FATAL(npy_write_rows(writer, values, rows, &fault));
    CU_ASSERT_TRUE_FATAL(npy_writer_commit(writer, &fault));
}

float *read_npy(const char *name, int64_t rows, int64_t columns)
{
    return read_npy_as(sizeof(float), name, rows, columns);
}

void *read_npy_as(int64_t precision, const char *name, int64_t rows, int64_t columns)
{
    struct npy_reader *reader;
    struct fault fault = {0};
    int64_t got = 0;
    void *values = calloc((size_t)(rows * columns), (size_t)precision);
    CU_ASSERT_TRUE_FATAL(values != NULL && npy_open(&reader, in_folder(name), &fault));
    CU_ASSERT_EQUAL(npy_shape(reader).rows, rows);
    CU_ASSERT_EQUAL(npy_shape(reader).columns, columns);
    CU_ASSERT_TRUE(npy_read_rows(reader, precision, rows, values, &got, &fault));
    CU_ASSERT_EQUAL(got, rows);
    npy_close(reader);
    return values;
}

void write_npz_by(int method, const char *name, const struct pairs *pairs)
{
    const char *const names[] = {"x_train", "y_train", "x_test", "y_test"};
    const void *const arrays[] = {pairs->train.x, pairs->train.y, pairs->test.x, pairs->test.y};
    zip_t *zip = zip_open(in_folder(name), ZIP_CREATE | ZIP_TRUNCATE, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(zip);
    for (int i = 0; i < 4; i++) {
        char member[32];
        (void)snprintf(member, sizeof member, "%s.npy", names[i]);
        write_npy(member, pairs->precision, i < 2 ? pairs->train.n : pairs->test.n, pairs->d, arrays[i]);
        zip_source_t *source = zip_source_file(zip, in_folder(member), 0, -1);
        CU_ASSERT_TRUE_FATAL(zip_file_add(zip, member, source, 0) == i);
        CU_ASSERT_EQUAL(zip_set_file_compression(zip, (zip_uint64_t)i, method, 0), 0);
    }
    CU_ASSERT_EQUAL_FATAL(zip_close(zip), 0);
}

void write_npz(const char *name, const struct pairs *pairs)
{
    write_npz_by(ZIP_CM_DEFLATE, name, pairs);
}

void set_up(void)
{
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    struct pairs pairs = fake_pairs(2, 4, 203, 50);
    write_npz("pairs.npz", &pairs);
    fake_pairs_free(&pairs);
}

void train_a_model(void)
{
    expect(FAKE_SINGLE2, "train.rate=0.05", "train --data @pairs.npz --out @run --epochs 20 --quiet", 0, "");
}

void wait_for_metrics(const char *name, off_t bytes)
{
    const struct timespec moment = {.tv_nsec = 2000000};
    struct stat found;
    for (int i = 0; i < 10000 && (stat(in_folder(name), &found) != 0 || found.st_size < bytes); i++)
        (void)nanosleep(&moment, NULL);
    CU_ASSERT_TRUE(stat(in_folder(name), &found) == 0 && found.st_size >= bytes);
}

void same_files(const char *a_name, const char *b_name)
{
    size_t a_bytes, b_bytes;
    char *a = scratch_read(in_folder(a_name), &a_bytes), *b = scratch_read(in_folder(b_name), &b_bytes);
    CU_ASSERT_TRUE(a != NULL && b != NULL && a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0);
    free(a);
    free(b);
}

/* ---- the program --------------------------------------------------------------------------------------- */

int fake_trainer_main(int argc, char **argv, const char *suite, const struct check_case *cases, size_t n)
{
    if (argc > 3 && strcmp(argv[1], "--trainer") == 0)
        return be_a_trainer(argc, argv);
    if (argc > 1 && strcmp(argv[1], "--interrupted") == 0)
        return be_interrupted();
    /* threads that spin slow each other down on a busy machine */
    (void)setenv("OMP_WAIT_POLICY", "passive", 0);
    return check_main(suite, cases, n);
}
