/* SPDX-License-Identifier: MIT */
#include "model/column_choice.h"

#include "kernels/settings.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct data_options data_options_resolved(const struct gpfc_bundle *bundle, const struct data_options *given)
{
    struct data_options out = *given;
    if (!out.columns)
        out.columns = setting_text(bundle, SETTING_data_columns);
    if (!out.label)
        out.label = setting_text(bundle, SETTING_data_label);
    if (!out.missing)
        out.missing = setting_text(bundle, SETTING_data_missing);
    if (!out.weights)
        out.weights = setting_text(bundle, SETTING_data_weights);
    return out;
}

/* ---- names --------------------------------------------------------------------------------------------- */

static bool make_room(struct column_choice *out, size_t n, struct fault *fault)
{
    return fault_calloc(fault, (void **)&out->names, n, sizeof *out->names, "columns");
}

static bool add_name(struct column_choice *out, const char *text, size_t length, struct fault *fault)
{
    char *const name = strndup(text, length);
    if (!name)
        return fault_memory(fault, length, "columns");
    out->names[out->columns.n++] = name;
    return true;
}

static bool take_list(struct column_choice *out, const char *text, struct fault *fault)
{
    json_t *const list = json_loads(text, 0, NULL);
    bool good = json_is_array(list) || fault_set(fault, FAULT_INPUT, "columns: %s is no list", text);
    good = good && make_room(out, json_array_size(list), fault);
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        const char *const name = json_string_value(json_array_get(list, i));
        good = name ? add_name(out, name, strlen(name), fault)
                    : fault_set(fault, FAULT_INPUT, "columns: %s is no list of names", text);
    }
    json_decref(list);
    return good;
}

static size_t count_commas(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

static bool take_words(struct column_choice *out, const char *text, struct fault *fault)
{
    if (!make_room(out, count_commas(text) + 1, fault))
        return false;
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ",");
        if (length == 0)
            return fault_set(fault, FAULT_INPUT, "columns: a name is missing in '%s'", text);
        if (!add_name(out, at, length, fault))
            return false;
        at += length;
        if (!*at)
            return true;
    }
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static bool take_missing(struct column_choice *out, const char *word, struct fault *fault)
{
    const char *const drop = setting_word_text(WORD_missing_drop);
    const char *const refuse = setting_word_text(WORD_missing_refuse);
    out->columns.missing = strcmp(word, drop) == 0 ? TABLE_DROP : TABLE_REFUSE;
    return out->columns.missing == TABLE_DROP || strcmp(word, refuse) == 0 ||
           fault_set(fault, FAULT_INPUT, "missing: expected '%s' or '%s', found '%s'", refuse, drop, word);
}

bool column_choice_is_file(const char *weights)
{
    return table_has_suffix(weights, strlen(weights));
}

static void take_weights(struct column_choice *out, const char *weights)
{
    if (column_choice_is_file(weights))
        out->weights_file = weights;
    else if (weights[0])
        out->columns.weights = weights;
}

bool column_choice_make(struct column_choice *out, const struct gpfc_bundle *bundle,
                        const struct data_options *given, bool loose, struct fault *fault)
{
    const struct data_options wanted = data_options_resolved(bundle, given);
    *out = (struct column_choice){.columns = {.loose_columns = loose && !given->columns,
                                              .loose_label = loose && !given->label,
                                              .loose_weights = loose && !given->weights}};
    const bool is_list = wanted.columns[0] == '[';
    if (!take_missing(out, wanted.missing, fault) ||
        !(is_list ? take_list(out, wanted.columns, fault) : take_words(out, wanted.columns, fault))) {
        column_choice_free(out);
        return false;
    }
    out->columns.names = (const char *const *)out->names;
    out->columns.label = wanted.label[0] ? wanted.label : NULL;
    take_weights(out, wanted.weights);
    return true;
}

void column_choice_free(struct column_choice *choice)
{
    for (int64_t i = 0; i < choice->columns.n; i++)
        free(choice->names[i]);
    free(choice->names);
    *choice = (struct column_choice){.names = NULL};
}
