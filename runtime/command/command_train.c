/* SPDX-License-Identifier: MIT
 *
 * train and resume: the command line as options of gpfc_train, and its results as text. */
#include "command/columns.h"
#include "command/command.h"
#include "command/progress.h"
#include "command/report.h"
#include "command/report_look.h"
#include "ground/human.h"
#include "ground/interrupt.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

struct listener { /* one command */
    const struct command_context *context;
    const struct command_options *options;
    struct interrupt *interrupt;
    const struct gpfc_look *look; /* not printed yet; or NULL */
    struct progress progress;
    struct command_memory memory; /* at the end of the training */
};

static bool talks(const struct listener *listener) /* to a person, on standard output */
{
    return !listener->options->quiet && !listener->options->json;
}

/* ---- warnings ------------------------------------------------------------------------------------------ */

static void tell_changes(const struct listener *listener, const struct gpfc_event *event)
{
    if (!listener->options->quiet)
        (void)fprintf(stderr, "%s: the trainer was recompiled after %s was written: %s\n",
                      listener->context->program, event->path, event->text);
}

static void warn_of_place(const struct listener *listener, const struct gpfc_event *event)
{
    struct human offset, spread;
    if (!listener->options->quiet)
        (void)fprintf(
            stderr,
            "%s: warning: the mean of x is %s from the origin and its standard deviation %s; those of y are "
            "0 and 1. This hides the signal from training: %s (the optimal map does not change)\n",
            listener->context->program, human_number(&offset, event->place->offset),
            human_number(&spread, event->place->spread),
            event->place->far ? "subtract the mean of x"
                              : "divide all coordinates of x by one standard deviation");
}

static void warn_of_units(const struct listener *listener, const struct gpfc_event *event)
{
    struct human offset, spread;
    (void)fprintf(
        stderr,
        "%s: warning: %s has no standardisation (tensors data.mean and data.scale), and its base "
        "flow does not map these data to N(0, I): their mean is %s from the origin and their standard "
        "deviation %s. If it was trained on standardised data, add the two tensors\n",
        listener->context->program, event->path, human_number(&offset, event->place->offset),
        human_number(&spread, event->place->spread));
}

static void warn_of_base(const struct listener *listener, const struct gpfc_event *event)
{
    struct human by_steps, exactly;
    (void)fprintf(stderr,
                  "%s: warning: the base flow's negative log-likelihood is %s with the time steps of its "
                  "training, but %s exactly; increase base.steps\n",
                  listener->context->program, human_number(&by_steps, event->base->nll),
                  human_number(&exactly, event->evaluation->nll_before));
}

static void warn_of_flow(const struct listener *listener, const struct gpfc_event *event)
{
    struct human error;
    (void)fprintf(stderr,
                  "%s: warning: the flow changes the log-likelihood of a sample by %s on average, which "
                  "should be near 0; increase flow.steps or reduce train.epochs\n",
                  listener->context->program, human_number(&error, event->evaluation->density_error_mean));
}

/* ---- progress ------------------------------------------------------------------------------------------ */

static void open_stage(struct listener *listener, const struct gpfc_event *event)
{
    const struct gpfc_bundle *bundle = listener->context->bundle;
    if (talks(listener)) {
        report_start(stdout, bundle, event->stage);
        if (listener->look)
            report_findings(stdout, listener->look, GPFC_WARNING);
        listener->look = NULL;
        if (event->pairs)
            report_pairs(stdout, bundle, event->pairs);
        (void)fflush(stdout);
    }
    progress_start(&listener->progress, stderr, !listener->options->quiet, event->stage->first_step);
}

static void print_forecast(struct listener *listener, const struct gpfc_event *event)
{
    struct human time;
    char text[100];
    const struct command_memory memory = command_memory();
    if (!talks(listener))
        return;
    columns_item(stdout, "forecast", "about %s (%.3g ms a step), %s of memory",
                 human_seconds(&time, event->forecast->left), 1e3 * event->forecast->step,
                 command_memory_text(&memory, text, sizeof text));
    (void)fflush(stdout);
}

static void show_step(struct listener *listener, const struct gpfc_event *event)
{
    const struct progress_line line = {
        .step = event->step->step,
        .steps = event->step->steps,
        .epoch = event->step->epoch,
        .epochs = event->stage->epochs,
        .what = strcmp(event->stage->name, "base") == 0 ? "nll" : "cost",
        .cost = event->step->cost,
        .rate = event->step->rate,
    };
    progress_show(&listener->progress, &line);
}

static void close_base(struct listener *listener, const struct gpfc_event *event)
{
    if (!talks(listener))
        return;
    report_trained(stdout, event->base);
    (void)fflush(stdout);
}

static void hear(void *user, const struct gpfc_event *event)
{
    struct listener *listener = user;
    if (event->kind != GPFC_STEP)
        progress_clear(&listener->progress);
    switch (event->kind) {
    case GPFC_CHANGED:
        tell_changes(listener, event);
        break;
    case GPFC_LOOKED:
        listener->look = event->look;
        break;
    case GPFC_FAR:
        warn_of_place(listener, event);
        break;
    case GPFC_UNSCALED_BASE:
        warn_of_units(listener, event);
        break;
    case GPFC_SHORT:
        (void)fprintf(stderr, "%s: %s\n", listener->context->program, event->text);
        break;
    case GPFC_STARTED:
        open_stage(listener, event);
        break;
    case GPFC_FORECAST:
        print_forecast(listener, event);
        break;
    case GPFC_STEP:
        show_step(listener, event);
        break;
    case GPFC_BASE:
        close_base(listener, event);
        break;
    case GPFC_INEXACT_BASE:
        warn_of_base(listener, event);
        break;
    case GPFC_INEXACT_FLOW:
        warn_of_flow(listener, event);
        break;
    case GPFC_ENDED:
        listener->memory = command_memory();
        break;
    }
}

static int signal_noted(void *user)
{
    return interrupt_noted(((const struct listener *)user)->interrupt);
}

/* ---- the end ------------------------------------------------------------------------------------------- */

static void print_trained(const struct listener *listener, const struct gpfc_trained *trained)
{
    const char *program = listener->context->program;
    (void)fputc('\n', stdout);
    report_best(stdout, trained);
    report_evaluation(stdout, &trained->evaluation);
    report_time_steps(stdout, &trained->time_steps);
    (void)fprintf(stdout, "\nmodel: %s\nnext:  %s evaluate %s\n       %s apply %s %s\n", trained->model,
                  program, trained->model, program, trained->model,
                  trained->pairs.mapped ? "X.npy S.npy --part both" : "Y.npy S.npy");
}

static bool finished(const struct listener *listener, const struct gpfc_trained *trained, struct fault *fault)
{
    if (listener->options->json)
        return command_print_json(
            report_training_json(listener->context->bundle, trained, &listener->memory, "finished"), fault);
    if (trained->has_evaluation)
        print_trained(listener, trained);
    return true;
}

static bool interrupted(const struct listener *listener, const struct gpfc_trained *trained,
                        struct fault *fault)
{
    struct human step, steps;
    const struct gpfc_stage *stage = &trained->stage;
    const int noted = interrupt_noted(listener->interrupt);
    if (listener->options->json &&
        !command_print_json(
            report_training_json(listener->context->bundle, trained, &listener->memory, "interrupted"),
            fault))
        return false;
    return fault_set(fault, (enum fault_code)(FAULT_SIGNAL + noted),
                     "interrupted after step %s of %s%s, everything is saved; continue with: %s resume %s",
                     human_count(&step, trained->step), human_count(&steps, stage->steps),
                     strcmp(stage->name, "base") == 0 ? " of the base flow" : "", listener->context->program,
                     stage->folder);
}

typedef int training_call(const struct gpfc_bundle *bundle, const struct gpfc_train_options *options,
                          struct gpfc_trained **out, char *message, size_t room);

/* A signal is noted from here on: before there are threads, which would take it. */
static bool run(training_call *call, const struct command_context *context,
                const struct command_options *options, const char *folder, struct fault *fault)
{
    struct listener listener = {.context = context, .options = options};
    struct gpfc_trained *trained = NULL;
    const struct gpfc_train_options training = {
        .data = options->data,
        .columns = options->columns,
        .label = options->label,
        .missing = options->missing,
        .weights = options->weights,
        .folder = folder,
        .init = options->init,
        .base = options->base,
        .epochs = options->epochs,
        .base_epochs = options->base_epochs,
        .has_seed = options->seed_given,
        .seed = (uint64_t)options->seed,
        .device = options->device,
        .threads = options->threads,
        .pin = 1,
        .anyway = options->anyway,
        .evaluate = !options->quiet || options->json,
        .user = &listener,
        .on_event = hear,
        .stop = signal_noted,
    };
    if (!interrupt_watch(&listener.interrupt, fault))
        return false;
    void (*const piped)(int) = signal(SIGPIPE, SIG_IGN); /* the weights are worth more than the messages */
    char message[sizeof fault->text];
    const int code = call(context->bundle, &training, &trained, message, sizeof message);
    progress_clear(&listener.progress);
    bool good = code == GPFC_DONE      ? finished(&listener, trained, fault)
                : code == GPFC_STOPPED ? interrupted(&listener, trained, fault)
                                       : fault_set(fault, (enum fault_code)code, "%s", message);
    gpfc_trained_free(trained);
    (void)signal(SIGPIPE, piped);
    interrupt_free(listener.interrupt);
    return good;
}

bool command_train(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    return run(gpfc_train, context, options, options->out, fault);
}

bool command_resume(const struct command_context *context, const struct command_options *options,
                    struct fault *fault)
{
    return run(gpfc_resume, context, options, options->argument[0], fault);
}
