/* SPDX-License-Identifier: MIT */
#include "optimize/shrink.h"

#include "kernels/bundle.h"
#include "kernels/settings.h"
#include "numbers/rows.h"

#include <math.h>

/* weight_decay: auto. The more dimensions, the more a flow's outputs, and what the rows leave open. */
static const double in_one = 0.01, most = 0.5;

bool shrink_is_decoupled(const struct gpfc_bundle *bundle)
{
    return setting_is(bundle, SETTING_train_weight_decay_kind, WORD_weight_decay_decoupled);
}

double shrink_from_settings(const struct gpfc_bundle *bundle)
{
    if (!shrink_is_decoupled(bundle))
        return 0;
    return setting_automatic(bundle, SETTING_train_weight_decay)
               ? fmin(in_one * pow((double)bundle->dimension, 1.5), most)
               : setting_number(bundle, SETTING_train_weight_decay);
}

static void multiply(void *array, int64_t first, int64_t n, int64_t precision, double factor)
{
    for (int64_t i = first; i < first + n; i++)
        rows_put(factor * rows_number(array, i, precision), array, i, precision);
}

void shrink_weights(const struct gpfc_bundle *bundle, double factor, void *theta)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        if (parameter->rank == 2)
            multiply(theta, parameter->offset, bundle_parameter_elements(parameter), bundle->precision,
                     factor);
    }
}
