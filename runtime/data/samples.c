/* SPDX-License-Identifier: MIT
 *
 * Takes a request, gives samples: from a file or a generator, standardised where that is wanted. */
#include "data/samples_parts.h"
#include "data/toys.h"
#include "look/look.h"
#include "numbers/rows.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096 };

void *samples_room(int64_t n, size_t row_bytes, struct fault *fault)
{
    size_t bytes = SIZE_MAX;
    void *const room =
        __builtin_mul_overflow((size_t)n, row_bytes, &bytes) ? NULL : malloc(bytes ? bytes : 1);
    if (!room)
        (void)fault_memory(fault, bytes, "the data");
    return room;
}

struct part *samples_part(struct samples *samples, enum part_number number)
{
    struct part *const parts[PARTS] = {[PART_TRAIN] = &samples->train,
                                       [PART_TEST] = &samples->test,
                                       [PART_VALIDATION] = &samples->validation};
    return parts[number];
}

/* ---- the generator ------------------------------------------------------------------------------------- */

/* Samples first .. first + n - 1 of a generator, block by block. */
static void *generate(const struct samples *s, int toy, uint64_t seed, int64_t first, int64_t n,
                      struct fault *fault)
{
    double block[2 * BLOCK_ROWS];
    char *const to = samples_room(n, 2 * (size_t)s->precision, fault);
    for (int64_t row = 0; to && row < n; row += BLOCK_ROWS) {
        const int64_t rows = n - row < BLOCK_ROWS ? n - row : BLOCK_ROWS;
        toy_samples(toy, seed, first + row, rows, block);
        rows_from_double(block, 2 * rows, s->precision, to + 2 * row * s->precision);
    }
    return to;
}

static bool make_samples(struct samples *out, const struct samples_request *request, struct fault *fault)
{
    const int toy = request->generator ? toy_find(request->generator) : -1;
    if (!request->generator)
        return fault_set(fault, FAULT_INPUT, "no data: give a file of samples or pairs (--data FILE)");
    if (toy < 0)
        return fault_set(fault, FAULT_INPUT, "no generator %s", request->generator);
    if (out->d != 2)
        return fault_set(fault, FAULT_INPUT,
                         "generator %s draws 2-dimensional samples; the dimension is %" PRId64,
                         request->generator, out->d);
    assert(request->rows > 0);
    if (samples_changed(request, false))
        out->precision = 8;
    out->test.n = row_fates_test(request->rows, request->test);
    out->train.n = request->rows - out->test.n;
    out->train.x = generate(out, toy, request->seed, 0, out->train.n, fault);
    out->test.x = out->train.x ? generate(out, toy, request->seed, out->train.n, out->test.n, fault) : NULL;
    return out->test.x != NULL;
}

/* ---- places -------------------------------------------------------------------------------------------- */

const char *samples_place(const struct samples *s, const struct part *part, int64_t row, char *room,
                          size_t bytes)
{
    static const char *const of_part[PARTS] = {" of x_train", " of x_test", " of x_validation"};
    const enum part_number number = part == &s->test         ? PART_TEST
                                    : part == &s->validation ? PART_VALIDATION
                                                             : PART_TRAIN;
    const bool drawn = s->test_is_drawn && number == PART_TEST;
    const bool whole = !s->file || (s->test_is_drawn && number != PART_VALIDATION);
    const int64_t read = drawn ? row_fates_find(&s->fates[PART_TRAIN], ROW_FOR_TEST, row)
                               : row_fates_find(&s->fates[number], ROW_KEPT, row);
    const int64_t place = s->places && whole ? s->places[read] : read;
    (void)snprintf(room, bytes, s->by_line ? "%s:%" PRId64 "%s" : "%s: row %" PRId64 "%s (counted from 0)",
                   s->file ? s->file : "the generator", place, whole ? "" : of_part[number]);
    return room;
}

/* ---- standardisation ----------------------------------------------------------------------------------- */

bool samples_standardised(const struct samples_request *request, bool has_y)
{
    return !has_y && (request->standard ? request->standard->d > 0 : request->standardise);
}

bool samples_changed(const struct samples_request *request, bool has_y)
{
    return samples_standardised(request, has_y) || (request->dequantise && !has_y);
}

bool samples_drops_late(const struct samples_request *request, bool has_y)
{
    return request->columns.missing == TABLE_DROP && (has_y || request->weights_file);
}

enum table_missing samples_missing(const struct samples_request *request, bool has_y)
{
    return samples_drops_late(request, has_y) ? TABLE_KEEP : request->columns.missing;
}

/* Double to float, in place: the front of the same memory, moved to where a smaller piece is enough. */
static void make_single(void **rows, int64_t elements)
{
    char *const at = *rows;
    if (!at)
        return;
    for (int64_t i = 0; i < elements; i++) {
        double wide;
        memcpy(&wide, at + i * (int64_t)sizeof wide, sizeof wide);
        const float narrow = (float)wide;
        memcpy(at + i * (int64_t)sizeof narrow, &narrow, sizeof narrow);
    }
    void *const smaller = realloc(*rows, elements > 0 ? (size_t)elements * sizeof(float) : 1);
    if (smaller)
        *rows = smaller;
}

static bool check_rows(const struct samples *s, const struct part *part, struct fault *fault)
{
    char place[300];
    for (int64_t i = 0; i < part->n * s->d; i++)
        if (!isfinite(rows_number(part->x, i, s->precision)))
            return fault_set(fault, FAULT_INPUT,
                             "%s: coordinate %" PRId64
                             " (counted from 1) is infinite after division by the model's scale",
                             samples_place(s, part, i / s->d, place, sizeof place), i % s->d + 1);
    return true;
}

static bool standardise(struct samples *s, const struct samples_request *request, struct fault *fault)
{
    if (request->standard && request->standard->d != s->d)
        return fault_set(fault, FAULT_INPUT,
                         "the model standardises %" PRId64 " coordinates; the dimension is %" PRId64,
                         request->standard->d, s->d);
    if (request->standard
            ? !standard_copy(&s->standard, request->standard, fault)
            : !standard_fit(&s->standard, s->train.x, s->train.weights, s->train.n, s->d, fault))
        return false;
    for (int i = 0; i < PARTS; i++)
        standard_apply(&s->standard, samples_part(s, i)->x, samples_part(s, i)->n, 8);
    return true;
}

static bool dequantise(struct samples *s, const struct samples_request *request, struct fault *fault)
{
    if (!s->look && !samples_look(s, request, fault))
        return false;
    samples_dequantise(s, look_result(s->look));
    if (!request->look) {
        look_free(s->look);
        s->look = NULL;
    }
    return true;
}

/* x, which was read in double, as it is trained on. */
static bool change(struct samples *s, const struct samples_request *request, struct fault *fault)
{
    if ((request->dequantise && !dequantise(s, request, fault)) ||
        (samples_standardised(request, false) && !standardise(s, request, fault)))
        return false;
    for (int i = 0; i < PARTS && is_single(request->precision); i++)
        make_single(&samples_part(s, i)->x, samples_part(s, i)->n * s->d);
    s->precision = request->precision;
    return check_rows(s, &s->train, fault) && check_rows(s, &s->test, fault) &&
           check_rows(s, &s->validation, fault);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static bool load(struct samples *out, const struct samples_request *request, struct fault *fault)
{
    if (request->file ? !samples_read_file(out, request, fault) : !make_samples(out, request, fault))
        return false;
    samples_scale_weights(out);
    if (request->look && !samples_look(out, request, fault))
        return false;
    if (request->look && look_refusal(look_result(out->look)))
        return true;
    return !samples_changed(request, out->train.y) || change(out, request, fault);
}

bool samples_load(struct samples *out, const struct samples_request *request, struct fault *fault)
{
    assert(request->d > 0 && (request->precision == 4 || request->precision == 8));
    *out = (struct samples){.d = request->d, .precision = request->precision, .file = request->file};
    if (load(out, request, fault))
        return true;
    samples_free(out);
    return false;
}

static void free_rows(void *rows, struct file_map *map)
{
    if (map->pages)
        file_unmap(map);
    else
        free(rows);
}

void samples_free(struct samples *samples)
{
    for (int i = 0; i < PARTS; i++) {
        const struct part *const part = samples_part(samples, i);
        free_rows(part->x, &samples->x_map[i]);
        free_rows(part->y, &samples->y_map[i]);
        free(part->logdet);
        free(part->labels);
        free(part->weights);
        row_fates_free(&samples->fates[i]);
    }
    free(samples->places);
    standard_free(&samples->standard);
    look_free(samples->look);
    for (int64_t i = 0; samples->names && i < samples->d; i++)
        free(samples->names[i]);
    free(samples->names);
    *samples = (struct samples){.d = 0};
}
