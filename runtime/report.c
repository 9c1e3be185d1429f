/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "human.h"
#include "settings.h"

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
    (void)json_object_set_new(object, key, text != NULL ? text : json_null());
}

/* "3 -> 15 15 -> 1" from the shapes of the weights [out, in]. */
static void layers(const struct gpfc_bundle *bundle, char *room, size_t bytes)
{
    size_t length = 0;
    room[0] = '\0';
    for (int64_t i = 0, k = 0; i < bundle->n_parameters && length < bytes; i++) {
        const struct gpfc_parameter *layer = &bundle->parameters[i];
        if (layer->rank != 2)
            continue;
        if (k == 0)
            length += (size_t)snprintf(room, bytes, "%lld", (long long)layer->shape[1]);
        if (length < bytes)
            length += (size_t)snprintf(room + length, bytes - length, "%s %lld",
                                       k == 0 || layer->init == GPFC_INIT_LAST ? " ->" : "", (long long)layer->shape[0]);
        k++;
    }
}

void report_flow(const struct gpfc_bundle *bundle, char *room, size_t bytes)
{
    char widths[128];
    layers(bundle, widths, sizeof widths);
    (void)snprintf(room, bytes, "%s, %s, %s, %s, %s x %lld, %s", setting_text(bundle, "flow.field"),
                   setting_text(bundle, "flow.potential"), widths, setting_text(bundle, "flow.activation"),
                   setting_text(bundle, "flow.integrator"), (long long)bundle->steps,
                   bundle->precision == 4 ? "single" : "double");
}

/* ---- evaluation --------------------------------------------------------------------------------------- */

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
    put_count(json, "samples", e->samples);
    if (!isnan(e->nll_before)) {
        report_put(json, "nll_before", e->nll_before);
        report_put(json, "nll_after", e->nll_after);
    }
    return json;
}

/* ---- start -------------------------------------------------------------------------------------------- */

void report_start(FILE *out, const struct report_start *start)
{
    const struct trainer *trainer = start->trainer;
    const struct gpfc_bundle *bundle = trainer->bundle;
    struct human a, b;
    char flow[256];
    report_flow(bundle, flow, sizeof flow);
    (void)fprintf(out, "%s\n", bundle->name);
    (void)fprintf(out, "  flow      %s, %s parameters\n", flow, human_count(&a, bundle->theta_elements));
    (void)fprintf(out, "  data      %s: %s pairs to train on, %s to test\n", start->data,
                  human_count(&a, trainer->pairs->n_train), human_count(&b, trainer->pairs->n_test));
    (void)fprintf(out, "  training  %s epochs of %s steps", human_count(&a, trainer->options.epochs),
                  human_count(&b, trainer->epoch_steps));
    (void)fprintf(out, ", batch %s (the last of an epoch may be smaller)\n",
                  human_count(&a, trainer->options.batch));
    (void)fprintf(out, "            adam, rate %g %s, seed %llu, %d thread%s, kernels for %s\n",
                  trainer->rate.start, setting_text(bundle, "train.schedule"),
                  (unsigned long long)trainer->options.seed, trainer->options.threads,
                  trainer->options.threads > 1 ? "s" : "", bundle->cpu);
    if (trainer->lambda > 0)
        (void)fprintf(out, "            Euler penalty, weight %g\n", trainer->lambda);
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
    put_text(json, "name", trainer->bundle->name);
    put_text(json, "flow", flow);
    put_count(json, "parameters", trainer->bundle->theta_elements);
    put_text(json, "data", start->data);
    put_count(json, "samples_train", trainer->pairs->n_train);
    put_count(json, "samples_test", trainer->pairs->n_test);
    put_count(json, "epochs", trainer->options.epochs);
    put_count(json, "steps", trainer->steps);
    put_count(json, "batch", trainer->options.batch);
    put_count(json, "seed", (int64_t)trainer->options.seed);
    put_count(json, "threads", trainer->options.threads);
    return json;
}

void report_base(FILE *out, const struct gpfc_bundle *bundle, const struct pairs *pairs)
{
    struct human train, test, seconds;
    if (pairs->fitted == NULL)
        return;
    (void)fprintf(out, "  base flow mixture of %s Gaussians, %s after %lld iterations, %s\n",
                  setting_text(bundle, "base.components"), pairs->report.converged ? "converged" : "stopped",
                  (long long)pairs->report.iterations, human_seconds(&seconds, pairs->fit_seconds));
    (void)fprintf(out, "            negative log-likelihood %s to train on, %s to test\n",
                  human_number(&train, pairs->nll_train), human_number(&test, pairs->nll_test));
}
