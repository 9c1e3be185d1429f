/* SPDX-License-Identifier: MIT
 *
 * Messages about specs, in full: every tests/golden/spec/NAME.yaml gives the text in NAME.err. */
#include "check.h"
#include "golden/golden.h"
#include "spec_fixture.h"

#include <dirent.h>

enum { MOST = 1 << 20, FEWEST_CASES = 30 };

static const char folder[] = "tests/golden/spec";

static int is_spec(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

/* The path of NAME.err beside NAME.yaml. */
static const char *path_of_expected(struct arena *arena, const char *name)
{
    return check_path(arena_printf(arena, "%s/%.*s.err", folder, (int)strlen(name) - 5, name));
}

static void check_file(const char *name)
{
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    struct source yaml;
    const char *why = "";
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    CU_ASSERT_EQUAL_FATAL(source_read(arena, check_path(path), MOST, &yaml, &why), SOURCE_OK);

    const struct reading *r = read_bytes(name, yaml.text, yaml.length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    const char *found = diag_text(&r->diag);
    CU_ASSERT_EQUAL(r->model_good, r->diag.errors == 0);
    CU_ASSERT_TRUE(golden_matches(arena, path_of_expected(arena, name), found));
    free_reading(r);
    arena_free(arena);
}

static void messages_are_as_expected(void)
{
    struct dirent **entries;
    const int n = scandir(check_path(folder), &entries, is_spec, alphasort);
    CU_ASSERT_TRUE_FATAL(n >= FEWEST_CASES);
    for (int i = 0; i < n; i++) {
        check_file(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static const struct check_case cases[] = {
    {"messages are as expected", messages_are_as_expected},
};

int main(void)
{
    return check_main("golden spec", cases, CHECK_COUNT(cases));
}
