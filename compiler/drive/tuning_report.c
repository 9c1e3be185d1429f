/* SPDX-License-Identifier: MIT
 *
 * What became of the candidates: numbers, and a table for people. */
#include "drive/tuning_parts.h"

#include "drive/schedules.h"

#include <stdlib.h>
#include <string.h>

static void warn_of_wrong(struct compile *c, const struct tune_candidate *candidate)
{
    compile_warn(c, arena_printf(c->arena,
                                 "dropped during tuning because its values differ from the interpreter's "
                                 "(relative difference %.3g): %s",
                                 candidate->error, schedules_text(c->arena, &candidate->schedule)));
}

static int compare_candidates(const void *a, const void *b)
{
    const struct tune_candidate *x = *(const struct tune_candidate *const *)a,
                                *y = *(const struct tune_candidate *const *)b;
    return x->ratio != y->ratio ? (x->ratio > y->ratio) - (x->ratio < y->ratio) : (x > y) - (x < y);
}

static const char *fate_word(const struct tune_result *result, const struct tune_candidate *candidate)
{
    static const char *const words[] = {[TUNE_UNTRIED] = "",
                                        [TUNE_BROKEN] = "no code",
                                        [TUNE_WRONG] = "wrong",
                                        [TUNE_SLOWER] = "",
                                        [TUNE_LAST] = ""};
    if (candidate == &result->candidates[result->winner])
        return "winner";
    return candidate == result->candidates ? "untuned" : words[candidate->fate];
}

static void add_row(struct compile *c, const struct tune_result *result, const struct tune_candidate *t,
                    struct strbuf *text)
{
    if (t->seconds > 0)
        strbuf_addf(text, "  %7.3f  %9.3f ms  %-9s %s\n", t->ratio, 1e3 * t->seconds, fate_word(result, t),
                    schedules_text(c->arena, &t->schedule));
    else
        strbuf_addf(text, "  %7s  %12s  %-9s %s%s%s\n", "", "", fate_word(result, t),
                    schedules_text(c->arena, &t->schedule), t->fault[0] ? ": " : "", t->fault);
}

/* All that were timed, the fastest first, and then what was dropped for other reasons. */
static const char *table_of(struct compile *c, const struct tune_result *result, int n)
{
    const struct tune_candidate **sorted = ARENA_ARRAY(c->arena, const struct tune_candidate *, (size_t)n);
    struct strbuf text;
    int untried = 0;
    strbuf_init(&text, c->arena);
    for (int k = 0; k < n; k++)
        sorted[k] = &result->candidates[k];
    qsort(sorted, (size_t)n, sizeof *sorted, compare_candidates);
    for (int untimed = 0; untimed < 2; untimed++)
        for (int k = 0; k < n; k++)
            if (sorted[k]->fate == TUNE_UNTRIED)
                untried += untimed;
            else if ((sorted[k]->seconds > 0) != untimed)
                add_row(c, result, sorted[k], &text);
    if (untried > 0)
        strbuf_addf(&text, "  and %d more that there was no time for\n", untried);
    return strbuf_text(&text);
}

void tuning_report(struct compile *c, const struct family *f, const struct tune_result *result, int n)
{
    struct gpfc_choice *choice = &f->report->choice;
    const struct tune_candidate *winner = &result->candidates[result->winner];
    for (int k = 0; k < n; k++)
        if (result->candidates[k].fate == TUNE_WRONG)
            warn_of_wrong(c, &result->candidates[k]);
    choice->source = GPFC_BY_TUNING;
    choice->seconds = winner->seconds;
    choice->default_seconds = winner->ratio > 0 ? winner->seconds / winner->ratio : winner->seconds;
    choice->crowded = winner->crowded;
    choice->candidates = n;
    choice->timed = result->timed;
    choice->wrong = result->wrong;
    choice->broken = result->broken;
    choice->table = compile_keep(c, table_of(c, result, n));
}
