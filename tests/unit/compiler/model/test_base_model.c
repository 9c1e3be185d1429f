/* SPDX-License-Identifier: MIT
 *
 * Base flows that are compiled: which specs make one, what is chosen where the spec says nothing, their
 * parameters, and the settings that their bundles carry. */
#include "check.h"
#include "gpfc/kernel_abi.h"
#include "spec/spec_tree.h"
#include "spec_fixture.h"

#include <math.h>

static struct reading *read_text(const char *text)
{
    struct reading *r = read_bytes("t.yaml", text, strlen(text));
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    return r;
}

static struct reading *read_good(const char *text)
{
    struct reading *r = read_text(text);
    if (!r->model_good)
        printf("  %s%s\n", text, diag_text(&r->diag));
    CU_ASSERT_TRUE_FATAL(r->model_good);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->model.base);
    return r;
}

/* ---- what the spec says, and what it leaves ------------------------------------------------------------ */

static void without_a_base_nothing_is_compiled(void)
{
    static const struct {
        const char *text;
        enum base_kind kind;
    } rows[] = {{"dimension: 3\n", BASE_NONE}, {"dimension: 3\nbase: {kind: mixture}\n", BASE_MIXTURE}};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct reading *r = read_good(rows[i].text);
        CU_ASSERT_EQUAL(r->model.base->kind, rows[i].kind);
        CU_ASSERT_EQUAL(r->model.base->d, 0);
        CU_ASSERT_EQUAL(r->model.base->n_parameters, 0);
        CU_ASSERT_EQUAL(r->model.base->n_elements, 0);
        free_reading(r);
    }
}

static void base_is_what_the_spec_says(void)
{
    struct reading *r =
        read_good("dimension: 4\n"
                  "base: {kind: ffjord, hidden: [7, 8], blocks: 2, activation: softplus,\n"
                  "  integrator: midpoint, steps: 6, divergence: hutchinson, noise: rademacher,\n"
                  "  kinetic: 0.25, jacobian: 0.5}\n");
    const struct base_model *base = r->model.base;
    CU_ASSERT_EQUAL(base->kind, BASE_FFJORD);
    CU_ASSERT_EQUAL(base->d, 4);
    CU_ASSERT_EQUAL(base->blocks, 2);
    CU_ASSERT_EQUAL(base->n_hidden, 2);
    CU_ASSERT_EQUAL(base->hidden[1], 8);
    CU_ASSERT_EQUAL(base->activation, MODEL_SOFTPLUS);
    CU_ASSERT_EQUAL(base->integrator, MODEL_MIDPOINT);
    CU_ASSERT_EQUAL(base->steps, 6);
    CU_ASSERT_EQUAL(base->divergence, BASE_DIVERGENCE_HUTCHINSON);
    CU_ASSERT_EQUAL(base->probe, BASE_PROBE_RADEMACHER);
    CU_ASSERT_EQUAL(base->kinetic, 0.25);
    CU_ASSERT_EQUAL(base->jacobian, 0.5);
    free_reading(r);
}

static void omitted_keys_depend_on_the_kind(void)
{
    static const struct {
        int d;
        const char *kind;
        int blocks, n_hidden, width;
    } rows[] = {
        {2, "bnaf", 1, 3, 32},    {3, "bnaf", 1, 3, 33},    {5, "bnaf", 1, 3, 30},   {10, "bnaf", 1, 3, 30},
        {20, "bnaf", 1, 3, 40},   {64, "bnaf", 1, 3, 128},  {90, "bnaf", 1, 3, 180}, {2, "ffjord", 3, 2, 32},
        {10, "ffjord", 3, 2, 32}, {2, "cp_flow", 5, 3, 32},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "dimension: %d\nbase: {kind: %s}\n", rows[i].d, rows[i].kind);
        struct reading *r = read_good(text);
        const struct base_model *base = r->model.base;
        CU_ASSERT_EQUAL(base->blocks, rows[i].blocks);
        CU_ASSERT_EQUAL(base->n_hidden, rows[i].n_hidden);
        for (int k = 0; k < base->n_hidden; k++)
            CU_ASSERT_EQUAL(base->hidden[k], rows[i].width);
        free_reading(r);
    }
}

/* Where the spec leaves open how long, the help says it. */
static void trainings_are_as_long_as_the_help_says(void)
{
    static const struct {
        const char *kind, *help;
        int steps;
    } rows[] = {{"bnaf", "auto: enough for 6,000 training steps (", 6000},
                {"ffjord", "ffjord 1,200,", 1200},
                {"cp_flow", "cp_flow 2,500)", 2500}};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "dimension: 3\nbase: {kind: %s}\n", rows[i].kind);
        struct reading *r = read_good(text);
        CU_ASSERT_EQUAL(r->model.base->training_steps, rows[i].steps);
        CU_ASSERT_PTR_NOT_NULL(strstr(spec_rows[SPEC_KEY_base_epochs].help, rows[i].help));
        CU_ASSERT_EQUAL(r->model.training_steps, 3000);
        free_reading(r);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(spec_rows[SPEC_KEY_train_epochs].help, "enough for 3,000 training steps"));
}

static void the_logdet_of_cp_flow(void)
{
    static const struct {
        const char *text;
        enum base_logdet logdet;
        int cg_steps;
    } rows[] = {
        {"dimension: 32\nbase: {kind: cp_flow}\n", BASE_LOGDET_EXACT, 0},
        {"dimension: 33\nbase: {kind: cp_flow}\n", BASE_LOGDET_ESTIMATE, 20},
        {"dimension: 33\nbase: {kind: cp_flow, cg_steps: 7, noise: rademacher}\n", BASE_LOGDET_ESTIMATE, 7},
        {"dimension: 33\nbase: {kind: cp_flow, logdet: exact}\n", BASE_LOGDET_EXACT, 0},
        {"dimension: 2\nbase: {kind: cp_flow, logdet: estimate}\n", BASE_LOGDET_ESTIMATE, 2},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct reading *r = read_good(rows[i].text);
        CU_ASSERT_EQUAL(r->model.base->logdet, rows[i].logdet);
        CU_ASSERT_EQUAL(r->model.base->cg_steps, rows[i].cg_steps);
        free_reading(r);
    }
}

/* ---- parameters ---------------------------------------------------------------------------------------- */

struct row {
    const char *name;
    int rank, shape[2], fan_in;
    enum gpfc_init init;
    double spread;
};

static void check_parameters(const char *text, const struct row *rows, int n)
{
    struct reading *r = read_good(text);
    const struct base_model *base = r->model.base;
    CU_ASSERT_EQUAL_FATAL(base->n_parameters, n);
    long offset = 0;
    for (int i = 0; i < n; i++) {
        const struct base_parameter *p = &base->parameters[i];
        CU_ASSERT_STRING_EQUAL(p->name, rows[i].name);
        CU_ASSERT_EQUAL(p->offset, offset);
        CU_ASSERT_EQUAL(p->rank, rows[i].rank);
        CU_ASSERT_EQUAL(p->shape[0], rows[i].shape[0]);
        CU_ASSERT_EQUAL(p->shape[1], rows[i].shape[1]);
        CU_ASSERT_EQUAL(p->fan_in, rows[i].fan_in);
        CU_ASSERT_EQUAL(p->init, (int)rows[i].init);
        CU_ASSERT_DOUBLE_EQUAL(p->spread, rows[i].spread, 1e-15);
        CU_ASSERT_PTR_EQUAL(base_parameter_find(base, p->name), p);
        offset += p->shape[0] * (p->rank == 2 ? p->shape[1] : 1);
    }
    CU_ASSERT_EQUAL(base->n_elements, offset);
    CU_ASSERT_PTR_NULL(base_parameter_find(base, "base"));
    CU_ASSERT_PTR_NULL(base_parameter_find(base, "base.block0.layer0.weights"));
    free_reading(r);
}

static void parameters_of_bnaf(void)
{
    const double of_4 = 0.5, of_2 = sqrt(0.5);
    const struct row rows[] = {
        {"base.block0.layer0.weight", 2, {4, 2}, 2, GPFC_INIT_TRIANGULAR, 0},
        {"base.block0.layer0.log_scale", 1, {4, 0}, 2, GPFC_INIT_LOG_UNIFORM, 0},
        {"base.block0.layer0.bias", 1, {4, 0}, 2, GPFC_INIT_UNIFORM, of_4},
        {"base.block0.layer1.weight", 2, {2, 4}, 4, GPFC_INIT_TRIANGULAR, 0},
        {"base.block0.layer1.log_scale", 1, {2, 0}, 4, GPFC_INIT_LOG_UNIFORM, 0},
        {"base.block0.layer1.bias", 1, {2, 0}, 4, GPFC_INIT_UNIFORM, of_2},
        {"base.block0.gate", 1, {1, 0}, 1, GPFC_INIT_NORMAL, 1},
        {"base.block1.layer0.weight", 2, {4, 2}, 2, GPFC_INIT_TRIANGULAR, 0},
        {"base.block1.layer0.log_scale", 1, {4, 0}, 2, GPFC_INIT_LOG_UNIFORM, 0},
        {"base.block1.layer0.bias", 1, {4, 0}, 2, GPFC_INIT_UNIFORM, of_4},
        {"base.block1.layer1.weight", 2, {2, 4}, 4, GPFC_INIT_TRIANGULAR, 0},
        {"base.block1.layer1.log_scale", 1, {2, 0}, 4, GPFC_INIT_LOG_UNIFORM, 0},
        {"base.block1.layer1.bias", 1, {2, 0}, 4, GPFC_INIT_UNIFORM, of_2},
        {"base.block1.tail.edge", 1, {4, 0}, 2, GPFC_INIT_CONSTANT, 3},
        {"base.block1.tail.log_scale", 1, {4, 0}, 2, GPFC_INIT_CONSTANT, 0},
    };
    check_parameters("dimension: 2\nbase: {kind: bnaf, hidden: [4], blocks: 2}\n", rows, CHECK_COUNT(rows));
    check_parameters("dimension: 2\nbase: {kind: bnaf, hidden: [4], blocks: 2, tail: bounded}\n", rows,
                     CHECK_COUNT(rows) - 2);
}

static void parameters_of_ffjord(void)
{
    const double of_2 = sqrt(0.5), of_4 = 0.5;
    const struct row rows[] = {
        {"base.cnf0.layer0.weight", 2, {4, 2}, 2, GPFC_INIT_UNIFORM, of_2},
        {"base.cnf0.layer0.bias", 1, {4, 0}, 2, GPFC_INIT_UNIFORM, of_2},
        {"base.cnf0.layer0.gate_weight", 1, {4, 0}, 1, GPFC_INIT_UNIFORM, 1},
        {"base.cnf0.layer0.gate_bias", 1, {4, 0}, 1, GPFC_INIT_UNIFORM, 1},
        {"base.cnf0.layer0.time_weight", 1, {4, 0}, 1, GPFC_INIT_UNIFORM, 1},
        {"base.cnf0.layer1.weight", 2, {2, 4}, 4, GPFC_INIT_UNIFORM, of_4},
        {"base.cnf0.layer1.bias", 1, {2, 0}, 4, GPFC_INIT_UNIFORM, of_4},
        {"base.cnf0.layer1.gate_weight", 1, {2, 0}, 1, GPFC_INIT_UNIFORM, 1},
        {"base.cnf0.layer1.gate_bias", 1, {2, 0}, 1, GPFC_INIT_UNIFORM, 1},
        {"base.cnf0.layer1.time_weight", 1, {2, 0}, 1, GPFC_INIT_UNIFORM, 1},
    };
    check_parameters("dimension: 2\nbase: {kind: ffjord, hidden: [4], blocks: 1}\n", rows, CHECK_COUNT(rows));
}

/* A single block of two layers: every part of it occurs. */
static void parameters_of_cp_flow(void)
{
    const double of_3 = sqrt(1.0 / 3), of_8 = sqrt(0.125), one = log(exp(1) - 1);
    const struct row rows[] = {
        {"base.norm0.shift", 1, {3, 0}, 3, GPFC_INIT_CONSTANT, 0},
        {"base.norm0.log_scale", 1, {3, 0}, 3, GPFC_INIT_CONSTANT, 0},
        {"base.convex0.quadratic", 1, {1, 0}, 1, GPFC_INIT_CONSTANT, one},
        {"base.convex0.amount", 1, {1, 0}, 1, GPFC_INIT_CONSTANT, 0},
        {"base.convex0.z0.weight", 2, {8, 3}, 3, GPFC_INIT_UNIFORM, of_3},
        {"base.convex0.z0.bias", 1, {8, 0}, 3, GPFC_INIT_UNIFORM, of_3},
        {"base.convex0.z1.weight", 2, {4, 8}, 8, GPFC_INIT_UNIFORM, of_8},
        {"base.convex0.z1.bias", 1, {4, 0}, 8, GPFC_INIT_UNIFORM, of_8},
        {"base.convex0.x0.weight", 2, {4, 3}, 3, GPFC_INIT_UNIFORM, of_3},
        {"base.convex0.x0.bias", 1, {4, 0}, 3, GPFC_INIT_UNIFORM, of_3},
        {"base.convex0.a0.weight", 2, {4, 3}, 3, GPFC_INIT_UNIFORM, of_3},
        {"base.convex0.a0.bias", 1, {4, 0}, 3, GPFC_INIT_UNIFORM, of_3},
        {"base.convex0.norm0.shift", 1, {4, 0}, 4, GPFC_INIT_CONSTANT, 0},
        {"base.convex0.norm0.log_scale", 1, {4, 0}, 4, GPFC_INIT_CONSTANT, 0},
        {"base.convex0.z2.weight", 2, {1, 8}, 8, GPFC_INIT_UNIFORM, of_8},
        {"base.convex0.x1.weight", 2, {1, 3}, 3, GPFC_INIT_UNIFORM, of_3},
        {"base.convex0.norm1.shift", 1, {1, 0}, 1, GPFC_INIT_CONSTANT, 0},
        {"base.convex0.norm1.log_scale", 1, {1, 0}, 1, GPFC_INIT_CONSTANT, 0},
        {"base.convex0.tail.edge", 1, {6, 0}, 3, GPFC_INIT_CONSTANT, 1e30},
        {"base.convex0.tail.log_scale", 1, {6, 0}, 3, GPFC_INIT_CONSTANT, 0},
    };
    check_parameters("dimension: 3\nbase: {kind: cp_flow, hidden: [8, 8], blocks: 1}\n", rows,
                     CHECK_COUNT(rows));
}

/* Several blocks have an ActNorm before each and one after the last. */
static void order_of_the_blocks_of_cp_flow(void)
{
    static const char *const order[] = {"base.norm0.shift", "base.convex0.z0.weight", "base.norm1.shift",
                                        "base.convex1.z0.weight", "base.norm2.shift"};
    struct reading *r = read_good("dimension: 2\nbase: {kind: cp_flow, blocks: 2}\n");
    const struct base_model *base = r->model.base;
    const struct base_parameter *last = NULL;
    for (size_t i = 0; i < CHECK_COUNT(order); i++) {
        const struct base_parameter *p = base_parameter_find(base, order[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_TRUE(p > last);
        last = p;
    }
    CU_ASSERT_PTR_NULL(base_parameter_find(base, "base.norm3.shift"));
    CU_ASSERT_STRING_EQUAL(base->parameters[base->n_parameters - 1].name, "base.convex1.tail.log_scale");
    CU_ASSERT_EQUAL(base->n_parameters, 2 * (2 + 24 + 2) + 2);
    free_reading(r);
    r = read_good("dimension: 2\nbase: {kind: cp_flow, hidden: [2], blocks: 1}\n");
    CU_ASSERT_EQUAL(r->model.base->n_parameters, 2 + 2 + 2 + 4 + 2);
    CU_ASSERT_PTR_NOT_NULL(base_parameter_find(r->model.base, "base.convex0.z1.weight"));
    free_reading(r);
}

/* ---- settings ------------------------------------------------------------------------------------------ */

static const char *setting(const struct reading *r, const char *key)
{
    struct spec_value *values;
    for (int i = base_model_settings(r->arena, &r->spec, r->model.base, false, &values); i-- > 0;)
        if (strcmp(values[i].key, key) == 0) {
            CU_ASSERT_TRUE(values[i].number == strtod(values[i].text, NULL));
            return values[i].text;
        }
    return "missing";
}

static void settings_are_those_of_the_base(void)
{
    static const struct {
        const char *key, *text;
    } rows[] = {
        {"train.epochs", "3"},
        {"train.batch", "64"},
        {"train.rate", "0.25"},
        {"train.schedule", "step"},
        {"train.decay", "0.125"},
        {"train.decays", "2"},
        {"train.warmup_steps", "9"},
        {"train.weight_decay", "0.0001"},
        {"train.clip", "8"},
        {"train.patience", "4"},
        {"train.seed", "77"},
        {"train.beta1", "0.8"},
        {"base.kind", "bnaf"},
        {"base.hidden", "[32, 32, 32]"},
        {"base.blocks", "1"},
        {"penalty.kind", "none"},
        {"penalty.weight", "1"},
        {"penalty.decay", "1"},
        {"penalty.decays", "0"},
        {"data.samples", "5000"},
        {"data.file", ""},
        {"base.rate", "0.25"},
        {"name", "flow"},
    };
    struct reading *r =
        read_good("dimension: 2\ndata: {source: moons, samples: 5000}\n"
                  "base: {kind: bnaf, epochs: 3, batch: 64, rate: 0.25, schedule: step, decay: 0.125,\n"
                  "  decays: 2, warmup_steps: 9, weight_decay: 1e-4, clip: 8, patience: 4}\n"
                  "train: {epochs: 99, rate: 1, patience: 1, clip: 1, seed: 77, beta1: 0.8}\n"
                  "penalty: {kind: euler, weight: 7, decay: 0.5, decays: 3}\n");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        CU_ASSERT_STRING_EQUAL(setting(r, rows[i].key), rows[i].text);
    free_reading(r);
    r = read_good("dimension: 2\nbase: {kind: ffjord, kinetic: 0.1}\n");
    CU_ASSERT_STRING_EQUAL(setting(r, "penalty.kind"), "rnode");
    CU_ASSERT_STRING_EQUAL(setting(r, "base.hidden"), "[32, 32]");
    free_reading(r);
    r = read_good("dimension: 2\nbase: {kind: cp_flow}\n");
    CU_ASSERT_STRING_EQUAL(setting(r, "base.logdet"), "exact");
    CU_ASSERT_STRING_EQUAL(setting(r, "base.blocks"), "5");
    free_reading(r);
}

static bool same_base(const char *a, const char *b)
{
    struct reading *r = read_good(a), *s = read_good(b);
    struct spec_value *values, *others;
    const int n = base_model_settings(r->arena, &r->spec, r->model.base, true, &values);
    const int m = base_model_settings(s->arena, &s->spec, s->model.base, true, &others);
    bool same = n == m && n > 0;
    for (int i = 0; i < n && same; i++)
        same = strcmp(values[i].key, others[i].key) == 0 && strcmp(values[i].text, others[i].text) == 0;
    free_reading(r);
    free_reading(s);
    return same;
}

/* A base that was trained serves all specs that mean the same f, however they say it. */
static void what_decides_a_base(void)
{
    static const char bnaf[] = "dimension: 2\nbase: {kind: bnaf}\n";
    CU_ASSERT_TRUE(same_base(bnaf, "dimension: 2\nbase: {kind: bnaf, hidden: [32, 32, 32], blocks: 1}\n"));
    CU_ASSERT_TRUE(same_base(bnaf, "dimension: 2\nbase: {kind: bnaf, rate: 1}\nflow: {field: cube}\n"));
    CU_ASSERT_FALSE(same_base(bnaf, "dimension: 2\nbase: {kind: bnaf, blocks: 2}\n"));
    CU_ASSERT_TRUE(same_base(bnaf, "dimension: 2\nbase: {kind: bnaf, tail: linear}\n"));
    CU_ASSERT_FALSE(same_base(bnaf, "dimension: 2\nbase: {kind: bnaf, tail: bounded}\n"));
    CU_ASSERT_FALSE(same_base(bnaf, "dimension: 3\nbase: {kind: bnaf, hidden: [33, 33, 33]}\n"));
    CU_ASSERT_FALSE(same_base(bnaf, "dimension: 2\nprecision: double\nbase: {kind: bnaf}\n"));
    CU_ASSERT_FALSE(same_base("dimension: 2\nbase: {kind: ffjord}\n",
                              "dimension: 2\nbase: {kind: ffjord, activation: softplus}\n"));
    CU_ASSERT_TRUE(same_base("dimension: 2\nbase: {kind: ffjord}\n",
                             "dimension: 2\nbase: {kind: ffjord, steps: 20, divergence: hutchinson}\n"));
    CU_ASSERT_FALSE(same_base("dimension: 2\nbase: {kind: cp_flow}\n",
                              "dimension: 2\nbase: {kind: cp_flow, tail: bounded}\n"));
    CU_ASSERT_TRUE(same_base("dimension: 2\nbase: {kind: cp_flow}\n",
                             "dimension: 2\nbase: {kind: cp_flow, logdet: estimate, cg_steps: 2}\n"));
}

/* ---- faults -------------------------------------------------------------------------------------------- */

static void illegal_bases_are_refused(void)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"dimension: 3\nbase: {kind: bnaf, hidden: [32]}\n", "32 is not a multiple of the dimension, 3"},
        {"dimension: 2\nbase: {kind: cp_flow, hidden: [8, 8, 6]}\n", "6 differs from the first width, 8"},
        {"dimension: 2\nbase: {kind: cp_flow, hidden: [7, 7]}\n", "7 is odd"},
        {"dimension: 2\nbase: {kind: bnaf, logdet: exact}\n", "base.logdet has no meaning"},
        {"dimension: 2\nbase: {kind: cp_flow, divergence: exact}\n", "base.divergence has no meaning"},
        {"dimension: 2\nbase: {kind: ffjord, noise: gaussian}\n", "without 'base.divergence: hutchinson'"},
        {"dimension: 2\nbase: {kind: cp_flow, noise: gaussian}\n", "without 'base.logdet: estimate'"},
        {"dimension: 2\nbase: {kind: cp_flow, cg_steps: 2}\n", "without 'base.logdet: estimate'"},
        {"dimension: 2\nbase: {kind: mixture, rate: 0.1}\n", "base.rate has no meaning"},
        {"dimension: 2\nbase: {kind: ffjord, components: 3}\n", "base.components has no meaning"},
        {"dimension: 2\nbase: {kind: ffjord, hidden: [4096, 4096], blocks: 6}\n", "parameters; expected"},
        {"dimension: 2\nbase: {kind: cp_flow, blocks: 64}\n", "weights and biases in its 64 blocks"},
        {"dimension: 2\nbase: {kind: bnaf, blocks: 65}\n", "base.blocks: 65 is out of range"},
        {"dimension: x\nbase: {kind: bnaf, hidden: [5]}\n", "dimension: expected"},
        {"dimension: x\nbase: {kind: cp_flow, cg_steps: 2}\n", "dimension: expected"},
        {"dimension: 3\nbase: {kind: real_nvp, hidden: [5], cg_steps: 2, ridge: 0}\n", "base.kind: expected"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct reading *r = read_text(rows[i].text);
        const bool right = !r->model_good && r->diag.errors == 1 && r->diag.warnings == 0 &&
                           strstr(diag_text(&r->diag), rows[i].message);
        if (!right)
            printf("  %s%s\n", rows[i].text, diag_text(&r->diag));
        CU_ASSERT_TRUE(right);
        free_reading(r);
    }
}

/* The largest of all that is allowed is made in full. */
static void the_largest_bases(void)
{
    static const char *const texts[] = {
        "dimension: 90\nbase: {kind: bnaf, blocks: 64}\n",
        "dimension: 90\nbase: {kind: ffjord, blocks: 64}\n",
        "dimension: 90\nbase: {kind: cp_flow, blocks: 1, hidden: [2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2]}\n",
        "dimension: 2\nbase: {kind: bnaf, hidden: [4096, 4096, 4096, 4096, 4096, 4096]}\n",
    };
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        struct reading *r = read_good(texts[i]);
        CU_ASSERT_TRUE(r->model.base->n_parameters <= BASE_MAX_ARRAYS);
        CU_ASSERT_TRUE(r->model.base->n_elements <= MODEL_MAX_PARAMETERS);
        free_reading(r);
    }
}

static const struct check_case cases[] = {
    {"without a base nothing is compiled", without_a_base_nothing_is_compiled},
    {"base is what the spec says", base_is_what_the_spec_says},
    {"omitted keys depend on the kind", omitted_keys_depend_on_the_kind},
    {"trainings are as long as the help says", trainings_are_as_long_as_the_help_says},
    {"the logdet of cp_flow", the_logdet_of_cp_flow},
    {"parameters of bnaf", parameters_of_bnaf},
    {"parameters of ffjord", parameters_of_ffjord},
    {"parameters of cp_flow", parameters_of_cp_flow},
    {"order of the blocks of cp_flow", order_of_the_blocks_of_cp_flow},
    {"settings are those of the base", settings_are_those_of_the_base},
    {"what decides a base", what_decides_a_base},
    {"illegal bases are refused", illegal_bases_are_refused},
    {"the largest bases", the_largest_bases},
};

int main(void)
{
    return check_main("base model", cases, CHECK_COUNT(cases));
}
