/* SPDX-License-Identifier: MIT
 *
 * The main program of linked trainers, in an object of its own: the linker does not pull it into a program
 * that has its own main. */
#include "files/side_file.h"
#include "gpfc/json_memory.h"
#include "gpfc/runtime.h"
#include "gpfc/standard_streams.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void *json_memory(size_t bytes)
{
    void *const memory = gpfc_json_memory(bytes);
    if (memory)
        return memory;
    side_file_remove_all();
    _exit(GPFC_SYSTEM);
}

/* A file larger than the shell's limit (ulimit -f) is reported like a full device, and the write is
 * undone. */
int main(int argc, char **argv)
{
    gpfc_keep_standard_streams();
    json_set_alloc_funcs(json_memory, free);
    (void)signal(SIGXFSZ, SIG_IGN);
    return gpfc_trainer_main(&gpfc_bundle, argc, argv);
}
