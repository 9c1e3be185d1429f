/* SPDX-License-Identifier: MIT
 *
 * train and resume: the folder they write, what they print, and trainings that are interrupted. */
#include "numbers/random.h"
#include "unit/runtime/command/fake_trainer.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>

/* ---- training ------------------------------------------------------------------------------------------ */

static void train_writes_a_folder(void)
{
    set_up();
    json_t *json =
        run_json(FAKE_SINGLE2, "train.rate=0.05", "train --data @pairs.npz --out @run --epochs 20 --json");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "status")), "finished");
    CU_ASSERT_EQUAL(number(json, "samples_train"), 183);
    CU_ASSERT_EQUAL(number(json, "samples_validation"), 20);
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

static void train_prints_for_people(void)
{
    set_up();
    (void)setenv("COLUMNS", "1000", 1); /* no line breaks within what is looked for */
    struct outcome outcome =
        run(FAKE_SINGLE2, "", "train --data @pairs.npz --out @run --epochs 30 --threads 1");
    (void)unsetenv("COLUMNS");
    static const char *const parts[] = {"fake\n",
                                        "183 training pairs, 20 for validation, 50 for the test",
                                        "best validation cost ",
                                        "training cost at the end ",
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

/* x is y turned: nothing is left to learn, and what is saved has the rotation. Without it there is much. */
static void the_best_rotation_is_the_start(void)
{
    enum { N = 250 };
    static float y[2 * N], x[2 * N];
    set_up();
    random_fill_normal(5, 1, 0, 2 * N, sizeof *y, y);
    for (int i = 0; i < N; i++) {
        x[2 * i] = -y[2 * i + 1];
        x[2 * i + 1] = y[2 * i];
    }
    const struct pairs pairs = {.d = 2,
                                .precision = sizeof *y,
                                .train = {.n = 200, .x = x, .y = y},
                                .test = {.n = 50, .x = x + 400, .y = y + 400}};
    write_npz("turned.npz", &pairs);
    write_npy("y.npy", sizeof *y, N, 2, y);
    json_t *json = run_json(FAKE_SINGLE2, "train.init_last=1e-6",
                            "train --data @turned.npz --out @run --epochs 1 --json");
    const json_t *evaluation = json_object_get(json, "evaluation");
    CU_ASSERT_TRUE(number(evaluation, "cost_before") > 2);
    CU_ASSERT_TRUE(number(evaluation, "cost_after") < 1e-2);
    CU_ASSERT_TRUE(number(evaluation, "roundtrip_max") < 1e-4);
    json_decref(json);
    expect(FAKE_SINGLE2, "", "apply @run @y.npy @s.npy", 0, "");
    expect(FAKE_SINGLE2, "", "invert @run @s.npy @back.npy", 0, "");
    float *s = read_npy("s.npy", N, 2), *back = read_npy("back.npy", N, 2);
    for (int i = 0; i < 2 * N; i++) {
        CU_ASSERT_DOUBLE_EQUAL((double)s[i], (double)x[i], 0.3);
        CU_ASSERT_DOUBLE_EQUAL((double)back[i], (double)y[i], 1e-4);
    }
    free(s);
    free(back);
    json = run_json(FAKE_SINGLE2, "train.rate=0",
                    "train --data @turned.npz --init @run --out @again --epochs 1 --json");
    CU_ASSERT_TRUE(number(json_object_get(json, "evaluation"), "cost_after") < 1e-2);
    json_decref(json);
    json = run_json(FAKE_SINGLE2, "flow.start=identity",
                    "train --data @turned.npz --out @other --epochs 1 --json");
    CU_ASSERT_TRUE(number(json_object_get(json, "evaluation"), "cost_after") > 1);
    json_decref(json);
    expect(FAKE_SINGLE2, "", "evaluate @run --data @turned.npz --json", 0, "");
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
    expect(FAKE_DOUBLE3, "", "train --data @pairs.npz --init @run/model.safetensors --out @again", 2,
           "another spec");
    expect(FAKE_DOUBLE2, "", "train --data @pairs.npz --init @run --out @again --epochs 1 --quiet", 0, "");
    expect(FAKE_DOUBLE2, "", "evaluate @run --data @pairs.npz", 0,
           "run is in F32; its numbers are converted to double precision");
    scratch_remove(&scratch);
}

/* Where nobody says how many: the steps that a training needs. */
static void epochs_follow_the_rows(void)
{
    set_up();
    json_t *json =
        run_json(FAKE_SINGLE2, "train.batch=20", "train --data @pairs.npz --out @run --json --threads 1");
    CU_ASSERT_EQUAL(number(json, "epochs"), 60); /* of 10 steps */
    CU_ASSERT_EQUAL(number(json, "steps"), 600);
    json_decref(json);
    expect(FAKE_SINGLE2, "train.batch=20", "resume @run", 0, "");
    scratch_remove(&scratch);
}

static void write_moved(const char *name, float scale, float shift)
{
    struct pairs pairs = fake_pairs(2, 4, 203, 50);
    for (int64_t i = 0; i < 2 * 203; i++)
        ((float *)pairs.train.x)[i] = scale * ((float *)pairs.train.x)[i] + shift;
    write_npz(name, &pairs);
    fake_pairs_free(&pairs);
}

static void pairs_far_from_the_origin_are_reported(void)
{
    set_up();
    write_moved("far.npz", 1, 100);
    write_moved("small.npz", 0.01f, 0);
    expect(FAKE_SINGLE2, "", "train --data @far.npz --out @run --epochs 1", 0, "subtract the mean of x");
    expect(FAKE_SINGLE2, "", "train --data @small.npz --out @run --epochs 1", 0,
           "divide all coordinates of x");
    static const char *const silent[][2] = {{"", "train --data @pairs.npz --out @run --epochs 1"},
                                            {"", "train --data @far.npz --out @run --epochs 1 --quiet"},
                                            {"cost.kind=l1", "train --data @far.npz --out @run --epochs 1"}};
    for (size_t i = 0; i < CHECK_COUNT(silent); i++) {
        struct outcome outcome = run(FAKE_SINGLE2, silent[i][0], silent[i][1]);
        CU_ASSERT_PTR_NULL(strstr(outcome.err, "hides the signal"));
        outcome_free(&outcome);
    }
    scratch_remove(&scratch);
}

/* The map of these kernels stretches, so that its density is off; rate 0 leaves it near the identity. */
static void inexact_flows_are_reported(void)
{
    set_up();
    expect(FAKE_SINGLE2, "train.rate=0.05", "train --data @pairs.npz --out @run --epochs 20", 0,
           "increase flow.steps");
    struct outcome outcome =
        run(FAKE_SINGLE2, "train.rate=0", "train --data @pairs.npz --out @run --epochs 1");
    CU_ASSERT_PTR_NULL(strstr(outcome.err, "warning"));
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

static void bad_data_are_reported(void)
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

static void unwritable_folder_is_reported(void)
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
        ((float *)pairs.train.y)[i] = 1.5e19F; /* squares fit, but not the sum of two */
    write_npz("wild.npz", &pairs);
    fake_pairs_free(&pairs);
    expect(FAKE_SINGLE2, "", "train --data @wild.npz --out @run", 1,
           "step 1: the gradient of flow.layer0.weight is");
    CU_ASSERT_TRUE(scratch_there(in_folder("run/checkpoint.safetensors")));
    CU_ASSERT_FALSE(scratch_there(in_folder("run/checkpoint.safetensors.part")));
    scratch_remove(&scratch);
}

/* ---- signals ------------------------------------------------------------------------------------------- */

#define LONG_TRAINING "train.batch=10,train.checkpoint_steps=30,train.rate=0.01,train.evaluate_steps=5"

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

static void interrupted_trainings_continue(void)
{
    set_up();
    expect(FAKE_SINGLE2, LONG_TRAINING, "train --data @pairs.npz --out @whole --epochs 40 --quiet", 0, "");
    stop_and_resume("int", SIGINT, 130, "2");
    stop_and_resume("term", SIGTERM, 143, "1");
    stop_and_resume("kill", SIGKILL, 1000 + SIGKILL, "3");
    expect(FAKE_SINGLE2, LONG_TRAINING, "resume @kill", 0, ""); /* finished: the table again */
    scratch_remove(&scratch);
}

/* Mapped rows that are cut off while they are in use; the training goes on when they are back. */
static void shorter_data_end_the_training(void)
{
    set_up();
    struct pairs pairs = fake_pairs(2, 4, 20000, 50);
    write_npz_by(ZIP_CM_STORE, "pairs.npz", &pairs);
    (void)setenv(FAKE_SLOW, "1", 1);
    pid_t child =
        start(FAKE_SINGLE2, LONG_TRAINING, "train --data @pairs.npz --out @run --epochs 1000 --threads 2");
    (void)unsetenv(FAKE_SLOW);
    wait_for_metrics("run/metrics.jsonl", 5000);
    CU_ASSERT_EQUAL(truncate(in_folder("pairs.npz"), 100), 0);
    struct outcome outcome = finish(child);
    CU_ASSERT_EQUAL(outcome.code, 1);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(outcome.err, ": a data file became shorter or unreadable while it was in use"));
    outcome_free(&outcome);
    expect(FAKE_SINGLE2, LONG_TRAINING, "resume @run --quiet", 2, "pairs.npz");
    (void)unlink(in_folder("pairs.npz"));
    write_npz_by(ZIP_CM_STORE, "pairs.npz", &pairs);
    fake_pairs_free(&pairs);
    child = start(FAKE_SINGLE2, LONG_TRAINING, "resume @run --quiet");
    wait_for_metrics("run/metrics.jsonl", 10000);
    (void)kill(child, SIGTERM);
    outcome = finish(child);
    CU_ASSERT_EQUAL(outcome.code, 143);
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

/* The spec's path is one of the folder that the training began in. */
static void a_training_is_resumed_from_another_folder(void)
{
    set_up();
    char *here = getcwd(NULL, 0);
    CU_ASSERT_EQUAL_FATAL(chdir(in_folder("")), 0);
    expect(FAKE_SINGLE2, "data.pairs=pairs.npz", "train --out @run --epochs 1 --quiet", 0, "");
    CU_ASSERT_EQUAL_FATAL(chdir("/"), 0);
    expect(FAKE_SINGLE2, "data.pairs=pairs.npz", "resume @run --quiet", 0, "");
    expect(FAKE_SINGLE2, "data.pairs=pairs.npz", "train --out @other --epochs 1", 2, "pairs.npz");
    CU_ASSERT_EQUAL_FATAL(chdir(here), 0);
    free(here);
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
    expect(FAKE_SINGLE2, "", "resume @run", 2, "no longer contains the data");
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

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"train writes a folder", train_writes_a_folder},
        {"train prints for people", train_prints_for_people},
        {"the best rotation is the start", the_best_rotation_is_the_start},
        {"train starts from given weights", train_starts_from_given_weights},
        {"epochs follow the rows", epochs_follow_the_rows},
        {"pairs far from the origin are reported", pairs_far_from_the_origin_are_reported},
        {"inexact flows are reported", inexact_flows_are_reported},
        {"bad data are reported", bad_data_are_reported},
        {"unwritable folder is reported", unwritable_folder_is_reported},
        {"divergence ends the training", divergence_ends_the_training},
        {"interrupted trainings continue", interrupted_trainings_continue},
        {"shorter data end the training", shorter_data_end_the_training},
        {"a training is resumed from another folder", a_training_is_resumed_from_another_folder},
        {"resuming is checked", resuming_is_checked},
        {"second signal ends at once", second_signal_ends_at_once},
    };
    return fake_trainer_main(argc, argv, "command train", cases, CHECK_COUNT(cases));
}
