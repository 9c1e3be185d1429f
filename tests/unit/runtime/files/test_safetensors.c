/* SPDX-License-Identifier: MIT
 *
 * safetensors: what is written is read, byte for byte the same each time; whatever else is read ends in a
 * sentence. */
#include "files/safetensors.h"
#include "unit/runtime/files/data_fixture.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const double weights[6] = {1, -2.5, 3e-300, 4, INFINITY, -6};
static const float biases[3] = {0.1f, 0.2f, 0.3f};

static const struct metadata texts[] = {{"spec", "name: \"moons\"\n\ttab é"}, {"step", "12"}};

static bool write_model(const char *path, struct fault *fault)
{
    const struct tensor tensors[] = {tensor_of("flow.layer0.bias", 4, 1, 3, 0, biases),
                                     tensor_of("flow.layer0.weight", 8, 2, 3, 2, weights),
                                     tensor_of("count", 8, 0, 0, 0, weights),
                                     tensor_of("empty", 4, 2, 0, 5, NULL)};
    return safetensors_write(path, tensors, 4, texts, 2, fault);
}

static void what_is_written_is_read(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safetensors *file;
    double to[6];
    float single[3];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(write_model(scratch_path(&s, "m"), &fault), &fault);
    check_good(safetensors_read(&file, scratch_path(&s, "m"), &fault), &fault);
    CU_ASSERT_EQUAL(safetensors_count(file), 4);
    CU_ASSERT_STRING_EQUAL(safetensors_at(file, 0)->name, "flow.layer0.bias");
    CU_ASSERT_STRING_EQUAL(safetensors_metadata(file, "spec"), texts[0].value);
    CU_ASSERT_STRING_EQUAL(safetensors_metadata(file, "step"), "12");
    CU_ASSERT_PTR_NULL(safetensors_metadata(file, "none"));
    CU_ASSERT_PTR_NULL(safetensors_find(file, "__metadata__"));
    check_good(safetensors_take(file, "flow.layer0.weight", 8, 2, (const int64_t[]){3, 2}, to, &fault),
               &fault);
    CU_ASSERT_EQUAL(memcmp(to, weights, sizeof weights), 0);
    check_good(safetensors_take(file, "flow.layer0.bias", 4, 1, (const int64_t[]){3}, single, &fault),
               &fault);
    CU_ASSERT_EQUAL(memcmp(single, biases, sizeof biases), 0);
    check_good(safetensors_take(file, "count", 8, 0, NULL, to, &fault), &fault);
    CU_ASSERT_EQUAL(tensor_elements(safetensors_find(file, "empty")), 0);
    safetensors_free(file);
    safetensors_free(NULL);
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

static void the_same_input_gives_the_same_bytes(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    size_t length, again_length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(write_model(scratch_path(&s, "m"), &fault), &fault);
    check_good(write_model(scratch_path(&s, "again"), &fault), &fault);
    char *const bytes = scratch_read(scratch_path(&s, "m"), &length);
    char *const again = scratch_read(scratch_path(&s, "again"), &again_length);
    CU_ASSERT_TRUE_FATAL(bytes != NULL && again != NULL && length == again_length);
    CU_ASSERT_EQUAL(memcmp(bytes, again, length), 0);
    CU_ASSERT_EQUAL(bytes[8], '{');
    CU_ASSERT_EQUAL((8 + (unsigned char)bytes[0] + 256 * (unsigned char)bytes[1]) % 64,
                    0); /* data is aligned */
    CU_ASSERT_PTR_NOT_NULL(strstr(bytes + 8, "\"flow.layer0.weight\":{\"dtype\":\"F64\",\"shape\":[3,2],"
                                             "\"data_offsets\":[12,60]}"));
    free(bytes);
    free(again);
    scratch_remove(&s);
}

static void what_does_not_fit_is_reported(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safetensors *file;
    double to[8];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(write_model(scratch_path(&s, "m"), &fault), &fault);
    check_good(safetensors_read(&file, scratch_path(&s, "m"), &fault), &fault);
    check_fault(safetensors_take(file, "flow.layer1.weight", 8, 2, (const int64_t[]){3, 2}, to, &fault),
                &fault, FAULT_INPUT, "m: no tensor flow.layer1.weight");
    check_fault(safetensors_take(file, "flow.layer0.weight", 8, 2, (const int64_t[]){2, 3}, to, &fault),
                &fault, FAULT_INPUT, "tensor flow.layer0.weight has shape [3, 2]; [2, 3] is needed");
    check_fault(safetensors_take(file, "flow.layer0.weight", 8, 1, (const int64_t[]){6}, to, &fault), &fault,
                FAULT_INPUT, "[6] is needed");
    safetensors_free(file);
    scratch_remove(&s);
}

static bool parse_file(struct safetensors **file, const char *header, const void *data, size_t data_length,
                       struct fault *fault)
{
    static struct bytes bytes;
    const size_t text = strlen(header);
    const unsigned char prefix[8] = {(unsigned char)text, (unsigned char)(text >> 8)};
    bytes.length = 0;
    add_bytes(&bytes, prefix, 8);
    add_bytes(&bytes, header, text);
    add_bytes(&bytes, data, data_length);
    fault->exit_code = 0;
    return safetensors_parse(file, "m", bytes.at, bytes.length, fault);
}

static bool parse(const char *header, const char *data, size_t data_length, struct fault *fault)
{
    struct safetensors *file;
    if (!parse_file(&file, header, data, data_length, fault))
        return false;
    safetensors_free(file);
    return true;
}

/* 2 and -3/4; the smallest number; infinity. */
static void numbers_of_every_size_are_converted(void)
{
    static const char header[] = "{\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},"
                                 "\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[6,12]},"
                                 "\"i\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[12,14]},"
                                 "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[14,22]}}";
    static const unsigned char data[22] = {0x00, 0x40, 0x00, 0xBA, 0x01, 0x00, 0x00, 0x40, 0x40, 0xBF, 0x80,
                                           0x7F, 1,    0,    0,    0,    0,    0,    0,    0,    0xE0, 0x3F};
    struct safetensors *file;
    struct fault fault;
    double twice[3];
    float single[3];
    check_good(parse_file(&file, header, data, sizeof data, &fault), &fault);
    check_good(safetensors_take(file, "h", 8, 1, (const int64_t[]){3}, twice, &fault), &fault);
    CU_ASSERT_TRUE(twice[0] == 2 && twice[1] == -0.75 && twice[2] == 0x1p-24);
    check_good(safetensors_take(file, "b", 4, 1, (const int64_t[]){3}, single, &fault), &fault);
    CU_ASSERT_TRUE(single[0] == 2 && single[1] == -0.75F && isinf(single[2]));
    check_good(safetensors_take(file, "d", 4, 1, (const int64_t[]){1}, single, &fault), &fault);
    CU_ASSERT_EQUAL(single[0], 0.5);
    check_fault(safetensors_take(file, "i", 4, 1, (const int64_t[]){1}, single, &fault), &fault, FAULT_INPUT,
                "m: tensor i is I16; F32 is needed");
    safetensors_free(file);
}

static void headers_of_other_programs_are_read(void)
{
    struct fault fault;
    check_good(parse("{}", "", 0, &fault), &fault);
    check_good(
        parse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}   ", "12345678", 8, &fault),
        &fault);
    check_good(
        parse("{\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[4,12]},"
              "\"a\":{\"data_offsets\":[0,4],\"dtype\":\"BF16\",\"shape\":[1,2,1]},\"__metadata__\":{}}",
              "123456789012", 12, &fault),
        &fault);
}

/* One fault each; eight bytes of data. */
static void broken_headers_are_reported(void)
{
    static const struct {
        const char *header, *said;
    } wrong[] = {
        {"", "not a JSON object"},
        {"[1]", "not a JSON object"},
        {"{", "not a JSON object"},
        {"{\"a\":1}", "a: no object"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":1}", "duplicate object key"},
        {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", "its dtype is unknown"},
        {"{\"a\":{\"dtype\":\"X9\",\"shape\":[2],\"data_offsets\":[0,8]}}", "its dtype is unknown"},
        {"{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", "its dtype is unknown"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", "its shape is not a list"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}",
         "its shape is not a list"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", "that is not a count"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "that is not a count"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}",
         "than can be counted"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0,4294967296,4294967296],\"data_offsets\":[0,0]}}",
         "than can be counted"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
         "not a JSON object"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "its data_offsets are not two counts"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}",
         "its data_offsets are not two counts"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "its data are outside the file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}",
         "its data are outside the file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
         "its shape and data_offsets do not agree"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
         "overlap those of another tensor"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "a gap before its data"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "data that belong to no tensor"},
        {"{\"__metadata__\":3,\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
         "__metadata__: no object"},
        {"{\"__metadata__\":{\"k\":3},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
         "k: a value of __metadata__ is not a string"},
    };
    struct fault fault;
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++)
        check_fault(parse(wrong[i].header, "12345678", 8, &fault), &fault, FAULT_INPUT, wrong[i].said);
}

/* A file whose header is `first`, n times `again`, and `last`. */
static bool parse_many(const char *first, const char *again, size_t n, const char *last, struct fault *fault)
{
    const size_t text = strlen(first) + n * strlen(again) + strlen(last);
    char *const bytes = malloc(8 + text + 1), *at = bytes + 8;
    struct safetensors *file;
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memcpy(bytes, &(uint64_t){text}, 8);
    at = stpcpy(at, first);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, again);
    (void)stpcpy(at, last);
    fault->exit_code = 0;
    const bool done = safetensors_parse(&file, "m", bytes, 8 + text, fault);
    if (done)
        safetensors_free(file);
    free(bytes);
    return done;
}

/* More than a JSON reader should be given. */
static void headers_have_limits(void)
{
    static const char most[] = "its header lists more than 65536 tensors";
    struct fault fault;
    check_fault(parse_many("{\"a\":{\"b\":", "[[", 1, "0]]}}", &fault), &fault, FAULT_INPUT,
                "nested deeper than 3 levels");
    check_fault(parse_many("", "[", 100000, "", &fault), &fault, FAULT_INPUT, "deeper than 3 levels");
    check_fault(parse_many("{", "\"a\":{},", 65540, "\"b\":{}}", &fault), &fault, FAULT_INPUT, most);
    check_fault(parse_many("{", "\"a\":[],", 131080, "\"b\":{}}", &fault), &fault, FAULT_INPUT, most);
    check_fault(parse_many("{\"a\":[", "0,", 1048600, "0]}", &fault), &fault, FAULT_INPUT, most);
    check_good(parse_many("{\"__metadata__\":{\"\\\"", "[{,", 1048600, "\":\"\"}}", &fault), &fault);
    check_fault(
        parse_many("{\"", "n", 1025, "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", &fault),
        &fault, FAULT_INPUT, "a name of more than 1024 bytes");
}

/* No memory for a terabyte is asked for. */
static void a_header_is_checked_before_data_are_read(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safetensors *file;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "m");
    scratch_write(path, "\2\0\0\0\0\0\0\0{}", 10);
    if (truncate(path, (off_t)1 << 40) == 0)
        check_fault(safetensors_read(&file, path, &fault), &fault, FAULT_INPUT,
                    "m: not a valid safetensors file: data that belong to no tensor");
    scratch_remove(&s);
}

/* Every beginning of a sound file is refused. */
static void truncated_files_are_reported(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safetensors *file;
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(write_model(scratch_path(&s, "m"), &fault), &fault);
    char *const bytes = scratch_read(scratch_path(&s, "m"), &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    for (size_t n = 0; n < length; n++) {
        CU_ASSERT_FALSE(safetensors_parse(&file, "m", bytes, n, &fault));
        CU_ASSERT_EQUAL(fault.exit_code, FAULT_INPUT);
    }
    memset(bytes, 0xff, 8);
    check_fault(safetensors_parse(&file, "m", bytes, length, &fault), &fault, FAULT_INPUT,
                "its first eight bytes are not a header length");
    free(bytes);
    check_fault(safetensors_read(&file, scratch_path(&s, "none"), &fault), &fault, FAULT_INPUT,
                "No such file");
    check_fault(safetensors_read(&file, s.folder, &fault), &fault, FAULT_INPUT, "Is a directory");
    check_fault(safetensors_read(&file, "/dev/null", &fault), &fault, FAULT_INPUT, "a model must be a file");
    scratch_remove(&s);
}

static void a_full_device_leaves_the_old_model(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safetensors *file;
    static const double large[10000];
    const struct tensor tensor = tensor_of("large", 8, 1, 10000, 0, large);
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(write_model(scratch_path(&s, "m"), &fault), &fault);
    limit_files(20000);
    const bool done = safetensors_write(scratch_path(&s, "m"), &tensor, 1, NULL, 0, &fault);
    lift_limit();
    check_fault(done, &fault, FAULT_SYSTEM, "m: File too large");
    fault.exit_code = 0;
    check_good(safetensors_read(&file, scratch_path(&s, "m"), &fault), &fault);
    CU_ASSERT_EQUAL(safetensors_count(file), 4);
    safetensors_free(file);
    CU_ASSERT_EQUAL(files_in(&s), 1);
    if (scratch_there("/dev/full"))
        check_fault(write_model("/dev/full", &fault), &fault, FAULT_SYSTEM, "No space left on device");
    check_fault(write_model(scratch_path(&s, "no/m"), &fault), &fault, FAULT_SYSTEM, "No such file");
    scratch_remove(&s);
}

/* Wherever it is: in the length, the header, its padding, the data or the checksum. */
static void each_flipped_bit_is_found(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safetensors *file;
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(write_model(scratch_path(&s, "m"), &fault), &fault);
    char *const bytes = scratch_read(scratch_path(&s, "m"), &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    int found = 0;
    for (size_t bit = 0; bit < 8 * length; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        if (safetensors_parse(&file, "m", bytes, length, &fault))
            safetensors_free(file);
        else
            found += fault.exit_code == FAULT_INPUT;
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    CU_ASSERT_TRUE(length > 400 && found == 8 * (int)length);
    fault.exit_code = 0;
    check_good(safetensors_parse(&file, "m", bytes, length, &fault), &fault);
    safetensors_free(file);
    free(bytes);
    scratch_remove(&s);
}

static bool parse_text(const char *header, struct fault *fault)
{
    char bytes[200];
    struct safetensors *file;
    const size_t length = strlen(header);
    memset(bytes, 0, 8);
    bytes[0] = (char)length;
    memcpy(bytes + 8, header, length);
    fault->exit_code = 0;
    if (!safetensors_parse(&file, "m", bytes, 8 + length, fault))
        return false;
    safetensors_free(file);
    return true;
}

static void forms_are_told_apart(void)
{
    struct fault fault;
    check_good(parse_text("{\"__metadata__\":{\"spec\":\"gpfc.checksum\"}}", &fault), &fault);
    check_fault(parse_text("{\"__metadata__\":{\"gpfc.format\":\"2\"}}", &fault), &fault, FAULT_INPUT,
                "m: of form '2', and 1 is known: a newer gpfc wrote it");
    check_fault(parse_text("{\"__metadata__\":{\"gpfc.format\":\"1\"}}", &fault), &fault, FAULT_INPUT,
                "m: damaged: its checksum is missing");
    check_fault(parse_text("{\"__metadata__\":{\"gpfc.checksum\":\"0123456789abcdef\"}}", &fault), &fault,
                FAULT_INPUT, "m: damaged, or changed by another program: its checksum is");
}

/* A device's fault is not the file's: neither is it shorter, nor broken. */
static int read_error;
ssize_t __real_read(int file, void *to, size_t bytes);
ssize_t __wrap_read(int file, void *to, size_t bytes);
ssize_t __wrap_read(int file, void *to, size_t bytes)
{
    if (read_error == 0)
        return __real_read(file, to, bytes);
    errno = read_error;
    return -1;
}

static void a_failing_system_is_reported(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct safetensors *file;
    struct rlimit before, none;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "m");
    check_good(write_model(path, &fault), &fault);
    read_error = EIO;
    check_fault(safetensors_read(&file, path, &fault), &fault, FAULT_SYSTEM, "m: Input/output error");
    read_error = 0;
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
    check_fault(safetensors_read(&file, path, &fault), &fault, FAULT_SYSTEM, "m: Too many open files");
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
    check_fault(safetensors_read(&file, scratch_path(&s, "none"), &fault), &fault, FAULT_INPUT,
                "none: No such file");
    scratch_remove(&s);
}

static const struct check_case cases[] = {
    {"what is written is read", what_is_written_is_read},
    {"the same input gives the same bytes", the_same_input_gives_the_same_bytes},
    {"each flipped bit is found", each_flipped_bit_is_found},
    {"forms are told apart", forms_are_told_apart},
    {"a failing system is reported", a_failing_system_is_reported},
    {"what does not fit is reported", what_does_not_fit_is_reported},
    {"numbers of every size are converted", numbers_of_every_size_are_converted},
    {"headers of other programs are read", headers_of_other_programs_are_read},
    {"broken headers are reported", broken_headers_are_reported},
    {"headers have limits", headers_have_limits},
    {"a header is checked before data are read", a_header_is_checked_before_data_are_read},
    {"truncated files are reported", truncated_files_are_reported},
    {"a full device leaves the old model", a_full_device_leaves_the_old_model},
};

int main(void)
{
    return check_main("safetensors", cases, CHECK_COUNT(cases));
}
