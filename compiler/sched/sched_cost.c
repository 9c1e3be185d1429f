/* SPDX-License-Identifier: MIT
 *
 * Cycles of a plan's tile: of each nest by its operations (sched_work.c) and the memory it goes through. */
#include "sched/sched_cost.h"

#include "sched/sched_work.h"

struct costing {
    const struct plan *plan;
    const struct machine *machine;
    enum real real;
    struct sched_cost sum;
};

static double most(double a, double b)
{
    return a > b ? a : b;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* ---- a core -------------------------------------------------------------------------------------------- */

/* A schedule's vectors may be narrower than the machine's: they take as long. */
static double port_cycles(const struct costing *c, const struct work *w)
{
    const struct machine *m = c->machine;
    const double apart = m->has_fma ? 1 : 2; /* a multiplication and an addition share what a multiply-add
                                                takes */
    const double arithmetic = w->madds / m->multiply_adds + w->arithmetic / (apart * m->multiply_adds);
    const double all =
        w->madds * apart + w->arithmetic + w->loads * 0.5 + w->stores + w->shuffles + w->divisions + w->other;
    const double divide = w->divisions * m->divide * (c->real == REAL_8 ? 1.45 : 1);
    double cycles = most(arithmetic, all / m->issue);
    cycles = most(cycles, w->loads / m->loads);
    cycles = most(cycles, w->stores / m->stores);
    cycles = most(cycles, w->shuffles / m->shuffles);
    /* What keeps one kind of port busy leaves others idle at times. */
    const double pressure =
        0.1 * (arithmetic + w->loads / m->loads + w->stores / m->stores + all / m->issue - cycles);
    return most(cycles + pressure, divide);
}

/* Chains of sums: a block takes as long as its longest, while as many blocks as the core sees go on at
 * once. */
static double chain_cycles(const struct costing *c, const struct nest_work *work)
{
    const double forwarding = 8; /* cycles from a store to a load of the same place */
    double cycles = 0;
    for (int i = 0; i < work->n_chains; i++) {
        const struct chain *chain = &work->chains[i];
        const double seen = most(1, c->machine->window / most(chain->operations, 1));
        const double step = c->machine->latency + chain->spilled * forwarding;
        cycles += chain->blocks * (chain->length + 2) * step / least(seen, chain->blocks);
    }
    return cycles;
}

/* Instructions past the first cache of code come at about four a cycle. */
static double fetch_cycles(const struct nest_work *work)
{
    const double bytes_each = 7, first_cache = 32 << 10, bytes = work->code_operations * bytes_each;
    return bytes > first_cache ? bytes / 16 : 0;
}

/* ---- memory -------------------------------------------------------------------------------------------- */

/* Cycles that moving a nest's bytes to the first cache takes, from the level where the time since their last
 * use left them. */
static double memory_cycles(const struct machine *m, const struct traffic *traffic)
{
    return traffic->from_l2 / m->l2_bandwidth + traffic->from_l3 / m->l3_bandwidth +
           traffic->from_memory / m->memory_bandwidth;
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

static void cost_nest(struct costing *c, const struct plan_region *region, const struct plan_nest *nest,
                      const struct traffic *traffic, double times)
{
    enum { CALL = 12 };
    const double hidden = 0.85; /* of memory's time, by arithmetic, or of arithmetic's by
                                   memory's */
    const struct nest_work work = work_of(c->plan, region, nest, c->machine, c->real);
    const double core = most(port_cycles(c, &work.all), fetch_cycles(&work)), chain = chain_cycles(c, &work);
    const double memory = memory_cycles(c->machine, traffic), busy = most(core, chain);
    const double both = most(busy, memory) + (1 - hidden) * least(busy, memory);
    c->sum.arithmetic += times * work.all.madds / c->machine->multiply_adds;
    c->sum.core += times * core;
    c->sum.waiting += times * (busy - core);
    c->sum.memory += times * (both - busy);
    c->sum.calls += times * CALL;
    c->sum.cycles += times * (both + CALL);
}

static void cost_region(struct costing *c, const struct plan_region *region, double times)
{
    const struct traffic *traffic = traffic_of(c->plan, region, c->machine, c->real);
    for (int i = 0; i < region->n_items; i++) {
        const struct plan_loop *loop = region->items[i].loop;
        if (loop)
            cost_region(c, loop->body, times * loop->node->steps->count);
        else
            cost_nest(c, region, region->items[i].nest, &traffic[i], times);
    }
}

struct sched_cost sched_cost_parts(const struct plan *plan, const struct machine *machine, enum real real)
{
    struct costing c = {.plan = plan, .machine = machine, .real = real};
    cost_region(&c, plan->tile, 1);
    return c.sum;
}

double sched_cost(const struct plan *plan, const struct machine *machine, enum real real)
{
    return sched_cost_parts(plan, machine, real).cycles / machine->hertz;
}

int sched_pick(int n, const double *seconds)
{
    const double margin = 0.965;
    int best = 0;
    for (int i = 1; i < n; i++)
        if (seconds[i] >= 0 && (seconds[best] < 0 || seconds[i] < margin * seconds[best]))
            best = i;
    return best;
}
