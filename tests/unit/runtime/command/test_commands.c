/* SPDX-License-Identifier: MIT
 *
 * Help, words that are wrong, and the commands that use a model: what they print, write and return. */
#include "unit/runtime/command/fake_trainer.h"

#include <math.h>
#include <zip.h>

/* ---- help and words ------------------------------------------------------------------------------------ */

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
    static const char *const words[] = {"--help",        "train --help",    "resume --help",  "apply --help",
                                        "invert --help", "evaluate --help", "density --help", "sample --help",
                                        "bench --help",  "info --help",     "train -h",       "bench -?"};
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

static void wrong_words_are_reported(void)
{
    set_up();
    expect(FAKE_SINGLE2, "", "", 2, "Usage: ./fake COMMAND");
    expect(FAKE_SINGLE2, "", "fly", 2, "no command 'fly'");
    expect(FAKE_SINGLE2, "", "train --epochs 0", 2,
           "--epochs: expected a whole number from 1 to 100000000, found '0'");
    expect(FAKE_SINGLE2, "", "train --threads many", 2, "found 'many'");
    expect(FAKE_SINGLE2, "", "train --seed 1.5", 2, "found '1.5'");
    expect(FAKE_SINGLE2, "", "bench --seconds nan", 2, "found 'nan'");
    expect(FAKE_SINGLE2, "", "train --wings 2", 2, "--wings");
    expect(FAKE_SINGLE2, "", "train here", 2, "'here' is one argument too many");
    expect(FAKE_SINGLE2, "", "apply m", 2, "apply MODEL IN OUT");
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
static void another_processor_is_reported(void)
{
    set_up();
    struct outcome outcome = run(FAKE_SINGLE2, "cpu_name=abacus", "info");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "compiled for abacus, but this machine is '"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "`./fake tune' recompiles it"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "schedule  chosen, lanes=8"));
    outcome_free(&outcome);
    json_t *json = run_json(FAKE_SINGLE2, "cpu_name=abacus", "info --json");
    CU_ASSERT_TRUE(json_is_true(json_object_get(json, "other_cpu")));
    CU_ASSERT_TRUE(json_is_false(json_object_get(json, "tuned")));
    json_decref(json);
    scratch_remove(&scratch);
}

/* What can be reported before gpfc is called. */
static void tuning_is_refused(void)
{
    set_up();
    expect(FAKE_SINGLE2, "", "tune --tune none", 2, "--tune: expected quick or full, found 'none'");
    expect(FAKE_SINGLE2, "", "tune --tune-time 0", 2,
           "--tune-time: expected a number from 0.1 to 86400, found '0'");
    expect(FAKE_SINGLE2, "", "tune now", 2, "'now' is one argument too many");
    scratch_remove(&scratch);
}

/* ---- the other commands -------------------------------------------------------------------------------- */

static void apply_and_invert_are_inverses(void)
{
    enum { N = 1000 };
    static double y[2 * N];
    set_up();
    train_a_model();
    random_fill_normal(1, 1, 0, 2 * N, 8, y);
    write_npy("y.npy", 8, N, 2, y); /* float64 in, the model's float32 out */
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @y.npy @s.npy", 0, "");
    expect(FAKE_SINGLE2, "", "invert @run/model.safetensors @s.npy @back.npy", 0, "");
    expect(FAKE_SINGLE2, "", "apply @run/checkpoint.safetensors @y.npy @latest.npy", 0, "");
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

static void apply_reports_what_does_not_fit(void)
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
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @nan.npy @out.npy --from moon", 2, "found 'moon'");
    write_npy("nan.npy", 8, 2, 2, rows);
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @nan.npy @no/folder/out.npy", 1, "No such file");
    if (scratch_there("/dev/full"))
        expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @nan.npy /dev/full", 1, "No space left");
    CU_ASSERT_FALSE(scratch_there(in_folder("out.npy")));
    CU_ASSERT_FALSE(scratch_any(&scratch, ".out.npy."));
    scratch_remove(&scratch);
}

static void evaluate_prints_its_keys(void)
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
static void addresses_do_not_matter(void)
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

static void bench_prints_its_keys(void)
{
    static const char *const keys[] = {"step_s",      "samples_per_s", "flop_per_step", "peak_flops",
                                       "peak_share",  "rss_mb",        "threads",       "batch",
                                       "step_s_min",  "step_s_max",    "steps",         "rss_anonymous_mb",
                                       "useful_share"};
    set_up();
    json_t *json = run_json(FAKE_DOUBLE3, "", "bench --json --seconds 0.05 --threads 2 --batch 100");
    CU_ASSERT_TRUE(json_is_boolean(json_object_get(json, "pinned")));
    CU_ASSERT_TRUE(number(json, "rss_anonymous_mb") < number(json, "rss_mb"));
    for (size_t i = 0; i < CHECK_COUNT(keys); i++)
        CU_ASSERT_TRUE(number(json, keys[i]) > 0);
    CU_ASSERT_EQUAL(number(json, "flop_per_step"), 1e8);
    CU_ASSERT_EQUAL(number(json, "useful_flop_per_step"), 8e7);
    CU_ASSERT_DOUBLE_EQUAL(number(json, "useful_share") / number(json, "peak_share"), 0.8, 1e-6);
    CU_ASSERT_EQUAL(number(json, "threads"), 2);
    CU_ASSERT_EQUAL(number(json, "batch"), 100);
    json_decref(json);
    struct outcome outcome = run(FAKE_DOUBLE3, "", "bench --seconds 0.05");
    CU_ASSERT_EQUAL(outcome.code, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "share of peak"));
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

static void info_prints_the_spec(void)
{
    set_up();
    struct outcome outcome = run(FAKE_SINGLE2, "", "info");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "flow.layer0.weight"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "name: fake"));
    outcome_free(&outcome);
    json_t *json = run_json(FAKE_SINGLE2, "", "info --json");
    CU_ASSERT_EQUAL(number(json, "dimension"), 2);
    const json_t *kernel = json_object_get(json_object_get(json, "kernels"), "apply");
    CU_ASSERT_EQUAL(number(kernel, "flop_per_sample"), 1e6);
    CU_ASSERT_EQUAL(number(kernel, "useful_flop_per_sample"), 8e5);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "precision")), "single");
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_object_get(json_object_get(json, "settings"), "train.rate")), "1e-2");
    json_decref(json);
    scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"help fits the screen", help_fits_the_screen},
        {"wrong words are reported", wrong_words_are_reported},
        {"processor is checked first", processor_is_checked_first},
        {"another processor is reported", another_processor_is_reported},
        {"tuning is refused", tuning_is_refused},
        {"apply and invert are inverses", apply_and_invert_are_inverses},
        {"apply reports what does not fit", apply_reports_what_does_not_fit},
        {"evaluate prints its keys", evaluate_prints_its_keys},
        {"addresses do not matter", addresses_do_not_matter},
        {"bench prints its keys", bench_prints_its_keys},
        {"info prints the spec", info_prints_the_spec},
    };
    return fake_trainer_main(argc, argv, "commands", cases, CHECK_COUNT(cases));
}
