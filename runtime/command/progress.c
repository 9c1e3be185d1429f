/* SPDX-License-Identifier: MIT */
#include "command/progress.h"

#include "ground/clock.h"
#include "ground/human.h"

#include <unistd.h>

static const double terminal_pause = 0.1, plain_pause = 5, longest_pause = 300; /* s */

void progress_start(struct progress *progress, FILE *out, bool on, int64_t first_step)
{
    bool terminal = isatty(fileno(out)) == 1;
    double now = clock_now();
    *progress = (struct progress){
        .out = out,
        .on = on,
        .terminal = terminal,
        .started = now,
        .shown = now,
        .pause = terminal ? terminal_pause : plain_pause,
        .first_step = first_step,
    };
}

void progress_show(struct progress *progress, const struct progress_line *line)
{
    double now = clock_now();
    if (!progress->on || now - progress->shown < progress->pause)
        return;
    struct human epoch, epochs, cost, left;
    double a_step = (now - progress->started) / (double)(line->step - progress->first_step);
    (void)fprintf(progress->out, "%sepoch %s of %s  test %s %s  rate %.2e  %2.0f %%  %s left%s",
                  progress->terminal ? "\r" : "", human_count(&epoch, line->epoch),
                  human_count(&epochs, line->epochs), line->what, human_number(&cost, line->cost), line->rate,
                  100 * (double)line->step / (double)line->steps,
                  human_seconds(&left, a_step * (double)(line->steps - line->step)),
                  progress->terminal ? "\033[K" : "\n");
    (void)fflush(progress->out);
    progress->shown = now;
    if (!progress->terminal && progress->pause < longest_pause)
        progress->pause *= 1.5;
}

void progress_clear(struct progress *progress)
{
    if (!progress->on || !progress->terminal)
        return;
    (void)fputs("\r\033[K", progress->out);
    (void)fflush(progress->out);
}
