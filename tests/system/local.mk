# SPDX-License-Identifier: MIT
#
# The compiler and a real trainer in the hands of people: wrong files, full devices, signals.
check_scripts += tests/system/compiler.sh tests/system/interrupted.sh tests/system/trainer.sh
EXTRA_DIST += tests/system/bad_files.py tests/system/common.sh tests/system/library.c
