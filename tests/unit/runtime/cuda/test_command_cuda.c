/* SPDX-License-Identifier: MIT
 *
 * A trainer's commands on a GPU, through the stand-in for the driver: the CPU's results, a training that goes
 * on after its device was lost, and what is said where there is none. */
#include "gpu/in_test.h"
#include "unit/runtime/command/fake_trainer.h"
#include "unit/runtime/cuda/fake_cuda.h"

#include <math.h>

#define SETTINGS "train.rate=0.05,train.batch=32,train.checkpoint_steps=10"

/* ---- the trainer's process ----------------------------------------------------------------------------- */

/* The image is in the file that IMAGE names; without one, the bundle has no code for GPUs. */
static void add_cuda(struct fake *fake)
{
    static struct fake_cuda cuda;
    static struct gpfc_cuda_image image;
    const char *const path = getenv("IMAGE");
    size_t bytes = 0;
    if (!path)
        return;
    image.architecture = 90;
    image.code = scratch_read(path, &bytes);
    image.bytes = (int64_t)bytes;
    fake_cuda_add(&cuda, fake, &image, 1);
}

/* ---- preparing ----------------------------------------------------------------------------------------- */

static void compile_image(void)
{
    static char text[8000];
    static struct fake fake;
    size_t bytes;
    fake_make(&fake, FAKE_DOUBLE2);
    fake_cuda_text(&fake.bundle, text, sizeof text);
    CU_ASSERT_TRUE_FATAL(nvrtc_load());
    char *const code = nvrtc_compile(text, "--gpu-architecture=sm_90", false, &bytes);
    CU_ASSERT_TRUE_FATAL(scratch_write(in_folder("cubin"), code, bytes));
    free(code);
    (void)setenv("IMAGE", in_folder("cubin"), 1);
}

/* For the next processes. */
static void stand_in(const char *options)
{
    (void)setenv("GPFC_STAND_IN", options, 1);
}

static void expect_near(const char *key, const json_t *a, const json_t *b)
{
    const double x = number(a, key), y = number(b, key);
    if (!(fabs(x - y) <= 1e-9 * fabs(y)))
        (void)fprintf(stderr, "%s: %.17g, %.17g\n", key, x, y);
    CU_ASSERT(fabs(x - y) <= 1e-9 * fabs(y));
}

/* ---- cases --------------------------------------------------------------------------------------------- */

static void a_training_gives_what_it_gives_on_the_cpu(void)
{
    set_up();
    compile_image();
    stand_in("check=0");
    json_t *const gpu = run_json(FAKE_DOUBLE2, SETTINGS,
                                 "train --data @pairs.npz --out @gpu --epochs 5 --device cuda --json");
    json_t *const cpu =
        run_json(FAKE_DOUBLE2, SETTINGS, "train --data @pairs.npz --out @cpu --epochs 5 --device cpu --json");
    expect_near("best_cost", gpu, cpu);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(gpu, "device")), "cuda:0, stand-in for sm_90");
    CU_ASSERT_PTR_NULL(json_object_get(cpu, "device"));
    json_decref(gpu);
    json_decref(cpu);
}

static void the_device_is_lost(void)
{
    stand_in("check=0,lost=100");
    expect(FAKE_DOUBLE2, SETTINGS, "train --data @pairs.npz --out @lost --epochs 5 --device cuda --quiet", 1,
           "unspecified launch failure (719, CUDA_ERROR_LAUNCH_FAILED). The last checkpoint, of step 10, is "
           "kept");
    stand_in("check=0");
    json_t *const resumed = run_json(FAKE_DOUBLE2, SETTINGS, "resume @lost --json");
    json_t *const whole = run_json(FAKE_DOUBLE2, SETTINGS, "evaluate @gpu --data @pairs.npz --json");
    json_t *const again = run_json(FAKE_DOUBLE2, SETTINGS, "evaluate @lost --data @pairs.npz --json");
    expect_near("cost_after", again, whole);
    json_decref(resumed);
    json_decref(whole);
    json_decref(again);
}

/* The pieces of a training step do not fit, smaller ones do; the model is the same to the last bit. */
static void memory_is_short(void)
{
    stand_in("check=0,fail=cuMemAlloc:4:2");
    struct outcome train =
        run(FAKE_DOUBLE2, SETTINGS, "train --data @pairs.npz --out @short --epochs 5 --device cuda --quiet");
    CU_ASSERT_EQUAL(train.code, 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(train.err, "cuda:0, stand-in for sm_90: memory is short, so a kernel takes "));
    outcome_free(&train);
    same_files("short/model.safetensors", "gpu/model.safetensors");
}

static void other_commands(void)
{
    stand_in("check=0");
    json_t *const gpu =
        run_json(FAKE_DOUBLE2, SETTINGS, "evaluate @gpu --data @pairs.npz --device cuda:0 --json");
    json_t *const cpu = run_json(FAKE_DOUBLE2, SETTINGS, "evaluate @gpu --data @pairs.npz --json");
    expect_near("cost_after", gpu, cpu);
    expect_near("energy", gpu, cpu);
    json_decref(gpu);
    json_decref(cpu);
    (void)setenv("GPFC_DEVICE", "cuda", 1);
    expect(FAKE_DOUBLE2, SETTINGS, "apply @gpu @y_test.npy @s_gpu.npy", 0, "");
    (void)unsetenv("GPFC_DEVICE");
    expect(FAKE_DOUBLE2, SETTINGS, "apply @gpu @y_test.npy @s_cpu.npy", 0, "");
    double *const a = read_npy_as(8, "s_gpu.npy", 50, 2), *const b = read_npy_as(8, "s_cpu.npy", 50, 2);
    for (int i = 0; i < 100; i++)
        CU_ASSERT_DOUBLE_EQUAL(a[i], b[i], 1e-12);
    free(a);
    free(b);
    expect(FAKE_DOUBLE2, SETTINGS, "invert @gpu @s_gpu.npy @back.npy --device cuda", 0, "");
}

static void what_the_device_is_like(void)
{
    stand_in("check=0");
    json_t *const info = run_json(FAKE_DOUBLE2, "", "info --device cuda --json");
    const json_t *const device = json_object_get(info, "device");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(device, "name")), "cuda:0, stand-in for sm_90");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(device, "driver")), "CUDA 13.0");
    CU_ASSERT_EQUAL(number(device, "multiprocessors"), 132);
    json_decref(info);
    json_t *const bench = run_json(FAKE_DOUBLE2, "", "bench --device cuda --seconds 0.01 --batch 32 --json");
    CU_ASSERT_EQUAL(number(bench, "peak_flops"), 132.0 * 64 * 2 * 1980e6);
    CU_ASSERT_EQUAL(number(bench, "local_bytes"), 0);
    CU_ASSERT_PTR_NOT_NULL(json_object_get(bench, "device"));
    json_decref(bench);
    struct outcome table = run(FAKE_DOUBLE2, "", "bench --device cuda --seconds 0.01 --batch 32");
    CU_ASSERT_PTR_NOT_NULL(strstr(table.out, "stand-in for sm_90, sm_90, 132 multiprocessors"));
    outcome_free(&table);
}

static void mistakes_are_reported(void)
{
    stand_in("");
    expect(FAKE_DOUBLE2, "", "bench --device cuda:7", 1, "there is no GPU cuda:7: there is 1");
    expect(FAKE_DOUBLE2, "", "bench --device cuda:x", 2,
           "--device: expected 'cpu', 'cuda' or 'cuda:N', found 'cuda:x'");
    expect(FAKE_DOUBLE2, "", "bench --device cpu:1", 2, "found 'cpu:1'");
    (void)setenv("GPFC_DEVICE", "abacus", 1);
    expect(FAKE_DOUBLE2, "", "train --data @pairs.npz --out @none", 2, "GPFC_DEVICE: expected 'cpu'");
    expect(FAKE_DOUBLE2, "", "info", 0, "");
    (void)unsetenv("GPFC_DEVICE");
    (void)unsetenv("IMAGE");
    expect(FAKE_DOUBLE2, "", "train --data @pairs.npz --out @none --device cuda", 1,
           "this trainer was compiled without code for GPUs");
    (void)setenv("LD_LIBRARY_PATH", "/nonexistent", 1);
    expect(FAKE_DOUBLE2, "", "evaluate @gpu --data @pairs.npz --device cuda", 1,
           "a GPU needs NVIDIA's driver, which cannot be loaded: libcuda.so.1");
    expect(FAKE_DOUBLE2, "", "evaluate @gpu --data @pairs.npz", 0, "");
    CU_ASSERT_NOT_EQUAL(system("ldd /proc/$PPID/exe | grep -i -e cuda -e nvrtc"), 0);
    scratch_remove(&scratch);
}

static const struct check_case cases[] = {
    {"a training gives what it gives on the CPU", a_training_gives_what_it_gives_on_the_cpu},
    {"the device is lost", the_device_is_lost},
    {"memory is short", memory_is_short},
    {"other commands", other_commands},
    {"what the device is like", what_the_device_is_like},
    {"mistakes are reported", mistakes_are_reported},
};

int main(int argc, char **argv)
{
    fake_trainer_change = add_cuda;
    if (argc == 1 && why_no_stand_in()) {
        printf("skipped: %s\n", why_no_stand_in());
        return CHECK_SKIP;
    }
    if (argc == 1)
        set_up_stand_in();
    return fake_trainer_main(argc, argv, "command_cuda", cases, CHECK_COUNT(cases));
}
