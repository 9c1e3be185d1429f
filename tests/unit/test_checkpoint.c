/* SPDX-License-Identifier: MIT
 *
 * Models and checkpoints on disk: nothing is lost, nothing half-written, and a file that does not fit is told
 * why. */
#include "check.h"
#include "checkpoint.h"
#include "fake_bundle.h"
#include "fake_pairs.h"
#include "scratch.h"
#include "weights.h"

#include <math.h>

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
        .epochs = 4, .batch = 8, .seed = UINT64_C(9007199254740991), .threads = 1};
    CU_ASSERT_TRUE_FATAL(trainer_new(&trainer, &fake.bundle, &pairs, &options, &fault));
    for (int i = 0; i < 5; i++)
        CU_ASSERT_TRUE(trainer_step(trainer, &fault));
    trainer_measure(trainer);
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

static void write_checkpoint(const char *name, const struct mixture *base)
{
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(checkpoint_write(in_folder(name), trainer, base, &note, &fault));
}

/* The fault's text holds every part. */
static void told(const struct fault *fault, int code, const char *a, const char *b)
{
    CU_ASSERT_EQUAL(fault->exit_code, code);
    if (strstr(fault->text, a) == NULL || strstr(fault->text, b) == NULL)
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
        write_checkpoint("c", NULL);
        CU_ASSERT_TRUE_FATAL(checkpoint_open(&checkpoint, &fake.bundle, in_folder("c"), &fault));
        CU_ASSERT_STRING_EQUAL(checkpoint.note.data, data);
        CU_ASSERT_EQUAL(checkpoint.note.data_hash, note.data_hash);
        CU_ASSERT_EQUAL(checkpoint.note.seconds, 0.1);
        CU_ASSERT_EQUAL(checkpoint.note.options.seed, UINT64_C(9007199254740991));
        CU_ASSERT_EQUAL(checkpoint.note.options.epochs, 4);
        CU_ASSERT_PTR_NULL(checkpoint.base);
        checkpoint.note.options.threads = 2;
        CU_ASSERT_TRUE_FATAL(trainer_new(&again, &fake.bundle, &pairs, &checkpoint.note.options, &fault));
        CU_ASSERT_TRUE_FATAL(checkpoint_load(&checkpoint, again, &fault));
        checkpoint_close(&checkpoint);
        size_t bytes = (size_t)(fake.bundle.theta_elements * fake.bundle.precision);
        CU_ASSERT_EQUAL(memcmp(again->state.theta, trainer->state.theta, bytes), 0);
        CU_ASSERT_EQUAL(memcmp(again->state.mean, trainer->state.mean, bytes), 0);
        CU_ASSERT_EQUAL(memcmp(again->state.square, trainer->state.square, bytes), 0);
        CU_ASSERT_EQUAL(memcmp(again->state.best, trainer->state.best, bytes), 0);
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
    write_checkpoint("c", NULL);
    CU_ASSERT_TRUE_FATAL(checkpoint_open(&checkpoint, &fake.bundle, in_folder("c"), &fault));
    trainer->state.best_cost = 0;
    CU_ASSERT_TRUE(checkpoint_load(&checkpoint, trainer, &fault));
    CU_ASSERT_TRUE(isinf(trainer->state.best_cost));
    checkpoint_close(&checkpoint);
    close_all();
}

static void base_flow_travels_along(void)
{
    double weights[] = {0.25, 0.75}, means[] = {1, 2, 3, 4}, covariances[] = {1, 0, 0, 1, 2, 0.5, 0.5, 1};
    double factors[] = {1, 0, 0, 1, 1.4142135623730951, 0, 0.3535533905932738, 0.9354143466934853};
    const struct mixture base = {.d = 2,
                                 .components = 2,
                                 .weights = weights,
                                 .means = means,
                                 .covariances = covariances,
                                 .factors = factors};
    struct checkpoint checkpoint;
    struct weights read;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    write_checkpoint("c", &base);
    CU_ASSERT_TRUE_FATAL(checkpoint_open(&checkpoint, &fake.bundle, in_folder("c"), &fault));
    CU_ASSERT_PTR_NOT_NULL_FATAL(checkpoint.base);
    CU_ASSERT_EQUAL(checkpoint.base->components, 2);
    CU_ASSERT_EQUAL(memcmp(checkpoint.base->covariances, covariances, sizeof covariances), 0);
    checkpoint_close(&checkpoint);
    CU_ASSERT_TRUE(
        weights_write(in_folder("m"), &fake.bundle, trainer->state.theta, &base, &of_test, &fault));
    CU_ASSERT_TRUE_FATAL(weights_read(&read, &fake.bundle, in_folder("m"), &fault));
    CU_ASSERT_TRUE(read.base != NULL && memcmp(read.base->means, means, sizeof means) == 0);
    CU_ASSERT_EQUAL(memcmp(read.theta, trainer->state.theta, 24), 0);
    CU_ASSERT_TRUE(read.seed_known && read.seed == of_test.seed);
    weights_free(&read);
    close_all();
}

/* Whatever the place where a file ends, it is a fault and not a checkpoint. */
static void truncated_files_are_told(void)
{
    size_t length;
    open_all(FAKE_SINGLE2);
    write_checkpoint("c", NULL);
    char *all = scratch_read(in_folder("c"), &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    for (size_t cut = 0; cut < length; cut += cut < 32 ? 1 : 97) {
        struct checkpoint checkpoint;
        struct fault fault = {0};
        CU_ASSERT_TRUE_FATAL(scratch_write(in_folder("cut"), all, cut));
        CU_ASSERT_FALSE(checkpoint_open(&checkpoint, &fake.bundle, in_folder("cut"), &fault));
        told(&fault, FAULT_INPUT, "cut", "");
    }
    free(all);
    close_all();
}

static void other_specs_are_told(void)
{
    struct weights read;
    struct checkpoint checkpoint;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    write_checkpoint("c", NULL);
    fake_set(&fake, "flow.field", "cube");
    fake.bundle.spec_hash++;
    CU_ASSERT_FALSE(checkpoint_open(&checkpoint, &fake.bundle, in_folder("c"), &fault));
    told(&fault, FAULT_INPUT, "another spec (fake)", "flow.field is gaussian there and cube here");
    CU_ASSERT_FALSE(weights_read(&read, &fake.bundle, in_folder("c"), &fault));
    told(&fault, FAULT_INPUT, "another spec", "flow.field");
    fake_set(&fake, "flow.field", "gaussian");
    CU_ASSERT_FALSE(weights_read(&read, &fake.bundle, in_folder("c"), &fault));
    told(&fault, FAULT_INPUT, "another spec", "the specs differ");
    fake.bundle.spec_hash--;
    CU_ASSERT_TRUE(
        weights_read(&read, &fake.bundle, in_folder("c"), &fault)); /* a checkpoint is a model too */
    weights_free(&read);
    close_all();
}

static void models_are_no_checkpoints(void)
{
    struct checkpoint checkpoint;
    struct fault fault = {0};
    open_all(FAKE_SINGLE2);
    CU_ASSERT_TRUE(weights_write(in_folder("m"), &fake.bundle, trainer->state.theta, NULL, &of_test, &fault));
    CU_ASSERT_FALSE(checkpoint_open(&checkpoint, &fake.bundle, in_folder("m"), &fault));
    told(&fault, FAULT_INPUT, "no checkpoint of a training", "gpfc.epochs");
    CU_ASSERT_FALSE(checkpoint_open(&checkpoint, &fake.bundle, in_folder("nothing"), &fault));
    told(&fault, FAULT_INPUT, "nothing", "No such file");
    close_all();
}

/* ---- files from elsewhere ----------------------------------------------------------------------------- */

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
    CU_ASSERT_FALSE(weights_read(&read, &fake.bundle, in_folder("e"), &fault));
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
    CU_ASSERT_TRUE_FATAL(weights_read(&read, &fake.bundle, in_folder("e"), &fault));
    for (int i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(((float *)read.theta)[i], (float)(i + 1));
    CU_ASSERT_FALSE(read.seed_known);
    weights_free(&read);
    close_all();
}

static void files_that_do_not_fit_are_told(void)
{
    static const double doubles[4] = {1, 2, 3, 4};
    static const float bad[4] = {1, 2, NAN, 4};
    open_all(FAKE_SINGLE2);
    struct tensor t[3] = {tensor_of("flow.layer0.weight", 4, 2, 2, 2, elsewhere_weight),
                          tensor_of("flow.layer0.bias", 4, 1, 2, 0, elsewhere_bias),
                          tensor_of("flow.layer1.bias", 4, 1, 2, 0, elsewhere_bias)};
    write_elsewhere(t, 1);
    refused("flow.layer0.bias", "e");
    write_elsewhere(t, 3);
    refused("'flow.layer1.bias'", "none of this flow's");
    t[1].name = "net.0.bias";
    write_elsewhere(t, 2);
    refused("no tensor", "flow.layer0.bias");
    t[1] = tensor_of("flow.layer0.bias", 4, 1, 1, 0, elsewhere_bias);
    write_elsewhere(t, 2);
    refused("flow.layer0.bias", "2");
    t[1] = tensor_of("flow.layer0.bias", 4, 1, 2, 0, elsewhere_bias);
    t[0] = tensor_of("flow.layer0.weight", 8, 2, 2, 2, doubles);
    write_elsewhere(t, 2);
    refused("flow.layer0.weight", "F64");
    refused("flow.layer0.weight", "F32");
    t[0] = tensor_of("flow.layer0.weight", 4, 2, 2, 2, bad);
    write_elsewhere(t, 2);
    refused("'flow.layer0.weight'", "nan at element 2");
    close_all();
}

/* ---- no place ----------------------------------------------------------------------------------------- */

static void no_space_is_told(void)
{
    struct fault fault = {0};
    if (!scratch_there("/dev/full"))
        return;
    open_all(FAKE_SINGLE2);
    CU_ASSERT_EQUAL_FATAL(symlink("/dev/full", in_folder("full")), 0);
    CU_ASSERT_FALSE(checkpoint_write(in_folder("full"), trainer, NULL, &note, &fault));
    told(&fault, FAULT_SYSTEM, "full", "No space left on device");
    close_all();
}

static void a_failed_write_leaves_the_file(void)
{
    struct fault fault = {0};
    size_t before, after;
    open_all(FAKE_SINGLE2);
    write_checkpoint("c", NULL);
    char *old = scratch_read(in_folder("c"), &before);
    CU_ASSERT_EQUAL_FATAL(mkdir(in_folder("c.part"), 0777), 0); /* where the new file would be written */
    CU_ASSERT_FALSE(checkpoint_write(in_folder("c"), trainer, NULL, &note, &fault));
    told(&fault, FAULT_SYSTEM, "c", "");
    char *now = scratch_read(in_folder("c"), &after);
    CU_ASSERT_TRUE(old != NULL && now != NULL && before == after && memcmp(old, now, before) == 0);
    free(old);
    free(now);
    CU_ASSERT_FALSE(checkpoint_write(in_folder("no/such/folder"), trainer, NULL, &note, &fault));
    told(&fault, FAULT_SYSTEM, "no/such/folder", "No such file or directory");
    close_all();
}

static void data_have_a_hash(void)
{
    open_all(FAKE_SINGLE2);
    uint64_t hash = checkpoint_hash(&pairs);
    CU_ASSERT_EQUAL(hash, checkpoint_hash(&pairs));
    ((float *)pairs.y_test)[39] += 1;
    CU_ASSERT_NOT_EQUAL(hash, checkpoint_hash(&pairs));
    ((float *)pairs.y_test)[39] -= 1;
    pairs.n_test--;
    CU_ASSERT_NOT_EQUAL(hash, checkpoint_hash(&pairs));
    close_all();
}

int main(void)
{
    static const struct check_case cases[] = {
        {"nothing is lost", nothing_is_lost},
        {"infinite best cost is kept", infinite_best_cost_is_kept},
        {"base flow travels along", base_flow_travels_along},
        {"truncated files are told", truncated_files_are_told},
        {"other specs are told", other_specs_are_told},
        {"models are no checkpoints", models_are_no_checkpoints},
        {"plain files are models", plain_files_are_models},
        {"files that do not fit are told", files_that_do_not_fit_are_told},
        {"no space is told", no_space_is_told},
        {"a failed write leaves the file", a_failed_write_leaves_the_file},
        {"data have a hash", data_have_a_hash},
    };
    return check_main("checkpoint", cases, CHECK_COUNT(cases));
}
