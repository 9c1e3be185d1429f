/* SPDX-License-Identifier: MIT
 *
 * Finds DuckDB's library, gives its functions. The only file that knows where libraries are loaded from. */
#include "parquet/parquet_library.h"

#include "ground/text.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Debian names the file by version; libduckdb.so is upstream's, and that of Debian's libduckdb-dev. */
enum { NEWEST_MAJOR = 4, OLDEST_MAJOR = 1, MINORS = 10, MOST_NAME = 40 };

static const char WAYS_OUT[] = "install it (Debian: libduckdb-dev), or convert the file: "
                               "pandas.read_parquet(FILE).to_csv(\"FILE.csv\", index=False)";

/* ---- finding ------------------------------------------------------------------------------------------- */

/* It stays loaded until the process ends: threads that used it have its destructors to run. */
static void *load(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* Is there such a file, which the loader refused? */
static bool was_refused(const char *path, const char *error)
{
    return !starts_with(error, path) || !strstr(error, "No such file");
}

static void *load_usual(char refused[], size_t bytes)
{
    void *handle = load("libduckdb.so");
    const char *const error = handle ? NULL : dlerror();
    if (error && was_refused("libduckdb.so", error))
        (void)snprintf(refused, bytes, "%s", error);
    for (int major = NEWEST_MAJOR; !handle && major >= OLDEST_MAJOR; major--)
        for (int minor = MINORS - 1; !handle && minor >= 0; minor--) {
            char path[MOST_NAME];
            (void)snprintf(path, sizeof path, "libduckdb.so.%d.%d", major, minor);
            handle = load(path);
        }
    return handle;
}

static bool find(void **handle, const char *name, struct fault *fault)
{
    const char *const given = getenv("GPFC_DUCKDB");
    char refused[200] = "";
    if (given && given[0]) {
        *handle = load(given);
        return *handle || fault_set(fault, FAULT_SYSTEM,
                                    "%s: reading a Parquet file needs DuckDB's library; GPFC_DUCKDB: %s",
                                    name, dlerror());
    }
    *handle = load_usual(refused, sizeof refused);
    if (*handle)
        return true;
    return fault_set(fault, FAULT_SYSTEM,
                     "%s: reading a Parquet file needs DuckDB's library, libduckdb.so, which %s%s; %s", name,
                     refused[0] ? "cannot be loaded: " : "was not found", refused, WAYS_OUT);
}

/* ---- functions ----------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t at;
} functions[] = {
#define PARQUET_FUNCTION(result, name, parameters) {"duckdb_" #name, offsetof(struct parquet_library, name)},
#include "parquet/parquet_functions.def"
};

/* A later version may no longer have the function whose results come in parts: then they come as a whole. */
static void *symbol_of(void *handle, const char *name)
{
    void *const symbol = dlsym(handle, name);
    return symbol || strcmp(name, "duckdb_execute_prepared_streaming") != 0
               ? symbol
               : dlsym(handle, "duckdb_execute_prepared");
}

bool parquet_library_open(struct parquet_library *out, const char *name, struct fault *fault)
{
    *out = (struct parquet_library){.handle = NULL};
    if (!find(&out->handle, name, fault))
        return false;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *const symbol = symbol_of(out->handle, functions[i].name);
        if (!symbol) {
            parquet_library_close(out);
            return fault_set(fault, FAULT_SYSTEM,
                             "%s: DuckDB's library, as it was found, has no function %s; version 1.1 or "
                             "newer is needed",
                             name, functions[i].name);
        }
        memcpy((char *)out + functions[i].at, &symbol, sizeof symbol);
    }
    return true;
}

void parquet_library_close(struct parquet_library *library)
{
    if (library->handle)
        (void)dlclose(library->handle);
    *library = (struct parquet_library){.handle = NULL};
}
