/* SPDX-License-Identifier: MIT
 *
 * A training as a C program runs it, through gpfc/runtime.h: its events and result against the files it
 * leaves, stops that go on with the same bits, and what is refused. */
#include "comma_locale.h"
#include "gpfc/runtime.h"
#include "unit/runtime/command/fake_trainer.h"

#include <math.h>

static struct fake fake;

struct heard { /* of one training */
    int events[GPFC_ENDED + 1];
    enum gpfc_event_kind first, last_but_steps;
    int64_t step, stop_at; /* 0: never */
    double cost;
    struct gpfc_stage stage;
    struct gpfc_pairs pairs;
    struct gpfc_base base;
};

static void hear(void *user, const struct gpfc_event *event)
{
    struct heard *heard = user;
    if (heard->events[GPFC_STARTED] == 0)
        heard->first = event->kind;
    heard->events[event->kind]++;
    if (event->kind != GPFC_STEP)
        heard->last_but_steps = event->kind;
    if (event->stage)
        heard->stage = *event->stage;
    if (event->step) {
        CU_ASSERT_EQUAL(event->kind, GPFC_STEP);
        CU_ASSERT_TRUE(event->step->step == heard->step + 1 || event->step->step == 1 || heard->step == 0);
        heard->step = event->step->step;
        heard->cost = event->step->cost;
    }
    if (event->kind == GPFC_STARTED && event->pairs)
        heard->pairs = *event->pairs;
    if (event->kind == GPFC_BASE)
        heard->base = *event->base;
}

static int stop(void *user)
{
    const struct heard *heard = user;
    return heard->stop_at > 0 && heard->step >= heard->stop_at ? 7 : 0;
}

static struct gpfc_train_options options_of(struct heard *heard, const char *data, const char *folder)
{
    memset(heard, 0, sizeof *heard);
    return (struct gpfc_train_options){.data = strdup(in_folder(data)),
                                       .folder = strdup(in_folder(folder)),
                                       .epochs = 20,
                                       .threads = 2,
                                       .evaluate = 1,
                                       .user = heard,
                                       .on_event = hear,
                                       .stop = stop};
}

/* The paths that options_of made. */
static void options_free(struct gpfc_train_options *options)
{
    char *paths[2];
    memcpy(&paths[0], &options->data, sizeof paths[0]);
    memcpy(&paths[1], &options->folder, sizeof paths[1]);
    free(paths[0]);
    free(paths[1]);
}

static void start_up(const char *base)
{
    set_up();
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.rate", "0.05");
    fake_set(&fake, "train.batch", "50");
    fake_set(&fake, "base.kind", base);
}

/* ---- a training ---------------------------------------------------------------------------------------- */

static void events_and_result_say_what_was_done(void)
{
    struct heard heard;
    struct gpfc_trained *trained;
    char message[200] = "untouched";
    start_up("none");
    struct gpfc_train_options options = options_of(&heard, "pairs.npz", "run");
    options.has_seed = 1;
    options.seed = 42;
    CU_ASSERT_EQUAL_FATAL(gpfc_train(&fake.bundle, &options, &trained, message, sizeof message), GPFC_DONE);
    CU_ASSERT_STRING_EQUAL(message, "untouched");
    CU_ASSERT_TRUE(heard.first == GPFC_STARTED && heard.events[GPFC_STARTED] == 1);
    CU_ASSERT_TRUE(heard.events[GPFC_STEP] == 80 && heard.step == 80);
    CU_ASSERT_EQUAL(heard.events[GPFC_ENDED], 1);
    CU_ASSERT_EQUAL(heard.events[GPFC_FORECAST], 1);
    CU_ASSERT_TRUE(heard.events[GPFC_BASE] == 0 && heard.events[GPFC_CHANGED] == 0);
    const struct gpfc_stage *stage = &trained->stage;
    CU_ASSERT_STRING_EQUAL(stage->name, "flow");
    CU_ASSERT_STRING_EQUAL(stage->description, fake.bundle.description);
    CU_ASSERT_STRING_EQUAL(stage->rows, "pairs");
    CU_ASSERT_STRING_EQUAL(stage->data, options.data);
    CU_ASSERT_STRING_EQUAL(stage->folder, options.folder);
    CU_ASSERT_STRING_EQUAL(stage->optimizer, "soap");
    CU_ASSERT_TRUE(stage->train == 183 && stage->validation == 20 && stage->test == 50 &&
                   stage->epochs == 20);
    CU_ASSERT_TRUE(stage->epoch_steps == 4 && stage->steps == 80 && stage->batch == 50);
    CU_ASSERT_TRUE(stage->seed == 42 && stage->threads == 2 && stage->rate == 0.05);
    CU_ASSERT_TRUE(stage->first_step == 0 && !stage->second && stage->parameters == 6);
    CU_ASSERT_TRUE(trained->step == 80 && trained->best_step > 0 && trained->best_cost < 0.05);
    CU_ASSERT_TRUE(trained->has_evaluation && !trained->has_base && !trained->pairs.mapped);
    CU_ASSERT_DOUBLE_EQUAL(trained->evaluation.cost_after, trained->best_cost, 1e-4);
    CU_ASSERT_TRUE(trained->validation_cost < 0.05 && trained->validation_cost != trained->best_cost);
    CU_ASSERT_TRUE(trained->train_cost > 0 && trained->train_cost < 0.05);
    CU_ASSERT_TRUE(trained->evaluation.cost_before > 0.15 && trained->evaluation.samples == 50);
    CU_ASSERT_TRUE(scratch_there(trained->model) && scratch_there(trained->checkpoint));
    struct gpfc_flow *flow = gpfc_flow_open(&fake.bundle, trained->model, 1, message, sizeof message);
    CU_ASSERT_PTR_NOT_NULL(flow);
    gpfc_flow_close(flow);
    gpfc_trained_free(trained);
    options_free(&options);
    scratch_remove(&scratch);
}

/* After its end a training goes on where it is to have more epochs; with as many it has nothing to do, and
 * fewer are refused. */
static void ended_trainings_go_on(void)
{
    static const char *const schedules[] = {"cosine", "plateau"};
    char message[200];
    struct heard heard;
    struct gpfc_trained *trained;
    for (size_t i = 0; i < CHECK_COUNT(schedules); i++) {
        start_up("none");
        fake_set(&fake, "train.schedule", schedules[i]);
        struct gpfc_train_options options = options_of(&heard, "pairs.npz", "run");
        CU_ASSERT_EQUAL(gpfc_train(&fake.bundle, &options, NULL, NULL, 0), GPFC_DONE);
        for (options.epochs = 20; options.epochs <= 30; options.epochs += 10) {
            heard = (struct heard){.step = 0};
            CU_ASSERT_EQUAL_FATAL(gpfc_resume(&fake.bundle, &options, &trained, NULL, 0), GPFC_DONE);
            CU_ASSERT_EQUAL(trained->step, 4 * options.epochs);
            CU_ASSERT_EQUAL(heard.events[GPFC_STEP], options.epochs == 20 ? 0 : 40);
            gpfc_trained_free(trained);
        }
        options.epochs = 29;
        CU_ASSERT_EQUAL(gpfc_resume(&fake.bundle, &options, NULL, message, sizeof message), GPFC_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(message, "is of a training of 30 epochs already"));
        options_free(&options);
        scratch_remove(&scratch);
    }
}

/* One training in one go, another in three: at the same weights in the end. */
static void stopped_trainings_continue(void)
{
    struct heard heard;
    struct gpfc_trained *trained;
    start_up("none");
    struct gpfc_train_options whole = options_of(&heard, "pairs.npz", "whole");
    CU_ASSERT_EQUAL(gpfc_train(&fake.bundle, &whole, NULL, NULL, 0), GPFC_DONE);
    struct gpfc_train_options parts = options_of(&heard, "pairs.npz", "parts");
    heard.stop_at = 13;
    CU_ASSERT_EQUAL_FATAL(gpfc_train(&fake.bundle, &parts, &trained, NULL, 0), GPFC_STOPPED);
    CU_ASSERT_TRUE(trained->step == 13 && !trained->has_evaluation && trained->stage.steps == 80);
    gpfc_trained_free(trained);
    for (int i = 0; i < 2; i++) {
        const struct heard again = {.stop_at = i == 0 ? 60 : 0};
        heard = again;
        CU_ASSERT_EQUAL_FATAL(gpfc_resume(&fake.bundle, &parts, &trained, NULL, 0),
                              i == 0 ? GPFC_STOPPED : GPFC_DONE);
        CU_ASSERT_TRUE(trained->step == (i == 0 ? 60 : 80) && heard.events[GPFC_CHANGED] == 0);
        CU_ASSERT_EQUAL(trained->stage.first_step, i == 0 ? 13 : 60);
        CU_ASSERT_EQUAL(trained->has_evaluation, i);
        gpfc_trained_free(trained);
    }
    same_files("whole/model.safetensors", "parts/model.safetensors");
    options_free(&whole);
    options_free(&parts);
    scratch_remove(&scratch);
}

/* Compiled for another CPU, or tuned: neither's bits, so only for those who say so. */
static void other_builds_are_refused(void)
{
    struct heard heard;
    char message[400] = "";
    start_up("none");
    struct gpfc_train_options options = options_of(&heard, "pairs.npz", "run");
    fake.bundle.cpu = "abacus";
    fake.bundle.schedule = "lanes=4";
    heard.stop_at = 13;
    CU_ASSERT_EQUAL_FATAL(gpfc_train(&fake.bundle, &options, NULL, NULL, 0), GPFC_STOPPED);
    heard = (struct heard){.step = 0};
    fake.bundle.cpu = "slide_rule";
    fake.bundle.schedule = "lanes=8";
    fake.bundle.toolchain = "another";
    CU_ASSERT_EQUAL(gpfc_resume(&fake.bundle, &options, NULL, message, sizeof message), GPFC_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(
        message, "(toolchain was none and is another, cpu was abacus and is slide_rule, the schedule)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "--anyway"));
    CU_ASSERT_TRUE(heard.events[GPFC_STEP] == 0 && heard.events[GPFC_CHANGED] == 0);
    options.anyway = 1;
    CU_ASSERT_EQUAL(gpfc_resume(&fake.bundle, &options, NULL, NULL, 0), GPFC_DONE);
    CU_ASSERT_TRUE(heard.events[GPFC_STEP] == 67 && heard.events[GPFC_CHANGED] == 1);
    options.anyway = 0;
    CU_ASSERT_EQUAL(gpfc_resume(&fake.bundle, &options, NULL, NULL, 0), GPFC_DONE);
    options_free(&options);
    scratch_remove(&scratch);
}

/* Checkpoints and models hold numbers as texts. A program that writes 0,5 leaves the same files. */
static void locales_make_no_difference(void)
{
    struct heard heard;
    start_up("none");
    struct gpfc_train_options plain = options_of(&heard, "pairs.npz", "plain");
    CU_ASSERT_EQUAL(gpfc_train(&fake.bundle, &plain, NULL, NULL, 0), GPFC_DONE);
    if (comma_locale_enter()) {
        struct gpfc_train_options other = options_of(&heard, "pairs.npz", "other");
        heard.stop_at = 13;
        CU_ASSERT_EQUAL_FATAL(gpfc_train(&fake.bundle, &other, NULL, NULL, 0), GPFC_STOPPED);
        comma_locale_leave();
        heard.stop_at = 50;
        CU_ASSERT_EQUAL_FATAL(gpfc_resume(&fake.bundle, &other, NULL, NULL, 0), GPFC_STOPPED);
        CU_ASSERT_TRUE(comma_locale_enter());
        heard.stop_at = 0;
        CU_ASSERT_EQUAL_FATAL(gpfc_resume(&fake.bundle, &other, NULL, NULL, 0), GPFC_DONE);
        same_files("plain/model.safetensors", "other/model.safetensors");
        struct gpfc_flow *flow =
            gpfc_flow_open(&fake.bundle, in_folder("other/model.safetensors"), 1, NULL, 0);
        CU_ASSERT_PTR_NOT_NULL(flow);
        gpfc_flow_close(flow);
        CU_ASSERT_EQUAL(localeconv()->decimal_point[0], ',');
        comma_locale_leave();
        options_free(&other);
    }
    options_free(&plain);
    scratch_remove(&scratch);
}

/* Samples without y: a base flow is trained first, and a stop within it is one of the whole. */
static void base_flows_are_a_stage(void)
{
    struct heard heard;
    struct gpfc_trained *trained;
    start_up("bnaf");
    fake_set(&fake, "base.rate", "0.02");
    struct pairs pairs = fake_pairs(2, 4, 200, 0);
    write_npy("x.npy", 4, 200, 2, pairs.train.x);
    fake_pairs_free(&pairs);
    struct gpfc_train_options options = options_of(&heard, "x.npy", "run");
    options.base_epochs = 30;
    heard.stop_at = 3;
    CU_ASSERT_EQUAL_FATAL(gpfc_train(&fake.bundle, &options, &trained, NULL, 0), GPFC_STOPPED);
    CU_ASSERT_STRING_EQUAL(trained->stage.name, "base");
    CU_ASSERT_STRING_EQUAL(trained->stage.rows, "samples");
    CU_ASSERT_TRUE(trained->step == 3 && !trained->has_base);
    gpfc_trained_free(trained);
    memset(&heard, 0, sizeof heard);
    CU_ASSERT_EQUAL_FATAL(gpfc_resume(&fake.bundle, &options, &trained, NULL, 0), GPFC_DONE);
    CU_ASSERT_TRUE(heard.events[GPFC_STARTED] == 2 && heard.events[GPFC_BASE] == 1);
    CU_ASSERT_STRING_EQUAL(trained->stage.name, "flow");
    CU_ASSERT_TRUE(trained->stage.second && trained->has_base && trained->pairs.mapped);
    CU_ASSERT_TRUE(trained->base.nll == heard.base.nll && isfinite(trained->base.nll));
    CU_ASSERT_TRUE(heard.pairs.nll_train == trained->pairs.nll_train && trained->pairs.rows == 200);
    CU_ASSERT_TRUE(scratch_there(trained->base.model));
    gpfc_trained_free(trained);
    options_free(&options);
    scratch_remove(&scratch);
}

/* ---- what is refused ----------------------------------------------------------------------------------- */

static void refused(const struct gpfc_train_options *options, bool resumed, int code, const char *part)
{
    struct gpfc_trained *trained = (struct gpfc_trained *)&fake;
    char message[300] = "";
    const int got = resumed ? gpfc_resume(&fake.bundle, options, &trained, message, sizeof message)
                            : gpfc_train(&fake.bundle, options, &trained, message, sizeof message);
    CU_ASSERT_EQUAL(got, code);
    CU_ASSERT_PTR_NULL(trained);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, part));
}

static void mistakes_are_reported(void)
{
    struct heard heard;
    start_up("none");
    const struct gpfc_train_options good = options_of(&heard, "pairs.npz", "run");
    struct gpfc_train_options options = good;
    options.data = "absent.npz";
    refused(&options, false, GPFC_INPUT, "absent.npz");
    options = good;
    options.device = "abacus";
    refused(&options, false, GPFC_INPUT, "'abacus'");
    options = good;
    options.base_epochs = 3;
    refused(&options, false, GPFC_INPUT, "no base flow to train");
    refused(&good, true, GPFC_INPUT, "checkpoint.safetensors");
    options.folder = NULL;
    refused(&options, true, GPFC_INPUT, "folder");
    fake_set(&fake, "train.rate", "1e30");
    fake_set(&fake, "train.optimizer", "adam");
    refused(&good, false, GPFC_DIVERGED, "is kept as");
    CU_ASSERT_EQUAL(heard.events[GPFC_STARTED], 1);
    fake.bundle.abi_version = 0;
    refused(&good, false, GPFC_SYSTEM, "interface 0");
    options = good;
    options_free(&options);
    gpfc_trained_free(NULL);
    scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"events and result say what was done", events_and_result_say_what_was_done},
        {"stopped trainings continue", stopped_trainings_continue},
        {"other builds are refused", other_builds_are_refused},
        {"locales make no difference", locales_make_no_difference},
        {"ended trainings go on", ended_trainings_go_on},
        {"base flows are a stage", base_flows_are_a_stage},
        {"mistakes are reported", mistakes_are_reported},
    };
    return fake_trainer_main(argc, argv, "gpfc_train", cases, CHECK_COUNT(cases));
}
