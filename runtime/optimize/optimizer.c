/* SPDX-License-Identifier: MIT */
#include "optimize/optimizer.h"

#include "kernels/settings.h"
#include "optimize/shrink.h"
#include "optimize/soap.h"

#include <stdlib.h>

/* ---- adam ---------------------------------------------------------------------------------------------- */

static bool adam_steps(struct optimizer *optimizer, const struct adam_arrays *arrays, int64_t step,
                       double rate, double norm)
{
    return adam_step(&optimizer->adam, arrays, step, rate, norm);
}

static void adam_lists(const struct optimizer *optimizer, struct tensor_list *list)
{
    (void)optimizer;
    (void)list;
}

static bool adam_takes(struct optimizer *optimizer, const struct safetensors *file, struct fault *fault)
{
    (void)optimizer;
    (void)file;
    (void)fault;
    return true;
}

static void adam_free(struct optimizer *optimizer)
{
    free(optimizer);
}

static bool adam_new(struct optimizer **out, const struct gpfc_bundle *bundle, struct fault *fault)
{
    static const struct optimizer_ops ops = {
        .step = adam_steps, .list = adam_lists, .take = adam_takes, .free = adam_free};
    (void)bundle;
    *out = calloc(1, sizeof **out);
    if (!*out)
        return fault_memory(fault, sizeof **out, "the optimizer");
    (*out)->ops = &ops;
    return true;
}

/* ---- soap ---------------------------------------------------------------------------------------------- */

struct soaped {
    struct optimizer optimizer;
    struct soap *soap;
};

static bool soap_steps(struct optimizer *optimizer, const struct adam_arrays *arrays, int64_t step,
                       double rate, double norm)
{
    return soap_step(((struct soaped *)optimizer)->soap, &optimizer->adam, arrays, step, rate, norm);
}

static void soap_lists(const struct optimizer *optimizer, struct tensor_list *list)
{
    soap_list(((const struct soaped *)optimizer)->soap, list);
}

static bool soap_takes(struct optimizer *optimizer, const struct safetensors *file, struct fault *fault)
{
    return soap_take(((struct soaped *)optimizer)->soap, file, fault);
}

static void soaped_free(struct optimizer *optimizer)
{
    soap_free(((struct soaped *)optimizer)->soap);
    free(optimizer);
}

static bool soaped_new(struct optimizer **out, const struct gpfc_bundle *bundle, struct fault *fault)
{
    static const struct optimizer_ops ops = {
        .step = soap_steps, .list = soap_lists, .take = soap_takes, .free = soaped_free};
    struct soaped *soaped = calloc(1, sizeof *soaped);
    *out = NULL;
    if (!soaped)
        return fault_memory(fault, sizeof *soaped, "the optimizer");
    soaped->optimizer.ops = &ops;
    if (!soap_new(&soaped->soap, bundle, fault)) {
        soaped_free(&soaped->optimizer);
        return false;
    }
    *out = &soaped->optimizer;
    return true;
}

/* ---- the table ----------------------------------------------------------------------------------------- */

static const struct {
    enum setting_word word;
    bool (*make)(struct optimizer **out, const struct gpfc_bundle *bundle, struct fault *fault);
} rows[] = {{WORD_optimizer_adam, adam_new}, {WORD_optimizer_soap, soaped_new}};
enum { ROWS = sizeof rows / sizeof rows[0] };
_Static_assert((int)ROWS == (int)SETTING_WORDS_OF(optimizer), "a row for each word of train.optimizer");

bool optimizer_new(struct optimizer **out, const struct gpfc_bundle *bundle, struct fault *fault)
{
    int i = 0;
    while (i + 1 < ROWS && !setting_is(bundle, SETTING_train_optimizer, rows[i].word))
        i++;
    if (!rows[i].make(out, bundle, fault))
        return false;
    (*out)->name = setting_word_text(rows[i].word);
    (*out)->adam = adam_from_settings(bundle);
    (*out)->shrinkage = shrink_from_settings(bundle);
    (*out)->bundle = bundle;
    return true;
}

bool optimizer_step(struct optimizer *optimizer, const struct adam_arrays *arrays, int64_t step, double rate,
                    double norm)
{
    if (optimizer->shrinkage > 0)
        shrink_weights(optimizer->bundle, 1 - rate * optimizer->shrinkage, arrays->theta);
    return optimizer->ops->step(optimizer, arrays, step, rate, norm);
}
