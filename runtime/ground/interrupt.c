/* SPDX-License-Identifier: MIT */
#include "ground/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct interrupt {
    sigset_t watched, before;
    pthread_t thread;
    atomic_int noted;
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

static void *wait_for_signals(void *data)
{
    struct interrupt *interrupt = data;
    for (;;) {
        int signal_number = 0;
        (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
        if (sigwait(&interrupt->watched, &signal_number) != 0)
            continue;
        (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        if (atomic_load(&interrupt->noted) != 0)
            end_at_once(signal_number);
        atomic_store(&interrupt->noted, signal_number);
    }
    return NULL;
}

static void add_unless_ignored(sigset_t *set, int signal_number)
{
    struct sigaction action;
    if (sigaction(signal_number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        (void)sigaddset(set, signal_number);
}

bool interrupt_watch(struct interrupt **out, struct fault *fault)
{
    *out = NULL;
    struct interrupt *interrupt = calloc(1, sizeof *interrupt);
    if (!interrupt)
        return fault_memory(fault, sizeof *interrupt, "the watch on signals");
    (void)sigemptyset(&interrupt->watched);
    add_unless_ignored(&interrupt->watched, SIGINT);
    add_unless_ignored(&interrupt->watched, SIGTERM);
    add_unless_ignored(&interrupt->watched, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &interrupt->watched, &interrupt->before);
    int error = pthread_create(&interrupt->thread, NULL, wait_for_signals, interrupt);
    if (error != 0) {
        (void)pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
        free(interrupt);
        return fault_system(fault, error, "cannot start the thread that watches for signals");
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
    (void)pthread_cancel(interrupt->thread);
    (void)pthread_join(interrupt->thread, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
    free(interrupt);
}
