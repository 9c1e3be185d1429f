/* SPDX-License-Identifier: MIT */
#include "command/report.h"

#include "command/columns.h"
#include "command/command.h"
#include "command/report_look.h"
#include "ground/human.h"
#include "ground/json_make.h"
#include "ground/text.h"
#include "kernels/settings.h"

#include <math.h>
#include <string.h>

void report_flow(const struct gpfc_bundle *bundle, char *room, size_t bytes)
{
    (void)snprintf(room, bytes, "%s, %s", bundle->description, setting_text(bundle, SETTING_precision));
}

/* ---- evaluation ---------------------------------------------------------------------------------------- */

static void row(FILE *out, const char *what, double before, double after)
{
    struct human left, right;
    columns_row(out, what, human_number(&left, before), human_number(&right, after));
}

void report_evaluation(FILE *out, const struct gpfc_evaluation *e)
{
    struct human samples;
    char on[64];
    (void)snprintf(on, sizeof on, "on %s sample%s", human_count(&samples, e->samples), plural(e->samples));
    columns_row(out, on, "before", "after");
    if (e->weighted)
        (void)fprintf(out, "    of different weights, as good as %s of equal ones\n",
                      human_count(&samples, (int64_t)e->effective));
    row(out, e->standardised ? "transport cost, standardised units" : "transport cost, data's units",
        e->cost_before, e->cost_after);
    if (!isnan(e->nll_before))
        row(out, "negative log-likelihood, nats", e->nll_before, e->nll_after);
    if (e->nll_before < 0)
        (void)fputs("    below 0: a density may exceed 1 where data are dense in their units\n", out);
    row(out, "energy of the paths", NAN, e->energy);
    if (e->penalty != 0)
        row(out, "Euler penalty", NAN, e->penalty);
    row(out, "density error |delta|, mean", NAN, e->density_error_mean);
    row(out, "density error |delta|, largest", NAN, e->density_error_max);
    row(out, "round trip |s^-1(s(y)) - y|, largest", NAN, e->roundtrip_max);
    columns_row(out, "time steps", "-", human_count(&samples, e->time_steps));
    row(out, "largest |mean|", e->mean_before_max, e->mean_max);
    row(out, "largest |covariance - I|", e->covariance_error_before_max, e->covariance_error_max);
}

json_t *report_evaluation_json(const struct gpfc_evaluation *e)
{
    json_t *json = json_object();
    json_put_number(&json, "cost_before", e->cost_before);
    json_put_number(&json, "cost_after", e->cost_after);
    json_put_number(&json, "energy", e->energy);
    json_put_number(&json, "penalty", e->penalty);
    json_put_number(&json, "density_error_mean", e->density_error_mean);
    json_put_number(&json, "density_error_max", e->density_error_max);
    json_put_number(&json, "roundtrip_max", e->roundtrip_max);
    json_put_number(&json, "mean_max", e->mean_max);
    json_put_number(&json, "covariance_error_max", e->covariance_error_max);
    json_put_count(&json, "time_steps", e->time_steps);
    json_put_count(&json, "samples", e->samples);
    if (e->weighted)
        json_put_number(&json, "effective_samples", e->effective);
    if (!isnan(e->nll_before)) {
        json_put_number(&json, "nll_before", e->nll_before);
        json_put_number(&json, "nll_after", e->nll_after);
    }
    return json;
}

/* "f^-1(f(x)) - x, largest   1e-7", and how many rows are not in it. */
static void trip_row(FILE *out, const char *what, const struct base_trip *trip)
{
    struct human samples, failed;
    row(out, what, NAN, trip->roundtrip_max);
    if (trip->not_converged == trip->samples)
        (void)fprintf(out, "    none of %s rows converged\n", human_count(&samples, trip->samples));
    else if (trip->not_converged > 0)
        (void)fprintf(out, "    except %s of %s rows, which did not converge\n",
                      human_count(&failed, trip->not_converged), human_count(&samples, trip->samples));
}

void report_base(FILE *out, const struct base_evaluation *e)
{
    if (!isnan(e->integral_before))
        row(out, "integral of the density", e->integral_before, e->integral_after);
    trip_row(out, "round trip |f^-1(f(x)) - x|, largest", &e->near);
    trip_row(out, "same, 10 standard deviations out", &e->far);
}

void report_base_json(json_t **json, const struct base_evaluation *e)
{
    json_put_number(json, "base_roundtrip_max", e->near.roundtrip_max);
    json_put_count(json, "base_not_converged", e->near.not_converged);
    json_put_count(json, "base_samples", e->near.samples);
    json_put_number(json, "base_far_roundtrip_max", e->far.roundtrip_max);
    json_put_count(json, "base_far_not_converged", e->far.not_converged);
    json_put_count(json, "base_far_samples", e->far.samples);
    if (isnan(e->integral_before))
        return;
    json_put_number(json, "integral_before", e->integral_before);
    json_put_number(json, "integral_after", e->integral_after);
}

/* ---- start --------------------------------------------------------------------------------------------- */

static bool is_base(const struct gpfc_stage *stage)
{
    return strcmp(stage->name, "base") == 0;
}

/* As report_flow. */
static void stage_flow(const struct gpfc_bundle *bundle, const struct gpfc_stage *stage, char *room,
                       size_t bytes)
{
    (void)snprintf(room, bytes, "%s, %s", stage->description, setting_text(bundle, SETTING_precision));
}

static void print_training(FILE *out, const struct gpfc_bundle *bundle, const struct gpfc_stage *stage)
{
    struct human epochs, steps, batch;
    columns_item(out, "training", "%s epochs of %s steps, batch %s (the last one of an epoch may be smaller)",
                 human_count(&epochs, stage->epochs), human_count(&steps, stage->epoch_steps),
                 human_count(&batch, stage->batch));
    columns_item(out, "", "%s, rate %g %s, seed %llu, %d thread%s, kernels %s %s", stage->optimizer,
                 stage->rate, stage->schedule, (unsigned long long)stage->seed, stage->threads,
                 stage->threads > 1 ? "s" : "", stage->device ? "on" : "for",
                 stage->device ? stage->device : bundle->cpu);
    if (stage->penalty > 0)
        columns_item(out, "", "Euler penalty, weight %g", stage->penalty);
}

static void print_rows(FILE *out, const struct gpfc_stage *stage)
{
    struct human train, validation, test;
    char validates[64] = "";
    if (stage->validation > 0)
        (void)snprintf(validates, sizeof validates, "%s for validation, ",
                       human_count(&validation, stage->validation));
    columns_item(out, "data", "%s: %s training %s, %s%s for the test", stage->data,
                 human_count(&train, stage->train), stage->rows, validates, human_count(&test, stage->test));
}

void report_start(FILE *out, const struct gpfc_bundle *bundle, const struct gpfc_stage *stage)
{
    struct human a, b;
    char flow[256];
    stage_flow(bundle, stage, flow, sizeof flow);
    if (!stage->second)
        (void)fprintf(out, "%s\n", bundle->name);
    columns_item(out, is_base(stage) ? "base flow" : "flow", "%s, %s parameters", flow,
                 human_count(&a, stage->parameters));
    print_rows(out, stage);
    print_training(out, bundle, stage);
    if (!stage->second)
        columns_item(out, "folder", "%s%s", stage->folder,
                     stage->kept_earlier ? " (files of an earlier training are kept as *.old)" : "");
    if (stage->first_step > 0)
        columns_item(out, "resumed", "after step %s of %s", human_count(&a, stage->first_step),
                     human_count(&b, stage->steps));
}

/* ---- the best weights ---------------------------------------------------------------------------------- */

static const double same_cost = 0.99; /* of the cost before, at least: no better */

/* The rows that choose the best weights. */
static const char *choosing_rows(const struct gpfc_trained *trained)
{
    return !isnan(trained->validation_cost) ? "validation" : trained->stage.test > 0 ? "test" : "training";
}

static void print_useless(FILE *out, const struct gpfc_trained *trained)
{
    const struct gpfc_evaluation *e = &trained->evaluation;
    if (trained->best_step > 0) {
        if (trained->has_evaluation && e->cost_after > e->cost_before)
            (void)fputs("the cost is above that without s: the model is no better than no map at all\n", out);
        return;
    }
    (void)fprintf(
        out, "no training step lowered the %s cost: the model is the one that the training began with%s\n",
        choosing_rows(trained),
        e->cost_after > same_cost * e->cost_before ? ", no better than no map at all" : "");
}

/* Both are of the end: a training that was learnt by heart is cheaper on what it learnt from. */
static void print_gap(FILE *out, const struct gpfc_trained *trained)
{
    const double best = isnan(trained->validation_cost) ? trained->best_cost : trained->validation_cost;
    struct human cost;
    if (!isfinite(trained->train_cost) || !isfinite(best) || best <= 0)
        return;
    const double gap = 100 * (1 - trained->train_cost / best);
    (void)fprintf(out, "  training cost at the end %s, %.1f %% %s\n",
                  human_number(&cost, trained->train_cost), fabs(gap), gap >= 0 ? "below it" : "above it");
}

void report_best(FILE *out, const struct gpfc_trained *trained)
{
    const bool validated = !isnan(trained->validation_cost);
    struct human step, steps, seconds, cost;
    print_useless(out, trained);
    (void)fprintf(out, "trained for %s, best %s cost %s at step %s of %s\n",
                  human_seconds(&seconds, trained->seconds), choosing_rows(trained),
                  human_number(&cost, validated ? trained->validation_cost : trained->best_cost),
                  human_count(&step, trained->best_step), human_count(&steps, trained->step));
    print_gap(out, trained);
}

/* ---- time steps ---------------------------------------------------------------------------------------- */

void report_time_steps(FILE *out, const struct gpfc_time_steps *steps)
{
    if (steps->most == 0)
        return;
    (void)fprintf(out, "\ntime steps: %lld of at most %lld; %.0f %% of the training's evaluations saved\n",
                  (long long)steps->steps, (long long)steps->most, 100 * steps->saved);
    if (!steps->within_bounds)
        (void)fprintf(out,
                      "  too few for the bounds: mean |delta| is %.1e (bound %.1e), the round trip %.1e "
                      "(bound %.1e); increase flow.most_steps\n",
                      steps->density_error, steps->density_error_bound, steps->roundtrip,
                      steps->roundtrip_bound);
}

static json_t *time_steps_json(const struct gpfc_time_steps *steps)
{
    json_t *json = json_object();
    json_put_count(&json, "steps", steps->steps);
    json_put_count(&json, "most", steps->most);
    json_put_number(&json, "density_error", steps->density_error);
    json_put_number(&json, "roundtrip", steps->roundtrip);
    json_put(&json, "within_bounds", json_boolean(steps->within_bounds));
    json_put_number(&json, "evaluations_saved", steps->saved);
    return json;
}

/* ---- the base flow ------------------------------------------------------------------------------------- */

void report_trained(FILE *out, const struct gpfc_base *base)
{
    struct human seconds, nll, step;
    columns_item(out, "trained", "for %s, negative log-likelihood %s at step %s: %s",
                 human_seconds(&seconds, base->seconds), human_number(&nll, base->nll),
                 human_count(&step, base->best_step), base->model);
    (void)fputs("\n", out);
}

static json_t *base_json(const struct gpfc_bundle *bundle, const struct gpfc_base *base)
{
    json_t *json = json_object();
    json_put_text(&json, "kind", setting_text(bundle, SETTING_base_kind));
    json_put_count(&json, "parameters", bundle->base->theta_elements);
    json_put_count(&json, "step", base->step);
    json_put_count(&json, "best_step", base->best_step);
    json_put_number(&json, "nll", base->nll);
    json_put_number(&json, "seconds", base->seconds);
    json_put_text(&json, "model", base->model);
    return json;
}

/* ---- pairs --------------------------------------------------------------------------------------------- */

static void print_likelihoods(FILE *out, const char *title, const struct gpfc_pairs *pairs)
{
    struct human train, test;
    if (!isnan(pairs->nll_train))
        columns_item(out, title, "negative log-likelihood: training %s, test %s",
                     human_number(&train, pairs->nll_train), human_number(&test, pairs->nll_test));
}

static void print_failed(FILE *out, const struct gpfc_pairs *pairs)
{
    struct human failed, rows;
    if (pairs->failed > 0)
        columns_item(out, "", "%s of %s rows missed the base flow's tolerance",
                     human_count(&failed, pairs->failed), human_count(&rows, pairs->rows));
    if (pairs->left_out > 0)
        columns_item(out, "", "%s rows of noise have no inverse and are left out",
                     human_count(&failed, pairs->left_out));
}

static void print_weights(FILE *out, const struct gpfc_pairs *pairs)
{
    struct human effective, weightless;
    if (!pairs->weighted)
        return;
    columns_item(out, "weights", "training rows are as good as %s of equal weight%s%s%s",
                 human_count(&effective, (int64_t)pairs->effective), pairs->weightless > 0 ? "; " : "",
                 pairs->weightless > 0 ? human_count(&weightless, pairs->weightless) : "",
                 pairs->weightless > 0 ? " rows of weight 0 are left out" : "");
}

static void print_dropped(FILE *out, const struct gpfc_pairs *pairs)
{
    struct human dropped;
    if (pairs->dropped > 0)
        (void)fprintf(out, "  dropped   %s rows of the data, in which a number is missing\n",
                      human_count(&dropped, pairs->dropped));
}

void report_pairs(FILE *out, const struct gpfc_bundle *bundle, const struct gpfc_pairs *pairs)
{
    struct human seconds;
    if (pairs->fitted)
        columns_item(out, "base flow", "mixture of %s Gaussians, %s after %lld iterations, %s",
                     setting_text(bundle, SETTING_base_components),
                     pairs->converged ? "converged" : "stopped", (long long)pairs->iterations,
                     human_seconds(&seconds, pairs->seconds));
    print_dropped(out, pairs);
    print_weights(out, pairs);
    print_likelihoods(out, pairs->fitted ? "" : "base flow", pairs);
    print_failed(out, pairs);
}

static void put_pairs(json_t **json, const struct gpfc_pairs *pairs)
{
    if (!isnan(pairs->nll_train))
        json_put_number(json, "base_nll_train", pairs->nll_train);
    if (!isnan(pairs->nll_test))
        json_put_number(json, "base_nll_test", pairs->nll_test);
    if (pairs->dropped > 0)
        json_put_count(json, "rows_dropped", pairs->dropped);
    if (pairs->weightless > 0)
        json_put_count(json, "rows_weightless", pairs->weightless);
    if (pairs->weighted)
        json_put_number(json, "effective_train", pairs->effective);
    if (pairs->failed > 0)
        json_put_count(json, "base_rows_failed", pairs->failed);
    if (pairs->left_out > 0)
        json_put_count(json, "base_rows_left_out", pairs->left_out);
}

/* ---- a training ---------------------------------------------------------------------------------------- */

static json_t *stage_json(const struct gpfc_bundle *bundle, const struct gpfc_stage *stage)
{
    char flow[256];
    json_t *json = json_object();
    stage_flow(bundle, stage, flow, sizeof flow);
    json_put_text(&json, "name", bundle->name);
    json_put_text(&json, "stage", stage->name);
    json_put_text(&json, "flow", flow);
    json_put_count(&json, "parameters", stage->parameters);
    json_put_text(&json, "data", stage->data);
    json_put_count(&json, "samples_train", stage->train);
    if (stage->validation > 0)
        json_put_count(&json, "samples_validation", stage->validation);
    json_put_count(&json, "samples_test", stage->test);
    json_put_count(&json, "epochs", stage->epochs);
    json_put_count(&json, "steps", stage->steps);
    json_put_count(&json, "batch", stage->batch);
    json_put_count(&json, "seed", (int64_t)stage->seed);
    json_put_count(&json, "threads", stage->threads);
    if (stage->device)
        json_put_text(&json, "device", stage->device);
    return json;
}

static void put_memory(json_t **json, const struct command_memory *memory)
{
    json_put_number(json, "rss_mb", memory->most / 1e6);
    command_put_memory(json, memory);
}

json_t *report_training_json(const struct gpfc_bundle *bundle, const struct gpfc_trained *trained,
                             const struct command_memory *memory, const char *status)
{
    json_t *json = stage_json(bundle, &trained->stage);
    json_put_text(&json, "status", status);
    json_put_count(&json, "step", trained->step);
    json_put_number(&json, "seconds", trained->seconds);
    put_memory(&json, memory);
    json_put_number(&json, "best_cost", trained->best_cost);
    json_put_count(&json, "best_step", trained->best_step);
    if (!isnan(trained->validation_cost))
        json_put_number(&json, "validation_cost", trained->validation_cost);
    json_put_number(&json, "train_cost", trained->train_cost);
    json_put_text(&json, "model", trained->model);
    json_put_text(&json, "checkpoint", trained->checkpoint);
    if (trained->look)
        json_put(&json, "findings", report_findings_json(trained->look));
    if (!trained->has_evaluation)
        return json;
    if (trained->has_base)
        json_put(&json, "base", base_json(bundle, &trained->base));
    put_pairs(&json, &trained->pairs);
    if (trained->time_steps.most > 0)
        json_put(&json, "time_steps", time_steps_json(&trained->time_steps));
    json_put(&json, "evaluation", report_evaluation_json(&trained->evaluation));
    return json;
}

/* ---- devices ------------------------------------------------------------------------------------------- */

const char *report_device(const struct device_facts *facts, char *room, size_t bytes)
{
    struct human memory;
    (void)snprintf(room, bytes, "%s, sm_%d, %d multiprocessors, %s; driver for %s", facts->name,
                   facts->architecture, facts->multiprocessors, human_bytes(&memory, facts->memory),
                   facts->driver);
    return room;
}

void report_device_json(json_t **json, const struct device_facts *facts)
{
    json_t *device = json_object();
    json_put_text(&device, "name", facts->name);
    json_put_count(&device, "architecture", facts->architecture);
    json_put_count(&device, "multiprocessors", facts->multiprocessors);
    json_put_number(&device, "memory_mb", facts->memory / 1e6);
    json_put_text(&device, "driver", facts->driver);
    json_put(json, "device", device);
}
