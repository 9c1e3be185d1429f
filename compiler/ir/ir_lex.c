/* SPDX-License-Identifier: MIT
 *
 * Text to tokens. Any bytes whatever give tokens, the last of them TOKEN_END; a word that cannot be read is a
 * TOKEN_WRONG that says why. */
#include "ir/ir_lex.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_LENGTH = 63 };

static int peek(const struct ir_lexer *lexer)
{
    return lexer->at < lexer->source->length ? (unsigned char)lexer->source->text[lexer->at] : -1;
}

/* Columns count characters: the later bytes of one in UTF-8 do not count. */
static void skip(struct ir_lexer *lexer)
{
    const int c = peek(lexer);
    lexer->at++;
    if (c == '\n') {
        lexer->line++;
        lexer->column = 1;
    } else if ((c & 0xc0) != 0x80) {
        lexer->column++;
    }
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct ir_lexer *lexer)
{
    for (int c = peek(lexer); is_blank(c) || c == '#'; c = peek(lexer)) {
        if (c == '#')
            while (peek(lexer) >= 0 && peek(lexer) != '\n')
                skip(lexer);
        else
            skip(lexer);
    }
}

static void wrong(struct ir_lexer *lexer, const char *text)
{
    lexer->token.kind = TOKEN_WRONG;
    lexer->token.text = text;
}

static bool is_word_part(int c)
{
    return c >= 0 && (isalnum(c) || c == '_' || c == '.');
}

static void lex_word(struct ir_lexer *lexer)
{
    const size_t start = lexer->at;
    while (is_word_part(peek(lexer)))
        skip(lexer);
    lexer->token.kind = TOKEN_WORD;
    lexer->token.text = arena_strndup(lexer->arena, lexer->source->text + start, lexer->at - start);
}

/* Digits, point, exponent, signs; inf and nan. What strtod does not take whole is wrong. */
static void lex_number(struct ir_lexer *lexer)
{
    char text[NUMBER_LENGTH + 1];
    size_t n = 0;
    for (int c = peek(lexer); is_word_part(c) || c == '-' || c == '+'; c = peek(lexer)) {
        if (n < NUMBER_LENGTH)
            text[n] = (char)c;
        n++;
        skip(lexer);
    }
    if (n > NUMBER_LENGTH) {
        wrong(lexer, "this number is too long");
        return;
    }
    text[n] = '\0';
    char *end = text;
    lexer->token.kind = TOKEN_NUMBER;
    lexer->token.number = strtod(text, &end);
    if (end != text + n || n == 0)
        wrong(lexer, "this is not a number");
}

static void lex_value(struct ir_lexer *lexer)
{
    skip(lexer); /* % */
    if (!isdigit(peek(lexer))) {
        wrong(lexer, "expected a number after '%'");
        return;
    }
    double number = 0;
    while (peek(lexer) >= 0 && isdigit(peek(lexer))) {
        number = number * 10 + (peek(lexer) - '0');
        skip(lexer);
    }
    lexer->token.kind = TOKEN_VALUE;
    lexer->token.number = number;
}

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character that an escape stands for; -1: none. */
static int lex_escape(struct ir_lexer *lexer)
{
    const int c = peek(lexer);
    skip(lexer);
    if (c == '"' || c == '\\')
        return c;
    if (c != 'x')
        return -1;
    const int high = hex_digit(peek(lexer));
    if (high < 0)
        return -1;
    skip(lexer);
    const int low = hex_digit(peek(lexer));
    if (low < 0)
        return -1;
    skip(lexer);
    return high * 16 + low > 0 ? high * 16 + low : -1;
}

static void lex_string(struct ir_lexer *lexer)
{
    struct strbuf text;
    strbuf_init(&text, lexer->arena);
    skip(lexer); /* the quote */
    const char *fault = NULL;
    for (int c = peek(lexer); c != '"'; c = peek(lexer)) {
        if (c < 0 || c == '\n') {
            wrong(lexer, "the string does not end on its line");
            return;
        }
        skip(lexer);
        if (c == '\\')
            c = lex_escape(lexer);
        if (c <= 0)
            fault = "the string contains an escape other than \\\", \\\\ or \\xHH, or a NUL";
        const char byte = (char)c;
        strbuf_addn(&text, &byte, 1);
    }
    skip(lexer);
    lexer->token.kind = TOKEN_STRING;
    lexer->token.text = strbuf_text(&text);
    if (fault)
        wrong(lexer, fault);
}

static bool is_number_word(const char *text)
{
    return strcmp(text, "inf") == 0 || strcmp(text, "nan") == 0;
}

static void lex_token(struct ir_lexer *lexer)
{
    const int c = peek(lexer);
    if (c < 0) {
        lexer->token.kind = TOKEN_END;
    } else if (isalpha(c) || c == '_') {
        lex_word(lexer);
        if (is_number_word(lexer->token.text)) {
            lexer->token.kind = TOKEN_NUMBER;
            lexer->token.number = strcmp(lexer->token.text, "inf") == 0 ? INFINITY : NAN;
        }
    } else if (isdigit(c) || c == '-' || c == '+' || c == '.') {
        lex_number(lexer);
    } else if (c == '%') {
        lex_value(lexer);
    } else if (c == '"') {
        lex_string(lexer);
    } else if (c != 0 && strchr("=:{}[],", c)) {
        lexer->token.kind = TOKEN_SIGN;
        lexer->token.sign = (char)c;
        skip(lexer);
    } else {
        skip(lexer);
        wrong(lexer, "unexpected character");
    }
}

void ir_lex_next(struct ir_lexer *lexer)
{
    const int line = lexer->token.at.line;
    skip_blanks(lexer);
    lexer->token = (struct ir_token){.at = {lexer->source, lexer->line, lexer->column}};
    lexer->token.first = lexer->line != line;
    lex_token(lexer);
}

void ir_lex_start(struct ir_lexer *lexer, struct arena *arena, const struct source *source)
{
    *lexer = (struct ir_lexer){.arena = arena, .source = source, .line = 1, .column = 1};
    ir_lex_next(lexer);
}
