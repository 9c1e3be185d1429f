/* SPDX-License-Identifier: MIT
 *
 * A C program that trains a model through the runtime library, with the data that its spec names:
 *
 *     gpfc specs/eight_gaussians.yaml --emit=object -o kernels.o
 *     cc examples/train_a_model.c kernels.o $(pkg-config --cflags --libs gpfc) -o train_a_model
 *     ./train_a_model run 10
 *
 * trains for 10 epochs into the folder "run", or goes on with a training that is there and was stopped.
 * Ctrl-C stops after the step and saves. */
#include <gpfc/runtime.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t wanted; /* to stop */

static void note_signal(int number)
{
    wanted = number;
}

static int stop(void *user)
{
    (void)user;
    return wanted;
}

static void print_event(void *user, const struct gpfc_event *event)
{
    (void)user;
    if (event->kind == GPFC_STARTED)
        printf("%s: %lld parameters, %lld %s, %lld steps\n", event->stage->name,
               (long long)event->stage->parameters, (long long)event->stage->train, event->stage->rows,
               (long long)event->stage->steps);
    if (event->kind == GPFC_STEP && event->step->step % event->stage->epoch_steps == 0)
        printf("%s: epoch %lld, %.4g on the test rows\n", event->stage->name, (long long)event->step->epoch,
               event->step->cost);
}

int main(int argc, char **argv)
{
    struct gpfc_trained *trained;
    char message[512];
    if (argc < 2 || argc > 3) {
        (void)fprintf(stderr, "usage: train_a_model FOLDER [EPOCHS]\n");
        return 2;
    }
    const struct gpfc_train_options options = {
        .folder = argv[1],
        .epochs = argc > 2 ? strtoll(argv[2], NULL, 10) : 0,
        .base_epochs = argc > 2 ? strtoll(argv[2], NULL, 10) : 0,
        .evaluate = 1,
        .on_event = print_event,
        .stop = stop,
    };
    (void)signal(SIGINT, note_signal);
    int code = gpfc_resume(&gpfc_bundle, &options, &trained, message, sizeof message);
    if (code == GPFC_INPUT) /* there is no checkpoint */
        code = gpfc_train(&gpfc_bundle, &options, &trained, message, sizeof message);
    if (code != GPFC_DONE && code != GPFC_STOPPED) {
        (void)fprintf(stderr, "train_a_model: %s\n", message);
        return EXIT_FAILURE;
    }
    if (trained->has_evaluation)
        printf("transport cost %.4g before, %.4g after\n", trained->evaluation.cost_before,
               trained->evaluation.cost_after);
    printf("%s after step %lld: %s\n", code == GPFC_DONE ? "done" : "stopped", (long long)trained->step,
           trained->model);
    gpfc_trained_free(trained);
    return EXIT_SUCCESS;
}
