/* SPDX-License-Identifier: MIT
 *
 * A copy of a model or checkpoint that may be published: without the text of the spec, whose comments were
 * written for few, and without paths of this machine. What decides what the file means stays: settings,
 * hashes and versions. Of what other programs wrote into it nothing is left out. */
#ifndef GPFC_STRIP_H
#define GPFC_STRIP_H

#include "ground/fault.h"

bool strip_file(const char *path, const char *out, struct fault *fault) MUST_CHECK;

#endif
