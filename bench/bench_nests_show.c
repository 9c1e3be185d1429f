/* SPDX-License-Identifier: MIT
 *
 * A kernel's nests as a table for people, and as a line of JSON. */
#include "bench_nests.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const double least_share = 0.002; /* of a step: less goes together */

static void print_row(const struct bench_profile *profile, double seconds, double calls, double flop,
                      const char *what)
{
    printf("%6.1f%% %10.1f %9.0f", 100 * seconds / profile->counted, 1e6 * seconds, calls);
    if (calls > 0)
        printf(" %10.3f", 1e6 * seconds / calls);
    else
        printf(" %10s", "");
    if (flop > 0)
        printf(" %9.1f %7.1f%%  %s\n", 1e-6 * flop, 100 * flop / (seconds * profile->peak), what);
    else
        printf(" %9s %8s  %s\n", "", "", what);
}

static void print_nest(const struct bench_profile *profile, const struct bench_nest *nest)
{
    char what[400];
    int used = snprintf(what, sizeof what, "%s %%%lld: %s", nest->part, (long long)nest->node, nest->what);
    if (nest->nests > 1 && used > 0 && (size_t)used < sizeof what)
        (void)snprintf(what + used, sizeof what - (size_t)used, " (%d such)", nest->nests);
    print_row(profile, nest->seconds, nest->calls, nest->flop, what);
}

static void print_nests(const struct bench_profile *profile)
{
    struct bench_nest rest = {.calls = 0};
    for (int i = 0; i < profile->n; i++) {
        const struct bench_nest *nest = &profile->nests[i];
        if (nest->seconds >= least_share * profile->counted) {
            print_nest(profile, nest);
            continue;
        }
        rest.nests += nest->nests;
        rest.calls += nest->calls;
        rest.seconds += nest->seconds;
        rest.flop += nest->flop;
    }
    char what[64];
    (void)snprintf(what, sizeof what, "%d others", rest.nests);
    if (rest.nests)
        print_row(profile, rest.seconds, rest.calls, rest.flop, what);
}

void bench_nests_table(const struct bench_profile *profile)
{
    const struct bench_case *c = profile->c;
    printf("%s, %s of %lld\n", c->name,
           c->apply  ? "the map"
           : c->base ? "a training step of the base flow"
                     : "a training step",
           (long long)c->batch);
    printf("%7s %10s %9s %10s %9s %8s\n", "share", "us", "calls", "us a call", "MFLOP", "of peak");
    print_nests(profile);
    print_row(profile, profile->kernel, 0, profile->flop, "nests in all");
    print_row(profile, profile->counted - profile->kernel, 0, 0, "outside: rows, sums over tiles, optimizer");
    print_row(profile, profile->step, 0, profile->flop, "the step without clocks");
    printf("peak %.1f GFLOP/s; the clock adds %.1f %%: %.0f looks of %.0f ns\n\n", 1e-9 * profile->peak,
           100 * (profile->clocked_step / profile->step - 1), profile->looks, 1e9 * profile->look);
    (void)fflush(stdout);
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static void put(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static json_t *nest_object(const struct bench_profile *profile, const struct bench_nest *nest)
{
    json_t *object = json_object();
    put(object, "part", json_string(nest->part));
    put(object, "what", json_string(nest->what));
    put(object, "node", json_integer(nest->node));
    put(object, "nests", json_integer(nest->nests));
    put(object, "calls", json_real(nest->calls));
    put(object, "s", json_real(nest->seconds));
    put(object, "share", json_real(nest->seconds / profile->counted));
    put(object, "flop", json_real(nest->flop));
    put(object, "peak_share",
        nest->seconds > 0 ? json_real(nest->flop / (nest->seconds * profile->peak)) : json_null());
    return object;
}

bool bench_nests_json(const struct bench_profile *profile, struct fault *fault)
{
    json_t *object = json_object(), *nests = json_array();
    put(object, "case", json_string(profile->c->name));
    put(object, "part", json_string(profile->c->base ? "base" : "flow"));
    put(object, "batch", json_integer(profile->c->batch));
    put(object, "step_s", json_real(profile->step));
    put(object, "clocked_step_s", json_real(profile->clocked_step));
    put(object, "kernel_s", json_real(profile->kernel));
    put(object, "looks", json_real(profile->looks));
    put(object, "look_s", json_real(profile->look));
    put(object, "peak_flops", json_real(profile->peak));
    put(object, "flop", json_real(profile->flop));
    put(object, "peak_share", json_real(profile->flop / (profile->step * profile->peak)));
    for (int i = 0; i < profile->n; i++)
        (void)json_array_append_new(nests, nest_object(profile, &profile->nests[i]));
    put(object, "nests", nests);
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(object);
    if (!text)
        return fault_set(fault, FAULT_SYSTEM, "out of memory");
    (void)puts(text);
    free(text);
    return true;
}
