/* SPDX-License-Identifier: MIT */
#include "command/progress.h"

#include "command/columns.h"
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
    char text[200];
    struct human epoch, epochs, cost, left;
    double a_step = (now - progress->started) / (double)(line->step - progress->first_step);
    (void)snprintf(text, sizeof text, "epoch %s of %s  test %s %s  rate %.2e  %2.0f %%  %s left",
                   human_count(&epoch, line->epoch), human_count(&epochs, line->epochs), line->what,
                   human_number(&cost, line->cost), line->rate,
                   100 * (double)line->step / (double)line->steps,
                   human_seconds(&left, a_step * (double)(line->steps - line->step)));
    /* A line that wraps could not be overwritten; the last column is the cursor's. */
    if (progress->terminal)
        (void)fprintf(progress->out, "\r%.*s\033[K", columns_of(progress->out) - 1, text);
    else
        (void)fprintf(progress->out, "%s\n", text);
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
