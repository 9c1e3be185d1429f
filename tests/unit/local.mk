# SPDX-License-Identifier: MIT
#
# One test program:
#   check_PROGRAMS += tests/unit/test_part
#   tests_unit_test_part_SOURCES = tests/unit/test_part.c

check_PROGRAMS += tests/unit/test_llvm_compat
tests_unit_test_llvm_compat_SOURCES = tests/unit/test_llvm_compat.c
