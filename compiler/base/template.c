/* SPDX-License-Identifier: MIT
 *
 * Texts with placeholders: takes a template and words, gives the text with the words filled in. */
#include "base/base.h"

#include <string.h>

/* The word whose key stands between the @ at `at` and the next one; NULL: none. */
static const struct template_word *word_at(const char *at, size_t n, const struct template_word *words)
{
    const size_t length = strcspn(at + 1, "@");
    for (size_t i = 0; i < n && at[1 + length]; i++)
        if (strlen(words[i].key) == length && memcmp(words[i].key, at + 1, length) == 0)
            return &words[i];
    return NULL;
}

void template_fill(struct strbuf *buf, const char *template, size_t n, const struct template_word *words)
{
    for (const char *at = template; *at;) {
        const size_t plain = strcspn(at, "@");
        strbuf_addn(buf, at, plain);
        at += plain;
        if (!*at)
            break;
        const struct template_word *word = word_at(at, n, words);
        if (word)
            strbuf_add(buf, word->text);
        else
            strbuf_add(buf, "@");
        at += word ? strlen(word->key) + 2 : 1;
    }
}
