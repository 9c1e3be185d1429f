/* SPDX-License-Identifier: MIT
 *
 * The data of a training: a file given for it, or what the spec names. */
#ifndef GPFC_SPEC_DATA_H
#define GPFC_SPEC_DATA_H

#include "data/samples.h"
#include "gpfc/kernel_abi.h"
#include "model/column_choice.h"

/* standard: of a model or checkpoint, to be used (d = 0: none); NULL: as the spec says. look: makes
 * out->look. */
bool spec_data_load(struct samples *out, const struct gpfc_bundle *bundle, const struct data_options *given,
                    const struct standard *standard, uint64_t seed, bool look,
                    struct fault *fault) MUST_CHECK;

/* What the rows of given->file are like, as spec_data_load would take them; *out is the caller's. */
bool spec_data_look(struct look **out, const struct gpfc_bundle *bundle, const struct data_options *given,
                    struct fault *fault) MUST_CHECK;

/* The file that is read, `data` or the spec's; NULL: a generator's data, or none. */
const char *spec_data_file(const struct gpfc_bundle *bundle, const char *data);

/* Where that is looked for, if it is relative: the spec's folder; NULL: in the working directory. */
const char *spec_data_folder(const struct gpfc_bundle *bundle, const char *data);

/* That file by absolute paths, so that a resumed training finds it from anywhere, and goes on with it should
 * another spec be compiled under that name; "" without a file. The caller's to free; NULL: a fault. */
char *spec_data_lasting(const struct gpfc_bundle *bundle, const char *data, struct fault *fault) MUST_CHECK;

/* The same of the weights, which may be no file but a name: `weights`, or the spec's. */
char *spec_data_lasting_weights(const struct gpfc_bundle *bundle, const char *weights,
                                struct fault *fault) MUST_CHECK;

/* "pairs.npz", "generator moons"; gives room. */
const char *spec_data_name(const struct gpfc_bundle *bundle, const char *data, char *room, size_t bytes);

#endif
