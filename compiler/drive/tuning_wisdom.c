/* SPDX-License-Identifier: MIT
 *
 * Wisdom as compiles use it: how a record is found, how it is used, what goes into it. */
#include "drive/tuning_parts.h"

#include "drive/programs.h"
#include "drive/schedules.h"

#include "gpfc/cpu_name.h"

#include <string.h>
#include <time.h>

/* ---- what a record holds for --------------------------------------------------------------------------- */

static const char *hash_text(struct arena *arena, const char *text)
{
    return arena_printf(arena, "%016llx", (unsigned long long)hash_bytes(text, strlen(text), 0));
}

static const char *program_hash(struct compile *c, const struct family *f)
{
    const struct schedule plain = {.keep = SCHED_KEEP_STATE}; /* the same one, whatever was chosen */
    struct strbuf text;
    strbuf_init(&text, c->arena);
    ir_print(programs_train(c, c->arena, f, &plain), &text);
    return hash_text(c->arena, strbuf_text(&text));
}

/* A machine that compiles for others knows nothing of them. */
struct wisdom_record tuning_record(struct compile *c, const struct family *f)
{
    char *machine = arena_alloc(c->arena, GPFC_CPU_NAME);
    gpfc_cpu_name(machine);
    struct wisdom_record record = {
        .machine = machine,
        .target = c->front.target.name,
        .features = hash_text(c->arena, c->front.target.features),
        .program = program_hash(c, f),
        .precision = c->front.real == REAL_8 ? "double"
                     : f->is_mixed           ? "mixed"
                                             : "single",
        .fixed = c->choices.given ? arena_printf(c->arena, "%x: %s", c->choices.given,
                                                 schedules_text(c->arena, &c->choices.fixed))
                                  : "",
        .toolchain = backend_in_process()->toolchain(c->arena),
        .gpfc = gpfc_version(),
        .name = c->front.model.name,
        .part = f->kind->name,
    };
    wisdom_key(&record);
    return record;
}

/* ---- wisdom -------------------------------------------------------------------------------------------- */

/* A record from elsewhere is a text that somebody wrote. */
static void take_record(struct compile *c, struct family *f, const struct wisdom_record *record)
{
    struct schedule schedule = f->schedule;
    const char *fault = NULL;
    if (!sched_parse(c->arena, record->schedule, &schedule, NULL, &fault) ||
        !backend_planner(c->backend)->check(c->arena, &schedule, &c->front.target, c->front.real, &fault)) {
        compile_warn(c, arena_printf(c->arena, "wisdom %s is not used: %s", record->key, fault));
        return;
    }
    schedules_take(f, &schedule);
    struct gpfc_choice *choice = &f->report->choice;
    choice->source = GPFC_FROM_WISDOM;
    choice->default_seconds = 1e-9 * (double)record->default_ns;
    choice->seconds = 1e-9 * (double)record->tuned_ns;
}

static bool read_wisdom(struct compile *c, struct wisdom *out)
{
    const char *path = wisdom_path(c->arena), *fault = NULL;
    if (!path)
        return false;
    if (!wisdom_read(c->arena, path, true, out, &fault)) {
        compile_warn(c, arena_printf(c->arena, "no wisdom: %s", fault));
        return false;
    }
    if (out->broken > 0)
        compile_warn(c, arena_printf(c->arena, "%s:%d: wisdom skipped, %s (%d record%s in all)", path,
                                     out->broken_line, out->why, out->broken, out->broken == 1 ? "" : "s"));
    return true;
}

void tuning_use_wisdom(struct compile *c)
{
    struct wisdom wisdom;
    if (c->options->no_wisdom || !c->front.target.is_host || !read_wisdom(c, &wisdom) || wisdom.n == 0)
        return;
    for (int i = 0; i < c->choices.n; i++) {
        struct family *f = &c->choices.family[i];
        const struct wisdom_record facts = tuning_record(c, f), *found = wisdom_find(&wisdom, facts.key);
        if (found)
            take_record(c, f, found);
    }
}

void tuning_keep_wisdom(struct compile *c, int n, const struct wisdom_record *records)
{
    const char *path = wisdom_path(c->arena), *fault = "neither GPFC_WISDOM nor HOME is set";
    if (c->options->no_wisdom)
        return;
    if (!path || !wisdom_put(c->arena, path, n, records, &fault))
        compile_warn(c, arena_printf(c->arena, "tuning results are not recorded: %s", fault));
}

void tuning_fill_record(struct compile *c, const struct family *f, struct wisdom_record *record)
{
    const struct gpfc_choice *choice = &f->report->choice;
    record->schedule = schedules_text(c->arena, &f->schedule);
    record->effort = c->options->tune == GPFC_TUNE_FULL ? "full" : "quick";
    record->default_ns = (int64_t)(1e9 * choice->default_seconds + 0.5);
    record->tuned_ns = (int64_t)(1e9 * choice->seconds + 0.5);
    record->when = time(NULL);
}
