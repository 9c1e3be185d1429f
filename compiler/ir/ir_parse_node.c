/* SPDX-License-Identifier: MIT
 *
 * The attributes of the operations, read from text. Whether what was read is legal is left to the rules of
 * ir_rules.c. */
#include "ir/ir_parse.h"

#include <string.h>

typedef bool reader(struct parser *p, struct statement *s);

/* ---- attributes before the operands -------------------------------------------------------------------- */

static bool read_role(struct parser *p, enum ir_role *role)
{
    for (int i = 0; i < IR_ROLE_COUNT; i++) {
        if (!parse_is_word(p, ir_role_name((enum ir_role)i)))
            continue;
        *role = (enum ir_role)i;
        ir_lex_next(&p->lexer);
        return true;
    }
    diag_error(p->diag, parse_here(p),
               "expected the role of the input: parameter, setting, sample, noise, carry, sequence or "
               "capture");
    return false;
}

static bool read_input(struct parser *p, struct statement *s)
{
    const struct place at = parse_here(p);
    if (!parse_string(p, &s->draft.input.name) || !read_role(p, &s->draft.input.role))
        return false;
    if (!ir_input_find(p->current->graph, s->draft.input.name))
        return true;
    diag_error(p->diag, at, "input \"%s\" already exists", s->draft.input.name);
    return false;
}

/* Numbers in braces; in groups of three for a select, commas between the groups. */
static bool read_values(struct parser *p, struct statement *s, int group)
{
    int room = 0;
    if (!parse_sign(p, '{'))
        return false;
    do {
        if (s->n_values > 0 && !parse_sign(p, ','))
            return false;
        if (s->n_values + group > TEXT_VALUES) {
            diag_error(p->diag, parse_here(p), "more than %d numbers", TEXT_VALUES);
            return false;
        }
        if (s->n_values + group > room) {
            double *larger = ARENA_ARRAY(p->arena, double, 2 * (size_t)room + 12);
            memcpy(larger, s->values ? s->values : larger, (size_t)s->n_values * sizeof *larger);
            room = 2 * room + 12;
            s->values = larger;
        }
        for (int i = 0; i < group; i++)
            if (!parse_number(p, &s->values[s->n_values++]))
                return false;
    } while (p->lexer.token.kind == TOKEN_SIGN && p->lexer.token.sign == ',');
    return parse_sign(p, '}');
}

static bool read_const(struct parser *p, struct statement *s)
{
    return read_values(p, s, 1);
}

static bool read_ein(struct parser *p, struct statement *s)
{
    return parse_number(p, &s->draft.ein.coefficient) && parse_string(p, &s->spec);
}

static bool read_select(struct parser *p, struct statement *s)
{
    struct ir_select *select = &s->draft.select;
    return parse_int(p, 0, IR_MAX_RANK - 1, "axis", &select->axis) &&
           parse_list(p, IR_MAX_RANK, 1, IR_MAX_SIZE, &select->n_lead, select->lead) && read_values(p, s, 3);
}

static bool read_result(struct parser *p, struct statement *s)
{
    return parse_int(p, 0, TEXT_PORTS, "number of the result", &s->draft.result);
}

static bool read_range(struct parser *p, struct statement *s)
{
    return parse_number(p, &s->draft.range[0]) && parse_number(p, &s->draft.range[1]);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

/* The latest graph of that name. */
static bool read_body(struct parser *p, struct statement *s)
{
    const struct place at = parse_here(p);
    const char *name;
    if (!parse_name(p, &name))
        return false;
    for (int i = p->n_graphs - 2; i >= 0; i--) { /* the last one is this */
        struct parsed *body = &p->graphs[i];
        if (strcmp(body->name, name) != 0)
            continue;
        body->is_body = true;
        s->steps.body = body->graph;
        s->faulty |= body->faulty;
        if (p->current->depth < body->depth + 1)
            p->current->depth = body->depth + 1;
        return true;
    }
    diag_error(p->diag, at, "no graph \"%s\" is defined before this one", name);
    return false;
}

static bool read_direction(struct parser *p, bool *backward)
{
    *backward = parse_is_word(p, "backward");
    return *backward ? parse_word(p, "backward") : parse_word(p, "forward");
}

static bool read_limited(struct parser *p, bool *limited)
{
    *limited = parse_is_word(p, "limited");
    return !*limited || parse_word(p, "limited");
}

static bool read_steps(struct parser *p, struct statement *s)
{
    struct ir_steps *steps = &s->steps;
    s->draft.steps = steps;
    /* clang-format off */
    return read_body(p, s) && parse_int(p, 1, IR_MAX_SIZE, "number of iterations", &steps->count) &&
           read_direction(p, &steps->backward) && read_limited(p, &steps->limited) &&
           parse_word(p, "carry") && parse_operands(p, s, &steps->n_carry) &&
           parse_word(p, "sequence") && parse_operands(p, s, &steps->n_sequence) &&
           parse_word(p, "capture") && parse_operands(p, s, &steps->n_capture) &&
           parse_word(p, "stack") && parse_int(p, 0, TEXT_PORTS, "stacks", &steps->n_stack) &&
           parse_word(p, "sum") && parse_int(p, 0, TEXT_PORTS, "sums", &steps->n_sum);
    /* clang-format on */
}

bool parse_attributes(struct parser *p, struct statement *s)
{
    static reader *const reader_of[IR_OP_COUNT] = {
        [IR_INPUT] = read_input,   [IR_CONST] = read_const,  [IR_EIN] = read_ein,
        [IR_SELECT] = read_select, [IR_STEPS] = read_steps,  [IR_RESULT] = read_result,
        [IR_CLAMP] = read_range,   [IR_INSIDE] = read_range,
    };
    reader *read = reader_of[s->draft.op];
    return !read || read(p, s);
}

/* ---- what follows from operands and shape -------------------------------------------------------------- */

struct letters {
    char letter[IR_MAX_LABELS];
    int count;
};

/* The number of a letter; -1: too many different ones. */
static int label_of(struct letters *letters, char letter)
{
    for (int i = 0; i < letters->count; i++)
        if (letters->letter[i] == letter)
            return i;
    if (letters->count == IR_MAX_LABELS)
        return -1;
    letters->letter[letters->count] = letter;
    return letters->count++;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *finish_result_labels(struct statement *s, struct letters *letters, const char *text)
{
    int rank = 0;
    for (; *text; text++, rank++) {
        if (!is_letter(*text))
            return "labels are letters";
        if (label_of(letters, *text) != rank)
            return "a label twice in the result, or too many";
    }
    if (rank != s->draft.shape.rank)
        return "the result has more or fewer labels than its shape has axes";
    for (int i = 0; i < rank; i++)
        s->draft.ein.size[i] = s->draft.shape.size[i];
    return NULL;
}

static const char *finish_operand_labels(struct statement *s, struct letters *letters, int k,
                                         const char **text)
{
    const struct ir_shape shape = s->args[k]->shape;
    for (int axis = 0; axis < shape.rank; axis++, ++*text) {
        if (!is_letter(**text))
            return "an operand has more axes than labels";
        const int label = label_of(letters, **text);
        if (label < 0)
            return "too many different labels";
        s->draft.ein.labels[k][axis] = (unsigned char)label;
        if (s->draft.ein.size[label] == 0)
            s->draft.ein.size[label] = shape.size[axis];
    }
    const bool last = k + 1 == s->draft.n_args;
    if (**text != (last ? '-' : ','))
        return is_letter(**text) ? "an operand has fewer axes than labels"
                                 : "there are labels for more or fewer operands than there are";
    *text += !last;
    return NULL;
}

static const char *finish_ein(struct parser *p, struct statement *s)
{
    const char *arrow = strstr(s->spec, "->"), *text = s->spec;
    struct letters letters = {.count = 0};
    if (!arrow)
        return "labels look like \"ab,b->a\"";
    if (s->draft.n_args > IR_MAX_OPERANDS)
        return "too many operands";
    s->draft.ein.labels = arena_array(p->arena, (size_t)s->draft.n_args, sizeof *s->draft.ein.labels);
    const char *fault = finish_result_labels(s, &letters, arrow + 2);
    for (int k = 0; k < s->draft.n_args && !fault; k++)
        fault = finish_operand_labels(s, &letters, k, &text);
    if (!fault && text != arrow)
        fault = "there are labels for more operands than there are";
    s->draft.ein.n_labels = letters.count;
    return fault;
}

static const char *finish_const(struct statement *s)
{
    s->draft.values = s->values;
    return s->n_values == ir_elements(s->draft.shape) ? NULL
                                                      : "more or fewer numbers than the shape has elements";
}

/* Rows and columns were read as any other number. */
static bool is_index(double number)
{
    return number >= 0 && number < TEXT_ELEMENTS && number == (int)number;
}

static const char *finish_select(struct parser *p, struct statement *s)
{
    const int n = s->n_values / 3;
    struct ir_entry *entries = ARENA_ARRAY(p->arena, struct ir_entry, (size_t)n);
    for (int i = 0; i < n; i++) {
        const double *v = &s->values[3 * (size_t)i];
        if (!is_index(v[0]) || !is_index(v[1]))
            return "a row or a column that is not an index";
        entries[i] = (struct ir_entry){(int)v[0], (int)v[1], v[2]};
    }
    s->draft.select.entries = entries;
    s->draft.select.n_entries = n;
    return NULL;
}

bool parse_finish_draft(struct parser *p, struct statement *s)
{
    const char *fault = NULL;
    if (s->draft.op == IR_EIN)
        fault = finish_ein(p, s);
    else if (s->draft.op == IR_CONST)
        fault = finish_const(s);
    else if (s->draft.op == IR_SELECT)
        fault = finish_select(p, s);
    if (!fault)
        fault = ir_form_fault(&s->draft);
    if (fault)
        diag_error(p->diag, s->at, "%s: %s", ir_op_name(s->draft.op), fault);
    return !fault;
}
