# SPDX-License-Identifier: MIT
dist_man_MANS += docs/gpfc.1
dist_doc_DATA = README.md CHANGELOG.md docs/architecture.md docs/benchmarks.md docs/ir.md docs/mathematics.md docs/tuning.md
EXTRA_DIST += docs/pictures/sweep.svg
