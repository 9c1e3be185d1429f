/* SPDX-License-Identifier: MIT
 *
 * The schedule of a compile: what the spec's target keys fix of it, and the compiler's choice of the rest. */
#include "drive/schedules.h"

#include "drive/programs.h"
#include "sched/sched_cost.h"

/* ---- what the target says ------------------------------------------------------------------------------ */

static struct schedule first_choice(const struct compile *c)
{
    return backend_planner(c->backend)->first(&c->front.target, c->front.real);
}

static bool can_be_compiled(const struct compile *c, const struct schedule *schedule, const char **fault)
{
    return backend_planner(c->backend)->check(c->arena, schedule, &c->front.target, c->front.real, fault);
}

/* Of a tile. */
static double cost_of(const struct compile *c, const struct plan *plan)
{
    return backend_planner(c->backend)->cost(plan, &c->front.target, c->front.real);
}

int schedules_offer(const struct compile *c, struct schedule schedule, int n, struct schedule *out)
{
    const char *fault;
    sched_fix(&schedule, &c->choices.fixed, c->choices.given);
    bool known = !can_be_compiled(c, &schedule, &fault);
    for (int i = 0; i < n; i++)
        known = known || sched_equal(&out[i], &schedule);
    if (!known)
        out[n++] = schedule;
    return n;
}

/* ---- what the spec fixes ------------------------------------------------------------------------------- */

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
    const int widest = first_choice(c).cpu.vector;
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
    if (can_be_compiled(c, &schedule, &fault))
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
    return program ? backend_planner(s->c->backend)->plan(s->c->arena, program, *schedule, &fault) : NULL;
}

/* Seconds of a sample; negative: it cannot be planned. */
static double seconds_of(struct settling *s, const struct schedule *schedule)
{
    const struct plan *plan = plan_of(s, schedule);
    return plan ? cost_of(s->c, plan) / schedule->lanes : -1;
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
        seconds[tanh] = cost_of(s->c, &plan);
    }
    schedule->cpu.tanh = sched_pick(SCHED_TANHS, seconds);
}

/* Of those that the cost model compares, with its seconds of a sample; negative: none can be planned. */
static struct schedule cheapest(struct compile *c, const struct family *f, double *least)
{
    struct schedule *space = ARENA_ARRAY(c->arena, struct schedule, SCHED_MOST);
    struct settling settling = {.c = c, .f = f};
    double seconds[SCHED_MOST];
    const int n_space =
        backend_planner(c->backend)->space(&c->front.target, c->front.real, SCHED_FEW, space, SCHED_MOST);
    int n = 0;
    for (int i = 0; i < n_space; i++)
        n = schedules_offer(c, space[i], n, space);
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
    const char *fault = precision == SPEC_target_precision_mixed
                            ? backend_planner(c->backend)->bfloat_fault(&c->front.target)
                            : NULL;
    if (c->front.real == REAL_8)
        diag_error(&c->diag, at, "target.precision: products of bfloat16 numbers need precision: single");
    else if (fault)
        diag_error(&c->diag, at,
                   "target.precision is mixed, but %s %s; 'emulated' shows what rounding does, and is slower",
                   c->front.target.name, fault);
    else if (precision == SPEC_target_precision_mixed)
        mix_where_it_pays(c, f);
    else
        f->is_mixed = true;
    return c->front.real == REAL_8 || fault ? GPFC_FAULTY : GPFC_OK;
}
