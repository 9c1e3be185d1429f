/* SPDX-License-Identifier: MIT
 *
 * A trainer's commands as a person or a script meets them: what they print, leave and return. The trainer is
 * this program, started anew with "--trainer MODEL key=value,... WORDS" and a bundle written by hand. */
#include "check.h"
#include "fake_bundle.h"
#include "fake_pairs.h"
#include "gpfc/runtime.h"
#include "interrupt.h"
#include "npz.h"
#include "scratch.h"

#include <ctype.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <zip.h>

enum { MOST_WORDS = 12 };

static struct scratch scratch;

/* ---- the trainer -------------------------------------------------------------------------------------- */

static int be_a_trainer(int argc, char **argv)
{
    static struct fake fake;
    fake_make(&fake, (enum fake_model)atoi(argv[2]));
    for (char *pair = strtok(argv[3], ","); pair != NULL; pair = strtok(NULL, ",")) {
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
    char program[] = "./fake";
    argv[3] = program;
    return gpfc_trainer_main(&fake.bundle, argc - 3, argv + 3);
}

/* Waits for signals; tells on standard output when one was noted. */
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

/* ---- running it --------------------------------------------------------------------------------------- */

struct outcome {
    int code; /* exit code; 1000 + signal */
    char *out, *err;
};

static const char *in_folder(const char *name)
{
    return scratch_path(&scratch, name);
}

/* Words are separated by blanks; one that starts with @ is a path in the scratch folder. */
static void split_words(const char *words, char *const room, size_t bytes, char *list[MOST_WORDS + 1])
{
    int n = 0;
    (void)snprintf(room, bytes, "%s", words);
    for (char *word = strtok(room, " "); word != NULL && n < MOST_WORDS; word = strtok(NULL, " "))
        list[n++] = word[0] == '@' ? strdup(in_folder(word + 1)) : strdup(word);
    list[n] = NULL;
}

static pid_t start(enum fake_model model, const char *settings, const char *words)
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
    for (int i = 0; (argv[n] = list[i]) != NULL; i++)
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
    for (int i = 0; list[i] != NULL; i++)
        free(list[i]);
    free(copy);
    CU_ASSERT_TRUE_FATAL(child > 0);
    return child;
}

static struct outcome finish(pid_t child)
{
    int status = 0;
    CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
    return (struct outcome){.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
                            .out = scratch_read(in_folder("stdout"), NULL),
                            .err = scratch_read(in_folder("stderr"), NULL)};
}

static void outcome_free(struct outcome *outcome)
{
    free(outcome->out);
    free(outcome->err);
}

static struct outcome run(enum fake_model model, const char *settings, const char *words)
{
    return finish(start(model, settings, words));
}

/* Exit code, and a part of what was printed on standard error ("" for any). */
static void expect(enum fake_model model, const char *settings, const char *words, int code, const char *err)
{
    struct outcome outcome = run(model, settings, words);
    if (outcome.code != code || strstr(outcome.err, err) == NULL)
        (void)fprintf(stderr, "%s: exit %d instead of %d; %s", words, outcome.code, code, outcome.err);
    CU_ASSERT_EQUAL(outcome.code, code);
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.err, err));
    outcome_free(&outcome);
}

static json_t *run_json(enum fake_model model, const char *settings, const char *words)
{
    struct outcome outcome = run(model, settings, words);
    json_t *json = json_loads(outcome.out, 0, NULL);
    if (outcome.code != 0 || json == NULL)
        (void)fprintf(stderr, "%s: exit %d; %s%s", words, outcome.code, outcome.out, outcome.err);
    CU_ASSERT_EQUAL(outcome.code, 0);
    outcome_free(&outcome);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    return json;
}

static double number(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    CU_ASSERT_TRUE(json_is_number(value));
    return json_number_value(value);
}

/* ---- files -------------------------------------------------------------------------------------------- */

static void write_npy(const char *name, int precision, int64_t rows, int64_t columns, const void *values)
{
    struct npy_writer *writer;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(npy_create(&writer, in_folder(name), precision, rows, columns, &fault));
    CU_ASSERT_TRUE_FATAL(npy_write_rows(writer, values, rows, &fault));
    CU_ASSERT_TRUE_FATAL(npy_writer_commit(writer, &fault));
}

static float *read_npy(const char *name, int64_t rows, int64_t columns)
{
    struct npy_reader *reader;
    struct fault fault = {0};
    int64_t got = 0;
    float *values = calloc((size_t)(rows * columns), sizeof *values);
    CU_ASSERT_TRUE_FATAL(values != NULL && npy_open(&reader, in_folder(name), &fault));
    CU_ASSERT_EQUAL(npy_shape(reader).rows, rows);
    CU_ASSERT_EQUAL(npy_shape(reader).columns, columns);
    CU_ASSERT_TRUE(npy_read_rows(reader, 4, rows, values, &got, &fault));
    CU_ASSERT_EQUAL(got, rows);
    npy_close(reader);
    return values;
}

/* x_train, y_train, x_test, y_test in one .npz. */
static void write_npz_by(int method, const char *name, const struct pairs *pairs)
{
    const char *const names[] = {"x_train", "y_train", "x_test", "y_test"};
    const void *const arrays[] = {pairs->x_train, pairs->y_train, pairs->x_test, pairs->y_test};
    zip_t *zip = zip_open(in_folder(name), ZIP_CREATE | ZIP_TRUNCATE, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(zip);
    for (int i = 0; i < 4; i++) {
        char member[32];
        (void)snprintf(member, sizeof member, "%s.npy", names[i]);
        write_npy(member, pairs->precision, i < 2 ? pairs->n_train : pairs->n_test, pairs->d, arrays[i]);
        zip_source_t *source = zip_source_file(zip, in_folder(member), 0, -1);
        CU_ASSERT_TRUE_FATAL(zip_file_add(zip, member, source, 0) == i);
        CU_ASSERT_EQUAL(zip_set_file_compression(zip, (zip_uint64_t)i, method, 0), 0);
    }
    CU_ASSERT_EQUAL_FATAL(zip_close(zip), 0);
}

static void write_npz(const char *name, const struct pairs *pairs)
{
    write_npz_by(ZIP_CM_DEFLATE, name, pairs);
}

static void set_up(void)
{
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    struct pairs pairs = fake_pairs(2, 4, 203, 50);
    write_npz("pairs.npz", &pairs);
    fake_pairs_free(&pairs);
}

static void train_a_model(void)
{
    expect(FAKE_SINGLE2, "train.rate=0.05", "train --data @pairs.npz --out @run --epochs 20 --quiet", 0, "");
}

/* ---- help and words ----------------------------------------------------------------------------------- */

static void fits_a_screen(const char *text)
{
    int lines = 0, columns = 0;
    for (const char *at = text; *at != '\0'; at++) {
        columns = *at == '\n' ? 0 : columns + 1;
        lines += *at == '\n';
        CU_ASSERT_TRUE(columns <= 80);
    }
    CU_ASSERT_TRUE(lines > 2 && lines <= 24);
}

static void help_fits_the_screen(void)
{
    static const char *const words[] = {"--help",        "train --help",    "resume --help", "apply --help",
                                        "invert --help", "evaluate --help", "bench --help",  "info --help"};
    set_up();
    for (size_t i = 0; i < CHECK_COUNT(words); i++) {
        struct outcome outcome = run(FAKE_SINGLE2, "", words[i]);
        CU_ASSERT_EQUAL(outcome.code, 0);
        CU_ASSERT_STRING_EQUAL(outcome.err, "");
        CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "Usage: "));
        fits_a_screen(outcome.out);
        outcome_free(&outcome);
    }
    scratch_remove(&scratch);
}

static void wrong_words_are_told(void)
{
    set_up();
    expect(FAKE_SINGLE2, "", "", 2, "Usage: ./fake COMMAND");
    expect(FAKE_SINGLE2, "", "fly", 2, "no command 'fly'");
    expect(FAKE_SINGLE2, "", "train --epochs 0", 2,
           "--epochs takes a whole number from 1 to 100000000, not '0'");
    expect(FAKE_SINGLE2, "", "train --threads many", 2, "not 'many'");
    expect(FAKE_SINGLE2, "", "train --seed 1.5", 2, "not '1.5'");
    expect(FAKE_SINGLE2, "", "bench --seconds nan", 2, "not 'nan'");
    expect(FAKE_SINGLE2, "", "train --wings 2", 2, "--wings");
    expect(FAKE_SINGLE2, "", "train here", 2, "'here' is one argument too many");
    expect(FAKE_SINGLE2, "", "apply m", 2, "apply MODEL IN.npy OUT.npy");
    expect(FAKE_SINGLE2, "", "resume", 2, "resume DIR");
    scratch_remove(&scratch);
}

static void processor_is_checked_first(void)
{
    set_up();
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx512vbmi"))
        expect(FAKE_SINGLE2, "features=+avx512vbmi", "info", 1, "this processor lacks avx512vbmi");
#endif
    expect(FAKE_SINGLE2, "features=+sse3", "info", 0, "");
    scratch_remove(&scratch);
}

/* Kernels for another model of processor may be slow, but they run. */
static void another_processor_is_told(void)
{
    set_up();
    struct outcome outcome = run(FAKE_SINGLE2, "cpu_name=abacus", "info");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "compiled for abacus, this machine is another"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "`./fake tune' compiles it anew"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "schedule  chosen, lanes=8"));
    outcome_free(&outcome);
    json_t *json = run_json(FAKE_SINGLE2, "cpu_name=abacus", "info --json");
    CU_ASSERT_TRUE(json_is_true(json_object_get(json, "other_cpu")));
    CU_ASSERT_TRUE(json_is_false(json_object_get(json, "tuned")));
    json_decref(json);
    scratch_remove(&scratch);
}

/* What can be told before gpfc is called. */
static void tuning_is_refused(void)
{
    set_up();
    expect(FAKE_SINGLE2, "", "tune --tune none", 2, "--tune takes quick or full, not 'none'");
    expect(FAKE_SINGLE2, "", "tune --tune-time 0", 2,
           "--tune-time takes a number from 0.1 to 86400, not '0'");
    expect(FAKE_SINGLE2, "", "tune now", 2, "'now' is one argument too many");
    scratch_remove(&scratch);
}

/* ---- training ----------------------------------------------------------------------------------------- */

static void train_leaves_a_folder(void)
{
    set_up();
    json_t *json =
        run_json(FAKE_SINGLE2, "train.rate=0.05", "train --data @pairs.npz --out @run --epochs 20 --json");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "status")), "finished");
    CU_ASSERT_EQUAL(number(json, "samples_train"), 203);
    CU_ASSERT_EQUAL(number(json, "samples_test"), 50);
    CU_ASSERT_EQUAL(number(json, "epochs"), 20);
    const json_t *evaluation = json_object_get(json, "evaluation");
    CU_ASSERT_TRUE(number(evaluation, "cost_after") < 0.1 * number(evaluation, "cost_before"));
    CU_ASSERT_TRUE(scratch_there(in_folder("run/model.safetensors")));
    CU_ASSERT_TRUE(scratch_there(in_folder("run/checkpoint.safetensors")));
    CU_ASSERT_TRUE(scratch_there(in_folder("run/metrics.jsonl")));
    json_decref(json);
    scratch_remove(&scratch);
}

static void train_tells_a_person(void)
{
    set_up();
    struct outcome outcome =
        run(FAKE_SINGLE2, "", "train --data @pairs.npz --out @run --epochs 30 --threads 1");
    static const char *const parts[] = {"fake\n",
                                        "203 pairs to train on, 50 to test",
                                        "30 epochs of 1 steps",
                                        "1 thread",
                                        "transport cost",
                                        "before",
                                        "after",
                                        "round trip",
                                        "model: ",
                                        "./fake evaluate ",
                                        "./fake apply "};
    CU_ASSERT_EQUAL(outcome.code, 0);
    for (size_t i = 0; i < CHECK_COUNT(parts); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, parts[i]));
    outcome_free(&outcome);
    outcome = run(FAKE_SINGLE2, "", "train --data @pairs.npz --out @run --epochs 3 --quiet");
    CU_ASSERT_STRING_EQUAL(outcome.out, "");
    CU_ASSERT_STRING_EQUAL(outcome.err, "");
    CU_ASSERT_TRUE(scratch_there(in_folder("run/model.safetensors.old")));
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

static void train_starts_from_given_weights(void)
{
    set_up();
    train_a_model();
    json_t *first = run_json(FAKE_SINGLE2, "", "evaluate @run/model.safetensors --data @pairs.npz --json");
    json_t *second =
        run_json(FAKE_SINGLE2, "train.rate=0",
                 "train --data @pairs.npz --init @run/model.safetensors --out @again --epochs 1 --json");
    CU_ASSERT_DOUBLE_EQUAL(number(second, "best_cost"), number(first, "cost_after"), 1e-7);
    json_decref(first);
    json_decref(second);
    expect(FAKE_DOUBLE2, "", "train --data @pairs.npz --init @run/model.safetensors --out @again", 2,
           "another spec");
    scratch_remove(&scratch);
}

static void bad_data_are_told(void)
{
    set_up();
    CU_ASSERT_TRUE(scratch_write(in_folder("text.npz"), "no zip", 6));
    expect(FAKE_SINGLE2, "", "train --out @run", 2, "give --data");
    expect(FAKE_SINGLE2, "", "train --data @none.npz --out @run", 2, "none.npz");
    expect(FAKE_SINGLE2, "", "train --data @text.npz --out @run", 2, "text.npz");
    expect(FAKE_DOUBLE3, "", "train --data @pairs.npz --out @run", 2, "pairs.npz");
    CU_ASSERT_FALSE(scratch_there(in_folder("run")));
    expect(FAKE_SINGLE2, "", "train --data @pairs.npz --out @pairs.npz/run", 1, "cannot make the folder");
    expect(FAKE_SINGLE2, "", "train --data @pairs.npz --out @pairs.npz", 1, "cannot make the folder");
    CU_ASSERT_EQUAL_FATAL(mkdir(in_folder("full"), 0777), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("/dev/full", in_folder("full/checkpoint.safetensors")), 0);
    if (scratch_there("/dev/full"))
        expect(FAKE_SINGLE2, "", "train --data @pairs.npz --out @full", 1, "No space left on device");
    scratch_remove(&scratch);
}

static void unwritable_folder_is_told(void)
{
    set_up();
    CU_ASSERT_EQUAL_FATAL(mkdir(in_folder("locked"), 0555), 0);
    if (access(in_folder("locked"), W_OK) != 0) /* root may write everywhere */
        expect(FAKE_SINGLE2, "", "train --data @pairs.npz --out @locked", 1, "Permission denied");
    expect(FAKE_SINGLE2, "", "train --data @pairs.npz --out /proc/gpfc", 1, "cannot make the folder");
    scratch_remove(&scratch);
}

static void divergence_ends_the_training(void)
{
    set_up();
    struct pairs pairs = fake_pairs(2, 4, 40, 10);
    for (int i = 0; i < 80; i++)
        ((float *)pairs.y_train)[i] = 1e30F;
    write_npz("wild.npz", &pairs);
    fake_pairs_free(&pairs);
    expect(FAKE_SINGLE2, "", "train --data @wild.npz --out @run", 1,
           "step 1: the gradient of flow.layer0.weight is");
    CU_ASSERT_TRUE(scratch_there(in_folder("run/checkpoint.safetensors")));
    CU_ASSERT_FALSE(scratch_there(in_folder("run/checkpoint.safetensors.part")));
    scratch_remove(&scratch);
}

/* ---- signals ------------------------------------------------------------------------------------------ */

#define LONG_TRAINING "train.batch=10,train.checkpoint_steps=30,train.rate=0.01,train.evaluate_steps=5"

/* Until the metrics file has some lines. */
static void wait_for_metrics(const char *name, off_t bytes)
{
    const struct timespec moment = {.tv_nsec = 2000000};
    struct stat found;
    for (int i = 0; i < 10000 && (stat(in_folder(name), &found) != 0 || found.st_size < bytes); i++)
        (void)nanosleep(&moment, NULL);
    CU_ASSERT_TRUE(stat(in_folder(name), &found) == 0 && found.st_size >= bytes);
}

static void same_files(const char *a_name, const char *b_name)
{
    size_t a_bytes, b_bytes;
    char *a = scratch_read(in_folder(a_name), &a_bytes), *b = scratch_read(in_folder(b_name), &b_bytes);
    CU_ASSERT_TRUE(a != NULL && b != NULL && a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0);
    free(a);
    free(b);
}

static void stop_and_resume(const char *folder, int signal_number, int code, const char *threads)
{
    char words[256], metrics[64], model[64];
    (void)snprintf(words, sizeof words, "train --data @pairs.npz --out @%s --epochs 40 --threads 1", folder);
    (void)snprintf(metrics, sizeof metrics, "%s/metrics.jsonl", folder);
    (void)snprintf(model, sizeof model, "%s/model.safetensors", folder);
    (void)setenv(FAKE_SLOW, "1", 1);
    pid_t child = start(FAKE_SINGLE2, LONG_TRAINING, words);
    (void)unsetenv(FAKE_SLOW);
    wait_for_metrics(metrics, 5000);
    CU_ASSERT_EQUAL(kill(child, signal_number), 0);
    struct outcome outcome = finish(child);
    CU_ASSERT_EQUAL(outcome.code, code);
    if (code < 1000)
        CU_ASSERT_PTR_NOT_NULL(strstr(outcome.err, "./fake resume "));
    outcome_free(&outcome);
    (void)snprintf(words, sizeof words, "resume @%s --quiet --threads %s", folder, threads);
    expect(FAKE_SINGLE2, LONG_TRAINING, words, 0, "");
    same_files("whole/model.safetensors", model);
}

static void interrupted_trainings_go_on(void)
{
    set_up();
    expect(FAKE_SINGLE2, LONG_TRAINING, "train --data @pairs.npz --out @whole --epochs 40 --quiet", 0, "");
    stop_and_resume("int", SIGINT, 130, "2");
    stop_and_resume("term", SIGTERM, 143, "1");
    stop_and_resume("kill", SIGKILL, 1000 + SIGKILL, "3");
    expect(FAKE_SINGLE2, LONG_TRAINING, "resume @kill", 0, ""); /* finished: the table again */
    scratch_remove(&scratch);
}

static void resuming_is_checked(void)
{
    set_up();
    train_a_model();
    expect(FAKE_SINGLE2, "", "resume @nothing", 2, "nothing/checkpoint.safetensors");
    expect(FAKE_SINGLE2, "hash=7", "resume @run", 2, "another spec");
    struct pairs pairs = fake_pairs(2, 4, 202, 50);
    write_npz("pairs.npz", &pairs);
    fake_pairs_free(&pairs);
    expect(FAKE_SINGLE2, "", "resume @run", 2, "no longer holds the data");
    scratch_remove(&scratch);
}

static void second_signal_ends_at_once(void)
{
    int tube[2], status = 0;
    char said = 0, self[] = "/proc/self/exe", mode[] = "--interrupted", *argv[] = {self, mode, NULL};
    CU_ASSERT_EQUAL_FATAL(pipe(tube), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (dup2(tube[1], STDOUT_FILENO) >= 0)
            (void)execv(self, argv);
        _exit(99);
    }
    (void)close(tube[1]); /* so that a child that is gone is the end of what it says */
    CU_ASSERT_TRUE_FATAL(child > 0 && read(tube[0], &said, 1) == 1 && said == 'r');
    (void)kill(child, SIGINT);
    CU_ASSERT_TRUE(read(tube[0], &said, 1) == 1 && said == 'n');
    (void)kill(child, SIGINT);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    (void)close(tube[0]);
}

/* ---- the other commands ------------------------------------------------------------------------------- */

static void apply_and_invert_are_inverses(void)
{
    enum { N = 1000 };
    static double y[2 * N];
    set_up();
    train_a_model();
    random_fill_normal(1, 1, 0, 2 * N, 8, y);
    write_npy("y.npy", 8, N, 2, y); /* float64 in, the model's float32 out */
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @y.npy @s.npy", 0, "");
    expect(FAKE_SINGLE2, "", "invert @run/checkpoint.safetensors @s.npy @back.npy", 0, "");
    float *s = read_npy("s.npy", N, 2), *back = read_npy("back.npy", N, 2);
    double moved = 0;
    for (int i = 0; i < 2 * N; i++) {
        CU_ASSERT_DOUBLE_EQUAL((double)back[i], y[i], 1e-4);
        moved = fmax(moved, fabs((double)s[i] - y[i]));
    }
    CU_ASSERT_TRUE(moved > 0.1);
    free(s);
    free(back);
    scratch_remove(&scratch);
}

static void apply_tells_what_does_not_fit(void)
{
    static const double rows[6] = {1, 2, 3, 4, 5, NAN};
    set_up();
    train_a_model();
    write_npy("three.npy", 8, 2, 3, rows);
    write_npy("nan.npy", 8, 3, 2, rows);
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @three.npy @out.npy", 2, "three.npy");
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @nan.npy @out.npy", 2, "nan.npy");
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @none.npy @out.npy", 2, "none.npy");
    expect(FAKE_SINGLE2, "", "apply @none.safetensors @y.npy @out.npy", 2, "none.safetensors");
    expect(FAKE_SINGLE2, "hash=5", "apply @run/model.safetensors @y.npy @out.npy", 2, "another spec");
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @nan.npy @out.npy --from data", 2, "no");
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @nan.npy @out.npy --from moon", 2, "not 'moon'");
    write_npy("nan.npy", 8, 2, 2, rows);
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @nan.npy @no/folder/out.npy", 1, "No such file");
    if (scratch_there("/dev/full"))
        expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @nan.npy /dev/full", 1, "No space left");
    CU_ASSERT_FALSE(scratch_there(in_folder("out.npy")));
    CU_ASSERT_FALSE(scratch_there(in_folder("out.npy.part")));
    scratch_remove(&scratch);
}

static void evaluate_has_its_keys(void)
{
    static const char *const keys[] = {"cost_before",   "cost_after",         "energy",
                                       "penalty",       "density_error_mean", "density_error_max",
                                       "roundtrip_max", "mean_max",           "covariance_error_max",
                                       "samples"};
    set_up();
    train_a_model();
    json_t *json =
        run_json(FAKE_SINGLE2, "", "evaluate @run/model.safetensors --data @pairs.npz --json --threads 2");
    for (size_t i = 0; i < CHECK_COUNT(keys); i++)
        CU_ASSERT_TRUE(json_is_number(json_object_get(json, keys[i])));
    CU_ASSERT_EQUAL(number(json, "samples"), 50);
    CU_ASSERT_PTR_NULL(json_object_get(json, "nll_before"));
    json_decref(json);
    struct outcome outcome = run(FAKE_SINGLE2, "", "evaluate @run/model.safetensors --data @pairs.npz");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "transport cost"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "on 50 samples"));
    outcome_free(&outcome);
    expect(FAKE_SINGLE2, "", "evaluate @run/model.safetensors", 2, "--data");
    scratch_remove(&scratch);
}

/* Neither where threads run, nor whether the pairs stay in their file or, deflated, were read. */
static void places_decide_nothing(void)
{
    static const char *const pins[] = {"0", "1", ""};
    set_up();
    (void)unsetenv("GPFC_PIN");
    expect(FAKE_SINGLE2, "", "train --data @pairs.npz --out @whole --quiet --threads 1", 0, "");
    for (size_t i = 0; i < CHECK_COUNT(pins); i++) {
        char words[200], model[60];
        (void)setenv("GPFC_PIN", pins[i], 1);
        (void)snprintf(words, sizeof words, "train --data @pairs.npz --out @p%s --quiet --threads 2",
                       pins[i]);
        (void)snprintf(model, sizeof model, "p%s/model.safetensors", pins[i]);
        expect(FAKE_SINGLE2, "", words, 0, "");
        same_files("whole/model.safetensors", model);
    }
    (void)unsetenv("GPFC_PIN");
    struct pairs pairs = fake_pairs(2, 4, 203, 50);
    write_npz_by(ZIP_CM_STORE, "stored.npz", &pairs);
    fake_pairs_free(&pairs);
    expect(FAKE_SINGLE2, "", "train --data @stored.npz --out @stored --quiet --threads 3", 0, "");
    same_files("whole/model.safetensors", "stored/model.safetensors");
    scratch_remove(&scratch);
}

static void bench_has_its_keys(void)
{
    static const char *const keys[] = {"step_s",     "samples_per_s", "flop_per_step", "peak_flops",
                                       "peak_share", "rss_mb",        "threads",       "batch",
                                       "step_s_min", "step_s_max",    "steps",         "rss_anonymous_mb"};
    set_up();
    json_t *json = run_json(FAKE_DOUBLE3, "", "bench --json --seconds 0.05 --threads 2 --batch 100");
    CU_ASSERT_TRUE(json_is_boolean(json_object_get(json, "pinned")));
    CU_ASSERT_TRUE(number(json, "rss_anonymous_mb") < number(json, "rss_mb"));
    for (size_t i = 0; i < CHECK_COUNT(keys); i++)
        CU_ASSERT_TRUE(number(json, keys[i]) > 0);
    CU_ASSERT_EQUAL(number(json, "flop_per_step"), 1e8);
    CU_ASSERT_EQUAL(number(json, "threads"), 2);
    CU_ASSERT_EQUAL(number(json, "batch"), 100);
    json_decref(json);
    struct outcome outcome = run(FAKE_DOUBLE3, "", "bench --seconds 0.05");
    CU_ASSERT_EQUAL(outcome.code, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "share of peak"));
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

static void info_tells_the_spec(void)
{
    set_up();
    struct outcome outcome = run(FAKE_SINGLE2, "", "info");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "flow.layer0.weight"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "name: fake"));
    outcome_free(&outcome);
    json_t *json = run_json(FAKE_SINGLE2, "", "info --json");
    CU_ASSERT_EQUAL(number(json, "dimension"), 2);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "precision")), "single");
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_object_get(json_object_get(json, "settings"), "train.rate")), "1e-2");
    json_decref(json);
    scratch_remove(&scratch);
}

/* ---- with a base flow --------------------------------------------------------------------------------- */

#define WITH_BASE "data.source=eight_gaussians,data.samples=2000,base.kind=mixture,train.rate=0.02"

static void base_flow_is_part_of_the_model(void)
{
    enum { N = 100 };
    static double x[2 * N];
    set_up();
    json_t *json = run_json(FAKE_SINGLE2, WITH_BASE, "train --out @run --epochs 5 --seed 77 --json");
    CU_ASSERT_TRUE(number(json, "base_nll_test") < 3.2 && number(json, "base_nll_test") > 2);
    double trained = number(json_object_get(json, "evaluation"), "cost_after");
    json_decref(json);
    json = run_json(FAKE_SINGLE2, WITH_BASE, "evaluate @run/model.safetensors --json");
    CU_ASSERT_EQUAL(number(json, "cost_after"), trained); /* the same samples, though the spec's seed is 1 */
    CU_ASSERT_EQUAL(number(json, "samples"), 400);
    CU_ASSERT_TRUE(number(json, "nll_before") < 3.2);
    CU_ASSERT_TRUE(isfinite(number(json, "nll_after")));
    json_decref(json);
    for (int i = 0; i < 2 * N; i++)
        x[i] = 3 * sin(i);
    write_npy("x.npy", 8, N, 2, x);
    expect(FAKE_SINGLE2, WITH_BASE, "apply @run/model.safetensors @x.npy @s.npy --from data", 0, "");
    expect(FAKE_SINGLE2, WITH_BASE, "invert @run/model.safetensors @s.npy @back.npy --to data", 0, "");
    expect(FAKE_SINGLE2, WITH_BASE, "invert @run/model.safetensors @s.npy @y.npy --to latent", 0, "");
    float *back = read_npy("back.npy", N, 2), *y = read_npy("y.npy", N, 2);
    for (int i = 0; i < 2 * N; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)back[i], x[i], 0.05);
    CU_ASSERT_TRUE(fabs((double)y[0] - x[0]) + fabs((double)y[1] - x[1]) > 1e-3);
    free(back);
    free(y);
    struct outcome outcome = run(FAKE_SINGLE2, WITH_BASE, "train --out @run --epochs 2");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "mixture of 8 Gaussians"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "negative log-likelihood, nats"));
    outcome_free(&outcome);
    expect(FAKE_SINGLE2, WITH_BASE, "resume @run --quiet", 0, "");
    scratch_remove(&scratch);
}

/* ---- with a base flow that is trained first ----------------------------------------------------------- */

#define WITH_BNAF                                                                                            \
    "data.source=moons,data.samples=600,base.kind=bnaf,base.epochs=6,base.batch=60,base.rate=0.02,"          \
    "train.rate=0.02,train.batch=60,base.tolerance=1e-5"

/* Lines of the metrics: so many of the base, then of the flow. */
static void stages_in(const char *name, int base, int flow)
{
    char *text = scratch_read(in_folder(name), NULL);
    int found[2] = {0, 0};
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *json = json_loads(line, 0, NULL);
        const char *stage = json_string_value(json_object_get(json, "stage"));
        const bool of_flow = strcmp(stage, "flow") == 0;
        CU_ASSERT_TRUE(of_flow || (strcmp(stage, "base") == 0 && found[1] == 0));
        CU_ASSERT_EQUAL(json_object_get(json, "nll") == NULL, of_flow);
        found[of_flow]++;
        json_decref(json);
    }
    CU_ASSERT_EQUAL(found[0], base);
    CU_ASSERT_EQUAL(found[1], flow);
    free(text);
}

static void two_stages_leave_a_folder(void)
{
    set_up();
    json_t *json = run_json(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 5 --json");
    const json_t *base = json_object_get(json, "base");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(base, "kind")), "bnaf");
    CU_ASSERT_EQUAL(number(base, "step"), 48);
    CU_ASSERT_EQUAL(number(base, "parameters"), 4);
    CU_ASSERT_DOUBLE_EQUAL(number(base, "nll"), number(json, "base_nll_test"), 1e-5);
    CU_ASSERT_EQUAL(number(json, "step"), 40);
    json_decref(json);
    CU_ASSERT_TRUE(scratch_there(in_folder("run/base.safetensors")));
    CU_ASSERT_TRUE(scratch_there(in_folder("run/model.safetensors")));
    CU_ASSERT_TRUE(scratch_there(in_folder("run/checkpoint.safetensors")));
    CU_ASSERT_FALSE(scratch_there(in_folder("run/base_checkpoint.safetensors")));
    stages_in("run/metrics.jsonl", 7, 6);
    struct outcome outcome = run(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 5 --base-epochs 3");
    static const char *const parts[] = {"base flow bnaf",      "480 samples to train on, 120 to test",
                                        "3 epochs of 8 steps", "negative log-likelihood",
                                        "flow      gaussian",  "480 pairs to train on",
                                        "5 epochs of 8 steps", "transport cost"};
    for (size_t i = 0; i < CHECK_COUNT(parts); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, parts[i]));
    outcome_free(&outcome);
    CU_ASSERT_TRUE(scratch_there(in_folder("run/base.safetensors.old")));
    stages_in("run/metrics.jsonl", 4, 6);
    scratch_remove(&scratch);
}

static void a_base_flow_is_used_again(void)
{
    set_up();
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 5 --quiet", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @two --epochs 5 --quiet --base @run/base.safetensors", 0,
           "");
    stages_in("two/metrics.jsonl", 0, 6);
    same_files("run/model.safetensors", "two/model.safetensors");
    CU_ASSERT_FALSE(scratch_there(in_folder("two/base.safetensors")));
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 5 --quiet --base @run/model.safetensors", 0,
           "");
    same_files("run/model.safetensors", "two/model.safetensors");
    CU_ASSERT_TRUE(scratch_there(in_folder("run/base.safetensors"))); /* it is not this training's to move */
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @three --epochs 1 --quiet --init @two/model.safetensors", 0,
           "");
    stages_in("three/metrics.jsonl", 0, 2);
    expect(FAKE_SINGLE2, "", "train --out @four --data @pairs.npz --base @run/base.safetensors", 2,
           "no base flow in it, no tensor 'base.weights'");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @five --data @pairs.npz --base @run/base.safetensors", 2,
           "pairs.npz has y = f(x)");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @five --base-epochs 3 --base @run/base.safetensors", 2,
           "no base flow to train");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @five --base-epochs 3 --data @pairs.npz", 2,
           "no base flow to train");
    expect(FAKE_SINGLE2, "base.kind=mixture", "train --out @five --init @run/model.safetensors", 2,
           "made for another base flow");
    expect(FAKE_SINGLE2, "base.kind=mixture", "evaluate @run/model.safetensors", 2,
           "base.kind is bnaf there and mixture here");
    expect(FAKE_SINGLE2, "", "evaluate @run/model.safetensors --data @pairs.npz", 0, "");
    CU_ASSERT_FALSE(scratch_there(in_folder("five")));
    expect(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/base.safetensors", 2, "flow.layer0.weight");
    scratch_remove(&scratch);
}

static void noise_makes_pairs(void)
{
    set_up();
    json_t *json =
        run_json(FAKE_SINGLE2, WITH_BNAF ",flow.train_on=noise", "train --out @run --epochs 5 --json");
    json_t *again = run_json(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/model.safetensors --json");
    CU_ASSERT_EQUAL(number(json, "samples_train"), 480);
    /* what is told at the end is measured on data */
    CU_ASSERT_EQUAL(number(json_object_get(json, "evaluation"), "cost_after"), number(again, "cost_after"));
    CU_ASSERT_NOT_EQUAL(number(json, "best_cost"), number(again, "cost_after"));
    json_decref(json);
    json_decref(again);
    expect(FAKE_SINGLE2, WITH_BNAF ",flow.train_on=noise", "resume @run --quiet", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "resume @run --quiet", 2, "no longer holds the data");
    scratch_remove(&scratch);
}

static void evaluate_looks_at_the_base(void)
{
    static const char *const keys[] = {"nll_before",
                                       "nll_after",
                                       "base_roundtrip_max",
                                       "base_not_converged",
                                       "base_far_roundtrip_max",
                                       "base_far_not_converged",
                                       "integral_before",
                                       "integral_after"};
    set_up();
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 1 --quiet", 0, "");
    json_t *json = run_json(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/model.safetensors --json");
    for (size_t i = 0; i < CHECK_COUNT(keys); i++)
        CU_ASSERT_TRUE(json_is_number(json_object_get(json, keys[i])));
    CU_ASSERT_TRUE(number(json, "base_roundtrip_max") < 1e-5);
    CU_ASSERT_EQUAL(number(json, "base_not_converged"), 0);
    json_decref(json);
    struct outcome outcome = run(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/model.safetensors");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "integral of the density"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "10 deviations out"));
    outcome_free(&outcome);
    json = run_json(FAKE_SINGLE2, WITH_BNAF, "bench --stage base --seconds 0.02 --json");
    CU_ASSERT_EQUAL(number(json, "flop_per_step"), 6e7);
    json_decref(json);
    expect(FAKE_SINGLE2, "", "bench --stage base", 2, "not one that is trained");
    expect(FAKE_SINGLE2, "", "bench --stage bas", 2, "not 'bas'");
    json = run_json(FAKE_SINGLE2, WITH_BNAF, "info --json");
    CU_ASSERT_EQUAL(number(json_object_get(json, "base"), "parameters"), 4);
    json_decref(json);
    outcome = run(FAKE_SINGLE2, WITH_BNAF, "info");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "base.block0.log_scale"));
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

/* Data far from N(0, I), so that they are standardised: every part of the map, there and back, and the parts
 * one after another are the whole. */
static void each_part_goes_there_and_back(void)
{
    enum { N = 1000 };
    static double x[2 * N];
    static const struct {
        const char *there, *back, *out, *result;
    } steps[] = {
        {"apply @run/model.safetensors @x.npy @y.npy --part base",
         "invert @run/model.safetensors @y.npy @back.npy --part base", "y.npy", "x"},
        {"apply @run/base.safetensors @x.npy @y.npy --part base",
         "invert @run/base.safetensors @y.npy @back.npy --part=base", "y.npy", "x"},
        {"apply @run/model.safetensors @y.npy @s.npy --part flow",
         "invert @run/model.safetensors @s.npy @back.npy", "s.npy", "y"},
        {"apply @run/model.safetensors @x.npy @whole.npy --from data",
         "invert @run/model.safetensors @whole.npy @back.npy --part both --to data", "whole.npy", "x"},
    };
    set_up();
    for (int i = 0; i < 2 * N; i++)
        x[i] = 1000 + (i % 2 == 0 ? 20 : 0.5) * random_normal(1, 2, (uint64_t)i);
    write_npy("x.npy", 8, N, 2, x);
    expect(FAKE_SINGLE2, WITH_BNAF, "train --data @x.npy --out @run --epochs 5 --quiet", 0, "");
    for (size_t k = 0; k < CHECK_COUNT(steps); k++) {
        expect(FAKE_SINGLE2, WITH_BNAF, steps[k].there, 0, "");
        expect(FAKE_SINGLE2, WITH_BNAF, steps[k].back, 0, "");
        float *back = read_npy("back.npy", N, 2),
              *from = steps[k].result[0] == 'x' ? NULL : read_npy("y.npy", N, 2);
        for (int i = 0; i < 2 * N; i++)
            CU_ASSERT_DOUBLE_EQUAL((double)back[i], from != NULL ? (double)from[i] : x[i],
                                   from != NULL ? 1e-5 : 1e-3);
        free(back);
        free(from);
    }
    float *s = read_npy("s.npy", N, 2), *whole = read_npy("whole.npy", N, 2), *y = read_npy("y.npy", N, 2);
    double square = 0;
    for (int i = 0; i < 2 * N; i++) {
        CU_ASSERT_EQUAL(s[i], whole[i]);
        square += (double)y[i] * (double)y[i] / (2 * N);
    }
    CU_ASSERT_TRUE(square > 0.7 && square < 1.4);
    free(s);
    free(whole);
    free(y);
    json_t *json = run_json(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/model.safetensors --data @x.npy --json");
    CU_ASSERT_TRUE(fabs(number(json, "nll_before") - (1 + log(2 * M_PI) + log(20 * 0.5))) <
                   0.3); /* of raw data */
    json_decref(json);
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @s.npy --part base --from data", 2,
           "contradict");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @s.npy --part none", 2,
           "not 'none'");
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @x.npy @s.npy --part base", 2, "no base flow");
    scratch_remove(&scratch);
}

/* So far out that floats next to each other are 128 apart, many deviations. */
static void data_may_be_finer_than_floats(void)
{
    enum { N = 1000 };
    static double x[2 * N];
    set_up();
    for (int i = 0; i < 2 * N; i++)
        x[i] = 1.7e9 + random_normal(1, 2, (uint64_t)i);
    write_npy("x.npy", 8, N, 2, x);
    expect(FAKE_SINGLE2, WITH_BNAF, "train --data @x.npy --out @run --epochs 2 --quiet", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @y.npy --part base", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @y.npy @s.npy", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @whole.npy --part both", 0, "");
    same_files("s.npy", "whole.npy");
    float *y = read_npy("y.npy", N, 2);
    double square = 0;
    for (int i = 0; i < N; i++) {
        square += (double)y[2 * i] * (double)y[2 * i] / N;
        CU_ASSERT_TRUE(i == 0 || y[2 * i] != y[2 * i - 2]);
    }
    CU_ASSERT_TRUE(square > 0.5 && square < 2);
    free(y);
    scratch_remove(&scratch);
}

/* x of "pairs.npz" with labels 0, 1, 2, 0, ... in an .npz. */
static void write_labelled(const char *name, const double *x, int64_t n)
{
    static unsigned char labels[256]; /* header of 128 bytes, then one byte each */
    char header[128];
    zip_t *zip = zip_open(in_folder(name), ZIP_CREATE | ZIP_TRUNCATE, NULL);
    CU_ASSERT_TRUE_FATAL(zip != NULL && n <= 128);
    write_npy("x.npy", 8, n, 2, x);
    (void)snprintf(header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }",
                   (int)n);
    memcpy(labels, "\x93NUMPY\x01\x00\x76\x00", 10);
    (void)snprintf((char *)labels + 10, 119, "%-117.117s\n", header);
    for (int64_t i = 0; i < n; i++)
        labels[128 + i] = (unsigned char)(i % 3);
    CU_ASSERT_TRUE_FATAL(
        zip_file_add(zip, "x.npy", zip_source_file(zip, in_folder("x.npy"), 0, -1), 0) >= 0 &&
        zip_file_add(zip, "labels.npy", zip_source_buffer(zip, labels, 128 + (zip_uint64_t)n, 0), 0) >= 0 &&
        zip_close(zip) == 0);
}

static void check_labelled(const char *name, const char *array, int64_t n, double out[])
{
    struct npz *npz;
    struct npy_reader *reader;
    struct fault fault = {0};
    int64_t labels[128], got;
    CU_ASSERT_TRUE_FATAL(npz_open(&npz, in_folder(name), &fault) && npz_array(npz, array, &reader, &fault));
    CU_ASSERT_TRUE(npy_read_rows(reader, 8, n, out, &got, &fault) && got == n);
    npy_close(reader);
    CU_ASSERT_TRUE_FATAL(npz_integers(npz, "labels", &reader, &fault));
    CU_ASSERT_TRUE(npy_read_integers(reader, n, labels, &got, &fault) && got == n);
    for (int64_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(labels[i], i % 3);
    npy_close(reader);
    npz_close(npz);
}

static void labels_are_carried_along(void)
{
    enum { N = 100 };
    static double x[2 * N], out[2 * N];
    set_up();
    for (int i = 0; i < 2 * N; i++)
        x[i] = sin(i);
    write_labelled("in.npz", x, N);
    expect(FAKE_DOUBLE2, WITH_BNAF, "train --data @in.npz --out @run --epochs 1 --quiet", 0, "");
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @in.npz @s.npz --part both", 0, "");
    check_labelled("s.npz", "s", N, out);
    expect(FAKE_DOUBLE2, WITH_BNAF, "invert @run/model.safetensors @s.npz @back.npz --part both", 0, "");
    check_labelled("back.npz", "x", N, out);
    for (int i = 0; i < 2 * N; i++)
        CU_ASSERT_DOUBLE_EQUAL(out[i], x[i], 1e-5);
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @in.npz @y.npy --part base", 0, "");
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @in.npz @out.npz", 2,
           "no array y; it holds x, labels");
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @in.npz @no/out.npz --part base", 1,
           "No such file");
    CU_ASSERT_FALSE(scratch_there(in_folder("out.npz")));
    CU_ASSERT_FALSE(scratch_there(in_folder("s.npz.rows")));
    CU_ASSERT_FALSE(scratch_there(in_folder("s.npz.rows.part")));
    scratch_remove(&scratch);
}

static void rows_that_fail_are_counted(void)
{
    static const double rows[4] = {1e300, 0, 1, 2};
    set_up();
    expect(FAKE_DOUBLE2, WITH_BNAF, "train --out @run --epochs 1 --quiet", 0, "");
    write_npy("x.npy", 8, 2, 2, rows);
    expect(FAKE_DOUBLE2, WITH_BNAF, "invert @run/model.safetensors @x.npy @s.npy --part base", 0,
           "1 of 2 rows did not reach");
    float *s = read_npy("s.npy", 2, 2);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_TRUE(isfinite(s[i]));
    free(s);
    scratch_remove(&scratch);
}

#define LONG_BASE WITH_BNAF ",base.epochs=40,base.batch=10,train.checkpoint_steps=30,train.evaluate_steps=5"

/* Interrupted in the base flow's training; both are as they would have been. */
static void stop_base_and_resume(const char *folder, int signal_number, int code)
{
    char words[256], name[64];
    (void)snprintf(words, sizeof words, "train --out @%s --epochs 3 --threads 1", folder);
    (void)snprintf(name, sizeof name, "%s/metrics.jsonl", folder);
    (void)setenv(FAKE_SLOW, "1", 1);
    pid_t child = start(FAKE_SINGLE2, LONG_BASE, words);
    (void)unsetenv(FAKE_SLOW);
    wait_for_metrics(name, 5000);
    CU_ASSERT_EQUAL(kill(child, signal_number), 0);
    struct outcome outcome = finish(child);
    CU_ASSERT_EQUAL(outcome.code, code);
    if (code < 1000)
        CU_ASSERT_PTR_NOT_NULL(
            strstr(outcome.err, "of the base flow, all saved; go on with: ./fake resume "));
    outcome_free(&outcome);
    (void)snprintf(name, sizeof name, "%s/checkpoint.safetensors", folder);
    CU_ASSERT_FALSE(scratch_there(in_folder(name)));
    (void)snprintf(words, sizeof words, "resume @%s --quiet --threads 3", folder);
    expect(FAKE_SINGLE2, LONG_BASE, words, 0, "");
    (void)snprintf(name, sizeof name, "%s/base.safetensors", folder);
    same_files("whole/base.safetensors", name);
    (void)snprintf(name, sizeof name, "%s/model.safetensors", folder);
    same_files("whole/model.safetensors", name);
    (void)snprintf(name, sizeof name, "%s/metrics.jsonl", folder);
    stages_in(name, 385, 6);
}

static void interrupted_base_flows_go_on(void)
{
    set_up();
    expect(FAKE_SINGLE2, LONG_BASE, "train --out @whole --epochs 3 --quiet", 0, "");
    stages_in("whole/metrics.jsonl", 385, 6);
    stop_base_and_resume("int", SIGINT, 130);
    stop_base_and_resume("term", SIGTERM, 143);
    stop_base_and_resume("kill", SIGKILL, 1000 + SIGKILL);
    /* killed when the flow's first checkpoint was there and the base's not yet gone */
    expect(FAKE_SINGLE2, LONG_BASE, "resume @kill", 0, "");
    expect(FAKE_SINGLE2, LONG_BASE ",train.rate=0.5", "resume @kill", 0, "train.rate was 0.02 and is 0.5");
    scratch_remove(&scratch);
}

static void a_base_flow_that_diverges_is_told(void)
{
    static double x[80];
    set_up();
    for (int i = 0; i < 80; i++)
        x[i] = i % 2 == 0 ? 1e30 : 1;
    write_npy("wild.npy", 8, 40, 2, x);
    expect(FAKE_SINGLE2, WITH_BNAF ",data.standardise=no", "train --data @wild.npy --out @run", 1,
           "a lower base.rate, or base.clip, may help");
    CU_ASSERT_TRUE(scratch_there(in_folder("run/base_checkpoint.safetensors")));
    CU_ASSERT_FALSE(scratch_there(in_folder("run/base_checkpoint.safetensors.part")));
    scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"help fits the screen", help_fits_the_screen},
        {"wrong words are told", wrong_words_are_told},
        {"processor is checked first", processor_is_checked_first},
        {"another processor is told", another_processor_is_told},
        {"tuning is refused", tuning_is_refused},
        {"train leaves a folder", train_leaves_a_folder},
        {"train tells a person", train_tells_a_person},
        {"train starts from given weights", train_starts_from_given_weights},
        {"bad data are told", bad_data_are_told},
        {"unwritable folder is told", unwritable_folder_is_told},
        {"divergence ends the training", divergence_ends_the_training},
        {"interrupted trainings go on", interrupted_trainings_go_on},
        {"resuming is checked", resuming_is_checked},
        {"second signal ends at once", second_signal_ends_at_once},
        {"apply and invert are inverses", apply_and_invert_are_inverses},
        {"apply tells what does not fit", apply_tells_what_does_not_fit},
        {"evaluate has its keys", evaluate_has_its_keys},
        {"places decide nothing", places_decide_nothing},
        {"bench has its keys", bench_has_its_keys},
        {"info tells the spec", info_tells_the_spec},
        {"base flow is part of the model", base_flow_is_part_of_the_model},
        {"two stages leave a folder", two_stages_leave_a_folder},
        {"a base flow is used again", a_base_flow_is_used_again},
        {"noise makes pairs", noise_makes_pairs},
        {"evaluate looks at the base", evaluate_looks_at_the_base},
        {"each part goes there and back", each_part_goes_there_and_back},
        {"data may be finer than floats", data_may_be_finer_than_floats},
        {"labels are carried along", labels_are_carried_along},
        {"rows that fail are counted", rows_that_fail_are_counted},
        {"interrupted base flows go on", interrupted_base_flows_go_on},
        {"a base flow that diverges is told", a_base_flow_that_diverges_is_told},
    };
    if (argc > 3 && strcmp(argv[1], "--trainer") == 0)
        return be_a_trainer(argc, argv);
    if (argc > 1 && strcmp(argv[1], "--interrupted") == 0)
        return be_interrupted();
    (void)setenv("OMP_WAIT_POLICY", "passive",
                 0); /* threads that spin slow each other down on a busy machine */
    return check_main("commands", cases, CHECK_COUNT(cases));
}
