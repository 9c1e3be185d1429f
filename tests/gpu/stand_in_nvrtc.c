/* SPDX-License-Identifier: MIT
 *
 * A stand-in for libnvrtc: the text is compiled for this machine, by the C++ compiler of GPFC_STAND_IN_CXX
 * with the flags of GPFC_STAND_IN_CXXFLAGS. GPFC_STAND_IN_HEADERS is the folder of cuda_on_cpu.h. */
#include "gpu/stand_in_image.h"
#include "gpu/stand_in_options.h"
#include "nvrtc/nvrtc_interface.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NVRTC_FUNCTION(name, parameters) nvrtcResult name parameters;
#include "nvrtc/nvrtc_functions.def"

enum { MOST_FOLDER = 300, MOST_PATH = MOST_FOLDER + 100, MOST_COMMAND = 4000, MOST_NAME = 100 };

struct bytes {
    char *at;
    size_t n;
};

struct nvrtc_program {
    char *text, *name;
    struct bytes log, object;
    int architecture;
    bool is_for_ptx; /* compute_XX was asked for, not sm_XX */
};

#define ENTER(name)                                                                                          \
    do {                                                                                                     \
        const int failure_ = stand_in_failure(name);                                                         \
        if (failure_)                                                                                        \
            return (nvrtcResult)failure_;                                                                    \
    } while (0)

/* ---- version ------------------------------------------------------------------------------------------- */

nvrtcResult nvrtcVersion(int *major, int *minor)
{
    ENTER("nvrtcVersion");
    *major = (int)stand_in_options()->nvrtc / 1000;
    *minor = (int)stand_in_options()->nvrtc % 1000 / 10;
    return NVRTC_SUCCESS;
}

static const int architectures[] = {75, 80, 86, 89, 90, 100, 120};
enum { N_ARCHITECTURES = sizeof architectures / sizeof architectures[0] };

nvrtcResult nvrtcGetNumSupportedArchs(int *count)
{
    ENTER("nvrtcGetNumSupportedArchs");
    *count = N_ARCHITECTURES;
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetSupportedArchs(int *out)
{
    ENTER("nvrtcGetSupportedArchs");
    memcpy(out, architectures, sizeof architectures);
    return NVRTC_SUCCESS;
}

static bool is_supported(int architecture)
{
    for (int i = 0; i < N_ARCHITECTURES; i++)
        if (architectures[i] == architecture)
            return true;
    return false;
}

/* ---- programs ------------------------------------------------------------------------------------------ */

nvrtcResult nvrtcCreateProgram(nvrtcProgram *out, const char *text, const char *name, int n_headers,
                               const char *const *headers, const char *const *header_names)
{
    ENTER("nvrtcCreateProgram");
    (void)headers, (void)header_names;
    struct nvrtc_program *const program = calloc(1, sizeof *program);
    if (!program)
        return NVRTC_ERROR_OUT_OF_MEMORY;
    program->text = strdup(text);
    program->name = strdup(name ? name : "default_program");
    *out = program;
    return n_headers > 0 ? NVRTC_ERROR_INVALID_INPUT : NVRTC_SUCCESS;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram *program)
{
    free((*program)->text);
    free((*program)->name);
    free((*program)->log.at);
    free((*program)->object.at);
    free(*program);
    *program = NULL;
    return NVRTC_SUCCESS;
}

static struct bytes read_file(const char *path)
{
    FILE *const file = fopen(path, "rb");
    struct bytes bytes = {.at = NULL};
    size_t n;
    char part[65536];
    while (file && (n = fread(part, 1, sizeof part, file)) > 0) {
        bytes.at = realloc(bytes.at, bytes.n + n);
        if (!bytes.at)
            abort();
        memcpy(bytes.at + bytes.n, part, n);
        bytes.n += n;
    }
    if (file)
        (void)fclose(file);
    return bytes;
}

/* ---- the text for a C++ compiler ----------------------------------------------------------------------- */

static bool is_part_of_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The name before the parenthesis that opens a kernel's parameters, from behind its __global__. */
static size_t kernel_name(const char *at, const char **name)
{
    static const char BOUNDS[] = "__launch_bounds__";
    const char *open = strchr(at, '(');
    while (open && (size_t)(open - at) >= sizeof BOUNDS - 1 &&
           strncmp(open - (sizeof BOUNDS - 1), BOUNDS, sizeof BOUNDS - 1) == 0) {
        at = strchr(open, ')');
        open = at ? strchr(at, '(') : NULL;
    }
    if (!open)
        return 0;
    const char *end = open;
    while (end > at && end[-1] == ' ')
        end--;
    *name = end;
    while (*name > at && is_part_of_name((*name)[-1]))
        --*name;
    return (size_t)(end - *name);
}

static void write_kernels(FILE *file, const char *text)
{
    const char *name = NULL;
    for (const char *at = text; (at = strstr(at, "__global__ "));) {
        at += strlen("__global__ ");
        const size_t bytes = kernel_name(at, &name);
        if (bytes > 0 && bytes < MOST_NAME)
            (void)fprintf(file, "STAND_IN_KERNEL(%.*s)\n", (int)bytes, name);
    }
}

static bool write_text(const struct nvrtc_program *program, const char *path)
{
    FILE *const file = fopen(path, "w");
    if (!file)
        return false;
    (void)fprintf(file, "%s\n", program->text);
    write_kernels(file, program->text);
    return fclose(file) == 0;
}

/* ---- options ------------------------------------------------------------------------------------------- */

static bool value_of(const char *option, const char *name, const char **value)
{
    const size_t n = strlen(name);
    *value = option + n;
    return strncmp(option, name, n) == 0;
}

static nvrtcResult read_options(struct nvrtc_program *program, int n, const char *const *options)
{
    const char *value;
    program->architecture = 75; /* NVRTC 13's own */
    for (int i = 0; i < n; i++)
        if (value_of(options[i], "--gpu-architecture=sm_", &value) ||
            value_of(options[i], "-arch=sm_", &value)) {
            program->architecture = (int)strtol(value, NULL, 10);
        } else if (value_of(options[i], "--gpu-architecture=compute_", &value) ||
                   value_of(options[i], "-arch=compute_", &value)) {
            program->architecture = (int)strtol(value, NULL, 10);
            program->is_for_ptx = true;
        }
    return is_supported(program->architecture) ? NVRTC_SUCCESS : NVRTC_ERROR_INVALID_OPTION;
}

/* Of NVRTC's options a C++ compiler gets definitions and folders; the others are for a GPU. */
static void write_definitions(char command[], size_t room, int n, const char *const *options)
{
    const char *value;
    for (int i = 0; i < n; i++) {
        const size_t used = strlen(command);
        if (value_of(options[i], "--gpu-architecture=sm_", &value) ||
            value_of(options[i], "--gpu-architecture=compute_", &value))
            (void)snprintf(command + used, room - used, " -D__CUDA_ARCH__=%d0", (int)strtol(value, NULL, 10));
        else if (value_of(options[i], "-D", &value))
            (void)snprintf(command + used, room - used, " '-D%s'", value);
        else if (value_of(options[i], "--include-path=", &value))
            (void)snprintf(command + used, room - used, " '-I%s'", value);
    }
}

/* ---- compiling ----------------------------------------------------------------------------------------- */

static const char *setting(const char *name, const char *usual)
{
    const char *const given = getenv(name);
    return given && given[0] ? given : usual;
}

static bool run(const char *command)
{
    return system(command) == 0;
}

static const char *file_name(const struct nvrtc_program *program)
{
    const char *const slash = strrchr(program->name, '/');
    return slash ? slash + 1 : program->name;
}

/* No sanitizer's library is linked: what -fsanitize=thread calls is in the stand-in for libcuda. */
static bool compile_in(const char folder[], struct nvrtc_program *program, int n, const char *const *options)
{
    const char *const cxx = setting("GPFC_STAND_IN_CXX", "c++");
    char path[MOST_PATH], command[MOST_COMMAND];
    (void)snprintf(path, sizeof path, "%s/%s", folder, file_name(program));
    if (!write_text(program, path))
        return false;
    (void)snprintf(command, sizeof command,
                   "cd %s && exec 2>log && %s %s -std=c++17 -w -fPIC -I'%s' -include cuda_on_cpu.h", folder,
                   cxx, setting("GPFC_STAND_IN_CXXFLAGS", "-O1 -g -fsanitize=thread -ffp-contract=off"),
                   setting("GPFC_STAND_IN_HEADERS", "."));
    write_definitions(command, sizeof command, n, options);
    const size_t used = strlen(command);
    (void)snprintf(command + used, sizeof command - used,
                   " -c -o kernels.o -x c++ '%s' && %s -shared -o kernels.so kernels.o", file_name(program),
                   cxx);
    const bool good = run(command);
    (void)snprintf(path, sizeof path, "%s/log", folder);
    program->log = read_file(path);
    (void)snprintf(path, sizeof path, "%s/kernels.so", folder);
    program->object = read_file(path);
    return good && program->object.n > 0;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int n, const char *const *options)
{
    ENTER("nvrtcCompileProgram");
    char folder[MOST_FOLDER], command[MOST_COMMAND];
    const nvrtcResult result = read_options(program, n, options);
    if (result != NVRTC_SUCCESS)
        return result;
    (void)snprintf(folder, sizeof folder, "%s/stand-in.XXXXXX", setting("TMPDIR", "/tmp"));
    if (!mkdtemp(folder))
        return NVRTC_ERROR_INTERNAL_ERROR;
    const bool good = compile_in(folder, program, n, options);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return run(command) && good ? NVRTC_SUCCESS : NVRTC_ERROR_COMPILATION;
}

/* ---- results ------------------------------------------------------------------------------------------- */

nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t *bytes)
{
    ENTER("nvrtcGetProgramLogSize");
    *bytes = program->log.n + 1;
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char *log)
{
    ENTER("nvrtcGetProgramLog");
    if (program->log.n > 0)
        memcpy(log, program->log.at, program->log.n);
    log[program->log.n] = '\0';
    return NVRTC_SUCCESS;
}

static size_t image_bytes(const struct nvrtc_program *program)
{
    return sizeof(struct image_head) + program->object.n;
}

static void write_image(const struct nvrtc_program *program, bool is_ptx, char *out)
{
    struct image_head head = {.architecture = program->architecture,
                              .toolkit = (int32_t)stand_in_options()->nvrtc,
                              .is_ptx = is_ptx,
                              .bytes = (int64_t)program->object.n};
    memcpy(head.magic, STAND_IN_MAGIC, sizeof head.magic);
    memcpy(out, &head, sizeof head);
    memcpy(out + sizeof head, program->object.at, program->object.n);
}

/* As NVRTC: no cubin for a virtual architecture. */
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *bytes)
{
    ENTER("nvrtcGetCUBINSize");
    *bytes = program->is_for_ptx || program->object.n == 0 ? 0 : image_bytes(program);
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *image)
{
    ENTER("nvrtcGetCUBIN");
    if (program->is_for_ptx || program->object.n == 0)
        return NVRTC_ERROR_INVALID_PROGRAM;
    write_image(program, false, image);
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetPTXSize(nvrtcProgram program, size_t *bytes)
{
    ENTER("nvrtcGetPTXSize");
    if (program->object.n == 0)
        return NVRTC_ERROR_INVALID_PROGRAM;
    *bytes = image_bytes(program);
    return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetPTX(nvrtcProgram program, char *text)
{
    ENTER("nvrtcGetPTX");
    if (program->object.n == 0)
        return NVRTC_ERROR_INVALID_PROGRAM;
    write_image(program, true, text);
    return NVRTC_SUCCESS;
}
