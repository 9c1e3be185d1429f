/* SPDX-License-Identifier: MIT */
#include "train/metrics.h"

#include "ground/json_make.h"
#include "ground/json_text.h"

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
    char text[METRICS_MAX_LINE];
    off_t kept = 0;
    while (fgets(text, sizeof text, file) && is_kept(text, strlen(text), stage, keep))
        kept += (off_t)strlen(text);
    return kept;
}

/* keep NULL: all of it. */
static bool cut(struct metrics *metrics, const struct metrics_keep *keep, struct fault *fault)
{
    const off_t kept = keep ? kept_bytes(metrics->file, metrics->stage, keep->step) : 0;
    if (ferror(metrics->file))
        return fault_system(fault, "read", errno, "cannot read %s", metrics->path);
    if (fseeko(metrics->file, kept, SEEK_SET) != 0)
        return fault_system(fault, "fseek", errno, "%s: cannot truncate", metrics->path);
    return ftruncate(fileno(metrics->file), kept) == 0 ||
           fault_system(fault, "ftruncate", errno, "%s: cannot truncate", metrics->path);
}

/* No link is followed, and no pipe waited for: the folder may be one that others write to as well. */
static FILE *open_regular(const char *path, int exclusively)
{
    struct stat what;
    const int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | exclusively, 0666);
    const bool known = file >= 0 && fstat(file, &what) == 0, regular = known && S_ISREG(what.st_mode);
    FILE *const stream = regular ? fdopen(file, "r+") : NULL;
    if (stream || file < 0)
        return stream;
    const int error = known && !regular ? EEXIST : errno;
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
    metrics->file = open_regular(path, 0);
    const bool good = metrics->file ? cut(metrics, keep, fault)
                                    : fault_system(fault, "open", errno, "%s: cannot write", path);
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

/* NULL: no memory. */
static json_t *line_json(const struct metrics *metrics, const struct metrics_line *line)
{
    json_t *json = json_object();
    json_put_text(&json, "stage", metrics->stage->name);
    json_put_count(&json, "step", line->step);
    json_put_count(&json, "epoch", line->epoch);
    json_put_number(&json, "loss", line->loss);
    json_put_number(&json, "cost", line->cost);
    if (!isnan(line->validation_cost))
        json_put_number(&json, "validation_cost", line->validation_cost);
    if (!isnan(line->nll))
        json_put_number(&json, "nll", line->nll);
    json_put_number(&json, "penalty", line->penalty);
    json_put_number(&json, "energy", line->energy);
    if (line->time_steps > 0) {
        json_put_count(&json, "time_steps", line->time_steps);
        json_put_number(&json, "density_error", line->errors.density);
        json_put_number(&json, "roundtrip", line->errors.roundtrip);
    }
    json_put_number(&json, "rate", line->rate);
    json_put_number(&json, "samples_per_s", line->samples_per_s);
    json_put_number(&json, "best_cost", line->best_cost);
    json_put_number(&json, "train_cost", line->train_cost);
    json_put_number(&json, "train_penalty", line->train_penalty);
    json_put_number(&json, "gradient_norm", line->gradient_norm);
    json_put_number(&json, "lambda", line->lambda);
    json_put_number(&json, "seconds", line->seconds);
    json_put_number(&json, "cpu_seconds", line->cpu_seconds);
    return json;
}

static bool copy_lines(FILE *from, FILE *to)
{
    char block[METRICS_MAX_LINE];
    bool good = fseeko(from, 0, SEEK_SET) == 0;
    for (size_t n; good && (n = fread(block, 1, sizeof block, from)) > 0;)
        good = fwrite(block, 1, n, to) == n;
    return good && !ferror(from);
}

/* Lines that go into a file without a name would be lost. */
static bool name_again(struct metrics *metrics, struct fault *fault)
{
    struct stat what;
    if (fstat(fileno(metrics->file), &what) != 0 || what.st_nlink > 0)
        return true;
    FILE *const file = open_regular(metrics->path, O_EXCL);
    if (!file)
        return fault_system(fault, "open", errno, "%s: was deleted; cannot write it again", metrics->path);
    const bool good = copy_lines(metrics->file, file);
    const int error = errno;
    (void)fclose(metrics->file);
    metrics->file = file;
    return good || fault_system(fault, "write", error, "%s: cannot write", metrics->path);
}

bool metrics_add(struct metrics *metrics, const struct metrics_line *line, struct fault *fault)
{
    json_t *json = line_json(metrics, line);
    char *text = json_text(json, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (!text)
        return fault_memory(fault, 0, metrics->path);
    if (!name_again(metrics, fault)) {
        free(text);
        return false;
    }
    errno = 0;
    bool good =
        fputs(text, metrics->file) >= 0 && fputc('\n', metrics->file) != EOF && fflush(metrics->file) == 0;
    free(text);
    return good || fault_system(fault, "write", errno, "%s: cannot write", metrics->path);
}

bool metrics_close(struct metrics *metrics, struct fault *fault)
{
    if (!metrics)
        return true;
    errno = 0;
    bool good = !metrics->file || fclose(metrics->file) == 0 ||
                fault_system(fault, "fclose", errno, "%s: cannot write", metrics->path);
    free(metrics->path);
    free(metrics);
    return good;
}
