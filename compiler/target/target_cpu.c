/* SPDX-License-Identifier: MIT
 *
 * Processors by name: a row of target_cpu.def, or what is known about the machine at hand. */
#include "target/target.h"

#include "target/machine_caches.h"

#include <assert.h>
#include <string.h>

struct family_row {
    const char *architecture;
    int bits, registers;
    bool fma;
    struct machine_model model;
};

#define MODEL(...)                                                                                           \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
static const struct family_row families[TARGET_FAMILY_COUNT] = {
#define FAMILY(name, architecture, bits, registers, fma, ...)                                                \
    [TARGET_##name] = {architecture, bits, registers, fma, __VA_ARGS__},
#include "target/target_cpu.def"
};

struct cpu_row {
    const char *name;
    enum target_family family;
    unsigned since;
    struct machine_model model; /* .gigahertz 0: as the family's */
    const char *llvm_name;      /* NULL: the same */
};

#define LIKE_FAMILY                                                                                          \
    {                                                                                                        \
        .gigahertz = 0                                                                                       \
    }
static const struct cpu_row cpus[] = {
#define CPU(name, family, since, ...) {name, TARGET_##family, since, __VA_ARGS__, NULL},
#define CPU_AS(name, family, since, model, llvm_name) {name, TARGET_##family, since, model, llvm_name},
#include "target/target_cpu.def"
};
enum { CPU_COUNT = sizeof cpus / sizeof cpus[0] };

/* ---- texts --------------------------------------------------------------------------------------------- */

static void copy_text(char *to, size_t room, const char *from)
{
    size_t length = strlen(from);
    assert(length < room);
    memcpy(to, from, length + 1);
}

/* Whether "+word" is one of the comma-separated features. */
static bool has_feature(const char *features, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = features; (at = strchr(at, '+')); at++)
        if (strncmp(at + 1, word, length) == 0 && (at[1 + length] == ',' || at[1 + length] == 0))
            return true;
    return false;
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static enum target_family family_from_features(const char *triple, const char *features)
{
    if (text_starts_with(triple, "aarch64") || text_starts_with(triple, "arm64"))
        return TARGET_NEON;
    if (has_feature(features, "avx512f") && has_feature(features, "avx512dq") &&
        has_feature(features, "avx512bw") && has_feature(features, "avx512vl"))
        return has_feature(features, "avx512bf16") ? TARGET_AVX512BF : TARGET_AVX512;
    if (has_feature(features, "avx2") && has_feature(features, "fma"))
        return TARGET_AVX2;
    return has_feature(features, "avx") ? TARGET_AVX : TARGET_SSE2;
}

static const char *llvm_name(const struct cpu_row *row)
{
    return row->llvm_name ? row->llvm_name : row->name;
}

static const struct cpu_row *find_row(const struct host *host, const char *name)
{
    for (size_t i = 0; i < CPU_COUNT; i++)
        if (strcmp(cpus[i].name, name) == 0 && cpus[i].since <= host->release)
            return &cpus[i];
    return NULL;
}

/* That of the row with this name, if it has one. */
static const struct machine_model *own_model(const char *name)
{
    for (size_t i = 0; i < CPU_COUNT; i++)
        if (strcmp(llvm_name(&cpus[i]), name) == 0 && cpus[i].model.gigahertz > 0)
            return &cpus[i].model;
    return NULL;
}

static const char *unknown_cpu(struct arena *arena, const struct host *host, const char *name)
{
    const char *names[CPU_COUNT + 1] = {"native"};
    struct strbuf text;
    size_t n = 1;
    for (size_t i = 0; i < CPU_COUNT; i++)
        if (cpus[i].since <= host->release)
            names[n++] = cpus[i].name;
    const char *near = nearest_word(name, names, n);
    if (near)
        return arena_printf(arena, "unknown CPU '%s'; did you mean '%s'?", name, near);
    strbuf_init(&text, arena);
    strbuf_addf(&text, "unknown CPU '%s'; known are native (this machine)", name);
    for (size_t i = 1; i < n; i++)
        strbuf_addf(&text, "%s %s", i + 1 == n ? " and" : ",", names[i]);
    return strbuf_text(&text);
}

/* ---- targets ------------------------------------------------------------------------------------------- */

static void describe_cpu(struct target *target, enum target_family family)
{
    const struct family_row *row = &families[family];
    const struct machine_model *own = own_model(target->name);
    struct machine *machine = &target->cpu.machine;
    *machine = machine_from_model(own ? own : &row->model);
    machine->is_known = own;
    machine->vector_bits = row->bits;
    machine->registers = row->registers;
    machine->has_fma = row->fma;
    copy_text(machine->name, sizeof machine->name, target->name);
    target->cpu.family = family;
    target->cpu.has_bfloat = family == TARGET_AVX512BF;
}

static void take_host(const struct host *host, struct target *out)
{
    out->features = host->features;
    copy_text(out->name, sizeof out->name, host->name);
    copy_text(out->cpu.triple, sizeof out->cpu.triple, host->triple);
    describe_cpu(out, family_from_features(host->triple, host->features));
    machine_caches(&out->cpu.machine);
    out->is_host = true;
}

static void take_row(struct arena *arena, const struct host *host, const struct cpu_row *row,
                     struct target *out)
{
    const enum target_family family = family_from_features(host->triple, host->features);
    const char *architecture = families[row->family].architecture;
    const bool same = strcmp(architecture, families[family].architecture) == 0;
    copy_text(out->name, sizeof out->name, llvm_name(row));
    copy_text(out->cpu.triple, sizeof out->cpu.triple,
              same ? host->triple : arena_printf(arena, "%s-unknown-linux-gnu", architecture));
    describe_cpu(out, row->family);
    out->is_host = same && row->family <= family;
}

bool target_find(struct arena *arena, const struct host *host, const char *name, struct target *out,
                 const char **fault)
{
    const bool native = !name || strcmp(name, "native") == 0;
    const struct cpu_row *row = native ? NULL : find_row(host, name);
    *out = (struct target){.kind = TARGET_CPU, .features = ""};
    if (native)
        take_host(host, out);
    else if (row)
        take_row(arena, host, row, out);
    else
        *fault = unknown_cpu(arena, host, name);
    return native || row;
}

const char *target_needs(const struct target *target)
{
    static const char *const family[] = {
        [TARGET_SSE2] = "+sse2",
        [TARGET_AVX] = "+avx",
        [TARGET_AVX2] = "+avx2,+fma",
        [TARGET_AVX512] = "+avx512f,+avx512dq,+avx512bw,+avx512vl",
        [TARGET_AVX512BF] = "+avx512f,+avx512dq,+avx512bw,+avx512vl,+avx512bf16",
        [TARGET_NEON] = "+neon",
    };
    return target->features[0] ? target->features : family[target_cpu(target)->family];
}
