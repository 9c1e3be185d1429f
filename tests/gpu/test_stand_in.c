/* SPDX-License-Identifier: MIT
 *
 * The stand-ins for libcuda and libnvrtc: kernels that are right run and are found right, and each fault that
 * they are there to find is found. What is asked of them is read once, so that most cases run in a process of
 * their own: this program with the name of a case, and the options in GPFC_STAND_IN. */
#include "check.h"
#include "cuda/cuda_interface.h"
#include "gpu/in_test.h"
#include "gpu/kernels_in_test.h"
#include "scratch.h"

#include <stdint.h>

enum { STATUS_OF_FAULTS = 66 };

/* ---- the libraries ------------------------------------------------------------------------------------- */

static struct {
    void *library;
#define CUDA_FUNCTION(name, symbol, parameters) CUresult(*name) parameters;
#include "cuda/cuda_functions.def"
} gpu;

static bool load_libraries(void)
{
    gpu.library = gpu_library("libcuda.so.1");
    if (!gpu.library || !nvrtc_load())
        return false;
#define CUDA_FUNCTION(name, symbol, parameters) gpu_function(gpu.library, #symbol, &gpu.name);
#include "cuda/cuda_functions.def"
    return true;
}

static void start(void)
{
    CUdevice device;
    CUcontext context;
    GOOD(gpu.cuInit(0));
    GOOD(gpu.cuDeviceGet(&device, 0));
    GOOD(gpu.cuDevicePrimaryCtxRetain(&context, device));
    GOOD(gpu.cuCtxSetCurrent(context));
}

/* ---- texts --------------------------------------------------------------------------------------------- */

/* The kernels, without the part number `without` of those between two '@'; -1: with all. The "-1" of `scale`
 * is one that has to be left out, so it is part 0 and is there only if it is asked for. */
static void write_kernels(char out[], int without)
{
    int part = -1;
    bool inside = false;
    for (const char *c = KERNELS; *c; c++) {
        if (*c == '@') {
            inside = !inside;
            part += inside;
            continue;
        }
        if (!inside || (part == 0 ? without == 0 : part != without))
            *out++ = *c;
    }
    *out = '\0';
}

/* Compiled by the first child that wants them, kept for the others. */
static CUmodule load_kernels(int without)
{
    char text[sizeof KERNELS], name[30];
    CUmodule module;
    size_t bytes;
    (void)snprintf(name, sizeof name, "without%d", without);
    char *image = scratch_read(name, &bytes);
    if (!image) {
        write_kernels(text, without);
        image = nvrtc_compile(text, "--gpu-architecture=sm_90", false, &bytes);
        HOLDS(scratch_write(name, image, bytes));
    }
    GOOD(gpu.cuModuleLoadDataEx(&module, image, 0, NULL, NULL));
    free(image);
    return module;
}

static CUresult launch(CUmodule module, const char *name, unsigned blocks, unsigned threads,
                       unsigned shared_bytes, CUstream stream, void *parameters[])
{
    CUfunction function;
    GOOD(gpu.cuModuleGetFunction(&function, module, name));
    return gpu.cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, shared_bytes, stream, parameters, NULL);
}

static CUdeviceptr room(size_t floats)
{
    CUdeviceptr memory;
    GOOD(gpu.cuMemAlloc(&memory, floats * sizeof(float)));
    return memory;
}

static void put(CUdeviceptr to, const float from[], size_t n)
{
    GOOD(gpu.cuMemcpyHtoDAsync(to, from, n * sizeof(float), NULL));
}

static void get(float to[], CUdeviceptr from, size_t n)
{
    GOOD(gpu.cuMemcpyDtoHAsync(to, from, n * sizeof(float), NULL));
    GOOD(gpu.cuStreamSynchronize(NULL));
}

/* ---- kernels that are right ---------------------------------------------------------------------------- */

static void count_up(float values[], int n)
{
    for (int i = 0; i < n; i++)
        values[i] = (float)i;
}

static void run_scale(CUmodule module)
{
    float values[100], got[100];
    int n = 100;
    struct {
        CUdeviceptr to, from;
    } pair = {room(100), room(100)};
    count_up(values, n);
    put(pair.from, values, 100);
    GOOD(launch(module, "scale", 2, 64, 0, NULL, (void *[]){&pair, &n}));
    get(got, pair.to, 100);
    for (int i = 0; i < n; i++)
        HOLDS(got[i] == 2 * values[i]);
    GOOD(gpu.cuMemFree(pair.to));
    GOOD(gpu.cuMemFree(pair.from));
}

static void run_sum(CUmodule module)
{
    float values[256], got[2];
    CUdeviceptr to = room(2), from = room(256);
    count_up(values, 256);
    put(from, values, 256);
    GOOD(launch(module, "sum", 2, 128, 512, NULL, (void *[]){&to, &from}));
    get(got, to, 2);
    HOLDS(got[0] == 8128 && got[1] == 24512);
}

static void run_reverse(CUmodule module)
{
    float values[64], got[64];
    CUdeviceptr to = room(64), from = room(64);
    count_up(values, 64);
    put(from, values, 64);
    GOOD(launch(module, "reverse", 1, 64, 256, NULL, (void *[]){&to, &from}));
    get(got, to, 64);
    HOLDS(memcmp(got, values, sizeof got) == 0);
}

static void run_halves(CUmodule module)
{
    float got[32];
    CUdeviceptr to = room(32);
    GOOD(launch(module, "halves", 1, 32, 0, NULL, (void *[]){&to}));
    get(got, to, 32);
    HOLDS(got[0] == 240 && got[31] == 376);
}

static void child_right(void)
{
    start();
    const CUmodule module = load_kernels(-1);
    run_scale(module);
    run_sum(module);
    run_reverse(module);
    run_halves(module);
    GOOD(gpu.cuModuleUnload(module));
}

/* Without one of its parts: numbers may be right or wrong, the fault has to be found. */
static void child_without(int part)
{
    float values[256] = {0};
    start();
    const CUmodule module = load_kernels(part);
    CUdeviceptr to = room(256), from = room(256);
    put(from, values, 256);
    if (part <= 2)
        GOOD(launch(module, "sum", 2, 128, 512, NULL, (void *[]){&to, &from}));
    else
        GOOD(launch(module, "reverse", 1, 64, 256, NULL, (void *[]){&to, &from}));
    GOOD(gpu.cuStreamSynchronize(NULL));
}

static void child_first_barrier(void)
{
    child_without(1);
}

static void child_inner_barrier(void)
{
    child_without(2);
}

static void child_first_warp(void)
{
    child_without(3);
}

static void child_second_warp(void)
{
    child_without(4);
}

/* ---- kernels that are wrong ---------------------------------------------------------------------------- */

static CUresult run_late(int which, unsigned blocks)
{
    float zeros[64] = {0};
    start();
    const CUmodule module = load_kernels(-1);
    CUdeviceptr to = room(64);
    put(to, zeros, 64);
    GOOD(launch(module, "late", blocks, 32, 256, NULL, (void *[]){&to, &which}));
    return gpu.cuStreamSynchronize(NULL);
}

#define LATE(name, which, blocks, code)                                                                      \
    static void name(void)                                                                                   \
    {                                                                                                        \
        GIVES(code, run_late(which, blocks));                                                                \
    }
LATE(child_not_all, 0, 1, CUDA_SUCCESS)
LATE(child_different, 1, 1, CUDA_SUCCESS)
LATE(child_lanes, 2, 1, CUDA_ERROR_LAUNCH_FAILED)
LATE(child_unwritten, 3, 1, CUDA_SUCCESS)
LATE(child_two_threads, 4, 1, CUDA_SUCCESS)
LATE(child_two_blocks, 5, 2, CUDA_SUCCESS)
LATE(child_outside, 6, 1, CUDA_SUCCESS)
LATE(child_misaligned, 7, 1, CUDA_SUCCESS)
LATE(child_bytes, 8, 1, CUDA_SUCCESS)
LATE(child_one_block, 9, 1, CUDA_SUCCESS)
LATE(child_read_blocks, 9, 2, CUDA_SUCCESS)

/* ---- the driver ---------------------------------------------------------------------------------------- */

/* Nothing is done before somebody waits for it, and pinned memory is read when it is copied. */
static void child_late(void)
{
    float *pinned, got = 7;
    CUstream stream;
    start();
    GOOD(gpu.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    GOOD(gpu.cuMemHostAlloc((void **)&pinned, sizeof *pinned, 0));
    const CUdeviceptr memory = room(1);
    *pinned = 1;
    GOOD(gpu.cuMemcpyHtoDAsync(memory, pinned, sizeof *pinned, stream));
    *pinned = 2;
    GOOD(gpu.cuMemcpyDtoHAsync(&got, memory, sizeof got, stream));
    HOLDS(got == 7);
    GOOD(gpu.cuStreamSynchronize(stream));
    HOLDS(got == 2);
    GOOD(gpu.cuMemFreeHost(pinned));
    GOOD(gpu.cuStreamDestroy(stream));
}

static void child_events(void)
{
    float got = 0, milliseconds;
    CUstream first, second;
    CUevent begin, event;
    start();
    GOOD(gpu.cuStreamCreate(&first, CU_STREAM_NON_BLOCKING));
    GOOD(gpu.cuStreamCreate(&second, CU_STREAM_NON_BLOCKING));
    GOOD(gpu.cuEventCreate(&begin, CU_EVENT_DEFAULT));
    GOOD(gpu.cuEventCreate(&event, CU_EVENT_DEFAULT));
    const CUdeviceptr memory = room(1);
    GOOD(gpu.cuEventRecord(begin, first));
    GOOD(gpu.cuMemsetD32Async(memory, 0x3f800000, 1, first));
    GOOD(gpu.cuEventRecord(event, first));
    GOOD(gpu.cuMemsetD32Async(memory, 0x40000000, 1, first));
    GIVES(CUDA_ERROR_NOT_READY, gpu.cuEventElapsedTime(&milliseconds, begin, event));
    GOOD(gpu.cuStreamWaitEvent(second, event, 0));
    GOOD(gpu.cuMemcpyDtoHAsync(&got, memory, sizeof got, second));
    GOOD(gpu.cuStreamSynchronize(second));
    HOLDS(got == 1);
    GOOD(gpu.cuEventElapsedTime(&milliseconds, begin, event));
    HOLDS(milliseconds >= 0);
    GOOD(gpu.cuEventDestroy(event));
    GOOD(gpu.cuStreamDestroy(first));
}

/* A graph keeps the parameters of its launches, and is run as often as one likes. */
static void child_graph(void)
{
    float values[100], got[100];
    int n = 100;
    CUstream stream;
    CUgraph graph;
    CUgraphExec exec;
    start();
    const CUmodule module = load_kernels(-1);
    struct {
        CUdeviceptr to, from;
    } pair = {room(100), 0};
    pair.from = pair.to;
    count_up(values, n);
    put(pair.to, values, 100);
    GOOD(gpu.cuStreamSynchronize(NULL));
    GOOD(gpu.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    GOOD(gpu.cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    GOOD(launch(module, "scale", 2, 64, 0, stream, (void *[]){&pair, &n}));
    GIVES(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, gpu.cuStreamSynchronize(stream));
    GOOD(gpu.cuStreamEndCapture(stream, &graph));
    n = 0;
    GOOD(gpu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    GOOD(gpu.cuGraphDestroy(graph));
    for (int i = 0; i < 3; i++)
        GOOD(gpu.cuGraphLaunch(exec, stream));
    GOOD(gpu.cuGraphExecDestroy(exec));
    GOOD(gpu.cuStreamSynchronize(stream));
    get(got, pair.to, 100);
    HOLDS(got[1] == 8 && got[99] == 8 * 99);
}

static void child_globals(void)
{
    const float other[2] = {3, 0};
    float values[64], got[64];
    int n = 64;
    size_t bytes;
    CUdeviceptr factor;
    start();
    const CUmodule module = load_kernels(-1);
    GOOD(gpu.cuModuleGetGlobal(&factor, &bytes, module, "factor"));
    HOLDS(bytes == sizeof other);
    put(factor, other, 2);
    struct {
        CUdeviceptr to, from;
    } pair = {room(64), room(64)};
    count_up(values, n);
    put(pair.from, values, 64);
    GOOD(launch(module, "scale", 1, 64, 0, NULL, (void *[]){&pair, &n}));
    get(got, pair.to, 64);
    HOLDS(got[5] == 15);
    GIVES(CUDA_ERROR_NOT_FOUND, gpu.cuModuleGetGlobal(&factor, &bytes, module, "nothing"));
}

static void child_limits(void)
{
    CUdeviceptr to = 0, more;
    int stride = 1;
    CUfunction function;
    start();
    GIVES(CUDA_ERROR_OUT_OF_MEMORY, gpu.cuMemAlloc(&more, 2000));
    GOOD(gpu.cuMemAlloc(&to, 900));
    GIVES(CUDA_ERROR_OUT_OF_MEMORY, gpu.cuMemAlloc(&more, 200));
    GIVES(CUDA_ERROR_INVALID_VALUE, gpu.cuMemcpyHtoDAsync(to, "", 901, NULL));
    const CUmodule module = load_kernels(-1);
    GIVES(CUDA_ERROR_INVALID_VALUE, launch(module, "strided", 1, 32, 50000, NULL, (void *[]){&to, &stride}));
    GIVES(CUDA_ERROR_INVALID_VALUE, launch(module, "strided", 1, 1025, 0, NULL, (void *[]){&to, &stride}));
    GOOD(gpu.cuModuleGetFunction(&function, module, "strided"));
    GIVES(CUDA_ERROR_NOT_FOUND, gpu.cuModuleGetFunction(&function, module, "nothing"));
    GIVES(CUDA_ERROR_INVALID_VALUE,
          gpu.cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 300000));
    GOOD(gpu.cuMemFree(to));
    GIVES(CUDA_ERROR_INVALID_VALUE, gpu.cuMemFree(to));
}

static void child_images(void)
{
    static const char text[] = "extern \"C\" __global__ void nothing(int x) {}";
    CUmodule module;
    size_t bytes;
    start();
    char *const same = nvrtc_compile(text, "--gpu-architecture=sm_90", false, &bytes);
    char *const older = nvrtc_compile(text, "--gpu-architecture=sm_80", false, &bytes);
    char *const old_ptx = nvrtc_compile(text, "--gpu-architecture=compute_80", true, &bytes);
    char *const new_ptx = nvrtc_compile(text, "--gpu-architecture=compute_120", true, &bytes);
    GOOD(gpu.cuModuleLoadDataEx(&module, same, 0, NULL, NULL));
    GIVES(CUDA_ERROR_NO_BINARY_FOR_GPU, gpu.cuModuleLoadDataEx(&module, older, 0, NULL, NULL));
    GOOD(gpu.cuModuleLoadDataEx(&module, old_ptx, 0, NULL, NULL));
    GIVES(CUDA_ERROR_NO_BINARY_FOR_GPU, gpu.cuModuleLoadDataEx(&module, new_ptx, 0, NULL, NULL));
    memset(same, 'x', 16);
    GIVES(CUDA_ERROR_INVALID_IMAGE, gpu.cuModuleLoadDataEx(&module, same, 0, NULL, NULL));
}

static void child_new_toolkit(void)
{
    static const char text[] = "extern \"C\" __global__ void nothing(int x) {}";
    CUmodule module;
    size_t bytes;
    start();
    char *const cubin = nvrtc_compile(text, "--gpu-architecture=sm_90", false, &bytes);
    char *const ptx = nvrtc_compile(text, "--gpu-architecture=compute_90", true, &bytes);
    GIVES(CUDA_ERROR_INVALID_IMAGE, gpu.cuModuleLoadDataEx(&module, cubin, 0, NULL, NULL));
    GIVES(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, gpu.cuModuleLoadDataEx(&module, ptx, 0, NULL, NULL));
}

static void child_lost(void)
{
    float got;
    CUdeviceptr memory;
    start();
    const CUmodule module = load_kernels(-1);
    run_halves(module);
    CUdeviceptr to = room(32);
    GOOD(launch(module, "halves", 1, 32, 0, NULL, (void *[]){&to}));
    GIVES(CUDA_ERROR_LAUNCH_FAILED, gpu.cuStreamSynchronize(NULL));
    GIVES(CUDA_ERROR_LAUNCH_FAILED, gpu.cuMemAlloc(&memory, 4));
    GIVES(CUDA_ERROR_LAUNCH_FAILED, gpu.cuMemcpyDtoHAsync(&got, to, 4, NULL));
}

static void child_failing(void)
{
    CUdeviceptr memory;
    start();
    GOOD(gpu.cuMemAlloc(&memory, 4));
    GIVES(CUDA_ERROR_ILLEGAL_ADDRESS, gpu.cuMemAlloc(&memory, 4));
    GOOD(gpu.cuMemAlloc(&memory, 4));
}

static void child_no_device(void)
{
    int version = 0;
    GOOD(gpu.cuDriverGetVersion(&version));
    HOLDS(version == 11080);
    GIVES(CUDA_ERROR_NO_DEVICE, gpu.cuInit(0));
}

static void child_no_start(void)
{
    CUdevice device;
    GIVES(CUDA_ERROR_NOT_INITIALIZED, gpu.cuDeviceGet(&device, 0));
}

static void child_wrong_text(void)
{
    nvrtcProgram program;
    size_t bytes;
    GOOD(nvrtc.nvrtcCreateProgram(&program, "extern \"C\" __global__ void k(int x) { x = y; }", "k.cu", 0,
                                  NULL, NULL));
    GIVES(NVRTC_ERROR_COMPILATION, nvrtc.nvrtcCompileProgram(program, 0, NULL));
    GOOD(nvrtc.nvrtcGetProgramLogSize(program, &bytes));
    char *const log = malloc(bytes);
    GOOD(nvrtc.nvrtcGetProgramLog(program, log));
    HOLDS(strstr(log, "k.cu:1") && strstr(log, "y"));
    free(log);
}

static void child_counts(void)
{
    int stride;
    start();
    const CUmodule module = load_kernels(-1);
    CUdeviceptr to = room(1024);
    for (stride = 1; stride <= 32; stride *= 2)
        GOOD(launch(module, "strided", 1, 32, 4096, NULL, (void *[]){&to, &stride}));
    GOOD(gpu.cuStreamSynchronize(NULL));
}

/* ---- children ------------------------------------------------------------------------------------------ */

static const struct child {
    const char *name;
    void (*run)(void);
    const char *options;
    const char *fault; /* part of what is printed; NULL: nothing may be */
} children[] = {
    {"right", child_right, "order=1", NULL},
    {"right in another order", child_right, "order=12345", NULL},
    {"right in order", child_right, "order=0", NULL},
    {"without the first barrier", child_first_barrier, "order=0", "read of what nobody wrote"},
    {"without the barrier of the loop", child_inner_barrier, "order=0", "race"},
    {"without the first __syncwarp", child_first_warp, "order=0", "race: a thread reads what another writes"},
    {"without the second __syncwarp", child_second_warp, "order=0",
     "race: a thread writes what another reads"},
    {"not all reach a barrier", child_not_all, "", "a barrier that not all threads reach"},
    {"different barriers", child_different, "", "threads wait at different barriers"},
    {"lanes that do not come", child_lanes, "", "a warp waits for lanes that do not come"},
    {"read of what nobody wrote", child_unwritten, "", "read of what nobody wrote"},
    {"two threads write", child_two_threads, "", "race: two threads write"},
    {"two blocks write", child_two_blocks, "", "race between blocks"},
    {"two blocks read and write", child_read_blocks, "", "race between blocks"},
    {"one block reads and writes", child_one_block, "", NULL},
    {"outside of an array", child_outside, "", "write outside of every array"},
    {"misaligned", child_misaligned, "", "misaligned access"},
    {"bytes of one word", child_bytes, "", NULL},
    {"work is done late", child_late, "", NULL},
    {"events", child_events, "", NULL},
    {"graphs", child_graph, "", NULL},
    {"constants", child_globals, "", NULL},
    {"limits", child_limits, "memory=1000", NULL},
    {"images", child_images, "", NULL},
    {"images of a newer toolkit", child_new_toolkit, "driver=12080,nvrtc=13000", NULL},
    {"a lost device", child_lost, "lost=2", NULL},
    {"a call that fails", child_failing, "fail=cuMemAlloc:2:700", NULL},
    {"no device", child_no_device, "devices=0,driver=11080", NULL},
    {"no start", child_no_start, "", NULL},
    {"a text that is wrong", child_wrong_text, "", NULL},
    {"counts", child_counts, "order=1,counts=counts", NULL},
};

static void each_child_ends_as_it_should(void)
{
    for (size_t i = 0; i < CHECK_COUNT(children); i++) {
        const struct child *const child = &children[i];
        const int status = run_child(child->options, child->name);
        const bool good = child->fault ? status == STATUS_OF_FAULTS && file_has("printed", child->fault)
                                       : status == 0 && !file_has("printed", "stand-in");
        if (!good) {
            (void)fprintf(stderr, "\n  %s: status %d\n", child->name, status);
            print_file("printed");
        }
        CU_ASSERT(good);
    }
}

/* A fault says where in the text it is. */
static void faults_have_lines(void)
{
    for (size_t i = 0; i < CHECK_COUNT(children); i++)
        if (strcmp(children[i].name, "outside of an array") == 0) {
            CU_ASSERT_EQUAL(run_child(children[i].options, children[i].name), STATUS_OF_FAULTS);
            CU_ASSERT(file_has("printed", "kernels.cu:6"));
        }
}

/* Words apart by 1, 2, ... 32: as many wavefronts as banks collide, as many sectors as are touched. */
static void wavefronts_are_counted(void)
{
    char line[500];
    long stride = 1;
    FILE *const file = fopen("counts", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof line, file)) {
        long requests = 0, lanes = 0, wavefronts = 0, fewest = 0, sectors = 0;
        char where[20] = "", how[20] = "";
        if (sscanf(line,
                   "strided %19s %19s bytes 4 requests %ld lanes %ld wavefronts %ld fewest %ld sectors %ld",
                   where, how, &requests, &lanes, &wavefronts, &fewest, &sectors) != 7)
            continue;
        CU_ASSERT(requests == 1 && lanes == 32);
        if (strcmp(where, "shared") == 0) {
            CU_ASSERT(wavefronts == stride && fewest == 1);
        } else {
            CU_ASSERT_EQUAL(sectors, stride <= 8 ? 4 * stride : 32);
            stride *= 2;
        }
    }
    (void)fclose(file);
    CU_ASSERT_EQUAL(stride, 64);
}

static const struct check_case cases[] = {
    {"each child ends as it should", each_child_ends_as_it_should},
    {"faults have lines", faults_have_lines},
    {"wavefronts are counted", wavefronts_are_counted},
};

static int child_main(const char *name)
{
    for (size_t i = 0; i < CHECK_COUNT(children); i++)
        if (strcmp(children[i].name, name) == 0) {
            children[i].run();
            return 0;
        }
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return load_libraries() ? child_main(argv[1]) : 2;
    if (why_no_stand_in()) {
        printf("skipped: %s\n", why_no_stand_in());
        return CHECK_SKIP;
    }
    set_up_stand_in();
    struct scratch scratch;
    if (!scratch_make(&scratch) || chdir(scratch.folder) != 0)
        return EXIT_FAILURE;
    const int status = check_main("stand-ins for CUDA", cases, CHECK_COUNT(cases));
    scratch_remove(&scratch);
    return status;
}
