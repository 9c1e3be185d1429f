/* SPDX-License-Identifier: MIT
 *
 * Models and checkpoints on disk: nothing is lost, nothing half-written, and a file that does not fit is
 * refused with the reason. */
#include "check.h"
#include "model/weights.h"
#include "scratch.h"
#include "train/checkpoint.h"
#include "unit/runtime/kernels/fake_bundle.h"
#include "unit/runtime/model/fake_pairs.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <sys/file.h>

static struct fake fake;
static struct scratch scratch;
static struct pairs pairs;
static struct trainer *trainer;
static char data[] = "/some/where/pairs.npz";
static struct checkpoint_note note;
static const struct weights_note of_test = {.step = 3, .cost = 0.5, .seed = 9007199254740991u};

static void open_all(enum fake_model model)
{
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, model);
    pairs = fake_pairs(fake.bundle.dimension, (int)fake.bundle.precision, 50, 20);
    const struct trainer_options options = {
        .epochs = 4, .batch = 8, .seed = UINT64_C(9007199254740991), .device = device_cpu(1)};
    CU_ASSERT_TRUE_FATAL(trainer_new(&trainer, &fake.bundle, &pairs, &options, &fault));
    for (int i = 0; i < 5; i++)
        CU_ASSERT_TRUE(trainer_step(trainer, &fault));
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    CU_ASSERT_TRUE(trainer_step(trainer, &fault));
    note = (struct checkpoint_note){
        .options = options, .data = data, .data_hash = 0xfedcba9876543210u, .seconds = 0.1};
}

static void close_all(void)
{
    trainer_free(trainer);
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

static const char *in_folder(const char *name)
{
    return scratch_path(&scratch, name);
}

/* Of the flow that trains, with this base flow. */
static struct weights_beside beside(const struct base_flow *base)
{
    return (struct weights_beside){.bundle = &fake.bundle, .base = base};
}

static bool write_to(const char *name, struct fault *fault)
{
    const struct weights_beside alone = beside(NULL);
    return checkpoint_write(in_folder(name), trainer, &alone, &note, fault);
}

static void write_checkpoint(const char *name)
{
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(write_to(name, &fault));
}

static bool open_checkpoint(struct checkpoint *checkpoint, const char *name, struct fault *fault)
{
    return checkpoint_open(checkpoint, &fake.bundle, in_folder(name), 1, fault);
}

static bool read_model(struct weights *read, const char *name, struct fault *fault)
{
    return weights_read(read, &fake.bundle, in_folder(name), 1, fault);
}

/* The fault's text holds every part. */
static void told(const struct fault *fault, int code, const char *a, const char *b)
{
    CU_ASSERT_EQUAL(fault->exit_code, code);
    if (!strstr(fault->text, a) || !strstr(fault->text, b))
        (void)fprintf(stderr, "told: %s\n", fault->text);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault->text, a));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault->text, b));
}

static void nothing_is_lost(void)
{
    for (enum fake_model model = FAKE_SINGLE2; model <= FAKE_DOUBLE3; model++) {
        struct checkpoint checkpoint;
        struct fault fault = {0};
        struct trainer *again;
        open_all(model);
        write_checkpoint("c");
        CU_ASSERT_TRUE_FATAL(open_checkpoint(&checkpoint, "c", &fault));
        CU_ASSERT_STRING_EQUAL(checkpoint.note.data, data);
        CU_ASSERT_EQUAL(checkpoint.note.data_hash, note.data_hash);
        CU_ASSERT_EQUAL(checkpoint.note.seconds, 0.1);
        CU_ASSERT_EQUAL(checkpoint.note.options.seed, UINT64_C(9007199254740991));
        CU_ASSERT_EQUAL(checkpoint.note.options.epochs, 4);
        CU_ASSERT_PTR_NULL(checkpoint.base);
        checkpoint.note.options.device = device_cpu(2);
        CU_ASSERT_TRUE_FATAL(trainer_new(&again, &fake.bundle, &pairs, &checkpoint.note.options, &fault));
        CU_ASSERT_TRUE_FATAL(checkpoint_load(&checkpoint, again, &fault));
        checkpoint_close(&checkpoint);
        size_t bytes = (size_t)(fake.bundle.theta_elements * fake.bundle.precision);
        CU_ASSERT_EQUAL(memcmp(array_host(&again->state.theta), array_host(&trainer->state.theta), bytes), 0);
        CU_ASSERT_EQUAL(memcmp(array_host(&again->state.mean), array_host(&trainer->state.mean), bytes), 0);
        CU_ASSERT_EQUAL(memcmp(array_host(&again->state.square), array_host(&trainer->state.square), bytes),
                        0);
        CU_ASSERT_EQUAL(memcmp(array_host(&again->state.best), array_host(&trainer->state.best), bytes), 0);
        CU_ASSERT_EQUAL(memcmp(&again->state.sums, &trainer->state.sums, sizeof again->state.sums), 0);
        CU_ASSERT_EQUAL(memcmp(&again->state.last, &trainer->state.last, sizeof again->state.last), 0);
        CU_ASSERT_EQUAL(again->state.step, 6);
        CU_ASSERT_EQUAL(again->state.best_cost, trainer->state.best_cost);
        CU_ASSERT_EQUAL(again->state.best_step, 5);
        trainer_free(again);
        close_all();
    }
}

static void infinite_best_cost_is_kept(void)
{
    struct checkpoint checkpoint;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    trainer->state.best_cost = INFINITY;
    write_checkpoint("c");
    CU_ASSERT_TRUE_FATAL(open_checkpoint(&checkpoint, "c", &fault));
    trainer->state.best_cost = 0;
    CU_ASSERT_TRUE(checkpoint_load(&checkpoint, trainer, &fault));
    CU_ASSERT_TRUE(isinf(trainer->state.best_cost));
    checkpoint_close(&checkpoint);
    close_all();
}

static const double weights[] = {0.25, 0.75}, means[] = {1, 2, 3, 4},
                    covariances[] = {1, 0, 0, 1, 2, 0.5, 0.5, 1};

static struct base_flow *make_mixture(void)
{
    const struct tensor tensors[] = {
        tensor_of("base.weights", 8, 1, 2, 0, weights),
        tensor_of("base.means", 8, 2, 2, 2, means),
        {.name = "base.covariances", .dtype = "F64", .rank = 3, .shape = {2, 2, 2}, .data = covariances}};
    struct fault fault = {0};
    struct safetensors *file;
    struct base_flow *base;
    CU_ASSERT_TRUE_FATAL(safetensors_write(in_folder("mixture"), tensors, 3, NULL, 0, &fault));
    CU_ASSERT_TRUE_FATAL(safetensors_read(&file, in_folder("mixture"), &fault));
    CU_ASSERT_TRUE_FATAL(weights_take_base(&base, &fake.bundle, file, "mixture", 1, &fault));
    safetensors_free(file);
    return base;
}

static void the_base_flow_is_saved_too(void)
{
    struct checkpoint checkpoint;
    struct weights read;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    struct base_flow *base = make_mixture();
    const struct weights_beside both = beside(base);
    CU_ASSERT_TRUE_FATAL(checkpoint_write(in_folder("c"), trainer, &both, &note, &fault));
    CU_ASSERT_TRUE_FATAL(open_checkpoint(&checkpoint, "c", &fault));
    CU_ASSERT_PTR_NOT_NULL_FATAL(checkpoint.base);
    CU_ASSERT_EQUAL(base_flow_mixture(checkpoint.base)->components, 2);
    CU_ASSERT_EQUAL(memcmp(base_flow_mixture(checkpoint.base)->covariances, covariances, sizeof covariances),
                    0);
    checkpoint_close(&checkpoint);
    CU_ASSERT_TRUE(weights_write(in_folder("m"), &both, &fake.bundle, array_host(&trainer->state.theta),
                                 &of_test, &fault));
    CU_ASSERT_TRUE_FATAL(read_model(&read, "m", &fault));
    CU_ASSERT_TRUE(read.base != NULL &&
                   memcmp(base_flow_mixture(read.base)->means, means, sizeof means) == 0);
    CU_ASSERT_EQUAL(memcmp(read.theta, array_host(&trainer->state.theta), 24), 0);
    CU_ASSERT_TRUE(read.seed_known && read.seed == of_test.seed);
    weights_free(&read);
    base_flow_free(base);
    close_all();
}

/* ---- a compiled base flow ------------------------------------------------------------------------------ */

static const float stretch[4] = {0.5F, -0.25F, 1, 2}; /* log_scale, bias */

static struct base_flow *make_base(void)
{
    struct base_flow *base;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(base_flow_compiled(&base, fake.bundle.base, stretch, 0, 1, &fault));
    return base;
}

static void a_model_is_the_whole_map(void)
{
    double mean[2] = {1, -2}, scale[2] = {3, 0.5};
    const struct standard standard = {.d = 2, .mean = mean, .scale = scale};
    struct weights read;
    struct checkpoint checkpoint;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    fake_set(&fake, "base.kind", "bnaf");
    struct base_flow *base = make_base();
    const struct weights_beside all = {.bundle = &fake.bundle, .base = base, .standard = &standard};
    CU_ASSERT_TRUE(weights_write(in_folder("m"), &all, &fake.bundle, array_host(&trainer->state.theta),
                                 &of_test, &fault));
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_TRUE_FATAL(i == 0 ? read_model(&read, "m", &fault)
                                    : weights_read_base(&read, &fake.bundle, in_folder("m"), 1, &fault));
        CU_ASSERT_EQUAL(memcmp(base_flow_theta(read.base), stretch, sizeof stretch), 0);
        CU_ASSERT_TRUE(read.standard.d == 2 && read.standard.mean[1] == -2 && read.standard.scale[0] == 3);
        CU_ASSERT_EQUAL(read.theta == NULL, i == 1);
        weights_free(&read);
    }
    CU_ASSERT_TRUE_FATAL(checkpoint_write(in_folder("c"), trainer, &all, &note, &fault));
    CU_ASSERT_TRUE_FATAL(open_checkpoint(&checkpoint, "c", &fault));
    CU_ASSERT_PTR_EQUAL(checkpoint.stage, &stage_kinds[STAGE_FLOW]);
    CU_ASSERT_EQUAL(memcmp(base_flow_theta(checkpoint.base), stretch, sizeof stretch), 0);
    CU_ASSERT_TRUE(checkpoint.standard.d == 2 && checkpoint.standard.scale[1] == 0.5);
    checkpoint_close(&checkpoint);
    base_flow_free(base);
    close_all();
}

static void refused_base(const char *name, const char *a, const char *b)
{
    struct weights read;
    struct fault fault = {0};
    CU_ASSERT_FALSE(weights_read_base(&read, &fake.bundle, in_folder(name), 1, &fault));
    told(&fault, FAULT_INPUT, a, b);
    CU_ASSERT_TRUE(read.theta == NULL && read.base == NULL);
}

/* A base flow from elsewhere: names, shapes and precision must fit, and nothing else is needed. */
static void base_flows_of_other_programs_are_read(void)
{
    static const double wide[2] = {1, 2};
    struct weights read;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    fake_set(&fake, "base.kind", "bnaf");
    struct tensor t[3] = {tensor_of("base.block0.bias", 4, 1, 2, 0, stretch + 2),
                          tensor_of("base.block0.log_scale", 4, 1, 2, 0, stretch),
                          tensor_of("base.block1.bias", 4, 1, 2, 0, stretch)};
    CU_ASSERT_TRUE_FATAL(safetensors_write(in_folder("e"), t, 2, NULL, 0, &fault));
    CU_ASSERT_TRUE_FATAL(weights_read_base(&read, &fake.bundle, in_folder("e"), 1, &fault));
    CU_ASSERT_EQUAL(memcmp(base_flow_theta(read.base), stretch, sizeof stretch), 0);
    CU_ASSERT_EQUAL(read.standard.d, 0);
    weights_free(&read);
    CU_ASSERT_TRUE_FATAL(safetensors_write(in_folder("e"), t, 3, NULL, 0, &fault));
    refused_base("e", "'base.block1.bias'", "does not belong to this base flow");
    CU_ASSERT_TRUE_FATAL(safetensors_write(in_folder("e"), t, 1, NULL, 0, &fault));
    refused_base("e", "no tensor", "base.block0.log_scale");
    t[1] = tensor_of("base.block0.log_scale", 8, 1, 2, 0, wide);
    CU_ASSERT_TRUE_FATAL(safetensors_write(in_folder("e"), t, 2, NULL, 0, &fault));
    CU_ASSERT_TRUE_FATAL(weights_read_base(&read, &fake.bundle, in_folder("e"), 1, &fault));
    CU_ASSERT_EQUAL(((const float *)base_flow_theta(read.base))[0], 1);
    CU_ASSERT_EQUAL(((const float *)base_flow_theta(read.base))[1], 2);
    CU_ASSERT_STRING_EQUAL(read.dtype, "F64");
    weights_free(&read);
    t[1] = tensor_of("base.block0.log_scale", 4, 1, 1, 0, stretch);
    CU_ASSERT_TRUE_FATAL(safetensors_write(in_folder("e"), t, 2, NULL, 0, &fault));
    refused_base("e", "base.block0.log_scale", "shape");
    write_checkpoint("c"); /* without one */
    refused_base("c", "contains no base flow", "'base.block0.log_scale'");
    close_all();
}

static void other_base_flows_are_reported(void)
{
    struct weights read;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    fake_set(&fake, "base.kind", "bnaf");
    struct base_flow *base = make_base();
    const struct weights_beside both = beside(base);
    CU_ASSERT_TRUE(weights_write(in_folder("m"), &both, &fake.bundle, array_host(&trainer->state.theta),
                                 &of_test, &fault));
    fake_set(&fake, "base.blocks", "7");
    fake.base.spec_hash++;
    refused_base("m", "made for another base flow (fake)", "base.blocks is 0 there and 7 here");
    CU_ASSERT_FALSE(read_model(&read, "m", &fault));
    told(&fault, FAULT_INPUT, "another base flow", "base.blocks");
    base_flow_free(base);
    close_all();
}

static void changed_settings_are_listed(void)
{
    struct checkpoint checkpoint;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    write_checkpoint("c");
    CU_ASSERT_TRUE_FATAL(open_checkpoint(&checkpoint, "c", &fault));
    CU_ASSERT_STRING_EQUAL(checkpoint.changed, "");
    checkpoint_close(&checkpoint);
    fake_set(&fake, "train.rate", "0.125");
    fake_set(&fake, "train.epochs", "9");
    fake_set(&fake, "train.checkpoint_steps", "9"); /* when, not what */
    fake_set(&fake, "base.rate", "0.125");          /* another training's */
    CU_ASSERT_TRUE_FATAL(open_checkpoint(&checkpoint, "c", &fault));
    CU_ASSERT_STRING_EQUAL(checkpoint.changed, "train.epochs was auto and is 9 (not heeded), "
                                               "train.rate was 1e-2 and is 0.125");
    checkpoint_close(&checkpoint);
    close_all();
}

static struct trainer *another_trainer(const char *optimizer)
{
    struct trainer *other;
    struct fault fault = {0};
    fake_set(&fake, "train.optimizer", optimizer);
    CU_ASSERT_TRUE_FATAL(trainer_new(&other, &fake.bundle, &pairs, &note.options, &fault));
    return other;
}

/* What an optimizer knows is of no use to another. */
static void other_optimizers_are_reported(void)
{
    static const char *const names[] = {"adam", "soap"};
    for (int i = 0; i < 2; i++) {
        struct checkpoint checkpoint;
        struct fault fault = {0};
        open_all(FAKE_SINGLE2);
        trainer_free(trainer);
        trainer = another_trainer(names[i]);
        CU_ASSERT_TRUE(trainer_step(trainer, &fault));
        write_checkpoint("c");
        CU_ASSERT_TRUE_FATAL(open_checkpoint(&checkpoint, "c", &fault));
        struct trainer *same = another_trainer(names[i]), *other = another_trainer(names[1 - i]);
        CU_ASSERT_TRUE(checkpoint_load(&checkpoint, same, &fault));
        CU_ASSERT_FALSE(checkpoint_load(&checkpoint, other, &fault));
        char change[64];
        (void)snprintf(change, sizeof change, "train.optimizer was %s and is %s", names[i], names[1 - i]);
        told(&fault, FAULT_INPUT, change, "");
        checkpoint_close(&checkpoint);
        trainer_free(same);
        trainer_free(other);
        close_all();
    }
}

/* Whatever the place where a file ends, it is a fault and not a checkpoint. */
static void truncated_files_are_reported(void)
{
    size_t length;
    open_all(FAKE_SINGLE2);
    write_checkpoint("c");
    char *all = scratch_read(in_folder("c"), &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    for (size_t cut = 0; cut < length; cut += cut < 32 ? 1 : 97) {
        struct checkpoint checkpoint;
        struct fault fault = {0};
        CU_ASSERT_TRUE_FATAL(scratch_write(in_folder("cut"), all, cut));
        CU_ASSERT_FALSE(open_checkpoint(&checkpoint, "cut", &fault));
        told(&fault, FAULT_INPUT, "cut", "");
    }
    free(all);
    close_all();
}

static void other_specs_are_reported(void)
{
    struct weights read;
    struct checkpoint checkpoint;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    write_checkpoint("c");
    fake_set(&fake, "flow.field", "cube");
    fake.bundle.spec_hash++;
    CU_ASSERT_FALSE(open_checkpoint(&checkpoint, "c", &fault));
    told(&fault, FAULT_INPUT, "another spec (fake)", "flow.field is gaussian there and cube here");
    CU_ASSERT_FALSE(read_model(&read, "c", &fault));
    told(&fault, FAULT_INPUT, "another spec", "flow.field");
    fake_set(&fake, "flow.field", "gaussian");
    CU_ASSERT_FALSE(read_model(&read, "c", &fault));
    told(&fault, FAULT_INPUT, "another spec", "the specs differ");
    fake.bundle.spec_hash--;
    CU_ASSERT_TRUE(read_model(&read, "c", &fault)); /* a checkpoint is a model too */
    weights_free(&read);
    close_all();
}

/* What a newer gpfc wrote is read if it can be; if not, the reader is told which of the two is old. */
static void files_of_newer_versions_say_so(void)
{
    static const struct {
        const char *there, *here;
        bool newer;
    } rows[] = {{"0.2.0", "0.1.9", true},   {"0.10.0", "0.9.0", true}, {"1.0.0", "0.9.9", true},
                {"0.2.1", "0.2.0", true},   {"0.2.0", "0.2.0", false}, {"0.1.0", "0.2.0", false},
                {"unknown", "0.2.0", false}};
    open_all(FAKE_SINGLE2);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct weights read;
        struct checkpoint checkpoint;
        struct fault fault = {0};
        fake.bundle.version = rows[i].there;
        write_checkpoint("c");
        fake.bundle.version = rows[i].here;
        CU_ASSERT_TRUE(read_model(&read, "c", &fault));
        weights_free(&read);
        fake.bundle.spec_hash++;
        CU_ASSERT_FALSE(read_model(&read, "c", &fault));
        told(&fault, FAULT_INPUT, "another spec", rows[i].newer ? rows[i].there : "");
        CU_ASSERT_EQUAL(strstr(fault.text, "compile the spec with the newer one") != NULL, rows[i].newer);
        CU_ASSERT_FALSE(open_checkpoint(&checkpoint, "c", &fault));
        told(&fault, FAULT_INPUT, "another spec", rows[i].newer ? "and this trainer is of gpfc" : "");
        fake.bundle.spec_hash--;
    }
    close_all();
}

/* A model whose steps were given fits where they are looked for; another field or number does not. */
static void models_of_automatic_steps_fit_any_number(void)
{
    static const struct {
        const char *steps, *field;
        bool fits;
    } rows[] = {{"auto", "gaussian", true}, {"auto", "cube", false}, {"16", "gaussian", false}};
    open_all(FAKE_SINGLE2);
    write_checkpoint("c");
    fake.bundle.spec_hash++;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct weights read;
        struct fault fault = {0};
        fake_set(&fake, "flow.steps", rows[i].steps);
        fake_set(&fake, "flow.field", rows[i].field);
        fake_set(&fake, "flow.most_steps", "9"); /* decides nothing */
        CU_ASSERT_EQUAL(read_model(&read, "c", &fault), rows[i].fits);
        if (rows[i].fits)
            weights_free(&read);
        else
            told(&fault, FAULT_INPUT, "another spec",
                 i == 1 ? "flow.field" : "flow.steps is 15 there and 16");
    }
    close_all();
}

static void models_are_not_checkpoints(void)
{
    struct checkpoint checkpoint;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    const struct weights_beside alone = beside(NULL);
    CU_ASSERT_TRUE(weights_write(in_folder("m"), &alone, &fake.bundle, array_host(&trainer->state.theta),
                                 &of_test, &fault));
    CU_ASSERT_FALSE(open_checkpoint(&checkpoint, "m", &fault));
    told(&fault, FAULT_INPUT, "not a checkpoint of a training", "gpfc.epochs");
    CU_ASSERT_FALSE(open_checkpoint(&checkpoint, "nothing", &fault));
    told(&fault, FAULT_INPUT, "nothing", "No such file");
    close_all();
}

/* Sums of counters are not to overflow. */
static void counters_have_an_end(void)
{
    struct checkpoint checkpoint;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    trainer->state.evaluations = (INT64_C(1) << 53) + 1;
    write_checkpoint("c");
    CU_ASSERT_FALSE(open_checkpoint(&checkpoint, "c", &fault));
    told(&fault, FAULT_INPUT, "'gpfc.evaluations'", "9007199254740993");
    trainer->state.evaluations--;
    write_checkpoint("c");
    CU_ASSERT_TRUE_FATAL(open_checkpoint(&checkpoint, "c", &fault));
    checkpoint_close(&checkpoint);
    close_all();
}

/* ---- files from elsewhere ------------------------------------------------------------------------------ */

static const float elsewhere_weight[4] = {1, 2, 3, 4}, elsewhere_bias[2] = {5, 6};

static void write_elsewhere(const struct tensor *tensors, size_t n)
{
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(safetensors_write(in_folder("e"), tensors, n, NULL, 0, &fault));
}

static void refused(const char *a, const char *b)
{
    struct weights read;
    struct fault fault = {0};
    CU_ASSERT_FALSE(read_model(&read, "e", &fault));
    told(&fault, FAULT_INPUT, a, b);
    CU_ASSERT_TRUE(read.theta == NULL && read.base == NULL);
}

static void plain_files_are_models(void)
{
    struct weights read;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    const struct tensor tensors[] = {
        tensor_of("flow.layer0.bias", 4, 1, 2, 0, elsewhere_bias),
        tensor_of("note", 4, 1, 2, 0, elsewhere_bias), /* none of our business */
        tensor_of("flow.layer0.weight", 4, 2, 2, 2, elsewhere_weight),
    };
    write_elsewhere(tensors, 3);
    CU_ASSERT_TRUE_FATAL(read_model(&read, "e", &fault));
    for (int i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(((float *)read.theta)[i], (float)(i + 1));
    CU_ASSERT_FALSE(read.seed_known);
    weights_free(&read);
    close_all();
}

static void other_precisions_are_converted(void)
{
    static const double doubles[4] = {1, 0.1, 3, 1e300}, fit[4] = {1, 0.1, 3, 4};
    struct weights read;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    struct tensor t[2] = {tensor_of("flow.layer0.weight", 8, 2, 2, 2, doubles),
                          tensor_of("flow.layer0.bias", 4, 1, 2, 0, elsewhere_bias)};
    write_elsewhere(t, 2);
    refused("'flow.layer0.weight'", "inf at element 3");
    t[0].data = fit;
    write_elsewhere(t, 2);
    CU_ASSERT_TRUE_FATAL(read_model(&read, "e", &fault));
    const float *const theta = read.theta;
    CU_ASSERT_TRUE(theta[0] == 1 && theta[1] == 0.1f && theta[2] == 3 && theta[3] == 4);
    CU_ASSERT_STRING_EQUAL(read.dtype, "F64");
    weights_free(&read);
    close_all();
}

static void files_that_do_not_fit_are_reported(void)
{
    static const float bad[4] = {1, 2, NAN, 4};
    open_all(FAKE_SINGLE2);
    struct tensor t[3] = {tensor_of("flow.layer0.weight", 4, 2, 2, 2, elsewhere_weight),
                          tensor_of("flow.layer0.bias", 4, 1, 2, 0, elsewhere_bias),
                          tensor_of("flow.layer1.bias", 4, 1, 2, 0, elsewhere_bias)};
    write_elsewhere(t, 1);
    refused("flow.layer0.bias", "e");
    write_elsewhere(t, 3);
    refused("'flow.layer1.bias'", "does not belong to this flow");
    t[1].name = "net.0.bias";
    write_elsewhere(t, 2);
    refused("no tensor", "flow.layer0.bias");
    t[1] = tensor_of("flow.layer0.bias", 4, 1, 1, 0, elsewhere_bias);
    write_elsewhere(t, 2);
    refused("flow.layer0.bias", "2");
    t[1] = tensor_of("flow.layer0.bias", 4, 1, 2, 0, elsewhere_bias);
    t[0] = tensor_of("flow.layer0.weight", 4, 2, 2, 2, bad);
    write_elsewhere(t, 2);
    refused("'flow.layer0.weight'", "nan at element 2");
    close_all();
}

/* ---- no place ------------------------------------------------------------------------------------------ */

static void no_space_is_reported(void)
{
    struct fault fault = {0};
    if (!scratch_there("/dev/full")) {
        check_skip("there is no /dev/full");
        return;
    }
    open_all(FAKE_SINGLE2);
    CU_ASSERT_EQUAL_FATAL(symlink("/dev/full", in_folder("full")), 0);
    CU_ASSERT_FALSE(write_to("full", &fault));
    told(&fault, FAULT_SYSTEM, "full", "No space left on device");
    close_all();
}

/* jansson's n-th allocation fails. */
static long json_left;

static void *json_memory(size_t bytes)
{
    return json_left-- == 0 ? NULL : malloc(bytes);
}

/* No file is without some of its settings. */
static void no_setting_is_lost_with_memory(void)
{
    size_t all, bytes;
    bool done = false;
    int n = 0;
    open_all(FAKE_SINGLE2);
    write_checkpoint("whole");
    char *const whole = scratch_read(in_folder("whole"), &all);
    for (; !done; n++) {
        struct fault fault = {0};
        json_left = n;
        json_set_alloc_funcs(json_memory, free);
        done = write_to("c", &fault);
        json_set_alloc_funcs(malloc, free);
        char *const text = scratch_read(in_folder("c"), &bytes);
        CU_ASSERT_TRUE(done ? text && bytes == all && memcmp(text, whole, all) == 0
                            : !text && fault.exit_code == FAULT_SYSTEM);
        free(text);
    }
    CU_ASSERT_TRUE(n > 50);
    free(whole);
    close_all();
}

static void a_failed_write_leaves_the_file(void)
{
    struct fault fault = {0};
    size_t before, after;
    open_all(FAKE_SINGLE2);
    write_checkpoint("c");
    char *old = scratch_read(in_folder("c"), &before);
    const int other = open(in_folder(".c.0000000000000000aaaaaaaa.part"), O_WRONLY | O_CREAT, 0600);
    CU_ASSERT_EQUAL_FATAL(flock(other, LOCK_EX), 0); /* of another process's */
    CU_ASSERT_FALSE(write_to("c", &fault));
    told(&fault, FAULT_SYSTEM, "c", "another process is writing it");
    (void)close(other);
    char *now = scratch_read(in_folder("c"), &after);
    CU_ASSERT_TRUE(old != NULL && now != NULL && before == after && memcmp(old, now, before) == 0);
    free(old);
    free(now);
    CU_ASSERT_FALSE(write_to("no/such/folder", &fault));
    told(&fault, FAULT_SYSTEM, "no/such/folder", "No such file or directory");
    close_all();
}

static void data_have_a_hash(void)
{
    open_all(FAKE_SINGLE2);
    uint64_t hash = checkpoint_hash(&pairs);
    CU_ASSERT_EQUAL(hash, checkpoint_hash(&pairs));
    ((float *)pairs.test.y)[39] += 1;
    CU_ASSERT_NOT_EQUAL(hash, checkpoint_hash(&pairs));
    ((float *)pairs.test.y)[39] -= 1;
    pairs.test.n--;
    CU_ASSERT_NOT_EQUAL(hash, checkpoint_hash(&pairs));
    close_all();
}

static bool some_key_starts_with(const char *start)
{
    for (int64_t i = 0; i < fake.bundle.n_settings; i++)
        if (strncmp(fake.bundle.settings[i].key, start, strlen(start)) == 0)
            return true;
    return false;
}

static void the_settings_of_the_search_are_in_the_spec(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    for (int k = 0; k < STAGES; k++)
        for (const char *const *start = stage_kinds[k].steered_by; *start; start++)
            CU_ASSERT_TRUE(some_key_starts_with(*start));
}

int main(void)
{
    static const struct check_case cases[] = {
        {"nothing is lost", nothing_is_lost},
        {"infinite best cost is kept", infinite_best_cost_is_kept},
        {"the base flow is saved too", the_base_flow_is_saved_too},
        {"a model is the whole map", a_model_is_the_whole_map},
        {"base flows of other programs are read", base_flows_of_other_programs_are_read},
        {"other base flows are reported", other_base_flows_are_reported},
        {"changed settings are listed", changed_settings_are_listed},
        {"other optimizers are reported", other_optimizers_are_reported},
        {"truncated files are reported", truncated_files_are_reported},
        {"other specs are reported", other_specs_are_reported},
        {"files of newer versions say so", files_of_newer_versions_say_so},
        {"models of automatic steps fit any number", models_of_automatic_steps_fit_any_number},
        {"models are not checkpoints", models_are_not_checkpoints},
        {"plain files are models", plain_files_are_models},
        {"other precisions are converted", other_precisions_are_converted},
        {"files that do not fit are reported", files_that_do_not_fit_are_reported},
        {"no space is reported", no_space_is_reported},
        {"counters have an end", counters_have_an_end},
        {"no setting is lost with memory", no_setting_is_lost_with_memory},
        {"a failed write leaves the file", a_failed_write_leaves_the_file},
        {"data have a hash", data_have_a_hash},
        {"the settings of the search are in the spec", the_settings_of_the_search_are_in_the_spec},
    };
    return check_main("checkpoint", cases, CHECK_COUNT(cases));
}
