/* SPDX-License-Identifier: MIT
 *
 * Texts: growing ones, sources and places in them, messages with line and caret, the word that was meant,
 * hashes. */
#include "base/base.h"
#include "check_arena.h"

#include <unistd.h>

static struct source source_of(const char *text)
{
    return (struct source){.name = "t.yaml", .text = text, .length = strlen(text)};
}

/* ---- strbuf -------------------------------------------------------------------------------------------- */

static void text_grows(void)
{
    struct strbuf buf;
    strbuf_init(&buf, arena);
    CU_ASSERT_STRING_EQUAL(strbuf_text(&buf), "");
    for (int i = 0; i < 1000; i++) {
        strbuf_addf(&buf, "%03d", i);
        strbuf_add(&buf, ",");
        strbuf_addn(&buf, "xyz", 1);
    }
    CU_ASSERT_EQUAL(buf.length, 5000);
    CU_ASSERT_EQUAL(strlen(strbuf_text(&buf)), 5000);
    CU_ASSERT_STRING_EQUAL(strbuf_text(&buf) + 4990, "998,x999,x");
}

/* Formats whose text ends just before, at and just after the end of the room. */
static void format_at_the_edge_of_the_room(void)
{
    for (int first = 0; first < 140; first++) {
        struct strbuf buf;
        strbuf_init(&buf, arena);
        for (int i = 0; i < first; i++)
            strbuf_add(&buf, "a");
        strbuf_addf(&buf, "%s", "0123456789");
        CU_ASSERT_EQUAL(buf.length, (size_t)first + 10);
        CU_ASSERT_STRING_EQUAL(strbuf_text(&buf) + first, "0123456789");
    }
}

/* ---- utf-8 --------------------------------------------------------------------------------------------- */

static void characters_are_decoded(void)
{
    static const struct {
        const char *text;
        uint32_t character;
        int bytes;
    } rows[] = {
        {"a", 'a', 1},
        {"\xC3\xA9", 0xE9, 2},
        {"\xE6\x97\xA5", 0x65E5, 3},
        {"\xF0\x9F\x98\x80", 0x1F600, 4},
        {"\xC0\x80", UTF8_INVALID, 1},         /* overlong */
        {"\xE0\x80\x80", UTF8_INVALID, 1},     /* overlong */
        {"\xED\xA0\x80", UTF8_INVALID, 1},     /* surrogate */
        {"\xF4\x90\x80\x80", UTF8_INVALID, 1}, /* past the last character */
        {"\x80", UTF8_INVALID, 1},
        {"\xFF", UTF8_INVALID, 1},
        {"\xC3", UTF8_INVALID, 1}, /* cut short */
        {"\xC3(", UTF8_INVALID, 1},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        int bytes = 0;
        CU_ASSERT_EQUAL(utf8_decode(rows[i].text, strlen(rows[i].text), &bytes), rows[i].character);
        CU_ASSERT_EQUAL(bytes, rows[i].bytes);
    }
}

static void quotes_are_safe_to_print(void)
{
    CU_ASSERT_STRING_EQUAL(text_quotable(arena, "abcdef", 6, 6), "abcdef");
    CU_ASSERT_STRING_EQUAL(text_quotable(arena, "abcdefg", 7, 6), "abcdef...");
    CU_ASSERT_STRING_EQUAL(text_quotable(arena, "a\0b\x1b[2Jc\n", 9, 40), "a?b?[2Jc?");
    CU_ASSERT_STRING_EQUAL(text_quotable(arena, "\xC3\xA9\xFF\xE2\x80\xAE", 6, 40), "\xC3\xA9??");
    CU_ASSERT_STRING_EQUAL(text_quotable(arena, "", 0, 40), "");
}

/* ---- sources and places -------------------------------------------------------------------------------- */

static void positions_count_characters(void)
{
    const struct source source = source_of("ab\n\xC3\xA9\xE6\x97\xA5x\r\ny");
    static const struct {
        size_t offset;
        int line, column;
    } rows[] = {{0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {5, 2, 2}, {8, 2, 3}, {11, 3, 1}, {12, 3, 2}, {99, 3, 2}};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const struct place at = source_place(&source, rows[i].offset);
        CU_ASSERT_EQUAL(at.line, rows[i].line);
        CU_ASSERT_EQUAL(at.column, rows[i].column);
    }
}

static void files_are_read_whole_or_refused(void)
{
    char path[] = "/tmp/gpfc-text-XXXXXX";
    const int file = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(file >= 0);
    CU_ASSERT_EQUAL(write(file, "a\0b\n", 4), 4);
    (void)close(file);

    struct source source;
    const char *why = NULL;
    CU_ASSERT_EQUAL(source_read(arena, path, 4, &source, &why), SOURCE_OK);
    CU_ASSERT_EQUAL(source.length, 4);
    CU_ASSERT_EQUAL(memcmp(source.text, "a\0b\n", 5), 0);
    CU_ASSERT_STRING_EQUAL(source.name, path);
    CU_ASSERT_EQUAL(source_read(arena, path, 3, &source, &why), SOURCE_TOO_LARGE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(why);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "larger than the limit of 3 bytes"));
    (void)unlink(path);
    CU_ASSERT_EQUAL(source_read(arena, path, 3, &source, &why), SOURCE_UNREADABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "No such file"));
    CU_ASSERT_EQUAL(source_read(arena, "/", 3, &source, &why), SOURCE_UNREADABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "directory"));
    CU_ASSERT_EQUAL(source_read(arena, "/dev/zero", 1000, &source, &why), SOURCE_TOO_LARGE);
    CU_ASSERT_EQUAL(source_read(arena, "/proc/self/mem", 1000, &source, &why), SOURCE_FAILED);
    CU_ASSERT_STRING_EQUAL(why, "/proc/self/mem: cannot be read: Input/output error (read)");
}

/* ---- messages ------------------------------------------------------------------------------------------ */

static void error_shows_line_and_caret(void)
{
    const struct source source = source_of("a: 1\ndimension: 1\n");
    struct diag diag;
    diag_init(&diag, arena);
    CU_ASSERT_STRING_EQUAL(diag_text(&diag), "");
    diag_error(&diag, source_place(&source, 16), "dimension is %d", 1);
    diag_note(&diag, "at least %d", 2);
    CU_ASSERT_EQUAL(diag.errors, 1);
    CU_ASSERT_STRING_EQUAL(diag_text(&diag), "t.yaml:2:12: error: dimension is 1\n"
                                             "    2 | dimension: 1\n"
                                             "      |            ^\n"
                                             "  note: at least 2\n");
}

/* Wide characters take two columns of a terminal, combining marks none, a tab is shown as one space. */
static void the_caret_is_under_its_character(void)
{
    const char *text = "\xE6\x97\xA5\te\xCC\x81:x";
    const struct source source = source_of(text);
    struct diag diag;
    diag_init(&diag, arena);
    diag_warning(&diag, source_place(&source, strlen(text) - 1), "here");
    CU_ASSERT_EQUAL(diag.errors, 0);
    CU_ASSERT_EQUAL(diag.warnings, 1);
    CU_ASSERT_STRING_EQUAL(diag_text(&diag), "t.yaml:1:6: warning: here\n"
                                             "    1 | \xE6\x97\xA5 e\xCC\x81:x\n"
                                             "      |      ^\n");
}

static void long_lines_are_cut_about_the_caret(void)
{
    char *text = arena_alloc(arena, 3001);
    memset(text, 'a', 3000);
    text[1500] = 'X';
    const struct source source = source_of(text);
    struct diag diag;
    diag_init(&diag, arena);
    diag_error(&diag, source_place(&source, 1500), "here");
    const char *line = strchr(diag_text(&diag), '\n') + 1, *caret = strchr(line, '\n') + 1;
    CU_ASSERT_TRUE(caret - line < 120);
    CU_ASSERT_EQUAL(line[strcspn(caret, "^")], 'X');
    CU_ASSERT_EQUAL(strncmp(line, "    1 | ...aaa", 14), 0);
    CU_ASSERT_EQUAL(strncmp(caret - 7, "aaa...\n", 7), 0);
}

static void positions_may_be_missing(void)
{
    const struct source source = source_of("a");
    struct diag diag;
    diag_init(&diag, arena);
    diag_error(&diag, (struct place){.line = 0}, "no file");
    diag_error(&diag, (struct place){.source = &source}, "no line");
    diag_error(&diag, (struct place){&source, 9, 4}, "past the end");
    CU_ASSERT_STRING_EQUAL(diag_text(&diag), "error: no file\nt.yaml: error: no line\n"
                                             "t.yaml:9:4: error: past the end\n    9 |\n      | ^\n");
}

static void many_errors_are_counted(void)
{
    struct diag diag;
    diag_init(&diag, arena);
    diag.limit = 2;
    for (int i = 0; i < 5; i++) {
        diag_error(&diag, (struct place){.line = 0}, "%d", i);
        diag_note(&diag, "n%d", i);
    }
    CU_ASSERT_EQUAL(diag.errors, 5);
    CU_ASSERT_STRING_EQUAL(diag_text(&diag),
                           "error: 0\n  note: n0\nerror: 1\n  note: n1\n... and 3 more errors\n");
}

/* ---- words, hashes ------------------------------------------------------------------------------------- */

static void nearest_word_is_the_one_meant(void)
{
    static const char *const words[] = {"field", "potential", "hidden", "activation", "integrator", "steps"};
    static const struct {
        const char *word, *meant;
    } rows[] = {
        {"feild", "field"},
        {"fild", "field"},
        {"Field", "field"},
        {"HIDDEN", "hidden"},
        {"step", "steps"},
        {"activaton", "activation"},
        {"intergrator", "integrator"},
        {"potentials", "potential"},
        {"cost", NULL},
        {"x", NULL},
        {"", NULL},
        {"fieldfieldfield", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const char *meant = nearest_word(rows[i].word, words, CHECK_COUNT(words));
        CU_ASSERT_TRUE(meant == NULL ? rows[i].meant == NULL
                                     : rows[i].meant != NULL && strcmp(meant, rows[i].meant) == 0);
    }
    CU_ASSERT_PTR_NULL(nearest_word("field", NULL, 0));
}

static void hashes_distinguish_texts(void)
{
    CU_ASSERT_EQUAL(hash_bytes("gpfc", 4, 1), hash_bytes("gpfc", 4, 1));
    CU_ASSERT_NOT_EQUAL(hash_bytes("gpfc", 4, 1), hash_bytes("gpfc", 4, 2));
    CU_ASSERT_NOT_EQUAL(hash_bytes("gpfc", 4, 1), hash_bytes("gpfd", 4, 1));
    CU_ASSERT_EQUAL(hash_bytes("", 0, 0), 0x2D06800538D394C2u); /* XXH3's published value */
}

/* ---- the suite: every case has an arena of its own ----------------------------------------------------- */

CHECK_WITH_ARENA(text_grows)
CHECK_WITH_ARENA(format_at_the_edge_of_the_room)
CHECK_WITH_ARENA(quotes_are_safe_to_print)
CHECK_WITH_ARENA(files_are_read_whole_or_refused)
CHECK_WITH_ARENA(error_shows_line_and_caret)
CHECK_WITH_ARENA(the_caret_is_under_its_character)
CHECK_WITH_ARENA(long_lines_are_cut_about_the_caret)
CHECK_WITH_ARENA(positions_may_be_missing)
CHECK_WITH_ARENA(many_errors_are_counted)

static const struct check_case cases[] = {
    {"text grows", run_text_grows},
    {"format at the edge of the room", run_format_at_the_edge_of_the_room},
    {"characters are decoded", characters_are_decoded},
    {"quotes are safe to print", run_quotes_are_safe_to_print},
    {"positions count characters", positions_count_characters},
    {"files are read whole or refused", run_files_are_read_whole_or_refused},
    {"error shows line and caret", run_error_shows_line_and_caret},
    {"the caret is under its character", run_the_caret_is_under_its_character},
    {"long lines are cut about the caret", run_long_lines_are_cut_about_the_caret},
    {"positions may be missing", run_positions_may_be_missing},
    {"many errors are counted", run_many_errors_are_counted},
    {"nearest word is the one meant", nearest_word_is_the_one_meant},
    {"hashes distinguish texts", hashes_distinguish_texts},
};

int main(void)
{
    return check_main("text", cases, CHECK_COUNT(cases));
}
