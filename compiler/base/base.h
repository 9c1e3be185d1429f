/* SPDX-License-Identifier: MIT
 *
 * What every stage of the compiler is built on: memory, growing text, source texts with positions,
 * diagnostics, hashes. Knows nothing of flows or programs. */
#ifndef GPFC_BASE_H
#define GPFC_BASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#ifndef PRINTF_LIKE
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#endif

/* The numbers that a kernel computes with: single or double precision. Their values are their bytes. */
enum real { REAL_4 = 4, REAL_8 = 8 };

/* ---- arena: one per compile, freed as a whole; nothing in it is freed separately ----------------------- */

struct arena;

struct arena *arena_new(void) MUST_CHECK; /* NULL: out of memory */
void arena_free(struct arena *arena);     /* NULL is allowed */

/* Where an allocation that fails jumps to (longjmp with value 1); returns where it jumped before, NULL for
 * nowhere. The owner of the arena sets it once, right after arena_new, and frees the arena there; so no stage
 * below has to look for NULL. A function that catches failures of an arena that outlives it puts the former
 * target back. Without a target a failure aborts. */
jmp_buf *arena_on_failure(struct arena *arena, jmp_buf *target);

/* Zeroed memory, aligned for any type; never NULL (see arena_on_failure). */
void *arena_alloc(struct arena *arena, size_t bytes);
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))
void *arena_array(struct arena *arena, size_t count, size_t bytes_each); /* an overflow is a failure */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Does what an allocation that fails does: for memory that ended elsewhere, in another library. */
_Noreturn void arena_fail(const struct arena *arena);

/* For tests: the next n allocations succeed, the one after them and all later ones fail; n < 0: none
 * fails. */
void arena_fail_after(struct arena *arena, long n);

/* What ends with the arena and is not of its memory: an object of another library, a folder, another arena.
 * Making its place may jump away, so that comes first, and nothing can fail between the object and its place:
 *
 *     struct owned *place = arena_own(arena, free_builder);
 *     place->object = LLVMCreateBuilder();
 *
 * arena_free, where a failure leads to as well, calls release(object) for each that is not NULL, the youngest
 * first, and frees its own memory after that. release must not allocate from the arena. */
struct owned {
    void *object; /* NULL: none yet, or none any more */
    void (*release)(void *object);
    struct owned *older;
};

struct owned *arena_own(struct arena *arena, void (*release)(void *object)) MUST_CHECK;
void arena_release(struct owned *owned); /* now, not at the end */

/* An arena that ends with its owner's, or when its place is released. Its own failures go where the owner's
 * do, until arena_on_failure says otherwise. */
struct arena *arena_within(struct arena *owner, struct owned **place);

/* ---- strbuf: a text that grows, in an arena ------------------------------------------------------------ */

struct strbuf {
    struct arena *arena;
    char *text; /* NUL-terminated once something was added; NULL before: read it through strbuf_text */
    size_t length;
    size_t room;
};

void strbuf_init(struct strbuf *buf, struct arena *arena);
void strbuf_add(struct strbuf *buf, const char *text);
void strbuf_addn(struct strbuf *buf, const char *text, size_t length);
void strbuf_addf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);
const char *strbuf_text(const struct strbuf *buf); /* "" while empty */

struct template_word {
    const char *key, *text;
};

/* Adds the template with each @KEY@ replaced; a @ that begins none of the keys stays. */
void template_fill(struct strbuf *buf, const char *template, size_t n, const struct template_word *words);

/* ---- source: a text with a name, and places in it ------------------------------------------------------ */

struct source {
    const char *name; /* as the user wrote it: "specs/moons.yaml" */
    const char *text; /* length bytes, then a NUL; may hold NULs of its own */
    size_t length;
};

struct place { /* line 0: no place */
    const struct source *source;
    int line;   /* from 1 */
    int column; /* from 1, in characters (UTF-8) */
};

enum source_status { SOURCE_OK, SOURCE_UNREADABLE, SOURCE_TOO_LARGE, SOURCE_FAILED /* the system did */ };

/* Reads a whole file of at most `limit` bytes into the arena, or standard input where path is "-", which is
 * then named "<stdin>". On failure *why says what went wrong (arena text). */
enum source_status source_read(struct arena *arena, const char *path, size_t limit, struct source *out,
                               const char **why) MUST_CHECK;

/* The place of the byte at `offset`, counted from the start of the text; past the end: the end. */
struct place source_place(const struct source *source, size_t offset);

/* ---- utf-8 --------------------------------------------------------------------------------------------- */

enum { UTF8_INVALID = 0xFFFD };

/* The character at text[0], of the `left` > 0 bytes that remain; *bytes: how many it takes. Malformed,
 * overlong and surrogate sequences give UTF8_INVALID and one byte. */
uint32_t utf8_decode(const char *text, size_t left, int *bytes);

/* False for control characters, marks that turn the direction of writing, and UTF8_INVALID. */
bool text_showable(uint32_t character);

/* A quotable copy: at most `limit` characters, then "...", what is not showable as '?'. */
const char *text_quotable(struct arena *arena, const char *text, size_t length, int limit);

bool text_starts_with(const char *text, const char *start);

/* ---- diag: faults of the user, all of them, with place, line and caret --------------------------------- */

struct diag {
    struct arena *arena;
    struct strbuf text; /* everything reported so far, ready to print */
    int errors;
    int warnings;
    int limit;  /* after so many errors the rest is only counted; 0: 20 */
    bool muted; /* the last report was only counted, and so are its notes */
};

void diag_init(struct diag *diag, struct arena *arena);
void diag_error(struct diag *diag, struct place at, const char *format, ...) PRINTF_LIKE(3, 4);
void diag_warning(struct diag *diag, struct place at, const char *format, ...) PRINTF_LIKE(3, 4);
void diag_note(struct diag *diag, const char *format, ...)
    PRINTF_LIKE(2, 3); /* "  note: ..." under the last one */

/* Everything reported, ready to print, and how many errors there are beyond those shown. */
const char *diag_text(const struct diag *diag);

/* The candidate nearest to `word` in edit distance, if near enough to be meant; else NULL. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

/* ---- hash ---------------------------------------------------------------------------------------------- */

uint64_t hash_bytes(const void *data, size_t length, uint64_t seed); /* XXH3, 64 bit */

#endif
