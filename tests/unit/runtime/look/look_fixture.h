/* SPDX-License-Identifier: MIT
 *
 * Data of a known kind, and what must be found in them. */
#ifndef GPFC_LOOK_FIXTURE_H
#define GPFC_LOOK_FIXTURE_H

#include "check.h"
#include "look/look.h"
#include "numbers/random.h"

#include <math.h>
#include <stdint.h>

enum { MOST_NUMBERS = 1 << 21 };

struct data {
    int64_t n, d;
    bool has_y;
    const char *const *names;
    unsigned char *for_test; /* [n], or NULL */
    const double *weights;   /* [n], or NULL */
    double *rows;            /* [n][d or 2 d], room for MOST_NUMBERS */
};

static inline int64_t data_width(const struct data *data)
{
    return data->has_y ? 2 * data->d : data->d;
}

static inline double *at(const struct data *data, int64_t row, int64_t column)
{
    return &data->rows[row * data_width(data) + column];
}

static inline double normal(uint64_t seed, int64_t i)
{
    return random_normal(seed, random_stream(RANDOM_DATA, 1), (uint64_t)i);
}

static inline double uniform(uint64_t seed, int64_t i)
{
    return random_uniform(seed, random_stream(RANDOM_DATA, 2), (uint64_t)i);
}

static inline struct data data_new(int64_t n, int64_t d, bool has_y)
{
    struct data data = {.n = n, .d = d, .has_y = has_y};
    data.rows = malloc(MOST_NUMBERS * sizeof *data.rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data.rows);
    CU_ASSERT_TRUE_FATAL(n * data_width(&data) <= MOST_NUMBERS);
    return data;
}

/* Standard normal numbers in all columns. */
static inline struct data data_normal(uint64_t seed, int64_t n, int64_t d, bool has_y)
{
    struct data data = data_new(n, d, has_y);
    for (int64_t i = 0; i < n * data_width(&data); i++)
        data.rows[i] = normal(seed, i);
    return data;
}

static inline struct look *look_at(const struct data *data)
{
    struct look *look;
    struct fault fault = {0};
    const struct look_request request = {.d = data->d, .has_y = data->has_y, .names = data->names};
    CU_ASSERT_TRUE_FATAL(look_new(&look, &request, &fault));
    const struct look_rows rows = {
        .rows = data->rows, .n = data->n, .for_test = data->for_test, .weights = data->weights};
    CU_ASSERT_TRUE_FATAL(look_add(look, &rows, &fault));
    CU_ASSERT_TRUE_FATAL(look_finish(look, &fault));
    return look;
}

static inline const struct gpfc_finding *found(const struct look *look, const char *kind)
{
    const struct gpfc_look *const result = look_result(look);
    for (int64_t i = 0; i < result->n_findings; i++)
        if (strcmp(result->findings[i].kind, kind) == 0)
            return &result->findings[i];
    return NULL;
}

/* The kinds of warnings, in their order, separated by blanks: exactly these. */
static inline bool warns_of(const struct look *look, const char *kinds)
{
    char all[512] = "";
    const struct gpfc_look *const result = look_result(look);
    for (int64_t i = 0; i < result->n_findings; i++)
        if (result->findings[i].level > GPFC_NOTE) {
            if (all[0] != '\0')
                (void)strncat(all, " ", sizeof all - strlen(all) - 1);
            (void)strncat(all, result->findings[i].kind, sizeof all - strlen(all) - 1);
        }
    if (strcmp(all, kinds) == 0)
        return true;
    (void)printf("\n    found \"%s\", not \"%s\"\n", all, kinds);
    return false;
}

static inline void expect_and_free(struct data *data, const char *kinds)
{
    struct look *const look = look_at(data);
    CU_ASSERT_TRUE(warns_of(look, kinds));
    look_free(look);
    free(data->rows);
    free(data->for_test);
}

#endif
