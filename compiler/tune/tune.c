/* SPDX-License-Identifier: MIT
 *
 * The search: candidates are compiled in waves, one a thread; those of a wave that are right run some rounds
 * against the first and the best so far; the best few of all waves run the last rounds, where the slower half
 * is dropped twice, and the remaining ones run once more on all threads. */
#include "tune/tune.h"

#include "base/clock.h"
#include "base/plain_locale.h"
#include "tune/tune_case.h"
#include "tune/tune_crowd.h"
#include "tune/tune_decide.h"
#include "tune/tune_time.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>

enum {
    MOST_THREADS = 16,
    MOST_LAST = 6, /* contenders of the last rounds, besides the first */
    WAVE_ROUNDS = 5,
    LEAST_ROUNDS = 5,   /* of the last ones, whatever the time */
    HALVING_ROUNDS = 10 /* the worse half leaves after so many rounds, and after so many more */
};

static const double FIRST_SHARE = 0.75; /* of the time, for waves */
static const double DROP = 1.08; /* a candidate so much slower than the best one so far is dropped at once */

struct search {
    struct arena *arena;
    const struct tune_task *task;
    const struct tune_case *answer;
    struct tune_candidate *candidates;
    struct owned **code;           /* by candidate: its arena; NULL: dropped, or not yet */
    struct contender **contenders; /* by candidate: NULL unless it is right and not dropped */
    int reference; /* candidate that others are compared with: the first that is right; -1: none yet */
    int best;
    double start;
    struct tune_progress progress;
};

/* ---- candidates ---------------------------------------------------------------------------------------- */

static void drop(struct search *s, int k, enum tune_fate fate)
{
    s->candidates[k].fate = fate;
    s->contenders[k] = NULL;
    arena_release(s->code[k]);
}

struct job { /* of a thread that compiles */
    const struct tune_task *task;
    const struct schedule *schedule;
    struct arena *arena;
    const struct gpfc_kernel *kernel;
    const char *fault;
};

static void *compile(void *data)
{
    struct job *job = data;
    const struct plain_locale locale = plain_locale_enter();
    jmp_buf no_memory;
    jmp_buf *const former = arena_on_failure(job->arena, &no_memory);
    job->fault = "out of memory";
    if (!setjmp(no_memory))
        job->kernel = job->task->compile(job->task->data, job->arena, job->schedule, &job->fault);
    arena_on_failure(job->arena, former);
    plain_locale_leave(locale);
    return NULL;
}

/* Candidates first .. first+n-1, at the same time. */
static void compile_wave(struct search *s, int first, int n, struct job *jobs)
{
    pthread_t thread[MOST_THREADS];
    bool threaded[MOST_THREADS] = {false};
    for (int i = 0; i < n; i++)
        jobs[i] = (struct job){.task = s->task,
                               .schedule = &s->task->schedules[first + i],
                               .arena = arena_within(s->arena, &s->code[first + i])};
    for (int i = 1; i < n; i++)
        threaded[i] = pthread_create(&thread[i], NULL, compile, &jobs[i]) == 0;
    for (int i = 0; i < n; i++)
        if (!threaded[i])
            compile(&jobs[i]);
    for (int i = 1; i < n; i++)
        if (threaded[i])
            (void)pthread_join(thread[i], NULL);
}

/* Nothing is timed, and nothing can win, that was not found right here. */
static void compare(struct search *s, int k, const struct gpfc_kernel *kernel)
{
    struct tune_candidate *candidate = &s->candidates[k];
    struct contender *c = contender_new(s->code[k]->object, s->answer, kernel, candidate->schedule.lanes,
                                        s->task->real, s->task->batch);
    candidate->error = tune_case_error(s->answer, c->run);
    tune_case_fill(s->answer, c->run, s->task->batch);
    if (candidate->error >= 0 && candidate->error <= tune_case_tolerance(s->task->real))
        s->contenders[k] = c;
}

static void examine(struct search *s, int k, const struct job *job)
{
    if (!job->kernel) {
        s->candidates[k].fault = arena_strdup(s->arena, job->fault);
        drop(s, k, TUNE_BROKEN);
        return;
    }
    compare(s, k, job->kernel);
    if (!s->contenders[k]) {
        drop(s, k, TUNE_WRONG);
        s->progress.wrong++;
    } else if (s->reference < 0)
        s->reference = s->best = k;
}

/* ---- rounds -------------------------------------------------------------------------------------------- */

static double time_left(const struct search *s)
{
    return s->start + s->task->seconds - wall_seconds();
}

static void tell_progress(struct search *s)
{
    s->progress.ratio = s->best >= 0 ? s->candidates[s->best].ratio : 1;
    s->progress.seconds_left = fmax(time_left(s), 0);
    if (s->task->progress)
        s->task->progress(s->task->data, &s->progress);
}

static void note_times(struct search *s, const int *list, int n)
{
    for (int i = 0; i < n; i++) {
        const struct contender *c = s->contenders[list[i]];
        s->candidates[list[i]].seconds = contender_least(c);
        s->candidates[list[i]].ratio = contender_ratio(c, s->contenders[s->reference]);
    }
}

/* Rounds for the candidates of a list, from none; the clock may end them after `least`. */
static int run_rounds(struct search *s, const int *list, int n, int least, int most)
{
    struct contender *contenders[MOST_LAST + MOST_THREADS + 2];
    for (int i = 0; i < n; i++)
        contenders[i] = s->contenders[list[i]];
    int round = 0;
    while (round < most && (round < least || time_left(s) > 0))
        contenders_round(contenders, n, round++, NULL);
    note_times(s, list, n);
    return round;
}

static int living(const struct search *s, int *list)
{
    int n = 0;
    for (int k = 0; k < s->task->n; k++)
        if (s->contenders[k])
            list[n++] = k;
    return n;
}

/* The slowest but the reference. */
static int slowest(const struct search *s, const int *list, int n)
{
    int worst = -1;
    for (int i = 0; i < n; i++)
        if (list[i] != s->reference &&
            (worst < 0 || s->candidates[list[i]].ratio > s->candidates[worst].ratio))
            worst = list[i];
    return worst;
}

static void keep_best(struct search *s, int most)
{
    int list[TUNE_MOST_CANDIDATES];
    for (int n = living(s, list); n > most + 1; n = living(s, list))
        drop(s, slowest(s, list, n), TUNE_SLOWER);
}

/* Those of a wave that are right, against the reference and the best so far. */
static void time_wave(struct search *s, int first, int n)
{
    int list[MOST_THREADS + 2], m = 0;
    for (int k = first; k < first + n; k++)
        if (s->contenders[k] && k != s->reference && k != s->best)
            list[m++] = k;
    if (s->reference < 0 || (m == 0 && s->candidates[s->reference].seconds > 0))
        return;
    list[m++] = s->reference;
    if (s->best != s->reference)
        list[m++] = s->best;
    for (int i = 0; i < m; i++)
        contender_reset(s->contenders[list[i]]);
    (void)run_rounds(s, list, m, 1, WAVE_ROUNDS);
    for (int i = 0; i < m; i++)
        if (s->candidates[list[i]].ratio < s->candidates[s->best].ratio)
            s->best = list[i];
    for (int i = 0; i < m; i++)
        if (list[i] != s->reference && s->candidates[list[i]].ratio > DROP * s->candidates[s->best].ratio)
            drop(s, list[i], TUNE_SLOWER);
    keep_best(s, MOST_LAST);
}

/* ---- the search ---------------------------------------------------------------------------------------- */

static void run_waves(struct search *s)
{
    const struct tune_task *task = s->task;
    const int threads = task->threads < 1 ? 1 : task->threads > MOST_THREADS ? MOST_THREADS : task->threads;
    struct job jobs[MOST_THREADS];
    double wave = 0; /* how long the last one took */
    for (int first = 0; first < task->n;) {
        const double begun = wall_seconds();
        const int n = threads < task->n - first ? threads : task->n - first;
        const bool is_late = begun - s->start + wave > FIRST_SHARE * task->seconds;
        if (is_late && s->reference >= 0)
            return;
        compile_wave(s, first, n, jobs);
        for (int i = 0; i < n; i++)
            examine(s, first + i, &jobs[i]);
        time_wave(s, first, n);
        first += n;
        s->progress.done = first;
        wave = wall_seconds() - begun;
        tell_progress(s);
    }
}

static struct tune_quotients quotients_of(const struct search *s, int k)
{
    const struct contender *c = s->contenders[k], *reference = s->contenders[s->reference];
    return (struct tune_quotients){contender_ratio(c, reference), contender_median_ratio(c, reference)};
}

/* The worse half leaves twice. */
static void run_alone(struct search *s)
{
    int list[TUNE_MOST_CANDIDATES], n = living(s, list);
    for (int i = 0; i < n; i++) {
        contender_reset(s->contenders[list[i]]);
        s->candidates[list[i]].fate = TUNE_LAST;
    }
    for (int round = 0, least = LEAST_ROUNDS; n > 1 && round < TUNE_MOST_ROUNDS; least = 0) {
        const int ran = run_rounds(s, list, n, least, HALVING_ROUNDS);
        round += ran;
        if (ran < HALVING_ROUNDS)
            return;
        if (round <= 2 * HALVING_ROUNDS)
            keep_best(s, n / 2);
        n = living(s, list);
    }
}

static void run_crowded(struct search *s, const int *list, int n)
{
    struct contender *contenders[MOST_LAST + MOST_THREADS + 2];
    struct crowd *crowd = crowd_new(s->arena, s->task->threads);
    for (int i = 0; i < n; i++) {
        contenders[i] = s->contenders[list[i]];
        contender_reset(contenders[i]);
    }
    for (int round = 0; round < HALVING_ROUNDS && (round < LEAST_ROUNDS || time_left(s) > 0); round++)
        contenders_round(contenders, n, round, crowd);
    for (int i = 0; i < n; i++)
        s->candidates[list[i]].crowded = quotients_of(s, list[i]).least;
    crowd_close(crowd);
}

/* The best of those that ran the last rounds, if it is better than the first. */
static int last_rounds(struct search *s)
{
    struct tune_quotients alone[MOST_LAST + 2], crowded[MOST_LAST + 2];
    int list[TUNE_MOST_CANDIDATES];
    run_alone(s);
    const int n = living(s, list);
    assert(n <= MOST_LAST + 1);
    if (n == 1)
        return s->reference;
    for (int i = 0; i < n; i++)
        alone[i] = quotients_of(s, list[i]);
    if (s->task->threads > 1)
        run_crowded(s, list, n);
    for (int i = 0; i < n; i++)
        crowded[i] = quotients_of(s, list[i]);
    const int best = tune_best(alone, crowded, n);
    return best < 0 ? s->reference : list[best];
}

bool tune_search(struct arena *arena, const struct tune_task *task, struct tune_result *out,
                 const char **fault)
{
    struct search s = {.arena = arena, .task = task, .reference = -1, .best = -1, .start = wall_seconds()};
    assert(task->n >= 1 && task->n <= TUNE_MOST_CANDIDATES);
    s.answer = tune_case_new(arena, task->program, fault);
    if (!s.answer)
        return false;
    s.candidates = ARENA_ARRAY(arena, struct tune_candidate, (size_t)task->n);
    s.code = ARENA_ARRAY(arena, struct owned *, (size_t)task->n);
    s.contenders = ARENA_ARRAY(arena, struct contender *, (size_t)task->n);
    for (int k = 0; k < task->n; k++)
        s.candidates[k] = (struct tune_candidate){.schedule = task->schedules[k], .fault = ""};
    s.progress.total = task->n;
    run_waves(&s);
    *fault = "no candidate computes the program's values";
    if (s.reference < 0)
        return false;
    const int winner = last_rounds(&s);
    s.progress.finished = true;
    tell_progress(&s);
    *out = (struct tune_result){.winner = winner, .candidates = s.candidates, .wrong = s.progress.wrong};
    for (int k = 0; k < task->n; k++) {
        out->broken += s.candidates[k].fate == TUNE_BROKEN;
        out->timed += s.candidates[k].seconds > 0;
        if (s.code[k] && s.code[k]->object)
            arena_release(s.code[k]);
    }
    return true;
}
