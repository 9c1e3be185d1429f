/* SPDX-License-Identifier: MIT
 *
 * The file of wisdom: what is written is read again, what is broken is skipped, nobody else can read or
 * change it, and simultaneous writers lose nothing. */
#include "check.h"
#include "scratch.h"
#include "tune/wisdom.h"

#include <sys/stat.h>
#include <sys/wait.h>

static struct wisdom_record record_of(const char *program, const char *schedule)
{
    struct wisdom_record record = {.machine = "Some CPU \"7\" \\ \xc3\xbc",
                                   .target = "znver3",
                                   .features = "0123456789abcdef",
                                   .program = program,
                                   .precision = "single",
                                   .fixed = "",
                                   .toolchain = "LLVM 19.1.1",
                                   .gpfc = "0.1.0",
                                   .schedule = schedule,
                                   .name = "toy",
                                   .part = "flow",
                                   .effort = "quick",
                                   .default_ns = 1234567,
                                   .tuned_ns = 1200000,
                                   .when = 1700000000};
    wisdom_key(&record);
    return record;
}

static void put(const char *path, const char *program, const char *schedule)
{
    struct arena *arena = arena_new();
    const struct wisdom_record record = record_of(program, schedule);
    const char *fault = NULL;
    CU_ASSERT_TRUE(wisdom_put(arena, path, 1, &record, &fault));
    arena_free(arena);
}

static struct wisdom get(struct arena *arena, const char *path)
{
    struct wisdom wisdom;
    const char *fault = NULL;
    CU_ASSERT_TRUE_FATAL(wisdom_read(arena, path, true, &wisdom, &fault));
    return wisdom;
}

/* ---- text ---------------------------------------------------------------------------------------------- */

static void records_are_read_back(void)
{
    struct arena *arena = arena_new();
    struct wisdom_record records[] = {record_of("a", "lanes=8"), record_of("b", "lanes=16")};
    const struct wisdom all = {.n = 2, .records = records};
    const char *text = wisdom_print(arena, &all);
    struct wisdom again;
    wisdom_parse(arena, text, strlen(text), &again);
    CU_ASSERT_EQUAL_FATAL(again.n, 2);
    CU_ASSERT_EQUAL(again.broken, 0);
    CU_ASSERT_STRING_EQUAL(again.records[0].machine, records[0].machine);
    CU_ASSERT_STRING_EQUAL(again.records[1].schedule, "lanes=16");
    CU_ASSERT_STRING_EQUAL(again.records[1].key, records[1].key);
    CU_ASSERT_EQUAL(again.records[0].default_ns, 1234567);
    CU_ASSERT_EQUAL(again.records[0].when, 1700000000);
    CU_ASSERT_STRING_EQUAL(wisdom_print(arena, &again), text);
    arena_free(arena);
}

static void keys_distinguish(void)
{
    struct wisdom_record record = record_of("a", "lanes=8"), same = record;
    same.schedule = "lanes=64";
    same.name = "other";
    same.when = 1;
    wisdom_key(&same);
    CU_ASSERT_STRING_EQUAL(same.key, record.key);
    const char **fields[] = {&same.machine,   &same.target, &same.features,  &same.program,
                             &same.precision, &same.fixed,  &same.toolchain, &same.gpfc};
    for (size_t i = 0; i < CHECK_COUNT(fields); i++) {
        const char *before = *fields[i];
        *fields[i] = "another";
        wisdom_key(&same);
        CU_ASSERT_STRING_NOT_EQUAL(same.key, record.key);
        *fields[i] = before;
    }
}

/* The end of one text is not the beginning of the next. */
static void keys_know_where_texts_end(void)
{
    struct wisdom_record one = record_of("a", "lanes=8"), other = one;
    one.machine = "ab";
    one.target = "c";
    other.machine = "a";
    other.target = "bc";
    wisdom_key(&one);
    wisdom_key(&other);
    CU_ASSERT_STRING_NOT_EQUAL(one.key, other.key);
}

/* Whatever byte of a record is another one, it is not taken for sound. */
static void changed_bytes_are_detected(void)
{
    struct arena *arena = arena_new();
    struct wisdom_record record = record_of("a", "lanes=8");
    const struct wisdom all = {.n = 1, .records = &record};
    char *text = arena_strdup(arena, wisdom_print(arena, &all));
    const size_t length = strlen(text);
    for (size_t i = 0; i + 1 < length; i++) {
        struct wisdom wisdom;
        text[i] ^= 1;
        wisdom_parse(arena, text, length, &wisdom);
        CU_ASSERT_EQUAL(wisdom.n, 0);
        CU_ASSERT(wisdom.broken >= 1);
        text[i] ^= 1;
        if (i > 0)
            wisdom_parse(arena, text, i, &wisdom);
        CU_ASSERT_EQUAL(wisdom.n, 0);
    }
    arena_free(arena);
}

static void other_lines_are_skipped(void)
{
    static const char *const lines[] = {"nonsense",
                                        "{}",
                                        "[]",
                                        "{\"format\":1}",
                                        "{\"format\":2,\"check\":\"\"}",
                                        "{\"check\":1}",
                                        "\xff\xfe",
                                        "{\"check\":\"0000000000000000\",\"format\":1}"};
    struct arena *arena = arena_new();
    struct wisdom_record record = record_of("a", "lanes=8");
    const struct wisdom all = {.n = 1, .records = &record};
    struct strbuf text;
    strbuf_init(&text, arena);
    for (size_t i = 0; i < CHECK_COUNT(lines); i++)
        strbuf_addf(&text, "%s\n\n", lines[i]);
    strbuf_add(&text, wisdom_print(arena, &all));
    struct wisdom wisdom;
    wisdom_parse(arena, strbuf_text(&text), text.length, &wisdom);
    CU_ASSERT_EQUAL(wisdom.n, 1);
    CU_ASSERT_EQUAL(wisdom.broken, (int)CHECK_COUNT(lines));
    CU_ASSERT_EQUAL(wisdom.broken_line, 1);
    arena_free(arena);
}

/* A checksum can be computed by anybody: what it covers is looked at all the same. */
static void valid_checksums_do_not_suffice(void)
{
    struct arena *arena = arena_new();
    struct wisdom_record record = record_of("a", "lanes=8");
    const struct wisdom all = {.n = 1, .records = &record};
    record.name = "with a \x1b[31m colour";
    const char *text = wisdom_print(arena, &all);
    struct wisdom wisdom;
    wisdom_parse(arena, text, strlen(text), &wisdom);
    CU_ASSERT_EQUAL(wisdom.n, 0);
    CU_ASSERT_EQUAL(wisdom.broken, 1);
    CU_ASSERT_STRING_EQUAL(wisdom.why, "no valid \"name\"");
    record = record_of("a", "lanes=8");
    record.tuned_ns = -1;
    text = wisdom_print(arena, &all);
    wisdom_parse(arena, text, strlen(text), &wisdom);
    CU_ASSERT_STRING_EQUAL(wisdom.why, "no valid \"tuned_ns\"");
    arena_free(arena);
}

/* Of a record by hand; but not where another member may be what is left of a checksum. */
static void records_need_no_checksum(void)
{
    struct arena *arena = arena_new();
    struct wisdom_record record = record_of("a", "lanes=8");
    const struct wisdom all = {.n = 1, .records = &record};
    const char *body = strchr(wisdom_print(arena, &all), ',') + 1, *line = arena_printf(arena, "{%s", body);
    struct wisdom wisdom;
    wisdom_parse(arena, line, strlen(line), &wisdom);
    CU_ASSERT_EQUAL(wisdom.broken, 0);
    CU_ASSERT_EQUAL_FATAL(wisdom.n, 1);
    CU_ASSERT_STRING_EQUAL(wisdom.records[0].schedule, "lanes=8");
    CU_ASSERT_STRING_EQUAL(wisdom.records[0].key, record.key);
    line = arena_printf(arena, "{\"chfck\":\"0123456789abcdef\",%s", body);
    wisdom_parse(arena, line, strlen(line), &wisdom);
    CU_ASSERT_EQUAL(wisdom.n, 0);
    CU_ASSERT_STRING_EQUAL(wisdom.why, "its checksum is wrong");
    arena_free(arena);
}

/* What a line is refused for, though its object and checksum are sound. */
static void check_refused(struct arena *arena, const char *line, const char *why)
{
    struct wisdom wisdom;
    wisdom_parse(arena, line, strlen(line), &wisdom);
    CU_ASSERT_EQUAL(wisdom.n, 0);
    CU_ASSERT_EQUAL(wisdom.broken, 1);
    CU_ASSERT_STRING_EQUAL(wisdom.why, why);
}

static void odd_lines_are_refused(void)
{
    struct arena *arena = arena_new();
    struct wisdom_record record = record_of("a", "lanes=8");
    const struct wisdom all = {.n = 1, .records = &record};
    const char *text = wisdom_print(arena, &all), *body = strchr(text, ',') + 1;
    /* twice */
    check_refused(arena, arena_printf(arena, "{\"target\":\"another\",%s", text + 1), "not a JSON object");
    check_refused(arena, arena_printf(arena, "{%70000s%s", "", text + 1), "too long");
    char *changed = arena_printf(arena, "{%s", body);
    changed[strlen(changed) - 1] = '\0'; /* the line's end */
    strstr(changed, "\"format\":2")[9] = '1';
    check_refused(arena,
                  arena_printf(arena, "{\"check\":\"%016llx\",%s",
                               (unsigned long long)hash_bytes(changed, strlen(changed), 0), changed + 1),
                  "its format is unknown");
    record.name = arena_printf(arena, "%5000d", 7);
    check_refused(arena, wisdom_print(arena, &all), "no valid \"name\"");
    arena_free(arena);
}

static void records_are_counted(void)
{
    static char lines[3 * 20001];
    struct arena *arena = arena_new();
    struct wisdom wisdom;
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = "{}\n"[i % 3];
    wisdom_parse(arena, lines, sizeof lines - 3, &wisdom);
    CU_ASSERT_EQUAL(wisdom.broken, 20000);
    wisdom_parse(arena, lines, sizeof lines, &wisdom);
    CU_ASSERT_EQUAL(wisdom.broken, 20001); /* one for all that are not read */
    CU_ASSERT_STRING_EQUAL(wisdom.why, "its format is unknown");
    arena_free(arena);
}

/* ---- files --------------------------------------------------------------------------------------------- */

static int mode_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (int)(status.st_mode & 07777) : -1;
}

static void files_are_the_users_own(void)
{
    struct scratch s;
    struct arena *arena = arena_new();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *path = scratch_path(&s, "deep/er/wisdom");
    CU_ASSERT_EQUAL(get(arena, path).n, 0);
    const mode_t mask = umask(0);
    put(path, "a", "lanes=8");
    (void)umask(mask);
    CU_ASSERT_EQUAL(mode_of(path), 0600);
    CU_ASSERT_EQUAL(mode_of(scratch_path(&s, "deep")), 0700);
    CU_ASSERT_EQUAL(mode_of(scratch_path(&s, "deep/er")), 0700);
    put(path, "b", "lanes=16");
    put(path, "a", "lanes=32");
    CU_ASSERT_EQUAL(mode_of(path), 0600);
    const struct wisdom wisdom = get(arena, path);
    CU_ASSERT_EQUAL_FATAL(wisdom.n, 2);
    const struct wisdom_record *record = wisdom_find(&wisdom, record_of("a", "").key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(record);
    CU_ASSERT_STRING_EQUAL(record->schedule, "lanes=32");
    CU_ASSERT_PTR_NULL(wisdom_find(&wisdom, record_of("c", "").key));
    arena_free(arena);
    scratch_remove(&s);
}

static void files_of_others_are_not_read(void)
{
    struct scratch s;
    struct arena *arena = arena_new();
    struct wisdom wisdom;
    const char *fault = NULL;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *path = scratch_path(&s, "wisdom");
    put(path, "a", "lanes=8");
    CU_ASSERT_EQUAL(chmod(path, 0620), 0);
    CU_ASSERT_FALSE(wisdom_read(arena, path, true, &wisdom, &fault));
    CU_ASSERT_PTR_NOT_NULL_FATAL(fault);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "others"));
    CU_ASSERT_EQUAL(wisdom.n, 0);
    CU_ASSERT_TRUE(wisdom_read(arena, path, false, &wisdom, &fault));
    CU_ASSERT_EQUAL(wisdom.n, 1);
    const struct wisdom_record record = record_of("b", "lanes=8");
    CU_ASSERT_FALSE(wisdom_put(arena, path, 1, &record, &fault));
    arena_free(arena);
    scratch_remove(&s);
}

static void the_owner_is_checked(void)
{
    struct scratch s;
    struct arena *arena = arena_new();
    struct wisdom wisdom;
    const char *fault = "";
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *path = scratch_path(&s, "wisdom");
    put(path, "a", "lanes=8");
    if (chown(path, 12345, (gid_t)-1) == 0) { /* who may do that is root */
        CU_ASSERT_FALSE(wisdom_read(arena, path, true, &wisdom, &fault));
        CU_ASSERT_PTR_NOT_NULL(strstr(fault, "belongs to another user"));
    }
    arena_free(arena);
    scratch_remove(&s);
}

/* The lock is opened for writing: it is no way to another file. */
static void locks_are_not_links(void)
{
    struct scratch s;
    struct arena *arena = arena_new();
    const struct wisdom_record record = record_of("a", "lanes=8");
    const char *fault = NULL;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_EQUAL(symlink("elsewhere", scratch_path(&s, "wisdom.lock")), 0);
    CU_ASSERT_FALSE(wisdom_put(arena, scratch_path(&s, "wisdom"), 1, &record, &fault));
    CU_ASSERT_PTR_NOT_NULL(fault);
    CU_ASSERT_FALSE(scratch_there(scratch_path(&s, "elsewhere")));
    arena_free(arena);
    scratch_remove(&s);
}

/* A file of wisdom may be kept elsewhere: the link stays, and whoever comes by another name meets the same
 * lock. */
static void a_link_is_followed(void)
{
    struct scratch s;
    struct arena *arena = arena_new();
    const struct wisdom_record record = record_of("b", "lanes=16");
    const char *fault = NULL;
    struct stat status;
    struct wisdom wisdom;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const kept = scratch_path(&s, "kept"), *const link = scratch_path(&s, "wisdom");
    put(kept, "a", "lanes=8");
    CU_ASSERT_EQUAL(unlink(scratch_path(&s, "kept.lock")), 0);
    CU_ASSERT_EQUAL(symlink("kept", link), 0);
    CU_ASSERT_TRUE(wisdom_put(arena, link, 1, &record, &fault));
    CU_ASSERT_TRUE(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    CU_ASSERT_TRUE(lstat(kept, &status) == 0 && S_ISREG(status.st_mode));
    CU_ASSERT_TRUE(wisdom_read(arena, kept, true, &wisdom, &fault));
    CU_ASSERT_EQUAL(wisdom.n, 2);
    CU_ASSERT_TRUE(scratch_there(scratch_path(&s, "kept.lock")));
    CU_ASSERT_FALSE(scratch_there(scratch_path(&s, "wisdom.lock")));
    arena_free(arena);
    scratch_remove(&s);
}

static int lines_of(const char *path)
{
    char *text = scratch_read(path, NULL);
    int lines = 0;
    for (const char *at = text; at && *at; at++)
        lines += *at == '\n';
    free(text);
    return lines;
}

static void a_record_replaces_the_old_one(void)
{
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *path = scratch_path(&s, "wisdom");
    put(path, "a", "lanes=8");
    put(path, "b", "lanes=8");
    put(path, "a", "lanes=16");
    CU_ASSERT_EQUAL(lines_of(path), 2);
    scratch_remove(&s);
}

static void broken_files_are_repaired(void)
{
    struct scratch s;
    struct arena *arena = arena_new();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *path = scratch_path(&s, "wisdom");
    put(path, "a", "lanes=8");
    size_t length;
    char *text = scratch_read(path, &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    char *both = arena_printf(arena, "half of a rec\n%s", text);
    CU_ASSERT_TRUE(scratch_write(path, both, strlen(both)));
    const struct wisdom wisdom = get(arena, path);
    CU_ASSERT_EQUAL(wisdom.n, 1);
    CU_ASSERT_EQUAL(wisdom.broken, 1);
    put(path, "b", "lanes=8");
    CU_ASSERT_EQUAL(get(arena, path).n, 2);
    CU_ASSERT_EQUAL(get(arena, path).broken, 0);
    free(text);
    arena_free(arena);
    scratch_remove(&s);
}

static void devices_store_nothing(void)
{
    struct arena *arena = arena_new();
    put("/dev/null", "a", "lanes=8");
    CU_ASSERT_EQUAL(get(arena, "/dev/null").n, 0);
    arena_free(arena);
}

static void faults_are_reported(void)
{
    struct scratch s;
    struct arena *arena = arena_new();
    const struct wisdom_record record = record_of("a", "lanes=8");
    const char *fault = NULL;
    struct wisdom wisdom;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE(scratch_write(scratch_path(&s, "file"), "", 0));
    CU_ASSERT_FALSE(wisdom_put(arena, scratch_path(&s, "file/wisdom"), 1, &record, &fault));
    CU_ASSERT_PTR_NOT_NULL(fault);
    CU_ASSERT_FALSE(wisdom_put(arena, s.folder, 1, &record, &fault));
    CU_ASSERT_FALSE(wisdom_read(arena, scratch_path(&s, "absent"), false, &wisdom, &fault));
    arena_free(arena);
    scratch_remove(&s);
}

/* Processes that write at once: what each wrote is there. */
static void writers_lose_nothing(void)
{
    enum { WRITERS = 4, EACH = 8 };
    struct scratch s;
    struct arena *arena = arena_new();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *path = scratch_path(&s, "wisdom");
    for (int w = 0; w < WRITERS; w++)
        if (fork() == 0) {
            for (int i = 0; i < EACH; i++) {
                struct arena *mine = arena_new();
                const struct wisdom_record record = record_of(arena_printf(mine, "%d.%d", w, i), "lanes=8");
                const char *fault;
                if (!wisdom_put(mine, path, 1, &record, &fault))
                    _exit(1);
                arena_free(mine);
            }
            _exit(0);
        }
    for (int w = 0, status = -1; w < WRITERS; w++) {
        CU_ASSERT(wait(&status) > 0);
        CU_ASSERT_EQUAL(status, 0);
    }
    CU_ASSERT_EQUAL(get(arena, path).n, WRITERS * EACH);
    CU_ASSERT_EQUAL(get(arena, path).broken, 0);
    arena_free(arena);
    scratch_remove(&s);
}

static bool forget_first(void *data, struct arena *arena, struct wisdom *wisdom)
{
    (void)arena;
    *(int *)data = wisdom->n;
    wisdom->records++;
    wisdom->n--;
    return true;
}

static bool look(void *data, struct arena *arena, struct wisdom *wisdom)
{
    (void)arena;
    *(int *)data = wisdom->n;
    wisdom->n = 0;
    return false;
}

static void records_are_forgotten(void)
{
    struct scratch s;
    struct arena *arena = arena_new();
    int seen = 0;
    const char *fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *path = scratch_path(&s, "wisdom");
    put(path, "a", "lanes=8");
    put(path, "b", "lanes=8");
    CU_ASSERT_TRUE(wisdom_change(arena, path, forget_first, &seen, &fault));
    CU_ASSERT_EQUAL(seen, 2);
    CU_ASSERT_TRUE(wisdom_change(arena, path, look, &seen, &fault));
    CU_ASSERT_EQUAL(seen, 1);
    CU_ASSERT_EQUAL(get(arena, path).n, 1);
    arena_free(arena);
    scratch_remove(&s);
}

static void paths_come_from_the_environment(void)
{
    struct arena *arena = arena_new();
    CU_ASSERT_EQUAL(setenv("GPFC_WISDOM", "/a/b", 1), 0);
    CU_ASSERT_STRING_EQUAL(wisdom_path(arena), "/a/b");
    CU_ASSERT_EQUAL(setenv("GPFC_WISDOM", "", 1), 0);
    CU_ASSERT_EQUAL(setenv("XDG_CACHE_HOME", "/cache", 1), 0);
    CU_ASSERT_STRING_EQUAL(wisdom_path(arena), "/cache/gpfc/wisdom");
    CU_ASSERT_EQUAL(unsetenv("XDG_CACHE_HOME"), 0);
    CU_ASSERT_EQUAL(setenv("HOME", "/home/me", 1), 0);
    CU_ASSERT_STRING_EQUAL(wisdom_path(arena), "/home/me/.cache/gpfc/wisdom");
    CU_ASSERT_EQUAL(unsetenv("HOME"), 0);
    CU_ASSERT_PTR_NULL(wisdom_path(arena));
    arena_free(arena);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"records are read back", records_are_read_back},
        {"keys distinguish what must not be mixed up", keys_distinguish},
        {"keys know where texts end", keys_know_where_texts_end},
        {"changed bytes are detected", changed_bytes_are_detected},
        {"other lines are skipped", other_lines_are_skipped},
        {"valid checksums do not suffice", valid_checksums_do_not_suffice},
        {"records need no checksum", records_need_no_checksum},
        {"odd lines are refused", odd_lines_are_refused},
        {"records are counted", records_are_counted},
        {"files are the user's own", files_are_the_users_own},
        {"files of others are not read", files_of_others_are_not_read},
        {"the owner is checked", the_owner_is_checked},
        {"locks are not links", locks_are_not_links},
        {"a link is followed", a_link_is_followed},
        {"a record replaces the old one", a_record_replaces_the_old_one},
        {"broken files are repaired", broken_files_are_repaired},
        {"devices store nothing", devices_store_nothing},
        {"faults are reported", faults_are_reported},
        {"writers lose nothing", writers_lose_nothing},
        {"records are forgotten", records_are_forgotten},
        {"paths come from the environment", paths_come_from_the_environment},
    };
    return check_main("wisdom", cases, CHECK_COUNT(cases));
}
