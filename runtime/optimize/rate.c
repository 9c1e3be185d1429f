/* SPDX-License-Identifier: MIT */
#include "optimize/rate.h"

#include "kernels/settings.h"

#include <math.h>
#include <stddef.h>

/* Pairs that were seen much more often than that are learnt by heart; fewer steps learn too little. */
enum { LEAST_EPOCHS = 3, MOST_EPOCHS = 28, LEAST_STEPS = 600 };

static int64_t steps_needed(const struct gpfc_bundle *bundle, int64_t epoch_steps, bool by_heart)
{
    const int64_t most = bundle->training_steps, seen = MOST_EPOCHS * epoch_steps;
    if (!by_heart || seen >= most)
        return most;
    return seen > LEAST_STEPS ? seen : LEAST_STEPS;
}

int64_t rate_epochs(const struct gpfc_bundle *bundle, int64_t epoch_steps, bool by_heart)
{
    const int64_t epochs = (steps_needed(bundle, epoch_steps, by_heart) + epoch_steps - 1) / epoch_steps;
    return epochs > LEAST_EPOCHS ? epochs : LEAST_EPOCHS;
}

static enum rate_schedule schedule_of(const struct gpfc_bundle *bundle)
{
    static const struct {
        enum setting_word word;
        enum rate_schedule schedule;
    } rows[] = {{WORD_schedule_constant, RATE_CONSTANT},
                {WORD_schedule_step, RATE_STEP},
                {WORD_schedule_cosine, RATE_COSINE},
                {WORD_schedule_plateau, RATE_PLATEAU}};
    enum { ROWS = sizeof rows / sizeof rows[0] };
    _Static_assert((int)ROWS == (int)SETTING_WORDS_OF(schedule), "a row for each word of train.schedule");
    int i = 0;
    while (i + 1 < ROWS && !setting_is(bundle, SETTING_train_schedule, rows[i].word))
        i++;
    return rows[i].schedule;
}

struct rate rate_from_settings(const struct gpfc_bundle *bundle, int64_t epochs, int64_t epoch_steps)
{
    return (struct rate){
        .schedule = schedule_of(bundle),
        .start = setting_number(bundle, SETTING_train_rate),
        .decay = setting_number(bundle, SETTING_train_decay),
        .decays = setting_integer(bundle, SETTING_train_decays),
        .fall = setting_number(bundle, SETTING_train_fall),
        .warmup_steps = setting_integer(bundle, SETTING_train_warmup_steps),
        .epochs = epochs,
        .epoch_steps = epoch_steps,
    };
}

double rate_decayed(double start, double factor, int64_t decays, int64_t epoch, int64_t epochs)
{
    int64_t passed = epoch * (decays + 1) / epochs;
    if (passed > decays)
        passed = decays;
    return start * pow(factor, (double)passed);
}

static double cosine_at(const struct rate *rate, int64_t step)
{
    const double pi = 3.14159265358979323846;
    int64_t length = rate->epochs * rate->epoch_steps - rate->warmup_steps;
    double done = (double)(step - rate->warmup_steps) / (double)length;
    return done < 1 ? rate->start * (1 + cos(pi * done)) / 2 : 0;
}

int64_t rate_fall_steps(const struct rate *rate, int64_t fall_step)
{
    const int64_t steps = (int64_t)ceil((double)fall_step * rate->fall / (1 - rate->fall));
    return steps > 1 ? steps : 1;
}

/* Not before step 1: 0 says that there is none yet. */
int64_t rate_latest_fall(const struct rate *rate)
{
    const int64_t steps = rate->epochs * rate->epoch_steps;
    const int64_t latest = (int64_t)floor((double)steps * (1 - rate->fall));
    return latest > 1 ? latest : 1;
}

bool rate_falls(const struct rate *rate)
{
    return rate->schedule == RATE_PLATEAU || rate->schedule == RATE_COSINE;
}

static double scheduled_at(const struct rate *rate, int64_t step)
{
    switch (rate->schedule) {
    case RATE_CONSTANT:
    case RATE_PLATEAU:
        return rate->start;
    case RATE_STEP:
        return rate_decayed(rate->start, rate->decay, rate->decays, step / rate->epoch_steps, rate->epochs);
    case RATE_COSINE:
        return cosine_at(rate, step);
    }
    return rate->start;
}

double rate_at(const struct rate *rate, int64_t step, int64_t fall_step)
{
    if (step < rate->warmup_steps)
        return rate->start * (double)(step + 1) / (double)rate->warmup_steps;
    if (fall_step == 0)
        return scheduled_at(rate, step);
    const double done = (double)(step - fall_step) / (double)rate_fall_steps(rate, fall_step);
    return done < 1 ? scheduled_at(rate, fall_step) * (1 - done) : 0;
}
