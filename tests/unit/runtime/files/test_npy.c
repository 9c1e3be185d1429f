/* SPDX-License-Identifier: MIT
 *
 * .npy: what is read, what is refused and with which words, what is written. */
#include "files/npy.h"
#include "unit/runtime/files/data_fixture.h"

#include <math.h>

static const double six[6] = {1, -2.5, 3e-3, 4, 5e10, -6}; /* [3][2] */

static bool read_all(const char *path, int precision, void *to, int64_t rows, int64_t block,
                     struct fault *fault)
{
    struct npy_reader *reader;
    if (!npy_open(&reader, path, fault))
        return false;
    const size_t row = (size_t)npy_shape(reader).columns * (size_t)precision;
    int64_t got = 1, done = 0;
    bool good = true;
    while (good && got > 0 && done < rows) {
        good = npy_read_rows(reader, precision, block, (char *)to + (size_t)done * row, &got, fault);
        done += good ? got : 0;
    }
    npy_close(reader);
    return good;
}

/* Bytes as a file, read as double. */
static bool read_bytes(const struct bytes *bytes, double *to, int64_t rows, struct fault *fault)
{
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.npy"), bytes->at, bytes->length));
    fault->exit_code = 0;
    const bool done = read_all(scratch_path(&s, "a.npy"), 8, to, rows, 2, fault);
    scratch_remove(&s);
    return done;
}

static bool write_six(const char *path, int precision, struct fault *fault)
{
    struct npy_writer *writer;
    float single[6];
    for (int i = 0; i < 6; i++)
        single[i] = (float)six[i];
    const char *const from = precision == 4 ? (const char *)single : (const char *)six;
    if (!npy_create(&writer, path, precision, 3, 2, fault))
        return false;
    if (npy_write_rows(writer, from, 1, fault) && npy_write_rows(writer, from + 2 * precision, 2, fault))
        return npy_writer_commit(writer, fault);
    npy_writer_abandon(writer);
    return false;
}

static void what_is_written_is_read(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "six.npy");
    for (int written = 4; written <= 8; written += 4) {
        check_good(write_six(path, written, &fault), &fault);
        for (int64_t block = 1; block < 5; block++) {
            double twice[6] = {0};
            float single[6] = {0};
            check_good(read_all(path, 8, twice, 3, block, &fault), &fault);
            check_good(read_all(path, 4, single, 3, block, &fault), &fault);
            for (int i = 0; i < 6; i++) {
                CU_ASSERT_EQUAL(single[i], (float)six[i]);
                CU_ASSERT_EQUAL(twice[i], written == 8 ? six[i] : (double)(float)six[i]);
            }
        }
    }
    scratch_remove(&s);
}

/* The bytes are NumPy's own, but for the padding: what other programs expect. */
static void the_header_is_numpy_s(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    size_t length;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(write_six(scratch_path(&s, "six.npy"), 8, &fault), &fault);
    char *const bytes = scratch_read(scratch_path(&s, "six.npy"), &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    CU_ASSERT_EQUAL(length, 128 + sizeof six);
    CU_ASSERT_EQUAL(
        memcmp(bytes, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }",
               10 + 59),
        0);
    CU_ASSERT_EQUAL(bytes[127], '\n');
    CU_ASSERT_EQUAL(memcmp(bytes + 128, six, sizeof six), 0);
    free(bytes);
    scratch_remove(&s);
}

static void all_versions_are_read(void)
{
    static struct bytes bytes;
    struct fault fault;
    static const char *const headers[] = {
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }      \n",
        "{'shape':(3,2),\"descr\":\"<f8\",'fortran_order':False}",
        " { 'fortran_order' : False , 'shape' : ( 3 , 2 , ) , 'descr' : '<f8' } \n\n",
    };
    for (int version = 1; version <= 3; version++)
        for (size_t i = 0; i < CHECK_COUNT(headers); i++) {
            double to[6] = {0};
            make_npy(&bytes, version, headers[i], six, sizeof six);
            check_good(read_bytes(&bytes, to, 3, &fault), &fault);
            CU_ASSERT_EQUAL(memcmp(to, six, sizeof six), 0);
        }
}

static void big_endian_is_converted(void)
{
    static struct bytes bytes;
    struct fault fault;
    static const unsigned char singles[8] = {0x3f, 0xc0, 0, 0, 0xc0, 0x20, 0, 0}; /* 1.5, -2.5 */
    static const unsigned char twice[8] = {0xc0, 0x04, 0, 0, 0, 0, 0, 0};         /* -2.5 */
    double to[2] = {0};
    make_npy(&bytes, 1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2)}", singles, sizeof singles);
    check_good(read_bytes(&bytes, to, 1, &fault), &fault);
    CU_ASSERT_TRUE(to[0] == 1.5 && to[1] == -2.5);
    make_npy(&bytes, 1, "{'descr': '>f8', 'fortran_order': False, 'shape': (1, 1)}", twice, sizeof twice);
    check_good(read_bytes(&bytes, to, 1, &fault), &fault);
    CU_ASSERT_EQUAL(to[0], -2.5);
}

/* One wrong header each, over 48 bytes of sound data. */
static void refused_headers_are_named(void)
{
    static const struct {
        const char *header, *said;
    } wrong[] = {
        {"{'descr': '<f16', 'fortran_order': False, 'shape': (3, 1)}",
         "dtype '<f16' (floating point of an unsupported size); an array of numbers is needed"},
        {"{'descr': '<c16', 'fortran_order': False, 'shape': (3, 1)}", "dtype '<c16' (complex numbers)"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (3, 2)}", "dtype '|O' (Python objects)"},
        {"{'descr': '|b2', 'fortran_order': False, 'shape': (24,)}", "dtype '|b2' (truth values)"},
        {"{'descr': '<U3', 'fortran_order': False, 'shape': (4,)}", "dtype '<U3' (text)"},
        {"{'descr': '', 'fortran_order': False, 'shape': (4,)}", "dtype '' (an unknown type)"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (12,)}", "structured records"},
        {"{'descr': 8, 'fortran_order': False, 'shape': (3, 2)}", "'descr' is not a string"},
        {"{'descr': '<f8', 'fortran_order': 0, 'shape': (3, 2)}", "neither True nor False"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': 6}", "'shape' is not a tuple"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, -2)}", "not a number"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3 2)}", "'shape' does not end"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2}", "'shape' does not end"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6)}", "too many dimensions"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 2)}", "too large"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
         "more elements than can be"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 9223372036854775807, 9)}",
         "more elements than can be"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 2)}",
         "truncated: its header announces 16000000000000 bytes, 48 are there"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2)}", "announces 64 bytes, 48 are there"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)}", "announces 32 bytes, but 48 follow"},
        {"{'descr': '<f8', 'fortran_order': False}", "is missing"},
        {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}", "a key occurs twice"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), 'x': 1}", "an unknown key"},
        {"{'descr': '<f8' 'fortran_order': False, 'shape': (3, 2)}", "it does not end"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)", "it does not end"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)} x", "unexpected text after its end"},
        {"", "no dictionary"},
        {"{", "a key is missing"},
        {"{'descr", "a key is missing"},
    };
    static struct bytes bytes;
    struct fault fault;
    double to[6];
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        make_npy(&bytes, 1, wrong[i].header, six, sizeof six);
        check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, wrong[i].said);
    }
}

static void broken_starts_are_reported(void)
{
    static struct bytes bytes;
    struct fault fault;
    double to[6];
    make_npy(&bytes, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}", six, sizeof six);
    for (bytes.length = 1; bytes.length < 10; bytes.length++)
        check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, "not a .npy file");
    for (bytes.length = 10; bytes.length < 67; bytes.length++)
        check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, "ends inside its .npy header");
    for (bytes.length = 67; bytes.length < 67 + sizeof six; bytes.length++)
        check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, "truncated");
    bytes.length = 0;
    check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, "a.npy: empty");
    make_npy(&bytes, 9, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}", six, sizeof six);
    check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, "version 9");
    make_npy(&bytes, 2, "{}", six, sizeof six);
    bytes.at[11] = 0x7f;
    check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, "an .npy header of 2130706434 bytes");
}

static void non_finite_numbers_are_reported(void)
{
    static const char header[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}";
    static struct bytes bytes;
    struct fault fault;
    double data[6], to[6];
    for (int i = 0; i < 6; i++) {
        char said[64];
        memcpy(data, six, sizeof six);
        data[i] = NAN;
        (void)snprintf(said, sizeof said, "row %d, column %d is not a number", i / 2, i % 2);
        make_npy(&bytes, 1, header, data, sizeof data);
        check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, said);
    }
    data[5] = -INFINITY;
    make_npy(&bytes, 1, header, data, sizeof data);
    check_fault(read_bytes(&bytes, to, 3, &fault), &fault, FAULT_INPUT, "row 2, column 1 is infinite");
}

static void too_large_for_single_is_reported(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct npy_writer *writer;
    float to[2];
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(npy_create(&writer, scratch_path(&s, "a"), 8, 2, 1, &fault), &fault);
    check_good(npy_write_rows(writer, (const double[]){1, 1e39}, 2, &fault), &fault);
    check_good(npy_writer_commit(writer, &fault), &fault);
    check_fault(read_all(scratch_path(&s, "a"), 4, to, 2, 2, &fault), &fault, FAULT_INPUT,
                "row 1, column 0 does not fit into float32");
    scratch_remove(&s);
}

static void shapes_are_compared(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct npy_reader *reader;
    static struct bytes bytes;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "a.npy");
    check_good(write_six(path, 8, &fault), &fault);
    check_good(npy_open(&reader, path, &fault), &fault);
    CU_ASSERT_TRUE(npy_expect_columns(reader, 2, &fault));
    check_fault(npy_expect_columns(reader, 5, &fault), &fault, FAULT_INPUT,
                "shape (3, 2); the dimension is 5, so (rows, 5) is needed");
    check_fault(npy_expect_columns(reader, 3, &fault), &fault, FAULT_INPUT,
                "shape (3, 2); the dimension is 3, so (rows, 3) is needed: its transpose");
    npy_close(reader);
    make_npy(&bytes, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (6,)}", six, sizeof six);
    CU_ASSERT_TRUE_FATAL(scratch_write(path, bytes.at, bytes.length));
    fault.exit_code = 0;
    check_good(npy_open(&reader, path, &fault), &fault);
    CU_ASSERT_EQUAL(npy_shape(reader).columns, 1);
    CU_ASSERT_TRUE(npy_expect_columns(reader, 1, &fault));
    check_fault(npy_expect_columns(reader, 6, &fault), &fault, FAULT_INPUT, "shape (6,)");
    npy_close(reader);
    npy_close(NULL);
    scratch_remove(&s);
}

/* A pipe has no length to check before; its end is found when it comes. */
static void pipes_are_read(void)
{
    static struct bytes bytes;
    struct fault fault = {.exit_code = 0};
    double to[6] = {0};
    for (int cut = 0; cut < 2; cut++) {
        int ends[2];
        char path[64];
        make_npy(&bytes, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}", six, sizeof six);
        CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
        const size_t length = bytes.length - (cut ? 9u : 0u);
        CU_ASSERT_EQUAL(write(ends[1], bytes.at, length), (ssize_t)length);
        (void)close(ends[1]);
        (void)snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
        const bool done = read_all(path, 8, to, 3, 3, &fault);
        if (cut)
            check_fault(done, &fault, FAULT_INPUT, "truncated: it ends in row 2 of 3");
        else
            check_good(done, &fault);
        (void)close(ends[0]);
    }
    CU_ASSERT_EQUAL(memcmp(to, six, sizeof six), 0);
}

/* A claim of terabytes takes no memory: opening and reading a block of it is all that happens. */
static void a_large_file_is_read_in_blocks(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct npy_reader *reader;
    static struct bytes bytes;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "large.npy");
    make_npy(&bytes, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (5000000000, 2)}", "", 0);
    CU_ASSERT_TRUE_FATAL(scratch_write(path, bytes.at, bytes.length));
    if (truncate(path, (off_t)(bytes.length + 40000000000)) == 0) { /* a hole of 40 GB */
        double block[200];
        int64_t got = 0;
        check_good(npy_open(&reader, path, &fault), &fault);
        check_good(npy_read_rows(reader, 8, 100, block, &got, &fault), &fault);
        CU_ASSERT_EQUAL(got, 100);
        CU_ASSERT_EQUAL(block[199], 0);
        npy_close(reader);
    }
    scratch_remove(&s);
}

static void no_rows_are_allowed(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct npy_writer *writer;
    struct npy_reader *reader;
    double to[2];
    int64_t got = 7;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    check_good(npy_create(&writer, scratch_path(&s, "none.npy"), 8, 0, 2, &fault), &fault);
    check_good(npy_writer_commit(writer, &fault), &fault);
    check_good(npy_open(&reader, scratch_path(&s, "none.npy"), &fault), &fault);
    CU_ASSERT_TRUE(npy_expect_columns(reader, 2, &fault));
    check_good(npy_read_rows(reader, 8, 10, to, &got, &fault), &fault);
    CU_ASSERT_EQUAL(got, 0);
    npy_close(reader);
    scratch_remove(&s);
}

static void a_full_device_leaves_nothing(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    limit_files(140);
    const bool done = write_six(scratch_path(&s, "six.npy"), 8, &fault);
    lift_limit();
    check_fault(done, &fault, FAULT_SYSTEM, "six.npy: File too large");
    CU_ASSERT_EQUAL(files_in(&s), 0);
    if (scratch_there("/dev/full"))
        check_fault(write_six("/dev/full", 8, &fault), &fault, FAULT_SYSTEM, "No space left on device");
    check_fault(write_six(scratch_path(&s, "no/six.npy"), 8, &fault), &fault, FAULT_SYSTEM, "No such file");
    scratch_remove(&s);
}

static const struct check_case cases[] = {
    {"what is written is read", what_is_written_is_read},
    {"the header is NumPy's", the_header_is_numpy_s},
    {"all versions are read", all_versions_are_read},
    {"big endian is converted", big_endian_is_converted},
    {"refused headers are named", refused_headers_are_named},
    {"broken starts are reported", broken_starts_are_reported},
    {"non-finite numbers are reported", non_finite_numbers_are_reported},
    {"too large for single is reported", too_large_for_single_is_reported},
    {"shapes are compared", shapes_are_compared},
    {"pipes are read", pipes_are_read},
    {"a large file is read in blocks", a_large_file_is_read_in_blocks},
    {"no rows are allowed", no_rows_are_allowed},
    {"a full device leaves nothing", a_full_device_leaves_nothing},
};

int main(void)
{
    return check_main("npy", cases, CHECK_COUNT(cases));
}
