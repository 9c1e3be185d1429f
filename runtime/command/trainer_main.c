/* SPDX-License-Identifier: MIT
 *
 * The main program of linked trainers, in an object of its own: the linker does not pull it into a program
 * that has its own main. */
#include "gpfc/runtime.h"
#include "gpfc/standard_streams.h"

#include <signal.h>

/* A file larger than the shell's limit (ulimit -f) is reported like a full device, and the write is
 * undone. */
int main(int argc, char **argv)
{
    gpfc_keep_standard_streams();
    (void)signal(SIGXFSZ, SIG_IGN);
    return gpfc_trainer_main(&gpfc_bundle, argc, argv);
}
