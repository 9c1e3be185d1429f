/* SPDX-License-Identifier: MIT
 *
 * tune: the spec that this trainer carries is compiled anew by gpfc, for the machine at hand, with schedules
 * found by measuring; the trainer's own file is replaced when all is done. */
#define _GNU_SOURCE /* memfd_create */
#include "command/command.h"
#include "kernels/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MOST_PATH = 4096 };

/* This program's file; it may have been replaced since it was started. */
static bool find_self(char path[MOST_PATH], struct fault *fault)
{
    const ssize_t length = readlink("/proc/self/exe", path, MOST_PATH - 1);
    if (length <= 0 || length >= MOST_PATH - 1)
        return fault_system(fault, "readlink", length < 0 ? errno : ENAMETOOLONG,
                            "cannot find the trainer's own file");
    path[length] = '\0';
    return access(path, F_OK) == 0 ||
           fault_system(fault, "access", errno, "%s: the trainer's own file", path);
}

/* The spec as a file that has no name and is gone when nobody has it open. -1: fault. */
static int open_spec(const struct gpfc_bundle *bundle, struct fault *fault)
{
    const size_t length = strlen(bundle->spec_text);
    const int file = memfd_create("spec.yaml", 0);
    size_t done = 0;
    while (file >= 0 && done < length) {
        const ssize_t n = write(file, bundle->spec_text + done, length - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    if (file >= 0 && done == length)
        return file;
    (void)fault_system(fault, file < 0 ? "memfd_create" : "write", errno, "cannot pass the spec to gpfc");
    if (file >= 0)
        (void)close(file);
    return -1;
}

/* ---- gpfc ---------------------------------------------------------------------------------------------- */

/* Where it was when it compiled this trainer, else found by PATH, else $GPFC. 0, or ENOENT where there is
 * none. */
static int spawn_gpfc(const struct gpfc_bundle *bundle, const char *const *arguments, pid_t *child)
{
    char **list;
    memcpy(&list, &arguments, sizeof list); /* the standard forgot const */
    const char *named = getenv("GPFC");
    const char *const places[] = {bundle->compiler, "gpfc", named ? named : ""};
    int error = ENOENT;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && error == ENOENT; i++)
        if (places[i][0] != '\0')
            error = posix_spawnp(child, places[i], NULL, NULL, list, environ);
    return error;
}

static bool no_gpfc(const struct gpfc_bundle *bundle, int error, struct fault *fault)
{
    if (error != ENOENT)
        return fault_system(fault, "posix_spawnp", error, "cannot run gpfc");
    return fault_set(fault, FAULT_SYSTEM,
                     "tuning needs the compiler gpfc, which was not found: neither as %s, where it was, nor "
                     "in PATH, nor in $GPFC",
                     bundle->compiler[0] != '\0' ? bundle->compiler : "(unknown)");
}

static bool wait_for(pid_t child, struct fault *fault)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return fault_system(fault, "waitpid", errno, "gpfc was lost");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        return fault_set(fault, FAULT_SYSTEM, "gpfc was killed by signal %d; the trainer is unchanged",
                         WTERMSIG(status));
    return fault_set(fault, WEXITSTATUS(status) == FAULT_INPUT ? FAULT_INPUT : FAULT_SYSTEM,
                     "gpfc failed; the trainer is unchanged");
}

/* gpfc replaces the file itself, whole. */
static bool run_gpfc(const struct gpfc_bundle *bundle, const struct command_options *options,
                     const char *self, const char *spec, struct fault *fault)
{
    char effort[32], seconds[48];
    const char *const folder = setting_text(bundle, SETTING_data_folder);
    const char *words[] = {"gpfc", "--cpu=native", effort, "-o", self, NULL, NULL,
                           NULL,   NULL,           NULL,   NULL, NULL, NULL};
    int n = 5;
    pid_t child;
    (void)snprintf(effort, sizeof effort, "--tune=%s", options->tune ? options->tune : "quick");
    (void)snprintf(seconds, sizeof seconds, "--tune-time=%.17g", options->tune_seconds);
    if (options->tune_seconds > 0)
        words[n++] = seconds;
    if (options->quiet)
        words[n++] = "--quiet";
    if (options->json)
        words[n++] = "--json";
    if (folder[0]) {
        words[n++] = "--data-folder";
        words[n++] = folder;
    }
    words[n++] = "--";
    words[n] = spec;
    const int error = spawn_gpfc(bundle, words, &child);
    return error == 0 ? wait_for(child, fault) : no_gpfc(bundle, error, fault);
}

bool command_tune(const struct command_context *context, const struct command_options *options,
                  struct fault *fault)
{
    char self[MOST_PATH], spec[64];
    if (options->tune && strcmp(options->tune, "quick") != 0 && strcmp(options->tune, "full") != 0)
        return fault_set(fault, FAULT_INPUT, "--tune: expected quick or full, found '%s'", options->tune);
    if (!find_self(self, fault))
        return false;
    const int file = open_spec(context->bundle, fault);
    if (file < 0)
        return false;
    (void)snprintf(spec, sizeof spec, "/proc/self/fd/%d", file);
    const bool good = run_gpfc(context->bundle, options, self, spec, fault);
    (void)close(file);
    return good;
}
