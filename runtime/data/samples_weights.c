/* SPDX-License-Identifier: MIT
 *
 * Weights of rows: from a file of their own, and to a scale. */
#include "data/samples_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- a file of their own ------------------------------------------------------------------------------- */

/* Its only column is that of the weights, beside none of numbers. */
bool samples_weights_open(struct samples_weights *out, const struct samples_request *request,
                          struct fault *fault)
{
    static const char *const arrays[] = {"weights", NULL};
    *out = (struct samples_weights){.reader = NULL};
    if (!data_paths_find(&out->paths, request->weights_file, request->weights_folder, fault))
        return false;
    const struct table_request wanted = {
        .path = out->paths.x, .arrays = arrays, .columns.weights = "1", .weights = arrays[0], .precision = 8};
    if (!table_open(&out->reader, &wanted, fault))
        return false;
    const int64_t others = table_info(out->reader)->columns;
    return others == 0 || fault_set(fault, FAULT_INPUT, "%s: %" PRId64 " columns; weights are one column",
                                    request->weights_file, others + 1);
}

void samples_weights_close(struct samples_weights *weights)
{
    table_close(weights->reader);
    data_paths_free(&weights->paths);
}

bool samples_weights_next(struct samples_weights *weights, int64_t n, double *to, struct fault *fault)
{
    double none;
    struct table_rows rows = {.most = n, .x = &none, .weights = to};
    return table_read(weights->reader, &rows, fault) &&
           (rows.got == n ||
            fault_set(fault, FAULT_INPUT, "%s: there are fewer weights than rows of data", weights->paths.x));
}

bool samples_weights_end(struct samples_weights *weights, struct fault *fault)
{
    double none, weight;
    struct table_rows rows = {.most = 1, .x = &none, .weights = &weight};
    return table_read(weights->reader, &rows, fault) &&
           (rows.got == 0 ||
            fault_set(fault, FAULT_INPUT, "%s: there are more weights than rows of data", weights->paths.x));
}

bool samples_read_weights(const struct samples_request *request, int64_t n, void **out, struct fault *fault)
{
    struct samples_weights weights;
    *out = NULL;
    const bool good = samples_weights_open(&weights, request, fault) &&
                      (*out = samples_room(n, sizeof(double), fault)) &&
                      samples_weights_next(&weights, n, *out, fault) && samples_weights_end(&weights, fault);
    samples_weights_close(&weights);
    return good;
}

bool samples_refuse_weights(const struct samples_request *request, struct fault *fault)
{
    return !request->weights_file ||
           fault_set(fault, FAULT_INPUT,
                     "%s has a split of its own; its weights are arrays in it: weights_train, weights_test",
                     request->file);
}

/* ---- scale --------------------------------------------------------------------------------------------- */

static bool are_counts(const struct part *part)
{
    for (int64_t i = 0; i < part->n; i++)
        if (part->weights[i] != floor(part->weights[i]))
            return false;
    return true;
}

static double mean_weight(const struct part *part)
{
    double sum = 0;
    for (int64_t i = 0; i < part->n; i++)
        sum += part->weights[i] / (double)part->n;
    return sum;
}

void samples_scale_weights(struct samples *samples)
{
    const struct part *const train = &samples->train;
    if (!train->weights || are_counts(train))
        return;
    const double mean = mean_weight(train);
    for (int k = 0; k < PARTS; k++) {
        struct part *const part = samples_part(samples, k);
        for (int64_t i = 0; part->weights && i < part->n; i++)
            part->weights[i] /= mean;
    }
}
