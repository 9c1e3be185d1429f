/* SPDX-License-Identifier: MIT
 *
 * The commands of a trainer that has a base flow, fitted or trained first. */
#include "files/npz.h"
#include "unit/runtime/command/fake_trainer.h"

#include <math.h>
#include <signal.h>
#include <zip.h>

/* ---- with a base flow ---------------------------------------------------------------------------------- */

#define WITH_BASE "data.source=eight_gaussians,data.samples=2000,base.kind=mixture,train.rate=0.02"

static void base_flow_is_part_of_the_model(void)
{
    enum { N = 100 };
    static double x[2 * N];
    set_up();
    json_t *json = run_json(FAKE_SINGLE2, WITH_BASE, "train --out @run --epochs 5 --seed 77 --json");
    /* Eight Gaussians that hardly overlap have the entropy log 8 + 1 + log(2 pi sigma^2); sigma^2 is 1/8. */
    const double likelihood = number(json, "base_nll_test");
    CU_ASSERT_DOUBLE_EQUAL(likelihood, 1 + log(2 * M_PI), 0.1);
    double trained = number(json_object_get(json, "evaluation"), "cost_after");
    json_decref(json);
    json = run_json(FAKE_SINGLE2, WITH_BASE, "evaluate @run/model.safetensors --json");
    CU_ASSERT_EQUAL(number(json, "cost_after"), trained); /* the same samples, though the spec's seed is 1 */
    CU_ASSERT_EQUAL(number(json, "samples"), 400);
    CU_ASSERT_DOUBLE_EQUAL(number(json, "nll_before"), likelihood, 1e-5);
    CU_ASSERT_TRUE(isfinite(number(json, "nll_after")));
    json_decref(json);
    for (int i = 0; i < 2 * N; i++)
        x[i] = 3 * sin(i);
    write_npy("x.npy", 8, N, 2, x);
    expect(FAKE_SINGLE2, WITH_BASE, "apply @run/model.safetensors @x.npy @s.npy --from data", 0, "");
    expect(FAKE_SINGLE2, WITH_BASE, "invert @run/model.safetensors @s.npy @back.npy --to data", 0, "");
    expect(FAKE_SINGLE2, WITH_BASE, "invert @run/model.safetensors @s.npy @y.npy --to latent", 0, "");
    float *back = read_npy("back.npy", N, 2), *y = read_npy("y.npy", N, 2);
    for (int i = 0; i < 2 * N; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)back[i], x[i], 1e-4);
    CU_ASSERT_TRUE(fabs((double)y[0] - x[0]) + fabs((double)y[1] - x[1]) > 1e-3);
    free(back);
    free(y);
    struct outcome outcome = run(FAKE_SINGLE2, WITH_BASE, "train --out @run --epochs 2");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "mixture of 8 Gaussians"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "negative log-likelihood, nats"));
    outcome_free(&outcome);
    expect(FAKE_SINGLE2, WITH_BASE, "resume @run --quiet", 0, "");
    scratch_remove(&scratch);
}

/* ---- with a base flow that is trained first ------------------------------------------------------------ */

#define WITH_BNAF                                                                                            \
    "data.source=moons,data.samples=600,base.kind=bnaf,base.epochs=6,base.batch=60,base.rate=0.02,"          \
    "train.rate=0.02,train.batch=60,base.tolerance=1e-5"

/* Lines of the metrics: so many of the base, then of the flow. */
static void stages_in(const char *name, int base, int flow)
{
    char *text = scratch_read(in_folder(name), NULL);
    int found[2] = {0, 0};
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *json = json_loads(line, 0, NULL);
        const char *stage = json_string_value(json_object_get(json, "stage"));
        const bool of_flow = strcmp(stage, "flow") == 0;
        CU_ASSERT_TRUE(of_flow || (strcmp(stage, "base") == 0 && found[1] == 0));
        CU_ASSERT_EQUAL(json_object_get(json, "nll") == NULL, of_flow);
        found[of_flow]++;
        json_decref(json);
    }
    CU_ASSERT_EQUAL(found[0], base);
    CU_ASSERT_EQUAL(found[1], flow);
    free(text);
}

static void two_stages_write_one_folder(void)
{
    set_up();
    json_t *json = run_json(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 5 --json");
    const json_t *base = json_object_get(json, "base");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(base, "kind")), "bnaf");
    CU_ASSERT_EQUAL(number(base, "step"), 48);
    CU_ASSERT_EQUAL(number(base, "parameters"), 4);
    CU_ASSERT_DOUBLE_EQUAL(number(base, "nll"), number(json, "base_nll_test"), 1e-5);
    CU_ASSERT_EQUAL(number(json, "step"), 40);
    json_decref(json);
    CU_ASSERT_TRUE(scratch_there(in_folder("run/base.safetensors")));
    CU_ASSERT_TRUE(scratch_there(in_folder("run/model.safetensors")));
    CU_ASSERT_TRUE(scratch_there(in_folder("run/checkpoint.safetensors")));
    CU_ASSERT_FALSE(scratch_there(in_folder("run/base_checkpoint.safetensors")));
    stages_in("run/metrics.jsonl", 7, 6);
    (void)setenv("COLUMNS", "1000", 1); /* no line breaks within what is looked for */
    struct outcome outcome = run(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 5 --base-epochs 3");
    (void)unsetenv("COLUMNS");
    static const char *const parts[] = {"base flow fake base, exp(l) x + b, single",
                                        "432 training samples, 48 for validation, 120 for the test",
                                        "3 epochs of 8 steps",
                                        "negative log-likelihood",
                                        "flow      fake, W y + b, single",
                                        "432 training pairs",
                                        "5 epochs of 8 steps",
                                        "transport cost"};
    for (size_t i = 0; i < CHECK_COUNT(parts); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, parts[i]));
    outcome_free(&outcome);
    CU_ASSERT_TRUE(scratch_there(in_folder("run/base.safetensors.old")));
    stages_in("run/metrics.jsonl", 4, 6);
    scratch_remove(&scratch);
}

static void a_base_flow_is_reused(void)
{
    set_up();
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 5 --quiet", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @two --epochs 5 --quiet --base @run/base.safetensors", 0,
           "");
    stages_in("two/metrics.jsonl", 0, 6);
    same_files("run/model.safetensors", "two/model.safetensors");
    CU_ASSERT_FALSE(scratch_there(in_folder("two/base.safetensors")));
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 5 --quiet --base @run/model.safetensors", 0,
           "");
    same_files("run/model.safetensors", "two/model.safetensors");
    CU_ASSERT_TRUE(scratch_there(in_folder("run/base.safetensors"))); /* it is not this training's to move */
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @three --epochs 1 --quiet --init @two/model.safetensors", 0,
           "");
    stages_in("three/metrics.jsonl", 0, 2);
    expect(FAKE_SINGLE2, "", "train --out @four --data @pairs.npz --base @run/base.safetensors", 2,
           "contains no base flow: no tensor 'base.weights'");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @five --data @pairs.npz --base @run/base.safetensors", 2,
           "pairs.npz has y = f(x)");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @five --base-epochs 3 --base @run/base.safetensors", 2,
           "no base flow to train");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @five --base-epochs 3 --data @pairs.npz", 2,
           "no base flow to train");
    expect(FAKE_SINGLE2, "base.kind=mixture", "train --out @five --init @run/model.safetensors", 2,
           "made for another base flow");
    expect(FAKE_SINGLE2, "base.kind=mixture", "evaluate @run/model.safetensors", 2,
           "base.kind is bnaf there and mixture here");
    expect(FAKE_SINGLE2, "", "evaluate @run/model.safetensors --data @pairs.npz", 0, "");
    CU_ASSERT_FALSE(scratch_there(in_folder("five")));
    expect(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/base.safetensors", 2, "flow.layer0.weight");
    scratch_remove(&scratch);
}

/* A base flow of a plain file: there is a warning if it neither fits the data's units nor says its own. */
static void missing_standardisation_is_reported(void)
{
    enum { N = 200 };
    static const struct {
        const char *base, *data;
        bool warns;
    } rows[] = {{"plain", "far", true}, {"plain", "near", false}, {"standardised", "far", false}};
    static double near[2 * N], far[2 * N];
    set_up();
    for (int i = 0; i < 2 * N; i++) {
        near[i] = sin(i) + sin(1.7 * i);
        far[i] = 50 + 20 * near[i];
    }
    write_npy("near.npy", 8, N, 2, near);
    write_npy("far.npy", 8, N, 2, far);
    expect(FAKE_SINGLE2, WITH_BNAF ",data.standardise=no",
           "train --data @near.npy --out @plain --epochs 1 --base-epochs 60 --quiet", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "train --data @near.npy --out @standardised --epochs 1 --quiet", 0, "");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char words[200];
        (void)snprintf(words, sizeof words,
                       "train --out @run --epochs 1 --data @%s.npy --base @%s/base.safetensors", rows[i].data,
                       rows[i].base);
        struct outcome outcome = run(FAKE_SINGLE2, WITH_BNAF, words);
        CU_ASSERT_EQUAL(strstr(outcome.err, "has no standardisation") != NULL, rows[i].warns);
        outcome_free(&outcome);
    }
    scratch_remove(&scratch);
}

static void noise_makes_pairs(void)
{
    set_up();
    json_t *json =
        run_json(FAKE_SINGLE2, WITH_BNAF ",flow.train_on=noise", "train --out @run --epochs 5 --json");
    json_t *again = run_json(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/model.safetensors --json");
    CU_ASSERT_EQUAL(number(json, "samples_train"), 432);
    /* what is reported at the end is measured on data */
    CU_ASSERT_EQUAL(number(json_object_get(json, "evaluation"), "cost_after"), number(again, "cost_after"));
    CU_ASSERT_NOT_EQUAL(number(json, "best_cost"), number(again, "cost_after"));
    json_decref(json);
    json_decref(again);
    expect(FAKE_SINGLE2, WITH_BNAF ",flow.train_on=noise", "resume @run --quiet", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "resume @run --quiet", 2, "no longer contains the data");
    scratch_remove(&scratch);
}

static void evaluate_measures_the_base(void)
{
    static const char *const keys[] = {"nll_before",
                                       "nll_after",
                                       "base_roundtrip_max",
                                       "base_not_converged",
                                       "base_far_roundtrip_max",
                                       "base_far_not_converged",
                                       "integral_before",
                                       "integral_after"};
    set_up();
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 1 --quiet", 0, "");
    json_t *json = run_json(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/model.safetensors --json");
    for (size_t i = 0; i < CHECK_COUNT(keys); i++)
        CU_ASSERT_TRUE(json_is_number(json_object_get(json, keys[i])));
    CU_ASSERT_TRUE(number(json, "base_roundtrip_max") < 1e-5);
    CU_ASSERT_EQUAL(number(json, "base_not_converged"), 0);
    json_decref(json);
    struct outcome outcome = run(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/model.safetensors");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "integral of the density"));
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "10 standard deviations out"));
    outcome_free(&outcome);
    json = run_json(FAKE_SINGLE2, WITH_BNAF, "bench --stage base --seconds 0.02 --json");
    CU_ASSERT_EQUAL(number(json, "flop_per_step"), 6e7);
    json_decref(json);
    expect(FAKE_SINGLE2, "", "bench --stage base", 2, "not trained in steps");
    expect(FAKE_SINGLE2, "", "bench --stage bas", 2, "found 'bas'");
    json = run_json(FAKE_SINGLE2, WITH_BNAF, "info --json");
    CU_ASSERT_EQUAL(number(json_object_get(json, "base"), "parameters"), 4);
    json_decref(json);
    outcome = run(FAKE_SINGLE2, WITH_BNAF, "info");
    CU_ASSERT_PTR_NOT_NULL(strstr(outcome.out, "base.block0.log_scale"));
    outcome_free(&outcome);
    scratch_remove(&scratch);
}

/* Data far from N(0, I), so that they are standardised: every part of the map, there and back, and the parts
 * one after another are the whole. */
static void each_part_maps_there_and_back(void)
{
    enum { N = 1000 };
    static double x[2 * N];
    static const struct {
        const char *there, *back, *out, *result;
    } steps[] = {
        {"apply @run/model.safetensors @x.npy @y.npy --part base",
         "invert @run/model.safetensors @y.npy @back.npy --part base", "y.npy", "x"},
        {"apply @run/base.safetensors @x.npy @y.npy --part base",
         "invert @run/base.safetensors @y.npy @back.npy --part=base", "y.npy", "x"},
        {"apply @run/model.safetensors @y.npy @s.npy --part flow",
         "invert @run/model.safetensors @s.npy @back.npy", "s.npy", "y"},
        {"apply @run/model.safetensors @x.npy @whole.npy --from data",
         "invert @run/model.safetensors @whole.npy @back.npy --part both --to data", "whole.npy", "x"},
    };
    set_up();
    for (int i = 0; i < 2 * N; i++)
        x[i] = 1000 + (i % 2 == 0 ? 20 : 0.5) * random_normal(1, 2, (uint64_t)i);
    write_npy("x.npy", 8, N, 2, x);
    expect(FAKE_SINGLE2, WITH_BNAF, "train --data @x.npy --out @run --epochs 5 --quiet", 0, "");
    for (size_t k = 0; k < CHECK_COUNT(steps); k++) {
        expect(FAKE_SINGLE2, WITH_BNAF, steps[k].there, 0, "");
        expect(FAKE_SINGLE2, WITH_BNAF, steps[k].back, 0, "");
        float *back = read_npy("back.npy", N, 2),
              *from = steps[k].result[0] == 'x' ? NULL : read_npy("y.npy", N, 2);
        for (int i = 0; i < 2 * N; i++)
            CU_ASSERT_DOUBLE_EQUAL((double)back[i], from != NULL ? (double)from[i] : x[i],
                                   from != NULL ? 1e-5 : 1e-3);
        free(back);
        free(from);
    }
    float *s = read_npy("s.npy", N, 2), *whole = read_npy("whole.npy", N, 2), *y = read_npy("y.npy", N, 2);
    double square = 0;
    for (int i = 0; i < 2 * N; i++) {
        CU_ASSERT_EQUAL(s[i], whole[i]);
        square += (double)y[i] * (double)y[i] / (2 * N);
    }
    CU_ASSERT_TRUE(square > 0.7 && square < 1.4);
    free(s);
    free(whole);
    free(y);
    json_t *json = run_json(FAKE_SINGLE2, WITH_BNAF, "evaluate @run/model.safetensors --data @x.npy --json");
    CU_ASSERT_TRUE(fabs(number(json, "nll_before") - (1 + log(2 * M_PI) + log(20 * 0.5))) <
                   0.3); /* of raw data */
    json_decref(json);
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @s.npy --part base --from data", 2,
           "contradict");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @s.npy --part none", 2,
           "found 'none'");
    expect(FAKE_SINGLE2, "", "apply @run/model.safetensors @x.npy @s.npy --part base", 2, "no base flow");
    scratch_remove(&scratch);
}

/* So far out that floats next to each other are 128 apart, many deviations; more rows than are mapped at
 * once. */
static void data_may_be_finer_than_single_precision(void)
{
    enum { N = 9000 };
    static double x[2 * N];
    set_up();
    for (int i = 0; i < 2 * N; i++)
        x[i] = 1.7e9 + random_normal(1, 2, (uint64_t)i);
    write_npy("x.npy", 8, N, 2, x);
    expect(FAKE_SINGLE2, WITH_BNAF, "train --data @x.npy --out @run --epochs 2 --quiet", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @y.npy --part base", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @y.npy @s.npy", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @whole.npy --part both", 0, "");
    same_files("s.npy", "whole.npy");
    float *y = read_npy("y.npy", N, 2);
    double square = 0;
    for (int i = 0; i < N; i++) {
        square += (double)y[2 * i] * (double)y[2 * i] / N;
        CU_ASSERT_TRUE(i == 0 || y[2 * i] != y[2 * i - 2]);
    }
    CU_ASSERT_TRUE(square > 0.5 && square < 2);
    free(y);
    static const char *const ways[] = {"invert @run/model.safetensors @y.npy @back.npy --part base",
                                       "invert @run/model.safetensors @s.npy @back.npy --part both"};
    for (size_t k = 0; k < CHECK_COUNT(ways); k++) {
        expect(FAKE_SINGLE2, WITH_BNAF, ways[k], 0, "");
        double *back = read_npy_as(sizeof *back, "back.npy", N, 2);
        for (int i = 0; i < 2 * N; i++)
            CU_ASSERT_DOUBLE_EQUAL(back[i], x[i], 1e-3);
        free(back);
    }
    scratch_remove(&scratch);
}

/* x of "pairs.npz" with labels 0, 1, 2, 0, ... in an .npz. */
static void write_labelled(const char *name, const double *x, int64_t n)
{
    static unsigned char labels[256]; /* header of 128 bytes, then one byte each */
    char header[128];
    zip_t *zip = zip_open(in_folder(name), ZIP_CREATE | ZIP_TRUNCATE, NULL);
    CU_ASSERT_TRUE_FATAL(zip != NULL && n <= 128);
    write_npy("x.npy", 8, n, 2, x);
    (void)snprintf(header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }",
                   (int)n);
    memcpy(labels, "\x93NUMPY\x01\x00\x76\x00", 10);
    (void)snprintf((char *)labels + 10, 119, "%-117.117s\n", header);
    for (int64_t i = 0; i < n; i++)
        labels[128 + i] = (unsigned char)(i % 3);
    CU_ASSERT_TRUE_FATAL(
        zip_file_add(zip, "x.npy", zip_source_file(zip, in_folder("x.npy"), 0, -1), 0) >= 0 &&
        zip_file_add(zip, "labels.npy", zip_source_buffer(zip, labels, 128 + (zip_uint64_t)n, 0), 0) >= 0 &&
        zip_close(zip) == 0);
}

/* An array [n] of an .npz. */
static void read_array(const char *name, const char *array, int64_t n, double out[])
{
    struct npz *npz;
    struct npy_reader *reader;
    struct fault fault = {0};
    int64_t got;
    CU_ASSERT_TRUE_FATAL(npz_open(&npz, in_folder(name), &fault) && npz_array(npz, array, &reader, &fault));
    CU_ASSERT_TRUE(npy_read_rows(reader, 8, n, out, &got, &fault) && got == n);
    npy_close(reader);
    npz_close(npz);
}

static void check_labelled(const char *name, const char *array, int64_t n, double out[])
{
    struct npz *npz;
    struct npy_reader *reader;
    struct fault fault = {0};
    int64_t labels[128], got;
    CU_ASSERT_TRUE_FATAL(npz_open(&npz, in_folder(name), &fault) && npz_array(npz, array, &reader, &fault));
    CU_ASSERT_TRUE(npy_read_rows(reader, 8, n, out, &got, &fault) && got == n);
    npy_close(reader);
    CU_ASSERT_TRUE_FATAL(npz_array(npz, "labels", &reader, &fault));
    CU_ASSERT_TRUE(npy_read_integers(reader, n, labels, &got, &fault) && got == n);
    for (int64_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(labels[i], i % 3);
    npy_close(reader);
    npz_close(npz);
}

static void labels_are_carried_along(void)
{
    enum { N = 100 };
    static double x[2 * N], out[2 * N];
    set_up();
    for (int i = 0; i < 2 * N; i++)
        x[i] = sin(i);
    write_labelled("in.npz", x, N);
    expect(FAKE_DOUBLE2, WITH_BNAF, "train --data @in.npz --out @run --epochs 1 --quiet", 0, "");
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @in.npz @s.npz --part both", 0, "");
    check_labelled("s.npz", "s", N, out);
    CU_ASSERT_FALSE(scratch_any(&scratch, ".s.npz."));
    expect(FAKE_DOUBLE2, WITH_BNAF, "invert @run/model.safetensors @s.npz @back.npz --part both", 0, "");
    check_labelled("back.npz", "x", N, out);
    for (int i = 0; i < 2 * N; i++)
        CU_ASSERT_DOUBLE_EQUAL(out[i], x[i], 1e-5);
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @in.npz @y.npy --part base", 0, "");
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @in.npz @out.npz", 2,
           "no array y; it contains x, labels");
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @in.npz @no/out.npz --part base", 1,
           "No such file");
    CU_ASSERT_FALSE(scratch_there(in_folder("out.npz")));
    CU_ASSERT_FALSE(scratch_there(in_folder("s.npz.rows")));
    CU_ASSERT_FALSE(scratch_there(in_folder("s.npz.rows.part")));
    scratch_remove(&scratch);
}

/* Row 0 has no image; the list, NaN and the exit status say so, and the rows are written whatever they
 * say. */
static void rows_that_fail_are_known(void)
{
    static const double rows[4] = {1e300, 0, 1, 2};
    set_up();
    expect(FAKE_DOUBLE2, WITH_BNAF, "train --out @run --epochs 1 --quiet", 0, "");
    write_npy("x.npy", 8, 2, 2, rows);
    expect(FAKE_DOUBLE2, WITH_BNAF,
           "invert @run/model.safetensors @x.npy @s.npy --part base --report @list.csv", 0,
           "1 of 2 rows failed: 1 out of range");
    double *s = read_npy_as(sizeof *s, "s.npy", 2, 2);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_TRUE(isfinite(s[i]));
    char *list = scratch_read(in_folder("list.csv"), NULL);
    CU_ASSERT_STRING_EQUAL(list, "row,error,reason\n0,1e+300,out of range\n");
    free(list);
    expect(FAKE_DOUBLE2, WITH_BNAF, "invert @run/model.safetensors @x.npy @n.csv --part base --nan --strict",
           1, "1 of 2 rows failed: 1 out of range");
    char *n = scratch_read(in_folder("n.csv"), NULL);
    double left = 0, right = 0;
    CU_ASSERT_EQUAL(sscanf(n, "x1,x2 nan,nan %lf,%lf", &left, &right), 2);
    CU_ASSERT_TRUE(left == s[2] && right == s[3]);
    free(n);
    free(s);
    scratch_remove(&scratch);
}

static void missing_numbers_may_stay_missing(void)
{
    static const double rows[4] = {1, 2, NAN, 1};
    set_up();
    expect(FAKE_DOUBLE2, WITH_BNAF, "train --out @run --epochs 1 --quiet", 0, "");
    write_npy("x.npy", 8, 2, 2, rows);
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @s.npy --part both", 2, "x.npy");
    expect(FAKE_DOUBLE2, WITH_BNAF,
           "apply @run/model.safetensors @x.npy @s.csv --part both --nan --report @list.csv", 0,
           "1 of 2 rows failed: 1 not finite");
    char *s = scratch_read(in_folder("s.csv"), NULL);
    double number = 0;
    CU_ASSERT_EQUAL(sscanf(s, "s1,s2 %lf,%lf nan,na%*1[n]", &number, &number), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(s, "\nnan,nan\n"));
    free(s);
    char *list = scratch_read(in_folder("list.csv"), NULL);
    CU_ASSERT_STRING_EQUAL(list, "row,error,reason\n1,inf,not finite\n");
    free(list);
    scratch_remove(&scratch);
}

/* ---- densities and samples ----------------------------------------------------------------------------- */

/* log |det| of an affine map of the plane, by its values at three points. */
static double log_area(const double *at)
{
    const double a = at[2] - at[0], b = at[3] - at[1], c = at[4] - at[0], d = at[5] - at[1];
    return log(fabs(a * d - b * c));
}

static double log_normal(const double *y)
{
    return -0.5 * (y[0] * y[0] + y[1] * y[1]) - log(2 * M_PI);
}

/* What "logdet.npy" has is also a column of text and an array of an .npz, and NaN there, too, where a row is;
 * an .npy has no place for it. */
static void log_determinants_are_beside_the_rows(void)
{
    enum { N = 5 };
    static const double rows[6] = {1, 0, NAN, 0, 0.5, 2};
    double from_array[N], *const logdet = read_npy_as(8, "logdet.npy", N, 1);
    write_npy("missing.npy", 8, 3, 2, rows);
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @s.npz --part both --logdet", 0, "");
    read_array("s.npz", "logdet", N, from_array);
    CU_ASSERT_EQUAL(memcmp(from_array, logdet, sizeof from_array), 0);
    expect(FAKE_DOUBLE2, WITH_BNAF,
           "apply @run/model.safetensors @missing.npy @s.csv --part both --logdet --nan", 0, "1 not finite");
    char *text = scratch_read(in_folder("s.csv"), NULL);
    double first = 0, third = 0;
    CU_ASSERT_EQUAL(sscanf(text, "s1,s2,logdet %*f,%*f,%lf nan,nan,nan %*f,%*f,%lf", &first, &third), 2);
    CU_ASSERT_DOUBLE_EQUAL(first, logdet[0], 1e-12); /* of an affine map */
    CU_ASSERT_DOUBLE_EQUAL(third, logdet[0], 1e-12);
    free(text);
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @new.npy --part both --logdet", 2,
           "an .npy has no place for a logdet of each row");
    CU_ASSERT_FALSE(scratch_there(in_folder("new.npy")));
    free(logdet);
}

/* f and s of the fake trainer are affine: their densities follow from where three points go. */
static void densities_are_those_of_the_map(void)
{
    enum { N = 5 };
    static const double x[2 * N] = {0, 0, 1, 0, 0, 1, -2, 0.5, 1.5, 3};
    static double far[2 * 300];
    set_up();
    for (int i = 0; i < 600; i++)
        far[i] = (i % 2 == 0 ? 20 : 3) * random_normal(1, 2, (uint64_t)i) + 7;
    write_npy("far.npy", 8, 300, 2, far);
    write_npy("x.npy", 8, N, 2, x);
    expect(FAKE_DOUBLE2, WITH_BNAF, "train --data @far.npy --out @run --epochs 9 --quiet", 0, "");
    expect(FAKE_DOUBLE2, WITH_BNAF, "apply @run/model.safetensors @x.npy @y.npy --part base", 0, "");
    expect(FAKE_DOUBLE2, WITH_BNAF,
           "apply @run/model.safetensors @x.npy @s.npy --part both --logdet=@logdet.npy", 0, "");
    log_determinants_are_beside_the_rows();
    expect(FAKE_DOUBLE2, WITH_BNAF, "density @run/model.safetensors @x.npy @p.npy", 0, "");
    expect(FAKE_DOUBLE2, WITH_BNAF, "density @run/base.safetensors @x.npy @base.npy --part base", 0, "");
    expect(FAKE_DOUBLE2, WITH_BNAF, "density @run/model.safetensors @x.npy @p.csv", 0, "");
    double *y = read_npy_as(8, "y.npy", N, 2), *s = read_npy_as(8, "s.npy", N, 2);
    double *p = read_npy_as(8, "p.npy", N, 2), *base = read_npy_as(8, "base.npy", N, 1);
    double *logdet = read_npy_as(8, "logdet.npy", N, 1);
    for (int i = 0; i < N; i++) {
        CU_ASSERT_DOUBLE_EQUAL(p[2 * i], log_normal(y + 2 * i) + log_area(y), 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(p[2 * i + 1], log_normal(s + 2 * i) + log_area(s), 1e-9);
        CU_ASSERT_EQUAL(base[i], p[2 * i]);
        CU_ASSERT_DOUBLE_EQUAL(logdet[i], log_area(s), 1e-9);
    }
    CU_ASSERT_TRUE(fabs(log_area(s) - log_area(y)) > 1e-3); /* s takes part */
    char *text = scratch_read(in_folder("p.csv"), NULL);
    CU_ASSERT_TRUE(strncmp(text, "log_p_f,log_p_s\n", 16) == 0);
    free(text);
    free(y);
    free(s);
    free(p);
    free(base);
    free(logdet);
    expect(FAKE_DOUBLE2, WITH_BNAF, "density @run/model.safetensors @x.npy @p.npy --part flow", 2,
           "expected 'base' or 'both'");
    scratch_remove(&scratch);
}

/* The means of the lines are what evaluate prints, and each likelihood is that of density. */
static void each_row_is_measured(void)
{
    enum { N = 120, COLUMNS = 12 };
    static const char *const keys[] = {"cost_before", "cost_after", "energy",
                                       NULL,          "nll_before", "nll_after"};
    static double x[2 * N];
    set_up();
    expect(FAKE_DOUBLE2, WITH_BNAF, "train --out @run --epochs 3 --quiet", 0, "");
    json_t *json =
        run_json(FAKE_DOUBLE2, WITH_BNAF, "evaluate @run/model.safetensors --json --rows @rows.npy");
    double *rows = read_npy_as(8, "rows.npy", N, COLUMNS);
    for (int k = 0; k < 6; k++) {
        double mean = 0;
        for (int i = 0; i < N; i++)
            mean += rows[i * COLUMNS + 6 + k] / N;
        if (keys[k])
            CU_ASSERT_DOUBLE_EQUAL(mean, number(json, keys[k]), 1e-7);
    }
    for (int i = 0; i < 2 * N; i++)
        x[i] = rows[i / 2 * COLUMNS + i % 2];
    write_npy("x.npy", 8, N, 2, x);
    expect(FAKE_DOUBLE2, WITH_BNAF, "density @run/model.safetensors @x.npy @p.npy", 0, "");
    double *p = read_npy_as(8, "p.npy", N, 2);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 2; k++)
            CU_ASSERT_DOUBLE_EQUAL(rows[i * COLUMNS + 10 + k], -p[2 * i + k], 1e-8);
    json_decref(json);
    free(rows);
    free(p);
    scratch_remove(&scratch);
}

/* Weights of a column, from the look to the table: the means of the lines by weight are what is printed; and
 * the column is none of x, whether its weights matter or not. */
static void weights_reach_every_command(void)
{
    enum { N = 40, COLUMNS = 13 };
    static char text[20000];
    int length = sprintf(text, "a,w,b\n");
    for (int i = 0; i < 250; i++)
        length += sprintf(text + length, "%.3f,%d,%.3f\n", sin(i), i % 5, cos(3 * i));
    set_up();
    CU_ASSERT_TRUE_FATAL(scratch_write(in_folder("a.csv"), text, (size_t)length));
    json_t *json = run_json(FAKE_DOUBLE2, WITH_BNAF, "check @a.csv --weights w --json");
    CU_ASSERT_TRUE(number(json, "rows") == 200 && number(json, "rows_weightless") == 50);
    CU_ASSERT_DOUBLE_EQUAL(number(json, "effective_rows"), 200 * 10. / 12, 0.1);
    json_decref(json);
    json = run_json(FAKE_DOUBLE2, WITH_BNAF, "train --out @run --epochs 3 --data @a.csv --weights w --json");
    CU_ASSERT_EQUAL(number(json, "rows_weightless"), 50);
    CU_ASSERT_TRUE(number(json, "effective_train") > 100 && number(json, "effective_train") < 150);
    json_decref(json);
    json =
        run_json(FAKE_DOUBLE2, WITH_BNAF, "evaluate @run --json --data @a.csv --weights w --rows @rows.npy");
    double *const rows = read_npy_as(8, "rows.npy", N, COLUMNS), cost = 0, sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        const double weight = rows[i * COLUMNS + COLUMNS - 1];
        sum += weight;
        squares += weight * weight;
        cost += weight * rows[i * COLUMNS + 7];
    }
    CU_ASSERT_DOUBLE_EQUAL(number(json, "cost_after"), cost / sum, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(number(json, "effective_samples"), sum * sum / squares, 1e-3);
    json_decref(json);
    free(rows);
    expect(FAKE_DOUBLE2, WITH_BNAF, "density @run @a.csv @p.npy --weights w", 0, "");
    free(read_npy_as(8, "p.npy", 250, 2));
    expect(FAKE_DOUBLE2, WITH_BNAF ",data.weights=w", "apply @run @a.csv @s.npy --part both", 0, "");
    free(read_npy_as(8, "s.npy", 250, 2));
    expect(FAKE_DOUBLE2, WITH_BNAF, "density @run @a.csv @p.npy", 2, "3 columns");
    scratch_remove(&scratch);
}

static void samples_are_what_the_map_makes_of_noise(void)
{
    enum { N = 40000 };
    set_up();
    expect(FAKE_SINGLE2, WITH_BNAF, "train --out @run --epochs 3 --quiet", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "sample @run/model.safetensors 40000 @a.npy --seed 5 --threads 1", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "sample @run/model.safetensors 40000 @b.npy --seed 5 --threads 3", 0, "");
    same_files("a.npy", "b.npy");
    expect(FAKE_SINGLE2, WITH_BNAF, "sample @run/model.safetensors 100 @few.npy --seed 5", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "sample @run/model.safetensors 100 @other.npy --seed 6", 0, "");
    expect(FAKE_SINGLE2, WITH_BNAF, "apply @run/model.safetensors @a.npy @z.npy --part both", 0, "");
    double *a = read_npy_as(8, "a.npy", N, 2), *few = read_npy_as(8, "few.npy", 100, 2);
    double *other = read_npy_as(8, "other.npy", 100, 2), *z = read_npy_as(8, "z.npy", N, 2);
    CU_ASSERT_EQUAL(memcmp(a, few, 200 * sizeof *a), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(few, other, 200 * sizeof *a), 0);
    double sum[5] = {0};
    for (int i = 0; i < N; i++) {
        const double v[5] = {z[2 * i], z[2 * i + 1], z[2 * i] * z[2 * i], z[2 * i + 1] * z[2 * i + 1],
                             z[2 * i] * z[2 * i + 1]};
        for (int k = 0; k < 5; k++)
            sum[k] += v[k] / N;
    }
    for (int k = 0; k < 5; k++) /* four standard errors; 2 is the variance of a square */
        CU_ASSERT_DOUBLE_EQUAL(sum[k], k == 2 || k == 3, 4 * sqrt((k == 2 || k == 3 ? 2.0 : 1.0) / N));
    free(a);
    free(few);
    free(other);
    free(z);
    expect(FAKE_SINGLE2, WITH_BNAF, "sample @run/model.safetensors some @a.npy", 2, "found 'some'");
    expect(FAKE_SINGLE2, WITH_BNAF, "sample @run/model.safetensors 0 @a.npy", 2, "found '0'");
    scratch_remove(&scratch);
}

#define LONG_BASE WITH_BNAF ",base.epochs=40,base.batch=10,train.checkpoint_steps=30,train.evaluate_steps=5"

/* Interrupted in the base flow's training; both are as they would have been. */
static void stop_base_and_resume(const char *folder, int signal_number, int code)
{
    char words[256], name[64];
    (void)snprintf(words, sizeof words, "train --out @%s --epochs 3 --threads 1", folder);
    (void)snprintf(name, sizeof name, "%s/metrics.jsonl", folder);
    (void)setenv(FAKE_SLOW, "1", 1);
    pid_t child = start(FAKE_SINGLE2, LONG_BASE, words);
    (void)unsetenv(FAKE_SLOW);
    wait_for_metrics(name, 5000);
    CU_ASSERT_EQUAL(kill(child, signal_number), 0);
    struct outcome outcome = finish(child);
    CU_ASSERT_EQUAL(outcome.code, code);
    if (code < 1000)
        CU_ASSERT_PTR_NOT_NULL(
            strstr(outcome.err, "of the base flow, everything is saved; continue with: ./fake resume "));
    outcome_free(&outcome);
    (void)snprintf(name, sizeof name, "%s/checkpoint.safetensors", folder);
    CU_ASSERT_FALSE(scratch_there(in_folder(name)));
    (void)snprintf(words, sizeof words, "resume @%s --quiet --threads 3", folder);
    expect(FAKE_SINGLE2, LONG_BASE, words, 0, "");
    (void)snprintf(name, sizeof name, "%s/base.safetensors", folder);
    same_files("whole/base.safetensors", name);
    (void)snprintf(name, sizeof name, "%s/model.safetensors", folder);
    same_files("whole/model.safetensors", name);
    (void)snprintf(name, sizeof name, "%s/metrics.jsonl", folder);
    stages_in(name, 353, 6);
}

static void interrupted_base_flows_continue(void)
{
    set_up();
    expect(FAKE_SINGLE2, LONG_BASE, "train --out @whole --epochs 3 --quiet", 0, "");
    stages_in("whole/metrics.jsonl", 353, 6);
    stop_base_and_resume("int", SIGINT, 130);
    stop_base_and_resume("term", SIGTERM, 143);
    stop_base_and_resume("kill", SIGKILL, 1000 + SIGKILL);
    /* killed when the flow's first checkpoint was there and the base's not yet gone */
    expect(FAKE_SINGLE2, LONG_BASE, "resume @kill", 0, "");
    expect(FAKE_SINGLE2, LONG_BASE ",train.rate=0.5", "resume @kill", 0, "train.rate was 0.02 and is 0.5");
    scratch_remove(&scratch);
}

static void a_base_flow_that_diverges_is_reported(void)
{
    static double x[80];
    set_up();
    for (int i = 0; i < 80; i++)
        x[i] = i % 2 == 0 ? 1e19 * (1 + 0.01 * i) : i;
    write_npy("wild.npy", 8, 40, 2, x);
    expect(FAKE_SINGLE2, WITH_BNAF ",data.standardise=no", "train --data @wild.npy --out @run", 1,
           "a lower base.rate or setting base.clip may help");
    CU_ASSERT_TRUE(scratch_there(in_folder("run/base_checkpoint.safetensors")));
    CU_ASSERT_FALSE(scratch_there(in_folder("run/base_checkpoint.safetensors.part")));
    scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"base flow is part of the model", base_flow_is_part_of_the_model},
        {"two stages write one folder", two_stages_write_one_folder},
        {"a base flow is reused", a_base_flow_is_reused},
        {"missing standardisation is reported", missing_standardisation_is_reported},
        {"noise makes pairs", noise_makes_pairs},
        {"evaluate measures the base", evaluate_measures_the_base},
        {"each part maps there and back", each_part_maps_there_and_back},
        {"data may be finer than single precision", data_may_be_finer_than_single_precision},
        {"labels are carried along", labels_are_carried_along},
        {"rows that fail are known", rows_that_fail_are_known},
        {"missing numbers may stay missing", missing_numbers_may_stay_missing},
        {"densities are those of the map", densities_are_those_of_the_map},
        {"each row is measured", each_row_is_measured},
        {"weights reach every command", weights_reach_every_command},
        {"samples are what the map makes of noise", samples_are_what_the_map_makes_of_noise},
        {"interrupted base flows continue", interrupted_base_flows_continue},
        {"a base flow that diverges is reported", a_base_flow_that_diverges_is_reported},
    };
    return fake_trainer_main(argc, argv, "command base", cases, CHECK_COUNT(cases));
}
