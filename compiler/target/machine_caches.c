/* SPDX-License-Identifier: MIT
 *
 * Asks hwloc for caches only: everything else takes it long. Cores that this process may not use count as
 * well, so that the answer depends on the machine, not on the moment. */
#include "target/machine_caches.h"

#include <hwloc.h>

static const unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED
#if HWLOC_API_VERSION >= 0x00020800 /* does not visit every core */
                                   | HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING |
                                   HWLOC_TOPOLOGY_FLAG_NO_DISTANCES | HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS |
                                   HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS
#endif
    ;

static bool load(hwloc_topology_t topology)
{
    static const hwloc_obj_type_t wanted[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE,
                                              HWLOC_OBJ_CORE};
    if (hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE) != 0)
        return false;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (hwloc_topology_set_type_filter(topology, wanted[i], HWLOC_TYPE_FILTER_KEEP_ALL) != 0)
            return false;
    return hwloc_topology_set_flags(topology, flags) == 0 && hwloc_topology_load(topology) == 0;
}

/* Bytes of the first cache of this level, 0: none is reported; *cores: how many share it. */
static long cache_size(hwloc_topology_t topology, hwloc_obj_type_t level, int *cores)
{
    const hwloc_obj_t cache = hwloc_get_obj_by_type(topology, level, 0);
    if (!cache || !cache->attr)
        return 0;
    *cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology, cache->cpuset, HWLOC_OBJ_CORE);
    if (*cores < 1)
        *cores = 1;
    return (long)cache->attr->cache.size;
}

static void take(hwloc_topology_t topology, struct machine *machine)
{
    int cores = 1;
    const long l1 = cache_size(topology, HWLOC_OBJ_L1CACHE, &cores);
    if (l1 > 0)
        machine->l1_bytes = l1;
    const long l2 = cache_size(topology, HWLOC_OBJ_L2CACHE, &cores);
    if (l2 > 0) {
        machine->l2_bytes = l2 / cores;
        machine->l3_bytes = l2; /* unless there is a third */
        machine->l3_cores = cores;
    }
    const long l3 = cache_size(topology, HWLOC_OBJ_L3CACHE, &cores);
    if (l3 > 0) {
        machine->l3_bytes = l3;
        machine->l3_cores = cores;
    }
}

void machine_caches(struct machine *machine)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0)
        return;
    if (load(topology))
        take(topology, machine);
    hwloc_topology_destroy(topology);
}
