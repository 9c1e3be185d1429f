/* SPDX-License-Identifier: MIT */
#include "ground/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct interrupt {
    sigset_t watched, before;
    pthread_t thread;
    int wakes; /* one of those watched, which ends the thread; 0: none is, and there is no thread */
    atomic_int noted;
    atomic_bool ends;
};

/* As the process would without a watch: by the default action, whose exit status tells the shell which signal
 * it was (128 + its number), or by a handler that was there before. */
static void end_at_once(int signal_number)
{
    sigset_t one;
    (void)sigemptyset(&one);
    (void)sigaddset(&one, signal_number);
    (void)pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    (void)kill(getpid(), signal_number);
}

/* Of two signals that have come by now one was for the thread; the other waits until all are unblocked. */
static void leave_other(const struct interrupt *interrupt)
{
    const struct timespec now = {.tv_sec = 0};
    const int other = sigtimedwait(&interrupt->watched, NULL, &now);
    if (other > 0)
        (void)kill(getpid(), other);
}

static void *wait_for_signals(void *data)
{
    struct interrupt *interrupt = data;
    for (;;) {
        int signal_number = 0;
        if (sigwait(&interrupt->watched, &signal_number) != 0)
            continue;
        if (atomic_load(&interrupt->ends)) {
            leave_other(interrupt);
            return NULL;
        }
        if (atomic_load(&interrupt->noted) != 0)
            end_at_once(signal_number);
        atomic_store(&interrupt->noted, signal_number);
    }
}

static void watch_unless_ignored(struct interrupt *interrupt, int signal_number)
{
    struct sigaction action;
    if (sigaction(signal_number, NULL, &action) != 0 || action.sa_handler == SIG_IGN)
        return;
    (void)sigaddset(&interrupt->watched, signal_number);
    interrupt->wakes = signal_number;
}

bool interrupt_watch(struct interrupt **out, struct fault *fault)
{
    *out = NULL;
    struct interrupt *interrupt = calloc(1, sizeof *interrupt);
    if (!interrupt)
        return fault_memory(fault, sizeof *interrupt, "the watch on signals");
    (void)sigemptyset(&interrupt->watched);
    watch_unless_ignored(interrupt, SIGINT);
    watch_unless_ignored(interrupt, SIGTERM);
    watch_unless_ignored(interrupt, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &interrupt->watched, &interrupt->before);
    const int error =
        interrupt->wakes ? pthread_create(&interrupt->thread, NULL, wait_for_signals, interrupt) : 0;
    if (error != 0) {
        (void)pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
        free(interrupt);
        return fault_system(fault, "pthread_create", error,
                            "cannot start the thread that watches for signals");
    }
    *out = interrupt;
    return true;
}

int interrupt_noted(const struct interrupt *interrupt)
{
    return interrupt ? atomic_load(&interrupt->noted) : 0;
}

void interrupt_free(struct interrupt *interrupt)
{
    if (!interrupt)
        return;
    atomic_store(&interrupt->ends, true);
    if (interrupt->wakes) { /* pthread_cancel would load a library, for which there may be no memory */
        (void)pthread_kill(interrupt->thread, interrupt->wakes);
        (void)pthread_join(interrupt->thread, NULL);
    }
    (void)pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
    free(interrupt);
}
