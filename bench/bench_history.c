/* SPDX-License-Identifier: MIT
 *
 * The history of figures: one JSON object a line, so that many runs can append to a file and anything can
 * read it. */
#include "bench.h"

#include "gpfc.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *today(void)
{
    char text[32];
    const time_t now = time(NULL);
    struct tm utc;
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return json_string(text);
}

/* What the checkout is at, where there is one and git. */
static json_t *commit(void)
{
    char text[64] = "";
    FILE *pipe = popen("git -C '" BENCH_SOURCE "' describe --always --dirty 2>/dev/null", "r");
    if (!pipe)
        return json_null();
    if (!fgets(text, sizeof text, pipe))
        text[0] = '\0';
    (void)pclose(pipe);
    text[strcspn(text, "\n")] = '\0';
    return text[0] ? json_string(text) : json_null();
}

static void put(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static json_t *peers(const struct bench_figures *f)
{
    json_t *object = json_object();
    for (int i = 0; i < f->n_peers; i++)
        if (f->peer[i] > 0)
            put(object, f->peer_name[i], json_real(f->peer[i]));
    return object;
}

static json_t *line_of(struct arena *arena, const struct bench_figures *f)
{
    const struct bench_case *c = f->c;
    const double rate = f->least * f->peak;
    json_t *object = json_object();
    put(object, "case", json_string(c->name));
    put(object, "date", today());
    put(object, "version", json_string(gpfc_version()));
    put(object, "commit", commit());
    put(object, "cpu", json_string(f->cpu));
    put(object, "c_compiler", json_string(__VERSION__));
    put(object, "d", json_integer(c->d));
    put(object, "hidden", json_string(bench_hidden_text(arena, c)));
    put(object, "field", json_string(c->field));
    put(object, "penalty", json_string(c->euler ? "exact" : "none"));
    put(object, "mode", json_string(c->apply ? "apply" : "train"));
    put(object, "precision", json_string(bench_precision(c->real)));
    put(object, "batch", json_integer(c->batch));
    put(object, "steps", json_integer(c->steps));
    put(object, "least_s", json_real(f->least));
    put(object, "median_s", json_real(f->median));
    put(object, "peak_flops", json_real(f->peak));
    put(object, "useful_flop", json_real(f->useful));
    put(object, "executed_flop", json_real(f->executed));
    put(object, "matrix_flop", json_real(f->contractions));
    put(object, "matrix_share", json_real(f->contractions / rate));
    put(object, "useful_share", json_real(f->useful / rate));
    put(object, "executed_share", json_real(f->executed / rate));
    put(object, "gap", json_real(f->gap));
    put(object, "compile_s", json_real(f->compile_seconds));
    put(object, "plain_c_s", f->plain_c > 0 ? json_real(f->plain_c) : json_null());
    put(object, "peers_s", peers(f));
    return object;
}

bool bench_history_add(struct arena *arena, const char *path, const struct bench_figures *f,
                       struct fault *fault)
{
    json_t *line = line_of(arena, f);
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(line);
    FILE *file = text ? fopen(path, "a") : NULL;
    bool good = file && fprintf(file, "%s\n", text) > 0;
    if (file && fclose(file) != 0)
        good = false;
    free(text);
    return good || fault_system(fault, file ? "write" : "open", errno, "%s: cannot write the history", path);
}
