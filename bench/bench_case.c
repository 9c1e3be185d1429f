/* SPDX-License-Identifier: MIT
 *
 * The cases, as specs and as counts of operations. */
#include "bench.h"

#include "drive/front.h"
#include "flow/flow.h"
#include "ir/ir.h"
#include "pass/pass.h"

#include <string.h>

/* The two networks of the paper's tables: d = 2 and ten latents. */
#define SMALL                                                                                                \
    .d = 2, .n_hidden = 2, .hidden = {15, 15}, .steps = 15, .batch = 1024, .integrator = "rk4",              \
    .cost = "squared"
#define LARGE                                                                                                \
    .d = 10, .n_hidden = 3, .hidden = {50, 50, 50}, .steps = 15, .batch = 1024, .integrator = "rk4",         \
    .cost = "squared"

const struct bench_case bench_cases[] = {
    {.name = "d2_gaussian", SMALL, .field = "gaussian", .real = REAL_4},
    {.name = "d2_cube", SMALL, .field = "cube", .real = REAL_4},
    {.name = "d2_gaussian_euler", SMALL, .field = "gaussian", .real = REAL_4, .euler = true},
    {.name = "d2_cube_euler", SMALL, .field = "cube", .real = REAL_4, .euler = true},
    {.name = "d2_gaussian_apply", SMALL, .field = "gaussian", .real = REAL_4, .apply = true},
    {.name = "d2_cube_apply", SMALL, .field = "cube", .real = REAL_4, .apply = true},
    {.name = "d10_gaussian", LARGE, .field = "gaussian", .real = REAL_4},
    {.name = "d10_cube", LARGE, .field = "cube", .real = REAL_4},
    {.name = "d10_gaussian_euler", LARGE, .field = "gaussian", .real = REAL_4, .euler = true},
    {.name = "d10_cube_euler", LARGE, .field = "cube", .real = REAL_4, .euler = true},
    {.name = "d10_gaussian_apply", LARGE, .field = "gaussian", .real = REAL_4, .apply = true},
    {.name = "d10_cube_apply", LARGE, .field = "cube", .real = REAL_4, .apply = true},
    {.name = "d2_gaussian_double", SMALL, .field = "gaussian", .real = REAL_8},
    {.name = "d2_cube_double", SMALL, .field = "cube", .real = REAL_8},
    {.name = "d10_gaussian_double", LARGE, .field = "gaussian", .real = REAL_8},
    {.name = "d10_cube_double", LARGE, .field = "cube", .real = REAL_8},
};
const int bench_case_count = sizeof bench_cases / sizeof *bench_cases;

const char *bench_kernel_name(const struct bench_case *c)
{
    return c->apply ? "apply" : "train";
}

const char *bench_precision(enum real real)
{
    return real == REAL_8 ? "double" : "single";
}

const char *bench_hidden_text(struct arena *arena, const struct bench_case *c)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int i = 0; i < c->n_hidden; i++)
        strbuf_addf(&text, "%s%d", i ? "," : "", c->hidden[i]);
    return strbuf_text(&text);
}

const char *bench_spec_text(struct arena *arena, const struct bench_case *c)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_addf(&text, "name: %s\ndimension: %d\nprecision: %s\n", c->name, c->d, bench_precision(c->real));
    strbuf_addf(&text, "flow:\n  field: %s\n  potential: folded\n  hidden: [%s]\n  activation: tanh\n",
                c->field, bench_hidden_text(arena, c));
    strbuf_addf(&text, "  integrator: %s\n  steps: %d\ncost:\n  kind: %s\n", c->integrator, c->steps,
                c->cost);
    if (c->euler)
        strbuf_add(&text,
                   "penalty:\n  kind: euler\n  weight: 5.0e-5\n  derivative: exact\n  noise: sample\n");
    strbuf_addf(&text, "train:\n  batch: %lld\n  rate: 5.0e-4\n  schedule: constant\n", (long long)c->batch);
    return strbuf_text(&text);
}

static bool read_model(struct arena *arena, const struct bench_case *c, struct model *model,
                       struct fault *fault)
{
    struct front *front = ARENA_NEW(arena, struct front);
    struct diag diag;
    diag_init(&diag, arena);
    front->source = (struct source){.name = c->name, .text = bench_spec_text(arena, c)};
    front->source.length = strlen(front->source.text);
    const bool good = front_spec(arena, &diag, front);
    *model = front->model;
    return good || fault_set(fault, FAULT_SYSTEM, "case %s: %s", c->name, diag_text(&diag));
}

struct ir_graph *bench_program(struct arena *arena, const struct bench_case *c, struct fault *fault)
{
    struct model *model = ARENA_NEW(arena, struct model);
    if (!read_model(arena, c, model, fault))
        return NULL;
    return c->apply ? flow_build(arena, model, FLOW_APPLY) : flow_train(arena, model, DIFF_KEEP_ALL);
}

bool bench_flop(struct arena *arena, const struct bench_case *c, struct bench_flop *out, struct fault *fault)
{
    const char *why = NULL;
    const struct ir_graph *graph = bench_program(arena, c, fault);
    if (!graph)
        return false;
    graph = pass_run(graph, false, &why, NULL, NULL);
    if (!graph)
        return fault_set(fault, FAULT_SYSTEM, "case %s: %s", c->name, why);
    const struct ir_count count = ir_count(graph);
    *out = (struct bench_flop){.useful = count.flops, .contractions = 2 * count.contracted};
    return true;
}
