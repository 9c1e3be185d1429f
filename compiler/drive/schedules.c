/* SPDX-License-Identifier: MIT
 *
 * The schedule of a compile: what the spec's target keys fix of it, and the compiler's choice of the rest. */
#include "drive/schedules.h"

#include "drive/programs.h"
#include "sched/sched_cost.h"
#include "sched/sched_cpu.h"

/* ---- what the spec fixes ------------------------------------------------------------------------------- */

static struct schedule first_choice(const struct compile *c)
{
    return sched_first(&c->front.target.machine, c->front.real);
}

/* A key of its own for one field, given as `value`. */
static void fix_field(struct compile *c, const char *name, int *field, int value, struct place at)
{
    const sched_fields bit = sched_field_bit(name);
    if (c->choices.given & bit && *field != value)
        diag_error(&c->diag, at, "target.%s and target.schedule both set %s", name, name);
    *field = value;
    c->choices.given |= bit;
}

enum gpfc_status schedules_read(struct compile *c)
{
    const struct spec *spec = &c->front.spec;
    const int errors_before = c->diag.errors;
    const char *fault = NULL;
    if (!spec->whole)
        return GPFC_FAULTY;
    if (!sched_parse(c->arena, spec->target_schedule.value, &c->choices.fixed, &c->choices.given, &fault))
        diag_error(&c->diag, spec->target_schedule.at, "target.schedule: %s", fault);
    if (spec->target_lanes.value > 0)
        fix_field(c, "lanes", &c->choices.fixed.lanes, (int)spec->target_lanes.value, spec->target_lanes.at);
    if (spec->target_unroll.value > 0)
        fix_field(c, "unroll", &c->choices.fixed.cpu.unroll, (int)spec->target_unroll.value,
                  spec->target_unroll.at);
    if (spec->target_keep.value != SPEC_keep_automatic) {
        const int keep = spec->target_keep.value == SPEC_keep_all ? SCHED_KEEP_ALL : SCHED_KEEP_STATE;
        fix_field(c, "keep", &c->choices.fixed.keep, keep, spec->target_keep.at);
    }
    return c->diag.errors > errors_before ? GPFC_FAULTY : GPFC_OK;
}

/* ---- the choice ---------------------------------------------------------------------------------------- */

/* A tile of fewer lanes than the CPU's vectors have, asked for by target.lanes, is raised to one vector. */
static void raise_lanes(struct compile *c)
{
    const sched_fields vector = sched_field_bit("vector"), lanes = sched_field_bit("lanes");
    const int widest = c->front.target.machine.vector_bits / 8 / (int)c->front.real;
    if (c->front.spec.target_lanes.value > 0 && c->choices.given & lanes && !(c->choices.given & vector) &&
        c->choices.fixed.lanes < widest)
        c->choices.fixed.lanes = widest;
}

enum gpfc_status schedules_choose(struct compile *c)
{
    const char *fault = NULL;
    struct schedule schedule = first_choice(c);
    raise_lanes(c);
    sched_fix(&schedule, &c->choices.fixed, c->choices.given);
    for (int i = 0; i < c->choices.n; i++)
        c->choices.family[i].schedule = schedule;
    if (sched_check(c->arena, &schedule, &c->front.target.machine, c->front.real, &fault))
        return GPFC_OK;
    diag_error(&c->diag, c->front.spec.target_schedule.at, "target.schedule: %s", fault);
    return GPFC_FAULTY;
}

/* ---- by cost ------------------------------------------------------------------------------------------- */

enum { MOST_PROGRAMS = 8 };

struct settling {
    struct compile *c;
    const struct family *f;
    int n_programs; /* one for each way to keep values */
    int keep[MOST_PROGRAMS];
    const struct ir_graph *program[MOST_PROGRAMS]; /* after the passes; NULL: they failed */
};

static const struct ir_graph *program_for(struct settling *s, const struct schedule *schedule)
{
    const char *fault;
    for (int i = 0; i < s->n_programs; i++)
        if (s->keep[i] == schedule->keep)
            return s->program[i];
    if (s->n_programs == MOST_PROGRAMS)
        return NULL;
    s->keep[s->n_programs] = schedule->keep;
    s->program[s->n_programs] = programs_simple_train(s->c, s->c->arena, s->f, schedule, &fault);
    return s->program[s->n_programs++];
}

/* NULL: it cannot be planned. */
static const struct plan *plan_of(struct settling *s, const struct schedule *schedule)
{
    const struct ir_graph *program = program_for(s, schedule);
    const char *fault;
    return program ? sched_plan(s->c->arena, program, *schedule, &fault) : NULL;
}

/* Seconds of a sample; negative: it cannot be planned. */
static double seconds_of(struct settling *s, const struct schedule *schedule)
{
    const enum real real = s->c->front.real;
    const struct plan *plan = plan_of(s, schedule);
    return plan ? sched_cost(plan, &s->c->front.target.machine, real) / schedule->lanes : -1;
}

void schedules_costs(struct compile *c, const struct family *f, int n, const struct schedule *schedules,
                     double *seconds)
{
    struct settling settling = {.c = c, .f = f};
    for (int i = 0; i < n; i++)
        seconds[i] = seconds_of(&settling, &schedules[i]);
}

/* The variant of tanh, which no plan depends on; one other than the first must be cheaper by more than the
 * model errs. */
static void settle_tanh(struct settling *s, struct schedule *schedule)
{
    double seconds[SCHED_TANHS];
    const struct plan *found = plan_of(s, schedule);
    if (!found || s->c->choices.given & sched_field_bit("tanh"))
        return;
    struct schedule variant = *found->schedule;
    struct plan plan = *found;
    plan.schedule = &variant;
    for (int tanh = 0; tanh < SCHED_TANHS; tanh++) {
        variant.cpu.tanh = tanh;
        seconds[tanh] = sched_cost(&plan, &s->c->front.target.machine, s->c->front.real);
    }
    schedule->cpu.tanh = sched_pick(SCHED_TANHS, seconds);
}

/* Of those that the cost model compares, with its seconds of a sample; negative: none can be planned. */
static struct schedule cheapest(struct compile *c, const struct family *f, double *least)
{
    struct schedule *space = ARENA_ARRAY(c->arena, struct schedule, SCHED_MOST);
    struct settling settling = {.c = c, .f = f};
    const char *fault;
    double seconds[SCHED_MOST];
    const enum real real = c->front.real;
    const int n_space = sched_space(&c->front.target.machine, real, SCHED_FEW, space, SCHED_MOST);
    int n = 0;
    for (int i = 0; i < n_space; i++) {
        struct schedule schedule = space[i];
        sched_fix(&schedule, &c->choices.fixed, c->choices.given);
        bool known = !sched_check(c->arena, &schedule, &c->front.target.machine, real, &fault);
        for (int k = 0; k < n; k++)
            known = known || sched_equal(&space[k], &schedule);
        if (!known)
            space[n++] = schedule;
    }
    for (int i = 0; i < n; i++)
        seconds[i] = seconds_of(&settling, &space[i]);
    const int picked = n > 0 ? sched_pick(n, seconds) : -1;
    *least = picked < 0 ? -1 : seconds[picked];
    if (picked < 0)
        return f->schedule;
    settle_tanh(&settling, &space[picked]);
    return space[picked];
}

void schedules_settle(struct compile *c, struct family *f)
{
    double seconds;
    if (!f->settled)
        f->schedule = cheapest(c, f, &seconds);
    f->settled = true;
}

enum gpfc_status schedules_settle_all(struct compile *c)
{
    for (int i = 0; i < c->choices.n; i++)
        schedules_settle(c, &c->choices.family[i]);
    return GPFC_OK;
}

void schedules_take(struct family *f, const struct schedule *schedule)
{
    f->schedule = *schedule;
    f->settled = f->measured = true;
}

const char *schedules_text(struct arena *arena, const struct schedule *schedule)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    sched_text(schedule, &text);
    return strbuf_text(&text);
}

/* ---- mixed precision ----------------------------------------------------------------------------------- */

/* NULL: the CPU multiplies bfloat16 numbers faster than floats. */
static const char *mixed_fault(const struct compile *c)
{
    const struct machine *m = &c->front.target.machine;
    if (!c->front.target.cpu.has_bfloat)
        return "has no instructions for products of bfloat16 numbers (AVX512-BF16)";
    if (m->pairs == 0)
        return "multiplies bfloat16 numbers at an unknown speed";
    return 2 * m->pairs <= m->multiply_adds ? "is no faster at products of bfloat16 numbers than of floats"
                                            : NULL;
}

/* Small products gain less than rounding costs. */
static void mix_where_it_pays(struct compile *c, struct family *f)
{
    double single, mixed;
    (void)cheapest(c, f, &single);
    f->is_mixed = true;
    (void)cheapest(c, f, &mixed);
    f->is_mixed = mixed >= 0 && mixed < single;
    if (!f->is_mixed)
        diag_warning(
            &c->diag, c->front.spec.target_precision.at,
            "target.precision: products this small gain nothing from bfloat16; the training stays in single "
            "precision");
}

enum gpfc_status schedules_mix(struct compile *c)
{
    const int precision = (int)c->front.spec.target_precision.value;
    const struct place at = c->front.spec.target_precision.at;
    struct family *f = &c->choices.family[0];
    if (!f->kind->is_mixable || precision == SPEC_target_precision_own)
        return GPFC_OK;
    const char *fault = precision == SPEC_target_precision_mixed ? mixed_fault(c) : NULL;
    if (c->front.real == REAL_8)
        diag_error(&c->diag, at, "target.precision: products of bfloat16 numbers need precision: single");
    else if (fault)
        diag_error(&c->diag, at,
                   "target.precision is mixed, but %s %s; 'emulated' shows what rounding does, and is slower",
                   c->front.target.machine.name, fault);
    else if (precision == SPEC_target_precision_mixed)
        mix_where_it_pays(c, f);
    else
        f->is_mixed = true;
    return c->front.real == REAL_8 || fault ? GPFC_FAULTY : GPFC_OK;
}
