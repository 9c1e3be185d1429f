/* SPDX-License-Identifier: MIT */
#include "bench_run.h"

#include "drive/output.h"
#include "kernels/bundle.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool wanted(const struct bench_run_options *options, const char *name)
{
    for (int i = 0; i < options->n_names; i++)
        if (strcmp(options->names[i], name) == 0)
            return true;
    return options->n_names == 0;
}

static bool check_names(const struct bench_run_options *options, struct fault *fault)
{
    for (int i = 0; i < options->n_names; i++) {
        bool known = false;
        for (int k = 0; k < bench_case_count; k++)
            known |= strcmp(options->names[i], bench_cases[k].name) == 0;
        if (!known)
            return fault_set(fault, FAULT_INPUT, "no case '%s'", options->names[i]);
    }
    return true;
}

/* ---- one case ------------------------------------------------------------------------------------------ */

static bool time_kernels(struct arena *arena, const struct bench_kernels *kernels,
                         const struct bench_kernels *plain, double seconds, struct bench_figures *f,
                         struct fault *fault)
{
    struct bench_contender contenders[2] = {{.least = 0}};
    const int n = plain ? 2 : 1;
    if (!bench_runner_new(arena, f->c, kernels->bundle, false, &contenders[0].runner, fault) ||
        (plain && !bench_runner_new(arena, f->c, plain->bundle, false, &contenders[1].runner, fault)) ||
        !bench_measure(n, contenders, (int)kernels->bundle->precision, seconds, &f->peak, fault))
        return false;
    f->least = contenders[0].least;
    f->median = contenders[0].median;
    f->plain_c = plain ? contenders[1].least : 0;
    return true;
}

static bool time_each(struct arena *arena, const struct bench_run_options *options, double seconds,
                      struct bench_peer *peer, struct bench_figures *f, struct fault *fault)
{
    for (int i = 0; i < f->n_peers; i++) {
        const char *equals = strchr(options->peers[i], '=');
        peer->name = f->peer_name[i] =
            arena_strndup(arena, options->peers[i], (size_t)(equals - options->peers[i]));
        peer->command = equals + 1;
        if (!bench_peer(arena, f->c, peer, seconds, &f->peer[i], fault))
            return false;
    }
    return true;
}

/* They get numbers to show on that they compute the same. */
static bool time_peers(struct arena *arena, const struct bench_run_options *options,
                       const struct gpfc_bundle *bundle, double seconds, struct bench_figures *f,
                       struct fault *fault)
{
    const char *folder = getenv("TMPDIR");
    char *path = arena_printf(arena, "%s/gpfc-numbers-XXXXXX", folder ? folder : "/tmp");
    struct bench_peer peer = {.numbers = path, .is_checked = !f->c->apply};
    f->n_peers = options->n_peers;
    const int file = f->n_peers ? mkstemp(path) : -1;
    if (file < 0)
        return f->n_peers == 0 || fault_system(fault, "mkstemp", errno, "%s: cannot be made", path);
    (void)close(file);
    const bool good = (!peer.is_checked || bench_numbers(arena, f->c, bundle, path, &peer.wanted, fault)) &&
                      time_each(arena, options, seconds, &peer, f, fault);
    (void)unlink(path);
    return good;
}

static bool load_both(struct arena *arena, const struct bench_run_options *options,
                      const struct bench_case *c, struct bench_kernels *kernels, struct bench_kernels *plain,
                      double *gap, struct fault *fault)
{
    double plain_gap;
    if (!bench_load(arena, c, BENCH_LLVM, kernels, fault) ||
        !bench_check(arena, c, kernels->bundle, gap, fault))
        return false;
    return options->no_plain_c || (bench_load(arena, c, BENCH_C, plain, fault) &&
                                   bench_check(arena, c, plain->bundle, &plain_gap, fault));
}

static bool run_case(struct arena *arena, const struct bench_run_options *options, const struct bench_case *c,
                     struct bench_figures *f, struct fault *fault)
{
    const double seconds = options->seconds > 0 ? options->seconds : 3, rows = (double)c->batch;
    struct bench_kernels kernels, plain;
    struct bench_flop flop;
    *f = (struct bench_figures){.c = c};
    if (!load_both(arena, options, c, &kernels, &plain, &f->gap, fault) ||
        !bench_flop(arena, c, &flop, fault) ||
        !time_kernels(arena, &kernels, options->no_plain_c ? NULL : &plain, seconds, f, fault) ||
        !time_peers(arena, options, kernels.bundle, seconds, f, fault))
        return false;
    f->executed = bundle_kernel(kernels.bundle, bench_kernel_name(c))->flop_per_sample * rows;
    f->useful = flop.useful * rows;
    f->contractions = flop.contractions * rows;
    f->compile_seconds = kernels.compile_seconds;
    f->cpu = arena_strdup(arena, kernels.cpu);
    return true;
}

/* ---- telling ------------------------------------------------------------------------------------------- */

static void print_head(const struct bench_run_options *options)
{
    printf("%-20s %9s %7s %7s %7s %9s %9s %8s", "case", "ms", "matrix", "useful", "exec.", "GFLOP/s", "gap",
           "gpfc s");
    if (!options->no_plain_c)
        printf(" %16s", "plain C");
    for (int i = 0; i < options->n_peers; i++)
        printf(" %16.*s", (int)strcspn(options->peers[i], "="), options->peers[i]);
    printf("\n");
}

static void print_other(double seconds, double ours)
{
    if (seconds > 0)
        printf(" %9.4g %5.2fx", 1e3 * seconds, seconds / ours);
    else
        printf(" %16s", "-");
}

static void print_case(const struct bench_run_options *options, const struct bench_figures *f)
{
    const double rate = f->least * f->peak;
    printf("%-20s %9.4g %6.1f%% %6.1f%% %6.1f%% %9.1f %9.1e %8.2f", f->c->name, 1e3 * f->least,
           100 * f->contractions / rate, 100 * f->useful / rate, 100 * f->executed / rate,
           1e-9 * f->executed / f->least, f->gap, f->compile_seconds);
    if (!options->no_plain_c)
        print_other(f->plain_c, f->least);
    for (int i = 0; i < f->n_peers; i++)
        print_other(f->peer[i], f->least);
    printf("\n");
    (void)fflush(stdout);
}

bool bench_run(struct arena *arena, const struct bench_run_options *options, struct fault *fault)
{
    if (!check_names(options, fault))
        return false;
    print_head(options);
    for (int k = 0; k < bench_case_count; k++) {
        struct bench_figures f;
        if (!wanted(options, bench_cases[k].name))
            continue;
        if (!run_case(arena, options, &bench_cases[k], &f, fault))
            return false;
        print_case(options, &f);
        if (options->history && !bench_history_add(arena, options->history, &f, fault))
            return false;
    }
    return !options->history || !options->picture ||
           bench_picture(arena, options->history, options->picture, fault);
}
