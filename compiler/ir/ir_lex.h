/* SPDX-License-Identifier: MIT
 *
 * The words of the text form of the IR: names, numbers, strings, %numbers and signs, each with its place.
 * Comments go from
 * '#' to the end of the line. Knows no operations. */
#ifndef GPFC_IR_LEX_H
#define GPFC_IR_LEX_H

#include "base/base.h"

enum ir_token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* letters, digits, '_' and '.', not beginning with a digit: text            */
    TOKEN_NUMBER, /* number                                                                    */
    TOKEN_STRING, /* text, without quotes and escapes; holds no NUL                            */
    TOKEN_VALUE,  /* %12: number                                                               */
    TOKEN_SIGN,   /* one of = : { } [ ] ,  in `sign`                                           */
    TOKEN_WRONG,  /* text says what is wrong                                                   */
};

struct ir_token {
    enum ir_token_kind kind;
    struct place at;
    bool first; /* of its line */
    const char *text;
    double number;
    char sign;
};

struct ir_lexer {
    struct arena *arena;
    const struct source *source;
    size_t at;
    int line, column;
    struct ir_token token; /* the one to look at */
};

void ir_lex_start(struct ir_lexer *lexer, struct arena *arena, const struct source *source);
void ir_lex_next(struct ir_lexer *lexer);

#endif
