/* SPDX-License-Identifier: MIT */
#include "kernels/kernel_call.h"

#include "kernels/bundle.h"

#include <stdlib.h>

bool kernel_call_init(struct kernel_call *call, const struct gpfc_bundle *bundle, const char *kernel,
                      int threads, bool alone, struct fault *fault)
{
    *call = (struct kernel_call){.bundle = bundle,
                                 .kernel = bundle_kernel(bundle, kernel),
                                 .lanes = bundle->lanes,
                                 .precision = bundle->precision,
                                 .threads = threads};
    if (!call->kernel)
        return fault_set(fault, FAULT_SYSTEM, "this trainer has no kernel '%s'", kernel);
    const struct kernel_room_plan plan = {
        .kernel = call->kernel, .lanes = call->lanes, .precision = call->precision, .alone = alone};
    const size_t uniform = (size_t)call->kernel->uniform_bytes;
    if (!kernel_rooms_new(&call->rooms, &plan, threads, fault))
        return false;
    call->uniform = kernel_memory(uniform);
    return call->uniform || fault_memory(fault, uniform, "the kernels' work space");
}

void kernel_call_free(struct kernel_call *call)
{
    kernel_rooms_free(call->rooms, call->threads);
    free(call->uniform);
}

void kernel_call_bind_in(const struct kernel_call *call, int port, const void *values)
{
    for (int i = 0; i < call->threads; i++)
        call->rooms[i].in[port] = values;
}

void kernel_call_bind_total(const struct kernel_call *call, int port, void *values)
{
    for (int i = 0; i < call->threads; i++)
        call->rooms[i].out[port] = values;
}

void kernel_call_parameters(const struct kernel_call *call, const void *theta)
{
    for (int64_t i = 0; i < call->bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &call->bundle->parameters[i];
        const int port = bundle_input(call->kernel, parameter->name);
        if (port >= 0)
            kernel_call_bind_in(call, port, (const char *)theta + parameter->offset * call->precision);
    }
}

void kernel_call_before(const struct kernel_call *call)
{
    call->kernel->before(call->rooms[0].in, call->uniform);
}

void kernel_call_tile(const struct kernel_call *call, int thread, void *sums)
{
    const struct kernel_room *room = &call->rooms[thread];
    call->kernel->tile(room->in, room->out, call->uniform, room->scratch, sums);
}

void kernel_call_after(const struct kernel_call *call, int thread, const void *sums)
{
    const struct kernel_room *room = &call->rooms[thread];
    call->kernel->after(room->in, room->out, call->uniform, sums);
}
