/* SPDX-License-Identifier: MIT
 *
 * Models: which specs make one, what they are made of, and the names and places of their parameters. */
#include "check.h"
#include "ir/ir.h"
#include "spec_fixture.h"

#include <dirent.h>
#include <float.h>

static struct reading *read_text(const char *text)
{
    struct reading *r = read_bytes("t.yaml", text, strlen(text));
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    return r;
}

static void model_is_what_the_spec_says(void)
{
    struct reading *r = read_text("name: deep\ndimension: 5\nprecision: double\n"
                                  "flow: {field: cube, potential: blocks, hidden: [7, 8, 9], activation: "
                                  "sin, integrator: midpoint, steps: 6}\n"
                                  "cost: {kind: l1, smoothing: 0.25}\n"
                                  "penalty: {kind: euler, derivative: difference, noise: step}\n");
    const struct model *m = &r->model;
    CU_ASSERT_TRUE_FATAL(r->model_good);
    CU_ASSERT_STRING_EQUAL(m->name, "deep");
    CU_ASSERT_EQUAL(m->d, 5);
    CU_ASSERT_EQUAL(m->precision, MODEL_DOUBLE);
    CU_ASSERT_EQUAL(m->epsilon, DBL_EPSILON);
    CU_ASSERT_EQUAL(m->field, MODEL_CUBE);
    CU_ASSERT_EQUAL(m->potential, MODEL_BLOCKS);
    CU_ASSERT_EQUAL(m->activation, MODEL_SIN);
    CU_ASSERT_EQUAL(m->integrator, MODEL_MIDPOINT);
    CU_ASSERT_EQUAL(m->steps, 6);
    CU_ASSERT_EQUAL(m->n_layers, 4);
    CU_ASSERT_EQUAL(m->cost, MODEL_L1);
    CU_ASSERT_EQUAL(m->smoothing, 0.25);
    CU_ASSERT_TRUE(m->penalised);
    CU_ASSERT_EQUAL(m->derivative, MODEL_DIFFERENCE);
    CU_ASSERT_FALSE(m->noise_per_sample);
    free_reading(r);
}

static void default_model(void)
{
    struct reading *r = read_text("dimension: 2\n");
    CU_ASSERT_TRUE_FATAL(r->model_good);
    CU_ASSERT_EQUAL(r->model.field, MODEL_GAUSSIAN);
    CU_ASSERT_EQUAL(r->model.potential, MODEL_FOLDED);
    CU_ASSERT_EQUAL(r->model.epsilon, (double)FLT_EPSILON);
    CU_ASSERT_EQUAL(r->model.cost, MODEL_SQUARED);
    CU_ASSERT_FALSE(r->model.penalised);
    CU_ASSERT_TRUE(r->model.noise_per_sample);
    free_reading(r);
}

/* s is the identity: its programs have no parameters, whatever flow: says. */
static void dimension_one_has_no_weights(void)
{
    struct reading *r = read_text("dimension: 1\ndata: {samples: p.csv}\nbase: {kind: mixture}\n"
                                  "flow: {hidden: [7, 7]}\npenalty: {kind: euler}\n");
    CU_ASSERT_TRUE_FATAL(r->model_good);
    CU_ASSERT_TRUE(model_is_identity(&r->model));
    CU_ASSERT_EQUAL(r->model.n_layers, 0);
    CU_ASSERT_EQUAL(r->model.n_parameters, 0);
    CU_ASSERT_FALSE(r->model.penalised);
    CU_ASSERT_EQUAL(r->model.training_steps, 1);
    free_reading(r);
}

/* Layers follow one another without gaps, weight before bias. */
static void parameters_are_stored_one_after_another(void)
{
    struct reading *r = read_text("dimension: 10\nflow: {hidden: [50, 40, 30], potential: blocks}\n");
    const struct model *m = &r->model;
    CU_ASSERT_TRUE_FATAL(r->model_good);
    static const int sizes[] = {11, 50, 40, 30, 90};
    long offset = 0;
    for (int k = 0; k < m->n_layers; k++) {
        const struct model_layer *layer = &m->layer[k];
        char name[64];
        CU_ASSERT_EQUAL(layer->in, sizes[k]);
        CU_ASSERT_EQUAL(layer->out, sizes[k + 1]);
        (void)snprintf(name, sizeof name, "flow.layer%d.weight", k);
        CU_ASSERT_STRING_EQUAL(layer->weight_name, name);
        (void)snprintf(name, sizeof name, "flow.layer%d.bias", k);
        CU_ASSERT_STRING_EQUAL(layer->bias_name, name);
        CU_ASSERT_EQUAL(layer->weight_offset, offset);
        CU_ASSERT_EQUAL(layer->bias_offset, offset + layer->in * layer->out);
        offset = layer->bias_offset + layer->out;
    }
    CU_ASSERT_EQUAL(m->n_parameters, offset);
    CU_ASSERT_EQUAL(m->n_parameters, 11 * 50 + 50 + 50 * 40 + 40 + 40 * 30 + 30 + 30 * 90 + 90);
    free_reading(r);
}

static void outputs_of_the_last_layer(void)
{
    CU_ASSERT_EQUAL(model_outputs(2, MODEL_FOLDED), 1);
    CU_ASSERT_EQUAL(model_outputs(2, MODEL_BLOCKS), 2);
    CU_ASSERT_EQUAL(model_outputs(10, MODEL_FOLDED), 45);
    CU_ASSERT_EQUAL(model_outputs(10, MODEL_BLOCKS), 90);
}

static void limits_match_those_of_the_ir(void)
{
    CU_ASSERT_EQUAL((int)MODEL_MAX_SIZE, (int)IR_MAX_SIZE);
    struct reading *r = read_text("dimension: 2\nflow: {steps: 4096}\n"); /* a path has steps + 1 points */
    CU_ASSERT_FALSE(r->model_good);
    free_reading(r);
    r = read_text("dimension: 91\nflow: {hidden: [4096], steps: 4095}\n");
    CU_ASSERT_TRUE(r->model_good);
    free_reading(r);
}

/* Which values go together, and which do not. */
static void conflicting_values_are_refused(void)
{
    static const struct {
        const char *text, *message; /* "": a model */
    } rows[] = {
        {"dimension: 2\n", ""},
        {"dimension: 1\n", "dimension is 1: the only map"},
        {"dimension: 1\ndata: {pairs: p.npz}\n", "dimension is 1: the only map"},
        {"dimension: 1\ndata: {samples: p.npz}\nbase: {kind: bnaf}\n", ""},
        {"dimension: 64\nflow: {potential: blocks}\n", ""},
        {"dimension: 65\nflow: {potential: blocks}\n", "dimension 65 needs 4160 outputs"},
        {"dimension: 7\ndata: {pairs: p.npz}\n", ""},
        {"dimension: 2\ndata: {pairs: ''}\n", ""},
        {"dimension: 2\ndata: {source: moons}\nbase: {kind: mixture, components: 3}\n", ""},
        {"dimension: 3\nbase: {kind: mixture}\n", ""},
        {"dimension: 2\ndata: {source: moons, pairs: p.npz}\n", "both given"},
        {"dimension: 2\ndata: {source: moons}\n", "expected also a base.kind"},
        {"dimension: 2\ndata: {pairs: p.npz}\nbase: {kind: mixture}\n", "already trained"},
        {"dimension: 3\ndata: {source: moons}\nbase: {kind: mixture}\n", "dimension is 3"},
        {"dimension: 2\ndata: {source: moons, samples: 4}\nbase: {kind: mixture}\n",
         "at most data.samples, 4"},
        {"dimension: 2\ndata: {source: moons, samples: 4}\nbase: {kind: bnaf}\n", ""},
        {"dimension: 7\ndata: {samples: p.csv}\nbase: {kind: mixture}\n", ""},
        {"dimension: 7\ndata: {samples: p.csv}\nbase: {kind: bnaf}\nflow: {train_on: noise}\n", ""},
        {"dimension: 7\ndata: {samples: p.csv}\n", "a file in data.samples gives only samples x"},
        {"dimension: 7\nflow: {train_on: noise}\n", "flow.train_on: noise needs a base flow"},
        {"dimension: 7\nflow: {train_on: data}\n", ""},
        {"dimension: 7\ndata: {standardise: no}\n", "data.standardise has no meaning"},
        {"dimension: 7\ndata: {dequantise: yes}\n", "data.dequantise has no meaning"},
        {"dimension: 7\ndata: {pairs: p.npz}\nbase: {kind: ffjord}\n", "already trained"},
        {"dimension: 2\ndata: {test: 0, samples: a.npz}\nbase: {kind: bnaf, patience: 3}\n", ""},
        {"dimension: 2\ndata: {test: 0, source: moons}\nbase: {kind: bnaf, patience: 3}\n", ""},
        {"dimension: 2\ndata: {test: 0, validation: 0, source: moons}\nbase: {kind: bnaf, patience: 3}\n",
         "data.validation and data.test are 0"},
        {"dimension: 2\nbase: {components: 3}\n", "base.components has no meaning"},
        {"dimension: 2\nbase: {ridge: 1}\n", "base.ridge has no meaning"},
        {"dimension: 2\nbase: {iterations: 3}\n", "base.iterations has no meaning"},
        {"dimension: 2\ncost: {smoothing: 0.1}\n", "cost.smoothing has no meaning"},
        {"dimension: 2\npenalty: {weight: 0.1}\n", "penalty.weight has no meaning"},
        {"dimension: 2\npenalty: {decay: 0.1}\n", "penalty.decay has no meaning"},
        {"dimension: 2\npenalty: {decays: 3}\n", "penalty.decays has no meaning"},
        {"dimension: 2\npenalty: {derivative: exact}\n", "penalty.derivative has no meaning"},
        {"dimension: 2\npenalty: {kind: none, noise: step}\n", "penalty.noise has no meaning"},
        {"dimension: 64\nflow: {potential: blocks}\n", ""},
        {"dimension: 65\nflow: {potential: blocks}\n", "needs 4160 outputs"},
        {"dimension: 92\n", "92 is out of range; expected an integer from 1 to 91"},
        {"dimension: 2\nflow: {hidden: [4096, 4096, 4096, 4096, 4096, 4096, 4096]}\n",
         "parameters; expected at most"},
        {"dimension: 2\ntarget: {lanes: 64}\n", ""},
        {"dimension: 2\ntarget: {lanes: 48}\n", "power of two"},
        {"dimension: 2\nname: ''\n", "name: expected"},
        {"dimension: 2\nname: ../x\n", "name: expected"},
        {"dimension: 2\nname: -x\n", "name: expected"},
        {"dimension: 2\nname: a b\n", "name: expected"},
        {"dimension: 2\nname: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
         "name: expected"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct reading *r = read_text(rows[i].text);
        const bool told = strstr(diag_text(&r->diag), rows[i].message);
        const bool right =
            told && r->model_good == (rows[i].message[0] == '\0') && r->diag.errors == !r->model_good;
        if (!right)
            printf("  %s%s\n", rows[i].text, diag_text(&r->diag));
        CU_ASSERT_TRUE(right);
        free_reading(r);
    }
}

/* Keys that do nothing are worth a word, and no more. */
static void keys_without_effect_get_a_warning(void)
{
    struct reading *r =
        read_text("dimension: 2\ntrain: {decay: 0.5, decays: 3}\ndata: {samples: 10, pairs: p.npz}\n");
    CU_ASSERT_TRUE(r->model_good);
    CU_ASSERT_EQUAL(r->diag.warnings, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(diag_text(&r->diag), "warning: train.decay has no effect"));
    free_reading(r);
    r = read_text("dimension: 2\ntrain: {fall: 0.5, schedule: constant}\n"
                  "base: {kind: bnaf, fall: 0.5, schedule: step}\n");
    CU_ASSERT_EQUAL(r->diag.warnings, 2);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(diag_text(&r->diag),
               "warning: base.fall has no effect without 'base.schedule: cosine' or 'plateau'"));
    free_reading(r);
    r = read_text("dimension: 2\ntrain: {fall: 0.5}\nbase: {kind: bnaf, fall: 0.5, schedule: plateau}\n");
    CU_ASSERT_EQUAL(r->diag.warnings, 0);
    free_reading(r);
    r = read_text("dimension: 2\ntrain: {decay: 0.5, decays: 3, schedule: step}\n");
    CU_ASSERT_EQUAL(r->diag.warnings, 0);
    free_reading(r);
}

/* Conflicts between keys are reported together with errors of single keys, unless a faulty key is their
 * cause. */
static void all_faults_are_told_in_one_run(void)
{
    struct reading *r =
        read_text("dimension: 2\nflow: {steps: 0}\ntarget: {lanes: 3}\npenalty: {kind: eulr, weight: 1}\n");
    CU_ASSERT_FALSE(r->spec_good || r->model_good);
    CU_ASSERT_EQUAL(r->diag.errors, 3);
    free_reading(r);
    r = read_text("dimension: 2\ndata: {source: moons}\nbse: {kind: mixture}\n");
    CU_ASSERT_FALSE(r->model_good);
    CU_ASSERT_EQUAL(r->diag.errors, 1);
    free_reading(r);
    r = read_text("dimension: 2\ntarget: {lanes: 3}\nflow: [\n"); /* the rest is unknown */
    CU_ASSERT_FALSE(r->model_good);
    CU_ASSERT_PTR_NULL(strstr(diag_text(&r->diag), "power of two"));
    free_reading(r);
}

static int is_spec(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static void check_spec_file(const char *name)
{
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    struct source source;
    const char *why;
    const char *path = check_path(arena_printf(arena, "specs/%s", name));
    CU_ASSERT_EQUAL_FATAL(source_read(arena, path, 1 << 20, &source, &why), SOURCE_OK);
    const struct reading *r = read_bytes(name, source.text, source.length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_TRUE(r->model_good);
    CU_ASSERT_STRING_EQUAL(diag_text(&r->diag), "");
    free_reading(r);
    arena_free(arena);
}

/* The manual's own specs have no fault and no key without effect. */
static void reference_specs_are_models(void)
{
    struct dirent **entries;
    const int n = scandir(check_path("specs"), &entries, is_spec, alphasort);
    CU_ASSERT_TRUE_FATAL(n > 0);
    for (int i = 0; i < n; i++) {
        check_spec_file(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static const struct check_case cases[] = {
    {"model is what the spec says", model_is_what_the_spec_says},
    {"default model", default_model},
    {"parameters are stored one after another", parameters_are_stored_one_after_another},
    {"outputs of the last layer", outputs_of_the_last_layer},
    {"limits match those of the ir", limits_match_those_of_the_ir},
    {"dimension one has no weights", dimension_one_has_no_weights},
    {"conflicting values are refused", conflicting_values_are_refused},
    {"keys without effect get a warning", keys_without_effect_get_a_warning},
    {"all faults are told in one run", all_faults_are_told_in_one_run},
    {"reference specs are models", reference_specs_are_models},
};

int main(void)
{
    return check_main("model", cases, CHECK_COUNT(cases));
}
