/* SPDX-License-Identifier: MIT
 *
 * Bundles of families: what is the same for all of them, and what was chosen. */
#include "drive/describe.h"

#include "gpfc/cpu_name.h"

#include <string.h>

static const char *schedule_text(struct compile *c, const struct family *f)
{
    struct strbuf text;
    strbuf_init(&text, c->arena);
    if (f->settled)
        sched_text(&f->schedule, &text);
    return strbuf_text(&text);
}

/* ---- the report ---------------------------------------------------------------------------------------- */

void describe_families(struct compile *c)
{
    const struct model *model = &c->front.model;
    struct gpfc_bundle row = {.theta_elements = 0};
    c->report->n_families = c->choices.n;
    for (int i = 0; i < c->choices.n; i++) {
        struct family *f = &c->choices.family[i];
        f->report->name = f->kind->name;
        f->report->description = compile_keep(c, f->kind->words(c->arena, model));
        f->kind->describe(c->arena, &c->front, &row);
        f->report->parameters = row.theta_elements;
    }
}

void describe_choices(struct compile *c)
{
    if (c->choices.n > 0)
        c->report->lanes = c->choices.family[0].schedule.lanes;
    for (int i = 0; i < c->choices.n; i++)
        c->choices.family[i].report->choice.schedule =
            compile_keep(c, schedule_text(c, &c->choices.family[i]));
}

/* ---- bundles ------------------------------------------------------------------------------------------- */

/* Only of a trainer for the machine at hand. */
static const char *cpu_name(struct compile *c)
{
    const char *asked = c->options->cpu ? c->options->cpu : c->front.spec.target_cpu.value;
    char *name = arena_alloc(c->arena, GPFC_CPU_NAME);
    if (strcmp(asked, "native") == 0)
        gpfc_cpu_name(name);
    return name;
}

/* For any processor: what a C compiler makes of it is not known here. */
static void describe_any(struct gpfc_bundle *row)
{
    row->cpu = "any";
    row->features = row->cpu_name = "";
    row->schedule = "plain C";
}

static void describe_target(struct compile *c, const struct family *f, struct gpfc_bundle *row)
{
    row->cpu = c->front.target.name;
    row->features = target_needs(&c->front.target);
    row->cpu_name = cpu_name(c);
    row->schedule = schedule_text(c, f);
    row->tuned = f->measured;
}

static struct gpfc_bundle row_of(struct compile *c, const struct family *f)
{
    struct gpfc_bundle row = {.abi_version = GPFC_ABI_VERSION,
                              .name = c->front.model.name,
                              .version = gpfc_version(),
                              .description = f->kind->words(c->arena, &c->front.model),
                              .spec_text = c->front.source.text,
                              .dimension = c->front.model.d,
                              .precision = (int)c->front.real,
                              .lanes = f->schedule.lanes,
                              .toolchain = c->backend->toolchain(c->arena),
                              .compiler = c->options->program ? c->options->program : ""};
    f->kind->describe(c->arena, &c->front, &row);
    if (c->backend->any_processor)
        describe_any(&row);
    else
        describe_target(c, f, &row);
    return row;
}

/* Each family's bundle holds the next one's. */
const struct bundle *describe_bundle(struct compile *c)
{
    const struct bundle *base = NULL;
    for (int i = c->choices.n - 1; i >= 0; i--) {
        const struct family *f = &c->choices.family[i];
        struct bundle *bundle = ARENA_NEW(c->arena, struct bundle);
        *bundle = (struct bundle){
            .row = row_of(c, f), .kernels = f->kernels, .prefix = f->kind->prefix, .base = base};
        base = bundle;
    }
    return base;
}
