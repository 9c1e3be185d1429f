/* SPDX-License-Identifier: MIT */
#include "command/columns.h"
#include "command/command.h"
#include "command/report.h"
#include "devices/device_open.h"
#include "ground/human.h"
#include "ground/json_make.h"
#include "kernels/settings.h"
#include "model/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static json_t *kernels_json(const struct gpfc_bundle *bundle)
{
    json_t *kernels = json_object();
    for (int64_t i = 0; i < bundle->n_kernels; i++) {
        const struct gpfc_kernel *kernel = &bundle->kernels[i];
        json_t *one = json_object();
        json_put_number(&one, "flop_per_sample", kernel->flop_per_sample);
        json_put_number(&one, "useful_flop_per_sample", kernel->useful_flop_per_sample);
        json_put_count(&one, "scratch_bytes", kernel->scratch_bytes);
        json_put(&kernels, kernel->name, one);
    }
    return kernels;
}

static json_t *base_json(const struct gpfc_bundle *bundle)
{
    char hash[20];
    json_t *json = json_object();
    (void)snprintf(hash, sizeof hash, "%016" PRIx64, (uint64_t)bundle->base->spec_hash);
    json_put_text(&json, "kind", setting_text(bundle, SETTING_base_kind));
    json_put_text(&json, "spec_hash", hash);
    json_put_count(&json, "parameters", bundle->base->theta_elements);
    json_put(&json, "kernels", kernels_json(bundle->base));
    return json;
}

static json_t *settings_json(const struct gpfc_bundle *bundle)
{
    json_t *settings = json_object();
    for (int64_t i = 0; i < bundle->n_settings; i++)
        json_put_text(&settings, bundle->settings[i].key, bundle->settings[i].text);
    return settings;
}

bool command_other_cpu(const struct gpfc_bundle *bundle, char here[GPFC_CPU_NAME])
{
    gpfc_cpu_name(here);
    return bundle->cpu_name[0] != '\0' && strcmp(bundle->cpu_name, here) != 0;
}

/* facts: of the device that was asked about; NULL: none was. */
static json_t *info_json(const struct gpfc_bundle *bundle, const struct device_facts *facts)
{
    char hash[20], here[GPFC_CPU_NAME];
    json_t *json = json_object();
    (void)snprintf(hash, sizeof hash, "%016" PRIx64, (uint64_t)bundle->spec_hash);
    json_put_text(&json, "name", bundle->name);
    json_put_text(&json, "version", bundle->version);
    json_put_text(&json, "spec_hash", hash);
    json_put_count(&json, "dimension", bundle->dimension);
    json_put_text(&json, "precision", setting_text(bundle, SETTING_precision));
    json_put_count(&json, "parameters", bundle->theta_elements);
    if (bundle->base)
        json_put(&json, "base", base_json(bundle));
    json_put_text(&json, "cpu", bundle->cpu);
    json_put_text(&json, "features", bundle->features);
    json_put_text(&json, "cpu_name", bundle->cpu_name);
    json_put(&json, "other_cpu", json_boolean(command_other_cpu(bundle, here)));
    json_put_text(&json, "schedule", bundle->schedule);
    json_put(&json, "tuned", json_boolean(bundle->tuned));
    json_put_text(&json, "toolchain", bundle->toolchain);
    json_put_text(&json, "c_compiler", version_of_c_compiler());
    json_put_text(&json, "compiler", bundle->compiler);
    json_put_count(&json, "lanes", bundle->lanes);
    if (facts)
        report_device_json(&json, facts);
    json_put(&json, "kernels", kernels_json(bundle));
    json_put(&json, "settings", settings_json(bundle));
    json_put_text(&json, "spec", bundle->spec_text);
    return json;
}

static void print_parameters(const struct gpfc_bundle *bundle)
{
    struct human count;
    (void)fprintf(stdout, "  weights   %s\n", human_count(&count, bundle->theta_elements));
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        char shape[48];
        (void)snprintf(shape, sizeof shape,
                       parameter->rank == 2 ? "[%" PRId64 ", %" PRId64 "]" : "[%" PRId64 "]",
                       parameter->shape[0], parameter->shape[1]);
        (void)fprintf(stdout, "            %-24s %s\n", parameter->name, shape);
    }
}

static void print_kernels(const struct gpfc_bundle *bundle)
{
    struct human flop, bytes;
    (void)fprintf(stdout, "  kernels   %-18s %15s  %s\n", "", "FLOP a sample", "work space");
    for (int64_t i = 0; i < bundle->n_kernels; i++)
        (void)fprintf(stdout, "            %-18s %15s  %s\n", bundle->kernels[i].name,
                      human_count(&flop, (int64_t)bundle->kernels[i].flop_per_sample),
                      human_bytes(&bytes, (double)bundle->kernels[i].scratch_bytes));
}

static void print_schedule(const struct gpfc_bundle *bundle)
{
    columns_item(stdout, "schedule", "%s, %s", bundle->tuned != 0 ? "measured" : "chosen", bundle->schedule);
}

static void print_cpu(const struct command_context *context)
{
    const struct gpfc_bundle *bundle = context->bundle;
    char here[GPFC_CPU_NAME];
    if (command_other_cpu(bundle, here))
        columns_item(stdout, "cpu", "compiled for %s, but this machine is '%s': `%s tune' recompiles it",
                     bundle->cpu_name, here[0] != '\0' ? here : "unknown", context->program);
    else if (bundle->cpu_name[0] != '\0')
        columns_item(stdout, "cpu", "%s, this one", bundle->cpu_name);
    print_schedule(bundle);
}

static void print_device(const struct device_facts *facts)
{
    char room[300];
    if (facts)
        columns_item(stdout, "device", "%s", report_device(facts, room, sizeof room));
}

static void print_info(const struct command_context *context, const struct device_facts *facts)
{
    const struct gpfc_bundle *bundle = context->bundle;
    char flow[256];
    report_flow(bundle, flow, sizeof flow);
    (void)fprintf(stdout, "%s, compiled by gpfc %s for %s, %" PRId64 " samples a tile\n", bundle->name,
                  bundle->version, bundle->cpu, bundle->lanes);
    columns_item(stdout, "code", "kernels by %s, runtime by %s", bundle->toolchain, version_of_c_compiler());
    print_cpu(context);
    print_device(facts);
    columns_item(stdout, "flow", "%s", flow);
    print_parameters(bundle);
    print_kernels(bundle);
    if (bundle->base) {
        report_flow(bundle->base, flow, sizeof flow);
        columns_item(stdout, "base flow", "%s", flow);
        print_schedule(bundle->base);
        print_parameters(bundle->base);
        print_kernels(bundle->base);
    }
    (void)fprintf(stdout, "  spec      hash %016" PRIx64 "\n\n%s", (uint64_t)bundle->spec_hash,
                  bundle->spec_text);
}

bool command_info(const struct command_context *context, const struct command_options *options,
                  struct fault *fault)
{
    struct device device;
    struct device_facts facts;
    const char *const name = options->device ? options->device : "cpu";
    if (!device_open(&device, name, options->threads, fault))
        return false;
    const struct device_facts *const known = device_facts_of(&device, &facts) ? &facts : NULL;
    bool good = true;
    if (options->json)
        good = command_print_json(info_json(context->bundle, known), fault);
    else
        print_info(context, known);
    device_close(&device);
    return good;
}
