/* SPDX-License-Identifier: MIT
 *
 * .npz: arrays by name, stored and deflated, and what is reported of a broken or inconsistent zip. */
#include "files/npz.h"
#include "unit/runtime/files/npz_fixture.h"

#include <math.h>
#include <sys/resource.h>

static const double six[6] = {1, -2.5, 3e-3, 4, 5e10, -6};
static double many[4000];

static bool read_array(const char *path, const char *name, double *to, int64_t rows, struct fault *fault)
{
    struct npz *npz;
    struct npy_reader *reader;
    int64_t got = 0;
    fault->exit_code = 0;
    if (!npz_open(&npz, path, fault))
        return false;
    bool good = npz_array(npz, name, &reader, fault);
    if (good) {
        good = npy_read_rows(reader, 8, rows, to, &got, fault) && got == rows;
        npy_close(reader);
    }
    npz_close(npz);
    return good;
}

static const char *sound_file(const struct scratch *s, int method)
{
    const struct member members[] = {{"x.npy", 3, 2, six, method}, {"many.npy", 2000, 2, many, method}};
    const char *const path = scratch_path(s, "sound.npz");
    for (int i = 0; i < 4000; i++)
        many[i] = 0.5 * (i % 7);
    CU_ASSERT_TRUE_FATAL(make_npz(path, members, 2));
    return path;
}

static void arrays_are_read_by_name(void)
{
    static double to[4000];
    struct scratch s;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int i = 0; i < 2; i++) {
        const char *const path = sound_file(&s, i ? ZIP_CM_DEFLATE : ZIP_CM_STORE);
        check_good(read_array(path, "x", to, 3, &fault), &fault);
        CU_ASSERT_EQUAL(memcmp(to, six, sizeof six), 0);
        check_good(read_array(path, "many", to, 2000, &fault), &fault);
        CU_ASSERT_EQUAL(memcmp(to, many, sizeof many), 0);
    }
    scratch_remove(&s);
}

static void several_readers_may_be_open(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct npz *npz;
    struct npy_reader *x, *other;
    double to[6], row[2];
    int64_t got;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(npz_open(&npz, sound_file(&s, ZIP_CM_DEFLATE), &fault), &fault);
    CU_ASSERT_TRUE(npz_has(npz, "x"));
    CU_ASSERT_FALSE(npz_has(npz, "y"));
    check_good(npz_array(npz, "x", &x, &fault), &fault);
    check_good(npz_array(npz, "many", &other, &fault), &fault);
    for (int i = 0; i < 3; i++) {
        check_good(npy_read_rows(x, 8, 1, to + 2 * i, &got, &fault), &fault);
        check_good(npy_read_rows(other, 8, 1, row, &got, &fault), &fault);
        CU_ASSERT_TRUE(row[0] == many[2 * i] && row[1] == many[2 * i + 1]);
    }
    CU_ASSERT_EQUAL(memcmp(to, six, sizeof six), 0);
    npy_close(x);
    npy_close(other);
    npz_close(npz);
    npz_close(NULL);
    scratch_remove(&s);
}

static void a_missing_array_is_reported_with_those_that_exist(void)
{
    struct scratch s;
    struct fault fault;
    double to[6];
    char long_name[400];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_fault(read_array(sound_file(&s, ZIP_CM_STORE), "x_train", to, 3, &fault), &fault, FAULT_INPUT,
                "sound.npz: no array x_train; it contains x, many");
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    CU_ASSERT_FALSE(read_array(scratch_path(&s, "sound.npz"), long_name, to, 3, &fault));
    scratch_remove(&s);
}

static void a_file_that_is_not_a_zip_is_reported(void)
{
    struct scratch s;
    struct fault fault;
    double to[6];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_fault(read_array(scratch_path(&s, "none.npz"), "x", to, 3, &fault), &fault, FAULT_INPUT,
                "No such file");
    CU_ASSERT_TRUE(
        scratch_write(scratch_path(&s, "text.npz"), "this is a text, and no zip at all.......", 40));
    check_fault(read_array(scratch_path(&s, "text.npz"), "x", to, 3, &fault), &fault, FAULT_INPUT,
                "not a zip file");
    CU_ASSERT_TRUE(scratch_write(scratch_path(&s, "empty.npz"), "", 0));
    CU_ASSERT_FALSE(read_array(scratch_path(&s, "empty.npz"), "x", to, 3, &fault));
    CU_ASSERT_EQUAL(fault.exit_code, FAULT_INPUT);
    CU_ASSERT_FALSE(read_array(s.folder, "x", to, 3, &fault));
    scratch_remove(&s);
}

/* Cut anywhere, a zip has lost the directory at its end. */
static void a_truncated_file_is_reported(void)
{
    struct scratch s;
    struct fault fault;
    double to[6];
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    char *const bytes = scratch_read(sound_file(&s, ZIP_CM_STORE), &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    for (size_t cut = 1; cut < length; cut += 997) {
        CU_ASSERT_TRUE(scratch_write(scratch_path(&s, "cut.npz"), bytes, length - cut));
        check_fault(read_array(scratch_path(&s, "cut.npz"), "x", to, 3, &fault), &fault, FAULT_INPUT,
                    "not a zip file, or its end is missing");
    }
    free(bytes);
    scratch_remove(&s);
}

static void a_changed_byte_is_reported(void)
{
    struct scratch s;
    struct fault fault;
    double to[6];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = sound_file(&s, ZIP_CM_STORE);
    CU_ASSERT_TRUE_FATAL(patch_file(path, "(3, 2), }", 9, false, 9 + 3, "\x01", 1)); /* in the number 1 */
    check_fault(read_array(path, "x", to, 3, &fault), &fault, FAULT_INPUT, "x: CRC error");
    scratch_remove(&s);
}

/* Central directory ("PK\1\2"): sizes at 20 (in the file) and 24 (unpacked); the last entry is `many`. */
static void missing_bytes_are_reported(void)
{
    static double to[4000];
    struct scratch s;
    struct fault fault;
    static const unsigned char huge[4] = {0xf0, 0xff, 0xff, 0x7f};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int packed = 0; packed < 2; packed++) {
        const char *const path = sound_file(&s, packed ? ZIP_CM_DEFLATE : ZIP_CM_STORE);
        CU_ASSERT_TRUE_FATAL(patch_file(path, "PK\1\2", 4, true, 24, huge, 4));
        CU_ASSERT_FALSE(read_array(path, "many", to, 2000, &fault));
        CU_ASSERT_EQUAL(fault.exit_code, FAULT_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "announces more bytes than the file can hold"));
    }
    const struct member lying = {"x.npy", 3, 2, six, ZIP_CM_STORE};
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "lies.npz"), &lying, 1));
    CU_ASSERT_TRUE_FATAL(patch_file(scratch_path(&s, "lies.npz"), "(3, 2)", 6, false, 1, "9", 1));
    check_fault(read_array(scratch_path(&s, "lies.npz"), "x", to, 9, &fault), &fault, FAULT_INPUT,
                "x: truncated: its header announces 144 bytes, 48 are there");
    scratch_remove(&s);
}

static void members_that_are_not_arrays_are_reported(void)
{
    struct scratch s;
    struct fault fault;
    double to[6];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const struct member member = {"x.npy", 3, 2, six, ZIP_CM_STORE};
    const char *const path = scratch_path(&s, "a.npz");
    CU_ASSERT_TRUE_FATAL(make_npz(path, &member, 1));
    CU_ASSERT_TRUE_FATAL(patch_file(path, "<f8", 3, false, 0, "<c8", 3));
    check_fault(read_array(path, "x", to, 3, &fault), &fault, FAULT_INPUT,
                "a.npz: x: dtype '<c8' (complex numbers)");
    CU_ASSERT_TRUE_FATAL(patch_file(path, "\x93NUMPY", 6, false, 0, "PNG", 3));
    check_fault(read_array(path, "x", to, 3, &fault), &fault, FAULT_INPUT, "not a .npy file");
    const struct member other = {"x.npy", 3, 2, six, ZIP_CM_BZIP2};
    if (make_npz(path, &other, 1)) /* where libzip can make one */
        check_fault(read_array(path, "x", to, 3, &fault), &fault, FAULT_INPUT, "compressed by method 12");
    scratch_remove(&s);
}

/* ---- arrays that stay where they are ------------------------------------------------------------------- */

static bool map_array(const char *path, const char *name, int precision, struct file_map *out,
                      struct fault *fault)
{
    struct npz *npz;
    struct npy_reader *reader;
    fault->exit_code = 0;
    *out = (struct file_map){.pages = NULL};
    if (!npz_open(&npz, path, fault))
        return false;
    const bool opened = npz_array(npz, name, &reader, fault);
    const bool good = opened && npy_map_rows(reader, precision, out, fault);
    if (opened)
        npy_close(reader);
    npz_close(npz);
    return good;
}

static void stored_arrays_are_mapped(void)
{
    struct scratch s;
    struct fault fault;
    struct file_map map;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = sound_file(&s, ZIP_CM_STORE);
    check_good(map_array(path, "x", 8, &map, &fault), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(map.pages);
    CU_ASSERT_EQUAL(memcmp(map.bytes, six, sizeof six), 0);
    file_unmap(&map);
    check_good(map_array(path, "many", 8, &map, &fault), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(map.pages);
    CU_ASSERT_EQUAL(memcmp(map.bytes, many, sizeof many), 0);
    file_unmap(&map);
    CU_ASSERT_PTR_NULL(map.pages);
    file_unmap(&map);
    scratch_remove(&s);
}

/* Not a fault: they are read. */
static void other_arrays_are_not_mapped(void)
{
    struct scratch s;
    struct fault fault;
    struct file_map map;
    double to[6];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *path = sound_file(&s, ZIP_CM_STORE);
    check_good(map_array(path, "x", 4, &map, &fault), &fault);
    CU_ASSERT_PTR_NULL(map.pages);
    path = sound_file(&s, ZIP_CM_DEFLATE);
    check_good(map_array(path, "many", 8, &map, &fault), &fault);
    CU_ASSERT_PTR_NULL(map.pages);
    const struct member none = {"x.npy", 0, 2, six, ZIP_CM_STORE},
                        member = {"x.npy", 3, 2, six, ZIP_CM_STORE};
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), &none, 1));
    check_good(map_array(scratch_path(&s, "a.npz"), "x", 8, &map, &fault), &fault);
    CU_ASSERT_PTR_NULL(map.pages);
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), &member, 1));
    CU_ASSERT_TRUE_FATAL(
        patch_file(scratch_path(&s, "a.npz"), "PK\3\4", 4, true, 28, "\1", 1)); /* a longer header */
    CU_ASSERT_FALSE(map_array(scratch_path(&s, "a.npz"), "x", 8, &map, &fault) && map.pages != NULL);
    CU_ASSERT_PTR_NULL(map.pages);
    (void)read_array(scratch_path(&s, "a.npz"), "x", to, 3, &fault);
    scratch_remove(&s);
}

/* A directory after other bytes, as in a self-extracting program: the offsets in it are not the file's. */
static void wrong_offsets_are_noticed(void)
{
    struct scratch s;
    struct fault fault;
    struct file_map map;
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    char *const bytes = scratch_read(sound_file(&s, ZIP_CM_STORE), &length);
    char *const moved = calloc(length + 64, 1);
    CU_ASSERT_FATAL(bytes != NULL && moved != NULL);
    memcpy(moved + 64, bytes, length);
    CU_ASSERT_TRUE(scratch_write(scratch_path(&s, "moved.npz"), moved, length + 64));
    if (map_array(scratch_path(&s, "moved.npz"), "x", 8, &map, &fault)) /* where libzip reads such a one */
        CU_ASSERT_TRUE(map.pages == NULL || memcmp(map.bytes, six, sizeof six) == 0);
    file_unmap(&map);
    free(bytes);
    free(moved);
    scratch_remove(&s);
}

/* ---- sizes and places of 64 bits ----------------------------------------------------------------------- */

static uint64_t number_at(const char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | (unsigned char)at[i];
    return value;
}

static char *put_number(char *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *to++ = (char)(value >> 8 * i);
    return to;
}

static char *put_bytes(char *to, const char *from, size_t n)
{
    memcpy(to, from, n);
    return to + n;
}

/* An entry of the directory whose numbers are in a further field, as where they are too large. */
static char *put_large_entry(char *to, const char *entry)
{
    const size_t name = number_at(entry + 28, 2), rest = number_at(entry + 30, 2) + number_at(entry + 32, 2);
    to = put_bytes(to, entry, 20);
    to = put_number(to, UINT64_MAX, 8); /* both sizes */
    to = put_number(to, name, 2);
    to = put_number(to, number_at(entry + 30, 2) + 28, 2);
    to = put_bytes(to, entry + 32, 10);
    to = put_number(to, UINT32_MAX, 4);
    to = put_bytes(to, entry + 46, name);
    to = put_number(to, 24 << 16 | 1, 4);
    to = put_number(to, number_at(entry + 24, 4), 8);
    to = put_number(to, number_at(entry + 20, 4), 8);
    to = put_number(to, number_at(entry + 42, 4), 8);
    return put_bytes(to, entry + 46 + name, rest);
}

/* The end of a directory of n entries from `first` to `end`. */
static char *put_large_end(char *to, uint64_t n, uint64_t first, uint64_t end)
{
    to = put_number(put_bytes(to, "PK\6\6", 4), 44, 8);
    to = put_number(put_number(to, 45 << 16 | 45, 4), 0, 8);
    to = put_number(put_number(to, n, 8), n, 8);
    to = put_number(put_number(to, end - first, 8), first, 8);
    to = put_number(put_bytes(to, "PK\6\7", 4), 0, 4);
    to = put_number(put_number(to, end, 8), 1, 4);
    to = put_number(put_bytes(to, "PK\5\6", 4), 0, 4);
    return put_number(put_number(put_number(to, UINT32_MAX, 4), UINT64_MAX, 8), 0, 2);
}

/* The same zip as one of more than 4 GB would be. */
static void make_large(const char *path)
{
    size_t length;
    char *const bytes = scratch_read(path, &length), *const end = bytes + length - 22;
    CU_ASSERT_FATAL(bytes && memcmp(end, "PK\5\6", 4) == 0);
    const uint64_t n = number_at(end + 10, 2), first = number_at(end + 16, 4);
    char *const large = calloc(length + 28 * n + 200, 1), *to = put_bytes(large, bytes, first);
    const char *entry = bytes + first;
    for (uint64_t i = 0; i < n; i++) {
        to = put_large_entry(to, entry);
        entry += 46 + number_at(entry + 28, 2) + number_at(entry + 30, 2) + number_at(entry + 32, 2);
    }
    to = put_large_end(to, n, first, (uint64_t)(to - large));
    CU_ASSERT_TRUE_FATAL(scratch_write(path, large, (size_t)(to - large)));
    free(large);
    free(bytes);
}

static void large_files_are_read_and_mapped(void)
{
    static double to[4000];
    struct scratch s;
    struct fault fault;
    struct file_map map;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int i = 0; i < 2; i++) {
        const char *const path = sound_file(&s, i ? ZIP_CM_DEFLATE : ZIP_CM_STORE);
        make_large(path);
        check_good(read_array(path, "x", to, 3, &fault), &fault);
        CU_ASSERT_EQUAL(memcmp(to, six, sizeof six), 0);
        check_good(read_array(path, "many", to, 2000, &fault), &fault);
        CU_ASSERT_EQUAL(memcmp(to, many, sizeof many), 0);
        check_good(map_array(path, "many", 8, &map, &fault), &fault);
        CU_ASSERT_EQUAL(map.pages != NULL, i == 0);
        CU_ASSERT_TRUE(!map.pages || memcmp(map.bytes, many, sizeof many) == 0);
        file_unmap(&map);
    }
    scratch_remove(&s);
}

/* A size of 2^63 bytes, which no file holds. */
static void large_sizes_are_checked(void)
{
    static double to[4000];
    static const unsigned char huge[8] = {0, 0, 0, 0, 0, 0, 0, 0x80};
    struct scratch s;
    struct fault fault;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (int i = 0; i < 2; i++) {
        const char *const path = sound_file(&s, i ? ZIP_CM_DEFLATE : ZIP_CM_STORE);
        make_large(path);
        CU_ASSERT_TRUE_FATAL(patch_file(path, "many.npy\1\0\x18", 11, true, 12, huge, 8));
        CU_ASSERT_FALSE(read_array(path, "many", to, 2000, &fault));
        CU_ASSERT_EQUAL(fault.exit_code, FAULT_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "announces more bytes than the file can hold"));
    }
    scratch_remove(&s);
}

/* ---- what is wrong with mapped ones -------------------------------------------------------------------- */

static void mapped_arrays_are_checked(void)
{
    static const double bad[6] = {1, 2, 3, 4, 5, NAN};
    const struct member member = {"x.npy", 3, 2, bad, ZIP_CM_STORE};
    struct scratch s;
    struct fault fault;
    struct file_map map;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), &member, 1));
    check_fault(map_array(scratch_path(&s, "a.npz"), "x", 8, &map, &fault), &fault, FAULT_INPUT,
                "row 2, column 1 is not a number");
    CU_ASSERT_PTR_NULL(map.pages);
    const char *const path = sound_file(&s, ZIP_CM_STORE);
    CU_ASSERT_TRUE_FATAL(patch_file(path, "(3, 2), }", 9, false, 9 + 3, "\x01", 1)); /* in the number 1 */
    check_fault(map_array(path, "x", 8, &map, &fault), &fault, FAULT_INPUT, "x: CRC error");
    CU_ASSERT_PTR_NULL(map.pages);
    scratch_remove(&s);
}

/* With a descriptor left for the file, but none for libzip's own. */
static void a_failing_system_is_reported(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct npz *npz;
    struct rlimit before;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = sound_file(&s, ZIP_CM_STORE);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (rlim_t most = 3; most <= 4; most++) {
        const struct rlimit few = {.rlim_cur = most, .rlim_max = before.rlim_max};
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &few), 0);
        check_fault(npz_open(&npz, path, &fault), &fault, FAULT_SYSTEM, "Too many open files");
        CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
    }
    scratch_remove(&s);
}

static const struct check_case cases[] = {
    {"a failing system is reported", a_failing_system_is_reported},
    {"arrays are read by name", arrays_are_read_by_name},
    {"several readers may be open", several_readers_may_be_open},
    {"a missing array is reported with those that exist", a_missing_array_is_reported_with_those_that_exist},
    {"a file that is not a zip is reported", a_file_that_is_not_a_zip_is_reported},
    {"a truncated file is reported", a_truncated_file_is_reported},
    {"a changed byte is reported", a_changed_byte_is_reported},
    {"missing bytes are reported", missing_bytes_are_reported},
    {"members that are not arrays are reported", members_that_are_not_arrays_are_reported},
    {"stored arrays are mapped", stored_arrays_are_mapped},
    {"other arrays are not mapped", other_arrays_are_not_mapped},
    {"wrong offsets are noticed", wrong_offsets_are_noticed},
    {"large files are read and mapped", large_files_are_read_and_mapped},
    {"large sizes are checked", large_sizes_are_checked},
    {"mapped arrays are checked", mapped_arrays_are_checked},
};

int main(void)
{
    return check_main("npz", cases, CHECK_COUNT(cases));
}
