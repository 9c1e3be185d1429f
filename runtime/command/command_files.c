/* SPDX-License-Identifier: MIT
 *
 * Whether what a command writes is something that it reads, or writes for another purpose. */
#include "command/command.h"
#include "model/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_USES = 12 };

struct use {
    const char *what; /* "MODEL", "--report" */
    int length;       /* of that */
    const char *path;
    bool output;
};

struct uses {
    struct use use[MOST_USES];
    int n;
};

static void add(struct uses *uses, const char *what, size_t length, const char *path, bool output)
{
    if (path && path[0] != '\0') /* --logdet may be without a file */
        uses->use[uses->n++] =
            (struct use){.what = what, .length = (int)length, .path = path, .output = output};
}

/* Arguments by their names in the list of commands: of files, only OUT is written. */
static void add_arguments(struct uses *uses, const struct command *command,
                          const struct command_options *options)
{
    const char *word = command->arguments;
    for (int i = 0; i < command->n_arguments; i++) {
        const size_t length = strcspn(word, " ");
        add(uses, word, length, options->argument[i], strncmp(word, "OUT", length) == 0);
        word += length + strspn(word + length, " ");
    }
}

/* What a command prints */
static const char RESULT[] = "the result";

static struct uses uses_of(const struct command *command, const struct command_options *options)
{
    struct uses uses = {.n = 0};
    const struct {
        const char *what, *path;
        bool output;
    } given[] = {
        {"--data", options->data, false},    {"--init", options->init, false},
        {"--base", options->base, false},    {"--logdet", options->logdet, true},
        {"--report", options->report, true}, {"--rows", options->rows, true},
    };
    add_arguments(&uses, command, options);
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        add(&uses, given[i].what, strlen(given[i].what), given[i].path, given[i].output);
    if (command->run == command_evaluate)
        add(&uses, RESULT, strlen(RESULT), "-", true);
    return uses;
}

/* ---- is it the same file? ------------------------------------------------------------------------------ */

static bool same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static const char *name_of(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool folder_of(const char *path, struct stat *folder)
{
    const size_t length = (size_t)(name_of(path) - path);
    char *const text = length > 0 ? strndup(path, length) : strdup(".");
    const bool found = text && stat(text, folder) == 0;
    free(text);
    return found;
}

/* Files that are not there yet are the same where their folders and names are. Pipes and devices may be named
 * as often as one likes. */
static bool same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;
    const bool a_there = stat(a, &of_a) == 0, b_there = stat(b, &of_b) == 0;
    if (a_there && b_there)
        return S_ISREG(of_a.st_mode) && same_inode(&of_a, &of_b);
    return !a_there && !b_there && strcmp(name_of(a), name_of(b)) == 0 && folder_of(a, &of_a) &&
           folder_of(b, &of_b) && same_inode(&of_a, &of_b);
}

/* A folder of a training stands for the models in it. */
static bool same_model(const char *folder, const char *name, const char *output)
{
    char path[4096];
    return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path && same_file(path, output);
}

static bool clash(const struct use *a, const struct use *output)
{
    if (strcmp(a->path, "-") == 0 || strcmp(output->path, "-") == 0)
        return a->output && strcmp(a->path, output->path) == 0;
    return same_file(a->path, output->path) || same_model(a->path, WEIGHTS_MODEL_FILE, output->path) ||
           same_model(a->path, WEIGHTS_BASE_FILE, output->path);
}

bool command_tell_files_apart(const struct command *command, const struct command_options *options,
                              struct fault *fault)
{
    const struct uses uses = uses_of(command, options);
    for (int i = 0; i < uses.n; i++)
        for (int k = 0; k < uses.n; k++) {
            const struct use *const a = &uses.use[i], *const b = &uses.use[k];
            if (b->output && (!a->output || i < k) && clash(a, b))
                return fault_set(fault, FAULT_INPUT, "%s is both %.*s and %.*s", b->path, a->length, a->what,
                                 b->length, b->what);
        }
    return true;
}
