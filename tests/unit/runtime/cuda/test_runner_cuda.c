/* SPDX-License-Identifier: MIT
 *
 * The GPU's runner against the CPU's, through the stand-in for the driver: numbers, bits that depend on no
 * division of the work, and what is said when a call fails. Kernels are those of a bundle written by hand. */
#include "cuda/runner_cuda.h"

#include "cuda/cuda_device.h"
#include "gpu/in_test.h"
#include "kernels/runner_cpu.h"
#include "numbers/random.h"
#include "scratch.h"
#include "unit/runtime/cuda/fake_cuda.h"

#include <math.h>

enum {
    MOST_ROWS = 1000,
    D = 3,
    PARAMETERS = D * D + D,
    LAST = 77 /* rows of the call whose bits are kept */
};

static struct fake fake;
static struct fake_cuda fake_cuda;
static struct gpfc_cuda_image image;

struct numbers {
    double theta[PARAMETERS], x[MOST_ROWS * D], y[MOST_ROWS * D];
    uint32_t order[MOST_ROWS];
};
static struct numbers given;

struct results {
    double cost, penalty, weight[D * D], bias[D];
    double s[MOST_ROWS * D], row_cost[MOST_ROWS], energy[MOST_ROWS], row_penalty[MOST_ROWS];
};
static struct results on_cpu, on_gpu;

static const double rotation[D * D] = {0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6};

/* ---- calls --------------------------------------------------------------------------------------------- */

struct what { /* a call */
    int64_t n, first;
    bool ordered, turned;
};

static void make_numbers(void)
{
    random_fill_normal(5, 1, 0, MOST_ROWS * D, 8, given.x);
    random_fill_normal(5, 2, 0, MOST_ROWS * D, 8, given.y);
    random_fill_normal(5, 3, 0, PARAMETERS, 8, given.theta);
    for (int i = 0; i < D * D; i++)
        given.theta[i] *= 0.1;
    random_permutation(1, 1, MOST_ROWS, given.order);
}

static void bind(struct runner *run, const struct what *what)
{
    static const double lambda = 0.5;
    const struct runner_rows x = {.rows = given.x, .n = MOST_ROWS, .stays = true};
    struct runner_rows y = {.rows = given.y, .n = MOST_ROWS, .stays = true};
    y.rotation = what->turned ? rotation : NULL;
    runner_parameters(run, given.theta);
    runner_setting(run, "lambda", &lambda);
    runner_input(run, "x", &x);
    runner_input(run, "y", &y);
    runner_order(run, what->ordered ? given.order : NULL, what->first);
    runner_noise(run, 9, 4, 30);
}

static void bind_results(struct runner *run, struct results *to)
{
    runner_total(run, "cost", &to->cost);
    runner_total(run, "penalty", &to->penalty);
    runner_total(run, "grad.flow.layer0.weight", to->weight);
    runner_total(run, "grad.flow.layer0.bias", to->bias);
    runner_output(run, "s", to->s);
    runner_output(run, "cost", to->row_cost);
    runner_output(run, "energy", to->energy);
    runner_output(run, "penalty", to->row_penalty);
}

static bool go(const struct device *device, const char *kernel, int64_t rows, const struct what *what,
               struct results *to, struct fault *fault)
{
    struct runner *run;
    if (!runner_new(&run, device, &fake.bundle, kernel, rows, fault))
        return false;
    bind(run, what);
    bind_results(run, to);
    const bool good = runner_go(run, what->n, fault);
    runner_free(run);
    return good;
}

static bool open_gpu(struct device *out, int number, struct fault *fault)
{
    *out = (struct device){.row = &device_row_cuda, .threads = 2};
    return out->row->open(&out->state, number, fault);
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

static bool near(const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) <= 1e-12 * (1 + fabs(b[i]))))
            return false;
    return true;
}

static bool untouched(const double *rows, int64_t from)
{
    for (int64_t i = from; i < MOST_ROWS; i++)
        if (rows[i] != -77)
            return false;
    return true;
}

static void clear(struct results *results)
{
    double *const all = (double *)results;
    for (size_t i = 0; i < sizeof *results / sizeof(double); i++)
        all[i] = -77;
}

static void compare(const struct device *gpu, const char *kernel, const struct what *what)
{
    struct fault fault = {0};
    const struct device cpu = device_cpu(1);
    clear(&on_cpu);
    clear(&on_gpu);
    HOLDS(go(&cpu, kernel, MOST_ROWS, what, &on_cpu, &fault));
    HOLDS(go(gpu, kernel, MOST_ROWS, what, &on_gpu, &fault));
    HOLDS(near(&on_gpu.cost, &on_cpu.cost, 2 + D * D + D));
    HOLDS(near(on_gpu.s, on_cpu.s, MOST_ROWS * D) && near(on_gpu.row_cost, on_cpu.row_cost, MOST_ROWS));
    HOLDS(near(on_gpu.energy, on_cpu.energy, MOST_ROWS) &&
          near(on_gpu.row_penalty, on_cpu.row_penalty, MOST_ROWS));
    HOLDS(strcmp(kernel, "measure") != 0 || untouched(on_gpu.row_cost, what->n));
}

static void child_numbers(void)
{
    static const struct what calls[] = {{.n = 1},
                                        {.n = 7, .first = 20},
                                        {.n = 64, .ordered = true, .first = 10},
                                        {.n = 65, .turned = true},
                                        {.n = MOST_ROWS, .ordered = true, .turned = true}};
    struct fault fault = {0};
    struct device gpu;
    HOLDS(open_gpu(&gpu, 0, &fault));
    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        compare(&gpu, "train", &calls[i]);
        compare(&gpu, "measure", &calls[i]);
        compare(&gpu, "apply", &calls[i]);
    }
    compare(&gpu, "jacobian", &calls[0]); /* on the CPU: it has no code for GPUs */
    gpu.row->close(gpu.state);
}

/* A runner for many rows gives the bits of one for few; the weights are read anew in each call. */
static void child_same_runner(void)
{
    const struct what few = {.n = LAST}, many = {.n = MOST_ROWS};
    struct fault fault = {0};
    struct device gpu;
    struct runner *run;
    HOLDS(open_gpu(&gpu, 0, &fault));
    clear(&on_gpu);
    HOLDS(go(&gpu, "train", LAST, &few, &on_gpu, &fault));
    HOLDS(runner_new(&run, &gpu, &fake.bundle, "train", MOST_ROWS, &fault));
    clear(&on_cpu);
    bind(run, &many);
    bind_results(run, &on_cpu);
    HOLDS(runner_go(run, MOST_ROWS, &fault));
    HOLDS(on_cpu.cost != on_gpu.cost);
    HOLDS(runner_go(run, LAST, &fault));
    HOLDS(memcmp(&on_cpu, &on_gpu, sizeof on_gpu) == 0);
    given.theta[0] += 0.1;
    HOLDS(runner_go(run, LAST, &fault));
    HOLDS(on_cpu.cost != on_gpu.cost);
    HOLDS(runner_flop(run) == 1e6 && runner_useful_flop(run) == 8e5);
    runner_free(run);
    gpu.row->close(gpu.state);
}

/* The usual calls, to the file "results"; a fault is printed, and its code the status. */
static void child_calls(void)
{
    const struct what train = {.n = MOST_ROWS, .ordered = true}, measure = {.n = LAST};
    struct fault fault = {0};
    struct device gpu;
    clear(&on_gpu);
    const bool good = open_gpu(&gpu, 0, &fault) && go(&gpu, "train", MOST_ROWS, &train, &on_gpu, &fault) &&
                      go(&gpu, "measure", MOST_ROWS, &measure, &on_gpu, &fault);
    gpu.row->close(gpu.state);
    if (!good)
        (void)fprintf(stderr, "%s\n", fault.text);
    HOLDS(scratch_write("results", &on_gpu, sizeof on_gpu));
    if (!good)
        _Exit(fault.exit_code);
}

static void child_second_gpu(void)
{
    struct fault fault = {0};
    struct device gpu;
    HOLDS(!open_gpu(&gpu, 1, &fault));
    (void)fprintf(stderr, "%s\n", fault.text);
    _Exit(fault.exit_code);
}

static void child_no_code(void)
{
    struct fault fault = {0};
    struct device gpu;
    const struct what call = {.n = 1};
    fake_make(&fake, FAKE_DOUBLE3);
    HOLDS(open_gpu(&gpu, 0, &fault) && !go(&gpu, "train", 1, &call, &on_gpu, &fault));
    (void)fprintf(stderr, "%s\n", fault.text);
    gpu.row->close(gpu.state);
    _Exit(fault.exit_code);
}

/* ---- processes ----------------------------------------------------------------------------------------- */

static const struct child {
    const char *name;
    void (*run)(void);
} children[] = {
    {"numbers", child_numbers},       {"same runner", child_same_runner}, {"calls", child_calls},
    {"second GPU", child_second_gpu}, {"no code", child_no_code},
};

static bool load_image(const char *name)
{
    size_t bytes;
    char *const code = scratch_read(name, &bytes);
    image = (struct gpfc_cuda_image){
        .architecture = 90, .is_ptx = strcmp(name, "ptx") == 0, .bytes = (int64_t)bytes, .code = code};
    return code;
}

static int child_main(const char *name)
{
    const char *const other = getenv("IMAGE");
    if (!load_image(other ? other : "cubin"))
        return 2;
    make_numbers();
    fake_make(&fake, FAKE_DOUBLE3);
    fake_cuda_add(&fake_cuda, &fake, &image, 1);
    for (size_t i = 0; i < CHECK_COUNT(children); i++)
        if (strcmp(children[i].name, name) == 0) {
            children[i].run();
            return 0;
        }
    return 2;
}

static void expect_child(const char *options, const char *name, int status, const char *text)
{
    const int found = run_child(options, name);
    const bool good = found == status && (!text || file_has("printed", text));
    if (!good) {
        (void)fprintf(stderr, "\n  %s, %s: status %d\n", options, name, found);
        print_file("printed");
    }
    CU_ASSERT(good);
}

/* ---- cases --------------------------------------------------------------------------------------------- */

static void numbers_are_those_of_the_cpu(void)
{
    expect_child("", "numbers", 0, NULL);
    expect_child("order=2", "same runner", 0, NULL);
}

static void expect_same_results(const char *expected)
{
    size_t n, m;
    char *const a = scratch_read(expected, &n), *const b = scratch_read("results", &m);
    CU_ASSERT(a && b && n == m && memcmp(a, b, n) == 0);
    free(a);
    free(b);
}

static void bits_do_not_depend_on_memory(void)
{
    expect_child("check=0", "calls", 0, NULL);
    CU_ASSERT_EQUAL(rename("results", "expected"), 0);
    static const char *const options[] = {"check=0,memory=150000", "check=0,memory=100000",
                                          "check=0,order=0"};
    for (size_t i = 0; i < CHECK_COUNT(options); i++) {
        expect_child(options[i], "calls", 0, NULL);
        expect_same_results("expected");
    }
    expect_child("check=0,memory=60000", "calls", 1, "kB could be taken: cuMemAlloc: out of memory (2, ");
}

/* There is room for what must be; where there is none for pieces, smaller ones do. */
static void full_memory(void)
{
    char options[100];
    static const char *const calls[] = {"cuMemAlloc", "cuMemHostAlloc"};
    for (size_t i = 0; i < CHECK_COUNT(calls); i++)
        for (int nth = 1; nth <= 4 - 2 * (int)i; nth++) {
            (void)snprintf(options, sizeof options, "check=0,fail=%s:%d:2", calls[i], nth);
            if (nth <= 2 - (int)i) {
                expect_child(options, "calls", 1, "could be taken");
            } else {
                expect_child(options, "calls", 0, NULL);
                expect_same_results("expected");
            }
        }
}

static void what_fails_is_quoted(void)
{
    static const struct {
        const char *options, *text;
    } faults[] = {
        {"driver=11080", "NVIDIA's driver is too old: it is for CUDA 11.8, and 12.0 or newer is needed"},
        {"devices=0", "NVIDIA's driver finds no GPU"},
        {"capability=80", "has no code that stand-in for sm_80 (sm_80) can run"},
        {"lost=1", "cuda:0, stand-in for sm_90: cu"},
        {"lost=6", "unspecified launch failure (719, CUDA_ERROR_LAUNCH_FAILED)"},
        {"fail=cuInit:1:999", "cuInit: unknown error (999, CUDA_ERROR_UNKNOWN)"},
        {"fail=cuInit:1:803", "cuInit: failed (803, a code that this driver has no name for)"},
        {"fail=cuModuleLoadDataEx:1:209", "cubin for sm_90: cuModuleLoadDataEx: no kernel image is"},
    };
    (void)setenv("GPFC_NVRTC", "/none/libnvrtc.so", 1);
    for (size_t i = 0; i < CHECK_COUNT(faults); i++)
        expect_child(faults[i].options, "calls", 1, faults[i].text);
    expect_child("capability=80", "calls", 1,
                 "text for sm_80: NVRTC, as GPFC_NVRTC names it, cannot be loaded");
    (void)unsetenv("GPFC_NVRTC");
    expect_child("capability=80", "calls", 0, NULL); /* compiled anew */
    expect_child("fail=nvrtcCompileProgram:1:6,capability=80", "calls", 1, "nvrtcCompileProgram: 6");
    expect_child("", "second GPU", 1, "there is no GPU cuda:1: there is 1, from cuda:0 on");
    expect_child("", "no code", 1, "this trainer was compiled without code for GPUs");
}

static void each_call_may_fail(void)
{
    static const char *const calls[] = {
        "cuDeviceGetCount",    "cuDeviceGet",         "cuDeviceGetAttribute", "cuDeviceGetName",
        "cuDeviceTotalMem",    "cuCtxSetCurrent",     "cuStreamCreate",       "cuDevicePrimaryCtxRetain",
        "cuModuleGetFunction", "cuMemAlloc",          "cuMemHostAlloc",       "cuEventCreate",
        "cuMemcpyHtoDAsync",   "cuLaunchKernel",      "cuMemcpyDtoHAsync",    "cuEventRecord",
        "cuEventSynchronize",  "cuStreamSynchronize",
    };
    char options[100], text[100];
    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        (void)snprintf(options, sizeof options, "check=0,fail=%s:1:700", calls[i]);
        (void)snprintf(text, sizeof text, "%s: an illegal memory access was encountered (700, ", calls[i]);
        expect_child(options, "calls", 1, text);
    }
}

static void no_driver(void)
{
    const char *const folder = getenv("LD_LIBRARY_PATH");
    char kept[4096];
    (void)snprintf(kept, sizeof kept, "%s", folder);
    (void)setenv("LD_LIBRARY_PATH", "/nonexistent", 1);
    expect_child("", "calls", 1, "a GPU needs NVIDIA's driver, which cannot be loaded: libcuda.so.1: ");
    (void)setenv("LD_LIBRARY_PATH", kept, 1);
}

static void other_images(void)
{
    (void)setenv("IMAGE", "ptx", 1);
    expect_child("check=0,capability=100", "calls", 0, NULL);
    expect_same_results("expected");
    expect_child("driver=12080", "calls", 1, "PTX for sm_90: cuModuleLoadDataEx: the provided PTX was");
    (void)unsetenv("IMAGE");
    expect_child("driver=12080", "calls", 1, "cubin for sm_90: cuModuleLoadDataEx: device kernel image is");
}

static const struct check_case cases[] = {
    {"numbers are those of the CPU", numbers_are_those_of_the_cpu},
    {"bits do not depend on memory", bits_do_not_depend_on_memory},
    {"full memory", full_memory},
    {"what fails is quoted", what_fails_is_quoted},
    {"each call may fail", each_call_may_fail},
    {"no driver", no_driver},
    {"other images", other_images},
};

static bool write_image(const char *name, const char *architecture, bool is_ptx)
{
    size_t bytes;
    char *const code = nvrtc_compile(fake_cuda.text, architecture, is_ptx, &bytes);
    const bool good = scratch_write(name, code, bytes);
    free(code);
    return good;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return child_main(argv[1]);
    if (why_no_stand_in()) {
        printf("skipped: %s\n", why_no_stand_in());
        return CHECK_SKIP;
    }
    set_up_stand_in();
    struct scratch scratch;
    if (!scratch_make(&scratch) || chdir(scratch.folder) != 0)
        return EXIT_FAILURE;
    fake_make(&fake, FAKE_DOUBLE3);
    fake_cuda_text(&fake.bundle, fake_cuda.text, sizeof fake_cuda.text);
    int status = EXIT_FAILURE;
    if (nvrtc_load() && write_image("cubin", "--gpu-architecture=sm_90", false) &&
        write_image("ptx", "--gpu-architecture=compute_90", true))
        status = check_main("runner_cuda", cases, CHECK_COUNT(cases));
    scratch_remove(&scratch);
    return status;
}
