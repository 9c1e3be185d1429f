/* SPDX-License-Identifier: MIT
 *
 * Specs: values and defaults, numbers read strictly, texts that are no spec, endless sizes, memory that runs
 * out. What the messages look like is fixed by tests/golden/spec. */
#include "check.h"
#include "comma_locale.h"
#include "spec/spec_tree.h"
#include "spec_fixture.h"

#include <math.h>

static struct reading *read_text(const char *text)
{
    struct reading *r = read_bytes("t.yaml", text, strlen(text));
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    return r;
}

/* ---- values -------------------------------------------------------------------------------------------- */

static void values_are_read(void)
{
    struct reading *r = read_text("name: moons-1\n"
                                  "dimension: 2\n"
                                  "precision: double\n"
                                  "data: {source: 2spirals, samples: 5000, test: .25}\n"
                                  "base: {kind: mixture}\n"
                                  "flow:\n"
                                  "  field: cube\n"
                                  "  hidden: [50, 40, 30]\n"
                                  "train:\n"
                                  "  rate: 5.0e-3\n"
                                  "  seed: 9007199254740991\n");
    CU_ASSERT_TRUE(r->spec_good);
    CU_ASSERT_STRING_EQUAL(diag_text(&r->diag), "");
    CU_ASSERT_STRING_EQUAL(r->spec.name.value, "moons-1");
    CU_ASSERT_EQUAL(r->spec.precision.value, SPEC_precision_double);
    CU_ASSERT_EQUAL(r->spec.data_source.value, SPEC_source__2spirals);
    CU_ASSERT_EQUAL(r->spec.data_samples.value, 5000);
    CU_ASSERT_EQUAL(r->spec.data_test.value, 0.25);
    CU_ASSERT_EQUAL(r->spec.flow_field.value, SPEC_field_cube);
    CU_ASSERT_EQUAL(r->spec.flow_hidden.count, 3);
    CU_ASSERT_EQUAL(r->spec.flow_hidden.value[2], 30);
    CU_ASSERT_EQUAL(r->spec.train_rate.value, 5e-3);
    CU_ASSERT_EQUAL(r->spec.train_seed.value, 9007199254740991);
    free_reading(r);
}

static void positions_match_the_values(void)
{
    struct reading *r = read_text("dimension: 2\nflow:\n  hidden: [5, 6]\ntrain: {rate: 1}\n");
    CU_ASSERT_TRUE(r->spec_good);
    CU_ASSERT_TRUE(r->spec.flow_hidden.given);
    CU_ASSERT_EQUAL(r->spec.flow_hidden.at.line, 3);
    CU_ASSERT_EQUAL(r->spec.flow_hidden.at.column, 11);
    CU_ASSERT_EQUAL(r->spec.flow_hidden.item_at[1].column, 15);
    CU_ASSERT_FALSE(r->spec.flow_steps.given);
    CU_ASSERT_EQUAL(r->spec.flow_steps.at.line, 3); /* of its section */
    CU_ASSERT_EQUAL(r->spec.train_rate.at.column, 15);
    CU_ASSERT_EQUAL(r->spec.penalty_kind.at.line, 1);
    free_reading(r);
}

static void omitted_keys_have_their_default(void)
{
    struct reading *r = read_text("dimension: 3\nflow:\n");
    CU_ASSERT_TRUE(r->spec_good);
    CU_ASSERT_EQUAL(r->spec.dimension.value, 3);
    CU_ASSERT_EQUAL(r->spec.flow_hidden.count, 2);
    CU_ASSERT_EQUAL(r->spec.flow_hidden.value[1], 15);
    CU_ASSERT_EQUAL(r->spec.flow_integrator.value, SPEC_integrator_rk4);
    CU_ASSERT_EQUAL(r->spec.train_beta2.value, 0.999);
    CU_ASSERT_EQUAL(r->spec.cost_smoothing.value, 1e-3);
    CU_ASSERT_STRING_EQUAL(r->spec.data_pairs.value, "");
    CU_ASSERT_STRING_EQUAL(r->spec.target_cpu.value, "native");
    free_reading(r);
}

static void all_line_endings_and_byte_order_marks(void)
{
    static const char *const texts[] = {
        "\xEF\xBB\xBF\x64imension: 2\nsteps: 3\n", /* \x64: 'd', which else would belong to \xBF */
        "dimension: 2\r\nsteps: 3\r\n",
        "dimension: 2\nsteps: 3",
        "# \xC3\xA9\xE6\x97\xA5\ndimension: 2\n\nsteps: 3\n",
        "---\ndimension: 2\nsteps: 3\n...\n",
        "%YAML 1.1\n---\ndimension: 2\nsteps: 3\n",
    };
    static const int lines[] = {2, 2, 2, 4, 3, 4};
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        struct reading *r = read_text(texts[i]);
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "t.yaml:%d:1: error: unknown key 'steps'\n", lines[i]);
        CU_ASSERT_EQUAL(r->diag.errors, 1);
        CU_ASSERT_EQUAL(strncmp(diag_text(&r->diag), wanted, strlen(wanted)), 0);
        free_reading(r);
    }
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

static void integers_are_read_strictly(void)
{
    static const struct {
        const char *text;
        enum spec_number number;
        int64_t value;
    } rows[] = {
        {"0", SPEC_NUMBER_GOOD, 0},
        {"1024", SPEC_NUMBER_GOOD, 1024},
        {"-7", SPEC_NUMBER_GOOD, -7},
        {"+7", SPEC_NUMBER_GOOD, 7},
        {"9223372036854775807", SPEC_NUMBER_GOOD, INT64_MAX},
        {"-9223372036854775808", SPEC_NUMBER_GOOD, INT64_MIN},
        {"9223372036854775808", SPEC_NUMBER_TOO_LARGE, 0},
        {"99999999999999999999999999", SPEC_NUMBER_TOO_LARGE, 0},
        {"1024.0", SPEC_NUMBER_FRACTION, 0},
        {"1e3", SPEC_NUMBER_FRACTION, 0},
        {"010", SPEC_NUMBER_ZEROS, 0},
        {"-00", SPEC_NUMBER_ZEROS, 0},
        {"0x10", SPEC_NUMBER_NOT, 0},
        {"0o17", SPEC_NUMBER_NOT, 0},
        {"1_000", SPEC_NUMBER_NOT, 0},
        {"15x", SPEC_NUMBER_NOT, 0},
        {"15 ", SPEC_NUMBER_NOT, 0},
        {" 15", SPEC_NUMBER_NOT, 0},
        {"", SPEC_NUMBER_NOT, 0},
        {"-", SPEC_NUMBER_NOT, 0},
        {"--1", SPEC_NUMBER_NOT, 0},
        {"1:30", SPEC_NUMBER_NOT, 0},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        int64_t value = 0;
        CU_ASSERT_EQUAL(spec_parse_int(rows[i].text, strlen(rows[i].text), &value), rows[i].number);
        if (rows[i].number == SPEC_NUMBER_GOOD)
            CU_ASSERT_EQUAL(value, rows[i].value);
    }
}

static void reals_are_read_strictly(void)
{
    static const struct {
        const char *text;
        enum spec_number number;
        double value;
    } rows[] = {
        {"5e-3", SPEC_NUMBER_GOOD, 5e-3}, {"5.0e-3", SPEC_NUMBER_GOOD, 5e-3},
        {"1024", SPEC_NUMBER_GOOD, 1024}, {".5", SPEC_NUMBER_GOOD, 0.5},
        {"5.", SPEC_NUMBER_GOOD, 5},      {"-0.25E+2", SPEC_NUMBER_GOOD, -25},
        {"1e-999", SPEC_NUMBER_GOOD, 0},  {"1e999", SPEC_NUMBER_TOO_LARGE, 0},
        {"00.5", SPEC_NUMBER_ZEROS, 0},   {"inf", SPEC_NUMBER_NOT, 0},
        {".inf", SPEC_NUMBER_NOT, 0},     {"nan", SPEC_NUMBER_NOT, 0},
        {".nan", SPEC_NUMBER_NOT, 0},     {"0x1p3", SPEC_NUMBER_NOT, 0},
        {"5e", SPEC_NUMBER_NOT, 0},       {"5e+", SPEC_NUMBER_NOT, 0},
        {".", SPEC_NUMBER_NOT, 0},        {"e5", SPEC_NUMBER_NOT, 0},
        {"1,5", SPEC_NUMBER_NOT, 0},      {"1.5f", SPEC_NUMBER_NOT, 0},
        {"1.2.3", SPEC_NUMBER_NOT, 0},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        double value = NAN;
        CU_ASSERT_EQUAL(spec_parse_real(rows[i].text, strlen(rows[i].text), &value), rows[i].number);
        if (rows[i].number == SPEC_NUMBER_GOOD)
            CU_ASSERT_EQUAL(value, rows[i].value);
    }
}

static void long_numbers_are_refused(void)
{
    enum { DIGITS = 200000 };
    char *digits = malloc(DIGITS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(digits);
    memset(digits, '7', DIGITS);
    int64_t integer;
    double real;
    CU_ASSERT_EQUAL(spec_parse_int(digits, DIGITS, &integer), SPEC_NUMBER_TOO_LARGE);
    CU_ASSERT_EQUAL(spec_parse_real(digits, DIGITS, &real), SPEC_NUMBER_TOO_LARGE);
    free(digits);
}

static void numbers_are_written_shortly(void)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0, "0"},
                {0.1, "0.1"},
                {5e-4, "0.0005"},
                {1e-6, "1e-6"},
                {1e30, "1e30"},
                {-2.5, "-2.5"},
                {0.30000000000000004, "0.30000000000000004"},
                {1e6, "1000000"},
                {1e-100, "1e-100"}};
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        CU_ASSERT_STRING_EQUAL(spec_real_text(arena, rows[i].value), rows[i].text);
    arena_free(arena);
}

/* Random doubles are read back bit by bit. */
static void numbers_survive_printing(void)
{
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    uint64_t state = 1;
    for (int i = 0; i < 2000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double value, back = NAN;
        memcpy(&value, &state, sizeof value);
        if (!isfinite(value))
            continue;
        const char *text = spec_real_text(arena, value);
        CU_ASSERT_EQUAL(spec_parse_real(text, strlen(text), &back), SPEC_NUMBER_GOOD);
        CU_ASSERT_EQUAL(back, value);
    }
    arena_free(arena);
}

/* One that writes 0,5. */
static void locale_does_not_matter(void)
{
    if (!comma_locale_enter())
        return;
    struct reading *r = read_text("dimension: 2\ntrain: {rate: 0.5}\n");
    CU_ASSERT_EQUAL(r->spec.train_rate.value, 0.5);
    CU_ASSERT_STRING_EQUAL(spec_real_text(r->arena, 0.25), "0.25");
    free_reading(r);
    comma_locale_leave();
}

/* ---- settings ------------------------------------------------------------------------------------------ */

static bool is_text(const char *key)
{
    for (int i = 0; i < SPEC_ROWS; i++)
        if (strcmp(spec_rows[i].path, key) == 0)
            return spec_rows[i].kind == SPEC_KIND_TEXT;
    return false;
}

/* Writes every value as YAML, reads it again, and finds the same values. */
static struct reading *read_again(struct arena *arena, const struct spec *spec)
{
    struct spec_value *values;
    const int n = spec_values(arena, spec, SPEC_ALL, &values);
    struct strbuf text;
    strbuf_init(&text, arena);
    const char *section = "";
    bool file = false;
    for (int i = n; i-- > 0;)
        file = file || (strcmp(values[i].key, "data.file") == 0 && values[i].text[0] != '\0');
    for (int i = 0; i < n; i++) {
        const bool is_file = strcmp(values[i].key, "data.file") == 0;
        if (is_file ? !file : file && strcmp(values[i].key, "data.samples") == 0)
            continue;
        const int length = spec_section_length(values[i].key);
        if (length && strncmp(section, values[i].key, (size_t)length) != 0)
            strbuf_addf(&text, "%.*s:\n", length - 1, values[i].key);
        const char *quote = is_file || is_text(values[i].key) ? "\"" : "";
        strbuf_addf(&text, "%s%s: %s%s%s\n", length ? "  " : "", is_file ? "samples" : values[i].key + length,
                    quote, values[i].text, quote);
        section = values[i].key;
    }
    return read_text(strbuf_text(&text));
}

static bool same_values(struct arena *arena, const struct spec *a, const struct spec *b, enum spec_part part)
{
    struct spec_value *values_a, *values_b;
    const int n = spec_values(arena, a, part, &values_a);
    if (spec_values(arena, b, part, &values_b) != n)
        return false;
    for (int i = 0; i < n; i++)
        if (strcmp(values_a[i].key, values_b[i].key) != 0 ||
            strcmp(values_a[i].text, values_b[i].text) != 0 || values_a[i].number != values_b[i].number)
            return false;
    return true;
}

static void settings_are_read_back_the_same(void)
{
    static const char *const texts[] = {
        "dimension: 2\n",
        "dimension: 17\nname: a.b_c-D\nflow: {hidden: [1], field: cube, potential: blocks, activation: silu, "
        "steps: 4095}\n",
        "dimension: 2\ndata: {source: 2spirals, test: 0.123456789012345678}\nbase: {kind: mixture, ridge: "
        "1e-300}\n",
        "dimension: 91\nflow: {hidden: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,4096]}\ntrain: {rate: 0.1, "
        "clip: 1e30, "
        "seed: 9007199254740991, beta1: 0.30000000000000004}\n",
        "dimension: 3\ndata: {samples: 'a b/10.csv', standardise: no}\nbase: {kind: ffjord, hidden: [], "
        "blocks: 2, activation: softplus, divergence: hutchinson, noise: rademacher, kinetic: 0.1, rate: "
        "1e-4}\nflow: {train_on: noise}\n",
        "dimension: 2\ndata: {columns: [a b, \"b,\\\"c\\\" \\\\\\t\\x01\", 3], label: '', missing: drop}\n",
        "dimension: 2\ndata: {pairs: 'some dir/p\xC3\xA4ir.npz'}\npenalty: {kind: euler, decay: 0.5, noise: "
        "step}\n",
    };
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        struct reading *first = read_text(texts[i]), *second = read_again(first->arena, &first->spec);
        CU_ASSERT_TRUE(first->spec_good && second->spec_good);
        CU_ASSERT_TRUE(same_values(first->arena, &first->spec, &second->spec, SPEC_ALL));
        free_reading(second);
        free_reading(first);
    }
}

/* Keys that say what a model file means, and no others, change what is hashed. */
static void model_settings_leave_training_out(void)
{
    struct reading *a = read_text("dimension: 2\nname: x\ntrain: {rate: 1}\ncost: {kind: l1}\n");
    struct reading *b = read_text("dimension: 2\nname: y\ntrain: {rate: 2}\n");
    struct reading *c = read_text("dimension: 2\nflow: {steps: 16}\n");
    CU_ASSERT_TRUE(same_values(a->arena, &a->spec, &b->spec, SPEC_OF_FLOW));
    CU_ASSERT_FALSE(same_values(a->arena, &a->spec, &b->spec, SPEC_ALL));
    CU_ASSERT_FALSE(same_values(a->arena, &a->spec, &c->spec, SPEC_OF_FLOW));
    CU_ASSERT_TRUE(same_values(a->arena, &a->spec, &c->spec, SPEC_OF_BASE));
    free_reading(a);
    free_reading(b);
    free_reading(c);
}

/* What decides the base flow does not decide the flow after it, nor does the base's training decide it; the
 * dimension and the precision decide both. */
static void base_settings_leave_the_flow_out(void)
{
    struct reading *a = read_text("dimension: 2\nbase: {kind: bnaf}\n");
    struct reading *b = read_text("dimension: 2\nbase: {kind: bnaf, hidden: [8]}\n");
    struct reading *c = read_text("dimension: 2\nbase: {kind: bnaf, rate: 1, tolerance: 0.01, epochs: 7}\n");
    struct reading *d = read_text("dimension: 2\nprecision: double\nbase: {kind: bnaf}\n");
    CU_ASSERT_TRUE(same_values(a->arena, &a->spec, &b->spec, SPEC_OF_FLOW));
    CU_ASSERT_FALSE(same_values(a->arena, &a->spec, &b->spec, SPEC_OF_BASE));
    CU_ASSERT_TRUE(same_values(a->arena, &a->spec, &c->spec, SPEC_OF_BASE));
    CU_ASSERT_FALSE(same_values(a->arena, &a->spec, &d->spec, SPEC_OF_BASE));
    CU_ASSERT_FALSE(same_values(a->arena, &a->spec, &d->spec, SPEC_OF_FLOW));
    free_reading(a);
    free_reading(b);
    free_reading(c);
    free_reading(d);
}

/* ---- a number, or auto --------------------------------------------------------------------------------- */

static void weight_decay_is_a_number_or_automatic(void)
{
    struct reading *r = read_text("dimension: 2\n");
    CU_ASSERT_TRUE(r->spec_good && r->spec.train_weight_decay.automatic && !r->spec.train_weight_decay.given);
    free_reading(r);
    r = read_text("dimension: 2\ntrain: {weight_decay: 0.25}\n");
    CU_ASSERT_TRUE(r->spec_good && !r->spec.train_weight_decay.automatic);
    CU_ASSERT_EQUAL(r->spec.train_weight_decay.value, 0.25);
    free_reading(r);
    static const char *const wrong[] = {"dimension: 2\ntrain: {weight_decay: 2}\n",
                                        "dimension: 2\ntrain: {weight_decay: automatic}\n"};
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        r = read_text(wrong[i]);
        CU_ASSERT_FALSE(r->spec_good);
        free_reading(r);
    }
}

static void epochs_are_a_count_or_automatic(void)
{
    struct reading *r = read_text("dimension: 2\ntrain: {epochs: 7}\nbase: {kind: bnaf, epochs: auto}\n");
    CU_ASSERT_TRUE(r->spec_good && !r->spec.train_epochs.automatic && r->spec.base_epochs.automatic);
    CU_ASSERT_EQUAL(r->spec.train_epochs.value, 7);
    free_reading(r);
    r = read_text("dimension: 2\n");
    CU_ASSERT_TRUE(r->spec_good && r->spec.train_epochs.automatic && r->spec.base_epochs.automatic);
    CU_ASSERT_FALSE(r->spec.flow_steps.automatic);
    CU_ASSERT_EQUAL(r->spec.flow_steps.value, 15);
    free_reading(r);
    r = read_text("dimension: 2\ntrain: {epochs: 0}\n");
    CU_ASSERT_FALSE(r->spec_good);
    free_reading(r);
}

/* ---- a count or a file --------------------------------------------------------------------------------- */

static void samples_are_a_count_or_a_file(void)
{
    static const struct {
        const char *text, *file; /* NULL: a fault */
        int64_t count;
    } rows[] = {
        {"5000", "", 5000},
        {"my.csv", "my.csv", 100000},
        {"'dir/b c.npz'", "dir/b c.npz", 100000},
        {"5000.npy", "5000.npy", 100000},
        {"x.npy,y.npy", "x.npy,y.npy", 100000},
        {"1", NULL, 100000},
        {"1e4", NULL, 100000},
        {"'5000'", NULL, 100000},
        {"my.txt", "my.txt", 100000},
        {"MY.Csv", "MY.Csv", 100000},
        {"./my.dat", "./my.dat", 100000},
        {"my.dat", NULL, 100000},
        {".csv", NULL, 100000},
        {"\"a.csv\\0.csv\"", NULL, 100000},
        {"\"a.csv\\0\"", NULL, 100000},
        {"", NULL, 100000},
        {"[a.csv]", NULL, 100000},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "dimension: 2\nbase: {kind: bnaf}\ndata:\n  samples: %s\n",
                       rows[i].text);
        struct reading *r = read_text(text);
        const bool good = rows[i].file != NULL;
        if (r->spec_good != good)
            printf("  %s: %s\n", rows[i].text, diag_text(&r->diag));
        CU_ASSERT_EQUAL(r->spec_good, good);
        CU_ASSERT_EQUAL(r->diag.errors, !good);
        CU_ASSERT_EQUAL(r->spec.data_samples.faulty, !good);
        CU_ASSERT_EQUAL(r->spec.data_samples.value, rows[i].count);
        CU_ASSERT_STRING_EQUAL(r->spec.data_samples.file, good ? rows[i].file : "");
        free_reading(r);
    }
}

/* The help is a spec, once the required keys are filled in; all its values are the defaults; it fits a
 * terminal. */
static void help_is_a_spec_of_defaults(void)
{
    struct reading *r = read_text("dimension: 2\n");
    struct strbuf help;
    strbuf_init(&help, r->arena);
    spec_help(&help);
    for (const char *line = strbuf_text(&help); *line; line += strcspn(line, "\n") + 1)
        CU_ASSERT_TRUE(strcspn(line, "\n") <= 80);

    char *text = arena_strdup(r->arena, strbuf_text(&help));
    char *required = strstr(text, "\ndimension: ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(required);
    required[strlen("\ndimension: ")] = '2';
    struct reading *again = read_text(text);
    CU_ASSERT_TRUE(again->spec_good);
    CU_ASSERT_TRUE(same_values(r->arena, &r->spec, &again->spec, SPEC_ALL));
    for (int i = 0; i < SPEC_ROWS; i++)
        CU_ASSERT_TRUE(spec_rows[i].help[0] != '\0');
    free_reading(again);
    free_reading(r);
}

/* ---- texts without end --------------------------------------------------------------------------------- */

static struct reading *read_repeated(const char *start, const char *piece, size_t bytes, char **text)
{
    const size_t length = strlen(piece), begin = strlen(start);
    *text = malloc(begin + bytes + length + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(*text);
    memcpy(*text, start, begin + 1);
    size_t at = begin;
    for (; at < begin + bytes; at += length)
        memcpy(*text + at, piece, length + 1);
    return read_bytes("t.yaml", *text, at);
}

static void endless_texts_are_refused_at_once(void)
{
    static const struct {
        const char *start, *piece, *message;
    } rows[] = {
        {"", "[", "nested deeper than 16 levels"},
        {"", "{", "nested deeper than 16 levels"},
        {"", "- ", "nested deeper than 16 levels"},
        {"", "? ", "nested deeper than 16 levels"},
        {"", "[a, ", "nested deeper than 16 levels"},
        {"a: [", "1,", "more than 10000 keys"},
        {"", "a: 1\n", "more than 10000 keys"},
        {"", "- 1\n", "more than 10000 keys"},
        {"a: &a [x]\nb: [", "*a,", "aliases (*name)"},
        {"dimension: ", "7", "the number is too large"},
        {"", "a", "expected a mapping"},
        {"dimension: 2 #", "#", ""},
        {"dimension: 2", "\n", ""},
        {"name: '", "a", "the file ends within a quoted text"},
        {"", "---\n", "a second document"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char *text;
        struct reading *r = read_repeated(rows[i].start, rows[i].piece, 1000000, &text);
        const bool told = strstr(diag_text(&r->diag), rows[i].message);
        if (!told)
            printf("  %s%s...: %s\n", rows[i].start, rows[i].piece, diag_text(&r->diag));
        CU_ASSERT_TRUE(told);
        CU_ASSERT_EQUAL(r->spec_good, rows[i].message[0] == '\0');
        CU_ASSERT_TRUE(strlen(diag_text(&r->diag)) < 20000);
        free_reading(r);
        free(text);
    }
}

static void a_text_is_limited_to_a_mebibyte(void)
{
    char *text;
    struct reading *r = read_repeated("dimension: 2\n", "\n", (1 << 20) - 13, &text);
    CU_ASSERT_EQUAL(r->source.length, 1 << 20);
    CU_ASSERT_TRUE(r->spec_good);
    free_reading(r);
    free(text);
    r = read_repeated("dimension: 2\n", "\n", (1 << 20) - 12, &text);
    CU_ASSERT_FALSE(r->spec_good);
    CU_ASSERT_PTR_NOT_NULL(strstr(diag_text(&r->diag), "t.yaml: error: 1048577 bytes"));
    free_reading(r);
    free(text);
}

static void bytes_that_are_not_text_are_refused(void)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *message;
    } rows[] = {
        {"dimension: 2\n\0", 14, "t.yaml:2:1: error: not text: byte 0x00"},
        {"\x7F"
         "ELF",
         4, "t.yaml:1:1: error: not text: byte 0x7F"},
        {"a: \xFF", 4, "t.yaml:1:4: error: not text: byte 0xFF"},
        {"a: \xC3", 4, "t.yaml:1:4: error: not text: byte 0xC3"},
        {"\xFF\xFE"
         "d\0",
         4, "t.yaml:1:1: error: not text: byte 0xFF"},
        {"a: \x1B[2J", 7, "t.yaml:1:4: error: not text: byte 0x1B"},
        {"a: \xEF\xBB\xBF", 6, "t.yaml:1:4: error: not text: byte 0xEF"},
        {"\xEF\xBB\xBF", 3, "no spec here"},
        {"", 0, "no spec here"},
        {"# only\n", 7, "no spec here"},
        {"name: \"a\\0b\"\ndimension: 2\n", 26, "contains a character NUL"},
        {"name: x\n\"dimen\\0sion\": 2\n", 25, "unknown key 'dimen?sion'"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct reading *r = read_bytes("t.yaml", rows[i].bytes, rows[i].length);
        CU_ASSERT_FALSE(r->spec_good || r->model_good);
        const bool told = strstr(diag_text(&r->diag), rows[i].message);
        if (!told)
            printf("  %zu: %s\n", i, diag_text(&r->diag));
        CU_ASSERT_TRUE(told);
        free_reading(r);
    }
}

/* ---- memory that ends ---------------------------------------------------------------------------------- */

/* True if it got through; the n-th allocation fails, everything else must be given back. */
static bool read_with(long allocations, const struct source *source)
{
    jmp_buf failed;
    struct arena *volatile arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    volatile bool through = false;
    if (!setjmp(failed)) {
        struct diag diag;
        struct model model;
        struct spec spec;
        struct spec_value *values;
        arena_on_failure(arena, &failed);
        arena_fail_after(arena, allocations);
        diag_init(&diag, arena);
        const bool good =
            spec_read(arena, source, &diag, &spec) && model_from_spec(arena, &spec, &diag, &model);
        if (good)
            CU_ASSERT_TRUE(spec_values(arena, &spec, SPEC_ALL, &values) > 0);
        through = true;
    }
    arena_free(arena);
    return through;
}

static void any_allocation_may_fail(void)
{
    static const char *const texts[] = {
        "dimension: 2\nflow: {hidden: [15, 15]}\ndata: {source: moons}\nbase: {kind: mixture}\n",
        "dimenson: 2\nflow: {feild: cube, hidden: [a]}\nsteps: 1\nzz: &a 1\nname: *a\ntrain: {rate: 0x, "
        "seed: 010}\n",
        "flow: [1, 2\n",
    };
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        const struct source source = {.name = "t.yaml", .text = texts[i], .length = strlen(texts[i])};
        long n = 0;
        while (n < 10000 && !read_with(n, &source))
            n++;
        CU_ASSERT_TRUE(n > 3 && n < 10000);
    }
}

static const struct check_case cases[] = {
    {"values are read", values_are_read},
    {"positions match the values", positions_match_the_values},
    {"omitted keys have their default", omitted_keys_have_their_default},
    {"all line endings and byte order marks", all_line_endings_and_byte_order_marks},
    {"integers are read strictly", integers_are_read_strictly},
    {"reals are read strictly", reals_are_read_strictly},
    {"long numbers are refused", long_numbers_are_refused},
    {"numbers are written shortly", numbers_are_written_shortly},
    {"numbers survive printing", numbers_survive_printing},
    {"locale does not matter", locale_does_not_matter},
    {"settings are read back the same", settings_are_read_back_the_same},
    {"model settings leave training out", model_settings_leave_training_out},
    {"base settings leave the flow out", base_settings_leave_the_flow_out},
    {"epochs are a count, or auto", epochs_are_a_count_or_automatic},
    {"weight decay is a number, or auto", weight_decay_is_a_number_or_automatic},
    {"samples are a count or a file", samples_are_a_count_or_a_file},
    {"help is a spec of defaults", help_is_a_spec_of_defaults},
    {"endless texts are refused at once", endless_texts_are_refused_at_once},
    {"a text is limited to a mebibyte", a_text_is_limited_to_a_mebibyte},
    {"bytes that are not text are refused", bytes_that_are_not_text_are_refused},
    {"any allocation may fail", any_allocation_may_fail},
};

int main(void)
{
    return check_main("spec", cases, CHECK_COUNT(cases));
}
