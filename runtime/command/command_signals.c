/* SPDX-License-Identifier: MIT
 *
 * A command that is ended by Ctrl-C, or by another signal that asks for it, leaves no half-written files. The
 * exit status is that of the signal. A training notes the first signal itself (interrupt.h). */
#include "command/command.h"
#include "files/side_file.h"

#include <errno.h>
#include <signal.h>

static void end(int signal_number)
{
    const int error = errno;
    side_file_remove_all();
    (void)raise(signal_number); /* its default action, once this returns */
    errno = error;
}

void command_watch_signals(void)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = end, .sa_flags = SA_RESETHAND}, before;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (sigaction(ending[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            (void)sigaction(ending[i], &action, NULL);
}
