# SPDX-License-Identifier: MIT
dist_man_MANS += docs/gpfc.1
dist_doc_DATA = README.md CHANGELOG.md docs/architecture.md docs/benchmarks.md docs/experiments.md \
	docs/gpu.md docs/ir.md \
	docs/library.md docs/mathematics.md docs/spec.md docs/testing.md docs/trainer.md docs/tuning.md
EXTRA_DIST += docs/pictures/eight_gaussians.svg docs/pictures/sweep.svg
