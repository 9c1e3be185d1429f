/* SPDX-License-Identifier: MIT
 *
 * Rows of a memory-mapped file are gone when that file is truncated, and reading them raises SIGBUS, in the
 * middle of a kernel: all that can be done is to say so and exit. */
#define _GNU_SOURCE /* program_invocation_name */
#include "command/command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Only what signal handlers may call. */
static void say(const char *text)
{
    const ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void end(int signal_number, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code != BUS_ADRERR) {
        (void)signal(signal_number, SIG_DFL);
        (void)raise(signal_number);
        return;
    }
    say(program_invocation_name);
    say(": a data file became shorter or unreadable while it was in use; once it is complete again, `resume' "
        "continues a training from its last checkpoint\n");
    _exit(FAULT_SYSTEM);
}

void command_watch_files(void)
{
    struct sigaction action = {.sa_sigaction = end, .sa_flags = SA_SIGINFO};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, NULL);
}
