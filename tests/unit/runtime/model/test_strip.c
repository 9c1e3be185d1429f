/* SPDX-License-Identifier: MIT
 *
 * What is left out of a model that is copied for others, and what stays. */
#include "files/safetensors.h"
#include "model/strip.h"
#include "unit/runtime/files/data_fixture.h"

static const float numbers[2] = {1, 2};

static bool write_model(const char *path, const struct metadata *texts, size_t n, struct fault *fault)
{
    const struct tensor tensors[] = {tensor_of("flow.layer0.bias", 4, 1, 2, 0, numbers),
                                     tensor_of("data.mean", 8, 0, 0, 0, &(double){3})};
    return safetensors_write(path, tensors, 2, texts, n, fault);
}

/* The copy of a file of these texts; NULL with a fault. */
static struct safetensors *stripped(const struct scratch *s, const struct metadata *texts, size_t n)
{
    struct fault fault = {.exit_code = 0};
    struct safetensors *file = NULL;
    check_good(write_model(scratch_path(s, "m"), texts, n, &fault), &fault);
    check_good(strip_file(scratch_path(s, "m"), scratch_path(s, "out"), &fault), &fault);
    check_good(safetensors_read(&file, scratch_path(s, "out"), &fault), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    return file;
}

static void texts_and_paths_are_left_out(void)
{
    static const struct metadata texts[] = {
        {"gpfc.name", "toy"},
        {"gpfc.spec", "name: toy # private"},
        {"gpfc.settings", "{\"data.folder\":\"/home/me\",\"data.pairs\":\"/p.npz\",\"data.file\":\"/f.csv\","
                          "\"data.weights\":\"w.csv\",\"flow.steps\":\"3\"}"},
        {"gpfc.data", "/home/me/x.csv"},
        {"gpfc.weights", "/home/me/w.csv"},
        {"of.another.program", "stays"}};
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    struct safetensors *const file = stripped(&s, texts, CHECK_COUNT(texts));
    CU_ASSERT_STRING_EQUAL(safetensors_metadata(file, "gpfc.name"), "toy");
    CU_ASSERT_STRING_EQUAL(safetensors_metadata(file, "gpfc.settings"), "{\"flow.steps\":\"3\"}");
    CU_ASSERT_STRING_EQUAL(safetensors_metadata(file, "of.another.program"), "stays");
    CU_ASSERT_PTR_NOT_NULL(safetensors_metadata(file, "gpfc.checksum"));
    CU_ASSERT_EQUAL(safetensors_count(file), 2);
    CU_ASSERT_EQUAL(memcmp(safetensors_at(file, 0)->data, numbers, sizeof numbers), 0);
    safetensors_free(file);
    size_t length;
    char *const bytes = scratch_read(scratch_path(&s, "out"), &length);
    for (size_t i = 0; i + 8 < length; i++)
        CU_ASSERT_FALSE(memcmp(bytes + i, "/home/me", 8) == 0 || memcmp(bytes + i, "private", 7) == 0);
    free(bytes);
    scratch_remove(&s);
}

static void names_of_columns_stay(void)
{
    static const struct metadata texts[] = {
        {"gpfc.settings", "{\"data.weights\":\"w\"}"}, {"gpfc.weights", "w"}, {"gpfc.columns", "[\"a\"]"}};
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    struct safetensors *const file = stripped(&s, texts, CHECK_COUNT(texts));
    for (size_t i = 0; i < CHECK_COUNT(texts); i++)
        CU_ASSERT_STRING_EQUAL(safetensors_metadata(file, texts[i].key), texts[i].value);
    safetensors_free(file);
    scratch_remove(&s);
}

/* They may hold anything, and nothing reads them. */
static void broken_settings_are_left_out(void)
{
    static const struct metadata texts[] = {{"gpfc.settings", "{\"data.folder\":\"/home/me\""}};
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    struct safetensors *const file = stripped(&s, texts, 1);
    CU_ASSERT_PTR_NULL(safetensors_metadata(file, "gpfc.settings"));
    safetensors_free(file);
    scratch_remove(&s);
}

static void other_types_are_refused(void)
{
    static const char header[] = "{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}";
    unsigned char bytes[8 + sizeof header + 1] = {sizeof header - 1};
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    memcpy(bytes + 8, header, sizeof header - 1);
    CU_ASSERT_TRUE(scratch_write(scratch_path(&s, "m"), bytes, sizeof bytes));
    check_fault(strip_file(scratch_path(&s, "m"), scratch_path(&s, "out"), &fault), &fault, FAULT_INPUT,
                "tensor 'a' is of type F16");
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"texts and paths are left out", texts_and_paths_are_left_out},
        {"names of columns stay", names_of_columns_stay},
        {"broken settings are left out", broken_settings_are_left_out},
        {"other types are refused", other_types_are_refused},
    };
    return check_main("strip", cases, CHECK_COUNT(cases));
}
