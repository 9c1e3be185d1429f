/* SPDX-License-Identifier: MIT */
#include "train/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct metrics {
    FILE *file;
    const struct stage_kind *stage;
    char *path;
};

/* Is it one of ours, of an earlier stage or of a step up to `keep`? */
static bool is_kept(const char *text, size_t length, const struct stage_kind *stage, int64_t keep)
{
    if (length == 0 || text[length - 1] != '\n')
        return false;
    json_t *line = json_loadb(text, length, 0, NULL);
    const json_t *step = json_object_get(line, "step");
    const struct stage_kind *of = stage_kind_named(json_string_value(json_object_get(line, "stage")));
    const bool earlier = of->number < stage->number, same = of == stage;
    const bool kept = json_is_integer(step) && (earlier || (same && json_integer_value(step) <= keep));
    json_decref(line);
    return kept;
}

static off_t kept_bytes(FILE *file, const struct stage_kind *stage, int64_t keep)
{
    char *text = NULL;
    size_t room = 0;
    off_t kept = 0;
    for (ssize_t length;
         (length = getline(&text, &room, file)) > 0 && is_kept(text, (size_t)length, stage, keep);)
        kept += length;
    free(text);
    return kept;
}

/* keep NULL: all of it. */
static bool cut(struct metrics *metrics, const struct metrics_keep *keep, struct fault *fault)
{
    const off_t kept = keep ? kept_bytes(metrics->file, metrics->stage, keep->step) : 0;
    if (ferror(metrics->file))
        return fault_system(fault, errno, "cannot read %s", metrics->path);
    if (fseeko(metrics->file, kept, SEEK_SET) != 0 || ftruncate(fileno(metrics->file), kept) != 0)
        return fault_system(fault, errno, "%s: cannot truncate", metrics->path);
    return true;
}

/* No link is followed, and no pipe waited for: the folder may be one that others write to as well. */
static FILE *open_regular(const char *path)
{
    struct stat what;
    const int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    const bool regular = file >= 0 && fstat(file, &what) == 0 && S_ISREG(what.st_mode);
    FILE *const stream = regular ? fdopen(file, "r+") : NULL;
    if (stream || file < 0)
        return stream;
    const int error = regular ? errno : EEXIST;
    close(file);
    errno = error;
    return NULL;
}

bool metrics_open(struct metrics **out, const char *path, const struct stage_kind *stage,
                  const struct metrics_keep *keep, struct fault *fault)
{
    *out = NULL;
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics || !(metrics->path = strdup(path))) {
        free(metrics);
        return fault_memory(fault, sizeof *metrics, path);
    }
    metrics->stage = stage;
    metrics->file = open_regular(path);
    const bool good =
        metrics->file ? cut(metrics, keep, fault) : fault_system(fault, errno, "%s: cannot write", path);
    if (good) {
        *out = metrics;
        return true;
    }
    if (metrics->file)
        (void)fclose(metrics->file);
    free(metrics->path);
    free(metrics);
    return false;
}

static void put(json_t *line, const char *key, double value)
{
    (void)json_object_set_new(line, key, isfinite(value) ? json_real(value) : json_null());
}

static json_t *line_json(const struct metrics *metrics, const struct metrics_line *line)
{
    json_t *json = json_object();
    (void)json_object_set_new(json, "stage", json_string(metrics->stage->name));
    (void)json_object_set_new(json, "step", json_integer(line->step));
    (void)json_object_set_new(json, "epoch", json_integer(line->epoch));
    put(json, "loss", line->loss);
    put(json, "cost", line->cost);
    if (!isnan(line->validation_cost))
        put(json, "validation_cost", line->validation_cost);
    if (!isnan(line->nll))
        put(json, "nll", line->nll);
    put(json, "penalty", line->penalty);
    put(json, "energy", line->energy);
    if (line->time_steps > 0) {
        (void)json_object_set_new(json, "time_steps", json_integer(line->time_steps));
        put(json, "density_error", line->errors.density);
        put(json, "roundtrip", line->errors.roundtrip);
    }
    put(json, "rate", line->rate);
    put(json, "samples_per_s", line->samples_per_s);
    put(json, "best_cost", line->best_cost);
    put(json, "train_cost", line->train_cost);
    put(json, "train_penalty", line->train_penalty);
    put(json, "gradient_norm", line->gradient_norm);
    put(json, "lambda", line->lambda);
    put(json, "seconds", line->seconds);
    put(json, "cpu_seconds", line->cpu_seconds);
    return json;
}

bool metrics_add(struct metrics *metrics, const struct metrics_line *line, struct fault *fault)
{
    json_t *json = line_json(metrics, line);
    char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (!text)
        return fault_memory(fault, 0, metrics->path);
    errno = 0;
    bool good =
        fputs(text, metrics->file) >= 0 && fputc('\n', metrics->file) != EOF && fflush(metrics->file) == 0;
    free(text);
    return good || fault_system(fault, errno, "%s: cannot write", metrics->path);
}

bool metrics_close(struct metrics *metrics, struct fault *fault)
{
    if (!metrics)
        return true;
    errno = 0;
    bool good = !metrics->file || fclose(metrics->file) == 0 ||
                fault_system(fault, errno, "%s: cannot write", metrics->path);
    free(metrics->path);
    free(metrics);
    return good;
}
