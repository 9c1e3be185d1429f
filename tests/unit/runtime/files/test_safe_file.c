/* SPDX-License-Identifier: MIT
 *
 * Files that appear completely or not at all, and the sentences that report faults. */
#include "files/byte_source.h"
#include "files/safe_file.h"
#include "unit/runtime/files/data_fixture.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static bool MUST_CHECK put_file(const char *path, const void *data, size_t bytes, struct fault *fault)
{
    struct safe_file *file;
    if (!safe_file_open(&file, path, fault))
        return false;
    if (!safe_file_write(file, data, bytes, fault)) {
        safe_file_abandon(file);
        return false;
    }
    return safe_file_commit(file, fault);
}

static char *text_of(const char *path)
{
    return scratch_read(path, NULL);
}

static void check_text(const char *path, const char *wanted)
{
    char *const text = text_of(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, wanted);
    free(text);
}

static void writes_a_new_file(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "new");
    check_good(put_file(path, "hello", 5, &fault), &fault);
    check_text(path, "hello");
    check_good(put_file(path, "you", 3, &fault), &fault);
    check_text(path, "you");
    check_good(put_file(path, "", 0, &fault), &fault);
    check_text(path, "");
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

/* A link to the standard output stays a link, also where the output has no name of its own any more. */
static void standard_output_is_not_replaced(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const gone = scratch_path(&s, "gone");
    const int before = dup(STDOUT_FILENO), file = open(gone, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CU_ASSERT_TRUE_FATAL(before >= 0 && file >= 0);
    (void)fflush(stdout);
    (void)dup2(file, STDOUT_FILENO);
    (void)unlink(gone);
    const char *const link = scratch_path(&s, "link");
    const bool linked = symlink("/proc/self/fd/1", link) == 0;
    const bool written = linked && put_file(link, "hello", 5, &fault);
    (void)dup2(before, STDOUT_FILENO);
    char found[8] = "", place[32] = "";
    CU_ASSERT_TRUE(written);
    CU_ASSERT_EQUAL(pread(file, found, sizeof found - 1, 0), 5);
    CU_ASSERT_STRING_EQUAL(found, "hello");
    CU_ASSERT_TRUE(readlink(link, place, sizeof place - 1) > 0);
    close(before);
    close(file);
    scratch_remove(&s);
}

static void does_not_exist_before_commit(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safe_file *file;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "late");
    check_good(safe_file_open(&file, path, &fault), &fault);
    check_good(safe_file_write(file, "abc", 3, &fault), &fault);
    CU_ASSERT_FALSE(scratch_there(path));
    check_good(safe_file_write(file, "def", 3, &fault), &fault);
    check_good(safe_file_commit(file, &fault), &fault);
    check_text(path, "abcdef");
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

static void abandon_leaves_the_old_one(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safe_file *file;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "kept");
    check_good(put_file(path, "old", 3, &fault), &fault);
    check_good(safe_file_open(&file, path, &fault), &fault);
    check_good(safe_file_write(file, "newer", 5, &fault), &fault);
    safe_file_abandon(file);
    safe_file_abandon(NULL);
    check_text(path, "old");
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

static void a_full_device_leaves_the_old_one(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    static const char zeros[100000];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "kept");
    check_good(put_file(path, "old", 3, &fault), &fault);
    limit_files(50000);
    const bool done = put_file(path, zeros, sizeof zeros, &fault);
    lift_limit();
    check_fault(done, &fault, FAULT_SYSTEM, "kept: File too large");
    check_text(path, "old");
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

static void a_full_device_is_reported(void)
{
    struct fault fault = {.exit_code = 0};
    if (!scratch_there("/dev/full")) {
        check_skip("there is no /dev/full");
        return;
    }
    check_fault(put_file("/dev/full", "x", 1, &fault), &fault, FAULT_SYSTEM,
                "cannot write /dev/full: No space left on device");
    CU_ASSERT_TRUE(scratch_there("/dev/full")); /* and it was not replaced */
}

static void unwritable_places_are_reported(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_fault(put_file(scratch_path(&s, "no/such"), "x", 1, &fault), &fault, FAULT_SYSTEM,
                "No such file or directory");
    check_fault(put_file(s.folder, "x", 1, &fault), &fault, FAULT_SYSTEM, "Is a directory");
    check_good(put_file(scratch_path(&s, "file"), "x", 1, &(struct fault){.exit_code = 0}),
               &(struct fault){{0}, 0});
    check_fault(put_file(scratch_path(&s, "file/below"), "x", 1, &fault), &fault, FAULT_SYSTEM,
                "Not a directory");
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

static void unwritable_folder_is_reported(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_EQUAL(chmod(s.folder, 0500), 0);
    const bool done = put_file(scratch_path(&s, "x"), "x", 1, &fault);
    if (!done || geteuid() != 0) /* root may write anywhere */
        check_fault(done, &fault, FAULT_SYSTEM, "Permission denied");
    else
        CU_ASSERT_TRUE(done);
    (void)chmod(s.folder, 0700);
    scratch_remove(&s);
}

static void a_link_is_followed(void)
{
    struct scratch s;
    struct stat info;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const target = scratch_path(&s, "target"), *const link = scratch_path(&s, "link");
    check_good(put_file(target, "old", 3, &fault), &fault);
    CU_ASSERT_EQUAL_FATAL(symlink(target, link), 0);
    check_good(put_file(link, "new", 3, &fault), &fault);
    check_text(target, "new");
    CU_ASSERT_TRUE(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    scratch_remove(&s);
}

/* As for a shell's `>`, the file is made that the links lead to. */
static void a_link_to_nothing_yet_is_followed(void)
{
    struct scratch s;
    struct stat info;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const link = scratch_path(&s, "link");
    CU_ASSERT_EQUAL_FATAL(symlink("second", link), 0);
    CU_ASSERT_EQUAL_FATAL(symlink(scratch_path(&s, "target"), scratch_path(&s, "second")), 0);
    check_good(put_file(link, "new", 3, &fault), &fault);
    check_text(scratch_path(&s, "target"), "new");
    CU_ASSERT_TRUE(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    scratch_remove(&s);
}

static void a_second_writer_is_reported(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safe_file *first, *second;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "shared");
    check_good(safe_file_open(&first, path, &fault), &fault);
    check_fault(safe_file_open(&second, path, &fault), &fault, FAULT_SYSTEM, "another process is writing it");
    fault.exit_code = 0;
    check_good(safe_file_write(first, "first", 5, &fault), &fault);
    check_good(safe_file_commit(first, &fault), &fault);
    check_text(path, "first");
    scratch_remove(&s);
}

/* What a killed writer left behind is no obstacle, and nothing of it stays; a file of somebody else's name
 * does. */
static void a_stale_file_is_removed(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const kept = scratch_path(&s, ".x.0123456789abcdef.part");
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, ".x.0123456789abcdef01234567.part"), "stale", 5));
    CU_ASSERT_TRUE_FATAL(scratch_write(kept, "kept", 4));
    check_good(put_file(scratch_path(&s, "x"), "x", 1, &fault), &fault);
    check_text(scratch_path(&s, "x"), "x");
    check_text(kept, "kept");
    CU_ASSERT_EQUAL(files_in(&s), 2);
    scratch_remove(&s);
}

/* Names that a writer might use are the user's own: a file, a link to one, another link to it, and a pipe
 * that nobody reads. */
static void files_beside_are_left_alone(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const own = scratch_path(&s, "own");
    CU_ASSERT_TRUE_FATAL(scratch_write(own, "mine", 4) &&
                         scratch_write(scratch_path(&s, "a.part"), "mine", 4));
    CU_ASSERT_EQUAL_FATAL(symlink(own, scratch_path(&s, "b.part")), 0);
    CU_ASSERT_EQUAL_FATAL(link(own, scratch_path(&s, "c.part")), 0);
    CU_ASSERT_EQUAL_FATAL(mkfifo(scratch_path(&s, "d.part"), 0600), 0);
    for (const char *name = "abcd"; *name; name++)
        check_good(put_file(scratch_path(&s, (const char[]){*name, '\0'}), "new", 3, &fault), &fault);
    check_text(scratch_path(&s, "own"), "mine");
    check_text(scratch_path(&s, "a.part"), "mine");
    CU_ASSERT_EQUAL(files_in(&s), 9);
    scratch_remove(&s);
}

/* The earlier one goes on, whoever looks first. */
static void the_earliest_writer_goes_on(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const earlier = scratch_path(&s, ".x.0000000000000000aaaaaaaa.part"),
                      *const later = scratch_path(&s, ".y.ffffffffffffffffaaaaaaaa.part");
    CU_ASSERT_TRUE_FATAL(scratch_write(earlier, "", 0) && scratch_write(later, "", 0));
    const int first = open(earlier, O_RDONLY), second = open(later, O_RDONLY);
    CU_ASSERT_TRUE_FATAL(flock(first, LOCK_EX) == 0 && flock(second, LOCK_EX) == 0);
    check_fault(put_file(scratch_path(&s, "x"), "x", 1, &fault), &fault, FAULT_SYSTEM,
                "x: another process is writing it");
    fault.exit_code = 0;
    check_good(put_file(scratch_path(&s, "y"), "y", 1, &fault), &fault);
    CU_ASSERT_EQUAL(files_in(&s), 3);
    (void)close(first);
    (void)close(second);
    scratch_remove(&s);
}

static void long_names_are_written(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    char name[256];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    memset(name, 'n', sizeof name - 1);
    name[255] = '\0';
    check_good(put_file(scratch_path(&s, name), "x", 1, &fault), &fault);
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

/* A sentence with whatever bytes a broken file holds is safe to print, and whole where it is cut. */
static void sentences_are_printable(void)
{
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_FALSE(fault_set(&fault, FAULT_INPUT, "name %s", "a\x1b[31m\n\xff\xc3\xa9\xc2\x9b"));
    CU_ASSERT_STRING_EQUAL(fault.text, "name a?[31m??\xc3\xa9??");
    char huge[2000];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    CU_ASSERT_FALSE(fault_system(&fault, "write", 28, "%s", huge));
    CU_ASSERT_EQUAL(strlen(fault.text), sizeof fault.text - 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "x...: No space left on device (write)"));
    CU_ASSERT_FALSE(fault_set(&fault, FAULT_INPUT, "again: %s", "short"));
    CU_ASSERT_FALSE(fault_set(&fault, FAULT_INPUT, "and %s", fault.text));
    CU_ASSERT_STRING_EQUAL(fault.text, "and again: short");
    CU_ASSERT_FALSE(fault_set(NULL, FAULT_INPUT, "nobody hears"));
}

static void sources_report_what_cannot_be_read(void)
{
    struct byte_source source;
    struct fault fault = {.exit_code = 0};
    check_fault(byte_source_open(&source, "/no/such", &fault), &fault, FAULT_INPUT, "No such file");
    check_fault(byte_source_open(&source, "/", &fault), &fault, FAULT_INPUT, "Is a directory");
}

static const struct check_case cases[] = {
    {"writes a new file", writes_a_new_file},
    {"standard output is not replaced", standard_output_is_not_replaced},
    {"does not exist before commit", does_not_exist_before_commit},
    {"abandon leaves the old one", abandon_leaves_the_old_one},
    {"a full device leaves the old one", a_full_device_leaves_the_old_one},
    {"a full device is reported", a_full_device_is_reported},
    {"unwritable places are reported", unwritable_places_are_reported},
    {"an unwritable folder is reported", unwritable_folder_is_reported},
    {"a link is followed", a_link_is_followed},
    {"a link to nothing yet is followed", a_link_to_nothing_yet_is_followed},
    {"a second writer is reported", a_second_writer_is_reported},
    {"a stale file is removed", a_stale_file_is_removed},
    {"files beside are left alone", files_beside_are_left_alone},
    {"the earliest writer goes on", the_earliest_writer_goes_on},
    {"long names are written", long_names_are_written},
    {"sentences are printable", sentences_are_printable},
    {"sources report what cannot be read", sources_report_what_cannot_be_read},
};

int main(void)
{
    return check_main("safe_file", cases, CHECK_COUNT(cases));
}
