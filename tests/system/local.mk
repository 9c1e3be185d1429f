# SPDX-License-Identifier: MIT
#
# The compiler and a real trainer from the user's side: wrong files, full devices, signals.
check_scripts += tests/system/automatic_steps.sh tests/system/compiler.sh tests/system/dimension_one.sh \
	tests/system/interrupted.sh tests/system/interrupted_base.sh tests/system/mixed_precision.sh \
	tests/system/rows.sh tests/system/sampling.sh tests/system/trainer.sh tests/system/trainer_base.sh \
	tests/system/tuning.sh
EXTRA_DIST += tests/system/bad_files.py tests/system/common.sh tests/system/interruption.sh \
	tests/system/library.c

# The scripts for flows that were trained elsewhere
check_scripts += tests/system/base_from_torch.py tests/system/pairs_from_flow.py

# Data of every kind that people bring
check_scripts += tests/system/people_bring.py

# What the Python examples say of wrong input
check_scripts += tests/system/example_messages.py

# The recipe of CONTRIBUTING.md, followed
check_scripts += tests/system/recipe.sh
EXTRA_DIST += tests/system/recipe.patch

check_PROGRAMS += tests/system/test_threads
tests_system_test_threads_SOURCES = tests/system/test_threads.c tests/scratch.h

# What `make install` installs, used by a program from elsewhere
check_scripts += tests/system/completion.sh tests/system/installed.sh
