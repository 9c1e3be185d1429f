/* SPDX-License-Identifier: MIT
 *
 * What the compiler and a trainer print with --json: tests/golden/json/NAME.json for each command below.
 * Keys, their order and presence, words, counts, and numbers that follow only from the spec are compared;
 * what was measured, or depends on the machine, stands there as <number> or <text>. */
#include "check.h"
#include "golden/golden.h"
#include "scratch.h"

#include <jansson.h>
#include <sys/wait.h>

static struct scratch scratch;

static const char toy[] = "name: toy\n"
                          "dimension: 2\n"
                          "data: {source: moons, samples: 400}\n"
                          "base: {kind: bnaf, hidden: [6], epochs: 2}\n"
                          "flow: {hidden: [5, 5], steps: 3}\n"
                          "penalty: {kind: euler}\n"
                          "train: {epochs: 2, batch: 100}\n"
                          "target: {schedule: keep=all}\n";

static const char fixed[] = "name: fixed\n"
                            "dimension: 3\n"
                            "data: {pairs: p.npz}\n"
                            "flow: {hidden: [8], steps: 2, field: cube}\n"
                            "target: {cpu: haswell, schedule: lanes=16 keep=state}\n";

static const char automatic[] = "name: automatic\n"
                                "dimension: 2\n"
                                "data: {source: moons, samples: 400}\n"
                                "base: {kind: mixture, components: 2}\n"
                                "flow: {hidden: [5], steps: auto, most_steps: 4}\n"
                                "train: {epochs: 2, batch: 100}\n"
                                "target: {schedule: keep=all}\n";

static const char data[] = "a,b\n1,0\n2,0\n3.5,0\n7,0\n";

/* ---- masks --------------------------------------------------------------------------------------------- */

/* Numbers with a fraction are measured, but for these; whole numbers and texts are not, but for those. */
static const char *const exact[] = {"flop_before",     "flop_after",
                                    "flop_per_sample", "useful_flop_per_sample",
                                    "flop_per_step",   "useful_flop_per_step"};
static const char *const measured[] = {
    "output_bytes", "scratch_bytes", "threads", "best_step", "base_not_converged", "base_far_not_converged",
    "spec_hash",    "within_bounds", "pinned",  "version",   "toolchain",          "c_compiler"};
/* Also measured where the code is for the machine that it is compiled on. */
static const char *const native[] = {"cpu",      "vector_bits", "lanes",     "features",   "cpu_name",
                                     "schedule", "compiler",    "other_cpu", "candidates", "timed"};

static bool is_one_of(const char *key, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

static bool is_measured(const char *key, const json_t *value, bool of_this_machine)
{
    if (json_is_real(value))
        return !is_one_of(key, exact, CHECK_COUNT(exact));
    return is_one_of(key, measured, CHECK_COUNT(measured)) ||
           (of_this_machine && is_one_of(key, native, CHECK_COUNT(native)));
}

static json_t *masked(const json_t *value)
{
    return json_string(json_is_number(value)    ? "<number>"
                       : json_is_boolean(value) ? "<yes or no>"
                                                : "<text>");
}

/* Settings are a spec's texts: nothing in them is measured. How many steps bench takes, time decides. */
static void mask(json_t *object, bool of_this_machine)
{
    const char *key;
    json_t *value;
    void *next;
    const bool of_bench = json_object_get(object, "step_s");
    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_object(value) && strcmp(key, "settings") != 0)
            mask(value, of_this_machine);
        else if (!json_is_object(value) && !json_is_null(value) &&
                 (is_measured(key, value, of_this_machine) || (of_bench && strcmp(key, "steps") == 0)))
            (void)json_object_set_new(object, key, masked(value));
    }
}

/* ---- commands ------------------------------------------------------------------------------------------ */

/* What the command prints, in the scratch folder. GPFC in the command is the compiler. */
static char *output_of(const char *command, int exit_status)
{
    static char text[1 << 16];
    char line[4096];
    (void)snprintf(line, sizeof line, "cd '%s' && %s 2>err </dev/null", scratch.folder, command);
    FILE *pipe = popen(line, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
    const size_t n = fread(text, 1, sizeof text - 1, pipe);
    const int status = pclose(pipe);
    text[n] = '\0';
    CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == exit_status);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != exit_status)
        printf("  %s: status %d: %s\n", command, status, scratch_read(scratch_path(&scratch, "err"), NULL));
    return text;
}

static double number(const json_t *json, const char *key)
{
    return json_number_value(json_object_get(json, key));
}

/* Of bench: numbers that follow from each other. */
static void check_quotients(const json_t *json)
{
    const double step = number(json, "step_s"), flop = number(json, "flop_per_step");
    const double share = flop / step / (number(json, "peak_flops") * number(json, "threads"));
    const double useful = share * number(json, "useful_flop_per_step") / flop;
    CU_ASSERT_TRUE(step > 0 && number(json, "step_s_min") <= step && step <= number(json, "step_s_max"));
    CU_ASSERT_DOUBLE_EQUAL(number(json, "samples_per_s") * step / number(json, "batch"), 1, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(number(json, "peak_share") / share, 1, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(number(json, "useful_share") / useful, 1, 1e-6);
    CU_ASSERT_TRUE(number(json, "rss_mb") > 0 && number(json, "steps") > 0);
}

static void check_json(const char *name, const char *command, int exit_status, bool of_this_machine)
{
    struct arena *arena = arena_new();
    char path[256];
    json_error_t fault;
    json_t *json = json_loads(output_of(command, exit_status), 0, &fault);
    CU_ASSERT_TRUE_FATAL(json_is_object(json));
    if (json_object_get(json, "step_s"))
        check_quotients(json);
    mask(json, of_this_machine);
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    (void)snprintf(path, sizeof path, "tests/golden/json/%s.json", name);
    CU_ASSERT_TRUE(golden_matches(arena, check_path(path), arena_printf(arena, "%s\n", text)));
    free(text);
    json_decref(json);
    arena_free(arena);
}

static void native_json(const char *name, const char *command)
{
    check_json(name, command, 0, true);
}

/* ---- the compiler -------------------------------------------------------------------------------------- */

static void compiler(void)
{
    check_json("compile_object", "\"$GPFC\" fixed.yaml --json --emit=object", 0, false);
    check_json("compile_c", "\"$GPFC\" fixed.yaml --json --emit=c", 0, false);
    check_json("compile_ir", "\"$GPFC\" toy.yaml --json --emit=ir --cpu=haswell", 0, false);
    check_json("compile_header", "\"$GPFC\" toy.yaml --json --emit=header --cpu=znver4", 0, false);
    check_json("compile_from_ir", "\"$GPFC\" --from=ir toy.ir --json --emit=object --cpu=haswell", 0, false);
    native_json("compile_executable", "\"$GPFC\" toy.yaml --json");
    native_json("compile_tuned",
                "\"$GPFC\" fixed.yaml --json --emit=header --cpu=native --tune=quick --tune-time=0.1");
}

static void compiler_that_fails(void)
{
    check_json("faulty", "\"$GPFC\" faulty.yaml --json", 2, false);
    check_json("failed", "\"$GPFC\" fixed.yaml --json --emit=ir -o absent/fixed.ir", 1, false);
}

/* ---- trainers ------------------------------------------------------------------------------------------ */

static void trainer(void)
{
    native_json("info", "./toy info --json");
    native_json("check", "./toy check --json data.csv");
    native_json("train", "./toy train --json");
    native_json("resume", "./toy resume --json toy.run");
    native_json("evaluate", "./toy evaluate toy.run/model.safetensors --json");
    native_json("train_with_base",
                "./toy train --json --base=toy.run/base.safetensors --out=again --epochs=1");
    native_json("bench", "./toy bench --json --seconds=0.05");
    native_json("bench_base", "./toy bench --json --seconds=0.05 --stage=base --batch=64 --threads=1");
}

static void trainer_of_automatic_steps(void)
{
    (void)output_of("\"$GPFC\" -q automatic.yaml", 0);
    native_json("automatic_train", "./automatic train --json");
    native_json("automatic_evaluate", "./automatic evaluate automatic.run/model.safetensors --json");
}

static bool write_text(const char *name, const char *text)
{
    return scratch_write(scratch_path(&scratch, name), text, strlen(text));
}

int main(void)
{
    static const struct check_case cases[] = {
        {"compiler", compiler},
        {"compiler that fails", compiler_that_fails},
        {"trainer", trainer},
        {"trainer of automatic steps", trainer_of_automatic_steps},
    };
    if (!scratch_make(&scratch) || !write_text("toy.yaml", toy) || !write_text("fixed.yaml", fixed) ||
        !write_text("automatic.yaml", automatic) || !write_text("data.csv", data) ||
        !write_text("faulty.yaml", "name: faulty\ndimensions: 2\n"))
        return EXIT_FAILURE;
    const int status = check_main("--json", cases, CHECK_COUNT(cases));
    scratch_remove(&scratch);
    return status;
}
