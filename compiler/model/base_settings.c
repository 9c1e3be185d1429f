/* SPDX-License-Identifier: MIT
 *
 * The settings of a base flow's bundle. It is trained like the flow, so the spec's base.rate becomes its
 * train.rate, and so on; what was left open has been chosen. */
#include "model/base_model.h"

#include "spec/spec.h"

#include <string.h>

static struct spec_value *find(struct spec_value *values, int n, const char *key)
{
    for (int i = 0; i < n; i++)
        if (strcmp(values[i].key, key) == 0)
            return &values[i];
    return NULL;
}

/* Nothing where the list, as that of a hash, lacks the key. */
static void set_text(struct spec_value *values, int n, enum spec_key key, const char *text)
{
    struct spec_value *value = find(values, n, spec_path(key));
    if (!value)
        return;
    value->text = text;
    value->number = 0;
}

static void set_number(struct arena *arena, struct spec_value *values, int n, enum spec_key key, int number)
{
    struct spec_value *value = find(values, n, spec_path(key));
    if (!value)
        return;
    value->text = arena_printf(arena, "%d", number);
    value->number = number;
}

/* train.X becomes base.X where there is one. */
static void take_training(struct arena *arena, struct spec_value *values, int n)
{
    static const char section[] = "train.";
    for (int i = 0; i < n; i++) {
        if (strncmp(values[i].key, section, strlen(section)) != 0)
            continue;
        const struct spec_value *own =
            find(values, n, arena_printf(arena, "base.%s", values[i].key + strlen(section)));
        if (!own)
            continue;
        values[i].text = own->text;
        values[i].number = own->number;
    }
}

/* The penalties of RNODE come with weights of their own: lambda is 1 throughout. */
static void take_penalty(struct arena *arena, const struct base_model *base, struct spec_value *values, int n)
{
    const bool penalised = base->kinetic > 0 || base->jacobian > 0;
    set_text(values, n, SPEC_KEY_penalty_kind,
             penalised ? "rnode" : spec_word(SPEC_KEY_penalty_kind, SPEC_penalty_none));
    set_number(arena, values, n, SPEC_KEY_penalty_weight, 1);
    set_number(arena, values, n, SPEC_KEY_penalty_decay, 1);
    set_number(arena, values, n, SPEC_KEY_penalty_decays, 0);
}

static const char *hidden_text(struct arena *arena, const struct base_model *base)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int k = 0; k < base->n_hidden; k++)
        strbuf_addf(&text, "%s%d", k ? ", " : "[", base->hidden[k]);
    strbuf_add(&text, "]");
    return strbuf_text(&text);
}

const char *base_logdet_word(const struct base_model *base)
{
    const bool exact = base->logdet == BASE_LOGDET_EXACT;
    return spec_word(SPEC_KEY_base_logdet, exact ? SPEC_logdet_exact : SPEC_logdet_estimate);
}

int base_model_settings(struct arena *arena, const struct spec *spec, const struct base_model *base,
                        bool model_only, struct spec_value **out)
{
    const int n = spec_values(arena, spec, model_only ? SPEC_OF_BASE : SPEC_ALL, out);
    if (!base_is_compiled(base))
        return n;
    set_text(*out, n, SPEC_KEY_base_hidden, hidden_text(arena, base));
    set_number(arena, *out, n, SPEC_KEY_base_blocks, base->blocks);
    set_text(*out, n, SPEC_KEY_base_logdet, base_logdet_word(base));
    set_number(arena, *out, n, SPEC_KEY_base_cg_steps, base->cg_steps);
    take_training(arena, *out, n);
    take_penalty(arena, base, *out, n);
    return n;
}
