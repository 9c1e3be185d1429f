/* SPDX-License-Identifier: MIT */
#include "command/report.h"

#include "ground/human.h"
#include "kernels/settings.h"

#include <math.h>
#include <string.h>

void report_put(json_t *object, const char *key, double value)
{
    (void)json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

static void put_count(json_t *object, const char *key, int64_t value)
{
    (void)json_object_set_new(object, key, json_integer(value));
}

static void put_text(json_t *object, const char *key, const char *value)
{
    json_t *text = json_string(value);
    (void)json_object_set_new(object, key, text ? text : json_null());
}

void report_flow(const struct gpfc_bundle *bundle, char *room, size_t bytes)
{
    (void)snprintf(room, bytes, "%s, %s", bundle->description, setting_text(bundle, SETTING_precision));
}

/* ---- evaluation ---------------------------------------------------------------------------------------- */

static void row(FILE *out, const char *what, double before, double after)
{
    struct human left, right;
    (void)fprintf(out, "  %-36s %10s %10s\n", what, human_number(&left, before), human_number(&right, after));
}

void report_evaluation(FILE *out, const struct evaluation *e)
{
    struct human samples;
    char on[64];
    (void)snprintf(on, sizeof on, "on %s samples", human_count(&samples, e->samples));
    (void)fprintf(out, "  %-36s %10s %10s\n", on, "before", "after");
    row(out, "transport cost", e->cost_before, e->cost_after);
    if (!isnan(e->nll_before))
        row(out, "negative log-likelihood, nats", e->nll_before, e->nll_after);
    row(out, "energy of the paths", NAN, e->energy);
    if (e->penalty != 0)
        row(out, "Euler penalty", NAN, e->penalty);
    row(out, "density error |delta|, mean", NAN, e->density_error_mean);
    row(out, "density error |delta|, largest", NAN, e->density_error_max);
    row(out, "round trip |s^-1(s(y)) - y|, largest", NAN, e->roundtrip_max);
    (void)fprintf(out, "  %-36s %10s %10lld\n", "time steps", "-", (long long)e->time_steps);
    row(out, "largest |mean|", e->mean_before_max, e->mean_max);
    row(out, "largest |covariance - I|", e->covariance_error_before_max, e->covariance_error_max);
}

json_t *report_evaluation_json(const struct evaluation *e)
{
    json_t *json = json_object();
    report_put(json, "cost_before", e->cost_before);
    report_put(json, "cost_after", e->cost_after);
    report_put(json, "energy", e->energy);
    report_put(json, "penalty", e->penalty);
    report_put(json, "density_error_mean", e->density_error_mean);
    report_put(json, "density_error_max", e->density_error_max);
    report_put(json, "roundtrip_max", e->roundtrip_max);
    report_put(json, "mean_max", e->mean_max);
    report_put(json, "covariance_error_max", e->covariance_error_max);
    put_count(json, "time_steps", e->time_steps);
    put_count(json, "samples", e->samples);
    if (!isnan(e->nll_before)) {
        report_put(json, "nll_before", e->nll_before);
        report_put(json, "nll_after", e->nll_after);
    }
    return json;
}

/* "f^-1(f(x)) - x, largest   1e-7", and how many rows are not in it. */
static void trip_row(FILE *out, const char *what, const struct base_trip *trip)
{
    struct human samples, failed;
    row(out, what, NAN, trip->roundtrip_max);
    if (trip->not_converged > 0)
        (void)fprintf(out, "    but for %s of %s rows, which did not converge\n",
                      human_count(&failed, trip->not_converged), human_count(&samples, trip->samples));
}

void report_base(FILE *out, const struct base_evaluation *e)
{
    if (!isnan(e->integral_before))
        row(out, "integral of the density", e->integral_before, e->integral_after);
    trip_row(out, "round trip |f^-1(f(x)) - x|, largest", &e->near);
    trip_row(out, "the same 10 deviations out", &e->far);
}

void report_base_json(json_t *json, const struct base_evaluation *e)
{
    report_put(json, "base_roundtrip_max", e->near.roundtrip_max);
    put_count(json, "base_not_converged", e->near.not_converged);
    put_count(json, "base_samples", e->near.samples);
    report_put(json, "base_far_roundtrip_max", e->far.roundtrip_max);
    put_count(json, "base_far_not_converged", e->far.not_converged);
    put_count(json, "base_far_samples", e->far.samples);
    if (isnan(e->integral_before))
        return;
    report_put(json, "integral_before", e->integral_before);
    report_put(json, "integral_after", e->integral_after);
}

/* ---- start --------------------------------------------------------------------------------------------- */

static void print_data(FILE *out, const struct report_start *start)
{
    const struct pairs *pairs = start->trainer->pairs;
    const char *what = pairs->of_noise ? "pairs from noise" : start->trainer->stage->rows;
    struct human a, b;
    (void)fprintf(out, "  data      %s: %s %s to train on, %s to test\n", start->data,
                  human_count(&a, pairs->train.n), what, human_count(&b, pairs->test.n));
}

static void print_training(FILE *out, const struct report_start *start)
{
    const struct trainer *trainer = start->trainer;
    struct human a, b;
    (void)fprintf(out, "  training  %s epochs of %s steps", human_count(&a, trainer->options.epochs),
                  human_count(&b, trainer->epoch_steps));
    (void)fprintf(out, ", batch %s (the last of an epoch may be smaller)\n",
                  human_count(&a, trainer->options.batch));
    (void)fprintf(out, "            %s, rate %g %s, seed %llu, %d thread%s, kernels for %s\n",
                  setting_text(trainer->bundle, SETTING_train_optimizer), trainer->rate.start,
                  setting_text(trainer->bundle, SETTING_train_schedule),
                  (unsigned long long)trainer->options.seed, trainer->options.device.threads,
                  trainer->options.device.threads > 1 ? "s" : "", start->bundle->cpu);
    if (trainer->lambda > 0 && trainer->stage->weighs_penalty)
        (void)fprintf(out, "            Euler penalty, weight %g\n", trainer->lambda);
}

void report_start(FILE *out, const struct report_start *start)
{
    const struct trainer *trainer = start->trainer;
    struct human a, b;
    char flow[256];
    report_flow(trainer->bundle, flow, sizeof flow);
    if (!start->second)
        (void)fprintf(out, "%s\n", start->bundle->name);
    (void)fprintf(out, "  %-9s %s, %s parameters\n", trainer->stage->title, flow,
                  human_count(&a, trainer->bundle->theta_elements));
    print_data(out, start);
    print_training(out, start);
    if (!start->second)
        (void)fprintf(out, "  folder    %s%s\n", start->folder,
                      start->kept_earlier ? " (files of an earlier training are kept as *.old)" : "");
    if (start->first_step > 0)
        (void)fprintf(out, "  resumed   after step %s of %s\n", human_count(&a, start->first_step),
                      human_count(&b, trainer->steps));
}

json_t *report_start_json(const struct report_start *start)
{
    const struct trainer *trainer = start->trainer;
    char flow[256];
    json_t *json = json_object();
    report_flow(trainer->bundle, flow, sizeof flow);
    put_text(json, "name", start->bundle->name);
    put_text(json, "stage", trainer->stage->name);
    put_text(json, "flow", flow);
    put_count(json, "parameters", trainer->bundle->theta_elements);
    put_text(json, "data", start->data);
    put_count(json, "samples_train", trainer->pairs->train.n);
    put_count(json, "samples_test", trainer->pairs->test.n);
    put_count(json, "epochs", trainer->options.epochs);
    put_count(json, "steps", trainer->steps);
    put_count(json, "batch", trainer->options.batch);
    put_count(json, "seed", (int64_t)trainer->options.seed);
    put_count(json, "threads", trainer->options.device.threads);
    return json;
}

/* ---- time steps ---------------------------------------------------------------------------------------- */

/* Of the work of a training with the most time steps throughout. */
static double share_saved(const struct trainer *trainer)
{
    const double epoch = (double)trainer->pairs->train.n, steps = (double)trainer->epoch_steps;
    const double whole = floor((double)trainer->state.step / steps);
    const double rest = (double)trainer->state.step - whole * steps;
    const double rows = whole * epoch + rest * (double)trainer->options.batch;
    return rows > 0 ? 1 - (double)trainer->state.evaluations / (rows * (double)trainer->time_rule.most) : 0;
}

void report_time_steps(FILE *out, const struct trainer *trainer)
{
    const struct trainer_state *state = &trainer->state;
    const struct time_rule *rule = &trainer->time_rule;
    if (!rule->automatic)
        return;
    (void)fprintf(out, "\ntime steps: %lld of at most %lld; %.0f %% of the training's evaluations saved\n",
                  (long long)state->best_time_steps, (long long)rule->most, 100 * share_saved(trainer));
    if (!time_errors_within(rule, &state->errors))
        (void)fprintf(
            out,
            "  too few for the bounds: mean |delta| is %.1e and may be %.1e, the round trip %.1e and "
            "%.1e; a larger flow.most_steps helps\n",
            state->errors.density, rule->bound.density, state->errors.roundtrip, rule->bound.roundtrip);
}

json_t *report_time_steps_json(const struct trainer *trainer)
{
    const struct trainer_state *state = &trainer->state;
    json_t *json = json_object();
    put_count(json, "steps", state->best_time_steps);
    put_count(json, "most", trainer->time_rule.most);
    report_put(json, "density_error", state->errors.density);
    report_put(json, "roundtrip", state->errors.roundtrip);
    (void)json_object_set_new(json, "within_bounds",
                              json_boolean(time_errors_within(&trainer->time_rule, &state->errors)));
    report_put(json, "evaluations_saved", share_saved(trainer));
    return json;
}

/* ---- the base flow ------------------------------------------------------------------------------------- */

void report_trained(FILE *out, const struct report_trained *trained)
{
    struct human seconds, nll, step;
    (void)fprintf(out, "  trained   for %s, negative log-likelihood %s at step %s: %s\n\n",
                  human_seconds(&seconds, trained->seconds), human_number(&nll, trained->nll),
                  human_count(&step, trained->best_step), trained->model);
}

json_t *report_trained_json(const struct report_trained *trained)
{
    json_t *json = json_object();
    put_text(json, "kind", setting_text(trained->bundle, SETTING_base_kind));
    put_count(json, "parameters", trained->bundle->base->theta_elements);
    put_count(json, "step", trained->step);
    put_count(json, "best_step", trained->best_step);
    report_put(json, "nll", trained->nll);
    report_put(json, "seconds", trained->seconds);
    put_text(json, "model", trained->model);
    return json;
}

static void print_likelihoods(FILE *out, const char *title, const struct pairs *pairs)
{
    struct human train, test;
    if (!isnan(pairs->nll_train))
        (void)fprintf(out, "  %-9s negative log-likelihood %s to train on, %s to test\n", title,
                      human_number(&train, pairs->nll_train), human_number(&test, pairs->nll_test));
}

static void print_failed(FILE *out, const struct pairs *pairs)
{
    struct human failed, rows;
    if (pairs->report.failed > 0)
        (void)fprintf(out, "            %s of %s rows did not reach the base flow's tolerance\n",
                      human_count(&failed, pairs->report.failed), human_count(&rows, pairs->report.rows));
    if (pairs->left_out > 0)
        (void)fprintf(out, "            %s rows of noise without an inverse are left out\n",
                      human_count(&failed, pairs->left_out));
}

void report_pairs(FILE *out, const struct gpfc_bundle *bundle, const struct mixture_fitted *fitted,
                  const struct pairs *pairs)
{
    struct human seconds;
    if (fitted->done) {
        (void)fprintf(out, "  base flow mixture of %s Gaussians, %s after %lld iterations, %s\n",
                      setting_text(bundle, SETTING_base_components),
                      fitted->report.converged ? "converged" : "stopped",
                      (long long)fitted->report.iterations, human_seconds(&seconds, fitted->seconds));
        print_likelihoods(out, "", pairs);
    } else
        print_likelihoods(out, "base flow", pairs);
    print_failed(out, pairs);
}
