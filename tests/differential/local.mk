# SPDX-License-Identifier: MIT
#
# Random specs against docs/mathematics.md in numpy. `make check` compares a few, `make differential` 200, or
# as many as RUNS=N says, from another seed with SEED=N.
check_scripts += tests/differential/differential.py
EXTRA_DIST += tests/differential/duals.py tests/differential/kernels.py tests/differential/mathematics.py \
	tests/differential/specs.py tests/differential/trainers.py

RUNS = 200
SEED = 1
differential: all
	@$(AM_TESTS_ENVIRONMENT) GPFC_SANITIZE_FLAGS= \
	$(PYTHON3) $(srcdir)/tests/differential/differential.py --runs $(RUNS) --seed $(SEED)
.PHONY: differential
