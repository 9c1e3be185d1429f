/* SPDX-License-Identifier: MIT
 *
 * The schedule of a compile: what the spec's target keys fix of it, and the compiler's choice of the rest. */
#include "compile.h"

#include "sched/sched_space.h"

/* ---- what the spec fixes -------------------------------------------------------------------------------------------- */

static struct schedule first_choice(const struct compile *c)
{
    return sched_choose(c->machine.vector_bits, c->machine.registers, c->is_double ? 8 : 4, 0);
}

/* A key of its own for one field, given as `value`. */
static void fix_field(struct compile *c, const char *name, int *field, int value, struct place at)
{
    const sched_fields bit = sched_field_bit(name);
    if (c->given & bit && *field != value)
        diag_error(&c->diag, at, "target.%s and target.schedule both decide %s", name, name);
    *field = value;
    c->given |= bit;
}

enum gpfc_status schedules_read(struct compile *c)
{
    const struct spec *spec = &c->spec;
    const int errors_before = c->diag.errors;
    const char *fault = NULL;
    if (!spec->whole)
        return GPFC_FAULTY;
    if (!sched_parse(c->arena, spec->target_schedule.value, &c->fixed, &c->given, &fault))
        diag_error(&c->diag, spec->target_schedule.at, "target.schedule: %s", fault);
    if (spec->target_lanes.value > 0)
        fix_field(c, "lanes", &c->fixed.lanes, (int)spec->target_lanes.value, spec->target_lanes.at);
    if (spec->target_unroll.value > 0)
        fix_field(c, "unroll", &c->fixed.unroll, (int)spec->target_unroll.value, spec->target_unroll.at);
    if (spec->target_keep.value != SPEC_keep_automatic) {
        const int keep = spec->target_keep.value == SPEC_keep_all ? SCHED_KEEP_ALL : SCHED_KEEP_STATE;
        fix_field(c, "keep", &c->fixed.keep, keep, spec->target_keep.at);
    }
    return c->diag.errors > errors_before ? GPFC_FAULTY : GPFC_OK;
}

/* ---- the choice ----------------------------------------------------------------------------------------------------- */

/* A tile of fewer lanes than the CPU's vectors have, asked for by target.lanes, is raised to one vector. */
static void raise_lanes(struct compile *c)
{
    const sched_fields vector = sched_field_bit("vector"), lanes = sched_field_bit("lanes");
    const int widest = c->machine.vector_bits / 8 / (c->is_double ? 8 : 4);
    if (c->spec.target_lanes.value > 0 && c->given & lanes && !(c->given & vector) && c->fixed.lanes < widest)
        c->fixed.lanes = widest;
}

enum gpfc_status schedules_choose(struct compile *c)
{
    const char *fault = NULL;
    struct schedule schedule = first_choice(c);
    raise_lanes(c);
    sched_fix(&schedule, &c->fixed, c->given);
    for (int half = 0; half < COMPILE_HALVES; half++)
        c->schedule[half] = schedule;
    if (sched_check(c->arena, &schedule, &c->machine, c->is_double ? 8 : 4, &fault))
        return GPFC_OK;
    diag_error(&c->diag, c->spec.target_schedule.at, "target.schedule: %s", fault);
    return GPFC_FAULTY;
}
