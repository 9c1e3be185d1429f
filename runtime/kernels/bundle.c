/* SPDX-License-Identifier: MIT */
#include "kernels/bundle.h"

#include "kernels/settings.h"

#include <stdio.h>
#include <string.h>

/* ---- processor ----------------------------------------------------------------------------------------- */

/* Features that kernels of ours can need, as LLVM and the C compiler name them alike. Others (tuning hints,
 * features that come with one of these) are not asked for. */
#if defined(__x86_64__) || defined(__i386__)
/* clang-format off */
#define FEATURES(ROW) \
    ROW("sse3") ROW("ssse3") ROW("sse4.1") ROW("sse4.2") ROW("popcnt") ROW("avx") ROW("avx2") ROW("fma") \
    ROW("bmi") ROW("bmi2") ROW("avx512f") ROW("avx512vl") ROW("avx512bw") ROW("avx512dq") \
    ROW("avx512cd") ROW("avx512ifma") ROW("avx512vbmi") ROW("avx512vbmi2") ROW("avx512vnni") \
    ROW("avx512bitalg") \
    ROW("avx512vpopcntdq") ROW("avx512bf16") ROW("gfni") ROW("vpclmulqdq") ROW("sse4a") ROW("fma4") ROW("xop")
/* clang-format on */

static bool cpu_has(const char *feature)
{
    __builtin_cpu_init();
#define ROW(name)                                                                                            \
    if (strcmp(feature, name) == 0)                                                                          \
        return __builtin_cpu_supports(name);
    FEATURES(ROW)
#undef ROW
    return true;
}
#else
static bool cpu_has(const char *feature)
{
    (void)feature;
    return true; /* every AArch64 has NEON */
}
#endif

static void add_missing(char *list, size_t room, const char *feature)
{
    size_t length = strlen(list);
    (void)snprintf(list + length, room - length, "%s%s", length > 0 ? ", " : "", feature);
}

bool bundle_cpu_fits(const char *features, const char *compiled_for, struct fault *fault)
{
    char missing[256] = "";
    for (const char *at = features; *at != '\0';) {
        size_t length = strcspn(at, ",");
        char feature[64];
        if (at[0] == '+' && length <= sizeof feature) {
            memcpy(feature, at + 1, length - 1);
            feature[length - 1] = '\0';
            if (!cpu_has(feature))
                add_missing(missing, sizeof missing, feature);
        }
        at += length;
        at += *at == ',';
    }
    if (missing[0] == '\0')
        return true;
    return fault_set(
        fault, FAULT_SYSTEM,
        "compiled for %s, but this processor lacks %s; the command tune recompiles it for this machine",
        compiled_for, missing);
}

/* ---- contents ------------------------------------------------------------------------------------------ */

const struct gpfc_kernel *bundle_kernel(const struct gpfc_bundle *bundle, const char *name)
{
    for (int64_t i = 0; i < bundle->n_kernels; i++)
        if (strcmp(bundle->kernels[i].name, name) == 0)
            return &bundle->kernels[i];
    return NULL;
}

static int find_port(const struct gpfc_port *ports, int64_t n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(ports[i].name, name) == 0)
            return i;
    return -1;
}

int bundle_input(const struct gpfc_kernel *kernel, const char *name)
{
    return find_port(kernel->in, kernel->n_in, name);
}

int bundle_output(const struct gpfc_kernel *kernel, const char *name)
{
    return find_port(kernel->out, kernel->n_out, name);
}

bool bundle_steps_vary(const struct gpfc_bundle *bundle)
{
    const struct gpfc_kernel *train = bundle_kernel(bundle, "train");
    return train && bundle_input(train, "steps") >= 0;
}

const struct gpfc_parameter *bundle_parameter(const struct gpfc_bundle *bundle, const char *name)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++)
        if (strcmp(bundle->parameters[i].name, name) == 0)
            return &bundle->parameters[i];
    return NULL;
}

int64_t bundle_parameter_elements(const struct gpfc_parameter *parameter)
{
    return parameter->rank == 2 ? parameter->shape[0] * parameter->shape[1] : parameter->shape[0];
}

/* All of needed, which NULL ends. */
static bool has_kernels(const struct gpfc_bundle *bundle, const char *const *needed, struct fault *fault)
{
    for (; *needed; needed++) {
        const struct gpfc_kernel *kernel = bundle_kernel(bundle, *needed);
        if (!kernel || kernel->n_in > GPFC_MAX_PORTS || kernel->n_out > GPFC_MAX_PORTS)
            return fault_set(fault, FAULT_SYSTEM, "broken bundle: no kernel '%s'", *needed);
    }
    return true;
}

static bool check_base(const struct gpfc_bundle *bundle, struct fault *fault)
{
    static const char *const needed[] = {"train", "measure", "apply", NULL};
    const struct gpfc_bundle *base = bundle->base;
    if (!base)
        return true;
    if (base->precision != bundle->precision || base->dimension != bundle->dimension || base->lanes < 1)
        return fault_set(fault, FAULT_SYSTEM,
                         "broken bundle: base flow of precision %lld, %lld lanes, dimension %lld",
                         (long long)base->precision, (long long)base->lanes, (long long)base->dimension);
    return has_kernels(base, needed, fault) && settings_check(base, fault);
}

bool bundle_whole(const struct gpfc_bundle *bundle, struct fault *fault)
{
    static const char *const needed[] = {"train", "measure", "apply", "invert", "jacobian", NULL};
    if (bundle->abi_version != GPFC_ABI_VERSION)
        return fault_set(fault, FAULT_SYSTEM,
                         "kernels of interface %lld, but this runtime has %d: recompile the spec",
                         (long long)bundle->abi_version, GPFC_ABI_VERSION);
    if ((bundle->precision != 4 && bundle->precision != 8) || bundle->lanes < 1 || bundle->dimension < 1)
        return fault_set(fault, FAULT_SYSTEM, "broken bundle: precision %lld, %lld lanes, dimension %lld",
                         (long long)bundle->precision, (long long)bundle->lanes,
                         (long long)bundle->dimension);
    return has_kernels(bundle, needed, fault) && settings_check(bundle, fault) && check_base(bundle, fault);
}

bool bundle_check(const struct gpfc_bundle *bundle, struct fault *fault)
{
    return bundle_whole(bundle, fault) && bundle_cpu_fits(bundle->features, bundle->cpu, fault);
}
