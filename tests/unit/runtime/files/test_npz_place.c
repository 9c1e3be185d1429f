/* SPDX-License-Identifier: MIT
 *
 * Where a member is in a zip file, for files made byte by byte: valid ones, with numbers of 32 and of 64
 * bits, and ones with a single error, whose member is not found. */
#include "files/npz_place.h"
#include "unit/runtime/files/data_fixture.h"

#include <fcntl.h>
#include <unistd.h>

enum { DATA = 40, MOST_BYTES = 1 << 14, AS_IT_IS = -1 };

/* Two members, "first.npy" and "b.npy"; all that is 0 is as it should be, but for `large`. What is wrong is
 * the second one's. */
struct form {
    bool large;            /* sizes and places as 64 bits, where the directory is one of them */
    size_t comment, other; /* bytes of the first entry's comment, of another extra field */
    const char *name;      /* in the directory */
    int method;            /* 0: stored */
    int packed, size, large_bytes, other_bytes; /* added to what is said of these */
    uint32_t header_mark;
};

struct text {
    unsigned char at[MOST_BYTES];
    size_t n;
};

static void number(struct text *text, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        text->at[text->n++] = (unsigned char)(value >> (8 * i));
}

static void fill(struct text *text, char with, size_t n)
{
    memset(text->at + text->n, with, n);
    text->n += n;
}

static void words(struct text *text, const char *word)
{
    memcpy(text->at + text->n, word, strlen(word));
    text->n += strlen(word);
}

/* Returns where the data start. */
static size_t add_data(struct text *zip, const char *name, uint32_t mark, char byte)
{
    number(zip, mark, 4);
    fill(zip, 0, 22); /* what the directory says, too */
    number(zip, strlen(name), 2);
    number(zip, 3, 2);
    words(zip, name);
    fill(zip, 'x', 3);
    fill(zip, byte, DATA);
    return zip->n - DATA;
}

static void add_entry(struct text *zip, const struct form *form, const char *name, size_t header)
{
    const uint64_t packed = (uint64_t)(DATA + form->packed), size = (uint64_t)(DATA + form->size);
    const size_t large = form->large ? 4 + 24 : 0, other = form->other ? 4 + form->other : 0;
    number(zip, 0x02014b50, 4);
    fill(zip, 0, 6);
    number(zip, (uint64_t)form->method, 2);
    fill(zip, 0, 8);
    number(zip, form->large ? UINT32_MAX : packed, 4);
    number(zip, form->large ? UINT32_MAX : size, 4);
    number(zip, strlen(name), 2);
    number(zip, large + other, 2);
    number(zip, form->comment, 2);
    fill(zip, 0, 8);
    number(zip, form->large ? UINT32_MAX : header, 4);
    words(zip, name);
    if (form->other) {
        number(zip, 0x7075, 2);
        number(zip, form->other + (size_t)form->other_bytes, 2);
        fill(zip, 'o', form->other);
    }
    if (form->large) {
        number(zip, 1, 2);
        number(zip, (uint64_t)(24 + form->large_bytes), 2);
        number(zip, size, 8);
        number(zip, packed, 8);
        number(zip, header, 8);
    }
    fill(zip, 'c', form->comment);
}

static void add_end(struct text *zip, bool large, size_t directory)
{
    const size_t large_end = zip->n;
    if (large) {
        number(zip, 0x06064b50, 4);
        fill(zip, 0, 36);
        number(zip, large_end - directory, 8);
        number(zip, directory, 8);
        number(zip, 0x07064b50, 4);
        fill(zip, 0, 4);
        number(zip, large_end, 8);
        fill(zip, 0, 4);
    }
    number(zip, 0x06054b50, 4);
    fill(zip, 0, 8);
    number(zip, large_end - directory, 4);
    number(zip, large ? UINT32_MAX : directory, 4);
    number(zip, 0, 2);
}

/* Is member `index`, said to be `name` with `length` bytes, found? And does it hold `byte`? */
static bool found(const struct form *form, uint64_t index, const char *name, int64_t length, char byte)
{
    static struct text zip;
    struct scratch s;
    const struct form plain = {.large = form->large, .comment = form->comment};
    int64_t offset = AS_IT_IS;
    zip.n = 0;
    (void)add_data(&zip, "first.npy", 0x04034b50, 'a');
    const size_t second = zip.n;
    (void)add_data(&zip, "b.npy", form->header_mark ? form->header_mark : 0x04034b50, 'b');
    const size_t directory = zip.n;
    add_entry(&zip, &plain, "first.npy", 0);
    add_entry(&zip, form, form->name ? form->name : "b.npy", second);
    add_end(&zip, form->large, directory);
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.npz"), zip.at, zip.n));
    const int file = open(scratch_path(&s, "a.npz"), O_RDONLY);
    const bool good = npz_place(file, (int64_t)zip.n, index, name, length, &offset);
    for (int i = 0; good && i < DATA; i++)
        CU_ASSERT_EQUAL(zip.at[offset + i], byte);
    (void)close(file);
    scratch_remove(&s);
    return good;
}

static void members_are_found(void)
{
    static const struct form forms[] = {{.large = false},
                                        {.large = true},
                                        {.comment = 5},
                                        {.other = 9},
                                        {.large = true, .comment = 7, .other = 30}};
    for (size_t i = 0; i < CHECK_COUNT(forms); i++) {
        CU_ASSERT_TRUE(found(&forms[i], 0, "first.npy", DATA, 'a'));
        CU_ASSERT_TRUE(found(&forms[i], 1, "b.npy", DATA, 'b'));
        CU_ASSERT_FALSE(found(&forms[i], 2, "b.npy", DATA, 'b'));
    }
}

static void unusual_members_are_not_found(void)
{
    static const struct form plain = {.large = false};
    CU_ASSERT_FALSE(found(&plain, 1, "c.npy", DATA, 'b'));
    CU_ASSERT_FALSE(found(&plain, 1, "b.np", DATA, 'b'));
    CU_ASSERT_FALSE(found(&plain, 1, "b.npy", DATA - 1, 'b'));
    CU_ASSERT_FALSE(found(&plain, 0, "b.npy", DATA, 'b'));
}

static void members_at_wrong_offsets_are_not_found(void)
{
    static const struct form forms[] = {
        {.method = 8},
        {.packed = -1},
        {.size = 1},
        {.header_mark = 0x08074b50},
        {.name = "a.npy"},
        {.large = true, .large_bytes = -8}, /* fewer numbers than there should be */
        {.large = true, .large_bytes = 1},  /* a field longer than all fields */
        {.other = 6, .other_bytes = 100},
        {.other = 3000}, /* more than there is room for */
    };
    for (size_t i = 0; i < CHECK_COUNT(forms); i++)
        CU_ASSERT_FALSE(found(&forms[i], 1, "b.npy", DATA, 'b'));
}

static void a_member_lies_inside_the_file(void)
{
    static const struct form forms[] = {{.packed = MOST_BYTES, .size = MOST_BYTES},
                                        {.large = true, .packed = MOST_BYTES, .size = MOST_BYTES}};
    for (size_t i = 0; i < CHECK_COUNT(forms); i++)
        CU_ASSERT_FALSE(found(&forms[i], 1, "b.npy", DATA + MOST_BYTES, 'b'));
}

int main(void)
{
    static const struct check_case cases[] = {
        {"members are found", members_are_found},
        {"unusual members are not found", unusual_members_are_not_found},
        {"members at wrong offsets are not found", members_at_wrong_offsets_are_not_found},
        {"a member lies inside the file", a_member_lies_inside_the_file},
    };
    return check_main("npz_place", cases, CHECK_COUNT(cases));
}
