/* SPDX-License-Identifier: MIT */
#include "command/command.h"
#include "command/report.h"
#include "ground/human.h"
#include "ground/json_make.h"
#include "ground/json_text.h"
#include "kernels/settings.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const double LARGE_FILES = 32e6; /* bytes: more than the program and its libraries */

bool command_flush(struct fault *fault)
{
    errno = 0;
    return (fflush(stdout) == 0 && !ferror(stdout)) ||
           fault_system(fault, "write", errno ? errno : EIO, "cannot write to standard output");
}

bool command_print_json(struct json_t *json, struct fault *fault)
{
    char *text = json_text(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (!text)
        return fault_memory(fault, 0, "the result");
    (void)puts(text);
    free(text);
    return command_flush(fault);
}

/* Kilobytes after a word at the beginning of a line; NaN if there is no such line. */
static double status_of(FILE *file, const char *word)
{
    char line[256];
    rewind(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, word, strlen(word)) == 0)
            return 1024 * strtod(line + strlen(word), NULL);
    return NAN;
}

struct command_memory command_memory(void)
{
    struct command_memory memory = {.most = NAN, .anonymous = NAN, .files = NAN};
    FILE *file = fopen("/proc/self/status", "re");
    if (file) {
        memory.most = status_of(file, "VmHWM:");
        memory.anonymous = status_of(file, "RssAnon:");
        memory.files = status_of(file, "RssFile:");
        (void)fclose(file);
    }
    struct rusage usage;
    if (isnan(memory.most) && getrusage(RUSAGE_SELF, &usage) == 0)
        memory.most = 1024 * (double)usage.ru_maxrss;
    return memory;
}

void command_put_memory(struct json_t **json, const struct command_memory *memory)
{
    json_put_number(json, "rss_anonymous_mb", memory->anonymous / 1e6);
    json_put_number(json, "rss_files_mb", memory->files / 1e6);
}

const char *command_memory_text(const struct command_memory *memory, char *room, size_t bytes)
{
    struct human own, files;
    if (memory->files > LARGE_FILES)
        (void)snprintf(room, bytes, "%s, and %s of files", human_bytes(&own, memory->anonymous),
                       human_bytes(&files, memory->files));
    else
        (void)snprintf(room, bytes, "%s", human_bytes(&own, memory->most));
    return room;
}
