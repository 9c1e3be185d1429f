/* SPDX-License-Identifier: MIT */
#include "ground/pin.h"

#include "ground/parallel.h"

#include <hwloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct pin {
    hwloc_topology_t topology;
    hwloc_bitmap_t before; /* where the process may run */
    int threads;
    int *unit; /* [threads] the processing unit of each: a core's first, as a rule */
    atomic_bool failed;
};

/* ---- what is wanted ------------------------------------------------------------------------------------ */

static bool said(const char *variable, const char *value)
{
    const char *const text = getenv(variable);
    return text && (!value || strcmp(text, value) == 0);
}

static bool is_wanted(int threads)
{
    return threads > 1 && !said("GPFC_PIN", "0") && !said("OMP_PROC_BIND", NULL) &&
           !said("OMP_PLACES", NULL) && !said("GOMP_CPU_AFFINITY", NULL) && !said("OMP_DYNAMIC", NULL);
}

/* ---- cores --------------------------------------------------------------------------------------------- */

/* Cores and processing units only: the rest of the machine takes long to discover. */
static bool load(hwloc_topology_t *out)
{
    if (hwloc_topology_init(out) != 0)
        return false;
    if (hwloc_topology_set_all_types_filter(*out, HWLOC_TYPE_FILTER_KEEP_NONE) == 0 &&
        hwloc_topology_set_type_filter(*out, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL) == 0 &&
        hwloc_topology_load(*out) == 0)
        return true;
    hwloc_topology_destroy(*out);
    return false;
}

/* The first unit of core i that the process may use; -1: none. */
static int unit_of(const struct pin *pin, int i)
{
    const hwloc_obj_t core = hwloc_get_obj_by_type(pin->topology, HWLOC_OBJ_CORE, (unsigned)i);
    for (int unit = hwloc_bitmap_first(core->cpuset); unit >= 0; unit = hwloc_bitmap_next(core->cpuset, unit))
        if (hwloc_bitmap_isset(pin->before, (unsigned)unit))
            return unit;
    return -1;
}

/* A unit for each thread; false where there are not as many cores, or units, as threads. */
static bool choose_units(struct pin *pin)
{
    const int cores = hwloc_get_nbobjs_by_type(pin->topology, HWLOC_OBJ_CORE);
    int found = 0;
    for (int i = 0; i < cores; i++) {
        const int unit = unit_of(pin, i);
        if (unit >= 0 && found < pin->threads)
            pin->unit[found] = unit;
        found += unit >= 0;
    }
    if (found == pin->threads || (found > pin->threads && said("GPFC_PIN", "1")))
        return true;
    if (hwloc_bitmap_weight(pin->before) != pin->threads)
        return false;
    found = 0; /* each core for as many threads as it has units */
    for (int unit = hwloc_bitmap_first(pin->before); unit >= 0; unit = hwloc_bitmap_next(pin->before, unit))
        pin->unit[found++] = unit;
    return true;
}

/* ---- threads ------------------------------------------------------------------------------------------- */

static void bind(void *data, int thread)
{
    struct pin *const pin = data;
    hwloc_bitmap_t there = hwloc_bitmap_alloc();
    if (!there || hwloc_bitmap_only(there, (unsigned)pin->unit[thread]) != 0 ||
        hwloc_set_cpubind(pin->topology, there, HWLOC_CPUBIND_THREAD) != 0)
        atomic_store(&pin->failed, true);
    hwloc_bitmap_free(there);
}

static void unbind(void *data, int thread)
{
    struct pin *const pin = data;
    (void)thread;
    (void)hwloc_set_cpubind(pin->topology, pin->before, HWLOC_CPUBIND_THREAD);
}

static void pin_free(struct pin *pin)
{
    hwloc_topology_destroy(pin->topology);
    hwloc_bitmap_free(pin->before);
    free(pin->unit);
    free(pin);
}

struct pin *pin_threads(int threads)
{
    struct pin *const pin = is_wanted(threads) ? calloc(1, sizeof *pin) : NULL;
    if (!pin || !load(&pin->topology)) {
        free(pin);
        return NULL;
    }
    pin->threads = threads;
    pin->unit = calloc((size_t)threads, sizeof *pin->unit);
    pin->before = hwloc_bitmap_alloc();
    if (!pin->unit || !pin->before ||
        hwloc_get_cpubind(pin->topology, pin->before, HWLOC_CPUBIND_THREAD) != 0 || !choose_units(pin)) {
        pin_free(pin);
        return NULL;
    }
    parallel_each(threads, bind, pin);
    if (!atomic_load(&pin->failed))
        return pin;
    pin_release(pin);
    return NULL;
}

void pin_release(struct pin *pin)
{
    if (!pin)
        return;
    parallel_each(pin->threads, unbind, pin);
    pin_free(pin);
}
