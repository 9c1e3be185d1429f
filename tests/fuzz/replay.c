/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target without a fuzzer: every file of its corpus, then the same file cut short, with bytes
 * changed, and, where the target has a way of its own to change inputs, changed so; the same in each run.
 * fuzz_NAME without arguments takes tests/fuzz/corpus/NAME; files and folders may be named instead. Fails
 * where there is nothing to run; a crash ends it by itself, under the name printed last. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    CUTS = 16,
    CHANGES = 48,
    CHANGES_OF_ONE = 4,  /* one after another, before the file is as it was again */
    MIDDLING = 2 * 1024, /* bytes; of larger ones a quarter of the changes is made */
    LARGE = 64 * 1024    /* of these none */
};

/* In memory of exactly its size, so that a sanitizer sees any read past the end. */
static void run_copy(const unsigned char *bytes, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);
    if (!copy)
        return;
    if (size)
        memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* As the target changes its inputs, where it does: libFuzzer's own part of it is one byte. */
#pragma weak LLVMFuzzerCustomMutator

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room)
{
    uint64_t state = size;
    (void)room;
    for (size_t i = 0; i < size; i++)
        state = state * 31 + data[i];
    if (size > 0)
        data[draw(&state, size)] = (uint8_t)draw(&state, 256);
    return size;
}

static int changes_of(size_t size)
{
    return size > MIDDLING ? CHANGES / 4 : CHANGES;
}

static void run_mutated(const unsigned char *bytes, size_t size)
{
    const size_t room = 2 * size + 64;
    unsigned char *changed = malloc(room);
    if (!changed)
        return;
    size_t length = size;
    for (int i = 0; i < changes_of(size); i++) {
        if (i % CHANGES_OF_ONE == 0) {
            memcpy(changed, bytes, size);
            length = size;
        }
        length = LLVMFuzzerCustomMutator(changed, length, room, (unsigned)i);
        run_copy(changed, length);
    }
    free(changed);
}

static void run_changed(unsigned char *bytes, size_t size)
{
    uint64_t state = size;
    for (int i = 0; i < changes_of(size); i++) {
        const size_t at = draw(&state, size);
        const unsigned char before = bytes[at];
        bytes[at] = (unsigned char)draw(&state, 256);
        run_copy(bytes, size);
        bytes[at] = before;
    }
}

static int run_file(const char *path)
{
    printf("%s\n", path);
    (void)fflush(stdout);
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (!file || fstat(fileno(file), &info) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    const size_t room = info.st_size > 0 ? (size_t)info.st_size : 1;
    unsigned char *bytes = malloc(room);
    const size_t size = bytes ? fread(bytes, 1, (size_t)info.st_size, file) : 0;
    (void)fclose(file);

    if (bytes)
        run_copy(bytes, size);
    if (size > 0 && size <= LARGE) {
        for (size_t i = 0; i < CUTS; i++)
            run_copy(bytes, size * i / CUTS);
        run_changed(bytes, size);
        if (LLVMFuzzerCustomMutator)
            run_mutated(bytes, size);
    }
    free(bytes);
    return 1;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int run_path(const char *path)
{
    struct dirent **entries;
    const int n = scandir(path, &entries, not_hidden, alphasort);
    if (n < 0)
        return run_file(path);
    int ran = 0;
    for (int i = 0; i < n; i++) {
        char inner[4096];
        (void)snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        ran += run_file(inner);
        free(entries[i]);
    }
    free(entries);
    return ran;
}

static int run_own_corpus(const char *program)
{
    const char *slash = strrchr(program, '/'), *root = getenv("srcdir");
    const char *name = slash ? slash + 1 : program;
    char path[4096];
    if (strncmp(name, "fuzz_", 5) == 0)
        name += 5;
    (void)snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", root && root[0] ? root : ".", name);
    return run_path(path);
}

#pragma weak fuzz_reached

static bool reached_all(void)
{
    if (!fuzz_reached || fuzz_reached())
        return true;
    (void)fputs("the corpus is refused before it reaches what it is for: make it anew\n", stderr);
    return false;
}

int main(int argc, char **argv)
{
    int ran = 0;
    for (int i = 1; i < argc; i++)
        ran += run_path(argv[i]);
    if (argc == 1)
        ran = run_own_corpus(argv[0]);
    printf("%d inputs\n", ran);
    return ran > 0 && reached_all() ? EXIT_SUCCESS : EXIT_FAILURE;
}
