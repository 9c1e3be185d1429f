/* SPDX-License-Identifier: MIT
 *
 * Any bytes as the checkpoint in the folder of a training, which goes on for a step and is saved. What is
 * refused is refused with a sentence, and leaves the folder as it is; what goes on leaves a checkpoint. */
#include "fuzz/fuzz.h"
#include "fuzz/fuzz_bundle.h"
#include "fuzz/memory_file.h"
#include "fuzz/mutate.h"
#include "gpfc/runtime.h"
#include "scratch.h"

static int64_t resumed;

bool fuzz_reached(void)
{
    return resumed > 0;
}

static const struct gpfc_bundle *bundle(void)
{
    static const struct gpfc_bundle *compiled;
    if (!compiled)
        compiled = fuzz_bundle("tests/fuzz/models/mixture.yaml");
    return compiled;
}

static int stop(void *user)
{
    (void)user;
    return 1;
}

static void check_refused(const char *path, const uint8_t *data, size_t size)
{
    size_t length;
    char *const text = scratch_read(path, &length);
    demand(text && length == size && memcmp(text, data, size) == 0);
    free(text);
}

static void resume(const uint8_t *data, size_t size)
{
    char folder[600], path[700], message[GPFC_FINDING_TEXT] = "";
    const char *const made = fuzz_path("run");
    if (!made)
        return;
    (void)snprintf(folder, sizeof folder, "%s", made);
    (void)snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
    const struct gpfc_train_options options = {.folder = folder, .threads = 1, .anyway = 1, .stop = stop};
    struct gpfc_trained *trained = NULL;
    demand(mkdir(folder, 0777) == 0 && scratch_write(path, data, size));
    const int code = gpfc_resume(bundle(), &options, &trained, message, sizeof message);
    if (code == GPFC_DONE || code == GPFC_STOPPED) {
        demand(trained && scratch_there(trained->checkpoint));
        resumed++;
    } else {
        demand(!trained && message[0]);
        check_refused(path, data, size);
    }
    gpfc_trained_free(trained);
    scratch_remove_tree(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_sealed(data, size, seal_safetensors, resume);
}
